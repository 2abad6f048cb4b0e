"""A text of nothing that can be seen is no text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.blank import is_blank

INVISIBLE = (
    "",
    " \t\n\u3000\u00a0",
    "\u200b\u200e\u200f\u2060\ufeff",
    "\u00ad\u00ad",
    "\u2068\u2069",
    "\u0301\ufe0f\u20dd\u0903",
    "\u2800\u3164\u115f\u1160\uffa0",
    "\U000e0020\U000e007f",
    "\x00\ud800",
)


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "·", "—", "橋", "م", "e\u0301", "👍", "\u200b1", "\U0001fae9"])
def test_what_somebody_sees_is_not(text: str) -> None:
    assert not is_blank(text)


@given(st.lists(st.sampled_from(INVISIBLE)), st.text())
def test_what_cannot_be_seen_makes_no_text_seen(nothing: list[str], text: str) -> None:
    assert is_blank("".join(nothing))
    assert is_blank("".join(nothing) + text) == is_blank(text)
