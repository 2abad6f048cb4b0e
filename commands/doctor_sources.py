"""What `doctor` says of the sources of articles: each mistake in one line that names its source."""

from __future__ import annotations

from collections.abc import Iterator

from commands.context import Context
from commands.left_sources import left_lines
from commands.sync import unplaced_line
from content.sync import SyncReport, Wish, sync_source
from newsroom.errors import ExitStatus, SourceError
from newsroom.settings import SourceSettings

SHOWN = 50
"""Problems of one source that are told one by one."""


def check_sources(room: Context, *, full: bool = False) -> None:
    """Read every source as a sync would, and store nothing; then ask whether it has what its table names.

    What has not changed since the last sync is not looked at again, unless `full` asks for that.
    """
    for source in room.settings.sources:
        # One that cannot be read keeps no other from being looked at.
        with room.troubles.caught("sources", source.key):
            try:
                _say(room, source, _looked_at(room, source, full=full))
                for line in _unknown(room, source):
                    room.troubles.warn("sources", named(source.key, line))
            except SourceError as error:
                raise SourceError(*(named(source.key, line) for line in error.problems)) from error
    for line in left_lines(room):
        room.troubles.warn("sources", line)


def named(key: str, line: str) -> str:
    """A line that says which source it is about."""
    return line if line.startswith((f"source {key}: ", f"{key}: ", f"{key}/")) else f"{key}: {line}"


def _looked_at(room: Context, source: SourceSettings, *, full: bool) -> SyncReport:
    settings = room.settings
    order = tuple(one.key for one in settings.sources)
    wish = Wish(dry_run=True, stores=False, full=full, order=order)
    return sync_source(room.engine, source, settings.newsroom, settings.public_dir, room.clock(), wish)


def _say(room: Context, source: SourceSettings, report: SyncReport) -> None:
    for problem in report.problems[:SHOWN]:
        # A file's place has its folder, which is name enough.
        line = f"{problem.place}: {problem.message}"
        line = line if source.kind == "folder" else named(source.key, line)
        if problem.severity == "error":
            room.troubles.add("sources", problem.place, line)
        else:
            room.troubles.warn("sources", line)
    if len(report.problems) > SHOWN:
        more = len(report.problems) - SHOWN
        room.troubles.warn("sources", f"{source.key}: and {more:,} problems more; `sync` counts them")
    if report.unplaced:
        room.troubles.warn("sources", f"{source.key}: {unplaced_line(report.unplaced)}")
    if report.held:
        message = f"{source.key}: {report.held}"
        room.troubles.add("sources", f"held:{source.key}", message, ExitStatus.HELD)


def _unknown(room: Context, source: SourceSettings) -> Iterator[str]:
    """What the source's table names and is not there."""
    if source.kind == "folder":
        return
    # They bring each source's own parsers.
    from content.sources.names import unknown_names

    yield from unknown_names(source, room.settings.newsroom)
    if source.kind == "pages":
        yield from _unmatched(room, source)


def _unmatched(room: Context, source: SourceSettings) -> Iterator[str]:
    from content.sources.pages_probe import unmatched

    found = unmatched(source, room.settings.newsroom, room.clock())
    pages = "the 1 page" if found.pages == 1 else f"any of the {found.pages} pages"
    for name in found.select:
        why = ", so their articles have no text" if name == "body" else ""
        yield f"select.{name}: it finds nothing on {pages} looked at{why}; has the template changed?"
    for name in found.lists:
        yield f"{name}: it finds nothing in any item of its list; has the page changed?"
