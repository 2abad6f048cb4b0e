"""How a sync is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from content.feed_rules import NO_RULES, RuleBook


@dataclass(frozen=True, slots=True)
class Wish:
    """How a sync is to be done."""

    dry_run: bool = False
    """Write no file."""
    stores: bool = True
    """Write the database, which of a dry run is a copy."""
    allow_withdrawals: bool = False
    """Withdraw what is gone, even more than half of it."""
    allow_opening: bool = False
    """Open what was closed, even more than half of it."""
    full: bool = False
    """Look at everything, however lately that was done."""
    order: tuple[str, ...] = ()
    """The keys of all sources: of an article that two of them have, the one that comes first has it."""
    progress: Callable[[int], None] = lambda _: None
    """Told how many articles were looked at so far."""
    book: RuleBook = NO_RULES
    """The newsroom's feeds by rule; `sync_source` sets it."""


USUAL = Wish()
"""What changed, stored."""
