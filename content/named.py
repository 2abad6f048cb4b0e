"""Which articles a sync changed: some of each kind by name, for whoever wants to know or to undo it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from content.article import Article
from content.holdings import KnownArticle
from content.sync_plan import SyncPlan

MOST = 1_000
"""Names of one kind that are kept: a first import may have a million."""

Names = Mapping[str, tuple[str, ...]]
"""By `new`, `changed`, `moved`, `withdrawn` and `back`: references with headlines; none that is embargoed."""


def names_of(plan: SyncPlan, known: Mapping[str, KnownArticle], now: datetime) -> Names:
    """What carrying out the plan changes; nothing where it is held."""
    if plan.held:
        return {}
    gone = set(plan.withdraw)
    came: list[Article | KnownArticle] = [one.article for one in plan.insert if one.article.id not in gone]
    kinds: dict[str, list[Article | KnownArticle]] = {
        "new": came,
        "changed": [one.article for one in plan.update],
        "moved": [one.article for one in plan.move],
        "withdrawn": [known[id_] for id_ in plan.withdraw if id_ in known],
        "back": [one.article for one in plan.restore],
    }
    return {
        kind: found
        for kind, some in kinds.items()
        if (found := _first(name(one.reference, one.headline) for one in some if one.published <= now))
    }


def name(reference: str, headline: str) -> str:
    """How an article is named in a log."""
    return f"{reference} “{headline}”"


def joined(one: Names, other: Names) -> Names:
    """Those of two parts of a sync."""
    if not other:
        return one
    kinds = dict.fromkeys((*one, *other))
    return {kind: (*one.get(kind, ()), *other.get(kind, ()))[:MOST] for kind in kinds}


def _first(names: Iterator[str] | Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one, _ in zip(names, range(MOST), strict=False))
