"""A press that was not done, with nothing typed that has to be kept, leads to a page one can go back to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter.delivery import recalls
from newsroom.database import writing
from newsroom.errors import ProviderError
from newsroom.masthead import Place
from tests.newsletter.delivering import NOW
from tests.web.editing import ANA, BRIDGE, CELLO, DUE, FERRY, LOCK, TRAM, Room, boxes, desk, hidden, status
from tests.web.test_edition_said import way
from tests.web.test_hostile import dump
from web.edition_deeds import REFUSALS
from web.words import words

STALE = f"Not done. Since you opened this page there is something new, by {ANA}. "


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def led(room: Room, do: str, **fields: str) -> str:
    """Where a press leads."""
    page = fields.pop("page", None) or room.opened()
    answer = room.pressed(do, page=page, **fields)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    location: str = answer.headers["location"]
    return location


@pytest.mark.parametrize(
    ("do", "key", "says"),
    [
        ("save", "edition_same", "Nothing changed: it was so already."),
        (f"lead {LOCK}", "edition_cannot_paid_lead", "Not done: paid content never leads."),
        (f"drop {CELLO}x", "edition_not_possible", "That is not possible any more. This is how things are."),
    ],
)
def test_it_leads_to_a_page_that_says_why_and_may_be_asked_for_again(
    room: Room, do: str, key: str, says: str
) -> None:
    # What came from the store since it was composed is a change.
    room.press("save")
    there = led(room, do)
    assert there.endswith("#done")
    query = parse_qs(urlsplit(there).query)
    assert query == {"not": [key], "line": ["2"], "since": ["2"]}
    before = dump(room.site)
    for _ in range(2):
        page = room.site.client.get(room.link() + there.partition("#")[0])
        assert (page.status_code, status(page)) == (REFUSALS[key], says)
    assert dump(room.site) == before
    # Once something was done it says nothing of what was not.
    room.press("hold")
    page = room.site.client.get(room.link() + there.partition("#")[0])
    assert (page.status_code, status(page)) == (200, "")


def test_what_is_new_is_shown_on_that_page(room: Room) -> None:
    old = room.opened()
    room.press(f"drop {FERRY}", editor=ANA)
    answer = room.pressed(f"drop {TRAM}", page=old, **boxes(old))
    late = room.site.client.get(room.link() + answer.headers["location"].partition("#")[0])
    assert (answer.status_code, late.status_code) == (303, 409)
    assert status(late) == STALE + "Look, and press once more."
    assert 'class="title">revision 2: edited: dropped 1: &#34;The ferry reopens&#34;' in late.text
    assert room.press(f"drop {TRAM}", page=late, **boxes(late)).status_code == 200


def test_what_was_typed_is_in_no_address(room: Room) -> None:
    old = room.opened()
    room.press(f"drop {FERRY}", editor=ANA)
    for typed in ({"subject": "The vote"}, {"note": "Embargoed words"}):
        answer = room.pressed(f"drop {TRAM}", page=old, **(boxes(old) | typed))
        assert (answer.status_code, *typed.values()) == (409, *typed.values())
        assert next(iter(typed.values())) in answer.text


def test_that_it_was_not_taken_back_is_a_page_of_its_own_too(
    room: Room, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ProviderError("SendGrid answered 500")

    monkeypatch.setattr(recalls, "take_back", refused)
    assert parse_qs(urlsplit(led(room, "stop", sure="yes")).query)["not"] == ["edition_not_taken_back"]


@pytest.mark.parametrize(
    "query",
    [
        "not=edition_same",
        "not=edition_x&line=1",
        "not=edition_cannot_field&line=1",
        "not=&line=1",
        "not=skip&line=1",
    ],
)
def test_an_address_that_was_made_up_says_nothing(room: Room, query: str) -> None:
    page = room.site.client.get(f"{room.link()}?{query}&since=0")
    assert (page.status_code, status(page)) == (200, "")


@pytest.mark.parametrize("key", REFUSALS)
def test_every_reason_has_its_words(key: str) -> None:
    assert key in words("en")


def test_the_first_answer_says_which_story_leads_now(room: Room) -> None:
    old = room.opened()
    room.press(f"lead {CELLO}", editor=ANA)
    late = room.press("save", page=old, **(boxes(old) | {"subject": "The bridge, at last"}))
    assert status(late) == (
        f"{STALE}“The cello reopens” leads now. "
        "The subject that you typed is still here: look whether it suits that story, and press once more."
    )
    assert (way(late.text), hidden(late)["was_lead"]) == ("#subject", CELLO)
    done = room.press("save", page=late, **boxes(late))
    assert (done.status_code, room.selection.edits.subject_of) == (200, CELLO)


def test_also_with_a_hold_and_a_note_alone(room: Room) -> None:
    old = room.opened()
    room.press(f"lead {CELLO}", editor=ANA)
    held = room.press("hold", page=old, **(boxes(old) | {"subject": "The bridge, at last"}))
    assert status(held) == (
        "Done: it is held. But what you typed is not saved: look at what is new, and press Save. "
        "“The cello reopens” leads now."
    )
    assert room.press("save", page=held, **boxes(held)).status_code == 200
    late = room.press("save", page=old, **(boxes(old) | {"note": "Good morning"}))
    assert "“The cello reopens” leads now. What you typed is still here" in status(late)


def test_who_leads_now_is_said_right_after_what_was_done(tmp_path: Path, engine: Engine) -> None:
    places = (Place("politics", 2), Place("culture", 3), Place("latest", 4), Place("partners", 3))
    with desk(tmp_path, engine, places=places) as room:
        room.press(f"lead {CELLO}")
        page = room.press(f"drop {CELLO}")
        said = status(page)
        assert said.startswith("Done: “The cello reopens” is left out. “The bridge reopens” leads now. ")
        assert "is now in Politics" in said


def test_a_note_of_which_nothing_is_left_is_said_to_take_the_old_one_away(room: Room) -> None:
    picture = "![A map](https://example.org/map.png)"
    gone = "So nothing is left of it, and the note that was there is gone."
    for do in ("save", f"drop {FERRY}", "hold"):
        room.press("save", note="Good morning")
        page = room.press(do, note=picture)
        assert status(page).count(f"A note shows no pictures, so none is in it. {gone}") == 1
        assert room.selection.note == ""
    room.press("save", note="Good morning")
    sure = room.press("now", note=picture)
    assert gone in sure.text
    # A note that was emptied, and one that keeps a word, need no such word.
    assert gone not in status(room.press("save", note=""))
    assert gone not in room.press("now", note=picture).text
    room.press("save", note="Good morning")
    assert gone not in status(room.press("save", note=f"{picture} Good evening"))


def test_the_question_shows_the_note_that_goes_out(room: Room, engine: Engine) -> None:
    room.press("save", note="The *bridge*, at\nlast: " + "word " * 200)
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id == BRIDGE).values(published=DUE))
    sure = room.press("now")
    part = sure.text.partition('<span class="soft">Note on top</span>')[2].partition("</p>")[0]
    assert "The *bridge*, at\nlast: word" in part and part.rstrip("</bdi>").endswith("word…")
    assert len(part) < 400
    assert "Note on top" not in room.press("stop").text
    room.press("save", note="")
    assert "Note on top" not in room.press("now").text
    assert "Good evening" in room.press("now", note="Good evening").text.partition("<form")[0]


def test_the_question_whether_to_stop_what_is_gone_names_none_of_it(room: Room, engine: Engine) -> None:
    room.press("save", subject="The bridge, at last")
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    sure = room.press("stop")
    text = sure.text.partition("</h1>")[2]
    assert "bridge" not in text and "Subject" not in text and "Lead" not in text
    assert "Every story of it was withdrawn; what is new since goes into the next edition." in text
    assert "its stories go" not in text
