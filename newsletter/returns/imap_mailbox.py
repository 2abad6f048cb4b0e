"""A mailbox that bounces come to, read by IMAP (RFC 3501): what is new since the last time, a few at a time.

How far it was read is a number in the database, so nothing that a mail program does there makes a mail read
twice or never. What was noted is marked as read, or moved to another folder, afterwards.
"""

from __future__ import annotations

import hashlib
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.returns.event import told
from newsletter.tables import mailboxes
from newsroom.database import inserting
from newsroom.errors import ProviderError
from newsroom.settings import ImapSettings

AT_ONCE = 20
"""Mails of one portion: with what is read of each, so many fit into memory."""

_UID = re.compile(rb"\bUID (\d{1,10})\b")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a mailbox was read: the numbers up to `last` mean something while `validity` is the same."""

    validity: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Mails:
    """Some mails, and how far it was read once they are noted."""

    uids: tuple[int, ...]
    """Of those that could be read."""
    texts: tuple[bytes, ...]
    """Of those that are there still."""
    unreadable: int
    mark: Mark


class Mailbox:
    """`with Mailbox(...) as mailbox`: connected, logged in, its folder selected. Raises ProviderError."""

    def __init__(self, settings: ImapSettings, password: str, context: ssl.SSLContext | None = None) -> None:
        """`context` replaces the system's certificate authorities."""
        self._settings = settings
        self._password = password
        self._context = context or ssl.create_default_context()
        self._where = f"mailbox {settings.host}:{settings.port}"
        self._server: imaplib.IMAP4
        self._offers: frozenset[str] = frozenset()
        self.validity = 0
        self.count = 0
        """Mails in the folder."""
        self._next = 0
        """The number that the next mail will have at least; 0 where the server does not say."""

    @property
    def place(self) -> str:
        """What its mark is known by."""
        settings = self._settings
        said = f"{settings.user}\0{settings.host}\0{settings.port}\0{settings.folder}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def __enter__(self) -> Self:
        with self._explained("cannot be reached"):
            self._server = self._connected()
        try:
            with self._explained("does not let bounces.imap.user in: check it and STANDFIRST_IMAP_PASSWORD"):
                self._log_in()
            self._select(self._settings.folder)
        except ProviderError:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def after(self, mark: Mark, octets: int) -> Mails | None:
        """The next mails behind the mark, of each its first octets; None where there are no more."""
        last = mark.last if mark.validity == self.validity else 0
        if not self.count or (self._next and self._next <= last + 1):
            return None
        with self._explained("cannot be read"):
            first = self._first_after(last)
            if first > self.count:
                return None
            end = min(first + AT_ONCE - 1, self.count)
            # Another program may have removed mails meanwhile: what came before is not read once more.
            uids = tuple(uid for uid in self._uids(f"{first}:{end}") if uid > last)
            if not uids:
                return None
            texts, readable = self._texts(uids, octets)
            return Mails(readable, texts, len(uids) - len(readable), Mark(self.validity, max(uids)))

    @property
    def is_emptied(self) -> bool:
        """Whether what was noted leaves the folder: then all that is in it is still to be read."""
        return bool(self._settings.noted) and not self._offers.isdisjoint(("MOVE", "UIDPLUS"))

    def noted(self, uids: Sequence[int]) -> None:
        """Move these to the folder for what was noted, or mark them as read."""
        some, folder = _set(uids), self._settings.noted
        if not uids:
            return
        if not folder:
            with self._explained("what was read cannot be marked"):
                self._ok("STORE", some, "+FLAGS.SILENT", r"(\Seen)")
            return
        with self._explained(f'what was read cannot be moved to the folder "{folder}": is it there?'):
            if "MOVE" in self._offers:
                self._ok("MOVE", some, _quoted(folder))
            else:
                self._ok("COPY", some, _quoted(folder))
                self._ok("STORE", some, "+FLAGS.SILENT", r"(\Deleted \Seen)")
                if "UIDPLUS" in self._offers:
                    self._ok("EXPUNGE", some)
        # Their places in the folder are those of others now.
        self._select(self._settings.folder)

    def has(self, folder: str) -> bool:
        """Whether there is such a folder."""
        with self._explained("cannot be asked for its folders"):
            return bool(self._server.status(_quoted(folder), "(MESSAGES)")[0] == "OK")

    def _connected(self) -> imaplib.IMAP4:
        settings = self._settings
        if settings.security == "tls":
            return imaplib.IMAP4_SSL(
                settings.host, settings.port, ssl_context=self._context, timeout=settings.timeout
            )
        server = imaplib.IMAP4(settings.host, settings.port, timeout=settings.timeout)
        if settings.security == "starttls":
            try:
                server.starttls(ssl_context=self._context)
            except BaseException:
                _hung_up(server)
                raise
        return server

    def _log_in(self) -> None:
        user, password = self._settings.user, self._password
        if "AUTH=PLAIN" in self._server.capabilities:
            self._server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            self._server.login(user, password)
        # It may say more to who is known.
        _, found = self._server.capability()
        self._offers = frozenset(_text(found).upper().split())

    def _select(self, folder: str) -> None:
        with self._explained(f'the folder "{folder}" cannot be opened: check bounces.imap.folder'):
            status, found = self._server.select(_quoted(folder))
            if status != "OK":
                raise imaplib.IMAP4.error(_text(found))
        self.count = int(found[0] or b"0")
        self.validity, self._next = self._said("UIDVALIDITY"), self._said("UIDNEXT")

    def _said(self, name: str) -> int:
        found = self._server.response(name)[1]
        return int(found[-1]) if found and found[-1] else 0

    def _first_after(self, last: int) -> int:
        """The place of the first mail whose number is larger, one more than there are where none is."""
        low, high = 1, self.count + 1
        while last and low < high:
            middle = (low + high) // 2
            found = self._uids(str(middle))
            if found and found[0] > last:
                high = middle
            else:
                low = middle + 1
        return low

    def _uids(self, places: str) -> list[int]:
        status, found = self._server.fetch(places, "(UID)")
        if status != "OK":
            raise imaplib.IMAP4.error(_text(found))
        return sorted(int(one[1]) for one in (_UID.search(_line(item)) for item in found) if one)

    def _texts(self, uids: Sequence[int], octets: int) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """The texts, and whose they are. A server that fails at one of them is asked for each."""
        found = self._fetched(uids, octets)
        if found is not None:
            return found, tuple(uids)
        one_by_one = {uid: some for uid in uids if (some := self._fetched((uid,), octets)) is not None}
        return tuple(text for some in one_by_one.values() for text in some), tuple(one_by_one)

    def _fetched(self, uids: Sequence[int], octets: int) -> tuple[bytes, ...] | None:
        status, found = self._server.uid("FETCH", _set(uids), f"(UID BODY.PEEK[]<0.{octets}>)")
        if status != "OK":
            return None
        return tuple(bytes(item[1]) for item in found if isinstance(item, tuple) and len(item) > 1)

    def _ok(self, command: str, *arguments: str) -> None:
        status, found = self._server.uid(command, *arguments)
        if status != "OK":
            raise imaplib.IMAP4.error(_text(found))

    def _leave(self) -> None:
        try:
            # Not `close`: that would remove for good whatever anybody marked as deleted.
            self._server.logout()
        except (imaplib.IMAP4.error, OSError):
            _hung_up(self._server)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (imaplib.IMAP4.error, OSError, UnicodeError, ValueError) as error:
            # Without its cause: that may hold what was sent to log in.
            why = self._why(error)
            raise ProviderError(f"{self._where}: {what}{f' ({why})' if why else ''}") from None

    def _why(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"no encrypted connection: {error.reason}; check bounces.imap.security and port"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, UnicodeError):
            return "there are characters that cannot be sent"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        first = error.args[0] if error.args else ""
        said = told(first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first))
        for secret in filter(None, (self._password, self._settings.user)):
            said = said.replace(secret, "...")
        return said


def mark_of(connection: Connection, place: str) -> Mark:
    """How far the mailbox was read."""
    query = sa.select(mailboxes.c.validity, mailboxes.c.last).where(mailboxes.c.place == place)
    row = connection.execute(query).first()
    return Mark() if row is None else Mark(int(row.validity), int(row.last))


def set_mark(connection: Connection, place: str, mark: Mark) -> None:
    """Remember it."""
    values = {"validity": mark.validity, "last": mark.last}
    statement = inserting(connection, mailboxes).values(place=place, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["place"], set_=values))


def _hung_up(server: imaplib.IMAP4) -> None:
    with suppress(OSError):  # What failed may have closed it.
        server.shutdown()


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _line(item: Any) -> bytes:
    if isinstance(item, tuple):
        return b" ".join(part for part in item if isinstance(part, bytes))
    return item if isinstance(item, bytes) else b""


def _text(found: Sequence[Any]) -> str:
    return " ".join(_line(item).decode("utf-8", "replace") for item in found)
