"""One thing that waits for a person, or that is only to be known; and the commands that its words name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_NAMED = re.compile(
    r"`(?:python send\.py )?"
    r"((?:release|stop|resume|resend|resolve|move-here|(?:readers )?sync|readers bounces|serve)\b[^`]*)`"
)
"""A command that a message names."""

_LOOKED_AT = re.compile(
    r"(?:resolve|readers bounces|release|stop|resume) \S+|release$|move-here(?: --also)?$"
)
"""The beginning of a command that settles what the database and its witness say of themselves."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits, and what settles it: each of the commands, or else what the reason says."""

    place: str
    """An edition's key, or which part of the house."""
    trouble: str
    reason: str
    commands: tuple[str, ...] = ()
    needs_person: bool = True
    """False for what a later run settles by itself, or what is only to be known."""
    edition: str | None = None
    readers: int | None = None
    batch: int | None = None
    since: datetime | None = None
    next_at: datetime | None = None
    """When it is tried again by itself."""
    batches: tuple[int, ...] = ()
    """Where it is the same of several of the edition's batches: all of them."""


def is_looked_at(message: str) -> bool:
    """Whether what a run noted asks for nothing but what the database is asked now: that says more of it,
    or it is settled since. Pure."""
    commands = commands_in(message)
    return bool(commands) and all(_LOOKED_AT.match(command) for command in commands)


def commands_in(message: str) -> tuple[str, ...]:
    """The commands that a message names between backticks. Pure."""
    return tuple(dict.fromkeys(_NAMED.findall(message)))
