"""When an edition is composed and when it may go, with a window for its editors before its hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.desk.window import goes
from newsletter.edition import Edition, EditionState
from newsletter.lateness import is_too_late
from newsletter.schedule import due_editions
from tests import samples

DUE = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
HOLD = timedelta(minutes=20)


@pytest.mark.parametrize(
    ("composed", "hold", "expected"),
    [
        (-20, 20, None),
        (-300, 20, None),
        (-15, 20, None),
        (-10, 20, None),
        (-9, 20, 11),
        (0, 20, 20),
        (45, 20, 65),
        (45, 0, None),
        (-1, 0, None),
    ],
)
def test_when_it_goes(composed: int, hold: int, expected: int | None) -> None:
    found = goes(DUE, DUE + timedelta(minutes=composed), timedelta(minutes=hold))
    assert found == (None if expected is None else DUE + timedelta(minutes=expected))


@given(st.integers(-3_000, 3_000), st.integers(1, 720))
def test_nobody_gets_what_no_editor_had_half_a_window_for(composed: int, hold: int) -> None:
    made, window = DUE + timedelta(minutes=composed), timedelta(minutes=hold)
    when = goes(DUE, made, window) or DUE
    assert when >= DUE
    assert when - made >= window / 2


@given(st.integers(0, 59), st.sampled_from([1, 5, 7, 60]), st.integers(0, 720))
def test_with_a_window_each_day_has_one_edition_all_the_same(start: int, every: int, hold: int) -> None:
    # Over the last Sunday of March, on which the clocks change.
    newsletter = replace(samples.newsletter(), hold=timedelta(minutes=hold))
    since = datetime(2026, 3, 27, 0, start, tzinfo=UTC)
    composed: Counter[date] = Counter()
    now = since
    while now < since + timedelta(days=4):
        for due in due_editions(newsletter, ZoneInfo("Europe/Brussels"), now, since, composed):
            assert not due.missed
            opens = max(due.due - newsletter.hold, since)
            assert opens <= now < opens + timedelta(minutes=every)
            composed[due.local_date] += 1
        now += timedelta(minutes=every)
    assert set(composed.values()) == {1}
    assert len(composed) in (3, 4, 5)


def test_what_waits_for_its_editors_is_not_late_while_it_waits() -> None:
    late = Edition("k", "daily", DUE.date(), "", EditionState.COMPOSED, 1, DUE, DUE)
    late = replace(late, not_before=DUE + timedelta(hours=3, minutes=10))
    latest = timedelta(hours=3)
    assert not is_too_late(late, latest, DUE + timedelta(hours=3, minutes=11))
    assert is_too_late(late, latest, DUE + timedelta(hours=6, minutes=11))
    # Sent ahead of its hour by a person it has the time from its hour.
    assert not is_too_late(replace(late, not_before=DUE - HOLD), latest, DUE + latest)
