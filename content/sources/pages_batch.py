"""What some pages have come to, until it is handed over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from content.sources import Broken, Problem
from content.sources.item import Item, Shelf
from content.sources.remote import Part


@dataclass(slots=True)
class Batch:
    """Articles by their references, and what is to be said of the others."""

    items: dict[str, Item] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    present: list[str] = field(default_factory=list)

    def refuse(self, problem: Problem, reference: str = "") -> None:
        """One cannot be used; what is known of it, by its reference, stays."""
        self.problems.append(problem)
        self.broken += [Broken(reference)] if reference else []

    def part(self, shelf: Shelf) -> Part:
        """They as a part."""
        made = shelf.part(self.items.values(), gone=self.gone, broken=self.broken, problems=self.problems)
        return replace(made, present=tuple(self.present))

    @property
    def size(self) -> int:
        """How many articles were met."""
        return len(self.items) + len(self.gone) + len(self.present)
