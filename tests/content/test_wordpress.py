"""WordPress as a source, over real connections to a server that answers as WordPress does."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from content.article import Access, Article
from content.gallery import Gallery
from content.sources import Found
from content.sources.wordpress import WordPress
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.web import Web
from tests import samples
from tests.content.source_desk import SourceDesk
from tests.content.wordpress_site import PASSWORD, Site, Told, refused, told

NOW = datetime.now(UTC)
HTML = {"Content-Type": "text/html"}


def at(**ago: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%dT%H:%M:%S}"


class Desk(SourceDesk):
    """A WordPress and its source."""

    def __init__(self, site: Site, root: Path) -> None:
        self.site = site
        super().__init__("wordpress", WordPress, root, NOW, url=site.url)

    def sign_in(self, password: str = PASSWORD) -> None:
        self.settings |= {"user": "ana", "secret": password}

    def look(self, *, full: bool = False) -> list[str]:
        self.site.asked = []
        return super().look(full=full)

    def one(self, **post: Any) -> Article:
        """The only article, made of these."""
        self.site.put(5, **post)
        self.notes = {}
        self.look()
        return self.articles["posts/5"]


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
    ("title", "headline"),
    [
        (
            "A &#038; B <em>x</em> &#8220;q&#8221; – it’s &lt;tag&gt; 5 < 6 😀",
            "A & B x “q” – it’s <tag> 5 < 6 😀",
        ),
        ("R&amp;amp;D stays R&amp;D", "R&amp;D stays R&D"),
        ("日本の<br>夜明け", "日本の 夜明け"),
        ("نهر &#8217; <b>قديم</b>", "نهر ’ قديم"),
        ("One<script>alert(1)</script> <!-- two -->two", "One two"),
    ],
)
def test_headlines_are_what_a_browser_shows(desk: Desk, title: str, headline: str) -> None:
    assert desk.one(title=title).headline == headline


def test_an_article_has_its_author_date_slug_and_address(desk: Desk) -> None:
    desk.site.authors[1]["name"] = 'Tom &amp; "Q" O\'N'
    article = desk.one(slug="%e6%97%a5%e6%9c%ac", date_gmt="2026-02-01T05:00:00")
    assert (article.authors, article.slug) == (('Tom & "Q" O\'N',), "日本")
    assert article.published == datetime(2026, 2, 1, 5, tzinfo=UTC)
    assert article.url.startswith(desk.site.url)
    assert article.updated == article.published


def test_several_authors_come_from_the_plugin_and_none_from_an_error(desk: Desk) -> None:
    assert desk.one(authors=[{"display_name": "Bo"}, {"display_name": "池田"}]).authors == ("Bo", "池田")
    desk.site.authors[1] = {"code": "rest_user_invalid_id", "message": "Invalid", "data": {"status": 404}}
    assert desk.one(authors=None).authors == ()


def test_tags_name_the_authors_and_the_label(desk: Desk) -> None:
    desk.site.tags = {
        1: ("by-bo", "By: Bo &amp; Co"),
        2: ("by-2-ana", "By 2: Ana"),
        3: ("label-x", "Label: X"),
    }
    article = desk.one(tags=[2, 3, 1])
    assert (article.authors, article.label) == (("Bo & Co", "Ana"), "X")
    desk.site.tags = {1: ("by-night", "By night"), 2: ("labels", "Labels")}
    article = desk.one(tags=[1, 2])
    assert (article.authors, article.label) == (("Ana Pérez",), "")
    desk.site.tags = {1: ("no-byline", "No byline")}
    assert desk.one(tags=[1]).authors == ()


def test_the_more_mark_is_the_wall_and_page_breaks_are_none(desk: Desk) -> None:
    desk.settings["paid"] = ("more",)
    desk.settings["access"] = "free"
    text = (
        "<div><p>Before.</p>\n<!--more Keep reading-->\n<p>After.</p></div><p><!--nextpage--></p><p>Two.</p>"
    )
    article = desk.one(content=text)
    assert article.opening == "<div><p>Before.</p></div>"
    assert "After." in article.body.html and "<!--" not in article.body.html
    assert article.body.html.count("<p>") == 3
    assert article.access is Access.PAID
    # Where nothing stands before it, all is behind it.
    article = desk.one(content="<!--more--><p>After.</p>")
    assert (article.opening, article.access) == ("", Access.PAID)
    assert desk.one(content="<p>None.</p>").access is Access.FREE


def test_line_ends_between_blocks_are_no_part_of_the_text(desk: Desk) -> None:
    blocks = "<p>One.</p>\n\n\n\n<h2 class='wp'>Two</h2>\n\n\n<pre>a\n\n<b>c</b></pre>\n"
    assert desk.one(content=blocks).body.html == "<p>One.</p><h2>Two</h2><pre>a\n\n<b>c</b></pre>"
    article = desk.one(content="<p>One.</p>\n\n<!--more-->\n\n<p>Two.</p>")
    assert (article.opening, article.body.html) == ("<p>One.</p>", "<p>One.</p><p>Two.</p>")


def test_an_automatic_excerpt_is_no_teaser_and_an_editors_is(either: Desk) -> None:
    body = "".join(f"<p>Paragraph {number} says a good deal about the harbour.</p>" for number in range(9))
    assert either.one(content=body).teaser == ""
    article = either.one(content=body, excerpt="Why it <strong>matters</strong> &amp; what comes 😀.")
    assert article.teaser == "Why it matters & what comes 😀."


@pytest.mark.parametrize(
    "excerpt",
    [
        "The ferry sails no more, said the harbour's mistress",
        "The ferry sails no more, said the harbour's mistress on Monday. Nobody was told before",
        "Something else entirely &hellip;",
        " ".join(["other"] * 55),
        'Something else <a class="more-link" href="/">Read on</a>',
        "",
    ],
)
def test_for_strangers_what_may_be_cut_from_the_text_is_no_teaser(desk: Desk, excerpt: str) -> None:
    body = (
        "<p>The ferry sails no more, said the harbour's mistress on Monday.</p>"
        "<figure><img src='/a.png'><figcaption>The ferry, long ago.</figcaption></figure>"
        f"<p>Nobody was told before. {'It was no secret either. ' * 30}</p>"
    )
    assert desk.one(content=body, excerpt=excerpt).teaser == ""


def test_where_a_plugin_hides_the_text_an_excerpt_cannot_be_told_from_a_cut_one(desk: Desk) -> None:
    assert desk.one(content="<p>For members.</p>", excerpt="The minister knew, say the papers.").teaser == ""


def test_sections_are_the_deepest_category_first_and_then_its_parents(desk: Desk) -> None:
    site = desk.site
    site.categories = {3: ("%e6%94%bf", "政", 0), 4: ("city", "City", 3), 5: ("council", "Council", 4)}
    desk.settings["sections"] = {"council": "culture", "政": "politics"}
    assert desk.one(categories=[3, 5]).sections == ("culture", "politics")
    site.categories[3] = ("%e6%94%bf", "政", 5)
    assert desk.one(categories=[5]).sections == ("culture", "politics")


def test_tags_and_types_are_sections_where_the_settings_say_so(desk: Desk) -> None:
    desk.site.tags = {7: ("books", "Books"), 8: ("culture", "Culture")}
    desk.settings["sections"] = {"tag:books": "culture", "type:posts": "briefs"}
    assert desk.one(tags=[7]).sections == ("politics", "culture", "briefs")
    desk.settings["sections"] = {"books": "culture"}
    assert desk.one(tags=[7, 8]).sections == ("politics", "culture")
    assert desk.one(tags=[8]).sections == ("politics",)


def test_custom_types_are_read_beside_posts(desk: Desk) -> None:
    desk.settings["types"] = ("posts", "columns")
    desk.settings["paid"] = ("type:columns",)
    desk.settings["access"] = "free"
    desk.site.put(1)
    desk.site.put(2, type="columns")
    assert desk.look() == ["posts/1", "columns/2"]
    assert [desk.articles[name].access.value for name in ("posts/1", "columns/2")] == ["free", "paid"]


@pytest.mark.parametrize(
    ("rule", "post"),
    [
        ("tag:premium", {"tags": [9]}),
        ("category:politics", {"categories": [2]}),
        ("meta:paid=1", {"meta": {"paid": True}}),
        ("meta:paid=1", {"meta": {"paid": 1}}),
        ("meta:paid=true", {"meta": {"paid": [True]}}),
        ("meta:level=gold", {"acf": {"level": ["silver", "gold"]}}),
        ("meta:plan", {"meta": {"plan": "x"}}),
        ("class:pmpro-level-required", {"class_list": ["post", "pmpro-level-required"]}),
        ("class:pmpro-level-required", {"class_list": {"3": "pmpro-level-required"}}),
        ("class:members-only", {"content": "<div class='wall members-only'>For members</div>"}),
    ],
)
def test_rules_of_access(desk: Desk, rule: str, post: dict[str, Any]) -> None:
    # A rule that names what is not there would close everything.
    desk.site.tags = {9: ("premium", "Premium"), 8: ("premiumx", "Premium X")}
    desk.site.categories[8] = ("politicsx", "Politics X", 0)
    desk.settings |= {"access": "free", "paid": (rule,)}
    assert desk.one(**post).access is Access.PAID
    desk.settings["paid"] = (f"{rule}x",)
    assert desk.one(**post).access is Access.FREE


def test_a_tag_past_the_tenth_makes_it_paid_as_well(desk: Desk) -> None:
    desk.site.tags = {number: (f"t{number}", f"Tag {number}") for number in range(1, 14)}
    desk.settings |= {"access": "free", "paid": ("tag:t13",)}
    assert desk.one(tags=list(desk.site.tags)).access is Access.PAID


def test_an_article_whose_tags_are_hidden_is_not_taken_for_free(desk: Desk) -> None:
    desk.settings |= {"access": "free", "paid": ("tag:premium",), "section": "politics"}
    desk.site.put(5, tags=[9])
    desk.site.tags = {9: ("", ""), 8: ("premium", "Premium")}
    assert desk.look() == [] and desk.articles == {}
    assert "categories and tags cannot be read" in desk.problems[0].message


def test_a_counter_in_the_meta_fields_is_no_change(desk: Desk) -> None:
    desk.settings["paid"] = ("meta:paid=1",)
    settings = SourceSettings("site", "wordpress", **desk.settings)
    prints = []
    for views in (1, 2):
        desk.site.put(5, meta={"views": views, "paid": "0"})
        source = WordPress(settings, samples.newsroom(), Web(trusted=["127.0.0.1"]))
        prints += [entry.content_hash for part in source.parts({}, full=True) for entry in part.entries]
        source.close()
    assert len(prints) == 2 and prints[0] == prints[1]


def test_a_sponsor_is_named_by_a_tag_or_a_meta_field(desk: Desk) -> None:
    desk.settings["sections"] = {"politics": "partners"}
    desk.site.tags = {
        9: ("sponsor-acme", "Sponsor: Acme &amp; Sons"),
        8: ("sponsor-x", "X"),
        7: ("sponsor-acme", "Sponsor Acme"),
    }
    for post, name in (
        ({"tags": [7]}, "Acme"),
        ({"tags": [9]}, "Acme & Sons"),
        ({"tags": [8]}, "X"),
        ({"meta": {"sponsor": "Y"}}, "Y"),
    ):
        booking = desk.one(**{"tags": [], "meta": [], **post}).booking
        assert booking is not None and booking.sponsor == name


def test_a_sponsors_tag_is_enough_for_the_only_sponsored_section(desk: Desk) -> None:
    desk.site.tags = {7: ("sponsor-acme", "Sponsor: Acme")}
    article = desk.one(tags=[7])
    assert (article.sections, article.is_sponsored) == (("partners",), True)
    desk.settings["sections"] = {"tag:sponsor-acme": "partners"}
    assert desk.one(tags=[7]).sections == ("partners",)


def test_what_mends_a_post_is_said_in_its_systems_words(desk: Desk) -> None:
    desk.site.tags = {}
    desk.settings["sections"] = {"politics": "partners"}
    desk.site.put(5, title="")
    desk.look()
    tag = 'give the post a tag with the slug "sponsor-NAME" and the name "Sponsor: NAME"'
    assert [one.message for one in desk.problems] == [
        "no headline; give the post a title",
        f"a sponsored article needs its sponsor's name; {tag}",
    ]


def test_flags_are_tags_and_sticky_is_the_lead_while_it_is_new(desk: Desk) -> None:
    desk.site.tags = {1: ("digest-no", "No"), 2: ("sensitive", "S")}
    article = desk.one(tags=[1, 2], sticky=True)
    assert (article.no_digest, article.sensitive, article.pinned) == (True, True, False)
    sticky = desk.one(tags=[], sticky=True, date_gmt=at(hours=30))
    assert sticky.pinned and sticky.sticky
    # An editor's word for the digest is the stronger one.
    desk.site.tags = {3: ("digest-lead", "Digest lead")}
    for stays in (True, False):
        article = desk.one(tags=[3], sticky=stays, date_gmt=at(hours=30))
        assert article.pinned and not article.sticky


def test_the_featured_picture_with_all_that_is_said_of_it(desk: Desk) -> None:
    sizes = {
        "thumbnail": {"width": 1300, "height": 1300, "source_url": f"{desk.site.url}/square.png"},
        "1536x1536": {"width": 1536, "height": 960, "source_url": f"{desk.site.url}/wide.png"},
        "large": {"width": 1024, "height": 640, "source_url": f"{desk.site.url}/large.png"},
    }
    details = {"width": 4000, "height": 2500, "sizes": sizes, "image_meta": {"credit": "From the file"}}
    desk.site.media[3] = {
        "media_type": "image",
        "source_url": f"{desk.site.url}/full.png",
        "alt_text": "A &amp; typed so",
        "caption": {"rendered": "<p>Caption <em>by</em> Ana &#038; co</p>\n"},
        "media_details": details,
    }
    desk.site.meddle = pictured
    image = desk.one(featured_media=3, date_gmt=at(hours=1)).image
    assert image is not None
    assert (image.alt, image.caption, image.credit) == (
        "A &amp; typed so",
        "Caption by Ana & co",
        "From the file",
    )
    assert [path for path, _ in desk.site.asked if path.endswith(".png")] == ["/wide.png"]
    desk.site.media[3]["media_credit"] = {"plaintext": "Bo / <i>Quay</i>"}
    desk.site.media[3]["media_details"] = []
    image = desk.one().image
    assert image is not None and image.credit == "Bo / Quay"
    del desk.site.media[3]["media_credit"]
    desk.site.media[3]["caption"] = {"rendered": "<p>The quay. (Photo: Ana &#038; co)</p>"}
    image = desk.one().image
    assert image is not None and (image.caption, image.credit) == ("The quay.", "Ana & co")


def pictured(path: str, _wish: Mapping[str, str]) -> Told | None:
    if not path.endswith(".png"):
        return None
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (1536, 960), "navy").save(out, "PNG")
    return 200, {"Content-Type": "image/png"}, out.getvalue()


def test_a_picture_that_nobody_may_see_is_none(desk: Desk) -> None:
    desk.site.media[3] = {"code": "rest_forbidden", "message": "Sorry", "data": {"status": 401}}
    assert desk.one(featured_media=3).image is None
    assert desk.problems == []


def test_a_post_with_a_password_never_comes(either: Desk) -> None:
    either.site.put(1)
    either.site.put(2, password="s3cret", excerpt="By hand")
    assert either.look() == ["posts/1"]
    assert either.gone == ["posts/2"]
    either.site.edit(1, password="s3cret")
    assert either.look() == []
    assert "posts/1" in either.gone


# What is noticed, and when


def test_with_nothing_new_an_editor_asks_once_and_a_stranger_twice(either: Desk) -> None:
    for number in range(1, 8):
        either.site.put(number)
    assert len(either.look()) == 7
    either.site.edit(3)
    assert either.look() == ["posts/3"]
    for _ in range(2):
        assert either.look() == []
        assert len(either.site.asked) == (1 if either.settings.get("user") else 2)


def test_a_full_pass_reads_only_the_blocks_that_changed_and_all_within_a_week(either: Desk) -> None:
    for number in (1, 2, 1001, 2001, 8001):
        either.site.put(number)
    assert len(either.look()) == 5
    either.site.put(1001, tags=[])  # The same.
    either.site.put(2001, title="Other words", categories=[2])
    del either.site.posts[2]
    read = {reference for _ in range(7) for reference in either.look(full=True)}
    assert read == {"posts/1", "posts/1001", "posts/2001", "posts/8001"}
    assert either.look(full=True) == ["posts/1001", "posts/8001"] or len(either.present) >= 2
    assert set(either.present) < read


def test_a_full_pass_over_what_is_as_it_was_reads_one_block_in_seven(desk: Desk) -> None:
    for block in range(14):
        desk.site.put(block * 1000 + 1)
    desk.look()
    assert len(desk.look(full=True)) == 2
    assert len(desk.present) == 12


def test_another_name_of_a_category_is_a_change_of_its_posts(desk: Desk) -> None:
    desk.site.put(1)
    desk.site.put(3001, categories=[2])
    desk.look()
    desk.site.categories[2] = ("culture", "Culture", 0)
    assert "posts/3001" in desk.look(full=True)
    assert desk.articles["posts/3001"].sections == ("culture",)


def test_a_planned_post_is_seen_when_it_comes_though_its_dates_stay(either: Desk) -> None:
    either.site.put(1)
    planned = datetime.now(UTC) + timedelta(seconds=1)
    either.site.put(2, status="future", date_gmt=f"{planned:%Y-%m-%dT%H:%M:%S}", modified_gmt=at(days=9))
    assert either.look() == ["posts/1"]
    either.site.put(2, status="publish", date_gmt=at(seconds=5))
    if either.settings.get("user"):
        # Its moment has come by the plan that was read.
        types = either.notes["types"]
        types["posts"]["scheduled"] = {"2": at(seconds=5)}
    assert either.look() == ["posts/2"]
    assert either.look() == []


def test_a_post_that_is_dated_back_is_seen_by_the_full_pass(either: Desk) -> None:
    either.site.put(1)
    either.look()
    either.site.put(2, date_gmt="2020-01-01T00:00:00", modified_gmt="2020-01-01T00:00:00")
    assert either.look() == []
    assert "posts/2" in either.look(full=True)


@pytest.mark.parametrize("status", ["trash", "private", "draft", "future"])
def test_what_is_unpublished_goes_at_once_for_an_editor(desk: Desk, status: str) -> None:
    desk.sign_in()
    for number in (1, 2, 3):
        desk.site.put(number)
    desk.look()
    desk.site.edit(2, status=status)
    assert desk.look() == []
    assert desk.gone == ["posts/2"]


def test_what_is_new_and_goes_is_missed_at_once_by_anybody(either: Desk) -> None:
    for number in (1, 2, 3):
        either.site.put(number)
    either.site.edit(2)
    either.look()
    del either.site.posts[2]
    either.look()
    assert either.gone == ["posts/2"]
    either.look()
    assert either.gone == []


def test_recent_posts_that_vanish_together_are_left_to_the_full_pass(desk: Desk) -> None:
    for number in range(1, 9):
        desk.site.edit(number)
    desk.look()
    kept, desk.site.posts = desk.site.posts, {}
    assert desk.look() == [] and desk.gone == []
    desk.site.posts = kept
    assert desk.look() == []


def test_an_article_that_could_not_be_used_is_asked_for_until_it_can(desk: Desk) -> None:
    desk.site.put(1)
    desk.site.edit(2, title="")
    desk.look()
    assert [problem.place for problem in desk.problems] == ["posts/2"]
    assert desk.look() == ["posts/2"]
    desk.site.put(2, title="It has one now")
    assert desk.look() == ["posts/2"]
    assert desk.look() == []


def test_posts_that_go_while_pages_are_read_hide_no_others(desk: Desk) -> None:
    for number in range(1, 351):
        desk.site.put(number)

    def meddle(_path: str, wish: Mapping[str, str]) -> None:
        if int(wish.get("offset", 0)) > 0:
            for number in range(int(wish["offset"]) - 40, int(wish["offset"]) - 20):
                desk.site.posts.pop(number, None)

    desk.site.meddle = meddle
    read = desk.look()
    assert {f"posts/{number}" for number in desk.site.posts} <= set(read)


# What goes wrong


def test_a_wrong_password_is_an_error_and_never_a_strangers_list(desk: Desk) -> None:
    desk.site.put(1)
    desk.sign_in()
    desk.look()
    desk.sign_in("wrong")
    for notes in (desk.notes, {}):
        desk.notes = notes
        with pytest.raises(SourceError, match="password is not taken") as error:
            desk.look()
        assert "wrong;" not in str(error.value) and PASSWORD not in str(error.value)
        assert "?" not in str(error.value)


def test_a_password_that_is_wrong_from_one_day_to_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.site.put(1)
    desk.sign_in()
    desk.look()
    monkeypatch.setattr("tests.content.wordpress_site.PASSWORD", "another")
    with pytest.raises(SourceError, match="password is not taken"):
        desk.look()


def test_a_member_who_may_edit_nothing_reads_what_everybody_reads(desk: Desk) -> None:
    desk.site.rights = ()
    desk.site.put(1)
    desk.site.put(2, status="draft")
    desk.sign_in()
    assert desk.look() == ["posts/1"]
    desk.site.edit(1)
    assert desk.look() == ["posts/1"]
    assert "/wp/v2/users/me" in [path for path, _ in desk.site.asked]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"user": "ana"}, "set STANDFIRST_SOURCE_SITE, or leave both out"),
        ({"secret": "x"}, "`user` and the application password belong together"),
        ({"user": "a", "secret": "x", "url": "http://news.example"}, "without encryption; write https"),
    ],
)
def test_settings_that_do_not_go_together(desk: Desk, settings: dict[str, str], words: str) -> None:
    desk.settings |= settings
    with pytest.raises(SourceError, match=words):
        desk.look()
    assert desk.site.asked == []


def test_sites_without_pretty_addresses_and_with_the_api_elsewhere(desk: Desk) -> None:
    desk.site.put(1)
    desk.site.root = "/nowhere-else"
    assert desk.look() == ["posts/1"]
    assert desk.notes["root"] == f"{desk.site.url}/?rest_route="
    desk.site.edit(1)
    assert desk.look() == ["posts/1"]


def test_the_api_stands_where_the_front_page_says(desk: Desk) -> None:
    desk.site.put(1)
    desk.site.root = "/api"
    front = (200, HTML | {"Link": f'<{desk.site.url}/api/>; rel="https://api.w.org/"'}, b"<!doctype html>")
    desk.site.meddle = lambda _, wish: front if not wish or "rest_route" in wish else None
    assert desk.look() == ["posts/1"]
    assert desk.notes["root"] == f"{desk.site.url}/api"
    desk.settings["url"] = f"{desk.site.url}/blog/wp-json"
    desk.site.root = "/blog/wp-json"
    desk.notes = {}
    assert desk.look() == ["posts/1"]


def test_a_site_that_is_no_wordpress(desk: Desk) -> None:
    desk.site.meddle = lambda *_: (200, HTML, b"<!doctype html><title>Hello</title>")
    with pytest.raises(SourceError, match="no WordPress REST API here; give `url`"):
        desk.look()


def test_a_redirect_to_another_host_gets_no_password(desk: Desk) -> None:
    desk.sign_in()
    with Site() as other:
        desk.site.meddle = lambda *_: (301, {"Location": f"{other.url}/wp-json/"}, b"")
        with pytest.raises(SourceError, match="the password goes to no other host"):
            desk.look()
        assert [path for path, _ in other.asked] == ["/"]


def test_a_type_that_is_not_shown(desk: Desk) -> None:
    desk.settings["types"] = ("colums",)
    with pytest.raises(SourceError, match=r"/wp/v2/colums: no such list \(404\); check `types`"):
        desk.look()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refused("rest_forbidden", 401), r"not for strangers \(401, rest_forbidden\); give `user`"),
        (refused("rest_forbidden", 403), r"not for strangers \(403"),
        ((404, HTML, b"<p>gone</p>"), "404"),
        ((429, {"Retry-After": "7200"}, b""), "asked to wait until"),
        ((429, {"Retry-After": "2"}, b""), r"asked to wait \(429\)"),
        ((500, HTML, b"Fatal error: s3cret-body"), r"the server failed \(500\)"),
        ((200, HTML, b"<!doctype html>s3cret-body"), "a page instead of JSON"),
        ((*told([])[:2], b'[{"id": 1, "title": "s3cret-bo'), "JSON that is cut off"),
        (told({"id": 1}), "not a list of posts"),
        (told([{"ID": 1}]), "not a list of posts"),
        (told(["x"]), "not a list of posts"),
        (told([{"id": 2}, {"id": 1}]), "not in the order that was asked for"),
        (told([{"id": 1}], {"X-WP-Total": "5"}), "its list ends before its end"),
    ],
)
def test_lists_that_cannot_be_used(desk: Desk, answer: Told, words: str) -> None:
    desk.site.meddle = lambda _, wish: answer if "offset" in wish else None
    with pytest.raises(SourceError, match=words) as error:
        desk.look()
    assert "s3cret" not in str(error.value)
    if answer[1].get("Retry-After") == "2":
        assert desk.pauses == [2.0, 4.0, 16.0]


def test_a_failure_in_the_middle_of_the_paging_leaves_what_came_before(desk: Desk) -> None:
    for number in range(1, 251):
        desk.site.put(number * 500)
    desk.site.meddle = lambda _, wish: (500, HTML, b"") if int(wish.get("offset", 0)) > 150 else None
    with pytest.raises(SourceError, match=r"posts: the server failed \(500\)"):
        desk.look()
    assert len(desk.articles) >= 150
    assert desk.notes == {}


@pytest.mark.parametrize("answer", [(500, HTML, b"Fatal error"), (200, HTML, b'[{"id"')])
def test_a_post_that_the_site_cannot_render_is_a_problem_and_no_other(desk: Desk, answer: Told) -> None:
    for number in range(1, 61):
        desk.site.put(number)
    desk.site.meddle = lambda _, wish: answer if "37" in wish.get("include", "").split(",") else None
    assert len(desk.look()) == 59
    assert [problem.place for problem in desk.problems] == ["posts/37"]
    assert desk.problems[0].message.startswith("the site cannot show it: ")
    desk.site.meddle = lambda *_: None
    assert "posts/37" in desk.look(full=True)


def test_a_site_that_renders_nothing_is_not_asked_for_each_post(desk: Desk) -> None:
    for number in range(1, 201):
        desk.site.put(number)
    desk.site.meddle = lambda _, wish: (500, HTML, b"") if "include" in wish else None
    with pytest.raises(SourceError, match=r"failed \(500\)"):
        desk.look()
    assert len(desk.site.asked) < 40


def test_a_post_without_content_is_a_problem_and_stays_as_it_was(desk: Desk) -> None:
    desk.site.put(1)
    desk.site.put(2)

    def meddle(path: str, wish: Mapping[str, str]) -> Told | None:
        if "include" not in wish:
            return None
        posts: list[Any] = [{"id": 1, "status": "publish"}, {"status": "publish"}, 5]
        return told(posts)

    desk.site.meddle = meddle
    assert desk.look() == []
    assert [(one.place, one.message.partition(";")[0]) for one in desk.problems] == [
        ("posts/1", "it has no content")
    ]
    assert desk.gone == []


@pytest.mark.parametrize(
    "date", ["", "0000-00-00T00:00:00", "10/03/2026", "yesterday", "2026-13-40T00:00:00"]
)
def test_a_date_that_is_none_is_never_guessed(desk: Desk, date: str) -> None:
    desk.site.put(1, date_gmt=date)
    desk.site.put(2)
    desk.look()
    assert set(desk.articles) == {"posts/2"}
    assert {problem.place for problem in desk.problems} == {"posts/1"}


def test_nobody_listens() -> None:
    settings = SourceSettings("site", "wordpress", url="http://127.0.0.1:9")
    source = WordPress(settings, samples.newsroom(), Web(trusted=["127.0.0.1"], pause=lambda _: None))
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:9/wp-json/: "):
        list(source.parts({}, full=True))
    source.close()


def test_a_private_address_in_a_picture_is_not_asked(desk: Desk) -> None:
    with Site() as inside:
        desk.site.media[3] = {"media_type": "image", "source_url": f"{inside.url}/secret.png"}
        desk.site.put(5, featured_media=3, date_gmt=at(hours=1))
        settings = SourceSettings("site", "wordpress", url=desk.site.url)
        source = WordPress(settings, samples.newsroom())
        (part,) = [part for part in source.parts({}, full=True) if part.entries]
        reading = source.read(part.entries[0], Gallery(Path("/nowhere"), lambda _: None, dry_run=True), NOW)
        source.close()
        assert isinstance(reading.found, Found) and reading.found.article
        assert inside.asked == []


def test_no_log_has_the_password_or_a_body(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk.sign_in()
    desk.site.put(1, content="<p>Zeldzaam woord</p>")
    desk.look()
    assert PASSWORD not in caplog.text and "Zeldzaam" not in caplog.text and "Basic " not in caplog.text
