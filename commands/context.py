"""A command's surroundings: settings, database, clock. Opened once, closed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from commands.invocation import Clock, Invocation
from newsroom import installation, log
from newsroom.database import engine_for
from newsroom.errors import ConfigurationError
from newsroom.installation import Installation
from newsroom.masthead import Newsletter
from newsroom.schema import migrate
from newsroom.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    settings: Settings
    engine: Engine
    clock: Clock
    installation: Installation
    dry_run: bool

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
    return load(invocation.config, os.environ)


@contextmanager
def opened(invocation: Invocation) -> Iterator[Context]:
    """The surroundings of one command, its database brought to this release."""
    settings = settings_of(invocation)
    clock = invocation.clock(settings.newsroom.time_zone)
    engine = engine_for(settings.database_url)
    try:
        migrate(engine, settings.root, clock())
        yield Context(
            settings=settings,
            engine=engine,
            clock=clock,
            installation=installation.ensure(engine, clock()),
            dry_run=invocation.dry_run,
        )
    finally:
        engine.dispose()

