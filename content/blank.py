"""Whether a text shows anything at all."""

from __future__ import annotations

import unicodedata

_NOTHING = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
"""The categories that alone show nothing: spaces, controls, joiners, and marks with no letter to stand on."""

_FILLERS = frozenset("\u115f\u1160\u2065\u2800\u3164\uffa0\U0001d159")
"""What Unicode counts among letters, symbols or nothing yet, and draws as an empty place."""


def is_blank(text: str) -> bool:
    """Whether whoever looks at `text` sees nothing: it is empty, or made of what cannot be seen alone."""
    return all(character in _FILLERS or unicodedata.category(character) in _NOTHING for character in text)
