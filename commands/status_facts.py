"""What `status --log json` says of an edition, of what waits, of a reader: facts for one line each."""

from __future__ import annotations

from typing import Any

from commands.waits import Waiting
from newsletter.edition import DeliveryState
from newsletter.reader_moments import Moment
from newsletter.returns.heard import Fate, Heard
from newsletter.status import Line, ReaderLine


def edition_facts(line: Line, heard: Heard | None = None) -> dict[str, Any]:
    """An edition's state and its whole sum, and what was heard of it."""
    edition, found = line.edition, line.sum
    facts: dict[str, Any] = {
        "edition": edition.key,
        "state": edition.state.value,
        "held": edition.held,
        "note": edition.note,
        "revision": edition.revision,
        "due": edition.due.isoformat(),
        "goes": edition.goes.isoformat(),
        "first_handed": edition.first_handed and edition.first_handed.isoformat(),
        "finished": edition.finished and edition.finished.isoformat(),
        "candidates": found.candidates,
    }
    if found.candidates is not None:
        facts |= {state.value: found.of(state) for state in DeliveryState}
        facts |= {"exclusions": dict(found.exclusions), "drops": dict(found.dropped)}
        facts["sum_is_right"] = found.is_right
    if heard is not None and heard.total:
        facts["events"] = {fate.value: heard.of(fate) for fate in Fate if heard.of(fate)}
    return facts


def waiting_facts(one: Waiting) -> dict[str, Any]:
    """What waits, with its commands; `message` and `level` as `newsroom.log.problem` wants them."""
    return {
        "message": f"{one.place}: {one.trouble}: {one.reason}",
        "level": "error" if one.needs_person else "warning",
        "place": one.place,
        "edition": one.edition,
        "trouble": one.trouble,
        "needs_person": one.needs_person,
        "readers": one.readers,
        "batch": one.batch,
        "batches": list(one.batches) or None,
        "since": one.since,
        "next_at": one.next_at,
        "commands": list(one.commands) or None,
    }


def reader_facts(reader_id: int, line: ReaderLine) -> dict[str, Any]:
    """What became of one edition for a reader, who is named by number."""
    return {
        "reader": reader_id,
        "edition": line.edition,
        "state": line.state.value if line.state else "left out",
        "reason": line.reason,
        "batch": line.batch,
        "revision": line.revision,
        "provider": line.provider,
        "handed": line.handed and line.handed.isoformat(),
        "settled": line.settled and line.settled.isoformat(),
        "attempts": line.attempts or None,
        "not_before": line.not_before and line.not_before.isoformat(),
        "reference": line.reference,
    }


def moment_facts(reader_id: int, edition: str, one: Moment) -> dict[str, Any]:
    """One moment of an edition's story for a reader."""
    return {
        "reader": reader_id,
        "edition": edition,
        "at": one.at.isoformat(),
        "what": one.what,
        "more": one.more,
    }
