"""An edition made ready for its first batch: as its stories are by now, then each reader planned.

Both work inside the writing transaction of the connection that they are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from newsletter import editions, holds
from newsletter.composition.difference import by_hand, by_headline, changes
from newsletter.delivery import planning, ramps
from newsletter.delivery.delivery_report import StoppedBy
from newsletter.delivery.post import Post
from newsletter.delivery.run import Run
from newsletter.edition import ALL_WITHDRAWN, RUN, Edition
from newsroom.counted import counted


def up_to_date(connection: Connection, edition: Edition, post: Post, run: Run, now: datetime) -> bool:
    """Make a revision of what has changed since the last one. False where nothing new is left: the edition is
    held for that."""
    key, selection = edition.key, editions.selection_of(connection, edition.key, edition.revision)
    after = post.revise(connection, selection, False)
    if after == selection:
        return True
    if not after.has_news:
        holds.hold(connection, key, ALL_WITHDRAWN, RUN, now)
        run.stopped_by = StoppedBy.HELD
        return False
    fitted = post.fit(after)
    left_out = (*editions.left_out_of(connection, key, edition.revision), *fitted.left_out)
    told = by_hand(selection, after)
    run.tell(key, by_hand(selection, after, named=by_headline))
    what = f"brought up to date before it goes out{changes(selection, after)}"
    why = "; ".join((what, *told, *fitted.shortened))
    editions.add_revision(connection, key, fitted.selection, left_out, RUN, why, now)
    return True


@dataclass(frozen=True, slots=True)
class Planning:
    """What an edition is planned by."""

    post: Post
    batch_size: int
    allow_to: Sequence[str]
    max_variants: int


def plan(connection: Connection, edition: Edition, by: Planning, run: Run, now: datetime) -> None:
    """Have each reader of the newsletter be a delivery or an exclusion, unless that is done."""
    if edition.candidates is not None:
        return
    variant_of = by.post.variant_of(editions.selection_of(connection, edition.key, edition.revision))
    made = planning.plan(
        connection,
        edition,
        planning.pages(connection, edition.newsletter),
        variant_of,
        batch_size=by.batch_size,
        allow_to=by.allow_to,
        max_variants=by.max_variants,
        owed_to=by.post.owed_to(connection, edition.key),
        paced=ramps.pace(connection, edition, variant_of, by.allow_to),
    )
    run.widened = made.widened
    what = (
        f"planned: {counted(made.deliveries, 'reader')} in {counted(made.batches, 'batch', 'batches')}, "
        f"{counted(made.variants, 'variant')}"
    )
    if made.told:
        what += f"; {counted(made.told, 'reader')} told of a correction"
    editions.log(connection, edition.key, now, RUN, what)
