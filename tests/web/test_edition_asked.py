"""The question before what cannot be taken back: a page of its own, which can be opened and gone back to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter import holds
from newsletter.edition import EditionState
from newsroom.database import writing
from tests.newsletter.delivering import KEY, NOW, House, many
from tests.web.editing import ANA, BRIDGE, CELLO, DUE, FERRY, NELE, Room, boxes, desk, seen, status
from tests.web.test_hostile import dump
from web.words import words

CHANGED = (
    "Not done yet: since you were asked, the lead or the subject has changed. This is what goes out now."
)


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def change(engine: Engine, story: str, **values: object) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id == story).values(**values))


@pytest.mark.parametrize("do", ["now", "stop", "release"])
def test_a_press_leads_to_a_page_that_asks_and_that_does_nothing_by_itself(room: Room, do: str) -> None:
    if do == "release":
        room.press("hold")
        room.site.clock.on(minutes=21)
    page = room.opened()
    answer = room.pressed(do, page=page, **boxes(page))
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query == {"ask": [do], "seen": [seen(page)]}
    before = dump(room.site)
    for method in ("GET", "HEAD", "GET"):
        sure = room.site.client.request(method, room.link() + answer.headers["location"])
        assert (sure.status_code, sure.headers["cache-control"]) == (200, "no-store")
    assert dump(room.site) == before
    assert 'name="sure" value="yes"' in sure.text
    room.press(do, page=sure, sure="yes")
    assert (room.edition.state is EditionState.STOPPED) is (do == "stop")
    # Who goes back to it finds how things are.
    back = room.site.client.get(room.link() + answer.headers["location"])
    assert (back.status_code, 'name="sure"' in back.text, status(back)) == (200, False, "")


def test_what_was_typed_stands_in_no_address(room: Room) -> None:
    for do in ("now", "stop"):
        answer = room.pressed(do, note="Embargoed words")
        assert (answer.status_code, "Embargoed words" in answer.text) == (200, True)


def test_a_question_that_somebody_else_has_overtaken_is_not_asked_again(room: Room) -> None:
    there = room.link() + room.pressed("now").headers["location"]
    room.press(f"drop {CELLO}", editor=ANA)
    late = room.site.client.get(there)
    assert (late.status_code, 'name="sure"' in late.text) == (409, False)
    assert status(late).startswith(f"Not done. Since you opened this page there is something new, by {ANA}.")
    # Stop always works.
    there = room.link() + "?ask=stop&seen=1"
    assert 'name="sure"' in room.site.client.get(there).text


def test_a_question_is_asked_again_by_a_page_of_its_own_whatever_has_changed(
    room: Room, engine: Engine
) -> None:
    sure = room.press("now")
    change(engine, BRIDGE, headline="The bridge reopens, says town")
    answer = room.pressed("now", page=sure, sure="yes")
    assert answer.status_code == 303 and "again=1" in answer.headers["location"]
    again = room.site.client.get(room.link() + answer.headers["location"])
    assert (again.status_code, status(again)) == (200, CHANGED)
    assert "The bridge reopens, says town" in again.text
    change(engine, BRIDGE, withdrawn=NOW)
    again = room.press("now", page=again, sure="yes")
    assert status(again) == CHANGED and "The ferry reopens" in again.text
    change(engine, FERRY, published=NOW + timedelta(minutes=10))
    assert status(room.press("now", page=again, sure="yes")) == CHANGED
    assert room.edition.goes == DUE


@pytest.mark.parametrize(
    "query", ["ask=now", "ask=now&seen=x", "ask=now&seen=99", "ask=hold", "ask=drop", "ask=", "ask=now&as=x"]
)
def test_an_address_that_was_made_up_asks_nothing_and_does_nothing(room: Room, query: str) -> None:
    before = dump(room.site)
    page = room.site.client.get(f"{room.link()}?{query}")
    assert 'name="sure"' not in page.text and NELE in page.text
    assert dump(room.site) == before


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_is_half_out_is_let_go_to_the_rest_only_when_asked_once_more(
    tmp_path: Path, engine: Engine, language: str
) -> None:
    with desk(tmp_path, engine, language=language) as room:
        many(engine, 3, first=101)
        with writing(engine) as connection:
            holds.release(connection, KEY, "ana", NOW, at_once=True)
        House(engine).run(max_per_hour=1)
        room.press("hold")
        all_ = sum(row.size for row in House(engine).batches())
        asked = room.pressed("release")
        assert asked.status_code == 303
        sure = room.site.client.get(room.link() + asked.headers["location"])
        begins = words(language)["edition_sure_release_rest"].partition("{done}")[0]
        assert begins.strip() in sure.text
        assert language != "en" or f"1 of {all_} readers have been handed it" in sure.text
        assert room.edition.held
        room.press("release", page=sure, sure="yes")
        assert not room.edition.held
