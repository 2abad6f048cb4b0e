"""`why ARTICLE EDITION`: why a story was or was not in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from commands.naming import named
from content.article import StoredArticle
from newsletter import editions
from newsletter.correction_book import boxed
from newsletter.edition import Edition, EditionState, Selection
from newsletter.left_out import Why
from newsroom import log
from newsroom.counted import counted
from newsroom.database import reading
from newsroom.errors import ConfigurationError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def why(
    context: typer.Context,
    article: Annotated[str, typer.Argument(help="Its id, its slug, or its file.")],
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Say why a story was or was not in an edition."""
    with (
        opened(invocation(context, config, log_format, now), looks=True) as room,
        reading(room.engine) as connection,
    ):
        found = named(connection, room, article)
        if not found:
            raise ConfigurationError(f'why: no article is "{article}"; allowed: an id, a slug, its file')
        row = editions.get(connection, edition)
        for one in found:
            answer = "; ".join((_answer(connection, room, one, row), *_told(connection, one, row)))
            log.step("why", article=one.article.id, edition=edition, answer=answer)


def _answer(connection: Connection, room: Context, one: StoredArticle, edition: Edition) -> str:
    if edition.revision:
        selection = editions.selection_of(connection, edition.key, edition.revision)
        place = place_of(selection, one.article.id)
        if place:
            return "; ".join((place, *_but(one, edition, room)))
        gone = _taken_out(connection, room, one, edition)
        if gone:
            return gone
    for left in reversed(editions.left_out_of(connection, edition.key, edition.revision)):
        if left.article_id == one.article.id:
            return f"left out: {left.reason}"
    if edition.revision:
        return _not_considered(one, edition, room)
    nothing = f"the edition has no stories: {edition.note or edition.held or edition.state}"
    if edition.state is EditionState.MISSED:
        # Nothing was considered for it.
        return nothing
    return f"{nothing}; {_not_considered(one, edition, room)}"


def _told(connection: Connection, one: StoredArticle, edition: Edition) -> Iterator[str]:
    """That the edition told some readers of the article's correction."""
    if readers := boxed(connection, edition.key, one.article.id):
        yield (f"its correction is at the top for {counted(readers, 'reader')} who had been sent it without")


def _but(one: StoredArticle, edition: Edition, room: Context) -> Iterator[str]:
    """What is to be said of a story that has a place in the edition, and yet may have reached nobody."""
    if one.withdrawn is not None:
        yield f"it was withdrawn {_local(room, one.withdrawn)}"
    if edition.state in (EditionState.MISSED, EditionState.STOPPED) and edition.first_handed is None:
        yield f"the edition was {edition.state} before anybody got it, so the next one may have it"


def _taken_out(connection: Connection, room: Context, one: StoredArticle, edition: Edition) -> str:
    """Why a story of an earlier revision is in the last one no more; "" where it was in none."""
    id_ = one.article.id
    for number in range(edition.revision, 1, -1):
        if not place_of(editions.selection_of(connection, edition.key, number - 1), id_):
            continue
        made, by, why = editions.made_by(connection, edition.key, number)
        where = f"taken out in revision {number}"
        if id_ in editions.selection_of(connection, edition.key, number).edits.dropped:
            return f"{Why.DROPPED.english} ({by}, {_local(room, made)}): {where}"
        if one.withdrawn is not None and one.withdrawn <= made:
            return f"withdrawn {_local(room, one.withdrawn)}: {where}"
        left_out = editions.left_out_of(connection, edition.key, number)
        reasons = [left.reason for left in left_out if left.article_id == id_]
        return f"{where}: {reasons[-1] if reasons else why}"
    return ""


def place_of(selection: Selection, article_id: str) -> str:
    """Where the story stands in the selection; "" where it does not."""
    if selection.lead is not None and selection.lead.teaser.id == article_id:
        return "it leads"
    for block in selection.blocks:
        for number, story in enumerate(block.stories, 1):
            if story.teaser.id == article_id:
                return f"number {number} of {block.title}"
    return ""


def _not_considered(one: StoredArticle, edition: Edition, room: Context) -> str:
    composed = edition.composed or edition.finished or edition.due
    if one.first_seen > composed:
        return f"it came into the database after the edition was composed ({_local(room, one.first_seen)})"
    if one.article.published > composed:
        return "it was not published yet when the edition was composed"
    if one.withdrawn is not None and one.withdrawn <= composed:
        return f"it was withdrawn {_local(room, one.withdrawn)}"
    if one.article.booking is not None:
        return "it is a booking that did not run at that time"
    return f"it was published {_local(room, one.article.published)}, before the edition's window"


def _local(room: Context, moment: datetime | None) -> str:
    return (
        ""
        if moment is None
        else moment.astimezone(room.settings.newsroom.time_zone).strftime("%Y-%m-%d %H:%M")
    )
