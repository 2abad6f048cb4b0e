"""Whom the sources of readers know, in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.database import inserting
from newsroom.portions import portions
from readership.reader import Plan
from readership.sync_change import Link
from readership.tables import reader_source_states, reader_sources

_PLANS: Mapping[str, Plan | None] = {"": None, **{plan.value: plan for plan in Plan}}
_LINK = (
    reader_sources.c.key,
    reader_sources.c.source,
    reader_sources.c.source_id,
    reader_sources.c.reader_id,
    reader_sources.c.said,
    reader_sources.c.digest,
    reader_sources.c.newsletters,
    reader_sources.c.plan,
    reader_sources.c.plan_until,
    reader_sources.c.told,
    reader_sources.c.gone,
)


@dataclass(frozen=True, slots=True)
class SourceNotes:
    """What is remembered of a source of readers between two syncs."""

    last_read: datetime | None = None
    """When it was last read to its end."""
    state: Mapping[str, Any] = field(default_factory=dict)


def digests(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """What was last said under these keys of links; those that are gone are not in it."""
    found: dict[str, str] = {}
    query = sa.select(reader_sources.c.key, reader_sources.c.digest)
    for some in portions(keys):
        where = (reader_sources.c.key.in_(some), reader_sources.c.gone.is_(None))
        found.update((key, digest) for key, digest in connection.execute(query.where(*where)))
    return found


def by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Link]:
    """The links with these keys."""
    return {one.key: one for one in _where(connection, reader_sources.c.key, keys)}


def of_readers(connection: Connection, reader_ids: Sequence[int]) -> dict[int, dict[str, Link]]:
    """Each reader's links by key, those that are gone as well."""
    found: dict[int, dict[str, Link]] = {}
    for one in _where(connection, reader_sources.c.reader_id, reader_ids):
        found.setdefault(one.reader_id, {})[one.key] = one
    return found


def live(connection: Connection, source: str) -> Iterator[tuple[str, int]]:
    """Key and reader's number of every link of a source that is not gone."""
    query = sa.select(reader_sources.c.key, reader_sources.c.reader_id).where(
        reader_sources.c.source == source, reader_sources.c.gone.is_(None)
    )
    for row in connection.execute(query):
        yield row.key, row.reader_id


def mailed(connection: Connection, source: str) -> int:
    """How many links of a source are not gone and have their reader for a newsletter."""
    query = sa.select(sa.func.count()).where(
        reader_sources.c.source == source,
        reader_sources.c.gone.is_(None),
        sa.cast(reader_sources.c.newsletters, sa.Text) != "[]",
    )
    return int(connection.execute(query).scalar_one())


def save(connection: Connection, some: Iterable[Link], now: datetime) -> None:
    """Insert or update these links."""
    values = [
        {
            "key": one.key,
            "source": one.source,
            "source_id": one.source_id,
            "reader_id": one.reader_id,
            "said": one.said,
            "digest": one.digest,
            "newsletters": sorted(one.newsletters),
            "plan": one.plan.value if one.plan else "",
            "plan_until": one.plan_until,
            "told": sorted(one.told),
            "gone": now if one.gone else None,
            "updated": now,
        }
        for one in some
    ]
    if values:
        statement = inserting(connection, reader_sources)
        columns = [one.name for one in reader_sources.columns if not one.primary_key]
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[reader_sources.c.key],
                set_={name: statement.excluded[name] for name in columns},
            ),
            values,
        )


def source_notes(connection: Connection, source: str) -> SourceNotes:
    """What is remembered of this source."""
    row = connection.execute(
        sa.select(reader_source_states).where(reader_source_states.c.source == source)
    ).first()
    return SourceNotes(row.last_read, row.state) if row else SourceNotes()


def set_source_notes(connection: Connection, source: str, notes: SourceNotes) -> None:
    """Remember them."""
    values = {"last_read": notes.last_read, "state": dict(notes.state)}
    statement = inserting(connection, reader_source_states).values(source=source, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))


def _where(connection: Connection, column: sa.ColumnElement[Any], values: Collection[Any]) -> Iterator[Link]:
    for some in portions(values):
        for row in connection.execute(sa.select(*_LINK).where(column.in_(some))):
            yield Link(
                key=row.key,
                source=row.source,
                source_id=row.source_id,
                reader_id=row.reader_id,
                said=row.said,
                digest=row.digest,
                newsletters=frozenset(row.newsletters),
                plan=_PLANS[row.plan],
                plan_until=row.plan_until,
                told=frozenset(row.told),
                gone=row.gone is not None,
            )
