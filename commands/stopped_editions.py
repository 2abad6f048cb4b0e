"""Editions that an editor stopped by the page: the operator, who would let one go on, is far from it."""

from __future__ import annotations

from collections.abc import Container, Iterator

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.waits import Waiting
from newsletter.stopped import Stopped, stopped
from newsroom.database import reading
from newsroom.errors import ExitStatus

BY = "an editor"
"""Who it was, without the address."""


def say_stopped(room: Context) -> None:
    """Tell once which editions an editor has stopped, and how each would go on."""
    with reading(room.engine) as connection:
        found = _found(connection, room)
    for one in found:
        message = f"{one.edition} was stopped {_said(room, one)}: `{_command(one)}`"
        room.troubles.add("deliver", f"{one.edition}:stopped", message, ExitStatus.DONE, level="warning")


def waiting_stopped(
    connection: Connection, room: Context, but: Container[str | None] = ()
) -> Iterator[Waiting]:
    """Each as what is to be known, but those of `but`: whoever stopped it has decided."""
    for one in _found(connection, room):
        if one.edition not in but:
            yield Waiting(
                one.edition,
                "stopped",
                _said(room, one),
                (_command(one),),
                needs_person=False,
                edition=one.edition,
                readers=one.wait,
                since=one.at,
            )


def _found(connection: Connection, room: Context) -> list[Stopped]:
    editors = {address for newsletter in room.settings.newsletters for address in newsletter.editors}
    # Whoever stops one at the shell knows how it goes on.
    found = stopped(connection, room.clock(), room.settings.delivery.provider)
    return [one for one in found if one.by in editors]


def _said(room: Context, one: Stopped) -> str:
    return one.said(BY, f"{one.at.astimezone(room.settings.newsroom.time_zone):%H:%M}")


def _command(one: Stopped) -> str:
    return f"resume {one.edition}"
