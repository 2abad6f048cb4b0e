"""Everything that is kept of one reader, and the whole list as a file that can be imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import consent, feed_uses, lifting, sessions, sign_ins, sign_up_store, store
from readership.reader import Reader, Subscription, SubscriptionStatus, SuppressionReason
from readership.tables import reader_sources, readers, suppressions

COLUMNS = (
    "address",
    "name",
    "plan",
    "plan_until",
    "products",
    "language",
    "newsletters",
    "sections",
    "status",
    "consent_at",
    "consent_source",
    "ended_by",
)
"""The columns of an export, which are those of an import: a reader has one row a newsletter."""

_PAGE = 1_000


def record(connection: Connection, key: str) -> dict[str, Any] | None:
    """All that is kept under a recipient key, ready for JSON; None where there is nothing.

    An erased or merely suppressed address has no reader, and neither has one that was not confirmed yet.
    """
    found = store.find(connection, key)
    columns = (suppressions.c.reason, suppressions.c.at, suppressions.c.origin)
    stopped = connection.execute(sa.select(*columns).where(suppressions.c.key == key)).first()
    waiting = sign_up_store.of_address(connection, key)
    asked = sign_ins.of_address(connection, key)
    if found is None and stopped is None and not waiting and not asked:
        return None
    kept: dict[str, Any] = {
        "reader": None,
        "subscriptions": [],
        "consents": [],
        "sign_ups": [_plain(one) for one in waiting],
        "sign_ins": [_plain(one) for one in asked],
        "sessions": [],
        "sources": [],
        "feeds": None,
        "suppression": None,
        "lifted": [_plain(one) for one in lifting.of_address(connection, key)],
    }
    if found is not None:
        dates = connection.execute(
            sa.select(readers.c.created, readers.c.updated).where(readers.c.id == found.id)
        ).one()
        theirs = store.subscriptions_of(connection, [found.id]).get(found.id, {})
        kept["reader"] = _plain(asdict(found) | {"created": dates.created, "updated": dates.updated})
        kept["subscriptions"] = [_plain(asdict(theirs[newsletter])) for newsletter in sorted(theirs)]
        kept["consents"] = [_plain(one) for one in consent.of_reader(connection, found.id)]
        kept["feeds"] = feed_uses.kept(connection, found.id)
        kept["sessions"] = [_plain(one) for one in sessions.kept(connection, found.id)]
        where = reader_sources.c.reader_id == found.id
        columns_kept = [
            one for one in reader_sources.columns if one.name not in ("key", "said", "digest", "reader_id")
        ]
        query = sa.select(*columns_kept).where(where).order_by(reader_sources.c.key)
        kept["sources"] = [_plain(dict(row._mapping)) for row in connection.execute(query)]
    if stopped is not None:
        kept["suppression"] = _plain({"reason": stopped.reason, "at": stopped.at, "origin": stopped.origin})
    return kept


def export_csv(connection: Connection, file: TextIO) -> int:
    """Write every reader as CSV, UTF-8, one row a newsletter; returns the number of readers.

    Open `file` with newline="". What is written can be imported again; suppressions of addresses that are no
    readers are not in it, for their addresses are not kept.
    """
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    count = 0
    for page in _pages(connection):
        theirs = store.subscriptions_of(connection, [reader.id for reader in page])
        suppressed = store.suppressed(connection, [reader.key for reader in page])
        for reader in page:
            count += 1
            ours = theirs.get(reader.id, {})
            # Without a subscription a reader must not come back as one of every newsletter.
            none = Subscription(reader.id, "", SubscriptionStatus.UNSUBSCRIBED)
            for one in [ours[newsletter] for newsletter in sorted(ours)] or [none]:
                writer.writerow(_exported(reader, one, suppressed.get(reader.key)))
    return count


def _pages(connection: Connection) -> Iterator[list[Reader]]:
    last = 0
    while page := store.after_number(connection, last, _PAGE):
        yield page
        last = page[-1].id


def _exported(
    reader: Reader, subscription: Subscription, suppressed: SuppressionReason | None
) -> dict[str, str]:
    return {
        "address": _inert(reader.address),
        "name": _inert(reader.name),
        "plan": reader.plan.value,
        "plan_until": reader.plan_until.isoformat() if reader.plan_until else "",
        "products": ",".join(sorted(reader.products)),
        "language": reader.language,
        "newsletters": subscription.newsletter,
        "sections": ",".join(sorted(subscription.sections)),
        "status": _status(subscription.status, suppressed),
        "consent_at": subscription.consent_at.isoformat() if subscription.consent_at else "",
        "consent_source": _inert(subscription.consent_source),
        # Of somebody who gets nothing at all it is no source's to begin again.
        "ended_by": "" if suppressed is not None else subscription.ended_by,
    }


def _status(status: SubscriptionStatus, suppressed: SuppressionReason | None) -> str:
    if status is SubscriptionStatus.UNSUBSCRIBED or suppressed is SuppressionReason.UNSUBSCRIBED:
        return SubscriptionStatus.UNSUBSCRIBED.value
    if suppressed is not None:
        return suppressed.value
    return {SubscriptionStatus.ACTIVE: "subscribed"}.get(status, status.value)


def _inert(text: str) -> str:
    # A spreadsheet runs a cell that starts like a formula.
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, frozenset):
            plain[name] = sorted(value)
        elif hasattr(value, "isoformat"):
            plain[name] = value.isoformat()
        else:
            plain[name] = value
    return plain
