"""A command's surroundings: settings, database, clock. Opened once, closed at the end."""

from __future__ import annotations

import getpass
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection, Engine

from commands.invocation import Clock, Invocation
from commands.troubles import Troubles
from newsroom import installation, log
from newsroom.database import engine_for, metadata, sqlite_file
from newsroom.errors import ConfigurationError, HeldError
from newsroom.installation import Installation
from newsroom.masthead import Newsletter
from newsroom.schema import MigrationReport, migrate
from newsroom.settings import Settings, load
from newsroom.stop_file import Stop, StopFile


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    settings: Settings
    engine: Engine
    clock: Clock
    installation: Installation
    dry_run: bool
    """Send nothing and write no file."""
    is_rehearsal: bool = False
    """The database is a copy that is thrown away: a dry run's steps see what those before them did."""
    troubles: Troubles = field(default_factory=Troubles)
    asked: dict[str, float] = field(default_factory=dict)
    """By source: when this command has read it last, on the machine's monotonic clock."""

    @property
    def stores(self) -> bool:
        """Whether the database may be written."""
        return self.is_rehearsal or not self.dry_run

    def known_newsletter(self, key: str) -> Newsletter | None:
        """The newsletter of this key; None for one that is not set up, or no more."""
        return next((one for one in self.settings.newsletters if one.key == key), None)

    def newsletter(self, key: str) -> Newsletter:
        """The newsletter of this key. Raises ConfigurationError where there is none."""
        found = self.known_newsletter(key)
        if found is not None:
            return found
        known = ", ".join(newsletter.key for newsletter in self.settings.newsletters) or "none is set up"
        raise ConfigurationError(f'{self.settings.path}: "{key}" is not a newsletter; allowed: {known}')


def settings_of(invocation: Invocation) -> Settings:
    """The newsroom's settings, with the log set up to hide its secrets. Raises ConfigurationError."""
    log.configure(invocation.log.value)
    settings = load(invocation.config, os.environ)
    log.configure(invocation.log.value, secrets=settings.secrets.texts)
    return settings


@contextmanager
def opened(invocation: Invocation, *, looks: bool = False) -> Iterator[Context]:
    """The surroundings of one command, its database brought to this release.

    A dry run works with a copy of an SQLite database, or with one in memory where there is none yet. A
    command that only `looks` makes none in the place of one that is gone; it raises HeldError.
    """
    settings = settings_of(invocation)
    clock = invocation.clock(settings.newsroom.time_zone)
    stops = StopFile(settings.stops_path, _bring_back)
    engine = stops.of(engine_for(settings.database_url))
    file = sqlite_file(engine)
    if looks and file is not None and not file.exists():
        _there_was_none(file, settings)
    is_rehearsal = invocation.dry_run and file is not None
    with ExitStack() as ends:
        if is_rehearsal and file is not None:
            engine = ends.enter_context(copy_of(file)) if file.exists() else in_memory()
        ends.callback(engine.dispose)
        if not is_rehearsal or sqlite_file(engine) is not None:
            said(migrate(engine, settings.root, clock()))
        installation.ensure(engine, clock())
        if is_rehearsal or not invocation.dry_run:
            stops.catch_up(engine, clock())
        here = installation.ensure(engine, clock())
        yield Context(settings, engine, clock, here, invocation.dry_run, is_rehearsal)


def _there_was_none(file: Path, settings: Settings) -> None:
    for beside in (settings.witness_path, settings.stops_path):
        if beside.exists():
            raise HeldError(
                f"the database is gone: {file} is not there, and {beside.name} knows that there was one; put "
                "it back, or restore a backup. Nothing was made in its place"
            )


def _bring_back(connection: Connection, stops: Sequence[Stop], now: datetime) -> int:
    # Most commands open a database that knows all of them.
    from readership.bringing_back import apply

    return apply(connection, stops, now)


@contextmanager
def copy_of(file: Path) -> Iterator[Engine]:
    """A copy of an SQLite database as it is at this moment, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="standfirst-") as folder:
        copy = Path(folder) / file.name
        with closing(sqlite3.connect(file)) as original, closing(sqlite3.connect(copy)) as target:
            original.backup(target)
        engine = engine_for(f"sqlite:///{copy}")
        try:
            yield engine
        finally:
            engine.dispose()


def in_memory() -> Engine:
    """An empty database of this release's schema that leaves nothing behind."""
    import importlib

    from sqlalchemy.pool import StaticPool

    for package in ("content", "feeds", "newsletter", "newsroom", "readership"):
        importlib.import_module(f"{package}.tables")
    engine = engine_for("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    return engine


def said(report: MigrationReport) -> None:
    """Say what a migration did, where it did anything to a database that was in use."""
    if report.changed and report.before:
        log.step("migrate", before=report.before, after=report.after, backup=report.backup)


def operator() -> str:
    """Who gives the command, for an edition's log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
