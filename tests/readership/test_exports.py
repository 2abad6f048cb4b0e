"""Whose export a file is, and what its columns mean in our words."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsroom.errors import ReaderError
from readership.exports import Reading, hint_of, reading_of, squeezed
from readership.reader import Plan
from readership.row import Row, Rules, Status, understood

RULES = Rules(ZoneInfo("Europe/Brussels"), frozenset({"politics"}), frozenset({"daily"}))
MAILCHIMP = (
    "Email Address,First Name,Last Name,Address,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
    "CONFIRM_IP,LATITUDE,LONGITUDE,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,"
    "labels,tiers"
)
SUBSTACK = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at"
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"
BUTTONDOWN = "email_address,notes,metadata,tags,creation_date,subscriber_type"
MAILPOET = "Email,First name,Last name,List name,Global status,Subscribed at"


def _reading(header: str, name: str = "list.csv", **columns: str) -> Reading:
    return reading_of(next(csv.reader([header])), columns, Path(name))


def _row(header: str, line: str, name: str = "list.csv") -> Row:
    return understood(_reading(header, name).fields(next(csv.reader([line]))), RULES)


@pytest.mark.parametrize(
    ("header", "program"),
    [
        (MAILCHIMP, "Mailchimp"),
        (MAILCHIMP + ",UNSUB_TIME,UNSUB_REASON", "Mailchimp"),
        (GHOST, "Ghost"),
        (SUBSTACK, "Substack"),
        (LISTMONK, "listmonk"),
        (BUTTONDOWN, "Buttondown"),
        (MAILPOET, "MailPoet"),
        ("address,name,plan,status", ""),
        ("E-Mail,Vorname", ""),
    ],
)
def test_a_programs_export_is_known_by_its_columns(header: str, program: str) -> None:
    assert _reading(header).format == program


CHIMP = 'ann@example.org,Ann,"de Vries","Quay 1, Ghent",,2,"2024-05-01 10:00:00",1.2.3.4,{at},,,,,,,,1,a1,,'


@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("subscribed_email_audience_export_1a2b3c.csv", Status.SUBSCRIBED),
        ("unsubscribed_email_audience_export_1a2b3c.csv", Status.UNSUBSCRIBED),
        ("cleaned_email_audience_export_1a2b3c.csv", Status.CLEANED),
        ("members.csv", Status.SUBSCRIBED),
    ],
)
def test_mailchimps_status_is_in_the_files_name(file: str, status: Status) -> None:
    row = _row(MAILCHIMP, CHIMP.format(at='"2024-05-01 10:05:00"'), file)
    # The column "Address" holds where somebody lives.
    assert (row.address, row.name, row.status) == ("ann@example.org", "Ann de Vries", status)
    assert row.consent_at == datetime(2024, 5, 1, 10, 5, tzinfo=RULES.zone)
    assert row.consent_source == "Mailchimp"


@pytest.mark.parametrize("column", ["UNSUB_TIME", "CLEAN_TIME"])
def test_mailchimps_stops_are_seen_in_a_renamed_file_too(column: str) -> None:
    row = _row(f"{MAILCHIMP},{column}", CHIMP.format(at="") + ',"2025-01-01 00:00:00"', "my list.csv")
    assert row.status in (Status.UNSUBSCRIBED, Status.CLEANED)


def test_mailchimps_transactional_contacts_never_signed_up() -> None:
    with pytest.raises(ReaderError, match="status 'nonsubscribed' is not known"):
        _row(MAILCHIMP, CHIMP.format(at=""), "nonsubscribed_email_audience_export_1a2b3c.csv")


def test_an_address_column_in_front_of_the_email_column_is_no_email_address() -> None:
    assert _row("Address,Email", "Graslei 1,ann@example.org").address == "ann@example.org"


@pytest.mark.parametrize(
    ("line", "plan", "status"),
    [
        ("1,a@b.org,Ann,,true,false,,2024-01-01T00:00:00.000Z,,,", Plan.FREE, Status.SUBSCRIBED),
        ("1,a@b.org,Ann,,true,false,cus_1,2024-01-01T00:00:00.000Z,,,Gold", Plan.PAID, Status.SUBSCRIBED),
        ("1,a@b.org,Ann,,true,true,,2024-01-01T00:00:00.000Z,,,", Plan.PAID, Status.SUBSCRIBED),
        ("1,a@b.org,Ann,,false,false,,2024-01-01T00:00:00.000Z,,,", Plan.FREE, Status.UNSUBSCRIBED),
        (
            "1,a@b.org,Ann,,true,false,,2024-01-01T00:00:00.000Z,2025-01-01T00:00:00.000Z,,",
            Plan.FREE,
            Status.UNSUBSCRIBED,
        ),
    ],
)
def test_ghost(line: str, plan: Plan, status: Status) -> None:
    row = _row(GHOST, line)
    assert (row.plan, row.status, row.consent_source) == (plan, status, "Ghost")
    assert row.consent_at == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "plan", "until", "status"),
    [
        (
            "a@b.org,true,2027-01-01T00:00:00.000Z,yearly,false,2024-01-01,",
            Plan.PAID,
            date(2027, 1, 1),
            Status.SUBSCRIBED,
        ),
        (
            "a@b.org,false,2024-02-01T00:00:00.000Z,other,false,2024-01-01,",
            Plan.FREE,
            None,
            Status.SUBSCRIBED,
        ),
        ("a@b.org,false,,other,true,2024-01-01,", Plan.FREE, None, Status.UNSUBSCRIBED),
    ],
)
def test_substack(line: str, plan: Plan, until: date | None, status: Status) -> None:
    row = _row(SUBSTACK, line)
    assert (row.plan, row.plan_until, row.status) == (plan, until, status)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("enabled", Status.SUBSCRIBED), ("disabled", Status.UNSUBSCRIBED), ("blocklisted", Status.UNSUBSCRIBED)],
)
def test_listmonk(theirs: str, ours: Status) -> None:
    assert _row(LISTMONK, f'u-1,a@b.org,Ann,"{{""city"": 1}}",{theirs},2024-01-01 10:00:00,').status is ours


@pytest.mark.parametrize(
    ("theirs", "status", "plan"),
    [
        ("regular", Status.SUBSCRIBED, Plan.FREE),
        ("premium", Status.SUBSCRIBED, Plan.PAID),
        ("gifted", Status.SUBSCRIBED, Plan.PAID),
        ("churned", Status.SUBSCRIBED, Plan.FREE),
        ("unactivated", Status.PENDING, Plan.FREE),
        ("unsubscribed", Status.UNSUBSCRIBED, Plan.FREE),
        ("removed", Status.UNSUBSCRIBED, Plan.FREE),
        ("undeliverable", Status.BOUNCED, Plan.FREE),
        ("complained", Status.COMPLAINED, Plan.FREE),
    ],
)
def test_buttondown(theirs: str, status: Status, plan: Plan) -> None:
    row = _row(BUTTONDOWN, f"a@b.org,,{{}},,2024-01-01,{theirs}")
    assert (row.status, row.plan) == (status, plan)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Subscribed", Status.SUBSCRIBED),
        ("unconfirmed", Status.PENDING),
        ("unsubscribed", Status.UNSUBSCRIBED),
        ("bounced", Status.BOUNCED),
        ("inactive", Status.SUBSCRIBED),
    ],
)
def test_mailpoet(theirs: str, ours: Status) -> None:
    row = _row(MAILPOET, f"a@b.org,Ann,de Vries,All,{theirs},2024-01-01")
    assert (row.status, row.name) == (ours, "Ann de Vries")


@pytest.mark.parametrize("header", [GHOST, LISTMONK, BUTTONDOWN, MAILPOET])
def test_a_state_that_a_program_invents_later_signs_nobody_up(header: str) -> None:
    cells = {
        "status": "limbo",
        "globalstatus": "limbo",
        "subscribertype": "limbo",
        "subscribedtoemails": "limbo",
    }
    cells |= {"email": "a@b.org", "emailaddress": "a@b.org"}
    line = ",".join(cells.get(squeezed(heading), "") for heading in header.split(","))
    try:
        assert _row(header, line).status is Status.UNSUBSCRIBED
    except ReaderError as error:
        assert "limbo" in str(error)


def test_import_names_columns_of_its_own() -> None:
    reading = _reading("Kundennr,Mail,Abo-Typ", address="Mail", plan="abo typ")
    assert reading.fields(["17", "a@b.org", "paid"]) == {"address": "a@b.org", "plan": "paid"}
    assert reading.ignored == ("Kundennr",)


def test_import_does_not_hide_what_a_known_program_says_of_stops() -> None:
    reading = _reading(GHOST, plan="labels")
    assert reading.format == "Ghost"
    line = "1,a@b.org,Ann,,false,false,,2024-01-01T00:00:00.000Z,,group,"
    row = understood(reading.fields(next(csv.reader([line]))), RULES)
    assert (row.plan, row.status) == (Plan.GROUP, Status.UNSUBSCRIBED)


@pytest.mark.parametrize(
    ("header", "columns", "problem"),
    [
        (
            "Kundennr,Name",
            {},
            r"no column holds addresses; there are: Kundennr, Name\. Name it in newsroom\.toml, under",
        ),
        (
            "Mail,Abo",
            {"plan": "Abo-Typ"},
            r"list\.csv: there is no column 'Abo-Typ', which \[import\.columns\] names",
        ),
        ("Mail", {"adress": "Mail"}, r"\[import\.columns\]: 'adress' is not a field; allowed: address, name"),
    ],
)
def test_what_import_gets_wrong_is_named(header: str, columns: dict[str, str], problem: str) -> None:
    with pytest.raises(ReaderError, match=problem):
        _reading(header, **columns)


def test_cells_behind_the_last_column_are_an_error_unless_empty() -> None:
    reading = _reading("address,name")
    assert reading.fields(["a@b.org", "Ann", "", ""])["name"] == "Ann"
    assert reading.fields(["a@b.org"]) == {"address": "a@b.org", "name": ""}
    with pytest.raises(ReaderError, match="the row has 3 values, the header names 2 columns"):
        reading.fields(["a@b.org", "Vries", "Ann"])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("unsubscribed_members_export_1.csv", "unsubscribed"),
        ("2026-unsubscribed.csv", "unsubscribed"),
        ("Cleaned.csv", "cleaned"),
        ("non-subscribed-members.csv", "nonsubscribed"),
        ("subscribed.csv", "subscribed"),
        ("subscribers.csv", ""),
        ("our unsubscribed.csv", ""),
    ],
)
def test_a_files_name_may_tell_its_status(name: str, hint: str) -> None:
    assert hint_of(Path(name)) == hint


def test_a_file_called_unsubscribed_signs_nobody_up() -> None:
    assert _row("address,name", "a@b.org,Ann", "unsubscribed.csv").status is Status.UNSUBSCRIBED
