"""`edit EDITION`: what an editor changes in a composed edition; each change is a new revision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.naming import named
from content.sanitise import clean_line
from newsletter import editions
from newsletter.desk.editing import NOTE_LIMIT, Changed, change, dropped, note_of, open_edition
from newsletter.edition import Edits, Selection
from newsroom import log
from newsroom.errors import ConfigurationError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def edit(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    lead: Annotated[str | None, typer.Option(metavar="ID", help="This story leads.")] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Leave this one out, of this edition alone: the next one may have it. Repeatable.",
        ),
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option(metavar="ID=SECTION", help="Put this story under that section.")
    ] = None,
    back: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Put this dropped story back. Repeatable.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="The subject; empty goes back to the rule.")] = None,
    note: Annotated[Path | None, typer.Option(metavar="FILE", help="A word on top, as Markdown.")] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Change a composed edition before it goes out: lead, stories, places, subject, note.

    ID is an article's id, its slug, or its file as `sync` prints it.
    """
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        text = None if note is None else _note(note)
        with tried(room) as connection:
            before = editions.selection_of(connection, edition, open_edition(connection, edition).revision)
            edits = Edits(
                lead=None if lead is None else _story(connection, room, before, lead, "--lead"),
                dropped=frozenset(_story(connection, room, before, one, "--drop") for one in drop or ()),
                subject=None if subject is None else clean_line(subject),
                note=None if text is None else note_of(text),
                note_text=text,
                places=tuple(_place(connection, room, before, one) for one in place or ()),
                restored=frozenset(_dropped(connection, room, edition, one) for one in back or ()),
            )
            done = change(connection, room.settings, edition, edits, operator(), room.clock())
        _say(room, done)


def _say(room: Context, done: Changed) -> None:
    key = done.edition.key
    if not done.what:
        log.step("edit", edition=key, changed="nothing")
        return
    if done.shortened:
        said = "; ".join(done.shortened)
        log.problem("edit", f"{key}: more than a mail has room for: {said}", level="warning")
    facts = {"stories": len(done.selection.stories), "subject": done.selection.subject}
    if room.dry_run:
        log.step("edit", edition=key, **facts, changes=done.what, dry_run=UNCHANGED)
    else:
        log.step("edit", edition=key, revision=done.edition.revision, **facts)


def _dropped(connection: Connection, room: Context, key: str, text: str) -> str:
    """The id of a story that an editor dropped. Raises ConfigurationError."""
    there = dropped(connection, editions.get(connection, key))
    ids = {story.teaser.id for story in there}
    found = {one.article.id for one in named(connection, room, text)} | {text}
    matching = sorted(found & ids)
    if len(matching) == 1:
        return matching[0]
    slugs = ", ".join(story.teaser.slug for story in there) or "none was dropped"
    raise ConfigurationError(f'edit: --back: "{text}" was not dropped from this edition; allowed: {slugs}')


def _story(connection: Connection, room: Context, selection: Selection, text: str, option: str) -> str:
    ids = {story.teaser.id for story in selection.stories}
    found = {one.article.id for one in named(connection, room, text)} | {text}
    matching = sorted(found & ids)
    if len(matching) == 1:
        return matching[0]
    what = "names several stories" if matching else "is not a story"
    slugs = ", ".join(story.teaser.slug for story in selection.stories)
    raise ConfigurationError(f'edit: {option}: "{text}" {what} of this edition; allowed: {slugs}')


def _place(connection: Connection, room: Context, selection: Selection, text: str) -> tuple[str, str]:
    story, _, section = text.rpartition("=")
    keys = [place.section for place in room.newsletter(selection.newsletter).places]
    if section not in keys:
        raise ConfigurationError(f'edit: --place: "{section}" is not in it; allowed: {", ".join(keys)}')
    return _story(connection, room, selection, story, "--place"), section


def _note(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"edit: --note: there is no file {path}") from error
    except OSError as error:
        raise ConfigurationError(f"edit: --note: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"edit: --note: {path} is not UTF-8 text; save it as that") from error
    if len(text) > NOTE_LIMIT:
        raise ConfigurationError(f"edit: --note: {path}: {len(text):,} characters; allowed: {NOTE_LIMIT:,}")
    return text
