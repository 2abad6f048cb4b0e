"""A page of an edition's controls that was opened before somebody else changed it: only what was typed there
counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import writing
from tests.newsletter.delivering import NOW
from tests.web.editing import ANA, BRIDGE, CELLO, DUE, FERRY, NELE, TRAM, Room, boxes, desk, status


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def withdraw(engine: Engine, *stories: str) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id.in_(stories)).values(withdrawn=NOW))


NOTES = ["Two *lines*,\n\nof Ana's", "Tab\tand “quotes” & <b>", "خبر"]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("do", ["save", f"top politics {TRAM}", "release"])
def test_a_box_that_nobody_typed_into_takes_nothing_back(room: Room, do: str, note: str) -> None:
    if do == "release":
        room.press("hold")
    old = room.opened(NELE)
    room.press("save", editor=ANA, note=note)
    written = room.selection.note
    typed = boxes(old) | ({"subject": "The vote"} if do == "save" else {})
    late = room.press(do, page=old, **typed)
    assert (late.status_code, boxes(late)["note"].replace("\r\n", "\n")) == (409, note)
    again = room.press(do, page=late, **(boxes(late) | ({"subject": "The vote"} if do == "save" else {})))
    assert (again.status_code, room.selection.note) == (200, written)
    assert "What you wrote" not in status(again)
    assert (room.selection.edits.subject == "The vote") is (do == "save")


def test_what_was_typed_on_both_pages_is_the_later_ones(room: Room) -> None:
    old = room.opened()
    room.press("save", editor=ANA, note="Ana's")
    late = room.press("save", page=old, **(boxes(old) | {"note": "Nele's"}))
    assert boxes(late)["note"] == "Nele's"
    assert room.press("save", page=late, **boxes(late)).status_code == 200
    assert "Nele's" in room.selection.note


def test_the_question_of_a_press_does_not_call_typed_what_was_not(room: Room) -> None:
    room.press("save", editor=ANA, note="Ana's")
    page = room.opened()
    sure = room.press("now", page=page, **boxes(page))
    assert "as you have just written them" not in sure.text
    assert 'name="note"' not in sure.text
    sure = room.press("now", page=page, **(boxes(page) | {"subject": "The vote"}))
    assert 'name="subject" value="The vote"' in sure.text and 'name="note"' not in sure.text


def test_the_subject_of_a_lead_that_is_withdrawn_does_not_come_back(room: Room, engine: Engine) -> None:
    room.press("save", subject="The bridge, at last")
    old = room.opened()
    withdraw(engine, BRIDGE)
    page = room.opened(ANA)
    done = room.press(f"drop {CELLO}", editor=ANA, page=page, **boxes(page))
    assert "What you wrote" not in status(done)
    late = room.press(f"drop {TRAM}", page=old, **boxes(old))
    assert boxes(late)["subject"] == ""
    assert room.press(f"drop {TRAM}", page=late, **boxes(late)).status_code == 200
    assert room.selection.subject == "The ferry reopens"


def test_a_hold_from_an_old_page_says_nothing_of_what_was_not_typed(room: Room) -> None:
    old = room.opened()
    room.press("save", editor=ANA, note="Ana's")
    held = room.press("hold", page=old, **boxes(old))
    assert status(held) == "Done: it is held."
    room.press("release", page=held, **boxes(held))
    assert "Ana's" in room.selection.note


def test_a_hold_says_which_box_was_too_long_to_be_saved(room: Room) -> None:
    page = room.press("hold", note="x" * 5_001)
    assert (page.status_code, room.edition.held) == (200, "by hand")
    assert status(page) == "Done: it is held. Not saved: the note has more than 5000 characters."
    assert "x" * 5_001 in page.text


def test_what_goes_out_is_asked_again_when_it_is_not_what_the_question_showed(
    room: Room, engine: Engine
) -> None:
    for do, minutes in (("now", 0), ("release", 21)):
        if do == "release":
            room.press("hold")
            room.site.clock.on(minutes=minutes)
        sure = room.press(do)
        lead = room.opened().text.partition("What is in it")[2].partition("reopens")[0].split()[-1]
        withdraw(engine, BRIDGE if do == "now" else FERRY)
        again = room.press(do, page=sure, sure="yes")
        assert status(again).startswith("Not done yet: since you were asked, the lead or the subject ")
        assert f"The {lead} reopens" not in again.text
        assert room.edition.goes > NOW
    assert "The tram reopens" in again.text
    assert room.press("release", page=again, sure="yes").status_code == 200
    assert room.edition.held == ""


def test_a_yes_that_does_not_say_what_was_shown_is_asked_again(room: Room) -> None:
    again = room.press("now", page=room.opened(), sure="yes")
    assert status(again).startswith("Not done yet: since you were asked")
    typed = room.press("now", page=room.opened(), sure="yes", subject="The vote")
    assert (typed.status_code, status(typed)) == (409, status(again))
    assert room.edition.goes == DUE
