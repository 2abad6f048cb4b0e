"""Messages read back by the standard library's parser, to the letter."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.message import Prepared, ascii_address, body_of
from newsletter.mail.quoted_printable import quoted_printable
from newsletter.providers import Recipient
from newsletter.rendering.letter import Letter, Parts, Slot, filled
from newsroom.errors import ProviderError, ReaderError
from tests.newsletter import mail

LINES = st.sampled_from(
    (
        *(".", "..", ".hidden", "From here", "\nFrom ", "\n.\n", "=3D=", " \n", "\t\n", "\r\n", "\r", "--=_"),
        *("汉字" * 30, "🌉👩\u200d🚒", "مرحبا", "e\u0301", "x" * 200, "é" * 100, "a.b " * 40, "\x00", "\x0b"),
        *("<&\">'", "\ufeff"),
    )
)
TEXT = st.lists(st.one_of(LINES, st.text(st.characters(exclude_categories=["Cs"]))), max_size=8).map("".join)
PARTS = st.lists(st.one_of(TEXT.filter(bool), st.sampled_from(list(Slot))), max_size=7).map(tuple)
HEADER_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
ANY = st.one_of(st.text(), st.text('\r\n\0<>"\\@=?é🌉. ,;:BccX', max_size=40))


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def made(letter: Letter, recipient: Recipient | None = None, **envelope: Any) -> bytes:
    return Prepared(letter, mail.envelope(**envelope)).message(recipient or mail.recipient())


def payloads(raw: bytes) -> list[str]:
    parts = parsed(raw).get_payload()
    assert isinstance(parts, list)
    return [part.get_payload(decode=True).decode() for part in parts]  # type: ignore[union-attr]


def crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def expected(parts: Parts, values: dict[Slot, str], *, html: bool) -> str:
    return filled(
        tuple(part if isinstance(part, Slot) else crlf(part) for part in parts),
        {slot: crlf(value) for slot, value in values.items()},
        html=html,
    )


@given(PARTS, PARTS, TEXT, TEXT)
@example((Slot.TRIAL,), (Slot.TRIAL, Slot.TRIAL), "", "")
@example((Slot.TRIAL, "."), ("From", Slot.TRIAL), ". ", " x")
def test_bodies_decode_to_the_letter(text: Parts, html: Parts, url: str, trial: str) -> None:
    letter = mail.letter(text=text, html=html)
    values = {Slot.UNSUBSCRIBE_URL: url, Slot.PREFERENCES_URL: trial, Slot.TRIAL: trial}
    raw = made(letter, mail.recipient(values=values))
    assert payloads(raw) == [expected(text, values, html=False), expected(html, values, html=True)]
    assert raw.count(body_of(letter).boundary.encode()) == 4, "in its header and three times as a delimiter"
    body = raw.partition(b"\r\n\r\n")[2]
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert line.isascii()
        assert not line.startswith((b".", b"From ")), "SMTP would have to stuff it, mbox to quote it"
        assert not line.endswith((b" ", b"\t"))
        assert not set(line) & set(b"\r\n\0")


@given(TEXT)
@example("x" * 72 + "=" * 10)
@example("x" * 71 + "é" * 10)
def test_quoted_printable_decodes_to_the_text(text: str) -> None:
    import quopri

    assert quopri.decodestring(quoted_printable(text)).decode() == crlf(text)


@given(HEADER_TEXT)
@example("The bridge reopens")
@example("=?utf-8?q?not_encoded?=")
@example(" two  spaces ")
@example("A very long headline in plain English that no header line of seventy-six characters could hold")
@example("汉" * 80)
@example("👩‍🚒" * 30)
@example("Brücke öffnet früher als geplant: Straßenbahn fährt über die neue Brücke zum Hafen")
def test_subjects_come_back(subject: str) -> None:
    raw = made(mail.letter(subject=subject))
    assert parsed(raw)["Subject"] == subject
    lines = raw.partition(b"\r\nDate:")[0].split(b"\r\n")
    assert all(len(line) <= 76 for line in lines if not line.startswith(b"List-Unsubscribe"))
    for word in re.findall(rb"=\?utf-8\?[qb]\?[^?]*\?=", b"\r\n".join(lines)):
        assert len(word) <= 75
        assert str(email.header.make_header(email.header.decode_header(word.decode()))), "a word stands alone"


def test_languages_choose_their_encoding() -> None:
    assert b"Subject: =?utf-8?q?Br=C3=BCcke" in made(mail.letter(subject="Brücke öffnet am Mittwoch wieder"))
    assert b"Subject: =?utf-8?b?" in made(mail.letter(subject="الجسر يفتح"))


@given(ANY, ANY, ANY, ANY, ANY)
def test_no_value_breaks_a_header(
    subject: str, name: str, sender: str, identifier: str, list_id: str
) -> None:
    """Whatever the values hold, there are the same headers in the same order, and no others."""
    url = dict.fromkeys(Slot, f"https://x.example/{subject}")
    reader = mail.recipient(name=name, message_id=identifier, values=url)
    letter = mail.letter(
        subject=subject.encode("utf-8", "replace").decode(), html=("a",), text=("b",), language=list_id
    )
    raw = made(letter, reader, sender_name=sender, list_id=list_id or "a list")
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")]
    assert [name for name in names if name != "Content-Language"] == [
        *("To", "Message-ID", "List-Unsubscribe", "From", "Reply-To", "Subject", "Date", "List-Id"),
        *("List-Unsubscribe-Post", "MIME-Version", "Content-Type"),
    ]
    assert not set(head.replace(b"\r\n", b"")) & {*range(0x20), 0x7F}
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert [box.addr_spec for box in message["To"].addresses] == ["reader1@example.org"]
    assert [box.addr_spec for box in message["From"].addresses] == ["digest@quay.example"]


@given(HEADER_TEXT.map(str.strip).filter(lambda text: "\\" not in text))
@example('Anne "Ann" de Groot, editor')
@example("=?utf-8?q?not_encoded?=")
@example("عمر خيّام")
@example("x" * 300)
def test_names_come_back(name: str) -> None:
    (box,) = parsed(made(mail.letter(), mail.recipient(name=name)))["To"].addresses
    assert box.addr_spec == "reader1@example.org"
    # The parser folds white space of its own accord inside a phrase.
    assert "".join(box.display_name.split()) == "".join(name.split())


def test_every_header_is_there() -> None:
    message = parsed(made(mail.letter(language="nl-BE")))
    assert dict(message.items()) == {
        "To": "Reader 1 <reader1@example.org>",
        "Message-ID": f"<{1:040x}@quay.example>",
        "List-Unsubscribe": f"<https://feeds.quay.example/unsubscribe/{1:064x}u>",
        "From": "The Quay <digest@quay.example>",
        "Reply-To": "editors@quay.example",
        "Subject": "The bridge reopens",
        "Date": "Tue, 10 Mar 2026 12:00:00 +0000",
        "List-Id": "The Morning Quay <daily.quay.example>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Language": "nl-BE",
        "Content-Type": message["Content-Type"],
    }
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_one_click_is_announced_only_where_it_works() -> None:
    message = parsed(made(mail.letter(), one_click=False))
    assert message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] is None


def test_no_reply_to_and_an_odd_language_leave_no_header() -> None:
    message = parsed(made(mail.letter(language="x\r\nBcc: a@b.example"), reply_to=""))
    assert message["Reply-To"] is None
    assert message["Content-Language"] is None


def test_a_list_id_keeps_its_phrase() -> None:
    raw = made(mail.letter(), list_id='"Café, \\"le\\" matin" <matin.quay.example>')
    assert parsed(raw)["List-Id"] == 'Café, "le" matin <matin.quay.example>'
    assert b"\r\nList-Id: <matin.quay.example>\r\n" in made(mail.letter(), list_id="matin.quay.example")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert made(mail.letter()) == made(mail.letter())
    body_of.cache_clear()
    assert made(mail.letter()) == made(mail.letter())


@pytest.mark.parametrize(
    ("address", "ready"),
    [
        ("anne@example.org", "anne@example.org"),
        ("anne@straße.example", "anne@xn--strae-oqa.example"),
        ("anne@中文.example", "anne@xn--fiq228c.example"),
    ],
)
def test_domains_are_in_idna(address: str, ready: str) -> None:
    assert ascii_address(address) == ready
    assert parsed(made(mail.letter(), mail.recipient(address=address, name="")))["To"] == ready


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    with pytest.raises(ReaderError, match="SMTPUTF8") as error:
        ascii_address("Žofie@example.org")
    assert "ofie" not in str(error.value)
    raw = made(mail.letter(), mail.recipient(address="Žofie@example.org"))
    assert "To: Reader 1 <Žofie@example.org>\r\n".encode() in raw


@pytest.mark.parametrize(
    "address", ["a@b@c", "a b@example.org", "a@example.org\r\nBcc: b@example.org", "", "a"]
)
def test_what_is_no_address_gets_no_message(address: str) -> None:
    with pytest.raises(ReaderError) as error:
        made(mail.letter(), mail.recipient(address=address))
    assert "Bcc" not in str(error.value)


def test_a_wrong_sender_is_the_newsrooms_mistake() -> None:
    with pytest.raises(ProviderError, match="envelope sender"):
        made(mail.letter(), envelope_sender="bounces@@quay")
