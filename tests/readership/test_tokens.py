"""What is signed says again what was signed, and nothing else does."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import ConfigurationError
from readership import tokens

KEYS = (("b", b"second key, which signs now 1234"), ("a", b"first key, which only verifies 1"))


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
