"""Where `deliver` is named among what waits: once for an edition, and only where it comes to something."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.lateness import why_too_late
from commands.waits import Waiting
from newsletter import history, ledger
from newsletter.delivery.standing import asked_until
from newsletter.edition import BatchState, Edition
from newsletter.lateness import is_too_late

DELIVER = "deliver"


def in_vain(connection: Connection, room: Context) -> frozenset[str]:
    """The keys of the editions to go out of which `deliver` would hand nothing over now."""
    return frozenset(
        one.key for one in history.open_editions(connection) if not _comes_to_something(connection, room, one)
    )


def named_once(found: Sequence[Waiting], vain: Collection[str]) -> list[Waiting]:
    """What waits, with `deliver` once for an edition, with what a person has to see to if there is such a
    thing, and not at all for those of `vain`. Pure."""
    by_edition: dict[str | None, int] = {}
    for place, one in enumerate(found):
        if DELIVER in one.commands and one.edition not in vain:
            known = by_edition.setdefault(one.edition, place)
            if one.needs_person and not found[known].needs_person:
                by_edition[one.edition] = place
    return [
        one if by_edition.get(one.edition) == place else replace(one, commands=_without(one.commands))
        for place, one in enumerate(found)
    ]


def _without(commands: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(command for command in commands if command != DELIVER)


def _comes_to_something(connection: Connection, room: Context, edition: Edition) -> bool:
    """Whether a run would do something with it: it is let go, its time has come and is not over, and a batch
    of it may be handed over, or settled."""
    now = room.clock()
    newsletter = room.known_newsletter(edition.newsletter)
    if newsletter is None or edition.held:
        return False
    if edition.first_handed is None and (edition.goes > now or is_too_late(edition, newsletter.latest, now)):
        return False
    if why_too_late(connection, room, edition) is not None:
        return False
    if ledger.count_by_state(connection, edition.key).get(BatchState.HANDED):
        return True
    if asked_until(connection, room.settings.delivery.provider, edition.key, now) is not None:
        return False
    return edition.candidates is None or ledger.next_batch(connection, edition.key, now) is not None
