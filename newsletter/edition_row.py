"""An edition as its row in the database says."""

from __future__ import annotations

from typing import Any

from newsletter.edition import Edition, EditionState
from newsletter.tables import editions

OPEN = tuple(state.value for state in EditionState if state.is_open)
"""The states in which an edition has still something to hand over."""

COLUMNS = (
    editions.c.key,
    editions.c.newsletter,
    editions.c.local_date,
    editions.c.slot,
    editions.c.state,
    editions.c.revision,
    editions.c.due,
    editions.c.composed,
    editions.c.first_handed,
    editions.c.finished,
    editions.c.held,
    editions.c.note,
    editions.c.candidates,
    editions.c.released,
    editions.c.goes,
    editions.c.recall,
    editions.c.recalled,
)
"""What `from_row` makes an edition of."""


def from_row(row: Any) -> Edition:
    """The edition of a row of COLUMNS."""
    return Edition(
        key=row.key,
        newsletter=row.newsletter,
        local_date=row.local_date,
        slot=row.slot,
        state=EditionState(row.state),
        revision=row.revision,
        due=row.due,
        composed=row.composed,
        first_handed=row.first_handed,
        finished=row.finished,
        # One that is over is not held any more; one that was stopped is again once it is resumed.
        held=row.held if row.state in OPEN else "",
        note=row.note,
        candidates=row.candidates,
        released=row.released,
        not_before=row.goes,
        recall=row.recall,
        recalled=row.recalled,
    )
