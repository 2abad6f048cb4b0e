"""`edit EDITION`: what an editor changes in a composed edition; each change is a new revision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.composing import current_teasers, fitting
from commands.context import Context, opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.naming import named
from content.sanitise import clean_html, clean_line
from newsletter import editions
from newsletter.edition import Edition, EditionState, Edits, Selection
from newsletter.edition_row import OPEN
from newsletter.revise import revised, taken_out
from newsroom import log
from newsroom.errors import ConfigurationError, MisuseError

app = typer.Typer(pretty_exceptions_enable=False)

NOTE_LIMIT = 20_000


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
            before = editions.selection_of(connection, edition, _open(connection, edition).revision)
            edits = Edits(
                lead=None if lead is None else _story(connection, room, before, lead, "--lead"),
                dropped=frozenset(_story(connection, room, before, one, "--drop") for one in drop or ()),
                subject=None if subject is None else clean_line(subject),
                note=text,
                places=tuple(_place(connection, room, before, one) for one in place or ()),
            )
            said = _edited(connection, room, edition, before, edits)
        log.step("edit", edition=edition, **said)


def _open(connection: Connection, key: str) -> Edition:
    """The edition, which still takes every change. Raises MisuseError."""
    edition = editions.locked(connection, key)
    if edition.state is EditionState.STOPPED:
        raise MisuseError(f"{key} is stopped: it takes no changes; `resume {key}` comes first")
    if edition.state.value not in OPEN:
        raise MisuseError(f"{key} is {edition.state}: it takes no more changes")
    if edition.first_handed is not None:
        raise MisuseError(f"{key} is being handed over: now only `stop` or a withdrawal changes it")
    if edition.revision == 0:
        raise MisuseError(f"{key} has no story to change: {edition.held or edition.note}")
    return edition


def _edited(
    connection: Connection, room: Context, key: str, before: Selection, edits: Edits
) -> dict[str, object]:
    """Make the change a new revision; returns what to say of it."""
    now, newsletter = room.clock(), room.newsletter(before.newsletter)
    edition = editions.get(connection, key)
    current = current_teasers(connection, room, before, now)
    newsroom = room.settings.newsroom
    after = revised(before, newsroom, newsletter, current, edits, now, due=edition.due)
    if after == before:
        return {"changed": "nothing"}
    if not after.has_news:
        raise MisuseError(
            f"edit: that leaves {key} without a story; to keep it from going out: `hold {key}` or "
            f"`stop {key}`"
        )
    fitted = fitting(room, newsletter, after, "edit")
    left_out = (
        *editions.left_out_of(connection, key, edition.revision),
        *taken_out(before, after, edits, current),
        *fitted.left_out,
    )
    number = editions.add_revision(connection, key, fitted.selection, left_out, operator(), _said(edits), now)
    facts = {"stories": len(fitted.selection.stories), "subject": fitted.selection.subject}
    if room.dry_run:
        return facts | {"changes": _said(edits), "dry_run": UNCHANGED}
    return {"revision": number} | facts


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
    from markdown_it import MarkdownIt

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
    return clean_html(str(MarkdownIt().render(text)))


def _said(edits: Edits) -> str:
    """What was changed, for the edition's log: stories by their ids."""
    said = [
        f"lead {edits.lead}" if edits.lead else "",
        f"dropped {len(edits.dropped)}: {', '.join(sorted(edits.dropped))}" if edits.dropped else "",
        f"placed {len(edits.places)}: {_placed(edits)}" if edits.places else "",
        "subject" if edits.subject is not None else "",
        "note" if edits.note is not None else "",
    ]
    return "edited: " + "; ".join(filter(None, said))


def _placed(edits: Edits) -> str:
    return ", ".join(f"{story} in {section}" for story, section in edits.places)
