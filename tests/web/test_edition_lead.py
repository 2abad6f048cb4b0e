"""A subject that was typed for a story which leads no more: it is not saved before its editor was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import writing
from tests.newsletter.delivering import NOW
from tests.web.editing import BRIDGE, CELLO, FERRY, TRAM, Room, boxes, desk, status


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def change(engine: Engine, **values: object) -> None:
    """What a run does to the store when the bridge's source says so: no line of any edition's log."""
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id == BRIDGE).values(**values))


LED = "“The bridge reopens” led when you opened this page and was withdrawn; “The ferry reopens” leads now."
LOOK = "The subject that you typed is still here: look whether it suits that story, and press once more."


@pytest.mark.parametrize("do", ["save", f"drop {TRAM}", f"top culture {TRAM}", "hold", "release"])
def test_a_subject_for_a_lead_that_was_withdrawn_is_asked_about_first(
    room: Room, engine: Engine, do: str
) -> None:
    if do == "release":
        room.press("hold")
    held, page = room.edition.held, room.opened()
    change(engine, withdrawn=NOW)
    late = room.press(do, page=page, **(boxes(page) | {"subject": "The bridge, at last"}))
    assert (late.status_code, room.edition.revision) == (200 if do == "hold" else 409, 1)
    assert room.edition.held == ("by hand" if do == "hold" else held)
    first = "Done: it is held. " if do == "hold" else ""
    undone = "So nothing else was done either: every button saves the two boxes as well. "
    assert status(late) == f"{first}Not done: {LED} {undone if do not in ('save', 'hold') else ''}{LOOK}"
    (field,) = LexborHTMLParser(late.text).css("#subject")
    assert (field.attributes["value"], field.attributes["aria-invalid"]) == ("The bridge, at last", "true")
    again = room.press(do, page=late, **boxes(late))
    assert (again.status_code, room.selection.subject) == (200, "The bridge, at last")
    assert room.selection.edits.subject_of == FERRY


def test_another_story_that_leads_is_named_where_the_old_one_was_not_withdrawn(
    room: Room, engine: Engine
) -> None:
    page = room.opened()
    change(engine, published=NOW + timedelta(days=1))
    late = room.press("save", page=page, subject="The bridge, at last")
    assert status(late) == (
        f"Not done: since you opened this page another story leads, “The ferry reopens”. {LOOK}"
    )


def test_what_is_no_words_for_the_old_lead_is_done_at_once(room: Room, engine: Engine) -> None:
    page = room.opened()
    change(engine, withdrawn=NOW)
    assert room.press("save", page=page, subject="{lead}, and more").status_code == 200
    assert room.selection.subject == "The ferry reopens, and more"


def test_a_subject_that_comes_with_a_chosen_lead_is_meant_for_that(room: Room, engine: Engine) -> None:
    page = room.opened()
    change(engine, withdrawn=NOW)
    room.press(f"lead {CELLO}", page=page, subject="The cello, at last")
    assert (room.slugs[0], room.selection.subject) == ("cello", "The cello, at last")


def test_a_press_that_brings_no_subject_is_done_at_once(room: Room, engine: Engine) -> None:
    page = room.opened()
    change(engine, withdrawn=NOW)
    done = room.press(f"drop {TRAM}", page=page, **(boxes(page) | {"note": "Good morning"}))
    assert (done.status_code, "tram" in room.slugs, "Good" in room.selection.note) == (200, False, True)


def test_a_subject_goes_on_belonging_to_the_lead_that_its_page_showed(room: Room, engine: Engine) -> None:
    page = room.opened()
    words = boxes(page) | {"subject": "The bridge, at last"}
    sure = room.press("stop", page=page, **words)
    change(engine, withdrawn=NOW)
    back = room.press("look", page=sure, **words)
    assert room.press("save", page=back, **boxes(back)).status_code == 409
    # Also where another reason came first.
    room.press("save", note="Good morning")
    late = room.press("save", page=page, **words)
    assert status(late).startswith("Not done: this page was from before")
    # Which story leads now is said with that, and not only by the next answer.
    assert status(late).endswith(f"“The ferry reopens” leads now. {LOOK}")
    assert room.press("save", page=late, **boxes(late)).status_code == 200
    assert room.selection.edits.subject_of == FERRY
    # What is yet to be typed is for the story that leads now.
    late = room.press(f"drop {TRAM}", page=page, **boxes(page))
    assert room.press("save", page=late, **(boxes(late) | {"subject": "The ferry"})).status_code == 200


def test_what_a_form_makes_up_of_the_lead_is_named_nowhere(room: Room) -> None:
    for lead in ("tag:evil", "<b>x</b>", ""):
        late = room.press("save", subject="The vote", was_lead=lead)
        assert (late.status_code, room.edition.revision) == (409, 1)
        assert status(late).startswith(
            "Not done: since you opened this page another story leads, “The bridge"
        )
        assert "evil" not in late.text and "<b>x" not in late.text


def test_what_comes_on_top_where_the_lead_was_withdrawn_does_not_lead_itself(
    room: Room, engine: Engine
) -> None:
    change(engine, withdrawn=NOW)
    page = room.press(f"top politics {CELLO}")
    assert status(page) == (
        "Done: “The cello reopens” stands at the top of its section. “The ferry reopens” leads now."
    )
    assert room.slugs == ["ferry", "cello", "tram", "lock"]
