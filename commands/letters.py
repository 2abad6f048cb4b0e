"""The letters to one person that wait, handed over: by each run, and by `digest` for its editors."""

from __future__ import annotations

from commands.context import Context
from newsletter.history import open_editions
from newsletter.letters.letter_queue import is_due
from newsroom.database import reading
from newsroom.errors import ExitStatus
from readership import sign_ins, sign_up_store


def letters_step(room: Context) -> None:
    """Hand over what `serve` put into the queue of letters to one person and left there, and the previews
    that editors are to get."""
    with room.troubles.caught("letters"):
        if room.dry_run or not _waits(room):
            return
        from newsletter.letters.post_office import drained

        drained(room.settings, room.engine, room.clock)


def say_unseen(room: Context) -> None:
    """Say of which edition that is to go some editor's preview was refused, in this run or under `serve`."""
    if not any(one.editors for one in room.settings.newsletters):
        return
    from newsletter.desk.seen import unseen

    with reading(room.engine) as connection:
        found = unseen(connection, room.settings)
    for one in found:
        status = ExitStatus.HELD if one.is_unseen else ExitStatus.DONE
        room.troubles.add("letters", f"preview:{one.edition}", f"{one.edition}: {one}", status)


def say_out_of_date(room: Context) -> None:
    """Say which editor's words speak of a story that has gone, while there is time to write others."""
    with reading(room.engine) as connection:
        if not open_editions(connection):
            return
        # It takes a while to import, and most runs find no edition that waits.
        from newsletter.desk.out_of_date import out_of_date

        found = tuple(out_of_date(connection, room.settings, room.clock()))
    zone = room.settings.newsroom.time_zone
    for one in found:
        key = one.edition.key
        until = "while it is held" if one.edition.held else f"until {one.edition.goes.astimezone(zone):%H:%M}"
        message = f"{key}: {one.what}; `edit {key}` takes another {until}"
        room.troubles.add(
            "letters", f"{key}:words:{one.what[:11]}", message, ExitStatus.DONE, level="warning"
        )


def _waits(room: Context) -> bool:
    now = room.clock()
    with reading(room.engine) as connection:
        if (
            is_due(connection, now)
            or sign_up_store.unanswered(connection, 1)
            or sign_ins.unanswered(connection, now, 1)
        ):
            return True
        if not any(one.editors for one in room.settings.newsletters):
            return False
        # It takes a while to import, and many newsrooms have no editor who wants it.
        from newsletter.desk.previews import due

        return bool(due(connection, room.settings, now))
