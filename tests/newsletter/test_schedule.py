"""The hours at which editions are due, on days when clocks change and after gaps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.schedule import Due, due_editions, edition_number, next_due
from tests import samples

BRUSSELS = ZoneInfo("Europe/Brussels")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CHANGES = [
    # zone, hour, local date, the instant
    (
        "Europe/Berlin",
        time(2, 30),
        date(2026, 3, 29),
        "2026-03-29 01:30",
    ),  # skipped: 03:30 it is
    ("Europe/Berlin", time(2, 30), date(2026, 10, 25), "2026-10-25 00:30"),  # twice: the first
    ("Europe/Berlin", time(6, 0), date(2026, 3, 28), "2026-03-28 05:00"),
    ("Europe/Berlin", time(6, 0), date(2026, 3, 29), "2026-03-29 04:00"),
    ("America/Santiago", time(0, 0), date(2026, 9, 6), "2026-09-06 04:00"),  # 00:00 to 01:00 is skipped
    ("America/Santiago", time(0, 30), date(2026, 9, 6), "2026-09-06 04:30"),
    ("America/Santiago", time(23, 30), date(2026, 4, 4), "2026-04-05 02:30"),  # midnight back to 23:00
    ("Asia/Beirut", time(0, 15), date(2026, 3, 29), "2026-03-28 22:15"),  # midnight is skipped
    ("Africa/Cairo", time(0, 0), date(2026, 4, 24), "2026-04-23 22:00"),  # midnight is skipped, a Friday
    ("Africa/Cairo", time(23, 15), date(2026, 10, 29), "2026-10-29 20:15"),  # midnight back to 23:00
    ("Australia/Lord_Howe", time(2, 15), date(2026, 10, 4), "2026-10-03 15:45"),  # half an hour is skipped
    ("Australia/Sydney", time(2, 30), date(2026, 4, 5), "2026-04-04 15:30"),  # southern autumn: twice
    ("Asia/Kathmandu", time(6, 0), date(2026, 3, 10), "2026-03-10 00:15"),
    ("Pacific/Kiritimati", time(6, 0), date(2026, 3, 10), "2026-03-09 16:00"),
]


@pytest.mark.parametrize(("zone", "at", "day", "instant"), CHANGES)
def test_the_hour_on_days_of_change_is_one_instant(zone: str, at: time, day: date, instant: str):
    newsletter = samples.newsletter(at=at, latest=timedelta(hours=1))
    moment = utc(instant)
    runs = [moment + timedelta(minutes=minutes) for minutes in range(-180, 300, 5)]
    found = [
        due
        for run in runs
        for due in due_editions(newsletter, ZoneInfo(zone), run, moment - timedelta(days=3), [])
        if due.local_date == day
    ]
    assert {due.due for due in found} == {moment}
    assert found and not found[0].late and not found[0].missed
    assert found[-1].missed


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_half_past_two_is_one_edition_on_both_change_days(day: date):
    zone = ZoneInfo("Europe/Berlin")
    newsletter = samples.newsletter(at=time(2, 30))
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    sent: list[date] = []
    for minutes in range(0, 24 * 60, 5):
        now = start + timedelta(minutes=minutes)
        sent += [due.local_date for due in due_editions(newsletter, zone, now, start, sent)]
    assert sent == [day]


def test_a_day_that_the_zone_left_out_has_no_edition():
    newsletter = samples.newsletter(at=time(6, 0))
    zone = ZoneInfo("Pacific/Apia")
    due = due_editions(newsletter, zone, utc("2012-01-01 12:00"), utc("2011-12-28 20:00"), [])
    assert [value.local_date.day for value in due] == [29, 31, 1]
    assert next_due(newsletter, zone, utc("2011-12-29 20:00")).local_date == date(2011, 12, 31)


@pytest.mark.parametrize(
    ("now", "late", "missed"),
    [
        ("2026-03-10 05:00", False, False),
        ("2026-03-10 05:15", False, False),
        ("2026-03-10 05:16", True, False),
        ("2026-03-10 08:00", True, False),
        ("2026-03-10 08:01", False, True),
    ],
)
def test_catch_up(now: str, late: bool, missed: bool):
    due = due_editions(samples.newsletter(), BRUSSELS, utc(now), utc("2026-03-09 12:00"), [])
    assert due == (Due(date(2026, 3, 10), utc("2026-03-10 05:00"), late, missed),)


def test_nothing_is_due_before_its_hour_or_before_there_was_a_newsroom():
    newsletter = samples.newsletter()
    assert due_editions(newsletter, BRUSSELS, utc("2026-03-10 04:59"), utc("2026-03-09 12:00"), []) == ()
    assert due_editions(newsletter, BRUSSELS, utc("2026-03-10 07:00"), utc("2026-03-10 05:01"), []) == ()
    assert due_editions(newsletter, BRUSSELS, utc("2026-03-10 07:00"), utc("2026-03-10 05:00"), []) != ()


def test_catch_up_past_midnight_belongs_to_its_own_date():
    newsletter = samples.newsletter(at=time(23, 30))
    now = datetime(2026, 3, 11, 1, 0, tzinfo=BRUSSELS)
    due = due_editions(newsletter, BRUSSELS, now, utc("2026-03-10 12:00"), [])
    assert [(value.local_date, value.late, value.missed) for value in due] == [
        (date(2026, 3, 10), True, False)
    ]
    assert due_editions(newsletter, BRUSSELS, now, utc("2026-03-10 12:00"), [date(2026, 3, 10)]) == ()


def test_only_its_days():
    newsletter = samples.newsletter(days=frozenset({1, 5}))
    due = due_editions(newsletter, BRUSSELS, utc("2026-03-31 12:00"), utc("2026-03-01 12:00"), [])
    assert [value.local_date.day for value in due] == [2, 6, 9, 13, 16, 20, 23, 27, 30]
    assert next_due(newsletter, BRUSSELS, utc("2026-03-06 05:00")).local_date == date(2026, 3, 9)


def test_a_day_added_to_the_schedule_is_not_missed_in_the_past():
    decided = [date(2026, 3, 6)]  # a Friday; Saturdays were added on Monday
    newsletter = samples.newsletter(days=frozenset({5, 6}))
    since = utc("2026-01-01 00:00")
    due = due_editions(newsletter, BRUSSELS, utc("2026-03-13 06:00"), since, decided)
    assert [value.local_date for value in due] == [date(2026, 3, 7), date(2026, 3, 13)]
    assert due[0].missed


def test_a_date_decided_for_the_future_does_not_hide_the_days_before_it():
    due = due_editions(
        samples.newsletter(), BRUSSELS, utc("2026-03-10 05:00"), utc("2026-03-09 12:00"), [date(2026, 4, 1)]
    )
    assert [value.local_date for value in due] == [date(2026, 3, 10)]


def test_next_due_is_later_and_needs_days():
    newsletter = samples.newsletter()
    assert next_due(newsletter, BRUSSELS, utc("2026-03-10 04:59")).due == utc("2026-03-10 05:00")
    assert next_due(newsletter, BRUSSELS, utc("2026-03-10 05:00")).due == utc("2026-03-11 05:00")
    with pytest.raises(ValueError, match="daily"):
        next_due(samples.newsletter(days=frozenset()), BRUSSELS, utc("2026-03-10 05:00"))


ZONES = ["Europe/Berlin", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "UTC"]
STARTS = ["2026-03-20 00:00", "2026-03-27 21:00", "2026-04-02 10:00", "2026-09-04 00:00", "2026-10-23 05:00"]


@given(
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    at=st.times().map(lambda value: value.replace(second=0, microsecond=0)),
    days=st.frozensets(st.integers(1, 7), min_size=1),
    latest=st.sampled_from([timedelta(0), timedelta(hours=3), timedelta(hours=30)]),
    steps=st.lists(st.sampled_from([0, 1, 5, 5, 5, 60, 600, 3000]), max_size=60),
)
def test_every_scheduled_day_is_due_or_missed_exactly_once(zone, start, at, days, latest, steps):
    zone = ZoneInfo(zone)
    newsletter = samples.newsletter(at=at, days=days, latest=latest)
    now = since = utc(start)
    decided: list[date] = []
    for minutes in [*steps, 2 * 24 * 60]:
        now += timedelta(minutes=minutes)
        for due in due_editions(newsletter, zone, now, since, decided):
            assert since <= due.due <= now
            assert due.missed == (now - due.due > latest)
            assert not (due.late and due.missed)
            decided.append(due.local_date)
    assert max(Counter(decided).values(), default=1) == 1
    expected, moment = [], since - timedelta(microseconds=1)
    while (following := next_due(newsletter, zone, moment)).due <= now:
        expected.append(following.local_date)
        moment = following.due
    assert decided == expected
    assert all(day.isoweekday() in days for day in decided)


@given(st.frozensets(st.integers(1, 7), min_size=1), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_consecutive_editions_have_consecutive_numbers(days, day):
    newsletter = samples.newsletter(days=days)
    scheduled = [
        later for number in range(30) if (later := day + timedelta(days=number)).isoweekday() in days
    ]
    numbers = [edition_number(newsletter, later) for later in scheduled]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
