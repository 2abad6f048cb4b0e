"""Proofs that only the holder of a key can make."""

from __future__ import annotations

import hmac
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.mac import LONGEST_PURPOSE, hmac_sha256, mac

KEY = b"k" * 32


def test_the_proof_is_blake2b_as_the_rfc_has_it() -> None:
    # The keyed test vector for the input 00 01 02 of BLAKE2's reference implementation, 64 bytes, no purpose.
    key = bytes(range(64))
    assert mac(key, b"", bytes(range(3)), 64).hex() == (
        "33d0825dddf7ada99b0e7e307104ad07ca9cfd9692214f1561356315e784f3e5"
        "a17e364ae9dbb14cb2036df932b77f4b292761365fb328de7afdc6d8998f5fc1"
    )


@given(st.binary(min_size=16, max_size=200), st.binary(min_size=16, max_size=200), st.binary())
def test_another_key_makes_another_proof(key: bytes, other: bytes, said: bytes) -> None:
    assert (mac(key, b"token u", said, 16) == mac(other, b"token u", said, 16)) is (key == other)


def test_a_key_of_any_length_counts_whole() -> None:
    long = b"k" * 64
    assert len({mac(key, b"", b"said", 16) for key in (long, long + b"a", long + b"b", long[:-1])}) == 4
    assert mac(long + b"a", b"", b"said", 16) == mac(blake2b(long + b"a").digest(), b"", b"said", 16)


def test_purposes_and_sizes_are_kept_apart() -> None:
    whole = mac(KEY, b"message", b"said", 16)
    assert mac(KEY, b"trace", b"said", 16) != whole
    # A shorter proof is no beginning of a longer one.
    assert not whole.startswith(mac(KEY, b"message", b"said", 8))


def test_a_purpose_is_never_cut() -> None:
    assert len(mac(KEY, b"p" * LONGEST_PURPOSE, b"said", 10)) == 10
    with pytest.raises(ValueError, match="person"):
        mac(KEY, b"p" * (LONGEST_PURPOSE + 1), b"said", 10)


@given(st.binary(max_size=200), st.binary(max_size=20), st.binary(max_size=300))
def test_an_hmac_is_the_librarys_own(key: bytes, purpose: bytes, said: bytes) -> None:
    assert hmac_sha256(key, purpose, said) == hmac.digest(key, purpose + said, "sha256").hex()
