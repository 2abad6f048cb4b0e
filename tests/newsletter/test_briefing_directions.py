"""What editors are told on top of a preview, where headlines run the other way than the words around them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from selectolax.lexbor import LexborHTMLParser

from newsletter.desk.briefing import Briefing, Found, briefing
from newsletter.desk.changes import Told
from newsletter.desk.previews import Due, letter
from newsletter.edition import Block, Edition, EditionState, LeftOut, Selection
from newsletter.left_out import Why
from newsletter.letters.personal import words_of
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant
from newsroom.masthead import SectionKind
from readership.reader import Plan
from tests import samples
from tests.newsletter import editions
from tests.newsletter.delivering import DAY, KEY, NOW
from tests.newsletter.test_render import html_of, text_of
from tests.web.serving import settings

ZONE = ZoneInfo("Europe/Brussels")
MIXED = "ليلى reads: “A harbour”"
HERONS, MAYOR = "118 herons, one on the roof", "212 letters to the mayor cost € 1.40 each"


def chosen(**changes: Any) -> Selection:
    news = (editions.story(MIXED), editions.story("الجسر", language="ar"))
    paid = (editions.story("“We bought it”: loans", sponsor="Bank 24"),)
    blocks = (
        Block("work", "Work & money!", SectionKind.EDITORIAL, news),
        Block("partners", "Highlights", SectionKind.SPONSORED, paid),
    )
    made = editions.selection(lead=editions.story(HERONS), blocks=blocks, subject=HERONS, preheader="")
    return replace(made, **changes)


def found(selection: Selection, **changes: Any) -> Found:
    quarry = editions.story(MAYOR).teaser
    left = LeftOut(quarry.id, Why.FULL, ("Work 2", 3), for_room=True)
    edition = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW)
    return Found(edition, selection, (left,), {quarry.id: quarry}, {Plan.FREE: 2}, **changes)


def told(language: str, selection: Selection, **changes: Any) -> Briefing:
    words, reasons = words_of("preview", language), words_of("left_out", language)
    known = found(selection, **changes)
    return briefing(known, words, reasons, Locale.parse(language), ZONE, "https://digest.quay.example/x")


def apart(text: str) -> str:
    return f"\u2068{text}\u2069"


def test_every_headline_is_kept_apart_and_runs_as_its_article_does() -> None:
    box = told("ar", chosen())
    assert box.facts[0][1] == apart(HERONS)
    (_, lead), (title, news), (_, paid) = box.sections
    assert (lead, title) == (((apart(HERONS), ""),), apart("Work & money!"))
    assert news == ((apart(f"\u200e{MIXED}"), ""), ("الجسر", ""))
    assert paid == ((f"محتوى مدفوع، {apart('Bank 24')}: {apart('“We bought it”: loans')}", ""),)
    assert box.left_out[0][0] == apart(MAYOR.replace("€ ", "€\u00a0"))
    english = told("en", chosen())
    assert english.sections[1] == (
        "Work & money!",
        ((apart(f"\u200e{MIXED}"), ""), (apart("الجسر"), "")),
    )
    assert english.facts[0][1] == HERONS


def test_what_changed_is_told_with_headlines_apart() -> None:
    before = chosen(lead=None, blocks=(), subject="Before 7")
    changes = told("ar", chosen(), before=before, changed_by=("ana",)).changes
    assert changes[:2] == (
        Told(f"الموضوع: «{apart(HERONS)}» بدلًا من «{apart('Before 7')}»"),
        Told(f"الخبر الرئيسي: «{apart(HERONS)}»"),
    )
    assert apart(chr(0x200E) + MIXED) in changes[2].stories


@pytest.mark.parametrize(
    ("language", "direction", "mark"), [("ar", "ltr", "\u200f"), ("en", "rtl", "\u200e")]
)
def test_the_mail_shows_them_so(language: str, direction: str, mark: str) -> None:
    box = told(language, chosen())
    paper = samples.newsletter(language=language)
    made = render(chosen(), Variant(Audience.FREE), samples.newsroom(), paper, briefing=box)
    # Until the digest begins.
    html = html_of(made).partition("<h1")[0]
    headline = HERONS if language == "ar" else "الجسر"
    assert f'<span dir="{direction}">{headline}</span>{mark}</p>' in html
    assert "\u2068" not in html
    lists = [node.text() for node in LexborHTMLParser(html).css("p")]
    assert any("Bank 24" in line and "We bought it" in line for line in lists)
    # An isolate is one for a line alone too: each is in a sentence, or after a mark of the list's.
    assert f"- {apart(headline)}\n" in text_of(made)


def test_the_subject_in_its_own_subject_is_kept_apart(tmp_path: Path) -> None:
    paper = samples.newsletter(language="ar")
    known = found(chosen())
    due = Due(known.edition, paper, "nele@quay.example", "key")
    assert letter(settings(tmp_path, newsletters=(paper,)), due, known).subject == f"معاينة: {apart(HERONS)}"
