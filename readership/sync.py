"""The sync of readers from where they already are: in portions, each a short transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from newsroom.errors import ReaderError, SourceError
from newsroom.portions import portions
from newsroom.settings import ReadersSettings
from readership import links
from readership.address import key_of, normalised
from readership.links import SourceNotes
from readership.listing import LONGEST_ID, READING, Words
from readership.people import People, fetched
from readership.reader import SubscriptionStatus
from readership.row import Row, Rules
from readership.sources import Listed, ReaderSource
from readership.sync_change import Decision, Outcome, Person, Said, Setting, decide, left
from readership.sync_holds import ended, held, held_stops, stops_mail

PORTION = 2_000
"""Readers a transaction."""
SHOWN = 20
"""How many lines that cannot be used are named; all of them are counted."""


@dataclass(frozen=True, slots=True)
class SyncRules:
    """What a sync goes by, beside the source's own settings."""

    rows: Rules
    address_key: bytes
    sources: Sequence[str]
    """The keys of all sources of readers in newsroom.toml."""
    stores: bool = True
    allow_gone: bool = False
    full: bool = False
    """Have everything read again, whatever the source says of changes."""
    progress: Callable[[int], None] | None = None


@dataclass(slots=True)
class SyncReport:
    """What a sync did or, dry, would do."""

    source: str
    listed: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    twice: int = 0
    """Lines with an id that was listed before; the first one counts."""
    bad: int = 0
    erased: int = 0
    moved: int = 0
    """Readers with another address than before."""
    kept_stopped: int = 0
    """New or changed lines that would have mail go to who has stopped it with us; none does."""
    gone: int = 0
    """Readers whom the source has no more."""
    ended: int = 0
    """Subscriptions that ended, with that or by the source's word."""
    held: str = ""
    incomplete: bool = False
    """The list changed while it was read: who is gone is seen by the next sync."""
    problems: list[str] = field(default_factory=list)

    def refuse(self, listed: Listed, problem: str) -> None:
        """Count a line that cannot be used, and name it while there is room."""
        self.bad += 1
        if len(self.problems) < SHOWN:
            place = f"id {_shown(listed.id)}" if listed.id else f"number {listed.number}"
            self.problems.append(f"{place}: {problem}")


def sync_readers(
    engine: Engine, settings: ReadersSettings, source: ReaderSource, rules: SyncRules, now: datetime
) -> SyncReport:
    """Make the readers as the source has them; what is stopped with us stays stopped.

    Raises SourceError where it cannot be read to its end: the pages before that are stored, nobody is taken
    for gone, and the message says how old the list is that holds.
    """
    sync = _Sync(engine, settings, rules, now)
    with reading(engine) as connection:
        before = links.source_notes(connection, settings.key)
    print_ = _print(settings, rules)
    is_known = before.state.get("settings") == print_ and not rules.full
    try:
        for page in source.pages(before.state.get("source", {}) if is_known else {}):
            for some in portions(page, PORTION):
                sync.take(some)
        sync.end_stopped()
        if source.is_whole and not source.is_unchanged:
            sync.end_gone()
        sync.report.incomplete = not source.is_whole
    except SourceError as error:
        # Those that were read are good: nobody waits for the rest to be without the mail he has stopped.
        sync.end_stopped()
        raise SourceError(*(f"{line}; {_age(before.last_read, now)}" for line in error.problems)) from error
    finally:
        source.close()
    if rules.stores:
        notes = {} if sync.report.held or sync.report.bad else dict(source.notes())
        kept = before.state if source.is_unchanged else {"source": notes, "settings": print_}
        with writing(engine) as connection:
            links.set_source_notes(connection, settings.key, SourceNotes(now, kept))
    return sync.report


class _Sync:
    """One pass over a source."""

    def __init__(self, engine: Engine, settings: ReadersSettings, rules: SyncRules, now: datetime) -> None:
        self.report = SyncReport(settings.key)
        self._engine = engine
        self._settings = settings
        self._rules = rules
        self._now = now
        self._words = Words(settings, rules.rows, rules.address_key)
        today = now.astimezone(rules.rows.zone).date()
        # A query without the column says nothing of plans; an object without the key has none any more.
        may_go = settings.kind == "json"
        self._setting = Setting(settings.newsletters, frozenset(rules.sources), now, today, may_go)
        self._seen: set[bytes] = set()
        self._mailed: int | None = None
        """Whom it had for a newsletter before."""
        self._mailed_first = 0
        """Whom it names for the first time, and who had one without it."""
        self._stopping: list[Said] = []
        """Lines that end mail: what becomes of them is decided once all of them are known."""

    def take(self, page: Sequence[Listed]) -> None:
        """Store what is new in these lines."""
        lines = self._fresh(page)
        with reading(self._engine) as connection:
            there = links.digests(connection, [key for key, _, _ in lines])
        new = [line for line in lines if there.get(line[0]) != line[2]]
        self.report.same += len(lines) - len(new)
        said = [one for line in new if (one := self._said(*line)) is not None]
        if said:
            self._store(said, waits=not self._rules.allow_gone)
        if self._rules.progress is not None:
            self._rules.progress(self.report.listed)

    def end_stopped(self) -> None:
        """End the mail that the source says is stopped; where that is most of it at once, hold."""
        if not self._rules.allow_gone:
            mailed = (self._mailed or 0) + self._mailed_first
            self._hold(held_stops(mailed, len(self._stopping), self._settings.key))
        if not self.report.held:
            for some in portions(self._stopping, PORTION):
                self._store(some, waits=False)
        self._stopping = []

    def end_gone(self) -> None:
        """End what was from the source alone of those it has no more; where they are too many, hold."""
        listed: set[int] = set()
        missing: dict[int, list[str]] = {}
        with reading(self._engine) as connection:
            for key, number in links.live(connection, self._settings.key):
                if bytes.fromhex(key[:32]) in self._seen:
                    listed.add(number)
                else:
                    missing.setdefault(number, []).append(key)
        # One whose id is another one now is not lost.
        lost = missing.keys() - listed
        why = held(len(listed | missing.keys()), len(lost), self._settings.key)
        if why and not self._rules.allow_gone:
            self._hold(why)
            return
        self.report.gone = len(lost)
        for some in portions(sorted(missing), PORTION):
            self._leave({number: missing[number] for number in some})

    def _fresh(self, page: Sequence[Listed]) -> list[tuple[str, Listed, str]]:
        """Link key, line and digest of each line that has an id of its own."""
        lines = []
        for listed in page:
            self.report.listed += 1
            if not listed.id or len(listed.id) > LONGEST_ID:
                self.report.refuse(listed, "it has no id" if not listed.id else "its id is too long")
                continue
            key = self._words.link(listed.id)
            short = bytes.fromhex(key[:32])
            if short in self._seen:
                self.report.twice += 1
                continue
            self._seen.add(short)
            lines.append((key, listed, self._words.digest(listed)))
        return lines

    def _said(self, key: str, listed: Listed, digest: str) -> Said | None:
        try:
            row: Row = self._words.row(listed)
        except ReaderError as error:
            self.report.refuse(listed, "; ".join(error.problems))
            return None
        address = key_of(self._rules.address_key, normalised(row.address))
        return Said(key, self._settings.key, listed.id, address, row, digest)

    def _hold(self, why: str) -> None:
        self.report.held = "; ".join(filter(None, (self.report.held, why)))

    def _store(self, said: Sequence[Said], *, waits: bool) -> None:
        """Store what these lines change, or dry find it out; where one `waits`, those that end mail do."""
        with (writing if self._rules.stores else reading)(self._engine) as connection:
            if self._mailed is None:
                self._mailed = links.mailed(connection, self._settings.key)
            people = self._decide(connection, said, waits=waits)
            if self._rules.stores:
                people.save(connection, self._now, f"sync of {self._settings.key}")

    def _decide(self, connection: Connection, said: Sequence[Said], *, waits: bool) -> People:
        people = fetched(connection, [one.key for one in said], [one.link for one in said])
        for one in said:
            link, theirs = people.of_link(one.link)
            decision = decide(
                one, link, theirs, people.with_address(one.key), people.suppressed, self._setting
            )
            stops = _stops(people, one, decision)
            if waits and link is None and _has_mail(people.with_address(one.key)):
                self._mailed_first += 1
            if stops and waits:
                self._stopping.append(one)
                continue
            self.report.ended += stops
            people.take(decision)
            self.report.kept_stopped += decision.kept_stopped
            self.report.moved += decision.moved
            match decision.outcome:
                case Outcome.NEW:
                    self.report.new += 1
                case Outcome.CHANGED:
                    self.report.changed += 1
                case Outcome.ERASED:
                    self.report.erased += 1
                case Outcome.SAME:
                    self.report.same += 1
        return people

    def _leave(self, missing: dict[int, list[str]]) -> None:
        connected = writing if self._rules.stores else reading
        with connected(self._engine) as connection:
            people = fetched(connection, (), (), list(missing))
            for number, person in list(people.now.items()):
                after = left(person, missing[number], self._setting)
                self.report.ended += ended(person, after)
                people.put(after)
            if self._rules.stores:
                people.save(connection, self._now, f"sync of {self._settings.key}")


def _has_mail(person: Person | None) -> bool:
    return person is not None and any(
        one.status is not SubscriptionStatus.UNSUBSCRIBED for one in person.subscriptions.values()
    )


def _stops(people: People, said: Said, decision: Decision) -> int:
    """How many subscriptions of a reader who was known end by this line's word."""
    if decision.outcome is Outcome.ERASED or not decision.people:
        return 0
    after = decision.people[-1]
    return stops_mail(people.now.get(after.reader.id) if after.reader.id else None, after, said.row)


def _age(read: datetime | None, now: datetime) -> str:
    if read is None:
        return "it was never read to its end"
    hours = (now - read).total_seconds() / 3600
    old = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else ""
    return f"its readers stay as they were at {read:%Y-%m-%d %H:%M} UTC" + (f", {old} ago" if old else "")


def _print(settings: ReadersSettings, rules: SyncRules) -> str:
    return hashlib.sha256(repr((READING, settings, sorted(rules.rows.sections))).encode()).hexdigest()


def _shown(source_id: str) -> str:
    return "(an address)" if "@" in source_id else source_id[:60]
