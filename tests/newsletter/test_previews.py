"""Previews are put into the queue of letters: to each editor once, whoever looks, and once more at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import editions, holds
from newsletter.desk import editing
from newsletter.desk.previews import QUIET, put_previews
from newsletter.edition import Composition, Edits, LeftOut
from newsletter.letters.letter_queue import put
from newsletter.letters.post_office import drained
from newsletter.rendering.letter import Letter
from newsletter.tables import edition_revisions, letters
from newsroom.database import reading, writing
from newsroom.installation import ensure
from newsroom.settings import AlertSettings, Settings, SmtpSettings
from readership import counts
from readership.reader import Plan
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, Clock, enrolled, selection
from tests.servers.smtp import Server
from tests.web.archives import keep
from tests.web.serving import settings

NELE, ANA = "nele@quay.example", "ana@quay.example"
CELLO, FERRY = (f"tag:quay.example,2026:articles/{name}" for name in ("cello", "ferry"))


@pytest.fixture
def values(tmp_path: Path, engine: Engine) -> Settings:
    """An edition to be looked at, its readers, and two editors."""
    paper = samples.newsletter(hold=timedelta(minutes=20), editors=(NELE, ANA))
    chosen = selection()
    with writing(engine) as connection:
        for story in chosen.stories:
            keep(connection, story.teaser)
        due = NOW + timedelta(minutes=20)
        editions.create(connection, "daily", due, Composition(chosen, (), 3), NOW, "run")
    ended = samples.reader(3, Plan.TRIAL, plan_until=DAY - timedelta(days=1))
    enrolled(engine, samples.reader(1), samples.reader(2, Plan.PAID), ended)
    return settings(tmp_path, newsletters=(paper,))


def queued(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        query = sa.select(letters.c.address, letters.c.subject).order_by(letters.c.id)
        return [(address, subject) for address, subject in connection.execute(query)]


def changed(engine: Engine, values: Settings, edits: Edits, by: str, clock: Clock) -> None:
    with writing(engine) as connection:
        editing.change(connection, values, KEY, edits, by, clock())


def test_each_editor_gets_one_whoever_looks(engine: Engine, values: Settings) -> None:
    clock = Clock()
    assert [put_previews(values, engine, clock) for _ in range(3)] == [2, 0, 0]
    assert queued(engine) == [(NELE, "Preview: The bridge reopens"), (ANA, "Preview: The bridge reopens")]


def test_readers_are_counted_by_the_plan_of_the_day(engine: Engine, values: Settings) -> None:
    with reading(engine) as connection:
        assert counts.by_plan(connection, "daily", DAY) == {Plan.FREE: 2, Plan.PAID: 1}


def test_once_more_after_anothers_changes_and_never_again(engine: Engine, values: Settings) -> None:
    clock = Clock()
    put_previews(values, engine, clock)
    changed(engine, values, Edits(lead=CELLO), NELE, clock)
    clock.pause(QUIET.total_seconds() - 1)
    assert put_previews(values, engine, clock) == 0
    clock.pause(1)
    assert put_previews(values, engine, clock) == 1
    assert queued(engine)[-1] == (ANA, "Preview, changed: The cello reopens")
    changed(engine, values, Edits(dropped=frozenset({FERRY})), NELE, clock)
    clock.pause(600)
    assert put_previews(values, engine, clock) == 0


@pytest.mark.parametrize(
    "over",
    [
        lambda connection: holds.stop(connection, KEY, "", "nele", NOW),
        lambda connection: connection.execute(sa.text("UPDATE editions SET first_handed = due")),
    ],
)
def test_of_one_that_is_over_or_under_way_none(
    engine: Engine, values: Settings, over: Callable[[sa.Connection], object]
) -> None:
    with writing(engine) as connection:
        over(connection)
    assert put_previews(values, engine, Clock()) == 0


def test_without_editors_none(engine: Engine, values: Settings) -> None:
    (paper,) = values.newsletters
    assert put_previews(replace(values, newsletters=(replace(paper, editors=()),)), engine, Clock()) == 0


def test_they_go_by_the_alerts_own_server_and_readers_letters_do_not(
    engine: Engine, values: Settings
) -> None:
    with Server() as smtp:
        own = SmtpSettings(host="127.0.0.1", port=smtp.port, security="plain")
        values = replace(values, alerts=AlertSettings(smtp=own))
        ensure(engine, NOW)
        made = Letter("Confirm", ("<p>Confirm</p>",), ("Confirm",), "en")
        with writing(engine) as connection:
            later = NOW + timedelta(hours=1)
            put(connection, "confirm", values.newsletters[0], "ana@reader.example", made, NOW, later)
        done = drained(values, engine, Clock())
    assert done.accepted == 3
    assert {got.recipient for got in smtp.got} == {NELE, ANA}
    assert len(list((values.outbox_dir / "letters-confirm").glob("*.eml"))) == 1
    assert queued(engine) == []


def test_what_is_no_news_is_not_told_of_as_left_out(engine: Engine, values: Settings) -> None:
    left_out = (
        LeftOut(CELLO, "already in an edition of this newsletter"),
        LeftOut(FERRY, "published 2026-03-01 05:00, before the window (2026-03-09 05:00)"),
        LeftOut("tag:quay.example,2026:articles/bridge", "Politics is full: 3 of 3", for_room=True),
    )
    with writing(engine) as connection:
        row = sa.update(edition_revisions).values(left_out=[asdict(one) for one in left_out])
        connection.execute(row)
    put_previews(values, engine, Clock())
    with reading(engine) as connection:
        text = connection.execute(sa.select(letters.c.text).limit(1)).scalar_one()
    told = text.partition("Left out")[2].partition("---")[0]
    assert "Politics is full" in told
    assert "already in" not in told
    assert "before the window" not in told
