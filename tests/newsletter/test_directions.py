"""What the newsroom wrote runs its own way in a mail whose words run the other one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from newsletter.edition import Block, Selection
from newsletter.rendering.render import Rendered, render
from newsletter.variant import Audience, Variant
from newsroom.masthead import Offer, SectionKind
from tests import samples
from tests.newsletter import editions
from tests.newsletter.test_render import html_of, spoken_in, text_of, texts, tongue_of, tree_of

ARABIC_OFFER = Offer(
    thanks="شكرًا لك.", price_year="€120 سنويًا", button="اشترك", subscribe_url="https://quay.example/s"
)


def rendered(
    selection: Selection | None = None,
    *,
    language: str = "ar",
    newsroom: str = "en-GB",
    wanted: str = "",
    **newsletter: Any,
) -> Rendered:
    """The free readers' mail of an Arabic newsletter in an English newsroom."""
    return render(
        selection or editions.selection(),
        Variant(Audience.FREE, wanted),
        samples.newsroom(language=newsroom),
        samples.newsletter(language=language, **newsletter),
    )


def holding(tree: LexborHTMLParser, selector: str, text: str) -> Any:
    return next(node for node in tree.css(selector) if text in node.text())


@pytest.mark.parametrize(
    ("language", "newsroom", "offer", "spoken"),
    [
        ("ar", "en-GB", editions.OFFER, ("en-GB", "ltr")),
        ("de", "en-GB", editions.OFFER, ("en-GB", "ltr")),
        ("en", "ar", ARABIC_OFFER, ("ar", "rtl")),
        # Its letters say how it runs, and nobody says its language.
        ("ar", "ar", editions.OFFER, ("ar", "ltr")),
        ("ar", "ar", ARABIC_OFFER, ("ar", "rtl")),
    ],
)
def test_the_offer_speaks_the_newsrooms_language_and_runs_as_it_does(
    language: str, newsroom: str, offer: Offer, spoken: tuple[str, str]
) -> None:
    tree = tree_of(rendered(editions.selection(offer=offer), language=language, newsroom=newsroom))
    assert spoken_in(holding(tree, "h2", offer.thanks)) == spoken
    assert spoken_in(holding(tree, "p", offer.price_year)) == spoken
    button = tree.css_first(".button a")
    assert button.text() == offer.button
    assert spoken_in(button.css_first("span") or button) == spoken


def test_standfirsts_words_beside_the_offer_stay_the_mails() -> None:
    tree = tree_of(rendered())
    assert spoken_in(holding(tree, "a", "الشروط")) == ("ar", "rtl")
    assert spoken_in(holding(tree, "p", "سجّل الدخول")) == ("ar", "rtl")
    bare = editions.selection(offer=replace(editions.OFFER, button=""))
    assert spoken_in(holding(tree_of(rendered(bare)), ".button a", "اشترك")) == ("ar", "rtl")


@pytest.mark.parametrize(
    ("note", "language", "side", "direction"),
    [
        ("<p>Three things: read on.</p>", "ar", "left", "ltr"),
        ("<p>صباح الخير</p>", "ar", "right", None),
        ("<p>صباح الخير</p>", "en", "right", "rtl"),
        # An element's name is no word of it.
        ("<p>١٢٣</p>", "ar", "right", None),
    ],
)
def test_a_note_stands_on_the_side_of_its_letters(
    note: str, language: str, side: str, direction: str | None
) -> None:
    tree = tree_of(rendered(editions.selection(note=note), language=language))
    cell = tree.css_first("td.note")
    assert (cell.attributes["align"], *tongue_of(cell)) == (side, None, direction)
    label = cell.css_first("p.accent")
    assert spoken_in(label) == (language, "rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize(
    ("text", "is_slanted"), [("Photo: Nele", True), ("تصوير: ليلى", False), ("Photo: ليلى", False)]
)
def test_a_credit_is_slanted_where_its_letters_have_a_slant(text: str, is_slanted: bool) -> None:
    image = editions.picture(alt=text, credit=text)
    block = Block("city", "City", SectionKind.EDITORIAL, (editions.story("Two", teaser="So.", image=image),))
    made = editions.selection(lead=editions.story("One", image=image), blocks=(block,))
    tree = tree_of(rendered(made, language="en"))
    assert [one.text() for one in tree.css("td.soft i")] == ([text] * 2 if is_slanted else [])
    picture = tree.css_first('td[style^="padding:20px 0 0"]').attributes["style"] or ""
    assert ("italic" in picture) is is_slanted


def test_a_section_is_in_capitals_where_its_letters_have_some() -> None:
    story = editions.story("عودة العبّارة", language="ar")
    titles = {"Work & money!": ("ltr", True), "ثقافة": (None, False)}
    blocks = tuple(Block(title, title, SectionKind.EDITORIAL, (story,)) for title in titles)
    paid = Block("partners", "Highlights", SectionKind.SPONSORED, (editions.story("Sale", sponsor="Port"),))
    tree = tree_of(rendered(editions.selection(blocks=(*blocks, paid))))
    found = {
        node.text(): (node.attributes.get("dir"), "uppercase" in (node.attributes["style"] or ""))
        for node in tree.css("h2")
    }
    for title, expected in {**titles, "Highlights": ("ltr", True)}.items():
        assert found[title] == expected
    english = tree_of(rendered(editions.selection(blocks=blocks), language="en"))
    assert tongue_of(holding(english, "h2", "ثقافة")) == (None, "rtl")


def test_names_and_the_address_run_as_their_letters_do() -> None:
    tree = tree_of(rendered(title="The Quay!", postal_address="The Quay\n9000 Ghent"))
    assert spoken_in(holding(tree, "h1", "The Quay")) == ("ar", "ltr")
    assert spoken_in(holding(tree, "b", "The Quay!")) == ("ar", "ltr")
    assert spoken_in(holding(tree, "p", "9000 Ghent")) == ("ar", "ltr")
    own = tree_of(rendered(postal_address="الرصيف 9"))
    assert spoken_in(holding(own, "p", "الرصيف 9")) == ("ar", "rtl")


def test_a_title_in_a_sentence_is_kept_apart_where_it_runs_the_other_way() -> None:
    result = rendered(title="Quay 24")
    assert "«\u2068Quay 24\u2069»" in text_of(result)
    assert '«<span dir="ltr">Quay 24</span>\u200f»' in html_of(result)
    assert "signed up for Quay 24." in text_of(rendered(language="en", title="Quay 24"))


def test_a_correction_is_kept_apart_from_its_label_in_the_text_part() -> None:
    fixed = editions.story("Ferry", teaser="Back.", correction="ليلى said: “870.”", language="en")
    text = text_of(rendered(editions.selection(lead=fixed, blocks=())))
    assert "تصحيح: \u2068\u200eليلى said: “870.”\u2069\n" in text


def test_no_amount_is_broken_over_two_lines_in_either_part() -> None:
    price = "Why the pralines at the old house in the Rue des Tanneurs now cost € 1.40 each"
    offer = replace(editions.OFFER, price_year="€ 120 a year")
    block = Block("briefs", "In brief", SectionKind.BRIEFS, (editions.story(price),))
    result = rendered(
        editions.selection(lead=editions.story("A"), blocks=(block,), offer=offer), language="en"
    )
    assert "now cost\n€\u00a01.40 each\n" in text_of(result)
    assert "€\u00a01.40 each" in texts(tree_of(result), "h3 a")[0]
    assert "€\u00a0120 a year" in html_of(result)


def test_an_arabic_mail_is_as_far_below_the_limit_as_an_english_one() -> None:
    sizes = [rendered(language=language, newsroom=language).html_bytes for language in ("en", "ar")]
    assert sizes[1] - sizes[0] < 4096
