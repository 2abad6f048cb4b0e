"""Who gets an edition: each candidate becomes one delivery, or one exclusion with its reason.

Candidates stream through in pages; what is kept in memory is a page of them, the deliveries that are written
next and the batches that are filling, so a million readers take no more than a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import variant_rows
from newsletter.corrections import Box, OwedTo, nobody
from newsletter.edition import BatchState, Edition, ExclusionReason
from newsletter.tables import batches, deliveries, editions, exclusions, variants
from newsletter.variant import Variant
from newsroom.errors import StoreError
from newsroom.portions import portions
from newsroom.rows import insert_rows
from readership import store
from readership.reader import (
    DELIVERY_ORDER,
    Candidate,
    Plan,
    Subscription,
    SubscriptionStatus,
    SuppressionReason,
)

PAGE = 5_000
"""Candidates read at a time."""

WRITTEN = 50_000
"""Deliveries written at a time, by their recipient keys: readers come in no order of theirs, and the more are
written at once, the more of them go into each page of that index."""

CACHE_KB = 8_192
"""How much of an SQLite database planning keeps in memory, in KiB."""

MOST_BOXES = 50
"""Kinds of boxes with several corrections that one edition may have."""

GONE = "no longer a reader of this newsletter"
"""Why somebody gets nothing who is not a candidate any more."""

VariantOf = Callable[[Candidate], Variant | None]
"""The variant a candidate gets; None where none of their sections has a story."""

_ORDER = {plan: position for position, plan in enumerate(DELIVERY_ORDER)}
_SUPPRESSED = {
    SuppressionReason.BOUNCED: ExclusionReason.BOUNCED,
    SuppressionReason.COMPLAINED: ExclusionReason.COMPLAINED,
    SuppressionReason.CLEANED: ExclusionReason.CLEANED,
    SuppressionReason.ERASED: ExclusionReason.ERASED,
    SuppressionReason.UNSUBSCRIBED: ExclusionReason.UNSUBSCRIBED,
}
_DELIVERY = ("edition", "reader_id", "recipient_key", "batch", "reason", "trial_days")
_EXCLUSION = ("edition", "reader_id", "reason")


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning came to. candidates = deliveries + the sum of exclusions, checked."""

    candidates: int
    deliveries: int
    exclusions: Mapping[ExclusionReason, int]
    batches: int
    variants: int
    widened: int
    """Readers who get the whole edition because there would have been too many variants."""
    told: int = 0
    """Readers who are told of a correction."""


def exclusion(candidate: Candidate, day: date, allow_to: Sequence[str] = ()) -> ExclusionReason | None:
    """Why this candidate gets no mail on `day`, whatever the edition; None where nothing is in the way.

    `allow_to` (addresses, or domains as "@example.org") lets nobody else through where it is not empty.
    """
    if candidate.suppressed is not None:
        return _SUPPRESSED[candidate.suppressed]
    if candidate.subscription.status is not SubscriptionStatus.ACTIVE:
        return _status(candidate.subscription, day)
    if allow_to and not is_allowed(candidate.reader.address.lower(), allow_to):
        return ExclusionReason.STAGING
    return None


def _status(subscription: Subscription, day: date) -> ExclusionReason | None:
    if subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        return ExclusionReason.UNSUBSCRIBED
    if subscription.status is SubscriptionStatus.PENDING:
        return ExclusionReason.PENDING
    is_over = subscription.paused_until is not None and day > subscription.paused_until
    return None if is_over else ExclusionReason.PAUSED


def is_allowed(address: str, allow_to: Sequence[str]) -> bool:
    """Whether one of `allow_to` names this address, in lower case, or its domain ("@example.org")."""
    return any(
        address.endswith(allowed.lower()) if allowed.startswith("@") else address == allowed.lower()
        for allowed in allow_to
    )


def pages(connection: Connection, newsletter: str, size: int = PAGE) -> Iterator[list[Candidate]]:
    """The newsletter's candidates in order of delivery, a page at a time."""
    page = store.candidates(connection, newsletter, None, size)
    while page:
        yield page
        if len(page) < size:
            return
        page = store.candidates(connection, newsletter, store.after(page[-1]), size)


def plan(
    connection: Connection,
    edition: Edition,
    candidates: Iterable[Sequence[Candidate]],
    variant_of: VariantOf,
    *,
    batch_size: int,
    allow_to: Sequence[str] = (),
    max_variants: int = 2000,
    owed_to: OwedTo = nobody,
    paced: Callable[[Candidate], bool] = lambda _: True,
) -> Planned:
    """Plan the edition's deliveries inside the connection's writing transaction, anew if they were planned.

    `variant_of` must depend on nothing but the candidate's plan, sections, language and products; `owed_to`
    says whom a box tells of corrections. Whom `paced` does not let through is left for another day. Raises
    StoreError, and the transaction has to be rolled back, where the sum is not right or where somebody has
    got the edition already.
    """
    if edition.first_handed is not None:
        raise StoreError(f"{edition.key} is being handed over: its readers cannot be planned anew")
    if connection.dialect.name == "sqlite":
        # With the default of 2 MB the system's part doubles: pages of the indexes are written out and read in
        # again. Ever more of it gains less and less. The connection keeps it, and it is a bound.
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KB}")
    else:
        # After a large import PostgreSQL's own look at the tables may be a minute away, and until then each
        # page of candidates costs as much as all of them.
        connection.exec_driver_sql("ANALYZE readers, subscriptions, suppressions")
    forget(connection, edition.key)
    drafting = _Drafting(connection, edition, variant_of, batch_size, allow_to, max_variants, owed_to, paced)
    for page in candidates:
        drafting.add(page)
    return drafting.finish()


_IS_RECORD = batches.c.state == BatchState.TAKEN_BACK.value


def forget(connection: Connection, key: str) -> None:
    """Take back the plan of an edition of which nothing was handed over. What was, and was taken back, stays
    on record with its letter."""
    record = sa.select(batches.c.variant).where(batches.c.edition == key, _IS_RECORD)
    for table, goes in (
        (deliveries, sa.true()),
        (exclusions, sa.true()),
        (batches, ~_IS_RECORD),
        (variants, variants.c.key.not_in(record)),
    ):
        connection.execute(sa.delete(table).where(table.c.edition == key, goes))
    connection.execute(sa.update(batches).where(batches.c.edition == key, _IS_RECORD).values(size=0))
    connection.execute(sa.update(editions).where(editions.c.key == key).values(candidates=None))


_Same = tuple[Plan, frozenset[str], str, frozenset[str], int]
"""What the readers of a variant have in common: plan, chosen sections, language, products, box."""


class _Drafting:
    """The plan of one edition while candidates stream in."""

    def __init__(
        self,
        connection: Connection,
        edition: Edition,
        variant_of: VariantOf,
        batch_size: int,
        allow_to: Sequence[str],
        max_variants: int,
        owed_to: OwedTo,
        paced: Callable[[Candidate], bool],
    ) -> None:
        self._connection = connection
        self._edition = edition
        self._variant_of = variant_of
        self._batch_size = batch_size
        self._allow_to = allow_to
        self._max_variants = max_variants
        self._owed_to = owed_to
        self._paced = paced
        self._candidates = 0
        self._widened = 0
        self._told = 0
        self._boxes: dict[Box, int] = {(): 0}
        """Every kind of box, numbered in their order."""
        self._seen: dict[int, tuple[int, Box]] = {}
        self._filling: dict[tuple[int, str], list[int]] = {}
        """By plan order and variant: the batch that is filling, and how many are in it."""
        self._variants: set[str] = set()
        self._known: dict[_Same, tuple[tuple[int, str] | None, bool]] = {}
        self._rows: list[tuple[object, ...]] = []
        """Deliveries that are not written yet."""

    def add(self, page: Sequence[Candidate]) -> None:
        """Plan a page of candidates."""
        key, day = self._edition.key, self._edition.local_date
        excluded: list[tuple[object, ...]] = []
        owed = self._owed_to([candidate.reader.id for candidate in page])
        for candidate in page:
            reader = candidate.reader
            reason = exclusion(candidate, day, self._allow_to)
            if reason is None and not self._paced(candidate):
                reason = ExclusionReason.WARM_UP
            kind = self._kind(owed.get(reader.id, ()))
            group = None if reason else self._group(candidate, reader.plan_on(day), kind)
            if group is None:
                excluded.append((key, reader.id, (reason or ExclusionReason.NO_STORIES).value))
                continue
            self._told += bool(kind)
            self._rows.append((key, reader.id, reader.key, self._batch(group), "", reader.days_left(day)))
        self._candidates += len(page)
        self._exclude(excluded)
        if len(self._rows) >= WRITTEN:
            self._write()

    def finish(self) -> Planned:
        """Count what is there, check the sum and note it. Raises StoreError where it is wrong."""
        connection, key = self._connection, self._edition.key
        self._write()
        self._size_batches()
        counted = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.edition == key)
        delivered = int(connection.execute(counted).scalar_one())
        by_reason = (
            sa.select(exclusions.c.reason, sa.func.count())
            .where(exclusions.c.edition == key)
            .group_by(exclusions.c.reason)
        )
        left_out = {ExclusionReason(reason): int(count) for reason, count in connection.execute(by_reason)}
        excluded = sum(left_out.values())
        if self._candidates != delivered + excluded:
            raise StoreError(
                f"{key}: {self._candidates} candidates, but {delivered} deliveries and {excluded} "
                "exclusions; nothing was planned, and the next run tries again"
            )
        values = {"candidates": self._candidates}
        connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
        ours = sa.and_(batches.c.edition == key, ~_IS_RECORD)
        batch_count = sa.select(sa.func.count()).select_from(batches).where(ours)
        return Planned(
            candidates=self._candidates,
            deliveries=delivered,
            exclusions=left_out,
            batches=int(connection.execute(batch_count).scalar_one()),
            variants=len(self._variants),
            widened=self._widened,
            told=self._told,
        )

    def _kind(self, box: Box) -> int:
        """Which of the edition's boxes it is, 0 for none: to compare their words for each of a million
        readers would take longer than to plan them."""
        if not box:
            return 0
        seen = self._seen.get(id(box))
        if seen is None:
            if len(self._seen) >= PAGE:
                self._seen.clear()
            # The box is kept, so that no other one can take its place in memory.
            seen = self._seen[id(box)] = (self._number(box), box)
        return seen[0]

    def _number(self, box: Box) -> int:
        """Where there would be too many kinds of boxes, that of its first line alone: the others come in the
        reader's next edition."""
        if box not in self._boxes and len(box) > 1 and len(self._boxes) > MOST_BOXES:
            box = box[:1]
        return self._boxes.setdefault(box, len(self._boxes))

    def _group(self, candidate: Candidate, plan: Plan, kind: int) -> tuple[int, str] | None:
        """(plan order, variant key), remembered for the next reader with the same plan, choices and box."""
        reader = candidate.reader
        same = (plan, candidate.subscription.sections, reader.language, reader.products, kind)
        if same not in self._known:
            if len(self._known) >= PAGE:
                self._known.clear()
            variant = self._variant_of(candidate)
            if variant is not None and kind:
                variant = replace(variant, corrections=list(self._boxes)[kind])
            is_widened = variant is not None and self._is_too_many(variant)
            if variant is not None:
                self._store(variant := variant.whole if is_widened else variant)
            self._known[same] = (None if variant is None else (_ORDER[plan], variant.key), is_widened)
        group, is_widened = self._known[same]
        self._widened += is_widened
        return group

    def _is_too_many(self, variant: Variant) -> bool:
        is_new = bool(variant.sections or variant.products) and variant.key not in self._variants
        return is_new and len(self._variants) >= self._max_variants

    def _store(self, variant: Variant) -> None:
        if variant.key not in self._variants:
            self._variants.add(variant.key)
            variant_rows.store(self._connection, self._edition.key, variant)

    def _batch(self, group: tuple[int, str]) -> int:
        filling = self._filling.get(group)
        if filling is None or filling[1] >= self._batch_size:
            filling = self._filling[group] = [self._new_batch(group), 0]
        filling[1] += 1
        return filling[0]

    def _new_batch(self, group: tuple[int, str]) -> int:
        order, variant = group
        row = sa.insert(batches).values(
            edition=self._edition.key,
            variant=variant,
            plan_order=order,
            state=BatchState.PLANNED.value,
            size=0,
        )
        key = self._connection.execute(row).inserted_primary_key
        if key is None:
            raise StoreError("the database gave a new batch no number")
        return int(key[0])

    def _write(self) -> None:
        """Insert deliveries; whoever shares a recipient key with another delivery is excluded instead."""
        # In the order of the recipient keys, and of candidates where two have the same one.
        rows, self._rows = sorted(self._rows, key=itemgetter(2)), []
        written = insert_rows(self._connection, deliveries, _DELIVERY, rows)
        if written == len(rows):
            return
        there: set[int] = set()
        for some in portions([row[1] for row in rows]):
            query = sa.select(deliveries.c.reader_id).where(
                deliveries.c.edition == self._edition.key, deliveries.c.reader_id.in_(some)
            )
            there.update(self._connection.execute(query).scalars())
        twice = {row[1] for row in rows if row[1] not in there}
        # The same reader met again is no second candidate.
        self._candidates -= len(rows) - written - len(twice)
        reason = ExclusionReason.TWICE.value
        self._exclude([(self._edition.key, reader_id, reason) for reader_id in sorted(twice, key=str)])

    def _exclude(self, rows: list[tuple[object, ...]]) -> None:
        self._candidates -= len(rows) - insert_rows(self._connection, exclusions, _EXCLUSION, rows)

    def _size_batches(self) -> None:
        """What is in each batch, counted; those left without anybody go."""
        inside = (
            sa.select(sa.func.count())
            .select_from(deliveries)
            .where(deliveries.c.batch == batches.c.id)
            .scalar_subquery()
        )
        ours = sa.and_(batches.c.edition == self._edition.key, ~_IS_RECORD)
        self._connection.execute(sa.update(batches).where(ours).values(size=inside))
        self._connection.execute(sa.delete(batches).where(ours, batches.c.size == 0))
