"""What every command takes: where the newsroom is, how to log, what time it is, whether to write."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsroom.errors import ConfigurationError


class LogFormat(StrEnum):
    """How steps are reported: for a person, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", help="The newsroom's file; else STANDFIRST_CONFIG, else newsroom.toml."
    ),
]
LogOption = Annotated[
    LogFormat | None, typer.Option("--log", help="One line a step, or one JSON object a step.")
]
NowOption = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="TIME", help="Act as if it were this time: 2026-03-10T06:00, in the newsroom's zone."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and do nothing of it.")
]


YEARS = range(1970, 2200)
"""The years in which a command can be told to act."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options common to all commands."""

    config: Path
    log: LogFormat
    now: str | None
    dry_run: bool

    def clock(self, zone: ZoneInfo) -> Clock:
        """The run's clock. Raises ConfigurationError for a time that cannot be read."""
        return Clock(moment(self.now, zone), stands=True) if self.now else Clock(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Given:
    """The options given before a command's name; those after it win."""

    config: Path | None
    log: LogFormat | None
    now: str | None
    dry_run: bool


class Clock:
    """Tells the time, from `start` on: the one place where a run asks for it.

    One that stands always says `start`: what two commands do at the same `--now` happens at one moment, so
    that the second sees all of what the first did.
    """

    def __init__(self, start: datetime, *, stands: bool = False) -> None:
        self.start = start
        self.stands = stands
        self._from = time.monotonic()

    def __call__(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self.start.astimezone(UTC) if self.stands else self.running()

    def running(self) -> datetime:
        """The same for what waits for time to pass, such as a delivery that a provider asked for patience."""
        return self.start.astimezone(UTC) + timedelta(seconds=time.monotonic() - self._from)


def invocation(
    context: typer.Context,
    config: Path | None = None,
    log: LogFormat | None = None,
    now: str | None = None,
    *,
    dry_run: bool = False,
) -> Invocation:
    """The options as they hold for this call: a command's own, else those before it, else the defaults."""
    before = context.obj if isinstance(context.obj, Given) else Given(None, None, None, dry_run=False)
    default = Path(os.environ.get("STANDFIRST_CONFIG") or "newsroom.toml")
    return Invocation(
        config=config or before.config or default,
        log=log or before.log or LogFormat.TEXT,
        now=now or before.now,
        dry_run=dry_run or before.dry_run,
    )


def moment(text: str, zone: ZoneInfo, option: str = "--now") -> datetime:
    """The moment `text` names; without an offset it is meant in `zone`.

    Raises ConfigurationError, which names the option, for what is no ISO 8601 time, and for years in which
    nobody reads news: at the calendar's ends there is no day before, or after.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f'{option}: "{text}" is not a time; allowed: 2026-03-10T06:00, with or without an offset'
        ) from error
    if value.year not in YEARS:
        raise ConfigurationError(
            f'{option}: "{text}" is in the year {value.year}; allowed: {YEARS[0]} to {YEARS[-1]}'
        )
    return value if value.tzinfo else value.replace(tzinfo=zone)
