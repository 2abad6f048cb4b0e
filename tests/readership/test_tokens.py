"""Tokens, addresses and recipient keys."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import ConfigurationError, ReaderError
from readership import tokens

KEYS = (("b", b"second key, which signs now 1234"), ("a", b"first key, which only verifies 1"))
ADDRESS_KEY = b"address key of the installation!"


@given(st.integers(1, 2**62), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_a_token_says_again_what_was_signed(reader_id: int, newsletter: str) -> None:
    token = tokens.unsubscribe_token(KEYS, reader_id, newsletter)
    assert tokens.read_unsubscribe(KEYS, token) == tokens.Unsubscribe(reader_id, newsletter)
    assert re.fullmatch(r"[A-Za-z0-9_-]+u", token)


def test_an_old_key_still_verifies_and_a_dropped_one_does_not() -> None:
    token = tokens.unsubscribe_token(KEYS[1:], 7, "daily")
    assert tokens.read_unsubscribe(KEYS, token) == tokens.Unsubscribe(7, "daily")
    assert tokens.read_unsubscribe(KEYS[:1], token) is None
    # The same key id with another key: a guess.
    assert tokens.read_unsubscribe((("a", b"x" * 32),), token) is None


def test_a_token_is_good_for_its_own_purpose_only() -> None:
    nonce = b"\x0012345\x00daily\x00\x00\x00\x00"
    probe = tokens.probe_token(KEYS, nonce)
    unsubscribe = tokens.unsubscribe_token(KEYS, 5, "daily")
    assert tokens.read_unsubscribe(KEYS, probe) is None
    assert tokens.read_unsubscribe(KEYS, probe[:-1] + "u") is None
    assert tokens.read_undo(KEYS, unsubscribe[:-1] + "z") is None
    assert tokens.probe_answer(KEYS, unsubscribe) is None
    assert tokens.probe_answer(KEYS, unsubscribe[:-1] + "p") is None


def test_a_probe_is_answered_by_whoever_holds_the_keys() -> None:
    token = tokens.probe_token(KEYS, b"n" * 16)
    answer = tokens.probe_answer(KEYS, token)
    assert answer is not None
    assert re.fullmatch(r"[0-9a-f]{64}", answer)
    assert tokens.probe_answer(tuple(reversed(KEYS)), token) == answer
    assert tokens.probe_answer((("b", b"another key under the same id..."),), token) is None


def test_an_undo_keeps_its_moment_to_the_microsecond() -> None:
    undo = tokens.Undo(9, ("daily", "weekly"), datetime(2026, 3, 10, 12, 0, 0, 123457, tzinfo=UTC))
    assert tokens.read_undo(KEYS, tokens.undo_token(KEYS, undo)) == undo


@pytest.mark.parametrize(
    "token",
    [
        "",
        "u",
        "\0",
        "A" * 1_000_000 + "u",
        "u" * 601,
        "€uro" * 8 + "u",
        "%00u",
        "../../etc/passwdu",
        "AAAAu",
        "gAu",
    ],
)
def test_what_is_no_token_is_none(token: str) -> None:
    assert tokens.read_unsubscribe(KEYS, token) is None
    assert tokens.read_undo(KEYS, token) is None
    assert tokens.probe_answer(KEYS, token) is None


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    assert tokens.read_unsubscribe(KEYS, text) is None
    assert tokens.read_unsubscribe(KEYS, text + "u") is None


@given(st.data())
def test_one_changed_character_and_the_token_is_none(data: st.DataObject) -> None:
    token = tokens.unsubscribe_token(KEYS, 12345, "daily")
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_=+/u \0"))
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        assert tokens.read_unsubscribe(KEYS, changed) is None
    assert tokens.read_unsubscribe(KEYS, token[:place]) is None


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(ConfigurationError, match="STANDFIRST_SECRET_KEY"):
        tokens.unsubscribe_token((), 1, "daily")


@pytest.mark.parametrize(
    ("written", "comparable"),
    [
        ("Anna.Berg@Mail.Example.org", "anna.berg@mail.example.org"),
        ("anna+news@example.org", "anna+news@example.org"),
        ("Jörg@Bücher.example", "jörg@xn--bcher-kva.example"),
        ("jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"),
        ("o'neil@example.ie", "o'neil@example.ie"),
        ("a@b.test", "a@b.test"),
        ("x!#$%&*/=?^_`{|}~-@example.org", "x!#$%&*/=?^_`{|}~-@example.org"),
    ],
)
def test_addresses_are_compared_without_case_and_in_ascii_domains(written: str, comparable: str) -> None:
    assert tokens.normalised(written) == comparable
    mailed = tokens.mailable(written)
    assert (tokens.mailable(mailed), tokens.comparable(mailed)) == (mailed, comparable)


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "a@b@c", "a@b", "@example.org", "a@", "a b@example.org", "a@example.org\n",
        "a\r\nBcc: b@c.org@d.org", "a@example..org", ".a@example.org", "a.@example.org", "a..b@example.org",
        "a@-example.org", "a@example-.org", "a@1.2", "a@[127.0.0.1]", '"a b"@example.org', "a@localhost",
        "a@x.local", "a@x.arpa", "a@X.LOCAL", "a@x.Onion", "a@ab--cd.org",
        "x" * 65 + "@example.org", "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org", "Anna <a@example.org>", "a\0@example.org", "a@exa\u202emple.org",
        pytest.param("a" * 1_000_000, id="a million"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ReaderError) as error:
        tokens.normalised(address)
    assert len(str(error.value)) < 300
    if len(address) > 3:
        assert address not in str(error.value)


@given(st.emails() | st.from_regex(tokens._PLAIN, fullmatch=True))
def test_the_short_way_agrees_with_the_validator(address: str) -> None:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        with pytest.raises(ReaderError):
            tokens.mailable(address)
    else:
        assert tokens.mailable(address) == f"{found.local_part}@{found.ascii_domain}"
        assert tokens.normalised(tokens.normalised(address)) == tokens.normalised(address)


@given(st.text(st.characters(min_codepoint=0xA1, categories=("L", "M", "N")), min_size=1, max_size=8))
def test_an_address_as_mail_is_sent_to_it_is_taken_as_it_is(letters: str) -> None:
    for address in (f"{letters}@example.org", f"a@{letters}.org", f"{letters}@{letters}.example"):
        with suppress(ReaderError):
            mailed = tokens.mailable(address)
            assert tokens.mailable(mailed) == mailed
            assert tokens.comparable(mailed) == tokens.normalised(address)


def test_recipient_keys_are_keyed() -> None:
    key = tokens.recipient_key(ADDRESS_KEY, "Anna@Example.org")
    assert key == tokens.recipient_key(ADDRESS_KEY, "anna@example.ORG")
    assert key != tokens.recipient_key(b"another key", "anna@example.org")
    assert re.fullmatch(r"[0-9a-f]{64}", key)
