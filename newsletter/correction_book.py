"""The ledger asked who was sent what before it was corrected, and who was told of it since.

Every function reads inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.corrected import Corrected
from newsletter import editions as edition_store
from newsletter.corrections import Book, Box, OwedTo, correction_of, nobody, wrong_in
from newsletter.edition import BatchState, Selection
from newsletter.edition_row import OPEN
from newsletter.ledger import AGAIN
from newsletter.tables import batches, deliveries, edition_stories, editions, variants
from newsletter.used_stories import OUTBOX
from newsletter.variant import narrowed, variant_from_json
from newsroom.portions import portions

_SENT = (BatchState.HANDED.value, BatchState.ACCEPTED.value, BatchState.UNCERTAIN.value)
"""Accepted, or perhaps."""

_KEPT = 10_000
"""Combinations of batches of which it is remembered what they come to."""

_AT_ONCE = 1_000
"""Readers asked for at a time: the driver keeps a hundred such statements, as long as they are."""

_by_itself = sa.case(
    (deliveries.c.state.in_(_SENT), True),
    (deliveries.c.reason.startswith(AGAIN), True),
    else_=False,
)

_ours = sa.and_(variants.c.edition == batches.c.edition, variants.c.key == batches.c.variant)
_HAS_BOX = sa.cast(variants.c.spec, sa.Text).contains('"corrections"')


@dataclass(frozen=True, slots=True)
class Question:
    """What the ledger is asked."""

    corrected: Sequence[Corrected]
    """Today's corrections, the earliest first."""
    titles: Mapping[str, str]
    """The newsletters' titles by their keys."""
    provider: str
    """The one in use: while it mails, nobody has read what went to the outbox."""
    edition: str = ""
    """The edition that is to tell of them."""
    newsletter: str = ""
    """Its newsletter."""


def owed_to(connection: Connection, question: Question) -> OwedTo:
    """Who is to be told what by the edition that is asked for."""
    if not question.corrected:
        return nobody
    book, concerned = opened(connection, question)
    return _Reading(connection, book, tuple(sorted(concerned))).of if book.wrong else nobody


def opened(connection: Connection, question: Question) -> tuple[Book, frozenset[str]]:
    """What the batches of past editions mean for the corrections, and which editions those are."""
    wrong = _wrong(connection, question)
    if not wrong:
        return Book(), frozenset()
    boxed = _boxed(connection, question)
    rows = [row for row, _ in (*wrong, *boxed)]
    # All lines of one article have the same words.
    came = {correction_of(one.teaser, date.min).key: one.at for one in question.corrected}
    return (
        Book(
            order={key: place for place, key in enumerate(came)},
            wrong={row.id: box for row, box in wrong},
            told={row.id: _told(row, box, came) for row, box in boxed},
            sent=frozenset(row.id for row in rows if row.state in _SENT),
            coming=frozenset(row.id for row, _ in boxed if _is_coming(row)),
        ),
        frozenset(row.edition for row in rows),
    )


def _told(row: sa.Row[Any], box: Box, came: Mapping[str, datetime]) -> frozenset[str]:
    """What the box tells of today's corrections: words that went and came again are news."""
    first = row.first_handed
    return frozenset(
        line.key for line in box if line.key in came and (first is None or first >= came[line.key])
    )


def _is_coming(row: sa.Row[Any]) -> bool:
    return row.state == BatchState.PLANNED.value and row.edition_state in OPEN


def _wrong(connection: Connection, question: Question) -> list[tuple[sa.Row[Any], Box]]:
    """The batches whose letter had one of the articles before its correction, each with the lines for it."""
    teasers = [one.teaser for one in question.corrected]
    selections: dict[tuple[str, int], Selection] = {}
    lines: dict[tuple[str, int, str], Box] = {}
    found = []
    for row in _handed(connection, [teaser.id for teaser in teasers], question):
        place, letter = (row.edition, row.revision), (row.edition, row.revision, row.variant)
        if place not in selections:
            selections[place] = edition_store.selection_of(connection, *place)
        if letter not in lines:
            title = "" if row.newsletter == question.newsletter else question.titles.get(row.newsletter, "")
            # Who had chosen sections got no other story.
            shown = narrowed(selections[place], variant_from_json(row.spec))
            lines[letter] = wrong_in(shown, teasers, title)
        if lines[letter]:
            found.append((row, lines[letter]))
    return found


@dataclass(frozen=True, slots=True)
class _Reading:
    """The book, asked for page after page of readers."""

    connection: Connection
    book: Book
    editions: tuple[str, ...]
    known: dict[tuple[tuple[int, bool], ...], Box] = field(default_factory=dict)
    """Nearly all readers are in the same batches as a thousand others."""

    def of(self, readers: Sequence[int]) -> Mapping[int, Box]:
        """As `OwedTo`."""
        places: dict[int, tuple[tuple[int, bool], ...]] = {}
        for edition in self.editions:
            for some in portions(readers, _AT_ONCE):
                for reader, batch, by_itself in _places(self.connection, edition, some):
                    places[reader] = (*places.get(reader, ()), (batch, bool(by_itself)))
        found: dict[int, Box] = {}
        if len(self.known) > _KEPT:
            self.known.clear()
        for reader, inside in places.items():
            if inside not in self.known:
                self.known[inside] = self.book.owed(inside)
            if box := self.known[inside]:
                found[reader] = box
        return found


def _places(connection: Connection, edition: str, readers: Sequence[int]) -> Sequence[sa.Row[int, int, bool]]:
    """(reader, batch, whether sent it whatever became of the others in it) of those who may have been sent
    the edition, or may be yet."""
    # Numbers need no binding, and a million of them one by one take longer than the database does.
    numbers: sa.ColumnElement[Any] = sa.literal_column(
        f"({','.join(str(int(number)) for number in readers)})"
    )
    query = sa.select(deliveries.c.reader_id, deliveries.c.batch, _by_itself).where(
        deliveries.c.edition == edition,
        deliveries.c.reader_id.op("IN")(numbers),
        sa.or_(deliveries.c.state.is_(None), deliveries.c.state.in_(_SENT)),
    )
    return connection.execute(query, execution_options={"compiled_cache": None}).all()


def boxed(connection: Connection, key: str, article_id: str) -> int:
    """How many readers of the edition have this article's correction in their box, planned or sent."""
    query = sa.select(variants.c.key, variants.c.spec).where(variants.c.edition == key).where(_HAS_BOX)
    keys = [
        name
        for name, spec in connection.execute(query)
        if any(line.article_id == article_id for line in variant_from_json(spec).corrections)
    ]
    count = 0
    for some in portions(keys):
        ours = sa.and_(batches.c.edition == key, batches.c.variant.in_(some))
        inside = sa.select(sa.func.count()).select_from(
            deliveries.join(batches, batches.c.id == deliveries.c.batch)
        )
        count += int(connection.execute(inside.where(deliveries.c.edition == key, ours)).scalar_one())
    return count


def _handed(connection: Connection, article_ids: Sequence[str], question: Question) -> list[sa.Row[Any]]:
    """The batches, ever handed over, of editions that have one of the articles."""
    found: list[sa.Row[Any]] = []
    holding: set[str] = set()
    for some in portions(article_ids):
        query = sa.select(edition_stories.c.edition).where(
            edition_stories.c.article_id.in_(some),
            edition_stories.c.shown,
            edition_stories.c.edition != question.edition,
        )
        holding.update(connection.execute(query).scalars())
    for some in portions(sorted(holding)):
        query = (
            sa.select(batches.c.id, batches.c.edition, batches.c.revision, batches.c.state)
            .add_columns(batches.c.variant, variants.c.spec, editions.c.newsletter)
            .join_from(batches, editions, editions.c.key == batches.c.edition)
            .join(variants, _ours)
            .where(batches.c.edition.in_(some), batches.c.revision.is_not(None), *_mailed(question))
            .order_by(batches.c.id)
        )
        found += connection.execute(query).all()
    return found


def _boxed(connection: Connection, question: Question) -> list[tuple[sa.Row[Any], Box]]:
    """The batches with a box, of editions that were planned since the first of the corrections came."""
    recent = sa.or_(
        editions.c.first_handed >= question.corrected[0].at,
        sa.and_(editions.c.first_handed.is_(None), editions.c.state.in_(OPEN)),
    )
    query = (
        sa.select(batches.c.id, batches.c.edition, batches.c.state, variants.c.spec)
        .add_columns(editions.c.state.label("edition_state"), editions.c.first_handed)
        .join_from(editions, variants, variants.c.edition == editions.c.key)
        .join(batches, _ours)
        .where(recent, editions.c.key != question.edition, _HAS_BOX, *_mailed(question))
    )
    rows = connection.execute(query).all()
    return [(row, variant_from_json(row.spec).corrections) for row in rows]


def _mailed(question: Question) -> tuple[sa.ColumnElement[bool], ...]:
    return () if question.provider == OUTBOX else (batches.c.provider != OUTBOX,)
