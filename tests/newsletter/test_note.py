"""An editor's note: each block of it runs as its own letters do, in mail, in the archive and as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from newsletter.desk.editing import note_of
from newsletter.rendering.lines import WIDTH, first_direction, width
from newsletter.rendering.note import directed, note_html, note_text
from tests.newsletter import editions
from tests.newsletter.test_render import rendered, text_of, tree_of

ARABIC = "تقول بلدية بروكسل إن الجسر مفتوح (English inside)."
ENGLISH = "The council says the bridge (الجسر) is open."
LRM, RLM = "\u200e", "\u200f"


def made(text: str) -> str:
    return note_html(note_of(text))


def ways(html: str, tags: str = "p, li, ul, ol, blockquote") -> list[str]:
    """Each block's name with its direction, where it says one."""
    found = LexborHTMLParser(html).css(tags)
    return [f"{one.tag} {one.attributes.get('dir') or ''}".strip() for one in found]


def test_a_paragraph_runs_as_most_of_its_letters_do() -> None:
    note = made(f"{ENGLISH}\n\n{ARABIC}\n\nBBC: {ARABIC}\n\n(2026)")
    assert ways(directed(note, "ltr")) == ["p", "p rtl", "p rtl", "p"]
    assert ways(directed(note, "rtl")) == ["p ltr", "p", "p", "p"]


def test_so_do_an_item_a_list_and_a_quote() -> None:
    note = made(f"- {ENGLISH} Too.\n- {ARABIC}\n\n> {ARABIC} {ARABIC}\n>\n> {ENGLISH}\n\n1. {ARABIC}\n")
    found = ["ul ltr", "li", "li rtl", "blockquote", "p", "p ltr", "ol", "li"]
    assert ways(directed(note, "rtl")) == found
    found = ["ul", "li", "li rtl", "blockquote rtl", "p", "p ltr", "ol rtl", "li"]
    assert ways(directed(note, "ltr")) == found


def test_a_list_in_an_item_is_no_part_of_it() -> None:
    note = made(f"- Two:\n  - {ARABIC}\n  - {ARABIC}\n")
    assert ways(directed(note, "ltr")) == ["ul", "li", "ul rtl", "li", "li"]


def test_in_a_mail_a_block_stands_on_its_side_and_has_room_for_its_point() -> None:
    tree = tree_of(rendered(editions.selection(note=note_of(f"{ENGLISH}\n\n- {ENGLISH} On.\n- {ARABIC}\n"))))
    item = tree.css_first(".note li[dir]")
    assert (item.attributes["dir"], item.attributes["style"]) == ("rtl", "text-align:right;margin-right:24px")
    assert not tree.css(".note p[dir]:not(.accent)")


def test_what_is_quoted_is_slanted_where_its_letters_have_a_slant() -> None:
    note = made(f"> {ARABIC}\n\nAnd:\n\n> {ENGLISH}\n>\n> {ARABIC}")
    for around in ("ltr", "rtl"):
        tree = LexborHTMLParser(directed(note, around, in_mail=True))
        first, second = tree.css("blockquote")
        assert "italic" not in str(first.attributes)
        assert "italic" in str(second.attributes)
        assert second.css("p")[1].attributes["style"] == "text-align:right;font-style:normal"


@pytest.mark.parametrize("text", ["A word.\n\n- A\n  - B\n\n> Q", "# One\n\n`a` [b](https://q.example/b)"])
def test_a_note_whose_letters_all_run_one_way_says_nothing_of_it(text: str) -> None:
    note = made(text)
    assert directed(note, "ltr") == note
    assert directed(note, "ltr", in_mail=True).count("style=") == note.count("<blockquote>")
    assert not {LRM, RLM} & set(note_text(note, "ltr"))
    arabic = made("كلمة.\n\n- الجسر\n\n1. ٢٠٢٦\n")
    assert directed(arabic, "rtl", in_mail=True) == arabic
    assert not {LRM, RLM} & set(note_text(arabic, "rtl"))


def test_in_plain_text_each_line_begins_as_its_paragraph_runs() -> None:
    note = made(f"{ENGLISH}\n\nBBC: {ARABIC}\n\n- BBC {ARABIC}\n- {ENGLISH}\n\n> الجسر: {ENGLISH}\n")
    english, arabic, first, second, quoted = (
        block
        for one in note_text(note, "ltr").split("\n\n")
        for block in one.replace("\n- ", "\n\n- ").split("\n\n")
    )
    assert english == ENGLISH
    assert arabic.startswith(f"{RLM}BBC: ")
    assert first.startswith(f"- {RLM}BBC ")
    assert second == f"- {ENGLISH}"
    assert quoted.startswith(f"> {LRM}الجسر")


@given(st.lists(st.sampled_from(["word", "كلمة", "2026", "(", "BBC", "أول"]), min_size=1, max_size=80))
def test_no_line_of_a_paragraph_runs_otherwise_than_the_first(words: list[str]) -> None:
    for around in ("ltr", "rtl"):
        lines = note_text(note_html(f"<p>{' '.join(words)}</p>"), around).split("\n")
        assert len({first_direction(line) for line in lines} - {""}) <= 1
        assert all(width(line) <= WIDTH for line in lines)


def test_a_list_in_a_list_stands_further_in_and_two_lists_are_apart() -> None:
    text = note_text(made("- a\n  - nested\n    1. deep\n- b<br>c\n\n1. one\n   - below\n2. two\n"), "ltr")
    assert text == "- a\n  - nested\n    1. deep\n- b\n  c\n\n1. one\n   - below\n2. two"


def test_after_a_note_a_line_is_drawn_before_the_lead() -> None:
    text = text_of(rendered(editions.selection(note="<p>A word.</p>")))
    assert f"\nA word.\n\n{'-' * 72}\n\n" in text
    assert text.index("A word.") < text.index("Who pays for the storm barrier")
    assert text_of(rendered(editions.selection(note="<p>A word.</p>", lead=None))).count("-" * 72) == 1
