"""`doctor`: whether what comes back will be read."""

from __future__ import annotations

from commands.context import Context
from newsletter.returns.imap_mailbox import Mailbox
from newsletter.returns.maildir import Maildir
from newsroom.settings import ImapSettings


def check_bounces(room: Context) -> None:
    """The Maildir is there, the mailbox can be opened, and what SMTP brings back is read somewhere."""
    settings, provider = room.settings.bounces, room.settings.delivery.provider
    if settings.maildir is not None:
        fault = Maildir(settings.maildir).fault()
        if fault:
            room.troubles.add("bounces", "maildir", fault)
    if settings.imap is not None:
        with room.troubles.caught("bounces", "imap"):
            _check_mailbox(room, settings.imap)
    if provider == "smtp" and settings.maildir is None and settings.imap is None:
        room.troubles.warn(
            "bounces",
            "what the mail server cannot deliver comes back to the envelope sender, and nothing reads it; "
            "say where it lies with bounces.maildir or bounces.imap (docs/delivery.md)",
        )
    elif provider == "smtp" and not settings.verp:
        room.troubles.warn(
            "bounces",
            "without bounces.verp a bounce is known by its Message-ID, which whoever gets a forwarded copy "
            "knows too; set it once your mail server takes NAME+ANYTHING@DOMAIN (docs/delivery.md)",
        )


def _check_mailbox(room: Context, settings: ImapSettings) -> None:
    with Mailbox(settings, room.settings.secrets.imap_password) as mailbox:
        if settings.noted and not mailbox.has(settings.noted):
            message = f'mailbox {settings.host}: no folder "{settings.noted}" (bounces.imap.noted); make it'
            room.troubles.add("bounces", "imap", message)
