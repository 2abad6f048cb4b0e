"""Far more typed on an edition's page than it takes: to hold and to stop is done all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from newsletter.edition import EditionState
from tests.browser import window
from tests.web.editing import ANA, FERRY, Room, desk, hidden, seen, status
from tests.web.test_reader_pages import base
from web.edition import LONGEST_BODY

CUT = "What you typed was too long to be kept: a note has at most 5000 characters."
UNDONE = "So nothing else was done either: every button saves the two boxes as well."
LONG = "x" * (LONGEST_BODY + 1)


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def sent(
    room: Room, do: str, *, is_first: bool = True, as_parts: bool = True, **typed: str
) -> httpx2.Response:
    """The answer to a form as a browser sends it: the button where it stands, before or after the boxes."""
    page = room.opened()
    before = {"seen": seen(page), **hidden(page)}
    fields = {**before, "do": do, **typed} if is_first else {**before, **typed, "do": do}
    if not as_parts:
        return room.site.client.post(room.link(), data=fields)
    return room.site.client.post(room.link(), files={name: (None, value) for name, value in fields.items()})


@pytest.mark.parametrize("as_parts", [True, False])
def test_hold_is_done_whatever_is_too_long(room: Room, as_parts: bool) -> None:
    page = sent(room, "hold", subject="The vote", note=LONG, as_parts=as_parts)
    assert (page.status_code, room.edition.held) == (200, "by hand")
    assert status(page) == f"Done: it is held. {CUT}"
    tree = LexborHTMLParser(page.text)
    # Nothing of it is taken for the note, and what is whole is still there.
    (note,), (subject,) = tree.css("#note"), tree.css("#subject")
    assert (note.text().strip(), note.attributes["aria-invalid"]) == ("", "true")
    assert (subject.attributes["value"], room.edition.revision) == ("The vote", 1)
    assert "xxx" not in page.text


def test_who_sends_far_more_is_answered_once_all_is_sent(room: Room) -> None:
    page = room.opened()
    body = urlencode({"seen": seen(page), **hidden(page), "do": "hold", "note": "x" * 7_000_000})
    url, kind = room.site.client.base_url, {"Content-Type": "application/x-www-form-urlencoded"}
    # As a browser, it reads nothing before it has sent everything.
    with closing(HTTPConnection(url.host, url.port or 80, timeout=60)) as connection:
        connection.request("POST", room.link(), body, kind)
        assert connection.getresponse().status == 200
    assert room.edition.held == "by hand"


def test_what_is_read_is_kept_however_long_it_is(room: Room) -> None:
    note = "x" * 120_000
    page = sent(room, "hold", note=note)
    assert (page.status_code, room.edition.held, note in page.text) == (200, "by hand", True)
    assert status(page) == "Done: it is held. Not saved: the note has more than 5000 characters."


def test_stop_is_asked_and_done_whatever_is_too_long(room: Room) -> None:
    sure = sent(room, "stop", subject="The vote", note=LONG)
    assert 'name="sure" value="yes"' in sure.text and CUT in sure.text
    assert 'name="subject" value="The vote"' in sure.text
    page = room.press("stop", page=sure, sure="yes", note=LONG)
    assert room.edition.state is EditionState.STOPPED
    assert status(page).startswith("Done: it is stopped.") and status(page).endswith(CUT)


@pytest.mark.parametrize("do", ["save", "now", f"drop {FERRY}"])
def test_anything_else_is_not_done_and_the_page_says_why(room: Room, do: str) -> None:
    for is_first in (True, False):
        page = sent(room, do, is_first=is_first, note=LONG)
        said = CUT if do == "save" and is_first else f"{CUT} {UNDONE}"
        assert (page.status_code, status(page)) == (413, said)
        assert (room.edition.revision, room.edition.goes > room.site.clock()) == (1, True)


def test_too_many_fields_are_no_form(room: Room) -> None:
    fields = {str(number): "" for number in range(1_001)}
    for as_parts in (True, False):
        assert sent(room, "hold", as_parts=as_parts, **fields).status_code == 400
    assert not room.edition.held


@pytest.mark.parametrize("field", ["{nope}", "x" * 301])
def test_both_boxes_say_at_once_what_is_wrong_with_them(room: Room, field: str) -> None:
    page = room.press("save", subject=field, note="x" * 5_001)
    tree = LexborHTMLParser(page.text)
    errors = [tree.css(f"#{box}-error")[0].text() for box in ("subject", "note")]
    assert "subject" in errors[0] and errors[1] == "Not saved: the note has more than 5000 characters."
    assert status(page) == " ".join(errors)
    assert [len(tree.css(f"#{box}[aria-invalid]")) for box in ("subject", "note")] == [1, 1]
    assert [one.attributes["id"] for one in tree.css("[autofocus]")] == ["subject"]
    # What is as it was before is not called wrong.
    page = room.press("save", note="x" * 5_001)
    assert LexborHTMLParser(page.text).css("#subject[aria-invalid]") == []


def test_a_hold_that_was_done_is_not_said_as_a_mistake(room: Room) -> None:
    page = room.press("hold", note="x" * 5_001)
    assert '<p class="did">Done: it is held.</p>' in page.text
    old = room.press("release")
    room.press("save", editor=ANA, note="Ana's")
    page = room.press("hold", page=old, note="Nele's")
    assert '<p class="did">Done: it is held.</p>' in page.text


@pytest.mark.browser
def test_a_browser_that_sends_all_of_it_gets_the_page(
    tmp_path: Path, engine: Engine, browser: Browser
) -> None:
    with window(browser, 375) as page, desk(tmp_path, engine) as room:
        for length, is_there in ((120_000, True), (1_200_000, False)):
            page.goto(base(room.site) + room.link())
            page.locator("#note").evaluate(
                "(box, length) => { box.value = `${'x'.repeat(9999)}\n`.repeat(length / 10000); }", length
            )
            page.locator('button[value="hold"]').press("Enter")
            page.locator("#note-error").wait_for()
            assert room.edition.held
            assert (len(page.locator("#note").input_value()) == length) is is_there
            page.goto(base(room.site) + room.link())
            page.locator('button[value="release"]').press("Enter")
            page.wait_for_url("**did=release**")
