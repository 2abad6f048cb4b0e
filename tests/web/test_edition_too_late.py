"""What was typed for an edition that takes no words any more: it is shown to be copied, with who ended it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter import holds
from newsletter.delivery import recalls
from newsletter.tables import batches
from newsroom.database import writing
from newsroom.errors import ProviderError
from tests.newsletter.delivering import KEY, NOW, House
from tests.web.editing import ANA, DUE, FERRY, NELE, Room, boxes, desk, status
from web.words import words

COPY = " What you typed is not saved. Here it is, to be copied:"
TYPED = {"subject": "The vote", "note": "Good *morning*.\r\n\r\n<b>A bridge</b>"}


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def copied(page: httpx2.Response) -> dict[str, str]:
    """By its label, what the page has to be copied, each in a box that takes no other text."""
    tree = LexborHTMLParser(page.text)
    found = {}
    for box in tree.css("textarea[readonly]"):
        (label,) = tree.css(f'label[for="{box.attributes["id"]}"]')
        assert "name" not in box.attributes
        found[label.text()] = box.text().removeprefix("\n")
    return found


def hand_over(engine: Engine, *, after: timedelta = timedelta()) -> None:
    house = House(engine)
    house.provider.batch_size = 1
    if after:
        house.clock.pause(after.total_seconds())
    house.run(max_per_hour=1)


@pytest.mark.parametrize("do", ["save", f"drop {FERRY}", "release", "now"])
def test_after_a_stop_it_is_there_with_who_stopped_it(room: Room, do: str) -> None:
    old = room.opened(ANA)
    room.press("stop", sure="yes")
    late = room.press(do, editor=ANA, page=old, **(boxes(old) | TYPED))
    assert (late.status_code, copied(late)) == (
        409,
        {"Subject": "The vote", "Note on top": "Good *morning*.\r\n\r\n<b>A bridge</b>".replace("\r", "")},
    )
    by = f"That is not possible any more: {NELE} stopped it on Tuesday, March 10, 2026, 1:00\u202fPM."
    assert status(late) == by + COPY
    # Of what nobody typed there is nothing to copy.
    late = room.press(do, editor=ANA, page=old, **boxes(old))
    assert (status(late), copied(late)) == (by, {})
    late = room.press(do, editor=ANA, page=old, **(boxes(old) | {"note": "Good morning"}))
    assert copied(late) == {"Note on top": "Good morning"}


def test_once_it_goes_out_it_says_who_sent_it_or_when_it_began(room: Room, engine: Engine) -> None:
    old = room.opened(ANA)
    room.press("now", page=room.press("now"), sure="yes")
    hand_over(engine)
    late = room.press("save", editor=ANA, page=old, **TYPED)
    assert status(late).startswith(
        f"That is not possible any more: {NELE} sent it on Tuesday, March 10, 2026"
    )
    assert list(copied(late)) == ["Subject", "Note on top"]
    held = room.press("hold", editor=ANA, page=old, **TYPED)
    assert (status(held), list(copied(held))) == ("Done: it is held." + COPY, ["Subject", "Note on top"])
    assert 'class="told"' in held.text


def test_who_let_it_go_before_its_hour_did_not_send_it(room: Room, engine: Engine) -> None:
    old = room.opened(ANA)
    room.press("hold")
    room.press("release")
    hand_over(engine, after=DUE - NOW)
    late = room.press("save", editor=ANA, page=old, **TYPED)
    begun = "That is not possible any more: it began to go out on Tuesday, March 10, 2026, 1:20\u202fPM."
    assert status(late) == begun + COPY


def test_what_sendgrid_keeps_is_not_said_to_go_out_yet(room: Room, engine: Engine) -> None:
    old = room.opened(ANA)
    hand_over(engine, after=DUE - NOW)
    with writing(engine) as connection:
        connection.execute(sa.update(batches).values(send_at=DUE + timedelta(minutes=30)))
        connection.execute(sa.text("UPDATE editions SET recall = 'name-1'"))
    late = room.press("save", editor=ANA, page=old, **TYPED)
    assert status(late) == "That is not possible any more. This is how things are." + COPY


def test_who_let_it_go_after_its_hour_sent_it(room: Room, engine: Engine) -> None:
    room.press("hold")
    old = room.opened(ANA)
    room.site.clock.on(minutes=21)
    room.press("release", page=room.press("release"), sure="yes")
    hand_over(engine, after=timedelta(minutes=22))
    late = room.press("save", editor=ANA, page=old, **TYPED)
    assert f"{NELE} sent it on Tuesday, March 10, 2026, 1:21\u202fPM." in status(late)


def test_where_every_story_is_gone_it_is_there_too(room: Room, engine: Engine) -> None:
    old = room.opened()
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    late = room.press("save", page=old, **TYPED)
    assert status(late) == "That is not possible any more. This is how things are." + COPY
    assert list(copied(late)) == ["Subject", "Note on top"]


def test_what_was_typed_with_a_stop_is_there_after_it(room: Room) -> None:
    page = room.opened()
    sure = room.press("stop", page=page, **(boxes(page) | TYPED))
    done = room.press("stop", page=sure, sure="yes", **TYPED)
    assert (done.status_code, status(done)) == (200, "Done: it is stopped." + COPY)
    assert list(copied(done)) == ["Subject", "Note on top"]
    assert not room.edition.is_open


def test_also_where_it_was_not_taken_back(
    room: Room, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ProviderError("SendGrid answered 500")

    monkeypatch.setattr(recalls, "take_back", refused)
    done = room.press("stop", sure="yes", **TYPED)
    assert (done.status_code, list(copied(done))) == (409, ["Subject", "Note on top"])


def test_one_that_somebody_stopped_at_the_shell_says_so_too(room: Room, engine: Engine) -> None:
    old = room.opened()
    with writing(engine) as connection:
        holds.stop(connection, KEY, "wrong date", "root@desk", NOW)
    assert ": root@desk stopped it on" in status(room.press("save", page=old, **TYPED))


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar"])
def test_it_is_said_in_the_pages_language(tmp_path: Path, engine: Engine, language: str) -> None:
    with desk(tmp_path, engine, language=language) as room:
        old = room.opened()
        room.press("stop", editor=ANA, sure="yes")
        late = room.press("save", page=old, **TYPED)
        ours = words(language)
        assert ANA in status(late) and status(late).endswith(ours["edition_typed"])
        assert list(copied(late)) == [ours["edition_subject"], ours["edition_note"]]
