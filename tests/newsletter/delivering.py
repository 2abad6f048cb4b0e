"""An edition to be delivered: real readers in a real database, and a provider that answers as it is told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import editions, ledger
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.delivery_report import DeliveryReport
from newsletter.delivery.planning import VariantOf
from newsletter.delivery.post import Post
from newsletter.delivery.sums import Sum, checked_sum
from newsletter.edition import (
    BatchState,
    Block,
    Composition,
    DeliveryState,
    Edition,
    Selection,
    Story,
    edition_key,
)
from newsletter.providers import Answer, Batch, Envelope, Outcome
from newsletter.remainder import remainder
from newsletter.rendering.letter import Letter, Slot
from newsletter.tables import batches, deliveries, exclusions
from newsletter.variant import Variant, variant_for
from newsroom.database import reading, writing
from newsroom.masthead import Offer, SectionKind
from readership import store
from readership.reader import Candidate, Plan, Reader, Subscription, SubscriptionStatus
from readership.tables import readers as readers_table
from tests import samples
from tests.newsletter.mail import envelope

NOW = samples.NOON
DAY = date(2026, 3, 10)
KEY = "daily-2026-03-10"
STORIES = (("bridge", "politics"), ("ferry", "politics"), ("cello", "culture"))


def selection(
    *stories: tuple[str, str], day: date = DAY, slot: str = "", composed: datetime = NOW
) -> Selection:
    """A selection of these (name, section): the first one leads."""
    made = [Story(samples.teaser(name, sections=(section,))) for name, section in stories or STORIES]
    lead, *rest = made
    blocks = tuple(
        Block(key, key.title(), SectionKind.EDITORIAL, inside)
        for key in ("politics", "culture")
        if (inside := tuple(story for story in rest if story.teaser.sections == (key,)))
    )
    return Selection(
        newsletter="daily",
        local_date=day,
        slot=slot,
        composed=composed,
        subject=lead.teaser.headline,
        preheader="",
        lead=lead,
        blocks=blocks,
        offer=Offer(),
    )


def composed(
    engine: Engine, value: Selection | None = None, *, held: str = "", left_out: tuple[Any, ...] = ()
) -> Edition:
    """The edition of this selection, stored and due since `NOW`."""
    value = value or selection()
    composition = Composition(value, left_out, fresh=len(value.stories))
    with writing(engine) as connection:
        edition, _ = editions.create(connection, "daily", NOW, composition, value.composed, "run", held=held)
    return edition


def enrolled(engine: Engine, *readers: Reader, **subscription: Any) -> None:
    """Store readers as they are given (their numbers come from the store, in order) and subscribe them."""
    values = {"newsletter": "daily", "status": SubscriptionStatus.ACTIVE} | subscription
    with writing(engine) as connection:
        for reader in readers:
            store.save_readers(connection, [replace(reader, id=0)], NOW)
        keys = [reader.key for reader in readers]
        found = store.by_keys(connection, keys)
        store.save_subscriptions(
            connection,
            [(found[key].id, Subscription(reader_id=found[key].id, **values)) for key in keys],
            NOW,
        )


def many(engine: Engine, count: int, plan: Plan = Plan.FREE, first: int = 1) -> None:
    """Enrol that many readers at once."""
    people = [replace(samples.reader(number, plan), id=0) for number in range(first, first + count)]
    with writing(engine) as connection:
        store.save_readers(connection, people, NOW)
        numbers = connection.execute(sa.select(readers_table.c.id).order_by(readers_table.c.id)).scalars()
        subscribed = [(number, samples.subscription(number)) for number in list(numbers)[-count:]]
        store.save_subscriptions(connection, subscribed, NOW)


Answers = Callable[[Batch], Outcome]


@dataclass
class FakeProvider:
    """Keeps what it was handed; `answers` are used up one by one, then `otherwise` stands for all."""

    otherwise: Answers = lambda _: Outcome(Answer.ACCEPTED, reference="taken")
    answers: deque[Answers] = field(default_factory=deque)
    batch_size: int = 10
    first_batch: int = 1_000
    connections: int = 1
    name: str = "fake"
    is_real: bool = True
    found: Callable[[Batch], Outcome | None] = lambda _: None
    batches: list[Batch] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    """Every delivery that it really took, whatever it said of it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hand_over(self, batch: Batch) -> Outcome:
        with self.lock:
            self.batches.append(batch)
            answer = self.answers.popleft() if self.answers else self.otherwise
        outcome = answer(batch)
        with self.lock:
            for recipient in batch.recipients:
                said = outcome.own.get(recipient.delivery, (outcome.answer, ""))[0]
                if said is Answer.ACCEPTED:
                    self.taken.append(recipient.delivery)
        return outcome

    def evidence(self, batch: Batch) -> Outcome | None:
        return self.found(batch)

    def stop(self) -> None:
        """Each answer is there at once."""

    def close(self) -> None:
        """Nothing is open."""

    @property
    def handed(self) -> list[list[int]]:
        """The readers of each batch that it was asked to take."""
        return [[recipient.delivery for recipient in batch.recipients] for batch in self.batches]


def says(answer: Answer, reason: str = "", **more: Any) -> Answers:
    """The same outcome for whatever comes."""
    return lambda _: Outcome(answer, reason, **more)


def refusing(addresses: Collection[str]) -> Answers:
    """Refuses a whole batch for one bad address in it, naming nobody."""

    def answer(batch: Batch) -> Outcome:
        if any(recipient.address in addresses for recipient in batch.recipients):
            return Outcome(Answer.REFUSED, "400", divisible=True)
        return Outcome(Answer.ACCEPTED)

    return answer


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Desk:
    """What happens in the newsroom while an edition goes out, and the parts of its messages."""

    withdrawn: set[str] = field(default_factory=set)
    """Names of stories."""
    mended: Callable[[Selection], Selection] = lambda value: value
    """What else would change before the first hand-over."""
    announced: list[str] = field(default_factory=list)
    announce: Callable[[str], None] = lambda _: None

    @property
    def post(self) -> Post:
        return Post(
            variant_of=_variant_of,
            letter=_letter,
            envelope=_envelope,
            unsubscribe_url=lambda reader: f"https://feeds.quay.example/unsubscribe/{reader}u",
            preferences_url=lambda reader: f"https://feeds.quay.example/preferences/{reader}o",
            trial_phrase=lambda days, _: f"{days} days",
            message_id=lambda edition, reader: f"{edition}.{reader}@quay.example",
            revise=self.revise,
            announce=self._announce,
        )

    def revise(self, connection: Connection, value: Selection, withdrawals_only: bool) -> Selection:
        gone = {f"tag:quay.example,2026:articles/{name}" for name in self.withdrawn}
        if any(story.teaser.id in gone for story in value.stories):
            value = remainder(value, lambda story, _: story.teaser.id not in gone)
        return value if withdrawals_only else self.mended(value)

    def _announce(self, edition: str) -> None:
        self.announced.append(edition)
        self.announce(edition)


def _variant_of(value: Selection) -> VariantOf:
    def variant(candidate: Candidate) -> Variant | None:
        return variant_for(candidate.reader, candidate.subscription, DAY, value, "en")

    return variant


def _letter(value: Selection, variant: Variant) -> Letter:
    stories = " / ".join(story.teaser.slug for story in value.stories)
    return Letter(value.subject, (stories, Slot.UNSUBSCRIBE_URL), (variant.audience, Slot.TRIAL), "en")


def _envelope(moment: datetime) -> Envelope:
    return envelope(date=moment)


@dataclass
class House:
    """One edition's delivery, run after run."""

    engine: Engine
    provider: FakeProvider = field(default_factory=FakeProvider)
    desk: Desk = field(default_factory=Desk)
    clock: Clock = field(default_factory=Clock)
    key: str = KEY
    living: set[str] = field(default_factory=set)
    runs: int = 0

    def delivery(self, **changes: Any) -> Delivery:
        self.runs += 1
        terms: dict[str, Any] = {
            "provider": self.provider.name,
            "batch_size": self.provider.batch_size,
            "owner": f"run-{self.runs}",
        }
        terms |= {
            name: changes.pop(name) for name in ("owner", "allow_to", "max_per_hour") if name in changes
        }
        values: dict[str, Any] = {
            "engine": self.engine,
            "key": self.key,
            "provider": self.provider,
            "post": self.desk.post,
            "terms": Terms(**terms),
            "alive": self.living.__contains__,
            "clock": self.clock,
            "pause": self.clock.pause,
        }
        return Delivery(**values | changes)

    def run(self, **changes: Any) -> DeliveryReport:
        return self.delivery(**changes).run()

    @property
    def edition(self) -> Edition:
        with reading(self.engine) as connection:
            return editions.get(connection, self.key)

    @property
    def sum(self) -> Sum:
        with reading(self.engine) as connection:
            return checked_sum(connection, self.key)

    def states(self) -> Mapping[int, DeliveryState | str]:
        """Every candidate's state, or the reason why the reader was left out."""
        state = sa.func.coalesce(deliveries.c.state, batches.c.state)
        with reading(self.engine) as connection:
            delivered = connection.execute(
                sa.select(deliveries.c.reader_id, state)
                .join(batches, batches.c.id == deliveries.c.batch)
                .where(deliveries.c.edition == self.key)
            )
            excluded = sa.select(exclusions.c.reader_id, exclusions.c.reason)
            left_out = connection.execute(excluded.where(exclusions.c.edition == self.key))
            found = {number: DeliveryState(name) for number, name in delivered}
            # Both for one reader would be wrong: the ledger's own sum would not see it.
            reasons = {number: str(reason) for number, reason in left_out}
            assert not found.keys() & reasons.keys()
        return {**found, **reasons}

    def batches(self, *states: BatchState) -> tuple[ledger.BatchRow, ...]:
        with reading(self.engine) as connection:
            return ledger.batches_of(connection, self.key, *(states or tuple(BatchState)))


def slugs(batch: Batch) -> list[str]:
    """The stories in a batch's letter."""
    return str(batch.letter.html[0]).split(" / ")


def addresses(numbers: Iterable[int]) -> set[str]:
    """The sample readers' addresses."""
    return {samples.reader(number).address for number in numbers}


def other_day(days: int) -> tuple[date, str]:
    """A day and the key of its edition."""
    day = DAY + timedelta(days=days)
    return day, edition_key("daily", day)
