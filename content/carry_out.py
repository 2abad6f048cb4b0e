"""A sync's plan, carried out: some hundred articles a transaction, so that nobody waits for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from content import store
from content.article import Picture
from content.feed_rules import RuleBook
from content.sync_plan import Change, SyncPlan
from newsroom.database import writing
from newsroom.portions import portions

_AT_ONCE = 500
"""Articles that are stored in one transaction: nobody else waits longer than that for the database."""


def carry_out(
    engine: Engine, plan: SyncPlan, made: Mapping[str, tuple[Picture, ...]], now: datetime, book: RuleBook
) -> None:
    """Store what the plan says, unless it is held, and remember the pictures that were `made` for it.

    A run that is killed in between has stored whole articles, and the next one goes on.
    """
    if made:
        with writing(engine) as connection:
            for source_hash, sizes in made.items():
                store.remember_picture(connection, source_hash, sizes, now)
    for id_, access in plan.close.items():
        with writing(engine) as connection:
            store.close(connection, id_, access, now, book)
    if not plan.held:
        for some in portions(plan.insert, _AT_ONCE):
            with writing(engine) as connection:
                _insert(connection, some, plan, now, book)
        for some in portions(plan.stores, _AT_ONCE):
            with writing(engine) as connection:
                for one in some:
                    store.update(connection, one.article, one.content_hash, now, book, changed=one.changed)
        for ids in portions(plan.withdraw, _AT_ONCE):
            with writing(engine) as connection:
                store.withdraw(connection, ids, now, book, taken_back=plan.taken_back)


def _insert(
    connection: Connection, changes: Sequence[Change], plan: SyncPlan, now: datetime, book: RuleBook
) -> None:
    store.insert_many(connection, [(one.article, one.content_hash) for one in changes], now, book)
    taken_back = set(plan.withdraw)
    # In one transaction with their coming: they are in no list for a moment.
    gone = [one.article.id for one in changes if one.article.id in taken_back]
    store.withdraw(connection, gone, now, book, taken_back=plan.taken_back)
