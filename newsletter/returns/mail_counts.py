"""What became of the mails that came back, counted for as long as the newsroom is there.

Runs read them and `serve` tells the numbers, so they are in the database. Every function works inside the
transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.tables import mail_counts
from newsroom.database import inserting


def add(connection: Connection, more: Mapping[str, int]) -> None:
    """Count these too, by outcome."""
    for outcome, count in sorted(more.items()):
        if count:
            statement = inserting(connection, mail_counts).values(outcome=outcome, mails=count)
            both = {"mails": mail_counts.c.mails + count}
            connection.execute(statement.on_conflict_do_update(index_elements=["outcome"], set_=both))


def counted(connection: Connection) -> Mapping[str, int]:
    """How many there were, by outcome; those there were none of are not in it."""
    query = sa.select(mail_counts.c.outcome, mail_counts.c.mails).order_by(mail_counts.c.outcome)
    return {outcome: int(count) for outcome, count in connection.execute(query)}
