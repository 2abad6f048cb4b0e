"""Addresses and recipient keys."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import ReaderError
from readership import address as addresses

ADDRESS_KEY = b"address key of the installation!"


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
    assert addresses.normalised(written) == comparable
    mailed = addresses.mailable(written)
    assert (addresses.mailable(mailed), addresses.comparable(mailed)) == (mailed, comparable)


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
        addresses.normalised(address)
    assert len(str(error.value)) < 300
    if len(address) > 3:
        assert address not in str(error.value)


@given(st.emails() | st.from_regex(addresses._PLAIN, fullmatch=True))
def test_the_short_way_agrees_with_the_validator(address: str) -> None:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        with pytest.raises(ReaderError):
            addresses.mailable(address)
    else:
        assert addresses.mailable(address) == f"{found.local_part}@{found.ascii_domain}"
        assert addresses.normalised(addresses.normalised(address)) == addresses.normalised(address)


@given(st.text(st.characters(min_codepoint=0xA1, categories=("L", "M", "N")), min_size=1, max_size=8))
def test_an_address_as_mail_is_sent_to_it_is_taken_as_it_is(letters: str) -> None:
    for address in (f"{letters}@example.org", f"a@{letters}.org", f"{letters}@{letters}.example"):
        with suppress(ReaderError):
            mailed = addresses.mailable(address)
            assert addresses.mailable(mailed) == mailed
            assert addresses.comparable(mailed) == addresses.normalised(address)


def test_recipient_keys_are_keyed() -> None:
    key = addresses.recipient_key(ADDRESS_KEY, "Anna@Example.org")
    assert key == addresses.recipient_key(ADDRESS_KEY, "anna@example.ORG")
    assert key != addresses.recipient_key(b"another key", "anna@example.org")
    assert re.fullmatch(r"[0-9a-f]{64}", key)
