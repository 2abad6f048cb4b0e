"""What a provider has said while one edition was handed over, and what that means for the next one.

A run hands it on from edition to edition, whichever newsletter's they are. Of an outage, and of a wait that
the provider asked for, the next runs know by the batches that wait for it in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import ledger
from newsletter.delivery import recalls
from newsletter.delivery.delivery_report import StoppedBy
from newsletter.delivery.outage import PROBE, SILENT
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.edition_row import OPEN
from newsletter.tables import batches, editions
from newsroom.errors import ProviderError, UnansweredError

ASKED = "it said when to come again"
"""How the reason of a batch ends that waits for as long as its provider asked."""

BOUND = "it has said of another edition when to come again"
"""Why nothing is handed over of the others meanwhile."""

LATELY = timedelta(hours=1)
"""So long it is suspected by what was handed over last."""

_WAIT = (*OPEN, EditionState.STOPPED.value)
"""The states of editions that may have such a batch: of one that is stopped, its provider has asked all the
same."""


@dataclass(slots=True)
class Standing:
    """What one run has heard of its provider so far."""

    barred: str = ""
    """Why it takes nothing, whatever the newsletter: then nothing more is handed over in this run. Empty
    where it has not said so."""
    is_known: bool = False
    """Whether it was heard at all."""
    most: int | None = None
    """The most readers of the next hand-over, which goes alone, where it left one without an answer and
    nothing says that this is over; None where that is not so."""
    is_refusing: bool = False
    """It took nothing when it was asked last, for reasons that may be that newsletter's own."""

    def note(self, *, asked: bool, most: int | None, took: bool, stopped_by: StoppedBy | None) -> None:
        """Take note of what the delivery of an edition came to. `asked`: something was handed over; `most`:
        that of its outage; `took`: somebody was accepted."""
        if asked or (most is not None and not self.is_known):
            self.is_known, self.most = True, most
        if asked and stopped_by in (StoppedBy.PROVIDER, StoppedBy.NOT_NOW):
            self.is_refusing = True
        elif took:
            self.is_refusing = False

    def most_of(self, connection: Connection, provider: str, edition: str, now: datetime) -> int | None:
        """The most readers of this edition's first hand-over, where others were left without an answer: in
        this run, or, where this run has heard nothing yet, in those before; None where they were not."""
        if self.is_known:
            return self.most
        # Of one that was left without an answer as a whole, nothing waits any more.
        last = (
            sa.select(batches.c.state)
            .where(batches.c.provider == provider, batches.c.edition != edition)
            .where(batches.c.handed > now - LATELY)
            .order_by(batches.c.handed.desc(), batches.c.id.desc())
            .limit(1)
        )
        if connection.execute(last).scalar() == BatchState.UNCERTAIN.value:
            return PROBE
        mark = sa.and_(batches.c.reason == SILENT, editions.c.held == "", editions.c.state.in_(OPEN))
        found = _waiting(sa.select(batches.c.id), provider, edition).where(mark).limit(1)
        return None if connection.execute(found).first() is None else PROBE


def named(engine: Engine, key: str, provider: object, standing: Standing) -> None:
    """Give the edition the name by which it can be taken back, as `recalls.named` does. Raises ProviderError:
    what refuses that refuses every newsletter, for nothing of theirs is in it."""
    try:
        recalls.named(engine, key, provider)
    except UnansweredError:
        raise
    except ProviderError as error:
        standing.barred = str(error)
        raise


def asked_until(connection: Connection, provider: str, edition: str, now: datetime) -> datetime | None:
    """Until when the provider has asked to be left alone when it was handed other editions; None where it has
    not, or that is over."""
    query = _waiting(sa.select(sa.func.max(batches.c.not_before)), provider, edition)
    asked = sa.and_(batches.c.reason.endswith(ASKED), batches.c.not_before > now)
    until: datetime | None = connection.execute(query.where(asked)).scalar()
    return until


def goes_out(connection: Connection, edition: Edition) -> bool:
    """Whether there is something to be handed over of it, unless its provider takes nothing."""
    if edition.held or not edition.is_open:
        return False
    waiting = ledger.count_by_state(connection, edition.key).get(BatchState.PLANNED)
    return edition.candidates is None or bool(waiting)


def _waiting(columns: sa.Select[Any], provider: str, but: str) -> sa.Select[Any]:
    """Of batches that wait for this provider, those of the edition `but` left out."""
    # By edition, which has an index: nobody looks at a year's batches.
    return columns.select_from(
        editions.join(
            batches,
            sa.and_(batches.c.edition == editions.c.key, batches.c.state == BatchState.PLANNED.value),
        )
    ).where(
        editions.c.state.in_(_WAIT),
        editions.c.key != but,
        # What was never tried has no provider of its own, nor has an edition of which nothing was taken.
        sa.or_(batches.c.provider == provider, editions.c.provider == provider),
    )
