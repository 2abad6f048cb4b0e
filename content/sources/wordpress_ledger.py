"""What is remembered of a WordPress: enough to see which of its posts to read again, without their texts.

A post's row (its number, its dates, where it stands) is cheap to list; its text costs the site many times
as much. So a full pass lists rows, and reads what stands in a block of them that is not as it was.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from content.sources.wordpress_post import Tree, chain_of

OVERLAP = timedelta(days=1)
"""How far before the last look each look begins."""

TURNS = 7
"""After so many full passes every text was read once more: not all that shows in an article moves its row."""

# So many may vanish from one look to the next, or half of all; more are doubted.
_FEW = 2
# Numbers are shared with pictures and revisions: of a thousand about a hundred are posts.
_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One post as a list without texts has it."""

    number: int
    status: str
    published: str
    """In UTC, as all moments here: 2026-03-10T05:00:00."""
    modified: str
    categories: tuple[int, ...]
    print: str
    """Tells one state of the row from the next."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Row:
        """Raises ValueError where it is no post."""
        number = given.get("id")
        if not isinstance(number, int):
            raise ValueError("no number")
        categories = given.get("categories")
        return cls(
            number,
            str(given.get("status")),
            str(given.get("date_gmt")),
            str(given.get("modified_gmt")),
            tuple(one for one in categories if isinstance(one, int)) if isinstance(categories, list) else (),
            _print(json.dumps(given, sort_keys=True)),
        )

    @property
    def is_published(self) -> bool:
        return self.status == "publish"

    @property
    def is_scheduled(self) -> bool:
        return self.status == "future"


@dataclass(slots=True)
class Ledger:
    """What is remembered of the posts of one type."""

    since: str = ""
    """When the last look began; empty before the first."""
    recent: dict[str, list[str]] = field(default_factory=dict)
    """By number, each published post that the next look will list again: the moment it is listed by, its
    print."""
    scheduled: dict[str, str] = field(default_factory=dict)
    """By number, when a post is to be published: that moment moves none of its dates."""
    blocks: dict[str, str] = field(default_factory=dict)
    """The prints of blocks of rows, as they were when their texts were read."""

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Ledger:
        return cls(
            notes.get("since", ""),
            dict(notes.get("recent", {})),
            dict(notes.get("scheduled", {})),
            dict(notes.get("blocks", {})),
        )

    @property
    def notes(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "since": self.since,
            "recent": self.recent,
            "scheduled": self.scheduled,
            "blocks": self.blocks,
        }

    def note(self, row: Row, since: str, *, by_date: bool) -> None:
        """Remember a row, if a look that begins at `since` will list it again (by its date too)."""
        key = str(row.number)
        self.scheduled.pop(key, None)
        at = max(row.modified, row.published) if by_date else row.modified
        if row.is_scheduled:
            self.scheduled[key] = row.published
        elif row.is_published and at > since:
            self.recent[key] = [at, row.print]

    def vanished(self, listed: Collection[int]) -> set[int]:
        """The numbers of recent posts that would be `listed` if they were as they were.

        None where they are so many that the list is rather to be doubted: only a full pass judges of that.
        """
        numbers = {int(number) for number in self.recent}.difference(listed)
        return numbers if len(numbers) <= max(_FEW, len(self.recent) // 2) else set()

    def drop(self, numbers: Iterable[int]) -> None:
        """Posts that are listed anew, or have gone, are not what they were."""
        for number in numbers:
            self.recent.pop(str(number), None)

    def knows(self, row: Row) -> bool:
        """Whether the row is as it was at the last look."""
        return self.recent.get(str(row.number), ["", ""])[1] == row.print

    def forget(self, number: int) -> None:
        """Have the post read again, whatever its row says."""
        self.recent.pop(str(number), None)
        self.blocks.pop(block_of(number), None)

    def published(self, numbers: Iterable[int]) -> None:
        """These wait for their moment no longer."""
        for number in numbers:
            self.scheduled.pop(str(number), None)

    def due(self, now: str) -> list[int]:
        """The numbers of posts whose planned moment has come."""
        return [int(number) for number, planned in self.scheduled.items() if planned <= now]


def moment(time: datetime) -> str:
    """A moment in UTC as WordPress writes it: such texts compare as moments do."""
    return f"{time:%Y-%m-%dT%H:%M:%S}"


def block_of(number: int) -> str:
    """The block that a post's row stands in."""
    return str(number // _BLOCK)


def in_blocks(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Rows that come by number, a block at a time."""
    block: list[Row] = []
    for row in rows:
        if block and block_of(row.number) != block_of(block[0].number):
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def print_of(block: Sequence[Row], tree: Tree) -> str:
    """Tells one state of a block from the next: its rows, and the categories that they stand in."""
    lines = [f"{row.number} {row.print} {' '.join(chain_of(row.categories, tree))}" for row in block]
    return _print("\n".join(lines))


def is_turn(number: int, turn: int) -> bool:
    """Whether a full pass reads the post's block again though it looks the same."""
    return number // _BLOCK % TURNS == turn % TURNS


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
