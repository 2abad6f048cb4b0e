"""Which editor's preview was taken, and which was refused: an edition must not go unseen without a word.

An editor is named by the place of the address in the settings: no log has the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, history
from newsletter.edition import Edition, EditionState
from newsletter.tables import previews
from newsroom.log import masked
from newsroom.masthead import Newsletter
from newsroom.settings import Settings
from readership.address import recipient_key


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an edition's previews; of each editor's, the last one."""

    edition: str
    taken: int
    waiting: int
    refused: tuple[str, ...]
    """Each with its editor's place in the settings, and why."""

    @property
    def is_unseen(self) -> bool:
        """Whether nobody has one, nor will get one."""
        return bool(self.refused) and not (self.taken or self.waiting)

    def __str__(self) -> str:
        """One line for the operator."""
        alone = "nobody has got one" if self.is_unseen else f"{self.taken} taken"
        return (
            f"its preview was refused: {'; '.join(self.refused)}; {alone}; see whether the address is right"
        )


def settle(connection: Connection, settings: Settings, letter: int, reason: str | None, now: datetime) -> str:
    """Write down what became of a preview's letter: taken where `reason` is None, else refused, for that.

    Returns of which edition and for which editor it is, for what is said of it; "" where it is no preview.
    """
    row = connection.execute(sa.select(previews).where(previews.c.letter == letter)).first()
    if row is None:
        return ""
    why = None if reason is None else masked(reason) or "no reason given"
    values = {"letter": None, "taken": reason is None, "refused": why or ""}
    ours = sa.and_(
        previews.c.edition == row.edition,
        previews.c.editor == row.editor,
        previews.c.revision == row.revision,
    )
    connection.execute(sa.update(previews).where(ours).values(values))
    whose = _place(connection, settings, row.edition, row.editor)
    if why is not None:
        editions.log(connection, row.edition, now, "run", f"preview refused for {whose}: {why}")
    return f" of {row.edition} for {whose}"


def seen(connection: Connection, settings: Settings, newsletter: Newsletter, edition: str) -> Seen:
    """What became of the previews of those who are the newsletter's editors now."""
    query = sa.select(previews).where(previews.c.edition == edition).order_by(previews.c.revision)
    rows = connection.execute(query).all()
    last = {row.editor: row for row in rows}
    taken = {row.editor for row in rows if row.taken}
    mine = [
        (number, last.get(recipient_key(settings.secrets.address_key, address)))
        for number, address in enumerate(newsletter.editors, 1)
    ]
    there = [(number, row) for number, row in mine if row is not None]
    return Seen(
        edition,
        taken=sum(1 for _, row in there if row.editor in taken),
        waiting=sum(1 for _, row in there if row.letter is not None),
        refused=tuple(f"{_named(newsletter, number)}: {row.refused}" for number, row in there if row.refused),
    )


def unseen(connection: Connection, settings: Settings) -> tuple[Seen, ...]:
    """The editions still to go out of which some editor's preview was refused."""
    found = []
    for newsletter in settings.newsletters:
        if newsletter.editors:
            coming = history.open_editions(connection, newsletter.key)
            found += [
                seen(connection, settings, newsletter, one.key) for one in coming if _is_to_be_seen(one)
            ]
    return tuple(one for one in found if one.refused)


def last_refused(connection: Connection, settings: Settings, newsletter: Newsletter) -> tuple[str, ...]:
    """Those editors whose last preview of whichever edition was refused, each with why."""
    found = []
    for number, address in enumerate(newsletter.editors, 1):
        theirs = previews.c.editor == recipient_key(settings.secrets.address_key, address)
        query = sa.select(previews.c.refused).where(theirs, previews.c.letter.is_(None))
        why = connection.execute(query.order_by(previews.c.put.desc()).limit(1)).scalar()
        if why:
            found.append(f"{_named(newsletter, number)}: {why}")
    return tuple(found)


def _is_to_be_seen(edition: Edition) -> bool:
    return edition.state is EditionState.COMPOSED and edition.revision > 0 and edition.first_handed is None


def _place(connection: Connection, settings: Settings, edition: str, key: str) -> str:
    of = editions.get(connection, edition).newsletter
    for newsletter in settings.newsletters:
        for number, address in enumerate(newsletter.editors, 1):
            if newsletter.key == of and recipient_key(settings.secrets.address_key, address) == key:
                return _named(newsletter, number)
    return "somebody who is an editor no more"


def _named(newsletter: Newsletter, number: int) -> str:
    return f"editor {number} of newsletter.{newsletter.key}.editors"
