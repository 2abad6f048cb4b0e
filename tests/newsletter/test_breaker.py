"""What the circuit breaker holds, and what it lets pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.breaker import Limits, Past, breaker

WEEK = [Past(9, 3_900), Past(14, 4_000), Past(0, 4_010)]


@pytest.mark.parametrize(
    ("fresh", "readers", "history", "held"),
    [
        (12, 4_100, WEEK, ""),
        (56, 12_030, WEEK, ""),  # exactly the factors
        (57, 4_100, WEEK, "57 new stories, while the last 3 editions had at most 14"),
        (12, 12_031, WEEK, "12,031 readers, while the last 3 editions had at most 4,010"),
        (40, 1_000, [Past(1, 3)], ""),  # far more, but not many
        (41, 3, [Past(1, 3)], "41 new stories, while the last edition had at most 1"),
        (3, 40_000, [Past(3, 3)], "40,000 readers, while the last edition had at most 3"),
        (200, 10_000, [], ""),
        (201, 1, [], "201 new stories in a first edition"),
        (1, 10_001, [], "10,001 readers in a first edition"),
        (0, 0, WEEK, ""),
    ],
)
def test_table(fresh: int, readers: int, history: list[Past], held: str):
    reason = breaker(fresh, readers, history)
    assert (reason or "").startswith(held) and bool(reason) == bool(held)


def test_both_reasons_are_named():
    reason = breaker(900, 90_000, WEEK)
    assert reason and "900 new stories" in reason and "90,000 readers" in reason


def test_limits_are_the_newsrooms():
    strict = Limits(story_factor=1, story_floor=0, reader_factor=1, reader_floor=0)
    assert breaker(15, 4_010, WEEK, strict) and not breaker(14, 4_010, WEEK, strict)


@given(
    st.lists(st.builds(Past, st.integers(0, 500), st.integers(0, 10**6)), max_size=6),
    st.integers(0, 10**4),
    st.integers(0, 10**7),
)
def test_order_of_history_is_nothing_and_no_more_than_before_is_never_held(history, fresh, readers):
    assert bool(breaker(fresh, readers, history)) == bool(breaker(fresh, readers, history[::-1]))
    for past in history:
        assert breaker(past.fresh, past.readers, history) is None
