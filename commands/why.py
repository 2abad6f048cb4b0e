"""`why ARTICLE EDITION`: why a story was or was not in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from content import catalogue
from content.article import StoredArticle
from newsletter import editions
from newsletter.edition import Edition, Selection
from newsroom import log
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
    with opened(invocation(context, config, log_format, now)) as room, reading(room.engine) as connection:
        found = catalogue.find(connection, article)
        if not found:
            raise ConfigurationError(f'why: no article is "{article}"; allowed: an id, a slug, its file')
        row = editions.get(connection, edition)
        for one in found:
            log.step(
                "why", article=one.article.id, edition=edition, answer=_answer(connection, room, one, row)
            )


def _answer(connection: Connection, room: Context, one: StoredArticle, edition: Edition) -> str:
    if edition.revision == 0:
        return f"the edition has no stories: {edition.note or edition.held or edition.state}"
    selection = editions.selection_of(connection, edition.key, edition.revision)
    place = place_of(selection, one.article.id)
    if place:
        return place
    for left in editions.left_out_of(connection, edition.key, edition.revision):
        if left.article_id == one.article.id:
            return f"left out: {left.reason}"
    for earlier in range(edition.revision - 1, 0, -1):
        if place_of(editions.selection_of(connection, edition.key, earlier), one.article.id):
            return f"in revision {earlier}, taken out of revision {earlier + 1}"
    return _not_considered(one, edition, room)


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
    composed = edition.composed or edition.due
    if one.first_seen > composed:
        return f"it came into the database after the edition was composed ({_local(room, one.first_seen)})"
    if one.article.published > composed:
        return "it was not published yet when the edition was composed"
    if one.withdrawn is not None and one.withdrawn <= composed:
        return f"it was withdrawn {_local(room, one.withdrawn)}"
    if one.article.booking is not None:
        return "it is a booking that did not run at that time"
    return f"it was published {_local(room, one.article.published)}, before the edition's window"


def _local(room: Context, moment: datetime) -> str:
    return moment.astimezone(room.settings.newsroom.time_zone).strftime("%Y-%m-%d %H:%M")
