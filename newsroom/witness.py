"""The witness: a small file outside the database that knows which edition was handed over last.

Only something outside of a database can know that the database was restored or copied. Before an edition's
first hand-over the database counts it, then the witness is written and fsynced: so a sound database is never
behind its witness. The same before a run goes on with an edition, after each run that handed something over,
and after each backup that was made of one that is half out: a copy from the middle of an edition is behind.
Where the newsroom lives is written when its first edition is composed. Losing both at once cannot be seen.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy.engine import Connection, Engine

from newsroom import installation
from newsroom.database import reading, writing
from newsroom.errors import HeldError, PublishError
from newsroom.files import write_whole
from newsroom.installation import Installation

RECENT = 50
"""So many editions the witness names: weeks of them, and a restored backup is seldom older."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What the file says."""

    installation: str
    hand_overs: int
    last_edition: str
    place: str
    """Where the newsroom lives: machine and folder."""
    recent: tuple[str, ...] = ()
    """The last editions handed over, the oldest first: what a restored database may not know of."""
    also: tuple[str, ...] = ()
    """Where else it lives: machines that share this folder and one PostgreSQL."""

    @property
    def places(self) -> tuple[str, ...]:
        """Every machine and folder where the newsroom lives."""
        return (self.place, *self.also)


def place(root: Path) -> str:
    """This machine and folder. In a container, whose machine changes with each start, the folder alone."""
    in_container = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
    machine = "container" if in_container else _machine()
    return f"{machine}:{root.resolve()}"


def _machine() -> str:
    try:
        known = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        known = ""
    return known or socket.gethostname()


def read(path: Path) -> Witness | None:
    """The witness, or None where there is none. Raises HeldError for one that cannot be read."""
    try:
        return _witness(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise HeldError(
            f"{path}: the witness cannot be read ({type(error).__name__}); nothing is sent. Put back the "
            "file of the last backup, or, when `status` shows what really went out last, say `release`: it "
            "makes a new witness from the database"
        ) from error


def _witness(said: dict[str, object]) -> Witness:
    found = Witness(**said)  # type: ignore[arg-type]  # Checked by the next lines.
    if not isinstance(found.hand_overs, int) or not isinstance(found.place, str):
        raise TypeError("a field of another type")
    return replace(found, recent=tuple(map(str, found.recent)), also=tuple(map(str, found.also)))


def objection(found: Witness | None, known: Installation, here: str, path: Path) -> str | None:
    """Why nothing may be sent with this database, or None. Pure."""
    reason = _objection(found, known, here, path)
    if reason is None and known.restored is not None:
        return (
            f"{path}: the database was restored: at {known.restored:%Y-%m-%d %H:%M} UTC it knew less than "
            "the file of stops beside it. Who had stopped or was erased since the backup is so again; who "
            "signed up or changed something is not. Nothing is sent until you have looked and say `release`"
        )
    return reason


def _objection(found: Witness | None, known: Installation, here: str, path: Path) -> str | None:
    if found is None:
        if known.hand_overs == 0:
            return None
        return (
            f"{path}: the witness is gone, and the database says that {known.last_edition} was handed over. "
            "If that is the last one that really went out, `release` makes a new witness from the database; "
            "else restore both"
        )
    if is_lost(found, known):
        seen = (
            f"its witness saw {found.last_edition} handed over" if found.last_edition else "it has a witness"
        )
        return (
            f"{path}: the database is gone: the one that is there now is new and empty, and {seen}. Without "
            "the old one its readers, and all who unsubscribed or bounced, are gone too. Nothing is read "
            "into this one, and nothing is sent. Restore the backup, or say `release` to begin anew with it: "
            f"what the witness saw handed over{_last(found)} then counts as sent"
        )
    # First where it lives, for what would be sent there too; then whether its database knows everything.
    if here not in found.places:
        return (
            f"{path}: this newsroom lives elsewhere ({lives(found)}, on another machine or in another "
            "folder): a copy of a running server sends nothing. If it moved here, and runs there no more, "
            "say `move-here`; if it lives there and here, on one PostgreSQL, `move-here --also`"
        )
    if found.installation != known.id:
        return (
            f"{path}: this database belongs to another installation than its witness: a copy, perhaps of "
            "another server. Nothing is sent. If this database is the right one from now on, say `release`: "
            f"what the witness saw handed over{_last(found)} then counts as sent"
        )
    if known.hand_overs < found.hand_overs and known.last_edition == found.last_edition:
        return (
            f"{path}: the database is older than its witness: {found.last_edition} came further than it "
            "knows. It was restored, perhaps, from a backup made while that edition went out. Nothing is "
            f"sent, so that nobody gets it twice. Put back a newer database, or say `release`: it goes on "
            f"with this one, and what the witness saw handed over{_last(found)} then counts as sent, or is "
            "stopped where it is"
        )
    if known.hand_overs < found.hand_overs:
        return (
            f"{path}: the database is older than its witness: {found.last_edition} was handed over, and the "
            f"database knows only of {known.last_edition or 'none'}. It was restored, perhaps. Nothing is "
            "sent, so that nobody gets an edition twice. Put back a newer database, or say `release`: it "
            f"goes on with this one, and what the witness saw handed over{_last(found)} then counts as sent"
        )
    if known.hand_overs == found.hand_overs and known.last_edition != found.last_edition:
        return (
            f"{path}: the database and its witness have gone different ways: {found.last_edition} was handed "
            f"over, and the database says {known.last_edition}. Nothing is sent. `release` goes on with this "
            f"database, and what the witness saw handed over{_last(found)} then counts as sent"
        )
    return None


def lives(found: Witness) -> str:
    """The folder in which the newsroom lives. Pure."""
    return found.place.partition(":")[2]


def is_lost(found: Witness | None, known: Installation) -> bool:
    """True where the witness is that of another database and this one has never handed anything over: it was
    made because the old one was not there. Pure."""
    return found is not None and found.installation != known.id and known.hand_overs == 0


def is_behind(found: Witness | None, known: Installation) -> bool:
    """Whether the database may know less than was so once: a restored one, or another one. Pure."""
    if known.restored is not None:
        return True
    return found is not None and (found.installation != known.id or known.hand_overs < found.hand_overs)


def _last(found: Witness) -> str:
    return f" ({found.last_edition} last)" if found.last_edition else ""


def unknown(found: Witness | None, known: Installation) -> tuple[str, ...]:
    """The editions, oldest first, of whose hand-over this database may not know. Pure."""
    if found is None:
        return ()
    is_sound = found.installation == known.id and (
        known.hand_overs > found.hand_overs
        or (known.hand_overs, known.last_edition) == (found.hand_overs, found.last_edition)
    )
    return () if is_sound else _with(found.recent, found.last_edition)


def _with(recent: tuple[str, ...], edition: str) -> tuple[str, ...]:
    others = tuple(one for one in recent if one != edition)
    return (*others, edition)[-RECENT:] if edition else others


def check(engine: Engine, path: Path) -> None:
    """Raises HeldError where the database is not the one its witness knows."""
    with reading(engine) as connection:
        reason = standing(connection, path)
    if reason:
        raise HeldError(reason)


def standing(connection: Connection, path: Path) -> str | None:
    """Why nothing may be sent with this database, or None where it is the one that its witness knows."""
    known = installation.find(connection)
    if known is None:
        return None
    try:
        return objection(read(path), known, place(path.parent), path)
    except HeldError as error:
        return str(error)


def check_there(engine: Engine, path: Path) -> None:
    """Raises HeldError where the database of this witness is gone and a new one stands in its place: nothing
    may be read into that, or published from it, as if all were well."""
    with reading(engine) as connection:
        known = installation.find(connection)
        reason = standing(connection, path)
    if reason and known is not None and is_lost(if_readable(path), known):
        raise HeldError(reason)


def objects(engine: Engine, path: Path) -> bool:
    """True where `check` raises."""
    with reading(engine) as connection:
        return standing(connection, path) is not None


def settle(engine: Engine, path: Path) -> None:
    """Say where the newsroom lives, before anything of it is handed over: a copy that is made from then on
    is known as one. Nothing where there is a witness, or was one. Raises HeldError for one that cannot be
    written."""
    if path.exists():
        return
    with reading(engine) as connection:
        known = installation.find(connection)
    if known is not None and known.hand_overs == 0:
        _write(path, known)


def announce(engine: Engine, path: Path, edition: str) -> None:
    """Say that `edition` is about to be handed over: in the database, then in the witness, for good."""
    # A run that dies between counting and writing then leaves a witness behind the database, not none.
    settle(engine, path)
    with writing(engine) as connection:
        known = installation.announce(connection, edition)
    _write(path, known)


def advance(engine: Engine, path: Path, edition: str) -> None:
    """Say that `edition` came further than any copy made before this knows of; nothing where the witness
    objects to the database. Raises HeldError where the witness cannot be written; the database is ahead of it
    then, which is sound."""
    if objects(engine, path):
        return  # One more would have a restored database look like the one that it is behind.
    with writing(engine) as connection:
        known = installation.advance(connection, edition)
    _write(path, known)


def accept(engine: Engine, path: Path, *, also: bool = False) -> None:
    """Take the database as the truth from now on: what `release` does.

    It takes over the witness's count, so that the same backup restored once more is seen once more. With
    `also` the newsroom lives here as well as where it did.
    """
    found = if_readable(path)
    with writing(engine) as connection:
        if found is not None:
            installation.catch_up(connection, found.hand_overs, found.last_edition)
        installation.looked_at(connection)
        known = installation.find(connection)
    if known is not None:
        _write(path, known, also=also)


def move(path: Path, *, also: bool = False) -> None:
    """The newsroom lives here from now on; with `also` as well as where it did. That says nothing of whether
    its database knows everything. Raises HeldError where the witness cannot be read or written."""
    found = read(path)
    if found is not None:
        first, *others = _places(found, place(path.parent), also=also)
        _store(path, replace(found, place=first, also=tuple(others)))


def if_readable(path: Path) -> Witness | None:
    """The witness, or None where there is none or it cannot be read."""
    try:
        return read(path)
    except HeldError:
        return None


def _write(path: Path, known: Installation, *, also: bool = False) -> None:
    before, here = if_readable(path), place(path.parent)
    recent = _with(before.recent if before else (), known.last_edition)
    if before is not None and before.installation == known.id and before.hand_overs > known.hand_overs:
        # Another machine announced an edition between our two writes: the witness never goes back.
        known = replace(known, hand_overs=before.hand_overs, last_edition=before.last_edition)
    places = _places(before, here, also=also)
    _store(path, Witness(known.id, known.hand_overs, known.last_edition, places[0], recent, places[1:]))


def _store(path: Path, witness: Witness) -> None:
    try:
        write_whole(path, (json.dumps(asdict(witness), indent=1) + os.linesep).encode())
    except PublishError as error:
        raise HeldError(*error.problems, "nothing is handed over without the witness") from error


def _places(before: Witness | None, here: str, *, also: bool) -> tuple[str, ...]:
    """Where the newsroom lives once this place has written it: elsewhere too if it did, or `also`. Pure."""
    if before is None:
        return (here,)
    if here in before.places:
        return before.places
    return (*before.places, here) if also else (here,)
