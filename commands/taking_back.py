"""What SendGrid keeps of a stopped edition and did not take back when asked: each run asks again, and tells
of what was sent although it was taken back."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter import editions
from newsletter.delivery import recalls
from newsletter.delivery.recalls import Kept
from newsletter.returns import after_all
from newsroom import locks, log, witness
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus, ProviderError, UnansweredError

BY = "run"

_NOTED = "sent although taken back, readers: "
"""How the line of an edition's log begins that says that a run has told of so many."""


def take_back_step(room: Context) -> None:
    """Ask once more for what was to be taken back, until it is sent; then say that it was."""
    with reading(room.engine) as connection:
        waiting = recalls.kept(connection, room.clock())
    if waiting and not room.dry_run:
        # A copy of the newsroom leaves it to the one that handed it over.
        witness.check(room.engine, room.settings.witness_path)
    for one in waiting:
        with room.troubles.caught("deliver", f"recall:{one.edition}"):
            if one.is_over:
                _say_gone(room, one)
            elif room.dry_run:
                log.step("deliver", edition=one.edition, to_take_back=one.readers)
            else:
                _ask(room, one)
    _say_sent_after_all(room)


def _say_sent_after_all(room: Context) -> None:
    """Tell once, and again where they have become more, who was sent what was taken back."""
    with reading(room.engine) as connection:
        found = {
            key: one
            for key, one in after_all.lately(connection, room.clock()).items()
            if one.readers > _told(connection, key)
        }
    for key, one in found.items():
        key_of, message = f"{key}:sent after all", f"{key}: {one.said}"
        room.troubles.add("deliver", key_of, message, ExitStatus.DONE, level="warning")
    if found and room.stores:
        with writing(room.engine) as connection:
            for key, one in found.items():
                editions.log(connection, key, room.clock(), BY, f"{_NOTED}{one.readers}")


def _told(connection: Connection, key: str) -> int:
    lines = (what for _, _, what in editions.log_of(connection, key) if what.startswith(_NOTED))
    return max((int(what.removeprefix(_NOTED)) for what in lines), default=0)


def _ask(room: Context, one: Kept) -> None:
    # Nobody hands over what is taken back at the same moment.
    with locks.held(room.engine, f"newsletter:{one.newsletter}"):
        try:
            done = recalls.take_back(room.settings, room.engine, one.edition, BY, room.clock)
        except ProviderError as error:
            one = replace(one, is_doubtful=one.is_doubtful or isinstance(error, UnansweredError))
            message = f"{one.edition}: {waits(room, one, str(error))}"
            room.troubles.add("deliver", f"recall:{one.edition}", message, ExitStatus.HELD)
            return
    if done is not None:
        log.step(
            "deliver",
            edition=one.edition,
            taken_back=done.certain,
            uncertain=done.doubtful or None,
            sent_already=done.late or None,
        )


def _say_gone(room: Context, one: Kept) -> None:
    is_new = True
    if not room.dry_run:
        with writing(room.engine) as connection:
            is_new = recalls.give_up(connection, one, room.clock())
    if is_new:
        message = f"{one.edition} was stopped, but {recalls.gone(one)}"
        # What nobody knows waits for a person.
        status = ExitStatus.HELD if one.is_doubtful else ExitStatus.FAILED
        room.troubles.add("deliver", f"recall:{one.edition}", message, status)


def waits(room: Context, one: Kept, why: str) -> str:
    """That the provider keeps something of a stopped edition, until when, and why it is not taken back."""
    until = one.until.astimezone(room.settings.newsroom.time_zone)
    readers = counted(one.readers, "reader")
    what = f"the mails of {readers} are not taken back and go at {until:%H:%M}"
    if one.is_doubtful:
        what = f"nobody knows whether the mails of {readers} are taken back; else they go at {until:%H:%M}"
    return (
        f"it is stopped, but {what}: {why}; the "
        f"next run tries again, and so does `stop {one.edition}`; or cancel it on its provider's own pages"
    )
