"""What an answer says, as a pure function of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.message import Message
from urllib.error import URLError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.providers import Answer
from newsletter.providers.sendgrid_answer import (
    LONGEST_WAIT,
    MAX_REASON,
    NotConnectedError,
    Reply,
    TooBigError,
    complaints,
    outcome_of,
    outcome_of_failure,
    private_out,
    wait_of,
)
from tests.samples import NOON

READERS = (11, 12, 13)


def headers(**values: str) -> Message:
    message = Message()
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    return message


def refusal(*fields: str | None, status: int = 400) -> Reply:
    entries = [{"message": "Invalid", "field": field} for field in fields]
    return Reply(status, headers(), json.dumps({"errors": entries}).encode())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after": " 0 "}, 0.0),
        ({"Retry_After": "999999999"}, LONGEST_WAIT),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "٧"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Tue, 10 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"Retry_After": "Tue, 10 Mar 2026 11:00:00 GMT"}, 0.0),
        # Their clock is an hour ahead of ours: they still ask for half a minute.
        (
            {
                "Retry_After": "Tue, 10 Mar 2026 13:00:30 GMT",
                "Date": "Tue, 10 Mar 2026 13:00:00 GMT",
            },
            30.0,
        ),
        ({"X_RateLimit_Reset": str(int(NOON.timestamp()) + 12)}, 12.0),
        ({"X_RateLimit_Reset": "1392815263"}, 0.0),
        ({"X_RateLimit_Reset": "9" * 40}, None),
        ({"X_RateLimit_Reset": "x"}, None),
        ({"Retry_After": "5", "X_RateLimit_Reset": str(int(NOON.timestamp()) + 12)}, 5.0),
        ({"Retry_After": "5", "Date": "no date"}, 5.0),
        ({"X_RateLimit_Reset": str(int(NOON.timestamp()) + 12), "Date": "no date"}, 12.0),
    ],
)
def test_how_long_they_ask_to_wait(values: dict[str, str], expected: float | None) -> None:
    assert wait_of(headers(**values), NOON) == expected
    outcome = outcome_of(Reply(429, headers(**values), b""), READERS, NOON)
    assert (outcome.answer, outcome.retry_after) == (Answer.NOT_NOW, expected)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_wait_is_odd(retry_after: str, reset: str, date: str) -> None:
    found = wait_of({"Retry-After": retry_after, "X-RateLimit-Reset": reset, "Date": date}, NOON)

    assert found is None or 0 <= found <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        (["personalizations.0.to.0.email"], {11}),
        (["personalizations[2].to[0].email"], {13}),
        (["personalizations.1"], {12}),
        (["personalizations.0.to", "personalizations.2.headers", None], {11, 13}),
        (["personalizations.0.to", "personalizations.0.to"], {11}),
        (["personalizations.0.to", "personalizations.99.to"], {11}),
    ],
)
def test_named_readers_are_refused_and_the_others_go_again_at_once(
    fields: list[str | None], refused: set[int]
) -> None:
    outcome = outcome_of(refusal(*fields), READERS, NOON)

    assert (outcome.answer, outcome.retry_after, outcome.divisible) == (Answer.NOT_NOW, 0.0, False)
    assert {reader for reader, (answer, _) in outcome.own.items() if answer is Answer.REFUSED} == refused
    assert set(outcome.own) == set(READERS)
    assert {answer for reader, (answer, _) in outcome.own.items() if reader not in refused} == {
        Answer.NOT_NOW
    }


def test_where_all_are_named_all_are_refused() -> None:
    outcome = outcome_of(refusal(*(f"personalizations.{place}.to" for place in range(3))), READERS, NOON)

    assert (outcome.answer, outcome.retry_after) == (Answer.REFUSED, None)
    assert {answer for answer, _ in outcome.own.values()} == {Answer.REFUSED}


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("fields", [[], [None], ["personalizations"], ["personalizations.3.to"], [""]])
def test_a_refusal_that_names_nobody_is_divided(status: int, fields: list[str | None]) -> None:
    outcome = outcome_of(refusal(*fields, status=status), READERS, NOON)

    assert (outcome.answer, outcome.divisible, outcome.own) == (Answer.REFUSED, True, {})


@pytest.mark.parametrize("field", ["from.email", "subject", "content.0.value", "reply_to", "categories"])
def test_what_all_requests_share_stops_the_run_and_refuses_nobody(field: str) -> None:
    outcome = outcome_of(refusal("personalizations.0.to", field), READERS, NOON)

    assert (outcome.answer, outcome.own, outcome.is_general) == (Answer.STOP, {}, False)
    assert field in outcome.reason


@pytest.mark.parametrize(
    ("status", "is_general"),
    [(301, True), (401, True), (404, True), (402, False), (403, False), (406, False), (429, False)],
)
def test_what_no_other_newsletter_would_fare_better_with(status: int, is_general: bool) -> None:
    assert outcome_of(Reply(status, headers(), b""), READERS, NOON).is_general is is_general


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"7",
        b'{"errors": null}',
        b'{"errors": {"message": "x"}}',
        b'{"errors": ["x", 1, null]}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_sendgrids_says_nothing(body: bytes) -> None:
    assert complaints(body) == ()
    assert outcome_of(Reply(400, headers(), body), READERS, NOON).divisible


@given(st.integers(100, 999), st.binary(max_size=80))
def test_only_202_is_accepted(status: int, body: bytes) -> None:
    outcome = outcome_of(Reply(status, headers(), body), READERS, NOON)

    assert (outcome.answer is Answer.ACCEPTED) == (status == 202)
    # What may have been taken is never said to be certain.
    if (status < 300 and status != 202) or status in (500, 502, 504):
        assert outcome.answer is Answer.UNCERTAIN


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (URLError(NotConnectedError("ConnectionRefusedError: Connection refused")), Answer.NOT_NOW),
        (NotConnectedError("gaierror: Name or service not known"), Answer.NOT_NOW),
        (URLError(TimeoutError("timed out")), Answer.UNCERTAIN),
        (TimeoutError("timed out"), Answer.UNCERTAIN),
        (URLError("no host given"), Answer.UNCERTAIN),
        (ConnectionResetError(104, "Connection reset by peer"), Answer.UNCERTAIN),
        (TooBigError("a request of 31,000,000 bytes"), Answer.REFUSED),
    ],
)
def test_failures_without_an_answer(error: Exception, answer: Answer) -> None:
    outcome = outcome_of_failure(error)

    assert (outcome.answer, outcome.divisible) == (answer, answer is Answer.REFUSED)
    assert outcome.reason


@pytest.mark.parametrize(
    "secret",
    [
        "nele@quay.example",
        '"nele v"@quay.example',
        "nele%40quay.example",
        "Bearer abcdef",
        "bearer abc.def",
        "SG.abc-def.ghi_jkl",
        "https://feeds.quay.example/unsubscribe/abc",
        "k" * 43,
    ],
)
def test_what_is_private_is_taken_out(secret: str) -> None:
    assert private_out(f"Invalid: {secret} here") == "Invalid: [...] here"


@given(st.text())
def test_reasons_are_short_lines_without_addresses(text: str) -> None:
    found = private_out(text)

    assert "@" not in found
    assert len(found) <= MAX_REASON
    assert found == " ".join(found.split())


def test_a_time_without_a_zone_is_theirs_in_utc() -> None:
    asked = {"Retry-After": "Tue, 10 Mar 2026 12:00:09 -0000"}

    assert wait_of(asked, datetime(2026, 3, 10, 12, tzinfo=UTC)) == 9.0
