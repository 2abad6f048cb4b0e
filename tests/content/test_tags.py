"""A tag as it is compared."""

from __future__ import annotations

import pytest

from content.tags import LONGEST, tag_slug


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Sea wall", "sea-wall"),
        ("sea-wall", "sea-wall"),
        ("  SEA   WALL! ", "sea-wall"),
        ("#digest-lead", "digest-lead"),
        ("Été 2026", "été-2026"),
        ("E\u0301té 2026", "été-2026"),
        ("気候変動", "気候変動"),
        ("المناخ", "المناخ"),
        ("C++", "c"),
        ("!?", ""),
        ("", ""),
    ],
)
def test_how_it_is_compared(written: str, compared: str) -> None:
    assert tag_slug(written) == compared
    assert tag_slug(compared) == compared


def test_a_very_long_one_is_cut() -> None:
    assert len(tag_slug("tag " * 500)) <= LONGEST
