"""`readers import|sync|export|show|feeds|lift|bounces|forget`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.progress import counting
from commands.reader_address import key_of, used_by
from commands.reader_feeds import feeds
from commands.reader_stops import bounces, lift
from commands.readers_step import chosen_places, note_readers, readers_step
from newsletter.letters.letter_queue import forget_address as forget_letters
from newsroom import log
from newsroom.database import emptied, reading, writing
from newsroom.errors import ConfigurationError, ExitStatus, MisuseError
from readership import erasure, store
from readership.import_csv import BadRow, ImportReport, ImportRules, import_file
from readership.reader import SuppressionReason
from readership.record import export_csv, record
from readership.row import Rules
from readership.suppression_file import suppress_file

app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True)
app.command()(feeds)
app.command()(lift)
app.command()(bounces)


@app.callback()
def readers() -> None:
    """Import, sync, export, show or forget readers; their own feeds' addresses."""


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file: your own, or another service's export.")],
    suppress: Annotated[
        bool, typer.Option("--suppress", help="It lists addresses that get nothing: bounces, complaints.")
    ] = False,
    reason: Annotated[
        SuppressionReason | None, typer.Option(help="Why, with --suppress, where the file does not tell.")
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Import a reader list. Bad rows are named and the others go on; no stop is ever lifted."""
    if reason and not suppress:
        raise MisuseError("readers import: --reason goes with --suppress: a list of readers needs none")
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        with used_by("readers import"):
            status = _suppress(room, file, reason) if suppress else _import(room, file)
        raise typer.Exit(status)


def _import(room: Context, file: Path) -> ExitStatus:
    settings = room.settings
    rules = ImportRules(
        rows=Rules(
            zone=settings.newsroom.time_zone,
            sections=frozenset(section.key for section in settings.newsroom.sections),
            newsletters=frozenset(newsletter.key for newsletter in settings.newsletters),
        ),
        newsletters=[newsletter.key for newsletter in settings.newsletters],
        columns=settings.import_columns,
        address_key=settings.secrets.address_key,
    )
    with counting("readers") as progress:
        report = import_file(room.engine, file, rules, room.clock(), dry_run=room.dry_run, progress=progress)
    _say(report)
    return ExitStatus.FAILED if report.bad else ExitStatus.DONE


def _say(report: ImportReport) -> None:
    _say_bad(report.file, report.bad, report.bad_rows)
    facts = {
        "file": report.file,
        "format": report.format,
        "rows": report.rows,
        "new": report.new,
        "changed": report.changed or None,
        "unchanged": report.same or None,
        "twice": report.twice or None,
        "stopped": report.stopped or None,
        "kept_stopped": report.kept_stopped or None,
        "erased": report.erased or None,
        "without_consent": report.without_consent or None,
        "bad": report.bad or None,
    }
    if report.dry_run:
        facts["dry_run"] = "nothing was written"
    log.step("readers", **facts)


def _say_bad(file: str, count: int, rows: list[BadRow]) -> None:
    for row in rows:
        log.problem("readers", f"{file}:{row.line}: {row.problem}", level="warning")
    if count > len(rows):
        log.problem("readers", f"{file}: and {count - len(rows)} bad rows more", level="warning")


def _suppress(room: Context, file: Path, reason: SuppressionReason | None) -> ExitStatus:
    with counting("addresses") as progress:
        report = suppress_file(
            room.engine,
            file,
            room.settings.secrets.address_key,
            room.clock(),
            reason=reason,
            dry_run=room.dry_run,
            progress=progress,
        )
    _say_bad(report.file, report.bad, report.bad_rows)
    log.step(
        "suppress",
        file=report.file,
        reason=report.reason,
        rows=report.rows,
        new=report.new,
        readers=report.readers,
        bad=report.bad,
        dry_run="nothing was written" if room.dry_run else None,
    )
    return ExitStatus.FAILED if report.bad else ExitStatus.DONE


@app.command()
def sync(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this [[readers]].")] = None,
    allow_gone: Annotated[
        bool, typer.Option("--allow-gone", help="End the mail of who is gone there, even of more than half.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Ask anew, whatever it says of changes.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Sync the readers from where they already are. No stop made here is ever lifted."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        places = chosen_places(room, name)
        readers_step(room, places, allow_gone=allow_gone, full=full)
        note_readers(room, places)
        raise typer.Exit(room.troubles.status)


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; else the standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
) -> None:
    """Write every reader as CSV, ready to be imported again."""
    with opened(invocation(context, config, log_format)) as room, reading(room.engine) as connection:
        if file is None:
            export_csv(connection, sys.stdout)
            return
        count = _write(connection, file, force=force)
        log.step("export", file=str(file), readers=count)


def _write(connection: Connection, file: Path, *, force: bool) -> int:
    """Write the export beside `file` and put it there whole; returns the number of readers."""
    if not force and file.exists():
        raise ConfigurationError(
            f"readers export: {file} is there already; name another file, or say --force"
        )
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        # Addresses are nobody else's to read.
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            count = export_csv(connection, out)
        beside.replace(file)
    except OSError as error:
        raise ConfigurationError(f"readers export: {file}: cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


@app.command()
def show(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    config: ConfigOption = None,
    log_format: LogOption = None,
) -> None:
    """Everything that is kept about one reader, as JSON."""
    with opened(invocation(context, config, log_format)) as room, reading(room.engine) as connection:
        key = key_of(room, address, "readers show")
        kept = record(connection, key)
    if kept is None:
        raise ConfigurationError("readers show: nothing is kept about this address")
    typer.echo(json.dumps(kept, indent=2, ensure_ascii=False))


@app.command()
def forget(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Erase a reader for good. A keyed hash stays, so that no import brings the person back."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        key = key_of(room, address, "readers forget")
        with reading(room.engine) as connection:
            found = store.find(connection, key)
        number = found.id if found else None
        if room.dry_run:
            log.step("forget", reader=number or "not a reader", dry_run="nothing was erased")
            return
        with writing(room.engine) as connection:
            if found is None:
                erasure.forget_address(connection, key, room.clock())
            else:
                erasure.forget(connection, found, room.clock())
            # Last: erasing has the database overwrite what it deletes.
            forget_letters(connection, address)
        later = "" if emptied(room.engine) else "the database is busy: the next run overwrites the last bytes"
        kept = "a keyed hash that no import passes"
        log.step("forget", reader=number or "not a reader", kept=kept, later=later)
