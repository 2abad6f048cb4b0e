"""What editors are told on top of a preview."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from selectolax.lexbor import LexborHTMLParser

from newsletter.desk.briefing import Briefing, Found, briefing, period, when
from newsletter.desk.changes import Told
from newsletter.edition import BY_HAND, Block, Edition, EditionState, LeftOut, Story
from newsletter.left_out import Why
from newsletter.letters.personal import words_of
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant
from newsroom.masthead import SectionKind
from readership.reader import Plan
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, selection

ZONE = ZoneInfo("Europe/Brussels")
URL = "https://digest.quay.example/edition/x"


def told(language: str = "en", **changes: Any) -> Briefing:
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW)
    found = Found(edition, selection(), (), {}, {Plan.FREE: 2}, **changes)
    return briefing(
        found,
        words_of("preview", language),
        words_of("left_out", language),
        Locale.parse(language),
        ZONE,
        URL,
    )


def test_what_the_provider_keeps_is_said_to_be_in_mailboxes_later() -> None:
    plain, kept = told(), told(delay=timedelta(minutes=20))
    assert plain.heading.startswith("Goes out on ")
    assert kept.heading.startswith("Handed over on ")
    assert "in mailboxes from 1:20" in kept.heading.replace("\u202f", " ")
    assert "until SendGrid sends it" in kept.until
    # On another day the day is said too.
    assert "in mailboxes from Wednesday" in told(delay=timedelta(hours=30)).heading


@pytest.mark.parametrize(
    ("language", "minutes", "said"),
    [("en", 20, "20 minutes"), ("en", 90, "90 minutes"), ("en", 60, "1 hour"), ("de", 120, "2 Stunden")],
)
def test_how_long_is_said_as_it_is(language: str, minutes: int, said: str) -> None:
    assert period(timedelta(minutes=minutes), Locale.parse(language)) == said


@pytest.mark.parametrize(
    ("language", "joined"), [("en", "a@x and b@x"), ("ar", "a@x وb@x"), ("de", "a@x und b@x")]
)
def test_editors_are_joined_as_the_language_joins(language: str, joined: str) -> None:
    assert joined in told(language, changed_by=("a@x", "b@x")).note
    assert "a@x, b@x" not in told(language, changed_by=("a@x", "b@x", "c@x")).note or language != "ar"


def test_no_moment_in_arabic_has_a_latin_comma() -> None:
    heading = told("ar", delay=timedelta(hours=30)).heading
    assert "،" in heading and "," not in heading


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Politics is full: 3 of 3"),
        ("de", "Politics ist voll: 3 von 3"),
        ("nl", "Politics is vol: 3 van 3"),
    ],
)
def test_why_a_story_was_left_out_is_said_in_the_mails_language(language: str, said: str) -> None:
    quarry = samples.teaser("quarry")
    left = LeftOut(quarry.id, Why.FULL, ("Politics", 3), for_room=True)
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW)
    found = Found(edition, selection(), (left,), {quarry.id: quarry}, {Plan.FREE: 2})
    words, reasons = words_of("preview", language), words_of("left_out", language)
    box = briefing(found, words, reasons, Locale.parse(language), ZONE, URL)
    assert box.left_out == (("The quarry reopens", said),)
    paper = samples.newsletter(language=language)
    letter = render(selection(), Variant(Audience.FREE), samples.newsroom(), paper, briefing=box).letter
    assert all(said in str(part) for part in ("".join(map(str, letter.html)), "".join(map(str, letter.text))))


@pytest.mark.parametrize(
    ("language", "held", "said"),
    [
        ("en", BY_HAND, "Held: by hand"),
        ("de", BY_HAND, "Angehalten: von Hand"),
        ("de", "too early", "Angehalten: too early"),
    ],
)
def test_that_it_is_held_by_hand_is_said_in_the_mails_language(language: str, held: str, said: str) -> None:
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW, held=held)
    assert when(edition, words_of("preview", language), Locale.parse(language), ZONE) == said


def test_what_is_paid_for_is_called_so_in_the_list() -> None:
    story = Story(samples.teaser("lock", sections=("partners",), sponsor="Port of Ghent"))
    block = Block("partners", "Highlights", SectionKind.SPONSORED, (story,))
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW)
    made = selection()
    found = Found(edition, replace(made, blocks=(*made.blocks, block)), (), {}, {})
    words = words_of("preview", "en")
    last = briefing(found, words, {}, Locale("en"), ZONE, URL).sections[-1]
    assert last == ("Highlights", (("Paid content, Port of Ghent: The lock reopens", ""),))


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "comes out at 1:10\u202fPM"), ("de", "erscheint um 13:10"), ("ar", "يُنشر في 1:10 م")],
)
def test_what_is_still_kept_says_when_it_comes_out(language: str, said: str) -> None:
    later = NOW + timedelta(minutes=10)
    kept = replace(samples.teaser("lock"), published=later)
    made = selection()
    block = Block("harbour", "Harbour", SectionKind.EDITORIAL, (Story(kept),))
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW)
    known = Found(edition, replace(made, blocks=(*made.blocks, block)), (), {}, {}, now=NOW)
    box = briefing(known, words_of("preview", language), {}, Locale(language), ZONE, URL)
    assert [time for _, lines in box.sections for _, time in lines if time] == [said]
    paper = samples.newsletter(language=language)
    letter = render(made, Variant(Audience.FREE), samples.newsroom(), paper, briefing=box).letter
    assert f"The lock reopens ({said})" in "".join(map(str, letter.text)).replace("\u2068", "").replace(
        "\u2069", ""
    )
    html = LexborHTMLParser("".join(map(str, letter.html)))
    (line,) = (one for one in html.css("p") if "The lock reopens" in one.text())
    assert line.text().replace("\u200f", "") == f"The lock reopens ({said})"
    # Once it is out, nothing is said.
    out = briefing(replace(known, now=later), words_of("preview", language), {}, Locale(language), ZONE, URL)
    assert not any(time for _, lines in out.sections for _, time in lines)


def test_a_list_of_headlines_has_a_line_each_in_plain_text_and_none_looks_like_two() -> None:
    long = "word " * 20
    changes = (Told("Out:", (f"{long}end", "B", "and 9 more")), Told(f"In: {long}end"))
    box = replace(told(), note="Changed.", changes=changes)
    letter = render(
        selection(), Variant(Audience.FREE), samples.newsroom(), samples.newsletter(), briefing=box
    )
    text = "".join(map(str, letter.letter.text))
    listed = text.partition("Changed.\n")[2].partition("\n\n")[0].split("\n")
    assert [line[:4] for line in listed] == ["- Ou", "  - ", "    ", "  - ", "  - ", "- In", "  wo"]
    html = "".join(map(str, letter.letter.html))
    assert "end ·\u00a0B ·\u00a0and 9 more</p>" in html


@pytest.mark.parametrize("language", ["en", "ar"])
def test_that_it_is_not_to_be_forwarded_comes_before_the_list(language: str) -> None:
    box = told(language)
    paper = samples.newsletter(language=language)
    letter = render(selection(), Variant(Audience.FREE), samples.newsroom(), paper, briefing=box).letter
    for part in (letter.html, letter.text):
        whole = " ".join("".join(map(str, part)).split())
        assert whole.index(box.secret[:20]) < whole.index(box.facts[0][0])
