"""In which language a text is, and which way it runs, among others."""

from __future__ import annotations

import pytest

from newsletter.rendering.tongue import Tongue, direction_of, tongue_of

MIXED = "ليلى reads in Havenmond: “A harbour”"


@pytest.mark.parametrize(
    ("text", "language", "around", "tongue"),
    [
        ("118 herons", "en", "en-GB", Tongue()),
        ("118 herons", "nl", "en", Tongue("nl")),
        ("118 herons", "en", "ar", Tongue("en", "ltr")),
        # The letters decide, where they are of one kind; else the language, where somebody says one.
        ("118 herons", "", "ar", Tongue("", "ltr")),
        ("118 herons", "ar", "en", Tongue("ar")),
        (MIXED, "en", "ar", Tongue("en", "ltr")),
        (MIXED, "ar", "en", Tongue("ar", "rtl")),
        (MIXED, "en", "en", Tongue()),
        (MIXED, "", "ar", Tongue()),
        ("118", "", "ar", Tongue()),
    ],
)
def test_the_tongue_is_told_where_it_is_another(
    text: str, language: str, around: str, tongue: Tongue
) -> None:
    assert tongue_of(text, language, around) == tongue


def test_a_direction_is_always_one() -> None:
    assert [direction_of(MIXED, one) for one in ("en", "ar", "", "xx")] == ["ltr", "rtl", "ltr", "ltr"]
    assert direction_of("الجسر", "en") == "rtl"
