"""`sync`: the content sources, read into the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.left_sources import left_lines, withdraw_or_say
from commands.progress import counting
from commands.troubles import NOT_NOTED
from content.sync import SyncReport, Wish, sync_source
from newsroom import alerts, log, witness
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.settings import SourceSettings

app = typer.Typer(pretty_exceptions_enable=False)

SHOWN = 50
"""Problems of one source that are listed one by one."""
LISTED = 20
"""Articles that are named of those that came, changed or went; a log for machines has more of them."""
NAMED = 8
"""The source's own names for where articles stand that are told with their numbers."""


@app.command()
def sync(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only this source.")] = None,
    allow_withdrawals: Annotated[
        bool, typer.Option("--allow-withdrawals", help="Withdraw what is gone, even more than half of it.")
    ] = False,
    allow_opening: Annotated[
        bool, typer.Option("--allow-opening", help="Open what was closed, even more than half of it.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Look at everything, however lately that was done.")
    ] = False,
    stamp: Annotated[
        bool, typer.Option("--write-ids", help="Write each article's id into its file, where it has none.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Read the content sources into the database."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        witness.check_there(room.engine, room.settings.witness_path)
        if source is not None and withdraw_or_say(room, source, allow_withdrawals=allow_withdrawals):
            raise typer.Exit(room.troubles.status)
        chosen = _chosen(room, source)
        sync_step(room, chosen, allow_withdrawals=allow_withdrawals, allow_opening=allow_opening, full=full)
        _note(room, chosen, all_seen=source is None)
        if stamp:
            _stamp(room, chosen)
        raise typer.Exit(room.troubles.status)


def _note(room: Context, sources: tuple[SourceSettings, ...], *, all_seen: bool) -> None:
    """Note what this sync met; what earlier runs noted of these sources and it has not met is over."""
    if room.dry_run or room.troubles.skipped:
        return
    own = {f"sync:{one.key}" for one in sources} | {f"sync:held:{one.key}" for one in sources}

    def is_of(key: str) -> bool:
        is_own = key in own or key.startswith(tuple(f"sync:{one.key}:" for one in sources))
        return is_own or (all_seen and key.startswith("sync:"))

    with room.troubles.caught("alert", same=NOT_NOTED):
        alerts.note(room.engine, room.troubles.messages, is_of, room.clock())


def _stamp(room: Context, sources: tuple[SourceSettings, ...]) -> None:
    from content.ids import write_ids

    for source in sources:
        if source.kind != "folder":
            message = f"{source.key}: only files are given ids; it has its own"
            log.problem("sync", message, level="warning")
            continue
        done = write_ids(room.engine, source, dry_run=room.dry_run)
        for problem in done.problems:
            room.troubles.add("sync", f"id:{problem}", problem)
        log.step("sync", source=source.key, ids_written=done.written, dry_run=room.dry_run or None)


def _chosen(room: Context, name: str | None) -> tuple[SourceSettings, ...]:
    if name is None:
        return room.settings.sources
    found = tuple(source for source in room.settings.sources if source.key == name)
    if not found:
        known = ", ".join(source.key for source in room.settings.sources)
        raise ConfigurationError(f'{room.settings.path}: "{name}" is not a source; allowed: {known}')
    return found


def sync_step(
    room: Context,
    sources: tuple[SourceSettings, ...] | None = None,
    *,
    allow_withdrawals: bool = False,
    allow_opening: bool = False,
    full: bool = False,
    quiet: bool = False,
) -> None:
    """Sync each source under one lock; one that fails leaves what was known and the next goes on."""
    settings = room.settings
    with room.troubles.caught("sync"), held(room.engine, "sync"):
        for source in settings.sources if sources is None else sources:
            begun = time.monotonic()
            with room.troubles.caught("sync", source.key):
                with counting("articles") as progress:
                    wish = Wish(
                        dry_run=room.dry_run,
                        stores=room.stores,
                        allow_withdrawals=allow_withdrawals,
                        allow_opening=allow_opening,
                        full=full,
                        order=tuple(one.key for one in settings.sources),
                        progress=progress or (lambda _: None),
                    )
                    report = sync_source(
                        room.engine, source, settings.newsroom, settings.public_dir, room.clock(), wish
                    )
                room.asked[source.key] = time.monotonic()
                if not quiet:
                    _say(room, report, time.monotonic() - begun)
        if sources in (None, settings.sources) and not quiet:
            for line in left_lines(room):
                log.problem("sync", line, level="warning")


def unplaced_line(unplaced: Mapping[str, int]) -> str:
    """How many articles stand in none of the sections, and where most of them are, by the source's names."""
    names = sorted(unplaced, key=lambda name: (-unplaced[name], name))
    counted = ", ".join(f"{name} {unplaced[name]:,}" for name in names[:NAMED])
    more = f", and {len(names) - NAMED:,} names more" if len(names) > NAMED else ""
    total = sum(unplaced.values())
    articles = "1 article stands" if total == 1 else f"{total:,} articles stand"
    return (
        f"{articles} in none of your sections ({counted}{more}); map them in its `sections`, or name a "
        "`section` for all others"
    )


def _say(room: Context, report: SyncReport, seconds: float) -> None:
    errors = [problem for problem in report.problems if problem.severity == "error"]
    for problem in report.problems[:SHOWN]:
        if problem.severity == "error":
            room.troubles.add("sync", problem.place, f"{problem.place}: {problem.message}")
        else:
            log.problem("sync", f"{problem.place}: {problem.message}", level="warning")
    if len(report.problems) > SHOWN:
        more = len(report.problems) - SHOWN
        log.problem("sync", f"{report.source}: and {more} problems more", level="warning")
    if report.unplaced:
        log.problem("sync", f"{report.source}: {unplaced_line(report.unplaced)}", level="warning")
    if report.held:
        message = f"{report.source}: {report.held}"
        room.troubles.add("sync", f"held:{report.source}", message, ExitStatus.HELD)
    _say_names(report)
    log.step(
        "sync",
        source=report.source,
        articles=report.found,
        new=report.inserted or None,
        changed=report.updated or None,
        moved=report.moved or None,
        withdrawn=report.withdrawn or None,
        back=report.restored or None,
        unchanged=report.unchanged,
        twice=report.twice or None,
        embargoed=report.embargoed or None,
        elsewhere=report.elsewhere or None,
        unplaced=sum(report.unplaced.values()) or None,
        errors=len(errors) or None,
        seconds=seconds,
    )


def _say_names(report: SyncReport) -> None:
    """Name what came, changed or went; of what is many the first alone, where a person reads it."""
    for kind, names in report.names.items():
        total = {
            "new": report.inserted,
            "changed": report.updated,
            "moved": report.moved,
            "withdrawn": report.withdrawn,
            "back": report.restored,
        }[kind]
        if log.is_for_machines():
            more = total - len(names)
            log.step("sync", source=report.source, change=kind, names=names, more=more or None)
            continue
        for one in names[:LISTED]:
            log.step("sync", **{kind: one})
        if more := total - len(names[:LISTED]):
            log.step("sync", **{kind: f"and {more:,} more"})
