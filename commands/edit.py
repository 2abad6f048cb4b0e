"""`edit EDITION`: what an editor changes in a composed edition; each change is a new revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.naming import named
from content import catalogue
from content.sanitise import clean_line
from newsletter import editions
from newsletter.desk.absent import dropped, no_room, returned
from newsletter.desk.editing import NOTE_LIMIT, SUBJECT_LIMIT, Changed, change, lost_of, note_of, open_edition
from newsletter.edition import Edition, Edits
from newsroom import log
from newsroom.errors import ConfigurationError

app = typer.Typer(pretty_exceptions_enable=False)

_LOST = {
    "picture": "a picture was left out: a note shows none",
    "link": "a link was left out, and its words stay: it needs its whole address, as in https://example.org",
}


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
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Take this one in: it was dropped, had no room, or was withdrawn and is there again. In a "
            "full section the last one gives way. Repeatable.",
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(help="The subject, with {lead} and the like filled in; empty goes back to the rule."),
    ] = None,
    note: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"A word on top, as Markdown, of at most {NOTE_LIMIT:,} characters; it has no pictures.",
        ),
    ] = None,
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
            found = open_edition(connection, edition)
            before = editions.selection_of(connection, edition, found.revision)
            own = {story.teaser.id: story.teaser.slug for story in before.stories}
            absent = _absent(connection, room, found) if lead or place or back else {}

            def story(text: str, option: str, slugs: Mapping[str, str]) -> str:
                return _story(connection, room, slugs, text, option)

            edits = Edits(
                lead=None if lead is None else story(lead, "--lead", own | absent),
                dropped=frozenset(story(one, "--drop", own) for one in drop or ()),
                subject=None if subject is None else _subject(subject),
                note=None if text is None else note_of(text),
                note_text=text,
                places=tuple(
                    _place(connection, room, before.newsletter, own | absent, one) for one in place or ()
                ),
                restored=frozenset(story(one, "--back", absent) for one in back or ()),
            )
            done = change(connection, room.settings, edition, edits, operator(), room.clock())
        _say(room, done, lost_of(text) if text else ())


def _say(room: Context, done: Changed, lost: Collection[str]) -> None:
    key = done.edition.key
    for what in lost:
        log.problem("edit", f"{key}: the note: {_LOST[what]}", level="warning")
    if not done.what:
        log.step("edit", edition=key, changed="nothing")
        return
    if done.shortened:
        said = "; ".join(done.shortened)
        log.problem("edit", f"{key}: more than a mail has room for: {said}", level="warning")
    if done.gave_way:
        # By their ids, as the edition's log has them: `status` says which has had no room.
        names = ", ".join(done.gave_way)
        log.problem("edit", f"{key}: gave way, and wait for the next edition: {names}", level="warning")
    if done.came_back:
        log.problem("edit", f"{key}: back in the room: {', '.join(done.came_back)}", level="warning")
    facts = {
        "stories": len(done.selection.stories),
        "subject": done.selection.subject,
        "changes": done.what,
    }
    if room.dry_run:
        log.step("edit", edition=key, **facts, dry_run=UNCHANGED)
    else:
        log.step("edit", edition=key, revision=done.edition.revision, **facts)


def _absent(connection: Connection, room: Context, edition: Edition) -> dict[str, str]:
    """The slugs, by id, of what the edition has not and may have: dropped by an editor, without room, or
    withdrawn and there again."""
    there = {story.teaser.id: story.teaser.slug for story in dropped(connection, edition)}
    back = returned(connection, room.settings, edition, room.clock())
    there |= {id_: teaser.slug for id_, teaser in back.items()}
    ids = [one.article_id for one in no_room(connection, edition)]
    hour = max(room.clock(), edition.due)
    found = catalogue.by_ids(connection, ids, hour, room.settings.newsroom.paywall)
    return there | {id_: teaser.slug for id_, teaser in found.items()}


def _story(connection: Connection, room: Context, slugs: Mapping[str, str], text: str, option: str) -> str:
    """The id of the one of these stories that `text` names. Raises ConfigurationError."""
    found = {one.article.id for one in named(connection, room, text)} | {text}
    matching = sorted(found & slugs.keys())
    if len(matching) == 1:
        return matching[0]
    what = "is not a story" if option != "--back" else "was not left out"
    what = "names several stories" if matching else what
    where = "from this edition" if option == "--back" and not matching else "of this edition"
    allowed = ", ".join(slugs.values()) or "none was"
    raise ConfigurationError(f'edit: {option}: "{text}" {what} {where}; allowed: {allowed}')


def _place(
    connection: Connection, room: Context, newsletter: str, slugs: Mapping[str, str], text: str
) -> tuple[str, str]:
    story, _, section = text.rpartition("=")
    keys = [place.section for place in room.newsletter(newsletter).places]
    if section not in keys:
        raise ConfigurationError(f'edit: --place: "{section}" is not in it; allowed: {", ".join(keys)}')
    return _story(connection, room, slugs, story, "--place"), section


def _subject(text: str) -> str:
    line = clean_line(text)
    if len(line) > SUBJECT_LIMIT:
        raise ConfigurationError(f"edit: --subject: {len(line):,} characters; allowed: {SUBJECT_LIMIT}")
    return line


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
