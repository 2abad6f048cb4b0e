"""What an editor's buttons do, what the page says of it, and that nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter import holds
from newsletter.codec import to_json
from newsletter.edition import LeftOut
from newsletter.left_out import Why
from newsletter.tables import edition_revisions
from newsroom.database import writing
from newsroom.masthead import Place
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House
from tests.web.archives import keep
from tests.web.editing import ANA, BRIDGE, CELLO, FERRY, QUARRY, TRAM, Room, boxes, desk, seen, status
from web.words import words


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def test_what_had_no_room_is_taken_in_and_the_page_says_who_gave_way(tmp_path: Path, engine: Engine) -> None:
    places = (Place("politics", 3), Place("culture", 3), Place("partners", 3))
    with desk(tmp_path, engine, places=places) as room:
        _taken_in(room, engine)


def _taken_in(room: Room, engine: Engine) -> None:
    with writing(engine) as connection:
        keep(connection, samples.teaser("canal", sections=("politics",), published=NOW - timedelta(days=1)))
    assert room.press(f"back {QUARRY}").status_code == 200
    assert room.slugs == ["bridge", "ferry", "quarry", "tram", "cello", "lock"]
    canal = "tag:quay.example,2026:articles/canal"
    with writing(engine) as connection:
        row = sa.update(edition_revisions).where(edition_revisions.c.revision == 2)
        connection.execute(row.values(left_out=[LeftOut(canal, Why.GAVE_WAY, for_room=True).stored]))
    page = room.opened()
    assert f'value="back {canal}"' in page.text
    page = room.press(f"back {canal}", page=page)
    assert status(page) == (
        "Done: “The canal reopens” is in. “The tram reopens” gave way for it and waits for the next edition."
    )
    assert room.slugs == ["bridge", "canal", "ferry", "quarry", "cello", "lock"]
    assert f'value="back {TRAM}"' in page.text


def test_a_press_says_what_it_did_to_lead_and_subject(room: Room) -> None:
    page = room.press("save", subject="The bridge, at last")
    assert status(page) == "Done: subject and note are saved."
    page = room.press(f"lead {CELLO}")
    assert status(page) == (
        "Done: “The cello reopens” leads now. "
        "The subject that was written by hand stays: “The bridge, at last”."
    )
    page = room.press(f"drop {BRIDGE}")
    assert status(page) == (
        "Done: “The bridge reopens” is left out. The subject that was written by hand went with the story it "
        "was written for; it is now “The cello reopens”."
    )
    page = room.press(f"drop {CELLO}", subject="{lead} and more")
    assert status(page) == (
        "Done: “The cello reopens” is left out. “The ferry reopens” leads now. "
        "What you wrote was saved with it."
    )
    page = room.press(f"lead {TRAM}")
    assert status(page) == "Done: “The tram reopens” leads now."


@pytest.mark.parametrize("note", ["&nbsp;", "\u200b", "***"])
def test_words_of_which_nobody_sees_anything_are_not_saved(room: Room, note: str) -> None:
    page = room.press(f"drop {TRAM}", subject="\u200b\u200e", note=note)
    assert status(page) == "Done: “The tram reopens” is left out."
    assert (room.selection.subject, room.selection.note) == ("The bridge reopens", "")
    assert boxes(page) == {"subject": "", "note": ""}
    assert room.log[-1][1] == f"revision 2: edited: dropped 1: {TRAM}"


def test_a_press_says_that_the_lead_was_withdrawn_meanwhile(room: Room, engine: Engine) -> None:
    room.press("save", subject="The bridge, at last")
    page = room.opened()
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id == BRIDGE).values(withdrawn=NOW))
    page = room.press(f"drop {TRAM}", page=page, **boxes(page))
    assert "“The ferry reopens” leads now. The subject that was written by hand went with" in status(page)


def test_a_press_leads_to_a_page_that_may_be_asked_for_again(room: Room) -> None:
    answer = room.pressed("hold")
    there = urljoin(room.link(), answer.headers["location"])
    assert (answer.status_code, there.endswith("#done")) == (303, True)
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    for _ in range(2):
        page = room.site.client.get(there.partition("#")[0])
        assert status(page) == "Done: it is held."
    assert [what for _, what in room.log].count("held: by hand") == 1
    # Held twice it is held once.
    room.press("hold")
    assert [what for _, what in room.log].count("held: by hand") == 1
    room.press("release", editor=ANA)
    assert status(room.site.client.get(there.partition("#")[0])) == ""


def test_what_was_done_is_said_where_its_button_stood(room: Room) -> None:
    page = room.press(f"drop {TRAM}")
    assert status(page) == "Done: “The tram reopens” is left out."
    part = page.text.partition('<h3 class="part">Politics</h3>')[2].partition("<ul")[0]
    assert 'id="done"' in part
    # Culture is empty then, and not on the page.
    page = room.press(f"drop {CELLO}")
    assert page.text.index('id="done"') < page.text.index("Goes out on")


@pytest.mark.parametrize(
    "query", ["did=hold", "did=hold&line=x", "did=x&line=1", "line=1", "did=drop&of=x&line=1", "did=&line=²"]
)
def test_an_address_that_was_made_up_says_nothing_of_a_story(room: Room, query: str) -> None:
    page = room.site.client.get(f"{room.link()}?{query}")
    assert page.status_code == 200
    assert status(page) in ("", "Done. This is how things are now.")


@pytest.mark.parametrize("do", [f"lead {CELLO}", f"drop {FERRY}", "hold", "release", "save"])
def test_every_button_saves_what_was_typed(room: Room, do: str) -> None:
    if do == "release":
        room.press("hold")
    page = room.press(do, subject="The vote", note="Good *morning*.")
    assert (room.selection.subject, "<em>morning</em>" in room.selection.note) == ("The vote", True)
    assert ("What you wrote was saved with it." in status(page)) is (do != "save")
    # What stands there already is no change.
    page = room.press("save", subject="The vote", note="Good *morning*.")
    assert status(page) == "Nothing changed: it was so already."


def test_what_was_typed_is_sent_with_send_now_and_kept_by_no_back(room: Room) -> None:
    sure = room.press("now", subject="The vote", note="Good *morning*.")
    assert "The vote" in sure.text and "as you have just written them" in sure.text
    assert room.selection.subject == "The bridge reopens"
    back = room.press("look", page=sure, subject="The vote", note="Good *morning*.")
    assert 'value="The vote"' in back.text and "Good *morning*." in back.text
    assert room.edition.revision == 1
    room.press("now", page=sure, sure="yes", subject="The vote", note="Good *morning*.")
    assert (room.selection.subject, room.edition.goes) == ("The vote", room.site.clock())


def test_a_hold_that_comes_late_keeps_what_was_typed(room: Room) -> None:
    old = room.opened(ANA)
    room.press(f"drop {FERRY}")
    page = room.press("hold", editor=ANA, page=old, note="What *I* wrote")
    assert (page.status_code, room.edition.held, room.selection.note) == (200, "by hand", "")
    assert status(page).startswith("Done: it is held. But what you typed is not saved")
    assert "What *I* wrote" in page.text
    assert room.press("save", editor=ANA, page=page, note="What *I* wrote").status_code == 200


def test_hold_and_stop_work_whatever_the_boxes_hold(room: Room, engine: Engine) -> None:
    # As long as the shell takes one, in the longest letters there are.
    with writing(engine) as connection:
        row = sa.update(edition_revisions)
        long = "\U00010400" * 20_000
        changed = replace(room.selection, edits=replace(room.selection.edits, note="x", note_text=long))
        connection.execute(row.values(selection=to_json(changed)))
    fields = {"seen": seen(room.opened()), "note": long, "do": "hold"}
    files = {name: (None, value) for name, value in fields.items()}
    assert room.site.client.post(room.link(), files=files).status_code == 303
    assert room.edition.held == "by hand"
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE editions SET held = ''"))
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    page = room.press("hold", subject="A change that cannot be: every story was withdrawn")
    assert (page.status_code, room.edition.held) == (200, "by hand")


def test_a_subject_that_is_too_long_is_not_cut_in_silence(room: Room) -> None:
    for do in ("save", f"lead {CELLO}", "now"):
        page = room.press(do, subject="x" * 301)
        assert (page.status_code, "x" * 301 in page.text) == (422, True)
        undone = (
            ""
            if do == "save"
            else " So nothing else was done either: every button saves the two boxes as well."
        )
        assert status(page) == "Not saved: the subject has more than 300 characters." + undone
    assert room.edition.revision == 1


@pytest.mark.parametrize("do", ["save", "hold", f"drop {FERRY}"])
def test_a_field_that_is_none_is_said_at_its_box(room: Room, do: str) -> None:
    page = room.press(do, subject="{nope}, at last")
    assert (room.selection.subject, bool(room.edition.held)) == ("The bridge reopens", do == "hold")
    assert status(page).startswith("Done: it is held. Not " if do == "hold" else "Not ")
    tree = LexborHTMLParser(page.text)
    (field,) = tree.css("#subject")
    assert (field.attributes["aria-invalid"], field.attributes["value"]) == ("true", "{nope}, at last")
    assert tree.css("#subject-error")


def test_ones_own_deeds_are_not_called_somebody_elses(room: Room) -> None:
    old = room.opened()
    room.press(f"drop {FERRY}", page=old)
    late = room.press(f"drop {FERRY}", page=old)
    assert (late.status_code, status(late)[:66]) == (
        409,
        "Not done: this page was from before what you yourself have done si",
    )


def test_what_is_let_go_after_its_hour_is_asked_once_more(room: Room) -> None:
    room.press("hold")
    assert "It waits until somebody lets it go" in room.opened().text
    old = room.opened()
    room.site.clock.on(minutes=21)
    assert "has passed" in room.opened().text
    sure = room.press("release", page=old)
    assert "Its time has passed" in sure.text
    assert room.edition.held == "by hand"
    room.press("release", page=sure, sure="yes")
    assert room.edition.held == ""


def test_send_now_says_what_is_not_out_yet(room: Room, engine: Engine) -> None:
    with writing(engine) as connection:
        embargo = sa.update(articles).where(articles.c.id == BRIDGE)
        connection.execute(embargo.values(published=NOW + timedelta(minutes=19)))
    assert "comes out at" in room.opened().text
    sure = room.press("now")
    lost = sure.text.partition("It then goes without what is not out yet; the next edition may have it:")[2]
    assert "The bridge reopens" in lost and "comes out at" in lost
    before = sure.text.partition("It then goes without")[0]
    for name in ("Subject", "Lead"):
        value = before.partition(f'<span class="soft">{name}</span>')[2].partition("</p>")[0]
        assert "The ferry reopens" in value
        assert 'at its hour it would be: <bdi dir="ltr">The bridge reopens' in value


def test_where_every_story_was_withdrawn_nothing_is_offered_that_cannot_be(
    room: Room, engine: Engine
) -> None:
    room.press("hold")
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    page = room.opened()
    assert "Every story of it was withdrawn" in page.text
    assert page.text.count("<button") == 1 and 'value="stop"' in page.text
    assert "reopens" not in page.text.partition("<h2>Not in it any more</h2>")[0]
    assert "Held: by hand. Every story of it was withdrawn" in page.text
    for do in ("release", f"drop {FERRY}"):
        late = room.press(do, sure="yes")
        assert status(late) == "That is not possible any more. This is how things are."


def test_an_old_page_of_what_is_gone_is_not_told_to_press_once_more(room: Room, engine: Engine) -> None:
    old = room.opened()
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    House(engine).run()
    late = room.press(f"drop {FERRY}", page=old, note="What I typed")
    assert (late.status_code, "press" in status(late)) == (409, False)
    assert status(late).startswith(
        "That is not possible any more: ana sent it on Tuesday, March 10, 2026, 1:00"
    )


@pytest.mark.parametrize(("box", "most"), [("subject", 300), ("note", 5_000)])
@pytest.mark.parametrize("do", ["save", "hold", f"drop {FERRY}"])
def test_what_is_too_long_is_said_at_its_box(room: Room, box: str, most: int, do: str) -> None:
    long = "x" * (most + 1)
    answer = room.press(do, subject=long) if box == "subject" else room.press(do, note=long)
    page = LexborHTMLParser(answer.text)
    (field,) = page.css(f"#{box}")
    (other,) = page.css("#note" if box == "subject" else "#subject")
    assert "autofocus" in field.attributes and "autofocus" not in other.attributes
    assert (field.attributes["aria-invalid"], other.attributes.get("aria-invalid")) == ("true", None)
    assert field.attributes["aria-describedby"] == f"{box}-error {box}-note"
    (error,) = page.css(f"#{box}-error")
    assert f"more than {most} characters" in error.text()
    (link,) = page.css("#done a")
    assert link.attributes["href"] == f"#{box}"


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar"])
def test_why_it_is_held_is_said_in_the_pages_language(tmp_path: Path, engine: Engine, language: str) -> None:
    with desk(tmp_path, engine, language=language) as room:
        page = room.press("hold").text.partition('<p class="about">')[2].partition("</p>")[0]
        assert words(language)["edition_why_hand"] in page
        assert ("by hand" in page) is (language == "en")


def test_a_reason_that_a_person_gave_stands_as_it_is(tmp_path: Path, engine: Engine) -> None:
    with desk(tmp_path, engine, language="fr", held="too <b> early") as room:
        assert "Retenue\u00a0: too &lt;b&gt; early." in room.opened().text


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar"])
def test_what_sendgrid_keeps_can_be_taken_back_and_the_page_says_so(
    tmp_path: Path, engine: Engine, language: str
) -> None:
    with desk(tmp_path, engine, delay=timedelta(minutes=20), language=language) as room:
        ours = words(language)
        sure = ours["edition_sure_now_text"].rpartition("{day}")[2].rpartition(". ")[2]
        assert sure not in room.press("now").text
        assert "SendGrid" in room.press("now").text and "20" in room.press("now").text
        page = room.opened().text
        assert ours["edition_until"] not in page and ours["edition_until_kept"] in page
        if language == "en":
            assert "SendGrid keeps it for 20 minutes, so it is in mailboxes from" in page
        room.site.clock.on(minutes=21)
        page = room.opened().text
        assert "SendGrid" in page.partition("</h1>")[2].partition("<form")[0]
        room.press("hold")
        assert "SendGrid" in room.press("release").text
