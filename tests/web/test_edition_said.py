"""What the page of an edition's controls says of what was typed, and of an edition without a story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import writing
from newsroom.masthead import Place
from tests.newsletter.delivering import NOW
from tests.web.editing import ANA, BRIDGE, CELLO, FERRY, QUARRY, TRAM, Room, boxes, desk, status

STALE = f"Not done. Since you opened this page there is something new, by {ANA}. "
STILL = "What you typed is still here; look, and press once more."


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def way(text: str) -> str | None:
    """The part of the page that what is said leads to."""
    found = LexborHTMLParser(text).css_first("#done a")
    return found.attributes["href"] if found else None


@pytest.mark.parametrize(
    ("typed", "said", "there"),
    [
        ({}, "Look, and press once more.", None),
        ({"subject": "The vote"}, STILL, "#subject"),
        ({"note": "Good morning"}, STILL, "#note"),
        # What somebody else has saved meanwhile is not lost either.
        ({"subject": "Ana's"}, "Look, and press once more.", None),
    ],
)
def test_what_was_typed_is_said_to_be_there_only_where_something_was(
    room: Room, typed: dict[str, str], said: str, there: str | None
) -> None:
    old = room.opened()
    room.press("save", editor=ANA, subject="Ana's")
    late = room.press(f"drop {FERRY}", page=old, **(boxes(old) | typed))
    assert (late.status_code, status(late), way(late.text)) == (409, STALE + said, there)
    sure = room.press("now", page=old, sure="yes")
    assert (sure.status_code, status(sure)) == (409, f"{STALE}Look, and press once more.")


def test_who_says_to_have_seen_what_never_was_is_told_whose_everything_is(room: Room) -> None:
    page = room.opened()
    late = room.press(f"drop {FERRY}", page=page, seen="99")
    assert (late.status_code, "something new, by Standfirst." in status(late)) == (409, True)
    assert page.status_code == 200


def test_no_back_says_that_what_was_typed_is_not_saved(room: Room) -> None:
    words = {"note": "Good *morning*."}
    back = room.press("look", page=room.press("now", **words), **words)
    assert status(back) == "Not saved yet: what you typed is in the boxes below."
    assert (way(back.text), 'class="told"' in back.text) == ("#note", True)
    assert room.press("save", page=back, **boxes(back)).status_code == 200
    assert "morning" in room.selection.note


def test_where_every_story_is_gone_but_some_were_left_out_one_can_be_put_back(
    tmp_path: Path, engine: Engine
) -> None:
    places = (Place("politics", 3), Place("culture", 3), Place("partners", 3))
    with desk(tmp_path, engine, places=places) as room:
        room.press(f"drop {FERRY}")
        room.press("hold")
        withdrawn = sa.update(articles).where(articles.c.id.in_([BRIDGE, TRAM, CELLO]))
        with writing(engine) as connection:
            connection.execute(withdrawn.values(withdrawn=NOW))
        page = room.opened()
        said = (
            "Every story still in it was withdrawn, so there is nothing to send. Take in one of those below"
        )
        assert f"Held: by hand. {said}, or stop it" in page.text
        assert page.text.count('name="do"') == 3
        for story in (QUARRY, FERRY):
            done = room.press(f"back {story}")
            assert status(done).startswith("Done: “") and room.selection.has_news
            assert 'value="release"' in done.text
            if story == QUARRY:
                room.press(f"drop {CELLO}", page=done)
                with writing(engine) as connection:
                    connection.execute(
                        sa.update(articles).where(articles.c.id == QUARRY).values(withdrawn=NOW)
                    )


def test_where_nothing_can_be_put_back_it_can_only_be_stopped(room: Room, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    assert "Stop it: what is new since goes into the next edition" in room.opened().text
    assert "those below" not in room.opened().text
