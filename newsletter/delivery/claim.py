"""The next batch, made ready and marked as handed over: everything up to the moment a provider is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, ledger, variant_rows
from newsletter.composition.difference import by_hand, by_headline, changes
from newsletter.delivery import renders
from newsletter.delivery.post import Post
from newsletter.delivery.recipients import remaining
from newsletter.delivery.resending import is_whole
from newsletter.edition import DeliveryState, Edition, EditionState, ExclusionReason, Selection
from newsletter.ledger import BatchRow
from newsletter.providers import Batch
from newsletter.rendering.letter import Letter
from newsletter.returns import evidence
from newsletter.tables import batches
from newsletter.tables import editions as editions_table
from newsletter.used_stories import OUTBOX
from newsletter.variant import Variant, narrowed

HOUR = timedelta(hours=1)
WITHDRAWN = "a story of its letter was withdrawn"


class Nothing(StrEnum):
    """Why no batch was taken."""

    DUE = "nothing is due"
    HELD = "held"
    STOPPED = "stopped"
    PACE = "max_per_hour"
    TAKEN = "somebody else took it, or nobody is left in it"
    CHANGED = "a story was withdrawn before the first hand-over: the edition is planned anew"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run hands over by."""

    provider: str
    batch_size: int
    owner: str
    allow_to: Sequence[str] = ()
    max_per_hour: int | None = None
    delay: timedelta = timedelta()
    """How long the provider is asked to keep what it is handed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A letter that has to be rendered before its batch can be taken; no transaction waits for that."""

    revision: int
    variant: str
    selection: Selection
    spec: Variant


@dataclass(slots=True)
class Letters:
    """The last letters of one run by revision and variant. None: nothing in it for these readers any more."""

    post: Post
    made: dict[tuple[int, str], Letter | None] = field(default_factory=dict)
    specs: dict[tuple[str, str], Variant] = field(default_factory=dict)
    """By edition and variant key."""
    stored: dict[Letter, str] = field(default_factory=dict)
    """The hashes of those that are in the database."""
    selections: dict[tuple[str, int], Selection] = field(default_factory=dict)
    """By edition and revision, which never changes."""
    told: list[str] = field(default_factory=list)
    """What an editor has to know of stories that were withdrawn meanwhile."""
    most: int = 256
    """So many are kept: about 25 MB, however many variants an edition has."""

    def render(self, wanted: Wanted) -> None:
        """Make the letter that a claim asked for."""
        selection = narrowed(wanted.selection, wanted.spec)
        letter = self.post.letter(selection, wanted.spec) if selection.has_news else None
        while len(self.made) >= self.most:
            del self.made[next(iter(self.made))]
        self.made[(wanted.revision, wanted.variant)] = letter

    def store(self, connection: Connection, letter: Letter, now: datetime) -> str:
        """Store the letter unless this run did; returns its hash."""
        if letter not in self.stored:
            if len(self.stored) >= self.most:
                self.stored.clear()
            self.stored[letter] = renders.store(connection, letter, now)
        return self.stored[letter]

    def selection(self, connection: Connection, key: str, revision: int) -> Selection:
        """What was chosen in that revision. Raises StoreError where there is none."""
        known = (key, revision)
        if known not in self.selections:
            # Only the last one is asked for again.
            self.selections = {known: editions.selection_of(connection, key, revision)}
        return self.selections[known]


def claim(
    connection: Connection, key: str, terms: Terms, letters: Letters, now: datetime
) -> Batch | Wanted | Nothing:
    """Take the edition's next batch inside a writing transaction: after its commit the batch is handed over.

    Withdrawn stories are taken out first, readers who left are dropped, and a batch too big for the provider
    or the pace is split.
    """
    edition = editions.locked(connection, key)
    if edition.held:
        return Nothing.HELD
    if not edition.is_open:
        return Nothing.STOPPED if edition.state is EditionState.STOPPED else Nothing.DUE
    if terms.delay and not edition.recall:
        # Stopped and resumed while the run was at it: the name that it began with is cancelled.
        return Nothing.CHANGED
    room = _room(connection, terms, now)
    if room <= 0:
        return Nothing.PACE
    row = ledger.next_batch(connection, key, now)
    if row is None:
        return Nothing.DUE
    # Of readers whose mail was taken back the events may have said something in another batch.
    may_have_it = row.heard is not None or edition.recalled is not None
    if may_have_it and evidence.settle_planned(connection, row, now):
        return Nothing.TAKEN
    if row.size > min(room, terms.batch_size):
        ledger.split(connection, row, min(room, terms.batch_size))
    is_stored = row.resend and row.revision is not None
    found = _resent(connection, row, letters) if is_stored else _fresh(connection, edition, row, letters, now)
    if isinstance(found, (Wanted, Nothing)):
        return found
    revision, letter, why_none = found
    if letter is None:
        reasons = {reader.reader_id: why_none for reader in ledger.readers_of(connection, row.id)}
        ledger.set_state(connection, key, reasons, DeliveryState.DROPPED)
        ledger.empty(connection, row.id, why_none)
        return Nothing.TAKEN
    readers = remaining(connection, edition, row, terms.allow_to, now)
    if not readers:
        ledger.empty(connection, row.id)
        return Nothing.TAKEN
    batch = letters.post.batch(key, row.id, letter, readers, now)
    if terms.delay:
        batch = replace(batch, recall=edition.recall, send_at=now + terms.delay)
    taken = ledger.hand(
        connection,
        row,
        revision=revision,
        render=letters.store(connection, letter, now),
        size=len(batch.recipients),
        owner=terms.owner,
        provider=terms.provider,
        now=now,
        send_at=batch.send_at,
    )
    if not taken:
        return Nothing.TAKEN
    _note_hand_over(connection, edition, terms, now)
    return batch


def _room(connection: Connection, terms: Terms, now: datetime) -> int:
    if terms.max_per_hour is None:
        return terms.batch_size
    return terms.max_per_hour - ledger.handed_since(connection, now - HOUR)


def _fresh(
    connection: Connection, edition: Edition, row: BatchRow, letters: Letters, now: datetime
) -> tuple[int, Letter | None, str] | Wanted | Nothing:
    """The letter of the edition as it is now, without what was withdrawn since its last revision."""
    selection = letters.selection(connection, edition.key, edition.revision)
    revision = edition.revision
    after = letters.post.revise(connection, selection, True)
    if after != selection:
        if edition.first_handed is None:
            return Nothing.CHANGED
        left_out = editions.left_out_of(connection, edition.key, revision)
        told = by_hand(selection, after)
        letters.told.extend(by_hand(selection, after, named=by_headline))
        why = "; ".join((f"withdrawn while it goes out{changes(selection, after)}", *told))
        revision = editions.add_revision(connection, edition.key, after, left_out, "run", why, now)
        selection = after
    spec = _standing(connection, row, letters)
    known = (revision, spec.key)
    if known not in letters.made:
        return Wanted(revision, spec.key, selection, spec)
    return revision, letters.made[known], ExclusionReason.NO_STORIES.value


def _resent(connection: Connection, row: BatchRow, letters: Letters) -> tuple[int, Letter | None, str]:
    """The stored letter that was asked for again, unless a story in it was withdrawn meanwhile."""
    revision = row.revision or 0
    post = letters.post
    if row.render is None or not is_whole(
        connection, row.edition, revision, row.variant, post.revise, post.standing
    ):
        return revision, None, WITHDRAWN
    return revision, renders.load(connection, row.render), ""


def _standing(connection: Connection, row: BatchRow, letters: Letters) -> Variant:
    """The batch's variant; where what it corrects was withdrawn since, it becomes one that says nothing of
    it, so that the ledger knows who was told what."""
    known = (row.edition, row.variant)
    if known not in letters.specs:
        letters.specs[known] = variant_rows.spec_of(connection, *known)
    spec = letters.specs[known]
    if not spec.corrections:
        return spec
    left = letters.post.standing(connection, spec)
    if left != spec:
        variant_rows.store(connection, row.edition, left)
        connection.execute(sa.update(batches).where(batches.c.id == row.id).values(variant=left.key))
    return left


def _note_hand_over(connection: Connection, edition: Edition, terms: Terms, now: datetime) -> None:
    if edition.first_handed is None:
        values = {"state": EditionState.SENDING.value, "first_handed": now, "provider": terms.provider}
        editions.log(connection, edition.key, now, "run", f"first batch handed over to {terms.provider}")
        ours = editions_table.c.key == edition.key
        connection.execute(sa.update(editions_table).where(ours).values(values))
    elif terms.provider != OUTBOX:
        # Begun in the outbox and gone on with by mail: from now on its stories count as read.
        connection.execute(_BY_ANOTHER, {"ours": edition.key, "by": terms.provider})


_BY_ANOTHER = (
    sa.update(editions_table)
    .where(editions_table.c.key == sa.bindparam("ours"), editions_table.c.provider != sa.bindparam("by"))
    .values(provider=sa.bindparam("by"))
)
