"""A command's surroundings: settings, database, clock. Opened once, closed at the end."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.engine import Engine

from commands.invocation import Clock, Invocation
from commands.troubles import Troubles
from newsroom import installation, log
from newsroom.database import engine_for, metadata, sqlite_file
from newsroom.errors import ConfigurationError
from newsroom.installation import Installation
from newsroom.masthead import Newsletter
from newsroom.schema import MigrationReport, migrate
from newsroom.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    settings: Settings
    engine: Engine
    clock: Clock
    installation: Installation
    dry_run: bool
    troubles: Troubles = field(default_factory=Troubles)

    def newsletter(self, key: str) -> Newsletter:
        """The newsletter of this key. Raises ConfigurationError where there is none."""
        for newsletter in self.settings.newsletters:
            if newsletter.key == key:
                return newsletter
        known = ", ".join(newsletter.key for newsletter in self.settings.newsletters) or "none is set up"
        raise ConfigurationError(f'{self.settings.path}: "{key}" is not a newsletter; allowed: {known}')


def settings_of(invocation: Invocation) -> Settings:
    """The newsroom's settings, with the log set up to hide its secrets. Raises ConfigurationError."""
    log.configure(invocation.log.value)
    settings = load(invocation.config, os.environ)
    log.configure(invocation.log.value, secrets=settings.secrets.texts)
    return settings


@contextmanager
def opened(invocation: Invocation) -> Iterator[Context]:
    """The surroundings of one command, its database brought to this release.

    A dry run on a newsroom that has no database yet works with one in memory.
    """
    settings = settings_of(invocation)
    clock = invocation.clock(settings.newsroom.time_zone)
    engine = engine_for(settings.database_url)
    file = sqlite_file(engine)
    if invocation.dry_run and file is not None and not file.exists():
        engine = in_memory()
    else:
        said(migrate(engine, settings.root, clock()))
    try:
        yield Context(settings, engine, clock, installation.ensure(engine, clock()), invocation.dry_run)
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
