"""Planning: each candidate is one delivery or one exclusion with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsletter.delivery import planning
from newsletter.delivery.planning import Planned, exclusion
from newsletter.edition import ExclusionReason
from newsletter.tables import batches, deliveries, exclusions
from newsletter.variant import Audience, Variant
from newsroom.database import reading, writing
from newsroom.errors import StoreError
from readership.reader import Candidate, Plan, SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, Desk, House, composed, enrolled, many, selection


def candidate(
    number: int = 1, plan: Plan = Plan.FREE, suppressed: SuppressionReason | None = None, **more: Any
) -> Candidate:
    return Candidate(samples.reader(number, plan), samples.subscription(number, **more), suppressed)


def planned(engine: Engine, pages: Any, **changes: Any) -> Planned:
    arguments: dict[str, Any] = {
        "batch_size": 10,
        "variant_of": Desk().post.variant_of(selection()),
    } | changes
    with writing(engine) as connection:
        edition = House(engine).edition
        return planning.plan(connection, edition, pages, **arguments)


def batch_sizes(engine: Engine) -> list[tuple[int, int]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(batches.c.plan_order, batches.c.size).order_by(batches.c.id))
        return [(row.plan_order, row.size) for row in rows]


PAUSED, PENDING = SubscriptionStatus.PAUSED, SubscriptionStatus.PENDING


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"status": PENDING}, ExclusionReason.PENDING),
        ({"status": SubscriptionStatus.UNSUBSCRIBED}, ExclusionReason.UNSUBSCRIBED),
        ({"status": PAUSED}, ExclusionReason.PAUSED),
        ({"status": PAUSED, "paused_until": DAY}, ExclusionReason.PAUSED),
        ({"status": PAUSED, "paused_until": DAY - timedelta(days=1)}, None),
        ({"suppressed": SuppressionReason.BOUNCED}, ExclusionReason.BOUNCED),
        ({"suppressed": SuppressionReason.COMPLAINED}, ExclusionReason.COMPLAINED),
        ({"suppressed": SuppressionReason.CLEANED}, ExclusionReason.CLEANED),
        ({"suppressed": SuppressionReason.ERASED}, ExclusionReason.ERASED),
        ({"suppressed": SuppressionReason.UNSUBSCRIBED}, ExclusionReason.UNSUBSCRIBED),
        ({"status": PENDING, "suppressed": SuppressionReason.ERASED}, ExclusionReason.ERASED),
    ],
)
def test_why_a_candidate_gets_nothing(changes: dict[str, Any], reason: ExclusionReason | None) -> None:
    assert exclusion(candidate(**changes), DAY) is reason


@pytest.mark.parametrize(
    ("allow_to", "passes"),
    [
        ((), True),
        (("reader1@example.org",), True),
        (("READER1@Example.org",), True),
        (("@example.org",), True),
        (("@example.com", "other@example.org"), False),
        # A domain is no ending of another one, and an address no ending of an address.
        (("@ample.org",), False),
        (("1@example.org",), False),
    ],
)
def test_allow_to_lets_nobody_else_through(allow_to: tuple[str, ...], passes: bool) -> None:
    assert exclusion(candidate(), DAY, allow_to) is (None if passes else ExclusionReason.STAGING)


@pytest.mark.parametrize("at_a_time", [1, 2, planning.WRITTEN])
def test_both_unique_keys_hold_and_the_sum_still_does(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(planning, "WRITTEN", at_a_time)
    composed(engine)
    same_address = Candidate(samples.reader(2, key=samples.reader(1).key), samples.subscription(2))
    # Reader 1 twice, as where the list changes between two pages; reader 3 excluded twice.
    paused = candidate(3, status=PAUSED)
    made = planned(engine, [[candidate(1), paused], [candidate(1), same_address, paused, candidate(4)]])
    assert (made.candidates, made.deliveries) == (4, 2)
    assert made.exclusions == {ExclusionReason.PAUSED: 1, ExclusionReason.TWICE: 1}
    assert House(engine).states() == {
        1: "planned",
        4: "planned",
        2: "same address as another reader",
        3: "paused",
    }
    assert batch_sizes(engine) == [(3, 2)]
    values = {"edition": KEY, "batch": 1, "reason": ""}
    for row in ({"reader_id": 1, "recipient_key": "f" * 64}, {"reader_id": 9, "recipient_key": f"{1:064x}"}):
        with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
            connection.execute(sa.insert(deliveries).values(**values, **row))


def test_batches_are_of_one_plan_and_variant_and_never_too_big(engine: Engine) -> None:
    composed(engine)
    many(engine, 25)
    many(engine, 3, Plan.GROUP, first=26)
    many(engine, 4, Plan.PAID, first=29)
    report = House(engine).run(max_per_hour=0)
    assert report.planned == 32
    assert batch_sizes(engine) == [(0, 3), (1, 4), (3, 10), (3, 10), (3, 5)]


def test_readers_of_sections_without_a_story_are_left_out(engine: Engine) -> None:
    composed(engine)
    enrolled(engine, samples.reader(1), samples.reader(2), sections=frozenset({"briefs"}))
    enrolled(engine, samples.reader(3), sections=frozenset({"culture"}))
    house = House(engine)
    report = house.run()
    assert report.exclusions == {ExclusionReason.NO_STORIES.value: 2}
    assert house.provider.taken == [3]


def test_too_many_variants_fall_back_to_the_whole_edition(engine: Engine) -> None:
    composed(engine)
    many(engine, 1)
    enrolled(engine, samples.reader(2), sections=frozenset({"culture"}))
    enrolled(engine, samples.reader(3), samples.reader(4), sections=frozenset({"politics"}))
    house = House(engine)
    report = house.run(max_variants=2)
    assert report.widened == 2
    assert [str(batch.letter.html[0]).count("/") for batch in house.provider.batches] == [2, 0]
    assert report.accepted == 4


def test_trial_days_are_those_of_the_editions_date(engine: Engine) -> None:
    composed(engine)
    until = DAY + timedelta(days=4)
    enrolled(
        engine,
        samples.reader(1, Plan.TRIAL, plan_until=until),
        samples.reader(2, Plan.TRIAL, plan_until=DAY - timedelta(days=1)),
        samples.reader(3, Plan.PAID, plan_until=DAY - timedelta(days=1)),
    )
    house = House(engine)
    house.run()
    values = {r.delivery: r.values["trial"] for batch in house.provider.batches for r in batch.recipients}  # type: ignore[index] # a StrEnum
    assert values == {1: "5 days", 2: "", 3: ""}
    audiences = {
        r.delivery: batch.letter.text[0] for batch in house.provider.batches for r in batch.recipients
    }
    assert audiences == {1: Audience.TRIAL, 2: Audience.FREE, 3: Audience.FREE}


def test_it_is_planned_anew_only_when_the_stories_change(engine: Engine) -> None:
    composed(engine)
    many(engine, 2)
    house = House(engine)
    house.run(max_per_hour=0)
    many(engine, 1, first=3)
    house.run(max_per_hour=0)
    assert house.sum.candidates == 2
    house.desk.mended = lambda value: replace(value, subject="Mended")
    house.run(max_per_hour=0)
    assert house.sum.candidates == 3
    house.run()
    assert sorted(house.provider.taken) == [1, 2, 3]


def test_once_it_is_handed_over_it_is_never_planned_anew(engine: Engine) -> None:
    composed(engine)
    many(engine, 2)
    House(engine).run()
    with pytest.raises(StoreError, match="cannot be planned anew"):
        planned(engine, [[candidate(3)]])
    assert House(engine).sum.candidates == 2


def test_a_wrong_sum_plans_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    composed(engine)
    many(engine, 3)
    insert = planning.insert_rows

    def lossy(connection: Any, table: sa.Table, columns: Any, rows: Any) -> int:
        # Says that it wrote what it did not.
        insert(connection, table, columns, rows[:-1])
        return len(rows)

    monkeypatch.setattr(planning, "insert_rows", lossy)
    house = House(engine)
    with pytest.raises(StoreError, match="3 candidates, but 2 deliveries"):
        house.run()
    assert house.edition.candidates is None
    assert house.provider.batches == []
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar() == 0


def test_pages_are_walked_to_their_end(engine: Engine) -> None:
    many(engine, 7)
    with reading(engine) as connection:
        for size in (1, 3, 7, 8):
            found = [one.reader.id for page in planning.pages(connection, "daily", size) for one in page]
            assert found == list(range(1, 8))


_candidates = st.builds(
    lambda number, key, plan, status, suppressed, sections: Candidate(
        samples.reader(number, plan, key=f"{key:064x}"),
        samples.subscription(number, status=status, sections=sections),
        suppressed,
    ),
    st.integers(1, 12),
    st.integers(1, 8),
    st.sampled_from(Plan),
    st.sampled_from(SubscriptionStatus),
    st.sampled_from([None, None, None, SuppressionReason.BOUNCED]),
    st.sampled_from([frozenset(), frozenset({"culture"}), frozenset({"briefs"})]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(_candidates, max_size=8), max_size=5), st.integers(1, 4), st.integers(1, 3))
def test_every_reader_met_is_one_delivery_or_one_exclusion(
    pages: list[list[Candidate]], batch_size: int, max_variants: int
) -> None:
    from commands.context import in_memory

    # A reader's row does not change between two pages that both have it.
    first: dict[int, Candidate] = {}
    pages = [[first.setdefault(one.reader.id, one) for one in page] for page in pages]
    engine = in_memory()
    composed(engine)
    with writing(engine) as connection:
        made = planning.plan(
            connection,
            composed_edition(connection),
            pages,
            Desk().post.variant_of(selection()),
            batch_size=batch_size,
            max_variants=max_variants,
        )
        delivered = list(connection.execute(sa.select(deliveries.c.reader_id)).scalars())
        excluded = list(connection.execute(sa.select(exclusions.c.reader_id)).scalars())
        keys = list(connection.execute(sa.select(deliveries.c.recipient_key)).scalars())
        sizes = list(connection.execute(sa.select(batches.c.size)).scalars())
    assert Counter(delivered + excluded) == Counter(first.keys())
    assert len(keys) == len(set(keys))
    assert made.candidates == len(first)
    assert sum(sizes) == len(delivered)
    assert all(0 < size <= batch_size for size in sizes)
    due = {
        one.reader.key
        for one in first.values()
        if exclusion(one, DAY) is None and one.subscription.sections != {"briefs"}
    }
    assert set(keys) == due
    engine.dispose()


def composed_edition(connection: Any) -> Any:
    from newsletter import editions

    return editions.get(connection, KEY)


def test_a_suppressed_reader_of_the_store_is_excluded(engine: Engine) -> None:
    composed(engine)
    many(engine, 2)
    with writing(engine) as connection:
        suppress(connection, {samples.reader(1).key: SuppressionReason.COMPLAINED}, NOW, "an event")
    house = House(engine)
    assert house.run().exclusions == {ExclusionReason.COMPLAINED.value: 1}
    assert house.provider.taken == [2]
    assert Variant(Audience.FREE).key != Variant(Audience.TRIAL).key
