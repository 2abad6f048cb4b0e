"""Any text whatever, in every field that somebody writes, comes out of the mail as it went in."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.article import Access
from newsletter.edition import Block, Selection
from newsletter.rendering.letter import Slot
from newsletter.rendering.lines import clean
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant
from newsroom.masthead import Offer, SectionKind
from tests import samples
from tests.newsletter import editions
from tests.newsletter.test_render import html_of, rendered, text_of, texts, tree_of

HOSTILE = [
    "<script>alert(1)</script>",
    "Fish & chips &amp; peas",
    "\"Quoted\" 'and' `ticked`",
    "]]> --> <![endif]-->",
    "{{ 7 * 7 }} {% include 'x' %} {# gone #}",
    "@@0@@ @@1@@",
    "e\u0301 combining and no\u00a0break\u202fspaces",
    "👩‍👩‍👧‍👦 family 🏳️‍🌈",
    "محمد الكتبي and 123",
    "\u202ereversed\u202c",
    "back\\slash \\u{fdd0}",
    "a  double  space",
    "<mj-text>x</mj-text></mj-raw>",
    "-unsubscribe_url-",
    "日本語の見出し",
    "x" * 500,
    "&#65038;&nbsp;&lt;",
]


def everywhere(text: str) -> Selection:
    """An edition with `text` in every field that is written by somebody."""
    story = editions.story(
        text, text, text, access=Access.PAID, authors=(text,), correction=text,
        image=editions.picture(alt=text, caption=text, credit=text),
    )  # fmt: skip
    sponsored = editions.story(text, sponsor=text)
    offer = Offer(
        **{
            field.name: "https://quay.example/x" if field.name.endswith("_url") else text
            for field in dataclasses.fields(Offer)
        }
    )
    return editions.selection(
        subject=text,
        preheader=text,
        lead=story,
        blocks=(
            Block("politics", text, SectionKind.EDITORIAL, (story, story)),
            Block("briefs", text, SectionKind.BRIEFS, (story,)),
            Block("partners", text, SectionKind.SPONSORED, (sponsored,)),
        ),
        offer=offer,
    )


def read_back(text: str) -> None:
    result = render(
        everywhere(text),
        Variant(Audience.FREE),
        samples.newsroom(name=text),
        samples.newsletter(title=text, postal_address=text),
    )
    expected = clean(text)
    tree = tree_of(result)
    assert result.letter.subject == expected
    assert texts(tree, "title") == [expected]
    assert tree.css_first("[role=article]").attributes["aria-label"] == expected
    assert texts(tree, "h1") == [expected]
    assert texts(tree, "h3 a") == [expected] * 4
    assert {image.attributes["alt"] for image in tree.css("img")} == {expected}
    assert texts(tree, "h2").count(expected) == 5
    assert texts(tree, ".button a") == [expected]
    assert texts(tree, ".paid p") == [expected]
    assert [node.text() for node in tree.css("p.line")] == [f"Correction: {expected}"] * 4
    if len(expected) <= 145:
        assert texts(tree, "td.ink p").count(expected) >= 3
        assert text_of(result).replace("\n", "").replace(" ", "").count(expected.replace(" ", "")) >= 10
    assert "slot" not in html_of(result)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_back_to_the_letter(text: str) -> None:
    read_back(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_read_back_to_the_letter(text: str) -> None:
    if clean(text):
        read_back(text)


@pytest.mark.parametrize(
    "text", ["\ufdd0unsubscribe_url\ufdd1", "\ufdd0nothing\ufdd1", "a\x00b\x1b[31m", "\ud800x", "a\r\nBcc: b"]
)
def test_marks_and_control_characters_never_reach_a_mail(text: str) -> None:
    result = rendered(everywhere(text))
    slots = [part for part in result.letter.html if isinstance(part, Slot)]
    assert slots == [Slot.PREFERENCES_URL, Slot.UNSUBSCRIBE_URL]
    assert "\n" not in result.letter.subject
    html_of(result).encode()
    text_of(result).encode()
