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
from newsletter.corrections import MOST_LINES, Box
from newsletter.desk.editing import note_of
from newsletter.edition import Block, Selection
from newsletter.rendering.budget import LIMIT
from newsletter.rendering.letter import Slot, filled
from newsletter.rendering.lines import width
from newsletter.rendering.phrases import Phrases, phrases
from newsletter.rendering.render import Rendered, render, source
from newsletter.variant import Audience, Variant
from newsroom.errors import RenderError
from newsroom.masthead import Archive, Look, Newsletter, Newsroom, SectionKind
from tests import samples
from tests.newsletter import editions

GOLDEN = Path(__file__).parent / "golden"
VALUES = {
    Slot.UNSUBSCRIBE_URL: "https://feeds.quay.example/unsubscribe/k1.a&b",
    Slot.PREFERENCES_URL: "https://feeds.quay.example/preferences/k1.cdefgh",
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


def test_no_line_of_the_text_part_begins_or_ends_with_a_separator() -> None:
    authors = ("Anneke van der Linden-Verhoeven", "Bartholomeus Oudenaarde")
    news = editions.story("Ferry", "Feature", "It is back.", authors=authors)
    lines = text_of(rendered(editions.selection(lead=news, blocks=()))).splitlines()
    at = lines.index("Feature · Anneke van der Linden-Verhoeven and Bartholomeus Oudenaarde")
    assert lines[at + 1] == "5 min read · Subscribers"


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
    for words in ("Thank you for reading.", "Try it free for 30 days.", "€150 a year ·\u00a0€15 a month"):
        assert words in text
    assert "https://quay.example/account" not in links_of(tree, "a")


def test_trial_readers_see_their_days_and_no_lock_and_are_not_told_to_start_a_trial() -> None:
    result = rendered(editions.selection(), Audience.TRIAL)
    assert [part for part in result.letter.html if isinstance(part, Slot)] == [
        Slot.TRIAL,
        Slot.PREFERENCES_URL,
        Slot.UNSUBSCRIBE_URL,
    ]
    assert [part for part in result.letter.text if isinstance(part, Slot)] == [
        Slot.TRIAL,
        Slot.PREFERENCES_URL,
        Slot.UNSUBSCRIBE_URL,
    ]
    page = html_of(result) + text_of(result)
    assert VALUES[Slot.TRIAL] in page
    for words in ("Subscribers", "Try it free", "Start your trial", "registration"):
        assert words not in page
    assert texts(tree_of(result), ".button a") == ["Subscribe"]


def test_members_see_no_offer_and_no_lock_but_the_way_to_their_account() -> None:
    result = rendered(editions.selection(), Audience.MEMBER)
    assert [part for part in result.letter.html if isinstance(part, Slot)] == [
        Slot.PREFERENCES_URL,
        Slot.UNSUBSCRIBE_URL,
    ]
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
        assert "Stakeholders' highlights ·\u00a0Paid content" in (tree.css_first(".paid").text() or "")
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


def test_headings_and_quotes_of_a_note_are_so_in_both_parts() -> None:
    long = "a word " * 14
    note = note_of(f"# Good morning\n\n> {long}\n\nAnd *on*.")
    made = rendered(editions.selection(note=note))
    cell = tree_of(made).css_first(".note")
    assert cell.css_first("p b").text() == "Good morning"
    assert cell.css_first("blockquote p").text() == long.strip()
    # The mail's own headings are its stories'.
    assert not cell.css("h1, h2, h3")
    line = "a word a word a word a word a word a word a word a word a word a word"
    text = text_of(made)
    assert f"Good morning\n\n> {line}\n> a word a word a word a word\n\nAnd on." in text


def test_a_notes_lists_keep_their_numbers_in_the_text_part() -> None:
    long = "a word " * 14
    note = note_of(f"Three:\n\n1. {long}\n2. Two\n\nAnd:\n\n- A\n- B\n\n> - Q\n\n1. Again\n   - below\n")
    line = "a word a word a word a word a word a word a word a word a word a word"
    text = text_of(rendered(editions.selection(note=note)))
    assert f"\nThree:\n1. {line}\n   a word a word a word a word\n2. Two\n\nAnd:\n- A\n- B\n" in text
    assert "\n\n> - Q\n\n1. Again\n   - below\n" in text
    assert not {"\x1d", "\x1e"} & set(text)


@pytest.mark.parametrize(
    ("language", "headline", "teaser"),
    [("ar", "عودة العبّارة", "قال المجلس لا شيء."), ("he", "המעבורת חוזרת", "המועצה לא אמרה דבר.")],
)
def test_a_language_from_right_to_left_turns_the_sheet(language: str, headline: str, teaser: str) -> None:
    local = editions.story(headline, teaser=teaser, language=language)
    block = Block("politics", "Politics", SectionKind.EDITORIAL, (local,))
    edition = editions.selection()
    tree = tree_of(rendered(replace(edition, blocks=(block, *edition.blocks)), language=language))
    assert tongue_of(tree.root) == (language, "rtl")
    assert {cell.attributes["align"] for cell in tree.css("td.line[colspan]") if cell.css("h2")} == {"right"}
    # The offer is English too, in the middle.
    assert {cell.attributes["align"] for cell in tree.css('td[lang="en"]')} == {"left", "center"}
    for cell in tree.css('td[lang="en"]'):
        # The stories are English, and say so; what Standfirst says beside them is not.
        assert cell.attributes["dir"] == "ltr"
        assert {tongue_of(meta) for meta in cell.css("p.soft") if "·" in meta.text()} <= {(language, "rtl")}
    cell = next(link for link in tree.css("h3 a") if link.text() == headline).parent.parent  # type: ignore[union-attr]
    assert cell
    assert (cell.attributes["align"], *tongue_of(cell)) == ("right", None, None)


def test_a_story_is_written_as_its_letters_are_whatever_language_it_says() -> None:
    stories = (
        editions.story("عودة العبّارة", teaser="قال المجلس."),
        editions.story("The bridge", teaser="Closed.", language="ar"),
        editions.story("عودة Nele de Wit", teaser="قال المجلس.", language="ar"),
    )
    block = Block("politics", "Politics", SectionKind.EDITORIAL, stories)
    box = (replace(editions.CORRECTED[0], headline="عودة العبّارة", words="فتح الجسر يوم الاثنين."),)
    variant = Variant(Audience.MEMBER, "", corrections=box)
    edition = editions.selection(blocks=(block,))
    tree = tree_of(render(edition, variant, samples.newsroom(), samples.newsletter()))
    found = {story.teaser.headline: story.teaser for story in stories}
    sides = {
        link.text(): (cell.attributes["align"], *tongue_of(cell))
        for cell in tree.css("td[colspan]")
        for link in cell.css("h3 a")
        if link.text() in found
    }
    assert sides == {
        "عودة العبّارة": ("right", None, "rtl"),
        "The bridge": ("left", "ar", None),
        "عودة Nele de Wit": ("right", "ar", "rtl"),
    }
    told = tree.css_first("div.ink")
    assert (told.attributes["align"], *tongue_of(told)) == ("right", None, "rtl")


def tongue_of(node: typing.Any) -> tuple[str | None, str | None]:
    return node.attributes.get("lang"), node.attributes.get("dir")


def spoken_in(node: typing.Any) -> tuple[str, str]:
    """The language and direction that hold inside of a node: its own, or those of what is around it."""
    found: dict[str, str] = {}
    while node is not None and node.tag != "-undef":
        for key in ("lang", "dir"):
            if node.attributes.get(key):
                found.setdefault(key, node.attributes[key])
        node = node.parent
    return found["lang"], found["dir"]


OURS, OWN = "Standfirst's words", "the newsroom's words"


def voices(tree: LexborHTMLParser, words: Phrases) -> dict[str, set[tuple[str, str]]]:
    """In which language and direction Standfirst's words and the newsroom's are."""
    ours = [
        *(
            link
            for link in tree.css("a")
            if link.text() in {words.unsubscribe, words.feeds, words.terms, words.log_in}
        ),
        *(node for node in tree.css("p.soft") if words.subscribers in node.text()),
        *(node for node in tree.css("span") if node.text() in {words.updated, words.paid_content}),
        *(node for node in tree.css("b") if node.text().startswith(words.correction)),
        *(node for node in tree.css("p.accent") if node.text() == words.editors),
    ]
    assert len(ours) > 12
    own = [*tree.css("h1, h2, h3, td.ink > p:not(.accent):not(.soft):not(.line)"), *tree.css("td.soft i")]
    assert len(own) > 30
    return {OURS: set(map(spoken_in, ours)), OWN: set(map(spoken_in, own))}


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("nl", ("nl", "ltr")), ("ar", ("ar", "rtl")), ("de-at", ("de-at", "ltr")), ("", ("en", "ltr")),
     # No words of these: Standfirst speaks its fallback, which is the newsletter's language here.
     ("pl", ("en", "ltr")), ("fa", ("en", "ltr"))],
)  # fmt: skip
@pytest.mark.parametrize("audience", [Audience.FREE, Audience.TRIAL])
def test_a_mail_in_a_readers_language_says_what_is_in_which(
    wanted: str, spoken: tuple[str, str], audience: Audience
) -> None:
    result = render(
        editions.selection(note=NOTE), Variant(audience, wanted), samples.newsroom(), samples.newsletter()
    )
    tree = tree_of(result)
    assert tongue_of(tree.root) == spoken
    words = phrases(wanted)
    if audience is Audience.FREE:
        assert voices(tree, words) == {OURS: {spoken}, OWN: {("en", "ltr")}}
    else:
        trial = next(node for node in tree.css("p") if node.text() == VALUES[Slot.TRIAL])
        assert spoken_in(trial) == spoken
    day = next(node for node in tree.css("span") if node.text() == words.day(editions.selection().local_date))
    assert spoken_in(day)[0].partition("-")[0] == (wanted.partition("-")[0] or "en")
    assert result.letter.language == (wanted or "en")


def test_a_newsletter_without_words_of_its_own_language_still_says_it() -> None:
    tree = tree_of(rendered(editions.selection(), language="pl"))
    assert tongue_of(tree.root) == ("pl", "ltr")


def test_an_arabic_story_in_an_english_mail_stands_on_its_own_side_and_its_meta_line_does_not() -> None:
    arabic = editions.story(
        "عودة العبّارة", "", "قال المجلس.", language="ar", authors=("ليلى حداد",), minutes=1
    )
    block = Block("politics", "Politics", SectionKind.EDITORIAL, (arabic, editions.story("Bridge")))
    tree = tree_of(rendered(editions.selection(lead=None, blocks=(block,))))
    cell, english = (link.parent.parent for link in tree.css("h3 a") if link.parent)
    assert cell
    assert english
    assert (cell.attributes["align"], *tongue_of(cell)) == ("right", "ar", "rtl")
    assert (english.attributes["align"], *tongue_of(english)) == ("left", None, None)
    meta = cell.css_first("p.soft")
    assert tongue_of(meta) == ("en", "ltr")
    assert meta.text().startswith("ليلى حداد\u200e ·\u00a01 min read")
    assert tongue_of(meta.css_first("span")) == (None, "rtl")


def test_in_an_arabic_mail_a_latin_headline_that_says_no_language_leaves_its_meta_line_arabic() -> None:
    latin = editions.story(
        "Night ferry returns",
        "",
        "It is back.",
        language="ar",
        authors=("Nele Test",),
        minutes=1,
        is_update=True,
    )
    block = Block("politics", "Politics", SectionKind.EDITORIAL, (latin,))
    tree = tree_of(rendered(editions.selection(lead=None, blocks=(block,)), language="ar"))
    cell = tree.css("h3 a")[0].parent.parent
    assert (cell.attributes["align"], *tongue_of(cell)) == ("left", None, "ltr")
    # A mark of the other direction in a line that runs from left to right would glue its words together.
    meta = cell.css_first("p.soft")
    assert tongue_of(meta) == (None, "rtl")
    assert meta.text().startswith("Nele Test\u200f ·\u00a0")
    assert tongue_of(cell.css_first("p.accent span")) == (None, "rtl")


def test_names_that_run_the_other_way_are_kept_apart_in_both_parts() -> None:
    story = editions.story("Ferry", teaser="It is back.", authors=("سلمى حداد", "Nele"), minutes=3)
    for language, name, mark in (("en", "سلمى حداد", "\u200e"), ("ar", "Nele", "\u200f")):
        result = rendered(editions.selection(lead=story, blocks=()), language=language)
        own = "rtl" if language == "en" else "ltr"
        assert f'<span dir="{own}">{name}</span>{mark}' in html_of(result)
        assert len(tree_of(result).css("p.soft > span[dir]")) == 1
        assert f"\u2068{name}\u2069" in text_of(result)
        assert "\u2068" not in html_of(result)
    sponsored = (editions.story("Oysters", sponsor="شركة المحار"),)
    block = Block("partners", "Highlights", SectionKind.SPONSORED, sponsored)
    news = editions.selection().blocks[0]
    assert "\n\u2068شركة المحار\u2069: Oysters\n" in text_of(
        rendered(editions.selection(blocks=(news, block)))
    )


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
        (
            10,
            60,
            ["Latest: 6 stories left out for room", "Stakeholders' highlights: 12 stories left out for room"],
        ),
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


def _told(box: Box = editions.CORRECTED, language: str = "", newsletter: str = "en") -> Rendered:
    variant = Variant(Audience.MEMBER, language, corrections=box)
    return render(editions.selection(), variant, samples.newsroom(), samples.newsletter(language=newsletter))


def test_a_box_on_top_says_what_was_wrong_and_when() -> None:
    tree, text = tree_of(_told()), text_of(_told())
    first, second = tree.css("td.line div")
    assert texts(tree, "h2")[0] == "Corrections"
    assert first.text().split("\n")[0].startswith("The cycle street")
    assert [one.text() for one in first.css("p")] == [
        "The average is 870 <b>.",
        "Wrong in our edition of March 9, 2026",
    ]
    assert [one.text() for one in second.css("p")] == [
        "Nordvik & Sons ·\xa0Paid content",
        "It opens on Monday.",
        "Wrong in The Quay on Sunday of March 8, 2026",
    ]
    assert second.attributes["lang"] == "de"
    links = [(link.attributes["href"], link.attributes.get("rel")) for link in tree.css("td.line div a")]
    assert links == [("https://q.example/a", None), ("https://q.example/b", "sponsored")]
    before, _, after = text.partition("CORRECTIONS\n===========\n")
    assert "THE QUAY" in before
    assert after.strip().startswith(
        "The cycle street\nThe average is 870 <b>.\nWrong in our edition of March 9, 2026\nhttps://q.example/a\n\n"
        "Nordvik & Sons: Night trains\nPaid content\nIt opens on Monday."
    )


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("de", "Berichtigung", "Falsch in der Ausgabe vom 9. März 2026"),
        ("fr", "Rectificatif", "Erreur dans l’édition du 9 mars 2026"),
        ("es", "Corrección", "Error en la edición del 9 de marzo de 2026"),
        ("nl", "Rechtzetting", "Fout in de editie van 9 maart 2026"),
        ("ar", "تصحيح", "ورد الخطأ في عدد 9 مارس 2026"),
        ("pl", "Correction", "Wrong in our edition of March 9, 2026"),
    ],
)
def test_the_box_speaks_the_readers_language(language: str, title: str, said: str) -> None:
    tree = tree_of(_told(editions.CORRECTED[:1], language))
    assert texts(tree, "h2")[0] == title
    assert said in texts(tree, "td.line div p")


def test_a_long_correction_is_cut_and_a_full_box_stays_within_the_size() -> None:
    box = tuple(
        replace(editions.CORRECTED[0], words="Number by number. " * 400, article_id=str(n))
        for n in range(MOST_LINES)
    )
    assert _told(box).html_bytes - _told(()).html_bytes < 6 * 1024
    assert len(texts(tree_of(_told(box)), "td.line div p")[0]) <= 400


@pytest.mark.parametrize(("archive", "count"), [(Archive.EVERYONE, 1), (Archive.NOBODY, 0)])
def test_the_mail_leads_to_its_web_version_where_there_is_one(archive: Archive, count: int) -> None:
    result = rendered(editions.selection(), archive=archive)
    address = f"https://feeds.quay.example/archive/daily-{editions.selection().local_date}"
    assert links_of(tree_of(result), "a").count(address) == count
    assert text_of(result).count(f"Web version:\n{address}\n") == count
