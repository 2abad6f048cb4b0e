"""Editions of which so much came back that it stops nobody: what waits for a person, and that one's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions
from newsletter.returns.stops import derive, returned_of
from newsletter.tables import bounce_holds
from newsroom.counted import counted
from newsroom.errors import MisuseError
from newsroom.settings import BounceSettings


@dataclass(frozen=True, slots=True)
class Held:
    """An edition whose bounces wait for a person's word."""

    edition: str
    readers: int
    """How many had come back when it was held."""
    since: datetime

    @property
    def reason(self) -> str:
        """One line."""
        return (
            f"it came back from {counted(self.readers, 'reader')}, so nobody is stopped for it: look "
            "whether your server or your domain is blocked"
        )

    @property
    def commands(self) -> tuple[str, str]:
        """Each of them ends the waiting."""
        return f"readers bounces {self.edition} --stop", f"readers bounces {self.edition} --ignore"


def waiting(connection: Connection, edition: str | None = None) -> tuple[Held, ...]:
    """Each edition, or this one, whose bounces wait for a person's word."""
    query = sa.select(bounce_holds.c.edition, bounce_holds.c.readers, bounce_holds.c.since)
    query = query.where(bounce_holds.c.decided == "").order_by(bounce_holds.c.edition)
    if edition is not None:
        query = query.where(bounce_holds.c.edition == edition)
    return tuple(Held(key, int(readers), since) for key, readers, since in connection.execute(query))


def decide(
    connection: Connection, edition: str, stop: bool, rules: BounceSettings, by: str, now: datetime
) -> int:
    """A person's word on an edition's bounces that were held; returns how many readers are stopped.

    The word may be changed. Raises MisuseError where the edition's bounces are not held.
    """
    ours = bounce_holds.c.edition == edition
    if connection.execute(sa.select(bounce_holds.c.edition).where(ours)).first() is None:
        raise MisuseError(f"the bounces of {edition} are not held: they stop their readers by themselves")
    values = {"decided": "stop" if stop else "ignore"}
    connection.execute(sa.update(bounce_holds).where(ours).values(values))
    count = derive(connection, returned_of(connection, edition), rules, now)
    said = f"bounces: {counted(count, 'reader')} stopped" if stop else "bounces: stop nobody"
    editions.log(connection, edition, now, by, said)
    return count
