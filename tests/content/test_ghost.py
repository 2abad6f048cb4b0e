"""Ghost as a source, over real connections to a server that answers as Ghost does."""

from __future__ import annotations

import logging
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from content.article import Access, Article
from content.gallery import Gallery
from content.sources import Found
from content.sources.ghost import Ghost
from newsroom.contradictions import contradictions
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.settings_file import SourceTable
from tests import samples
from tests.content.ghost_site import ADMIN_KEY, CONTENT_KEY, NEWS, Site, Told, oid, refused, tag, told
from tests.content.source_desk import SourceDesk

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HTML = {"Content-Type": "text/html"}
GATED = '<!--kg-gated-block:begin nonMember:{} memberSegment:"{}" --><p>{}</p><!--kg-gated-block:end-->'


def ref(number: int) -> str:
    return f"posts/{oid(number)}"


class Desk(SourceDesk):
    """A Ghost and its source."""

    def __init__(self, site: Site, root: Path) -> None:
        self.site = site
        super().__init__("ghost", Ghost, root, NOW, url=site.url, secret=CONTENT_KEY)

    def sign_in(self) -> None:
        self.settings["admin_secret"] = ADMIN_KEY

    def look(self, *, full: bool = False) -> list[str]:
        self.site.asked, self.site.given = [], []
        return super().look(full=full)

    def one(self, **post: Any) -> Article:
        """The only article, made of these."""
        self.site.put(5, **post)
        self.notes = {}
        self.look()
        return self.articles[ref(5)]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as value:
        yield value


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Desk:
    return Desk(site, tmp_path)


@pytest.fixture(params=["stranger", "editor"])
def either(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    if request.param == "editor":
        desk.sign_in()
    return desk


# What an article is made of


@pytest.mark.parametrize(
    "title",
    [
        "A & B <em>x</em> “q” – it’s <tag> 5 < 6 😀 𝒜",
        "R&amp;D and &#8217; stay as they were typed",
        "日本の夜明け",
        "نهر قديم",
        "<script>alert(1)</script>",
    ],
)
def test_titles_are_plain_text_right_to_the_letter(either: Desk, title: str) -> None:
    article = either.one(
        title=title, custom_excerpt=title, authors=[{"name": title}], feature_image_alt=title
    )
    assert (article.headline, article.teaser, article.authors) == (title, title, (title,))


def test_an_article_has_its_date_slug_and_address(either: Desk) -> None:
    article = either.one(published_at="2026-02-01T00:00:00.000-05:00", slug="a-slug")
    assert article.published == article.updated == datetime(2026, 2, 1, 5, tzinfo=UTC)
    assert (article.slug, article.url) == ("a-slug", "https://quay.example/story-5/")
    assert article.id == f"tag:quay.example,2026:site/{ref(5)}"


def test_a_canonical_address_counts_where_it_is_the_newsrooms_own(desk: Desk) -> None:
    own = "https://www.quay.example/2026/a-story"
    assert desk.one(canonical_url=own).url == own
    for other in ("https://agency.example/a-story", "https://[", "/a-story", ""):
        assert desk.one(canonical_url=other).url == "https://quay.example/story-5/"


def test_the_excerpt_that_ghost_cuts_from_the_text_is_no_teaser(either: Desk) -> None:
    assert either.one(excerpt="Cut from the text", custom_excerpt=None, visibility="paid").teaser == ""
    assert either.one(custom_excerpt="By\nhand", visibility="paid").teaser == "By hand"
    assert all("excerpt" not in one["fields"].split(",") for one in either.site.asked)


@pytest.mark.parametrize(
    ("visibility", "access", "products"),
    [
        ("public", Access.FREE, set()),
        ("members", Access.REGISTERED, set()),
        ("paid", Access.PAID, set()),
        ("tiers", Access.PAID, {"gold", "silver"}),
    ],
)
def test_visibility_is_access_and_tiers_are_products(
    either: Desk, visibility: str, access: Access, products: set[str]
) -> None:
    # Ghost names tiers for every post, whoever it is for.
    article = either.one(visibility=visibility, tiers=[{"slug": "silver"}, {"slug": "gold"}])
    assert (article.access, article.products) == (access, products)


@pytest.mark.parametrize(
    "post",
    [{"visibility": "tiers", "tiers": []}, {"visibility": "tiers", "tiers": None}, {"visibility": "x"}],
)
def test_what_is_for_nobody_that_is_known_has_no_text(desk: Desk, post: dict[str, Any]) -> None:
    desk.sign_in()
    article = desk.one(html="<p>Open.</p><!--members-only--><p>Closed.</p>", **post)
    assert (article.access, article.body.html, article.opening) == (
        Access.PAID,
        "<p>Open.</p>",
        "<p>Open.</p>",
    )
    assert desk.one(html="<p>Closed.</p>", **post).body.html == ""


@pytest.mark.parametrize(
    ("rules", "post", "access"),
    [
        ({"paid": ("tag:plus",)}, {"tags": [NEWS, tag("plus")]}, Access.PAID),
        ({"paid": ("tag:plus",)}, {"tags": [NEWS, tag("hash-plus")]}, Access.PAID),
        ({"paid": ("visibility:members",)}, {"visibility": "members"}, Access.PAID),
        ({"free": ("visibility:members",)}, {"visibility": "members"}, Access.FREE),
        (
            {"registered": ("tier:basic",)},
            {"visibility": "tiers", "tiers": [{"slug": "basic"}]},
            Access.REGISTERED,
        ),
        ({"registered": ("tier:basic",)}, {"visibility": "paid", "tiers": [{"slug": "basic"}]}, Access.PAID),
        ({"paid": ("more",)}, {"html": "<p>A.</p><!--members-only--><p>B.</p>"}, Access.PAID),
        ({"paid": ("category:politics",)}, {}, Access.PAID),
    ],
)
def test_rules_of_access(desk: Desk, rules: dict[str, Any], post: dict[str, Any], access: Access) -> None:
    desk.settings |= rules
    assert desk.one(**post).access is access


def test_the_paywall_card_is_the_wall(either: Desk) -> None:
    text = "<p>Open.</p><!--members-only--><p>Closed.</p>"
    is_editor = "admin_secret" in either.settings
    for visibility in ("members", "paid", "tiers"):
        article = either.one(html=text, visibility=visibility, tiers=[{"slug": "gold"}])
        assert article.opening == "<p>Open.</p>"
        assert article.body.html == ("<p>Open.</p><p>Closed.</p>" if is_editor else "<p>Open.</p>")
    article = either.one(html=text, visibility="public")
    assert (article.access, article.body.html) == (Access.FREE, "<p>Open.</p><p>Closed.</p>")
    # Without one all is behind it.
    article = either.one(html="<p>Closed.</p>", visibility="paid")
    assert (article.opening, article.body.html) == ("", "<p>Closed.</p>" if is_editor else "")
    assert either.one(html="<p> </p><!--members-only--><p>C.</p>", visibility="paid").opening == ""
    assert either.one(html=None).body.html == ""


@pytest.mark.parametrize(
    ("visibility", "kept"),
    [("public", {"anybody", "free"}), ("members", {"free", "members"}), ("paid", {"paid", "members"})],
)
def test_blocks_for_some_alone_are_not_for_the_others(desk: Desk, visibility: str, kept: set[str]) -> None:
    """The Admin API gives all of them: in a free post they would be there for everybody."""
    desk.sign_in()
    blocks = {
        "anybody": GATED.format("true", "", "anybody"),
        "free": GATED.format("true", "status:free", "free"),
        "members": GATED.format("false", "status:free,status:-free", "members"),
        "paid": GATED.format("false", "status:-free", "paid"),
        "nobody": GATED.format("false", "", "nobody"),
    }
    html = f"<p>Before.</p>{''.join(blocks.values())}<p>After.</p>"
    body = desk.one(html=html, visibility=visibility).body.html
    assert {name for name in blocks if f"<p>{name}</p>" in body} == kept
    assert "Before." in body and "After." in body
    article = desk.one(html=f"{html}<!--members-only--><p>End.</p>", visibility="paid")
    assert {name for name in blocks if f"<p>{name}</p>" in article.opening} == {"anybody", "free"}
    # One that has no end hides the rest.
    endless = blocks["paid"].partition("<!--kg-gated-block:end")[0]
    article = desk.one(html=f"<p>A.</p>{endless}", visibility="public")
    assert article.body.html == "<p>A.</p>"


def test_cards_read_well_without_ghosts_own_scripts(desk: Desk) -> None:
    html = (
        '<p>Start.</p><figure class="kg-card kg-bookmark-card"><a class="kg-bookmark-container" href="https://'
        'e.example/x"><div class="kg-bookmark-title">Title</div><img class="kg-bookmark-icon" src="https://'
        'e.example/i.png"><span class="kg-bookmark-author">Quay</span><span class="kg-bookmark-publisher">Ana'
        '</span></a></figure><div class="kg-card kg-audio-card"><div class="kg-audio-title">Listen</div>'
        '<div class="kg-audio-player"><span>0:00</span></div></div><div class="kg-card kg-signup-card">Email '
        'sent!</div><div class="kg-video-player-container">0:15</div><p>5 &lt; 6 😀</p>'
    )
    body = desk.one(html=html).body.html
    assert "Quay · Ana</a>" in body and "Listen" in body and "<p>5 &lt; 6 😀</p>" in body
    assert not any(words in body for words in ("0:00", "0:15", "Email sent", "i.png"))


@pytest.mark.parametrize(
    "start", ['<div class="kg-audio-player">', "<div>", '<b class="kg-bookmark-publisher">']
)
def test_an_enormous_tangle_of_cards_is_no_hard_work(desk: Desk, start: str) -> None:
    began = time.process_time()
    desk.one(html='<i class="kg-audio-title">x</i>' + start * 40_000)
    assert time.process_time() - began < 5


def test_sections_are_the_public_tags_in_their_order(desk: Desk) -> None:
    tags = [tag("culture"), tag("hash-briefs"), NEWS, tag("other")]
    assert desk.one(tags=tags).sections == ("culture", "politics")
    desk.settings["sections"] = {"hash-briefs": "briefs", "other": "politics", "tag:culture": "briefs"}
    assert desk.one(tags=[tag("other"), tag("hash-briefs")]).sections == ("politics", "briefs")
    assert desk.one(tags=[tag("other"), tag("hash-x")]).tags == ("other", "x")


def test_internal_tags_are_flags_and_featured_is_none(desk: Desk) -> None:
    names = ("digest-lead", "digest-no", "digest-again", "sensitive")
    article = desk.one(tags=[NEWS, *(tag(f"hash-{name}") for name in names)])
    assert (article.pinned, article.no_digest, article.again, article.sensitive) == (True, True, True, True)
    article = desk.one(tags=[NEWS], featured=True)
    assert (article.pinned, article.no_digest, article.tags) == (False, False, ("politics",))


def test_tags_name_the_authors_and_the_label(desk: Desk) -> None:
    named = [tag("hash-by-2-bo", "#By 2: Bo"), tag("by-ana", "By: Ana"), tag("hash-label-x", "#Label: X")]
    article = desk.one(tags=[NEWS, *named])
    assert (article.authors, article.label) == (("Ana", "Bo"), "X")
    article = desk.one(tags=[NEWS, tag("by-night", "By night"), tag("labels", "Labels")])
    assert (article.authors, article.label) == (("Ana Pérez",), "")
    assert desk.one(tags=[NEWS, tag("hash-no-byline")]).authors == ()


@pytest.mark.parametrize(
    ("slug", "name", "sponsor"),
    [
        ("sponsor-acme", "Sponsor: Acme & Sons", "Acme & Sons"),
        ("hash-sponsor-acme", "#Sponsor Acme", "Acme"),
        ("hash-sponsor-acme", "#sponsor-acme", "acme"),
        ("sponsor-acme", "Acme", "Acme"),
        ("sponsor-acme", "", "acme"),
    ],
)
def test_a_sponsor_is_named_by_a_tag(desk: Desk, slug: str, name: str, sponsor: str) -> None:
    named = {**tag(slug), "name": name}
    for tags in ([tag("partners"), named], [NEWS, named], [named]):
        article = desk.one(tags=tags)
        assert article.sections == ("partners",)
        assert article.booking is not None and article.booking.sponsor == sponsor


@pytest.mark.parametrize(
    ("html", "caption", "credit"),
    [
        ("Caption <em>by</em> <a href='/x'>Ana</a> &amp; co", "Caption by Ana & co", ""),
        ("The quay at night (Photo: Bo/Quay)", "The quay at night", "Bo/Quay"),
        ("The quay (at night)", "The quay (at night)", ""),
        (
            '<span>Photo by </span><a href="/">Bo Berg</a><span> / </span><a href="/">Unsplash</a>',
            "",
            "Bo Berg / Unsplash",
        ),
        ("Photo by the sea, where Ana lives", "Photo by the sea, where Ana lives", ""),
        (None, "", ""),
    ],
)
def test_the_feature_picture_with_all_that_is_said_of_it(
    desk: Desk, html: str | None, caption: str, credit: str
) -> None:
    desk.site.meddle = pictured
    image = desk.one(
        feature_image=f"{desk.site.url}/pic.png",
        feature_image_alt="Boats < at 6",
        feature_image_caption=html,
        published_at="2026-03-09T00:00:00Z",
    ).image
    assert image is not None
    assert (image.alt, image.caption, image.credit) == ("Boats < at 6", caption, credit)


def pictured(path: str, _wish: Mapping[str, str]) -> Told | None:
    if not path.endswith(".png"):
        return None
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (160, 100), "navy").save(out, "PNG")
    return 200, {"Content-Type": "image/png"}, out.getvalue()


def test_one_that_cannot_be_used_is_named_and_asked_for_until_it_can(either: Desk) -> None:
    for number in range(150):
        either.site.put(number)
    either.site.put(1, tags=None)
    either.site.put(2, visibility="")
    either.site.put(3, title="", tags=[NEWS])
    either.site.put(4, published_at="31 February")
    read = either.look()
    assert len(either.articles) == 146 and len(read) == 148
    assert {one.place for one in either.problems} == {ref(number) for number in (1, 2, 3, 4)}
    either.look()
    assert either.site.given == [304, 200]
    assert {one.place for one in either.problems} == {ref(number) for number in (1, 2, 3, 4)}
    for number in (1, 2, 3, 4):
        either.site.posts[number] |= {"tags": [NEWS], "visibility": "public", "title": "T", "published_at": 9}
    either.look()
    assert len(either.articles) == 150
    either.look()
    assert either.site.given == [304]


# What has changed


def test_one_request_says_that_nothing_is_new(either: Desk) -> None:
    for number in range(250):
        either.site.put(number)
    assert len(either.look()) == 250
    assert either.look() == [] and either.present == []
    assert either.site.given == [304]


def test_what_changed_is_read_with_the_hundred_newest(either: Desk) -> None:
    for number in range(250):
        either.site.put(number)
    either.look()
    either.site.put(7, title="Another title")
    either.site.put(300)
    read = either.look()
    assert read[:2] == [ref(300), ref(7)] and len(read) == 100
    assert either.site.given == [200]
    assert either.articles[ref(7)].headline == "Another title"
    assert either.look() == []


@pytest.mark.parametrize(
    "change",
    [
        {"tags": [tag("culture")]},
        {"visibility": "paid"},
        {"tags": [{**NEWS, "name": "Politics & power"}]},
        {"authors": [{"name": "Bo"}]},
    ],
)
def test_what_moves_no_date_is_seen_at_once_among_the_newest(either: Desk, change: dict[str, Any]) -> None:
    for number in range(150):
        either.site.put(number)
    either.look()
    either.look(full=True)
    either.site.bulk(120, **change)
    assert ref(120) in either.look()
    either.look(full=True)
    # Older ones by the full pass, which reads their block alone.
    either.site.bulk(3, **change)
    assert either.look() == []
    read = either.look(full=True)
    assert ref(3) in read and len(read) + len(either.present) == 150 and len(either.present) == 50


def test_more_than_a_hundred_changes_are_read_page_by_page(either: Desk) -> None:
    for number in range(150):
        either.site.put(number)
    either.look()
    for number in range(400, 650):
        either.site.put(number)
    read = either.look()
    assert {ref(number) for number in range(400, 650)} <= set(read) and len(read) == 300
    assert [wish["page"] for wish in either.site.asked] == ["1", "2", "3"]
    assert either.look() == []
    assert len(either.look(full=True)) + len(either.present) == 400


@pytest.mark.parametrize("how", ["draft", "deleted", "scheduled"])
def test_what_is_unpublished_or_deleted_goes_at_once(either: Desk, how: str) -> None:
    for number in range(250):
        either.site.put(number)
    either.look()
    for number in (3, 199, 249):
        if how == "deleted":
            del either.site.posts[number]
        else:
            either.site.bulk(number, status=how)
    either.site.put(500)
    either.look()
    assert sorted(either.gone) == [ref(3), ref(199), ref(249)]
    assert len(either.site.asked) < 15
    either.look()
    assert either.gone == [] and either.site.given == [304]
    either.look(full=True)
    assert len(either.present) + len(set(either.articles)) >= 247


def test_what_comes_back_without_a_new_date_is_read(either: Desk) -> None:
    for number in range(250):
        either.site.put(number)
    either.site.bulk(3, status="draft")
    either.look()
    assert ref(3) not in either.articles
    either.site.bulk(3, status="published")
    assert ref(3) in either.look()
    assert either.look() == []


def test_where_most_are_missing_only_a_full_pass_judges(either: Desk) -> None:
    for number in range(12):
        either.site.put(number)
    either.look()
    for number in range(8):
        del either.site.posts[number]
    either.look()
    assert either.gone == [] and len(either.site.asked) == 1
    either.look(full=True)
    assert either.gone == [] and len(either.present) + len(either.articles) >= 4
    either.site.posts.clear()
    assert either.look() == [] and either.gone == []
    assert either.look(full=True) == [] and either.present == []


def test_a_full_pass_over_what_is_as_it_was_reads_nothing(either: Desk) -> None:
    for number in range(250):
        either.site.put(number)
    either.look()
    # The first answers said how many follow; from now on each is asked for by itself.
    either.look(full=True)
    assert either.look(full=True) == []
    assert sorted(either.present) == [ref(number) for number in range(250)]
    assert either.site.given == [304] * 4


def test_full_passes_meet_everything_whatever_comes_and_goes(either: Desk) -> None:
    for number in range(0, 500, 2):
        either.site.put(number)
    either.look()
    for turn in range(3):
        for number in range(turn, 500, 7):
            either.site.posts.pop(number, None)
        for number in range(turn * 150 + 1, turn * 150 + 61):
            either.site.put(number)
        either.look()
        read = either.look(full=True)
        assert sorted([*read, *either.present]) == [ref(number) for number in sorted(either.site.posts)]
        assert either.look() == []


def test_a_block_that_is_again_as_it_was_hides_nothing_of_what_came_between(either: Desk) -> None:
    for number in range(0, 300, 2):
        either.site.put(number)
    either.look()
    either.look(full=True)
    either.site.put(7)
    either.look()
    either.site.bulk(7, status="draft")
    assert ref(7) not in [*either.look(full=True), *either.present]
    either.look(full=True)
    either.site.bulk(8, status="draft")
    either.site.put(298)
    either.look()
    assert either.gone == [ref(8)]
    either.site.bulk(8, status="published")
    assert ref(8) in either.look(full=True)


def test_other_settings_or_another_key_are_a_reason_to_read_all(desk: Desk) -> None:
    for number in range(150):
        desk.site.put(number)
    desk.look()
    desk.sign_in()
    assert len(desk.look()) == 150
    desk.settings["section"] = "culture"
    assert len(desk.look()) == 150


def test_a_post_without_a_date_of_its_change_stops_nobody(either: Desk) -> None:
    either.site.put(1, updated_at=None)
    assert either.look() == [ref(1)]
    either.site.put(2)
    assert either.look() == [ref(2), ref(1)]


# What goes wrong


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"secret": ""}, "STANDFIRST_SOURCE_SITE is no Content API key"),
        ({"secret": ADMIN_KEY}, "STANDFIRST_SOURCE_SITE is no Content API key"),
        ({"admin_secret": "nonsense"}, "STANDFIRST_SOURCE_SITE_ADMIN is no Admin API key, ID:HEX"),
        ({"admin_secret": ADMIN_KEY, "url": "http://quay.example"}, "write https:// in url"),
    ],
)
def test_keys_that_are_none(desk: Desk, settings: dict[str, str], words: str) -> None:
    desk.settings |= settings
    with pytest.raises(SourceError, match=words) as error:
        desk.look()
    assert "nonsense" not in str(error.value) and ADMIN_KEY not in str(error.value)


def test_a_key_that_is_not_taken(desk: Desk) -> None:
    desk.settings["secret"] = "0" * 26
    with pytest.raises(
        SourceError, match=r"\(401, UNKNOWN_CONTENT_API_KEY\); .* into STANDFIRST_SOURCE_SITE$"
    ):
        desk.look()
    desk.settings["admin_secret"] = f"{'0' * 24}:{'00' * 32}"
    with pytest.raises(SourceError, match=r"\(401, INVALID_JWT\).*clock is right") as error:
        desk.look()
    assert "?" not in str(error.value) and "00000" not in str(error.value)


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refused("NoPermissionError", "", 403), r"the key is not taken \(403, NoPermissionError\)"),
        (refused("BadRequestError", "<x>", 400), r"refused \(400, x\); is it Ghost 5"),
        ((404, HTML, b"<p>gone</p>"), r"no Ghost 5 or newer answers here \(404\)"),
        ((429, {"Retry-After": "7200"}, b""), "asked to wait until"),
        ((429, {"Retry-After": "2"}, b""), r"asked to wait \(429\)"),
        ((500, HTML, b"Fatal error: s3cret-body"), r"the server failed \(500\)"),
        ((200, HTML, b"<!doctype html>s3cret-body"), "a page instead of JSON"),
        ((200, HTML, b'{"posts": [{"html": "s3cret-bo'), "JSON that is cut off"),
        (told([]), "not a list of posts"),
        (told({"posts": []}), "not a list of posts"),
        (told({"posts": [{"id": "1"}], "meta": {"pagination": {"total": 1, "pages": 1}}}), "without an id"),
        (told({"posts": ["x"], "meta": {"pagination": {"total": 1, "pages": 1}}}), "without an id"),
    ],
)
def test_answers_that_cannot_be_used(either: Desk, number: int, answer: Told, words: str) -> None:
    posts = 1 if number == 1 else 101
    for one in range(posts):
        either.site.put(one)
    either.site.meddle = lambda *_: answer if len(either.site.asked) >= number else None
    with pytest.raises(SourceError, match=words) as error:
        either.look()
    assert "s3cret" not in str(error.value) and CONTENT_KEY not in str(error.value)
    # The parts before that are good, and the next look begins where this one did.
    assert len(either.articles) == (0 if number == 1 else 100)
    assert either.notes == {}
    if answer[1].get("Retry-After") == "2":
        assert either.pauses == [2.0, 4.0, 16.0]
    either.site.meddle = lambda *_: None
    assert len(either.look()) == posts


def listed(*numbers: int, total: int) -> Told:
    posts = [{"id": oid(number), "updated_at": f"2026-03-0{number}T00:00:00Z"} for number in numbers]
    return told({"posts": posts, "meta": {"pagination": {"total": total, "pages": 1}}})


@pytest.mark.parametrize("answer", [listed(1, 2, total=2), listed(2, 1, total=2), listed(total=3)])
def test_a_cache_that_answers_in_its_place_is_not_believed(desk: Desk, answer: Told) -> None:
    desk.site.meddle = lambda *_: answer
    with pytest.raises(SourceError, match="a cache may answer in its place"):
        desk.look()


def test_an_answer_of_300_mb_is_not_read(desk: Desk) -> None:
    bomb = (200, {"Content-Type": "application/json"}, b" " * 60_000_000)
    desk.site.meddle = lambda *_: bomb
    with pytest.raises(SourceError, match="MB"):
        desk.look()


def test_a_redirect_to_another_host_gets_no_admin_key(desk: Desk) -> None:
    desk.sign_in()
    with Site() as other:
        desk.site.meddle = lambda *_: (301, {"Location": f"{other.url}/ghost/api/admin/posts/?limit=1"}, b"")
        with pytest.raises(
            SourceError, match=r"redirects to 127.0.0.1:\d+, and the key goes to no other host"
        ):
            desk.look()


def test_redirects_in_a_circle_and_nobody_there(desk: Desk) -> None:
    desk.site.meddle = lambda *_: (302, {"Location": "/ghost/api/content/posts/"}, b"")
    with pytest.raises(SourceError, match="in a circle"):
        desk.look()
    desk.settings["url"] = "http://127.0.0.1:9"
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:9/ghost/api/content/posts/: "):
        desk.look()


def test_the_address_may_be_the_desks(desk: Desk) -> None:
    desk.site.put(1)
    desk.settings["url"] = f"{desk.site.url}/ghost/"
    assert desk.look() == [ref(1)]


def test_a_private_address_in_a_picture_is_not_asked(desk: Desk) -> None:
    with Site() as inside:
        desk.site.put(5, feature_image=f"{inside.url}/secret.png", published_at="2026-03-09T00:00:00Z")
        source = Ghost(SourceSettings("site", "ghost", **desk.settings), samples.newsroom())
        (part,) = [part for part in source.parts({}, full=True) if part.entries]
        reading = source.read(part.entries[0], Gallery(Path("/nowhere"), lambda _: None, dry_run=True), NOW)
        source.close()
        assert isinstance(reading.found, Found) and reading.found.article
        assert inside.asked == []


def test_what_the_documents_show_can_be_pasted(desk: Desk) -> None:
    blocks = re.findall("```toml\n(.*?)```", Path("docs/sources/ghost.md").read_text("utf-8"), re.DOTALL)
    tables = tomllib.loads("".join(blocks))["source"]
    assert contradictions({"source": tables}) == []
    read = [SourceTable.model_validate(table) for table in tables]
    desk.settings |= {name: getattr(read[0], name) for name in ("sections", "access")}
    assert desk.one(tags=[tag("city-hall"), tag("hash-briefs")]).sections == ("politics", "briefs")
    assert desk.one(tags=[NEWS], visibility="paid").access is Access.PAID
    desk.settings |= {name: getattr(read[1], name) for name in ("section", "sections", "paid")}
    # Without a post of it nothing would be read: the tag might have been renamed.
    desk.site.put(9, tags=[tag("premium")])
    article = desk.one(tags=[tag("other")], visibility="members")
    assert (article.sections, article.access) == (("culture",), Access.PAID)


def test_no_log_has_a_key_or_a_body(either: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    either.site.put(1, html="<p>Zeldzaam woord</p>")
    either.look()
    secrets = (CONTENT_KEY, ADMIN_KEY, "Zeldzaam", "Ghost ey")
    assert not any(secret in caplog.text for secret in secrets)
