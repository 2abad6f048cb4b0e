"""A selection rendered: what each audience reads, to the letter, and within the size."""

from __future__ import annotations

import dataclasses
import re
import typing
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from content.article import Access, Article, Body, Booking, Picture
from content.teaser import Teaser
from newsletter.budget import LIMIT
from newsletter.edition import Block, Selection
from newsletter.letter import Slot, filled
from newsletter.lines import width
from newsletter.render import Rendered, render, source
from newsletter.variant import Audience, Variant
from newsroom.errors import RenderError
from newsroom.masthead import Look, Newsletter, Newsroom, SectionKind
from tests import samples
from tests.newsletter import editions

GOLDEN = Path(__file__).parent / "golden"
VALUES = {
    Slot.UNSUBSCRIBE_URL: "https://feeds.quay.example/unsubscribe/k1.a&b",
    Slot.TRIAL: "You have 9 days left in your trial.",
}
NOTE = (
    "<p>Good morning.<br>A <b>fox</b> on the quay? "
    "<a href='https://quay.example/fox?a=1&amp;b=2'>Write</a> to us.</p>"
    "<ul><li>One</li><li>Two</li></ul>"
)


def rendered(selection: Selection, audience: Audience = Audience.FREE, **newsletter: typing.Any) -> Rendered:
    return render(selection, Variant(audience), samples.newsroom(), samples.newsletter(**newsletter))


def html_of(result: Rendered) -> str:
    return filled(result.letter.html, VALUES, html=True)


def text_of(result: Rendered) -> str:
    return filled(result.letter.text, VALUES, html=False)


def tree_of(result: Rendered) -> LexborHTMLParser:
    return LexborHTMLParser(html_of(result))


def links_of(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [link.attributes["href"] or "" for link in tree.css(selector)]


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [node.text() for node in tree.css(selector)]


@pytest.mark.parametrize(
    ("name", "audience", "language", "note"),
    [
        ("free-en", Audience.FREE, "en-GB", NOTE),
        ("trial-de", Audience.TRIAL, "de", ""),
        ("member-fr", Audience.MEMBER, "fr", ""),
        ("free-ar", Audience.FREE, "ar", ""),
    ],
)
def test_the_text_part_is_as_it_was_read_and_approved(
    name: str, audience: Audience, language: str, note: str
) -> None:
    text = text_of(rendered(editions.selection(note=note), audience, language=language))
    assert text == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_the_text_part_fits_72_columns_with_one_link_a_line() -> None:
    for line in text_of(rendered(editions.selection(note=NOTE))).splitlines():
        assert width(line) <= 72 or line.startswith("https://")
        assert line == line.rstrip()
        assert "https://" not in line.removeprefix("https://")


def test_an_address_without_the_newsrooms_name_is_told_whose_it_is() -> None:
    ending = text_of(rendered(editions.selection(), postal_address="Graslei 1\n9000 Ghent"))
    assert ending.endswith("\n\nThe Quay\nGraslei 1\n9000 Ghent\n")


@pytest.mark.parametrize("audience", Audience)
def test_html_and_text_have_the_same_stories_in_the_same_order(audience: Audience) -> None:
    edition = editions.selection()
    result = rendered(edition, audience)
    expected = [story.teaser.url for story in edition.stories]
    shown = links_of(tree_of(result), "h2 a, h3 a")
    lines = text_of(result).splitlines()
    assert shown == expected
    assert [line for line in lines if line in set(expected)] == expected
    assert lines.index(VALUES[Slot.UNSUBSCRIBE_URL]) > lines.index(expected[-1])


def test_free_readers_see_locks_and_the_offer_with_the_only_button() -> None:
    tree = tree_of(rendered(editions.selection()))
    text = tree.body.text() if tree.body else ""
    assert text.count("Subscribers") == 8
    assert text.count("Free with registration") == 2
    assert "Start your trial" in texts(tree, ".button a")
    assert links_of(tree, ".button a") == ["https://quay.example/subscribe"]
    for words in ("Thank you for reading.", "Try it free for 30 days.", "€150 a year · €15 a month"):
        assert words in text
    assert "https://quay.example/account" not in links_of(tree, "a")


def test_trial_readers_see_their_days_and_no_lock_and_are_not_told_to_start_a_trial() -> None:
    result = rendered(editions.selection(), Audience.TRIAL)
    assert [part for part in result.letter.html if isinstance(part, Slot)] == [
        Slot.TRIAL,
        Slot.UNSUBSCRIBE_URL,
    ]
    assert [part for part in result.letter.text if isinstance(part, Slot)] == [
        Slot.TRIAL,
        Slot.UNSUBSCRIBE_URL,
    ]
    page = html_of(result) + text_of(result)
    assert VALUES[Slot.TRIAL] in page
    for words in ("Subscribers", "Try it free", "Start your trial", "registration"):
        assert words not in page
    assert texts(tree_of(result), ".button a") == ["Subscribe"]


def test_members_see_no_offer_and_no_lock_but_the_way_to_their_account() -> None:
    result = rendered(editions.selection(), Audience.MEMBER)
    assert [part for part in result.letter.html if isinstance(part, Slot)] == [Slot.UNSUBSCRIBE_URL]
    page = html_of(result) + text_of(result)
    for words in ("Subscribers", "€150", "Thank you for reading", "registration", "/subscribe"):
        assert words not in page
    tree = tree_of(result)
    assert not tree.css(".button a")
    account = [link for link in tree.css("a") if link.text() == "Manage or cancel your subscription"]
    assert [link.attributes["href"] for link in account] == ["https://quay.example/account"]


@pytest.mark.parametrize("audience", Audience)
def test_an_edition_without_an_offer_shows_none_and_members_keep_their_account(audience: Audience) -> None:
    tree = tree_of(rendered(editions.offerless(editions.selection()), audience))
    assert not tree.css(".button a")
    assert ("https://quay.example/account" in links_of(tree, "a")) == (audience is Audience.MEMBER)


def test_the_unsubscribe_link_is_plain_and_escaped() -> None:
    result = rendered(editions.selection())
    assert links_of(tree_of(result), "a").count(VALUES[Slot.UNSUBSCRIBE_URL]) == 1
    assert "unsubscribe/k1.a&amp;b" in html_of(result)


def test_sponsored_stories_come_after_all_news_with_their_sponsor_and_rel() -> None:
    edition = editions.selection()
    moved = replace(edition, blocks=(edition.blocks[-1], *edition.blocks[:-1]))
    for selection in (edition, moved):
        tree = tree_of(rendered(selection))
        links = tree.css("h3 a")
        marked = [link.attributes.get("rel") == "sponsored" for link in links]
        assert marked == sorted(marked)
        assert sum(marked) == 12
        assert "Stakeholders' highlights · Paid content" in (tree.css_first(".paid").text() or "")
        for link in tree.css('a[rel="sponsored"]'):
            cell = link.parent.parent if link.parent else None
            sponsor = cell.css_first("p") if cell else None
            assert sponsor
            assert sponsor.text() in {sponsor for sponsor, _ in editions._SPONSORS}


def test_marks_of_a_story_stand_where_they_belong() -> None:
    edition = editions.selection()
    tree = tree_of(rendered(edition))
    cells = {
        link.text(): link.parent.parent.text()
        for link in tree.css("h3 a")
        if link.parent and link.parent.parent
    }
    assert cells["The mayor's three unanswered letters"].startswith("Opinion")
    assert cells["Wind farm vote moves to June"].startswith("Updated")
    assert (
        "Correction: An earlier version named"
        in cells["« Le fleuve n’attend pas » : Liège’s long wait for a lock"]
    )
    text = text_of(rendered(edition))
    assert "\nOpinion: The mayor's three unanswered letters\n" in text
    assert "\nWind farm vote moves to June\n[Updated]\n" in text


def test_a_lead_without_a_label_stands_under_its_section() -> None:
    lead = editions.story("Calm", teaser="Nothing.")
    assert "Politics" in texts(tree_of(rendered(editions.selection(lead=lead, blocks=()))), "p.accent")


def test_an_edition_may_have_no_lead_no_picture_no_note_and_no_authors() -> None:
    bare = editions.story("Alone", authors=(), minutes=0, access=Access.FREE)
    block = Block("politics", "Politics", SectionKind.EDITORIAL, (bare,))
    result = rendered(editions.selection(lead=None, blocks=(block,), preheader=""))
    tree = tree_of(result)
    assert texts(tree, "h3 a") == ["Alone"]
    assert not tree.css("img")
    assert "\nAlone\nhttps://quay.example/alone\n" in text_of(result)


def test_pictures_are_absolute_fitted_and_sized() -> None:
    images = tree_of(rendered(editions.selection())).css("img")
    found = [tuple(image.attributes[key] for key in ("src", "width", "height", "alt")) for image in images]
    alt = "Two tugs turn a grey freighter in front of the old customs house."
    media = "https://feeds.quay.example/media"
    assert found == [
        (f"{media}/quay-1200.jpg", "600", "400", alt),
        (f"{media}/ferry-600.jpg", "144", "96", alt),
        (f"{media}/binder-900.jpg", "108", "144", alt),
    ]


def test_a_picture_that_is_too_heavy_gives_way_to_a_lighter_size_or_to_none() -> None:
    heavy = Picture("media/heavy.jpg", 1200, 800, 300 * 1024 + 1)
    light = Picture("media/light.jpg", 600, 400, 300 * 1024)
    for sizes, shown in (((heavy, light), ["light"]), ((heavy,), [])):
        lead = editions.story("Lead", image=editions.picture(sizes=sizes))
        tree = tree_of(rendered(editions.selection(lead=lead, blocks=())))
        assert [Path(image.attributes["src"] or "").stem for image in tree.css("img")] == shown


def test_a_picture_without_alt_is_decoration_and_no_link() -> None:
    lead = editions.story("Lead", image=editions.picture(alt=""))
    image = tree_of(rendered(editions.selection(lead=lead, blocks=()))).css_first("img")
    assert image.attributes["alt"] in ("", None)
    assert image.parent
    assert image.parent.tag == "td"


def test_every_link_is_absolute() -> None:
    for audience in Audience:
        for link in links_of(tree_of(rendered(editions.selection(note=NOTE), audience)), "a"):
            assert link.startswith("https://")


def test_the_note_is_reduced_to_what_a_mail_shows_and_stays_whole() -> None:
    link = "<a href='https://a.example/?x=1&y=\"2\"' onclick=z>link</a>"
    hostile = f"<p>Un<b>closed<br>A <script>x()</script>{link}@@0@@"
    tree = tree_of(rendered(editions.selection(note=hostile)))
    note = tree.css_first(".note")
    assert note.css_first("p:not(.accent)").text() == "UnclosedA link@@0@@"
    assert not note.css("script")
    assert note.css_first("a").attributes == {"href": 'https://a.example/?x=1&y="2"'}
    assert tree.css_first("h1").text() == "The Quay"


@pytest.mark.parametrize("language", ["ar", "he"])
def test_a_language_from_right_to_left_turns_the_sheet(language: str) -> None:
    tree = tree_of(rendered(editions.selection(), language=language))
    assert tree.root
    assert tree.root.attributes["dir"] == "rtl"
    assert tree.root.attributes["lang"] == language
    cells = tree.css("td[align=left]")
    assert [cell for cell in cells if cell.css("h2, h3, .accent")] == []
    # The stories are English, and say so.
    assert {cell.attributes.get("dir") for cell in tree.css('td[lang="en"]')} == {"ltr"}


def test_words_in_a_readers_language_leave_the_sheet_in_the_newsletters() -> None:
    variant = Variant(Audience.FREE, language="ar")
    result = render(editions.selection(), variant, samples.newsroom(), samples.newsletter())
    tree = tree_of(result)
    assert tree.root
    assert (tree.root.attributes["lang"], tree.root.attributes["dir"]) == ("en", "ltr")
    assert "إلغاء الاشتراك في الرسالة" in texts(tree, "a")
    assert result.letter.language == "ar"


def test_the_same_input_gives_the_same_bytes() -> None:
    one, other = rendered(editions.selection()), rendered(editions.selection())
    assert one == other
    assert one.letter.digest == other.letter.digest
    assert one.letter.digest != rendered(editions.selection(subject="Another")).letter.digest


def big(blocks: int, stories: int, **fields: typing.Any) -> Selection:
    long = "The first sentence says what happened on the quay last night. " + "More words follow it. " * 7
    return editions.selection(
        blocks=tuple(
            Block(f"s{number}", f"Section {number}", SectionKind.EDITORIAL, tuple(
                editions.story(f"Story {number}-{at} of a very long night", "Analysis", long, **fields)
                for at in range(stories)
            ))
            for number in range(blocks)
        ) + editions.selection().blocks[3:]
    )  # fmt: skip


def test_the_sample_edition_is_well_under_the_size() -> None:
    assert all(rendered(editions.selection(), audience).html_bytes < 60_000 for audience in Audience)


@pytest.mark.parametrize(
    ("blocks", "stories", "said"),
    [
        (5, 13, [r"Section 4: \d+ stories shortened to one sentence"]),
        (5, 22, [r"Section 4: 22 stories shown as a headline alone"]),
        (10, 60, ["Latest: 6 stories left out for room", "Stakeholders' highlights: 12 stories left out for room"]),
    ],
)
def test_a_big_edition_is_brought_under_the_size_and_says_how(
    blocks: int, stories: int, said: list[str]
) -> None:
    result = rendered(big(blocks, stories))
    assert result.html_bytes <= LIMIT
    assert len(html_of(result).encode()) <= LIMIT
    for line in said:
        assert any(re.fullmatch(line, found) for found in result.shortened)
    tree = tree_of(result)
    assert VALUES[Slot.UNSUBSCRIBE_URL] in links_of(tree, "a")
    assert "Graslei" in (tree.body.text() if tree.body else "")
    assert texts(tree, "h2 a") == ["Who pays for the storm barrier: the annex nobody was meant to see"]
    # The text part has the same stories.
    shown = links_of(tree, "h2 a, h3 a")
    assert [line for line in text_of(result).splitlines() if line in set(shown)] == shown


def test_only_as_much_is_shortened_as_has_to_be() -> None:
    result = rendered(big(5, 12))
    first = tree_of(result).css("h3")[0].parent
    assert first
    assert "More words follow it." in first.text()
    assert result.html_bytes > LIMIT - 2_000


def test_what_cannot_be_made_to_fit_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RenderError, match=r"daily of 2026-03-10: over 90 KB.*shorten the editor's note"):
        rendered(editions.selection(note="<p>" + "word " * 20_000 + "</p>"))


def test_a_corrupt_look_is_refused_before_anything_is_drawn() -> None:
    room = samples.newsroom(look=Look(accent="red"))
    with pytest.raises(Exception, match=r"look\.accent"):
        render(editions.selection(), Variant(Audience.FREE), room, samples.newsletter(at=time(7)))


def test_the_mjml_source_holds_every_word_of_the_mail() -> None:
    mjml = source(editions.selection(), Variant(Audience.FREE), samples.newsroom(), samples.newsletter())
    assert "@@" not in mjml
    assert "Łódź to Tromsø by rail &amp; sea" in mjml


def test_nothing_that_is_rendered_can_hold_a_body() -> None:
    """From what `render` is handed no way leads to an article or its body: a leak would be a type error."""
    seen: set[object] = set()
    waiting: list[object] = [Selection, Variant, Newsroom, Newsletter]
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        waiting.extend(typing.get_args(kind))
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            waiting.extend(typing.get_type_hints(kind).values())
    assert Teaser in seen
    assert not seen & {Article, Body, Booking}
