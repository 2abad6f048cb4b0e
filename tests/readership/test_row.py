"""One row understood: what each cell may say, and every mistake named without the reader's address."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsroom.errors import ReaderError
from readership.reader import Plan
from readership.row import FIELDS, Row, Rules, Status, moment, understood

BRUSSELS = ZoneInfo("Europe/Brussels")
RULES = Rules(BRUSSELS, frozenset({"politics", "culture"}), frozenset({"daily", "weekly"}))
ADDRESS = "ann@example.org"


def _row(**cells: str) -> Row:
    return understood({"address": ADDRESS} | cells, RULES)


def _problems(**cells: str) -> tuple[str, ...]:
    with pytest.raises(ReaderError) as caught:
        _row(**cells)
    return caught.value.problems


def test_an_address_alone_is_enough() -> None:
    assert _row() == Row(ADDRESS)


def test_every_field_is_read() -> None:
    row = _row(
        name="  Ann   de  Vries ",
        plan="Trial",
        plan_until="2026-03-31",
        products="print; archive|print",
        language="pt_BR",
        sections="politics,culture",
        newsletters="weekly",
        status="Subscribed",
        consent_at="2026-01-02T10:00+01:00",
        consent_source="form on the site",
    )
    assert row == Row(
        ADDRESS,
        Status.SUBSCRIBED,
        "Ann de Vries",
        Plan.TRIAL,
        date(2026, 3, 31),
        True,
        frozenset({"print", "archive"}),
        "pt-BR",
        frozenset({"politics", "culture"}),
        ("weekly",),
        datetime(2026, 1, 2, 9, tzinfo=UTC),
        "form on the site",
    )


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_known(status: Status) -> None:
    assert _row(status=f" {status.value.upper()} ").status is status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-31", datetime(2026, 3, 31, tzinfo=BRUSSELS)),
        ("2026-03-31T06:00", datetime(2026, 3, 31, 6, tzinfo=BRUSSELS)),
        ("2026-03-31 06:00:00", datetime(2026, 3, 31, 6, tzinfo=BRUSSELS)),
        ("2026-03-31T06:00:00Z", datetime(2026, 3, 31, 6, tzinfo=UTC)),
        ("2026-03-31T06:00:00.000Z", datetime(2026, 3, 31, 6, tzinfo=UTC)),
        ("2026-03-31 06:00:00 UTC", datetime(2026, 3, 31, 6, tzinfo=UTC)),
        ("2026-03-31T06:00:00+02:00", datetime(2026, 3, 31, 4, tzinfo=UTC)),
    ],
)
def test_dates_of_many_programs_are_read(text: str, expected: datetime) -> None:
    assert _row(consent_at=text).consent_at == expected


def test_a_last_day_is_a_day_in_the_newsrooms_zone() -> None:
    assert _row(plan="paid", plan_until="2026-03-31T22:30:00Z").plan_until == date(2026, 4, 1)


@pytest.mark.parametrize("zone", ["Europe/Brussels", "America/New_York", "UTC"])
@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-11:00"])
def test_a_plan_for_ever_ends_with_the_calendar(text: str, zone: str) -> None:
    rules = Rules(ZoneInfo(zone), (), ())
    row = understood({"address": ADDRESS, "plan": "paid", "plan_until": text}, rules)
    assert row.plan_until == date(9999, 12, 31)


def test_the_same_text_is_another_moment_in_another_zone() -> None:
    brussels, utc = Rules(BRUSSELS, (), ()), Rules(ZoneInfo("UTC"), (), ())
    cells = {"address": ADDRESS, "consent_at": "2026-03-31", "plan_until": "2026-03-31T23:00Z"}
    found = [understood(cells, rules) for rules in (brussels, utc, brussels)]
    assert [(one.consent_at, one.plan_until) for one in found] == [
        (datetime(2026, 3, 30, 22, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2026, 3, 31, tzinfo=UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 30, 22, tzinfo=UTC), date(2026, 4, 1)),
    ]


def test_first_and_last_name_make_a_name_where_there_is_none() -> None:
    assert _row(first_name="Ann", last_name="de Vries").name == "Ann de Vries"
    assert _row(name="Dr. Ann", first_name="Ann", last_name="de Vries").name == "Dr. Ann"
    assert _row(first_name="", last_name="de Vries").name == "de Vries"


def test_what_nobody_sees_in_a_cell_is_taken_off() -> None:
    row = understood(
        {"address": "\ufeff\u200b ann@example.org\u00a0", "name": "\u00a0Zoe\u0308\u00a0"}, RULES
    )
    assert (row.address, row.name) == (ADDRESS, "Zoë")


def test_the_apostrophe_that_disarms_a_formula_is_no_part_of_a_name() -> None:
    assert _row(name="'=Ann").name == "=Ann"
    assert _row(name="'t Hooft").name == "'t Hooft"


def test_a_name_on_two_lines_becomes_one_line() -> None:
    assert _row(name="Ann\r\nde Vries").name == "Ann de Vries"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"address": ""}, "there is no address"),
        ({"address": "a@b@c"}, "this is no email address"),
        ({"address": "ann at example.org"}, "this is no email address"),
        ({"address": "ann@localhost"}, "this is no email address"),
        ({"address": "ann@example.org, bob@example.org"}, "this is no email address"),
        ({"address": "Ann <ann@example.org>"}, "this is no email address"),
        ({"address": "ann@exa\nmple.org"}, "address has a line break"),
        ({"address": "ann\x00@example.org"}, "address has a line break or another control character"),
        ({"address": "a" * 400 + "@example.org"}, "address has 412 characters; at most 320"),
        ({"status": "active"}, "status 'active' is not known; allowed: subscribed, pending"),
        ({"status": ""}, "status is empty; allowed: subscribed"),
        ({"plan": "gold"}, "plan 'gold' is not known; allowed: free, trial, paid, group"),
        ({"plan": "trial"}, "plan trial needs its last day in plan_until"),
        ({"plan": "paid", "plan_until": "31.03.2026"}, "plan_until '31.03.2026' is not a date; write it as"),
        ({"plan": "paid", "plan_until": "2026-02-31"}, "plan_until '2026-02-31' is not a date"),
        ({"consent_at": "03/31/2026"}, "consent_at '03/31/2026' is not a date"),
        # In Brussels a moment of a year that there is not in UTC.
        ({"consent_at": "0001-01-01"}, "consent_at '0001-01-01' is not a date"),
        (
            {"sections": "politics,polticks"},
            "sections: 'polticks' is not one of yours; allowed: culture",
        ),
        ({"newsletters": "monthly"}, "newsletters: 'monthly' is not one of yours; allowed: daily, weekly"),
        ({"language": "English!"}, "language 'English!' is not a language tag"),
        ({"name": "Ann\x07"}, "name has a line break or another control character"),
        ({"name": "Z\ufffd"}, "name has bytes that are no characters in the file's encoding"),
        ({"products": "print\nonline"}, "products has a line break"),
        ({"consent_source": "x\r\nBcc: all"}, "consent_source has a line break"),
        ({"name": "x" * 321}, "name has 321 characters; at most 320 are kept"),
    ],
)
def test_a_mistake_is_named(cells: dict[str, str], problem: str) -> None:
    (found,) = _problems(**cells)
    assert found.startswith(problem)
    assert "ann" not in found
    assert len(found) < 300


def test_a_slipped_column_does_not_show_the_address() -> None:
    for name in ("status", "plan", "plan_until", "consent_at", "sections", "newsletters", "language"):
        (found,) = _problems(**{name: "ann@example.org"})
        assert found.startswith(name)
        assert "ann" not in found


def test_every_mistake_of_a_row_is_named_at_once() -> None:
    found = _problems(address="a@b@c", plan="gold", status="?", consent_at="soon")
    assert len(found) == 4


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30), max_size=6))
def test_whatever_stands_there_it_is_a_row_or_an_error_of_ours(cells: dict[str, str]) -> None:
    try:
        row = understood(cells, RULES)
    except ReaderError as error:
        assert error.problems
    else:
        assert "@" in row.address
        assert all(ord(letter) >= 32 for letter in row.name + row.consent_source + row.address)


def test_the_same_cells_say_something_else_by_other_rules() -> None:
    cells = {"address": ADDRESS, "sections": "sport"}
    assert _problems(sections="sport") == (
        "sections: 'sport' is not one of yours; allowed: culture, politics",
    )
    assert understood(cells, Rules(BRUSSELS, ("sport",), ())).sections == frozenset({"sport"})
    assert _problems(sections="sport") == (
        "sections: 'sport' is not one of yours; allowed: culture, politics",
    )


def test_every_mistake_is_told_again_and_in_the_order_of_the_fields() -> None:
    for _ in range(2):
        assert _problems(consent_at="soon", plan="gold", status="", address="a@b@c") == (
            _problems(address="a@b@c")[0],
            "status is empty; allowed: subscribed, pending, unsubscribed, cleaned, bounced, complained",
            "plan 'gold' is not known; allowed: free, trial, paid, group",
            "consent_at 'soon' is not a date; write it as 2026-03-31 or 2026-03-31T06:00+02:00",
        )
    # A cell that cannot be read is told of once, and is no empty one.
    assert _problems(status="\x07") == ("status has a line break or another control character",)
    assert _problems(status="")[0].startswith("status is empty")


@given(
    st.datetimes(),
    st.sampled_from(["Europe/Brussels", "America/New_York", "Pacific/Apia", "Africa/Monrovia", "UTC"]),
)
@example(datetime(2026, 3, 29, 2, 30, tzinfo=UTC), "Europe/Brussels")  # The clock skips it.
@example(datetime(2025, 10, 26, 2, 30, tzinfo=UTC), "Europe/Brussels")  # There it is twice.
@example(datetime(1, 1, 1, tzinfo=UTC), "Europe/Brussels")  # Before the calendar begins.
def test_a_moment_without_a_zone_is_the_newsrooms_own(local: datetime, name: str) -> None:
    zone, found = ZoneInfo(name), local.replace(tzinfo=None)
    try:
        expected = found.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        with pytest.raises(ValueError, match="no year"):
            moment(found.isoformat(), zone)
        return
    read = moment(found.isoformat(), zone)
    assert (read, read.tzinfo, read.fold) == (expected, UTC, 0)
