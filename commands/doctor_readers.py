"""What `doctor` says of where readers already are: each mistake in one line, and what a sync would do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from commands.context import Context
from commands.readers_step import read_place
from newsroom import log
from newsroom.errors import ExitStatus, SourceError
from newsroom.secrets import readers_name
from readership.sync import SyncReport


def check_readers(room: Context) -> None:
    """Read every `[[readers]]` as a sync would, and store nothing."""
    for place in room.settings.readers:
        with room.troubles.caught("readers", place.key):
            try:
                report = read_place(room, place, stores=False)
            except SourceError as error:
                lines = (_named(place.key, line) for line in error.problems)
                raise SourceError(*lines) from error
            _say(room, report)


def _say(room: Context, report: SyncReport) -> None:
    for words, places in _by_mistake(report.problems).items():
        message = f"{report.source}: {', '.join(places)}: {words}"
        room.troubles.add("readers", f"bad:{report.source}:{words}", message)
    if report.bad > len(report.problems):
        more = report.bad - len(report.problems)
        message = (
            f"{report.source}: and {more:,} more that cannot be used; `readers sync --dry-run` counts them"
        )
        room.troubles.add("readers", f"bad:{report.source}", message)
    if report.twice:
        lines = "1 line has" if report.twice == 1 else f"{report.twice:,} lines have"
        message = f"{report.source}: {lines} an id that stood there before; the first one counts"
        room.troubles.warn("readers", message)
    if report.held:
        message = f"{report.source}: {report.held}"
        room.troubles.add("readers", f"held:{report.source}", message, ExitStatus.HELD)
    log.step(
        "readers",
        source=report.source,
        readers=report.listed,
        would_add=report.new,
        would_change=report.changed,
        would_end=report.ended,
        unchanged=report.same,
    )


def _by_mistake(problems: Sequence[str]) -> dict[str, list[str]]:
    """Which readers have the same thing wrong with them."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        place, _, words = problem.partition(": ")
        found.setdefault(words, []).append(place)
    return found


def _named(key: str, line: str) -> str:
    """A line that says which place it is about, and, where that is refused, where its key stands."""
    name = readers_name(key)
    if re.search(r"\((?:401|403)\b", line) and name not in line:
        line = f"{line}; it stands in {name}"
    return line if line.startswith((f"readers {key}: ", f"{key}: ")) else f"{key}: {line}"
