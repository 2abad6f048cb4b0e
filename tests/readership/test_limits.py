"""Counting what is asked for, in a real database."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import writing
from readership.limits import Limit, forget, take
from readership.tables import limits
from tests.samples import NOON

HOUR = timedelta(hours=1)
LIMIT = Limit("sign-up", 2, HOUR)
KEY = b"k" * 32


def asked(engine: Engine, who: str = "a@quay.example", later: timedelta = timedelta(0)) -> bool:
    with writing(engine) as connection:
        return take(connection, LIMIT, KEY, who, NOON + later)


def test_so_many_and_no_more_until_the_next_stretch(engine: Engine) -> None:
    assert [asked(engine) for _ in range(4)] == [True, True, False, False]
    assert asked(engine, "b@quay.example")
    assert asked(engine, later=HOUR)


def test_nobody_is_named_and_a_day_later_all_is_forgotten(engine: Engine) -> None:
    asked(engine)
    with writing(engine) as connection:
        (row,) = connection.execute(sa.select(limits)).all()
        assert "quay" not in str(row)
        assert forget(connection, NOON + timedelta(hours=23)) == 0
        assert forget(connection, NOON + timedelta(days=1, seconds=1)) == 1
