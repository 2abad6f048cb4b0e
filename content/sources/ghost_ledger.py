"""What is remembered of a Ghost: the ids of its posts, in blocks that are asked for together.

Not all that changes a post moves its date: tags do not, nor does whatever is done to several at once in the
list of posts. So a full pass asks for every block, and Ghost says of most that it is as it was.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from content.sources.ghost_api import PAGE, Range


@dataclass(slots=True)
class Block:
    """Posts that stand next to each other by their ids."""

    ids: list[str]
    etag: str = ""
    """That of the answer they came in; empty where that is not known, or has changed since."""


@dataclass(slots=True)
class Ledger:
    """Every post that is known to be published, by id."""

    blocks: list[Block] = field(default_factory=list)

    @classmethod
    def of(cls, notes: Iterable[Sequence[str]]) -> Ledger:
        return cls([Block(ids.split(), etag) for etag, ids in notes])

    @property
    def notes(self) -> list[Any]:
        """It as JSON."""
        return [[block.etag, " ".join(block.ids)] for block in self.blocks]

    @property
    def count(self) -> int:
        """How many posts are known."""
        return sum(len(block.ids) for block in self.blocks)

    @property
    def is_scattered(self) -> bool:
        """Whether the blocks have become so small that it is better to begin anew."""
        return len(self.blocks) > 2 * self.count // PAGE + 4

    def ranges(self) -> Iterator[tuple[Range, Block]]:
        """Each block with the ids that belong to it: together all that there are."""
        after = ""
        for place, block in enumerate(self.blocks, 1):
            last = "" if place == len(self.blocks) else block.ids[-1]
            yield Range(after, last), block
            after = last

    def keep(self, ids: Iterable[str], etag: str) -> None:
        """Another block, behind those that are there."""
        if listed := list(ids):
            self.blocks.append(Block(listed, etag))

    def add(self, ids: Iterable[str]) -> None:
        """These are published; those that are known stay."""
        for one in ids:
            if not self.blocks:
                self.blocks.append(Block([]))
            block = self.blocks[self._place(one)]
            if one not in block.ids:
                insort(block.ids, one)
                block.etag = ""

    def drop(self, ids: Iterable[str]) -> None:
        """These are published no more."""
        for one in ids:
            place = self._place(one)
            block = self.blocks[place]
            block.ids.remove(one)
            block.etag = ""
            if not block.ids:
                del self.blocks[place]

    def _place(self, one: str) -> int:
        """The block that an id belongs to."""
        found = bisect_left(self.blocks, one, key=lambda block: block.ids[-1] if block.ids else "")
        return min(found, len(self.blocks) - 1)
