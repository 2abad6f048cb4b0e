"""What was withdrawn and is there again is put back by a press, and what moved by a press is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter import editions
from newsletter.desk.choices import Cannot
from newsletter.edition import Composition
from newsroom.database import reading, writing
from newsroom.masthead import Place
from tests.browser import window
from tests.newsletter.delivering import DAY, KEY, NOW, selection
from tests.web.editing import BRIDGE, CELLO, DUE, FERRY, TRAM, Room, desk, status
from tests.web.test_edition_gone import gone_of
from tests.web.test_reader_pages import base, checked
from web.words import words


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def withdrawn(engine: Engine, id_: str, *, is_so: bool = True) -> None:
    with writing(engine) as connection:
        row = sa.update(articles).where(articles.c.id == id_)
        connection.execute(row.values(withdrawn=NOW if is_so else None))


@pytest.mark.parametrize("id_", [BRIDGE, FERRY])
def test_what_was_withdrawn_for_a_while_is_put_back(room: Room, engine: Engine, id_: str) -> None:
    before = room.slugs
    withdrawn(engine, id_)
    page = room.press("save", note="Good morning")
    assert list(gone_of(page).values()) == ["Withdrawn"]
    assert f'value="back {id_}"' not in page.text
    withdrawn(engine, id_, is_so=False)
    page = room.opened()
    assert list(gone_of(page).values()) == ["Is there again"]
    page = room.press(f"back {id_}", page=page)
    leads = " “The bridge reopens” leads now." if id_ == BRIDGE else ""
    assert status(page) == f"Done: “The {id_.rpartition('/')[2]} reopens” is in.{leads}"
    assert (room.slugs, gone_of(page)) == (before, {})
    assert room.log[-1][1].partition("; ")[0].endswith(f"edited: taken in 1: {id_}")


def test_not_what_nobody_withdrew_nor_what_is_withdrawn_once_more(room: Room, engine: Engine) -> None:
    withdrawn(engine, FERRY)
    room.press("save", note="Good morning")
    withdrawn(engine, FERRY, is_so=False)
    page = room.opened()
    withdrawn(engine, FERRY)
    answer = room.press(f"back {FERRY}", page=page)
    assert (answer.status_code, "ferry" in room.slugs) == (409, False)
    room.press("stop", page=room.press("stop"), sure="yes")
    withdrawn(engine, FERRY, is_so=False)
    assert f'value="back {FERRY}"' not in room.opened().text


def test_not_what_another_edition_has(room: Room, engine: Engine) -> None:
    withdrawn(engine, FERRY)
    room.press("save", note="Good morning")
    withdrawn(engine, FERRY, is_so=False)
    page = room.press(f"drop {TRAM}")
    assert f'value="back {FERRY}"' in page.text
    with writing(engine) as connection:
        other = selection(("ferry", "politics"), ("tram", "politics"), day=DAY, slot="noon")
        editions.create(connection, "daily", DUE, Composition(other, (), 2), NOW, "run")
    assert f'value="back {FERRY}"' not in room.opened().text
    answer = room.press(f"back {TRAM}", page=page)
    assert (answer.status_code, room.slugs) == (409, ["bridge", "cello", "lock"])
    assert "Not done: another edition has that story." in answer.text


@pytest.mark.parametrize("cannot", Cannot)
def test_every_refusal_has_its_words(cannot: Cannot) -> None:
    assert f"edition_cannot_{cannot.name.lower()}" in words("en")


def test_a_press_says_which_other_story_moved(tmp_path: Path, engine: Engine) -> None:
    places = (Place("politics", 2), Place("culture", 3), Place("latest", 4), Place("partners", 3))
    with desk(tmp_path, engine, places=places) as room:
        page = room.press(f"lead {CELLO}")
        assert status(page) == ("Done: “The cello reopens” leads now. “The tram reopens” is now in Latest.")
        assert room.selection.sections[TRAM] == "latest"
        assert f"; moved 1: {TRAM} to latest" in room.log[-1][1]
        with reading(engine) as connection:
            line = editions.log_lines(connection, KEY)[-1].number
        made_up = room.site.client.get(f"{room.link()}?did=save&line={line}&moved=x&moved={CELLO}")
        assert status(made_up) == "Done: subject and note are saved."


@pytest.mark.browser
@pytest.mark.parametrize(("width", "mode", "language"), [(375, "dark", "ar"), (1200, "light", "fr")])
def test_it_is_put_back_by_the_keyboard(
    tmp_path: Path,
    engine: Engine,
    browser: Browser,
    width: int,
    mode: Literal["light", "dark"],
    language: str,
) -> None:
    with window(browser, width, mode) as page, desk(tmp_path, engine, language=language) as room:
        for id_ in (FERRY, TRAM):
            withdrawn(engine, id_)
        room.press("save", note="Good morning")
        withdrawn(engine, FERRY, is_so=False)
        page.goto(base(room.site) + room.link())
        checked(page, width, mode, f"{language}-edition-gone")
        page.locator(f'button[value="back {FERRY}"]').focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        # What is said stands where the button was, for another one is there still.
        page.locator("#done").wait_for()
        assert page.locator("#done ~ ul bdi").first.text_content() == "The tram reopens"
        checked(page, width, mode, f"{language}-edition-gone-back")
        assert room.slugs == ["bridge", "ferry", "cello", "lock"]
