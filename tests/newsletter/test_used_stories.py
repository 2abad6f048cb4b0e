"""Which stories count as used, and which are carried over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine

from newsletter import holds, used_stories
from newsletter.edition import LeftOut
from newsletter.left_out import Why
from newsletter.providers import Answer
from newsroom.database import reading, writing
from tests.newsletter.delivering import KEY, NOW, FakeProvider, House, composed, many, says, selection


def id_of(name: str) -> str:
    return f"tag:quay.example,2026:articles/{name}"


def used(engine: Engine, provider: str = "smtp", newsletter: str = "daily", but: str = "") -> set[str]:
    names = ("bridge", "ferry", "cello", "roof")
    with reading(engine) as connection:
        found = used_stories.used(connection, newsletter, [id_of(name) for name in names], provider, but)
    return {id_.rpartition("/")[2] for id_ in found}


def handed_over(engine: Engine, provider: str) -> None:
    many(engine, 1)
    House(engine, FakeProvider(name=provider)).run()


def test_a_composed_edition_holds_its_stories_and_a_stopped_one_gives_them_back(engine: Engine) -> None:
    composed(engine)
    assert used(engine) == {"bridge", "ferry", "cello"}
    assert used(engine, but=KEY) == set()
    assert used(engine, newsletter="weekly") == set()
    with writing(engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
    assert used(engine) == set()


@pytest.mark.parametrize(
    ("sent_with", "now_with", "counts"),
    [
        ("smtp", "smtp", True),
        ("smtp", "sendgrid", True),
        ("smtp", "outbox", True),
        ("outbox", "outbox", True),
        ("outbox", "smtp", False),
    ],
)
def test_what_went_to_the_outbox_counts_while_that_is_the_provider(
    engine: Engine, sent_with: str, now_with: str, counts: bool
) -> None:
    composed(engine)
    handed_over(engine, sent_with)
    assert bool(used(engine, now_with)) is counts


def test_stopped_before_anything_was_taken_gives_back_even_after_an_attempt(engine: Engine) -> None:
    composed(engine)
    many(engine, 1)
    House(engine, FakeProvider(otherwise=says(Answer.STOP, "401"))).run()
    with writing(engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
    assert used(engine) == set()


def test_the_highest_revision_shown_is_remembered(engine: Engine) -> None:
    composed(engine)
    with reading(engine) as connection:
        assert used_stories.used(connection, "daily", [id_of("bridge")], "smtp") == {id_of("bridge"): 1}


def test_left_out_for_room_is_carried_until_it_is_used_or_too_old(engine: Engine) -> None:
    left_out = (
        LeftOut(id_of("roof"), Why.GAVE_WAY, for_room=True),
        LeftOut(id_of("old"), Why.OLD, (NOW, NOW)),
        LeftOut(id_of("bridge"), Why.GAVE_WAY, for_room=True),
    )
    composed(engine, left_out=left_out)

    def carried(since: timedelta, but: str = "") -> tuple[str, ...]:
        with reading(engine) as connection:
            return used_stories.carried(connection, "daily", NOW - since, "smtp", but)

    # Nothing of it was handed over yet: its stories are as new as they were.
    assert carried(timedelta(days=7)) == ()
    handed_over(engine, "smtp")
    # The bridge was shown all the same.
    assert carried(timedelta(days=7)) == (id_of("roof"),)
    assert carried(-timedelta(seconds=1)) == ()
    assert carried(timedelta(days=7), but=KEY) == ()
    composed(engine, selection(("roof", "culture"), slot="extra"))
    assert carried(timedelta(days=7)) == ()
