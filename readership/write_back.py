"""Telling a source which of its readers have stopped a newsletter with us.

Nothing is queued: a stop that its source was not told of yet is looked up, so none is lost, whatever happens.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from newsroom.web import WebError
from readership import links
from readership.reader import SubscriptionStatus
from readership.sources.guarded import hook_for
from readership.sync_change import Link
from readership.tables import reader_sources, subscriptions

MOST = 500
"""Readers of one source that are told of in a run."""
ALTOGETHER = 30.0
"""Seconds that the telling may take in a run: what is left is for the next one."""
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Stop:
    """One reader's stops that the source was not told of."""

    link: Link
    newsletters: tuple[str, ...]
    marks: frozenset[str]
    """What is remembered once it is told: each newsletter with its moment, for it may be stopped again."""
    at: datetime
    """When the last of them was stopped."""


class Teller(Protocol):
    """Who hands a stop over."""

    def tell(self, stop: Stop) -> bool:
        """True once the source knows; False for a stop that it has no word for. Raises SourceError."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@dataclass(slots=True)
class WriteBack:
    """What came of it."""

    told: int = 0
    waiting: int = 0
    problem: str = ""


def write_back(engine: Engine, settings: ReadersSettings, now: datetime) -> WriteBack:
    """Tell the source of stops that it does not know. What fails is told by a later run."""
    with reading(engine) as connection:
        stops = untold(connection, settings.key)
    report = WriteBack(waiting=len(stops))
    if not stops:
        return report
    ends = time.monotonic() + ALTOGETHER
    try:
        teller = _teller(settings)
    except SourceError as error:
        report.problem = str(error)
        return report
    try:
        for stop in stops[:MOST]:
            if time.monotonic() >= ends:
                break
            if not _is_told(teller, stop):
                continue
            report.told += 1
            report.waiting -= 1
            with writing(engine) as connection:
                told = replace(stop.link, told=stop.link.told | stop.marks)
                links.save(connection, [told], now)
    except SourceError as error:
        report.problem = str(error)
    finally:
        teller.close()
    return report


def untold(connection: Connection, source: str) -> list[Stop]:
    """The stops that this source was not told of, by its ids' links."""
    columns = (reader_sources.c.key, subscriptions.c.newsletter, subscriptions.c.updated)
    query = (
        sa.select(*columns)
        .join(subscriptions, subscriptions.c.reader_id == reader_sources.c.reader_id)
        .where(
            reader_sources.c.source == source,
            reader_sources.c.gone.is_(None),
            subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED,
            subscriptions.c.ended_by == "",
        )
        .order_by(reader_sources.c.key, subscriptions.c.newsletter)
    )
    found: dict[str, list[tuple[str, datetime]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.key, []).append((row.newsletter, row.updated))
    theirs = links.by_keys(connection, list(found))
    stops = (_stop(theirs[key], stopped) for key, stopped in found.items())
    return [stop for stop in stops if stop is not None]


def _stop(link: Link, stopped: Sequence[tuple[str, datetime]]) -> Stop | None:
    """None where the source does not have the reader for any of them, or knows."""
    new = [
        (newsletter, at, mark)
        for newsletter, at in stopped
        if newsletter in link.newsletters and (mark := f"{newsletter}@{at.isoformat()}") not in link.told
    ]
    if not new:
        return None
    return Stop(
        link,
        tuple(newsletter for newsletter, _, _ in new),
        frozenset(mark for _, _, mark in new),
        max(at for _, at, _ in new),
    )


def signature(secret: str, body: bytes, now: int) -> str:
    """What the header `Standfirst-Signature` has: `t=SECONDS,v1=HEX`, an HMAC-SHA256 of `SECONDS.BODY`."""
    mac = hmac.digest(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hex()
    return f"t={now},v1={mac}"


def body_of(source: str, stop: Stop) -> bytes:
    """What is POSTed to an address: who by the source's own id, and never by an address."""
    said = {
        "event": "unsubscribed",
        "source": source,
        "id": stop.link.source_id,
        "newsletters": list(stop.newsletters),
        "at": stop.at.isoformat(),
        "delivery": hashlib.sha256("\0".join((stop.link.key, *sorted(stop.marks))).encode()).hexdigest()[:32],
    }
    return json.dumps(said, ensure_ascii=False).encode()


class Hook:
    """An address that is POSTed to."""

    def __init__(self, settings: ReadersSettings) -> None:
        self._settings = settings
        self._web = hook_for(settings)

    def tell(self, stop: Stop) -> bool:
        """POST it."""
        body = body_of(self._settings.key, stop)
        headers = {
            "content-type": "application/json",
            "standfirst-signature": signature(self._settings.hook_secret, body, int(time.time())),
        }
        self._web.send("POST", self._settings.write_back, body, headers=headers)
        return True

    def close(self) -> None:
        """Hang up."""
        self._web.close()


def _is_told(teller: Teller, stop: Stop) -> bool:
    try:
        return teller.tell(stop)
    except WebError as error:
        if error.status in _GONE and not isinstance(teller, Hook):
            return True  # Nobody is mailed from there any more.
        raise


def _teller(settings: ReadersSettings) -> Teller:
    if settings.write_back != "source":
        return Hook(settings)
    from readership.sources.ghost_stops import GhostStops

    return GhostStops(settings)
