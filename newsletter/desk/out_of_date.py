"""What editors wrote on top of an edition from which a story has gone since: told while it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from newsletter import editions, history
from newsletter.composition.difference import by_hand, by_headline
from newsletter.desk.previews import selection_shown
from newsletter.edition import Edition
from newsroom.settings import Settings


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """A subject that goes with its story, or a note that stays without one of which it may speak."""

    edition: Edition
    what: str
    """With the stories by their headlines."""


def out_of_date(connection: Connection, settings: Settings, now: datetime) -> Iterator[OutOfDate]:
    """Of each edition that is to go out later, or is held, what of an editor's words its stories leave."""
    for newsletter in settings.newsletters:
        for edition in history.open_editions(connection, newsletter.key):
            is_before = edition.revision > 0 and edition.first_handed is None
            if not is_before or not (edition.held or edition.goes > now):
                continue
            stored = editions.selection_of(connection, edition.key, edition.revision)
            if not (stored.note or stored.edits.subject):
                continue
            after = selection_shown(connection, settings, newsletter, edition, now)
            if after.has_news:
                lines = by_hand(stored, after, named=by_headline)
                yield from (OutOfDate(edition, line) for line in lines)
