"""Numbers in what is said to the operator, with the right form of what they count."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """`1 story`, `2,000 stories`; `many` is `one` with an s where it is not given."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
