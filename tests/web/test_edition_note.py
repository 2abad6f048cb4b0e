"""A note on the page of an edition's controls: its limit, and what is taken out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from newsletter.desk.editing import NOTE_LIMIT, lost_of, note_of
from tests.web.editing import FERRY, Room, desk, status

PICTURE = "A note shows no pictures, so none is in it."
LINK = "A link without its whole address (https://example.org) is left out of the note; its words stay."


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Good *morning*, [all](https://example.org) <https://example.org> [us](mailto:a@example.org)", ()),
        ("![A map](https://example.org/map.png)", ("picture",)),
        ("![A map](map.png)", ("picture",)),
        ('<img src="https://example.org/map.png">', ("picture",)),
        ("[here](/map)", ("link",)),
        ("[there](https://example.org) and [here][1]\n\n[1]: map.html", ("link",)),
        ('<a href="map.html">here</a>', ("link",)),
        ("[![A map](map.png)](map.html)", ("picture", "link")),
        ("`<img>` `<a href='x'>` \\![not](https://example.org) <a>", ()),
    ],
)
def test_what_is_in_a_note_and_in_no_mail(text: str, lost: tuple[str, ...]) -> None:
    assert lost_of(text) == lost


@pytest.mark.parametrize("do", ["save", f"drop {FERRY}", "hold", "release"])
def test_the_page_says_what_is_taken_out_of_a_note(room: Room, do: str) -> None:
    if do == "release":
        room.press("hold")
    page = room.press(do, note="Good ![A map](map.png) morning, [here](/map)")
    assert f"{PICTURE} {LINK}" in status(page)
    assert "here" in room.selection.note and "map" not in room.selection.note


def test_a_note_has_no_picture_in_it() -> None:
    made = note_of(
        'a ![x > "y" <z>](https://example.org/a.png "t > u") b <img src="https://example.org/b.png"> c'
    )
    assert made == "<p>a  b  c</p>"


def test_the_question_says_it_before_anything_goes_out(room: Room) -> None:
    sure = room.press("now", note="Good ![A map](map.png) morning")
    assert PICTURE in sure.text and LINK not in sure.text
    assert PICTURE not in room.press("stop", note="Good ![A map](map.png) morning").text


def test_a_note_of_a_picture_alone_is_said_to_be_none(room: Room) -> None:
    room.press("save", subject="The vote")
    page = room.press("save", note="![A map](https://example.org/map.png)")
    assert (status(page), room.edition.revision, room.selection.note) == (PICTURE, 2, "")


def test_a_note_has_one_limit_and_what_is_too_long_stays_typed(room: Room) -> None:
    assert room.press("save", note="x" * NOTE_LIMIT).status_code == 200
    long = "x" * 12 * NOTE_LIMIT
    page = room.press("save", note=long)
    assert (page.status_code, long in page.text) == (422, True)
    assert status(page) == f"Not saved: the note has more than {NOTE_LIMIT} characters."
