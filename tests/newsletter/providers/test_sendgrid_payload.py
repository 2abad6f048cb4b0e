"""The request's body: what each reader would see of it, and what SendGrid would refuse."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from newsletter.providers import Recipient
from newsletter.providers.sendgrid_payload import (
    MAX_VALUES,
    RESERVED,
    TRACKING,
    Payload,
    allowed,
    delimiter,
    payload,
    safe_name,
)
from newsletter.rendering.letter import Letter, Parts, Slot, filled
from newsroom.errors import ProviderError
from tests.newsletter import mail

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PARTS = st.lists(st.one_of(TEXTS, st.sampled_from(list(Slot))), max_size=6).map(lambda parts: ("x", *parts))


def body_of(made: Payload) -> dict[str, Any]:
    """The body as SendGrid reads it."""
    body = json.loads(made.text)
    assert isinstance(body, dict)
    return body


def delivered(body: dict[str, Any], place: int) -> tuple[str, str]:
    """Plain text and HTML as SendGrid makes them: each key, wherever it stands, becomes its value."""
    personalization = body["personalizations"][place]
    found = []
    for content in body["content"]:
        value = content["value"]
        for key, own in personalization.get("substitutions", {}).items():
            value = value.replace(key, own)
        found.append(value)
    return found[0], found[1]


@given(text=PARTS, body=PARTS, url=TEXTS, trial=TEXTS)
def test_each_reader_gets_the_letter_filled_with_their_own_values(
    text: Parts, body: Parts, url: str, trial: str
) -> None:
    letter = Letter("Subject", html=body, text=text, language="en")
    values = {Slot.UNSUBSCRIBE_URL: url, Slot.PREFERENCES_URL: trial, Slot.TRIAL: trial}
    readers = (mail.recipient(1, values=values), mail.recipient(2))

    made = payload(mail.batch(letter=letter, recipients=readers))

    for place, reader in enumerate(readers):
        assert delivered(body_of(made), place) == (
            filled(text, reader.values, html=False),
            filled(body, reader.values, html=True),
        )


def test_html_and_text_values_are_escaped_each_in_its_way() -> None:
    values = {
        Slot.UNSUBSCRIBE_URL: "https://q.example/u?a=1&b=2",
        Slot.PREFERENCES_URL: "https://q.example/p?a=1&b=2",
        Slot.TRIAL: '<b> & "quotes"',
    }

    made = payload(mail.batch(recipients=(mail.recipient(values=values),)))

    text, body = delivered(body_of(made), 0)
    assert "https://q.example/u?a=1&b=2" in text and '<b> & "quotes"' in text
    assert "https://q.example/u?a=1&amp;b=2" in body and "&lt;b&gt; &amp; &quot;quotes&quot;" in body


def test_a_value_that_is_the_same_in_text_and_html_is_sent_once() -> None:
    plain, marked = mail.recipient(1), mail.recipient(2, values=dict.fromkeys(Slot, "a&b"))

    alone = body_of(payload(mail.batch(recipients=(plain,))))
    both = body_of(payload(mail.batch(recipients=(plain, marked))))

    assert len(alone["personalizations"][0]["substitutions"]) == len(Slot)
    assert len(both["personalizations"][0]["substitutions"]) == 2 * len(Slot)


def test_the_delimiter_steps_on_where_the_letter_or_a_value_has_it() -> None:
    letter = mail.letter()
    first = delimiter(letter, [])

    second = delimiter(letter, [f"https://q.example/{first}"])
    third = delimiter(letter, [first, second])

    assert len({first, second, third}) == 3
    assert delimiter(letter, ["harmless"]) == first, "the same letter, the same delimiter"
    assert delimiter(mail.letter(subject="Another"), []) != first, "it varies with the letter"


def test_a_reader_whose_value_has_the_delimiter_gets_it_as_it_is() -> None:
    guessed = delimiter(mail.letter(), [])
    hostile = f"-{guessed}h0--{guessed}t1-"
    values = dict.fromkeys(Slot, hostile)
    letter = mail.letter()

    made = payload(mail.batch(recipients=(mail.recipient(values=values),)))

    assert delivered(body_of(made), 0)[0] == filled(letter.text, values, html=False)


def test_the_body_has_what_it_needs_and_nothing_else() -> None:
    body = body_of(payload(mail.batch(2)))

    assert list(body) == [
        "personalizations",
        "from",
        "reply_to",
        "subject",
        "content",
        "headers",
        "categories",
        "tracking_settings",
    ]
    assert body["from"] == {"email": "digest@quay.example", "name": "The Quay"}
    assert body["reply_to"] == {"email": "editors@quay.example"}
    assert body["headers"] == {"List-Id": "The Morning Quay <daily.quay.example>"}
    assert body["categories"] == ["daily"]
    assert body["tracking_settings"] == TRACKING
    first = body["personalizations"][0]
    assert set(first) == {"to", "headers", "custom_args", "substitutions"}
    assert first["to"] == [{"email": "reader1@example.org", "name": "Reader 1"}]
    assert first["custom_args"] == {"edition": "daily-2026-03-10", "batch": "1", "delivery": "1"}
    assert first["headers"] == {
        "List-Unsubscribe": f"<{mail.recipient(1).unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<{mail.recipient(1).message_id}>",
    }


@given(st.text(max_size=20), st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20), TEXTS)
@example("%s", "daily-100%s", "%")
def test_whatever_a_value_is_it_stays_in_its_place(address: str, edition: str, value: str) -> None:
    readers = (mail.recipient(1, address=f"{address}@example.org"), reader_with(value))

    first, second = body_of(payload(mail.batch(edition=edition, recipients=readers)))["personalizations"]

    assert first["to"][0]["email"] == readers[0].address
    assert {one["custom_args"]["edition"] for one in (first, second)} == {edition}
    assert value in second["substitutions"].values()


def test_nothing_is_tracked() -> None:
    assert all(value is False for setting in TRACKING.values() for value in setting.values())
    assert TRACKING["click_tracking"] == {"enable": False, "enable_text": False}


def test_one_click_is_only_promised_where_it_works() -> None:
    body = body_of(payload(mail.batch(1, envelope=mail.envelope(one_click=False))))

    [personalization] = body["personalizations"]
    assert "List-Unsubscribe-Post" not in personalization["headers"]
    assert "List-Unsubscribe" in personalization["headers"]


def test_a_header_of_another_alphabet_is_one_line_of_ascii() -> None:
    title = '"Nieuws & café – صباح الخير ' + "é" * 80 + '" <daily.quay.example>'

    body = body_of(payload(mail.batch(1, envelope=mail.envelope(list_id=title))))

    value = body["headers"]["List-Id"]
    assert value.isascii() and value.isprintable()
    assert value.endswith(" <daily.quay.example>")


def test_without_a_reply_to_replies_go_to_the_sender() -> None:
    body = body_of(payload(mail.batch(1, envelope=mail.envelope(reply_to=""))))

    assert body["reply_to"] == {"email": "digest@quay.example"}


def test_a_letter_without_slots_has_no_substitutions() -> None:
    body = body_of(payload(mail.batch(1, letter=mail.letter(html=("<p>a</p>",), text=("a",)))))

    [personalization] = body["personalizations"]
    assert "substitutions" not in personalization


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Nele Verstraete", "Nele Verstraete"),
        ("Verstraete, Nele; MA", "Verstraete Nele MA"),
        ("Nele\r\nBcc: all@example.org", "Nele Bcc: all@example.org"),
        (" ; , ", ""),
        ("فاطمة", "فاطمة"),
        ("x" * 500, "x" * 200),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_names_are_what_sendgrid_takes(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@given(st.text())
def test_no_name_can_break_a_request(name: str) -> None:
    found = safe_name(name)

    assert not set(found) & set(";,\r\n\0")
    found.encode()


def test_a_reader_without_a_name_has_none() -> None:
    body = body_of(payload(mail.batch(recipients=(mail.recipient(name=""),))))

    assert body["personalizations"][0]["to"] == [{"email": "reader1@example.org"}]


def test_an_address_goes_once_a_request() -> None:
    readers = (mail.recipient(1), mail.recipient(2, address="Reader1@Example.org"), mail.recipient(3))

    made = payload(mail.batch(recipients=readers))

    assert [reader.delivery for reader in made.recipients] == [1, 3]
    assert list(made.refused) == [2]
    assert "@" not in made.refused[2]


@pytest.mark.parametrize(
    ("value", "is_refused"),
    [("x" * (MAX_VALUES // 2 - 300), False), ("x" * MAX_VALUES, True), ("é" * (MAX_VALUES // 2), True)],
)
def test_values_beyond_sendgrids_limit_refuse_their_reader_alone(value: str, is_refused: bool) -> None:
    values = dict.fromkeys(Slot, "https://q.example/u/1") | {Slot.TRIAL: value}
    readers = (mail.recipient(1, values=values), mail.recipient(2))

    made = payload(mail.batch(recipients=readers))

    assert set(made.refused) == ({1} if is_refused else set())
    assert 2 in {reader.delivery for reader in made.recipients}


@given(st.text(max_size=40).map(lambda text: text * 90))
def test_what_is_taken_is_never_over_the_limit(value: str) -> None:
    assume(value.isprintable())
    made = payload(mail.batch(recipients=(reader_with(value),)))

    for personalization in body_of(made)["personalizations"]:
        substitutions = personalization["substitutions"]
        assert sum(len((key + own).encode()) for key, own in substitutions.items()) <= MAX_VALUES


def reader_with(value: str) -> Recipient:
    return mail.recipient(values=dict.fromkeys(Slot, "https://q.example/u/1") | {Slot.TRIAL: value})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"subject": " "}, "subject"),
        ({"text": (" \n",)}, "plain text"),
        ({"text": ()}, "plain text"),
        ({"html": ("",)}, "HTML"),
    ],
)
def test_a_letter_that_lacks_a_part_is_an_error(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ProviderError, match=what):
        payload(mail.batch(letter=mail.letter(**changes)))


@pytest.mark.parametrize("category", ["", "k" * 256])
def test_a_category_that_sendgrid_would_refuse_is_an_error(category: str) -> None:
    with pytest.raises(ProviderError, match="category"):
        payload(mail.batch(envelope=mail.envelope(category=category)))


def test_an_edition_that_would_fill_the_custom_arguments_is_an_error() -> None:
    with pytest.raises(ProviderError, match="custom arguments"):
        payload(mail.batch(edition="é" * 501))


@pytest.mark.parametrize("name", ["To", "subject", "Content-Type", "X-SG-ID", "DKIM-Signature"])
def test_a_header_of_sendgrids_own_is_an_error(name: str) -> None:
    with pytest.raises(ProviderError, match=name):
        allowed({"List-Id": "x", name: "y"})


def test_ours_are_none_of_sendgrids() -> None:
    body = body_of(payload(mail.batch(1)))

    names = {*body["headers"], *body["personalizations"][0]["headers"]}
    assert not {name.lower() for name in names} & RESERVED


def test_the_same_batch_gives_the_same_bytes() -> None:
    once, again = (payload(mail.batch(5)).text for _ in range(2))

    assert once == again


def test_nothing_personal_is_in_categories_or_custom_arguments() -> None:
    body = body_of(payload(mail.batch(3)))

    marks = json.dumps([body["categories"], [own["custom_args"] for own in body["personalizations"]]])
    assert not re.search(r"@|Reader|unsubscribe", html.unescape(marks))
