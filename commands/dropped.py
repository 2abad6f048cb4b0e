"""What a run says of mail that the provider took and threw away, for reasons that a person can mend."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter import editions, status
from newsletter.returns import drops
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus

_NOTED = "dropped by the provider, readers: "
"""How the line of an edition's log begins that says that a run has told of so many."""


def say_dropped(room: Context) -> None:
    """Say of which editions the provider threw mail away: of much of one in each run, until a person has seen
    to it; of little as a warning, again where it has become more."""
    now = room.clock()
    with reading(room.engine) as connection:
        some = drops.some(connection, now)
        many = drops.many(connection, some, room.settings.bounces.most)
        few = {
            key: count for key, count in some.items() if key not in many and count > _said(connection, key)
        }
        reasons = {key: status.refusals(connection, key) for key in (*many, *few)}
    for key, count in (many | few).items():
        message = (
            f"{key}: {counted(count, 'reader')} of it refused: {reasons[key]}; once "
            f"that is mended, `resend {key} --only refused` hands it over to them"
        )
        if key in many:
            room.troubles.add("deliver", f"{key}:many dropped", message, ExitStatus.HELD)
        else:
            room.troubles.warn("deliver", message)
    if few and room.stores:
        with writing(room.engine) as connection:
            for key, count in few.items():
                editions.log(connection, key, now, "run", f"{_NOTED}{count}")


def _said(connection: Connection, key: str) -> int:
    """Of how many a run has told already."""
    lines = (what for _, _, what in editions.log_of(connection, key) if what.startswith(_NOTED))
    return max((int(what.removeprefix(_NOTED)) for what in lines), default=0)
