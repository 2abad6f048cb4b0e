"""What is due to be told to a hub, what is asked, and what its answer means."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from feeds.websub import (
    GIVEN_UP_AFTER,
    LONGEST_WAIT,
    Answer,
    Ping,
    Verdict,
    batches,
    complaint,
    due,
    failed,
    form,
    is_given_up,
    verdict,
)
from tests.samples import NOON

MINUTE = timedelta(minutes=1)


def ping(name: str = "a", **changes: Any) -> Ping:
    return Ping(**{"feed": f"https://feeds.quay.example/feeds/{name}.rss", "since": NOON, **changes})


def test_the_oldest_are_told_first() -> None:
    some = [ping("b"), ping("a"), ping("c", since=NOON - MINUTE)]
    assert [one.feed[-5] for one in due(some, NOON)] == ["c", "a", "b"]


def test_nobody_asks_a_hub_that_is_to_be_left_alone() -> None:
    failing = ping("a", attempts=1, not_before=NOON + MINUTE)
    assert due([failing, ping("b")], NOON) == ()
    assert len(due([failing, ping("b")], NOON + MINUTE)) == 2


def test_a_refused_feed_keeps_no_other_waiting() -> None:
    refused = ping("a", attempts=1, not_before=NOON + MINUTE, refused=True)
    assert due([refused, ping("b")], NOON) == (ping("b"),)


def test_fifty_a_request() -> None:
    some = [ping(str(number)) for number in range(120)]
    assert [len(batch) for batch in batches(some)] == [50, 50, 20]
    assert batches([]) == []


def test_the_form_of_several_and_of_one() -> None:
    assert parse_qsl(form(["https://q/a.rss", "https://q/b.rss?x=1&y"]).decode()) == [
        ("hub.mode", "publish"),
        ("hub.url", "https://q/a.rss"),
        ("hub.url", "https://q/b.rss?x=1&y"),
    ]
    assert parse_qsl(form(["https://q/a.rss"]).decode()) == [
        ("hub.mode", "publish"),
        ("hub.url", "https://q/a.rss"),
        ("hub.topic", "https://q/a.rss"),
    ]


@pytest.mark.parametrize(
    ("status", "several", "alone"),
    [
        (200, Verdict.TOLD, Verdict.TOLD),
        (202, Verdict.TOLD, Verdict.TOLD),
        (204, Verdict.TOLD, Verdict.TOLD),
        (100, Verdict.DOWN, Verdict.DOWN),
        (302, Verdict.DOWN, Verdict.DOWN),
        (308, Verdict.DOWN, Verdict.DOWN),
        (400, Verdict.SPLIT, Verdict.REFUSED),
        (404, Verdict.SPLIT, Verdict.REFUSED),
        (408, Verdict.DOWN, Verdict.DOWN),
        (429, Verdict.DOWN, Verdict.DOWN),
        (500, Verdict.DOWN, Verdict.DOWN),
        (503, Verdict.DOWN, Verdict.DOWN),
        (999, Verdict.DOWN, Verdict.DOWN),
        (None, Verdict.DOWN, Verdict.DOWN),
    ],
)
def test_what_an_answer_means(status: int | None, several: Verdict, alone: Verdict) -> None:
    answer = Answer(status, "no answer")
    assert (verdict(answer, 2), verdict(answer, 1)) == (several, alone)
    assert several is Verdict.TOLD or complaint(answer)


def test_it_waits_longer_each_time_and_an_hour_at_most() -> None:
    one, waits = ping(), []
    for _ in range(12):
        one = failed(one, Answer(500), NOON, refused=False)
        assert one.not_before is not None
        waits.append((one.not_before - NOON) / MINUTE)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert (one.attempts, one.reason) == (12, "it cannot now (500)")


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        ("600", 10),
        ("0", 1),
        ("Tue, 10 Mar 2026 12:30:00 GMT", 30),
        ("Tue, 10 Mar 2026 12:30:00", 30),
        ("Tue, 10 Mar 2020 12:30:00 GMT", 1),
        ("999999999999999999999999", 60),
        ("soon", 1),
        ("²", 1),
        ("", 1),
    ],
)
def test_it_waits_as_long_as_it_is_asked_to(asked: str, minutes: int) -> None:
    one = failed(ping(), Answer(503, retry_after=asked), NOON, refused=False)
    assert one.not_before == NOON + minutes * MINUTE
    assert minutes * MINUTE <= LONGEST_WAIT


def test_it_is_given_up_after_a_day_of_failures_and_never_untried() -> None:
    assert not is_given_up(ping(since=NOON - 3 * GIVEN_UP_AFTER), NOON)
    assert not is_given_up(ping(attempts=9, since=NOON - GIVEN_UP_AFTER + MINUTE), NOON)
    assert is_given_up(ping(attempts=9, since=NOON - GIVEN_UP_AFTER), NOON)
