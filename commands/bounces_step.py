"""Mail that came back, read in each run from where the mail server puts it: a Maildir, a mailbox, or both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from commands.context import Context
from newsletter.returns.imap_mailbox import Mailbox, Mark, mark_of, set_mark
from newsletter.returns.maildir import ASIDE, Maildir
from newsletter.returns.returned_mail import Tally, note_mails
from newsletter.returns.status_notification import LARGEST_READ, read
from newsroom import log, witness
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.locks import held
from newsroom.portions import portions
from newsroom.settings import ImapSettings

AT_ONCE = 100
"""Mails of a Maildir whose events are written together."""

LONGEST = 120.0
"""Seconds after which a run leaves the rest to the next one: its edition does not wait for old mail."""


def bounces_step(room: Context) -> None:
    """Read each place; one that fails is told, and the next goes on. A dry run leaves them alone."""
    settings = room.settings.bounces
    if room.dry_run or (settings.maildir is None and settings.imap is None):
        return
    if witness.objects(room.engine, room.settings.witness_path):
        # A copy of a running server would take the mails away from it; a restored one would mistake them.
        log.step("bounces", skipped="nothing is read before the witness agrees")
        return
    with room.troubles.caught("bounces"), held(room.engine, "bounces"):
        if settings.maildir is not None:
            with room.troubles.caught("bounces", "maildir"):
                _maildir(room, Maildir(settings.maildir), settings.most_mails)
        if settings.imap is not None:
            with room.troubles.caught("bounces", "imap"):
                _mailbox(room, settings.imap, settings.most_mails)


def _maildir(room: Context, place: Maildir, most: int) -> None:
    begun, total, done, aside = time.monotonic(), Tally(), 0, 0
    waiting = place.waiting(most)
    for paths in portions(waiting, AT_ONCE):
        texts = {path: place.read(path, LARGEST_READ) for path in paths}
        total += _noted(room, [text for text in texts.values() if text])
        place.noted(path for path, text in texts.items() if text is not None)
        aside += _set_aside(place, [path for path, text in texts.items() if text is None])
        done += len(paths)
        if time.monotonic() - begun > LONGEST:
            break
    _say("maildir", total, len(waiting) - done, begun)
    if aside:
        folder = place.folder / ASIDE / "new"
        message = f"{counted(aside, 'mail')} cannot be read, and moved to {folder}: see who may read there"
        room.troubles.add("bounces", "maildir:unreadable", message)


def _set_aside(place: Maildir, paths: Sequence[Path]) -> int:
    for path in paths:
        place.set_aside(path)
    return len(paths)


def _mailbox(room: Context, settings: ImapSettings, most: int) -> None:
    begun, total, unreadable = time.monotonic(), Tally(), 0
    with Mailbox(settings, room.settings.secrets.imap_password) as mailbox:
        with reading(room.engine) as connection:
            # What a run that was cut off noted and did not move is moved by the next one.
            mark = Mark() if mailbox.is_emptied else mark_of(connection, mailbox.place)
        while total.mails + unreadable < most and time.monotonic() - begun < LONGEST:
            some = mailbox.after(mark, LARGEST_READ)
            if some is None:
                break
            mark = some.mark
            total += _noted(room, some.texts, mailbox.place, mark)
            unreadable += some.unreadable
            mailbox.noted(some.uids)
    _say("imap", total, 0, begun)
    if unreadable:
        message = (
            f"mailbox {settings.host}: {counted(unreadable, 'mail')} cannot be read by the server; the "
            "others were, and what is left stays there: look at it with a mail program"
        )
        room.troubles.add("bounces", "imap:unreadable", message)


def _noted(room: Context, texts: Sequence[bytes], place: str = "", mark: Mark | None = None) -> Tally:
    """Note what these mails tell and, in the same transaction, how far a mailbox was read: so it is neither
    read twice nor passed over, wherever this is cut off."""
    notifications = [read(text) for text in texts]
    if not notifications and mark is None:
        return Tally()
    rules, key = room.settings.bounces, room.settings.secrets.address_key
    with writing(room.engine) as connection:
        if mark is not None:
            set_mark(connection, place, mark)
        return note_mails(connection, notifications, rules, key, room.clock())


def _say(source: str, total: Tally, waiting: int, begun: float) -> None:
    if not total.mails and not waiting:
        return
    log.step(
        "bounces",
        source=source,
        mails=total.mails,
        **{kind: count for kind, count in sorted(total.kinds.items()) if count},
        stopped=total.noted.stopped or None,
        settled=total.noted.settled or None,
        known_already=total.noted.copies or None,
        automatic=total.automatic or None,
        unclear=total.unknown or None,
        of_nothing_of_ours=total.foreign or None,
        waiting=waiting or None,
        seconds=time.monotonic() - begun,
    )
