"""An editor's controls of one edition, by the link in the preview's mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import holds
from newsletter.delivery import recalls
from newsletter.edition import EditionState
from newsletter.tables import batches
from newsroom.database import writing
from newsroom.errors import ProviderError
from readership.tokens import edition_token
from tests.newsletter.delivering import KEY, NOW, House, many
from tests.web.editing import (
    ANA,
    BRIDGE,
    CELLO,
    DUE,
    FERRY,
    LOCK,
    NELE,
    TRAM,
    Room,
    desk,
    seen,
    status,
)
from tests.web.serving import KEYS
from tests.web.test_hostile import dump


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def test_opening_the_link_shows_how_things_are_and_changes_nothing(room: Room) -> None:
    before = dump(room.site)
    page = room.opened()
    # What scans mail opens every link, and asks for the head of some.
    for method in ("GET", "HEAD", "OPTIONS"):
        room.site.client.request(method, room.link())
    room.site.client.get(room.link() + "?do=stop&sure=yes&seen=" + seen(page))
    assert dump(room.site) == before
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert page.headers["x-robots-tag"] == "noindex"
    assert "Disallow: /edition/" in room.site.client.get("/robots.txt").text
    for said in (
        "Goes out on Tuesday",
        "The bridge reopens",
        "Port of Ghent",
        "Politics is full: 2 of 2",
        NELE,
    ):
        assert said in page.text
    assert "for subscribers." not in page.text


def test_the_link_is_in_no_log(room: Room) -> None:
    room.opened()
    assert room.link().rpartition("/")[2] not in room.site.said()


@pytest.mark.parametrize(
    ("do", "slugs"),
    [
        (f"lead {CELLO}", ["cello", "bridge", "ferry", "tram", "lock"]),
        (f"drop {BRIDGE}", ["ferry", "tram", "cello", "lock"]),
        (f"drop {LOCK}", ["bridge", "ferry", "tram", "cello"]),
        (f"top politics {TRAM}", ["bridge", "tram", "ferry", "cello", "lock"]),
    ],
)
def test_a_button_makes_a_revision_with_who_and_when(room: Room, do: str, slugs: list[str]) -> None:
    page = room.press(do)
    assert page.status_code == 200
    assert status(page).startswith("Done: “")
    assert room.slugs == slugs
    assert room.edition.revision == 2
    by, what = room.log[-1]
    assert (by, "revision 2: edited:" in what) == (NELE, True)
    assert NELE in page.text


def test_what_was_dropped_can_be_put_back(room: Room) -> None:
    for story in (FERRY, LOCK):
        page = room.press(f"drop {story}")
    assert f'value="back {FERRY}"' in page.text
    assert room.press(f"back {FERRY}").status_code == 200
    page = room.press(f"back {LOCK}")
    assert set(room.slugs) == {"bridge", "ferry", "tram", "cello", "lock"}
    assert f'value="back {LOCK}"' not in page.text


def test_subject_and_note(room: Room) -> None:
    assert room.press("save", subject="The vote,  at last").status_code == 200
    page = room.press("save", note="Good *morning*.\r\n\r\n<script>alert(1)</script>")
    assert room.selection.subject == "The vote, at last"
    assert "<em>morning</em>" in room.selection.note
    assert "<script" not in room.selection.note
    # To go on with as it was written.
    assert "Good *morning*.\n\n&lt;script&gt;" in page.text
    room.press("save", subject="")
    room.press("save", note="")
    assert (room.selection.subject, room.selection.note) == ("The bridge reopens", "")
    long = room.press("save", note="x" * 5_001)
    assert (long.status_code, "x" * 5_001 in long.text) == (422, True)


def test_hold_release_and_send_now(room: Room) -> None:
    page = room.press("hold")
    assert (room.edition.held, "Let it go" in page.text) == ("by hand", True)
    room.press("release")
    assert (room.edition.held, room.edition.goes) == ("", DUE)
    sure = room.press("now")
    assert "Nobody can take that back" in sure.text
    assert room.edition.goes == DUE
    room.press("now", page=sure, sure="yes")
    assert room.edition.goes == room.site.clock()
    assert [by for by, _ in room.log[-3:]] == [NELE] * 3


def test_stop_is_asked_once_more(room: Room) -> None:
    sure = room.press("stop")
    assert room.edition.state is EditionState.COMPOSED
    page = room.press("stop", page=sure, sure="yes")
    assert room.edition.state is EditionState.STOPPED
    assert f"send.py resume {KEY}" in page.text
    assert "<button" not in page.text


def test_two_editors_at_once_lose_nothing(room: Room) -> None:
    nele, ana = room.opened(NELE), room.opened(ANA)
    assert room.press(f"drop {FERRY}", editor=NELE, page=nele).status_code == 200
    late = room.press("save", editor=ANA, page=ana, note="What *I* wrote")
    assert late.status_code == 409
    assert f"something new, by {NELE}" in status(late)
    assert "What *I* wrote" in late.text
    assert room.selection.note == ""
    # What is new is in bold, by its headline.
    assert 'class="title">revision 2: edited: dropped 1: &#34;The ferry reopens&#34;' in late.text
    again = room.press("save", editor=ANA, page=late, note="What *I* wrote")
    assert (again.status_code, "I" in room.selection.note) == (200, True)
    assert "ferry" not in room.slugs


def test_what_an_editor_has_not_seen_is_not_sent(room: Room) -> None:
    old = room.opened(ANA)
    sure = room.press("now", editor=ANA, page=old)
    assert "The bridge reopens" in sure.text and seen(sure) == seen(old)
    room.press(f"lead {CELLO}")
    for page in (old, sure):
        late = room.press("now", editor=ANA, page=page, sure="yes")
        assert (late.status_code, "something new, by" in status(late)) == (409, True)
    # Nor is it asked for.
    late = room.press("now", editor=ANA, page=old)
    assert (late.status_code, "something new, by" in status(late)) == (409, True)
    assert room.edition.goes == DUE
    again = room.press("now", editor=ANA, page=late)
    assert again.text.count("The cello reopens") == 2
    room.press("now", editor=ANA, page=again, sure="yes")
    assert room.edition.goes == room.site.clock()


def test_a_form_sent_twice_is_done_once(room: Room) -> None:
    page = room.opened()
    room.press(f"drop {FERRY}", page=page)
    assert room.press(f"drop {FERRY}", page=page).status_code == 409
    assert room.edition.revision == 2


def test_hold_and_stop_work_whatever_somebody_else_has_done(room: Room) -> None:
    old = room.opened(ANA)
    room.press(f"drop {FERRY}")
    assert room.press("hold", editor=ANA, page=old).status_code == 200
    room.press(f"drop {TRAM}")
    assert room.press("stop", editor=ANA, page=old, sure="yes").status_code == 200
    assert room.edition.state is EditionState.STOPPED


@pytest.mark.parametrize(
    ("do", "why"),
    [
        (f"lead {LOCK}", "Not done: paid content never leads."),
        (f"top partners {LOCK}", "Not done: paid content stays in its own section."),
    ],
)
def test_what_cannot_come_true_is_not_said_to_be_done(room: Room, do: str, why: str) -> None:
    room.press(f"lead {CELLO}")
    late = room.press(do)
    assert (late.status_code, status(late)) == (409, why)
    assert (room.edition.revision, room.slugs[0]) == (2, "cello")


def test_the_last_story_stays(room: Room) -> None:
    for story in (BRIDGE, FERRY, TRAM):
        room.press(f"drop {story}")
    page = room.press(f"drop {CELLO}")
    assert (page.status_code, "no story would be left" in status(page)) == (409, True)
    assert "cello" in room.slugs


def test_once_it_goes_out_it_can_only_be_stopped(room: Room, engine: Engine) -> None:
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    old = room.opened()
    house = House(engine)
    house.provider.batch_size = 1
    house.run(max_per_hour=2)
    page = room.opened()
    assert "to 2 of 3 readers so far" in page.text
    assert page.text.count("<button") == 1
    assert 'value="stop"' in page.text
    for do in (f"drop {FERRY}", "save", "release", "now"):
        late = room.press(do, sure="yes")
        assert (late.status_code, status(late)) == (
            409,
            "That is not possible any more: ana sent it on Tuesday, March 10, 2026, 1:00\u202fPM.",
        )
    assert room.press(f"drop {FERRY}", page=old).status_code == 409
    room.press("stop", sure="yes")
    house.clock.pause(3600)
    house.run()
    assert len(house.provider.taken) == 2


def test_an_edition_that_is_over_is_shown_for_a_day(room: Room, engine: Engine) -> None:
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    House(engine).run()
    assert "It went out on" in room.opened().text
    assert room.press("stop", sure="yes").status_code == 409
    room.site.clock.on(hours=23)
    assert room.opened().status_code == 200
    room.site.clock.on(hours=2)
    assert room.opened().status_code == 410


def test_a_stopped_one_says_to_how_many_it_went(room: Room, engine: Engine) -> None:
    many(engine, 3, first=101)
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    House(engine).run(max_per_hour=1)
    all_ = sum(row.size for row in House(engine).batches())
    room.press("stop", sure="yes")
    assert f"it was handed over to 1 of {all_} readers, and goes to nobody else" in room.opened().text


def test_links_that_are_none(room: Room, engine: Engine) -> None:
    stranger = edition_token(KEYS, KEY, "0" * 64)
    good = room.link().rpartition("/")[2]
    other = edition_token(KEYS, "daily-2031-01-01", "0" * 64)
    for token in (stranger, other, good[:-2] + "e", good[:-1] + "o", "x"):
        assert room.site.client.get(f"/edition/{token}").status_code == 404
        page = room.site.client.post(f"/edition/{token}", data={"do": "stop", "sure": "yes"})
        assert page.status_code == 404
    assert room.edition.state is EditionState.COMPOSED
    assert room.site.client.get(f"{room.link()}/.").status_code == 200


def test_what_no_form_sends(room: Room) -> None:
    page = room.opened()
    before = editions_of(room)
    for do in ("", "x", "lead", "lead x", "drop tag:evil", "top politics x", "back x", f"top nowhere {TRAM}"):
        answer = room.press(do, page=page, seen_="x")
        if do in ("", "x"):
            assert answer.status_code == 400
            assert status(answer) == "Not done: the form did not say what to do. Press one of the buttons."
    assert room.site.client.post(room.link(), data={"seen": seen(page)}).status_code == 400
    for value in ("", "x", "-1", "9" * 400, "٣"):
        answer = room.site.client.post(room.link(), data={"seen": value, "do": f"drop {FERRY}"})
        assert (answer.status_code, "not=edition_stale" in answer.headers["location"]) == (303, True)
    assert editions_of(room) == before


def editions_of(room: Room) -> list[str]:
    return [*room.slugs, room.edition.state, str(room.edition.revision)]


def test_after_its_window_it_says_that_it_goes_with_the_next_run(room: Room) -> None:
    room.site.clock.on(minutes=21)
    assert "it goes out with the next run" in room.opened().text


@pytest.fixture
def kept(room: Room, engine: Engine) -> Room:
    """It was handed over to everybody, and SendGrid keeps it for half an hour."""
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    House(engine).run()
    with writing(engine) as connection:
        connection.execute(sa.update(batches).values(send_at=NOW + timedelta(minutes=30)))
        connection.execute(sa.text("UPDATE editions SET recall = 'name-1'"))
    return room


def test_what_the_provider_keeps_can_still_be_stopped(kept: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    page = kept.opened()
    assert "SendGrid keeps it for a while" in page.text
    assert page.text.count("<button") == 1
    taken: list[str] = []
    monkeypatch.setattr(recalls, "take_back", lambda *values: taken.append(values[2]))
    done = kept.press("stop", sure="yes")
    assert (done.status_code, taken) == (200, [KEY])
    assert kept.edition.state is EditionState.STOPPED


def test_where_it_is_not_taken_back_the_page_says_so_and_stop_is_there_again(
    kept: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ProviderError("SendGrid answered 500")

    monkeypatch.setattr(recalls, "take_back", refused)
    page = kept.press("stop", sure="yes")
    assert (page.status_code, "did not say that it takes back" in status(page)) == (409, True)
    assert 'value="stop"' in page.text
    # And goes on saying it, with when it is too late.
    assert "that goes to 3 readers on Tuesday, March 10, 2026, 1:30" in kept.opened().text


def test_once_it_is_sent_nothing_can_be_stopped(kept: Room) -> None:
    kept.site.clock.on(minutes=31)
    assert "<button" not in kept.opened().text
