"""Editions handed over: every answer a provider may give, and what happens in the newsroom meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import editions, holds
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import BatchState, DeliveryState, EditionState, Edits, ExclusionReason, Selection
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import batches as batches_table
from newsletter.tables import deliveries
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus, HeldError, ProviderError, RenderError, StoreError
from readership import erasure, store
from readership.reader import Plan, SuppressionReason
from readership.suppression import suppress
from readership.tables import readers as readers_table
from tests import samples
from tests.newsletter.delivering import (
    KEY,
    NOW,
    FakeProvider,
    House,
    addresses,
    composed,
    enrolled,
    many,
    refusing,
    says,
    selection,
    slugs,
)

ACCEPTED, REFUSED, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN
DROPPED, PLANNED = DeliveryState.DROPPED, DeliveryState.PLANNED


@pytest.fixture
def house(engine: Engine) -> House:
    """The daily's edition with 25 free readers, in batches of 10."""
    composed(engine)
    many(engine, 25)
    return House(engine)


def test_everybody_gets_it_once_and_a_second_run_does_nothing(house: House) -> None:
    report = house.run()
    assert (report.candidates, report.accepted, report.batches, report.readers) == (25, 25, 3, 25)
    assert report.is_finished
    assert report.exit_status is ExitStatus.DONE
    assert sorted(house.provider.taken) == list(range(1, 26))
    assert house.edition.state is EditionState.SENT
    again = house.run()
    assert (again.batches, again.accepted, again.is_finished) == (0, 25, True)
    assert len(house.provider.batches) == 3


def test_plans_go_in_their_order(engine: Engine) -> None:
    composed(engine)
    order = (Plan.FREE, Plan.TRIAL, Plan.GROUP, Plan.PAID)
    enrolled(engine, *(samples.reader(number, plan) for number, plan in enumerate(order, 1)))
    house = House(engine)
    house.run()
    assert house.provider.handed == [[3], [4], [2], [1]]


def test_handed_is_committed_before_the_provider_is_called(house: House) -> None:
    seen = []

    def look(batch: Batch) -> Outcome:
        with reading(house.engine) as connection:
            row = connection.execute(sa.select(batches_table).where(batches_table.c.id == batch.number)).one()
        # No transaction is open: another one may write.
        with writing(house.engine) as connection:
            store.unsubscribe(connection, 25, "daily", NOW)
        seen.append((row.state, row.owner, row.provider, row.size, len(row.render)))
        return Outcome(Answer.ACCEPTED)

    house.provider.otherwise = look
    house.run()
    assert seen[0] == ("handed", "run-1", "fake", 10, 64)


def test_the_witness_is_told_before_the_first_hand_over_and_once(house: House) -> None:
    order: list[str] = []
    house.desk.announce = lambda key: order.append(f"witness {key}")

    def taken(batch: Batch) -> Outcome:
        order.append(f"batch {len(batch.recipients)}")
        return Outcome(Answer.ACCEPTED)

    house.provider.otherwise = taken
    house.run()
    house.run()
    assert order == [f"witness {KEY}", "batch 10", "batch 10", "batch 5"]


def test_an_objecting_witness_means_that_nobody_gets_anything(house: House) -> None:
    def object_(_: str) -> None:
        raise HeldError("the database is older than its witness")

    house.desk.announce = object_
    with pytest.raises(HeldError):
        house.run()
    assert house.provider.batches == []
    assert house.edition.first_handed is None


@pytest.mark.parametrize("count", [1, 2])
def test_bad_addresses_among_a_thousand_cost_few_requests(engine: Engine, count: int) -> None:
    composed(engine)
    many(engine, 1_000)
    bad = [137, 870][:count]
    provider = FakeProvider(batch_size=1_000, otherwise=refusing(addresses(bad)))
    house = House(engine, provider)
    report = house.run()
    assert (report.accepted, report.refused) == (1_000 - count, count)
    assert [number for number, state in house.states().items() if state is REFUSED] == bad
    assert len(provider.batches) <= 20 * count + 1
    assert Counter(provider.taken) == Counter(set(range(1, 1_001)) - set(bad))


def test_answers_of_their_own_are_kept_apart(house: House) -> None:
    own = {
        1: (Answer.REFUSED, "550 no such user"),
        2: (Answer.UNCERTAIN, "cut"),
        3: (Answer.NOT_NOW, "451 come back later"),
    }
    house.provider.answers.append(says(Answer.ACCEPTED, own=own))
    report = house.run()
    states = house.states()
    assert [states[number] for number in (1, 2, 3, 4)] == [REFUSED, UNCERTAIN, PLANNED, ACCEPTED]
    assert (report.accepted, report.refused, report.uncertain, report.planned) == (22, 1, 1, 1)
    assert report.exit_status is ExitStatus.HELD
    assert report.next_at == house.clock.now + timedelta(minutes=1)
    house.clock.pause(61)
    house.run()
    assert house.states()[3] is ACCEPTED
    assert Counter(house.provider.taken).most_common(1)[0][1] == 1


def test_a_batch_that_is_refused_as_a_whole_is_not_tried_again(house: House) -> None:
    house.provider.answers.append(says(Answer.REFUSED, "550 no"))
    report = house.run()
    assert (report.refused, report.accepted) == (10, 15)
    assert any("550 no" in problem.message for problem in report.problems)
    assert house.run().batches == 0


def test_not_now_ends_the_run_and_is_tried_again_later(house: House) -> None:
    house.provider.answers.append(says(Answer.NOT_NOW, "503"))
    report = house.run()
    assert report.stopped_by is StoppedBy.NOT_NOW
    assert report.exit_status is ExitStatus.FAILED
    assert (report.planned, report.next_at) == (25, NOW + timedelta(minutes=1))
    house.clock.pause(20)
    house.run()
    assert sorted(house.provider.taken) == list(range(11, 26))
    house.clock.pause(41)
    assert house.run().is_finished
    assert sorted(house.provider.taken) == list(range(1, 26))


def test_each_not_now_waits_twice_as_long_up_to_a_quarter_of_an_hour(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine, FakeProvider(otherwise=says(Answer.NOT_NOW, "421")))
    waits = []
    for _ in range(9):
        report = house.run()
        assert report.next_at is not None
        waits.append((report.next_at - house.clock.now) // timedelta(minutes=1))
        house.clock.now = report.next_at
    assert waits == [1, 2, 4, 8, 15, 15, 15, 15, 15]
    for _ in range(3):
        report = house.run()
        house.clock.now = report.next_at or house.clock.now


def test_a_short_wait_that_was_asked_for_is_waited_in_the_run(house: House) -> None:
    house.provider.answers.append(says(Answer.NOT_NOW, "429", retry_after=20.0))
    report = house.run()
    assert report.is_finished
    assert report.batches == 4
    assert house.clock.now - NOW == timedelta(seconds=20)


def test_a_provider_that_always_asks_for_patience_does_not_keep_a_run_for_ever(house: House) -> None:
    house.provider.otherwise = says(Answer.NOT_NOW, "429", retry_after=29.0)
    report = house.run()
    assert not report.is_finished
    assert report.next_at is not None
    assert house.clock.now - NOW < timedelta(minutes=8)


@pytest.mark.parametrize("error", [None, ProviderError("outbox: no folder's name")])
def test_stop_ends_the_run_at_the_first(house: House, error: ProviderError | None) -> None:
    def answer(_: Batch) -> Outcome:
        if error:
            raise error
        return Outcome(Answer.STOP, "401: check the key")

    house.provider.answers.append(answer)
    report = house.run()
    assert (len(house.provider.batches), report.stopped_by) == (1, StoppedBy.PROVIDER)
    assert report.exit_status is ExitStatus.FAILED
    assert report.planned == 25
    # Mended: it goes on at once.
    assert house.run().is_finished
    assert sorted(house.provider.taken) == list(range(1, 26))


def test_where_nothing_was_taken_the_edition_is_open_again(house: House) -> None:
    house.provider.answers.append(says(Answer.STOP, "401"))
    house.run()
    assert (house.edition.first_handed, house.edition.state) == (None, EditionState.COMPOSED)
    house.desk.mended = lambda value: replace(value, subject="Mended at 05:52")
    house.run()
    assert house.edition.revision == 2
    assert {batch.letter.subject for batch in house.provider.batches[1:]} == {"Mended at 05:52"}
    house.desk.mended = lambda value: replace(value, subject="Too late")
    assert house.run().accepted == 25
    assert house.edition.revision == 2


def test_the_log_names_what_was_withdrawn_before_it_went_out(house: House) -> None:
    house.desk.withdrawn.add("ferry")
    house.run()
    with reading(house.engine) as connection:
        said = [what for _, _, what in editions.log_of(connection, house.key)]
    (revision,) = [what for what in said if "brought up to date" in what]
    ferry = "tag:quay.example,2026:articles/ferry"
    assert revision.endswith(f"revision 2: brought up to date before it goes out: without 1: {ferry}")


def test_uncertain_is_held_and_never_handed_again(house: House) -> None:
    house.provider.answers.append(says(Answer.UNCERTAIN, "time-out"))
    report = house.run()
    assert (report.uncertain, report.accepted, report.exit_status) == (10, 15, ExitStatus.HELD)
    house.clock.pause(10 * 24 * 3600)
    again = house.run()
    assert (again.batches, again.uncertain) == (0, 10)
    assert sorted(house.provider.taken) == list(range(11, 26))


def test_a_fault_of_ours_is_uncertain_and_the_others_are_written_down(house: House) -> None:
    def broken(_: Batch) -> Outcome:
        raise ZeroDivisionError

    house.provider.connections = 2
    house.provider.answers.extend([broken, says(Answer.ACCEPTED)])
    with pytest.raises(ZeroDivisionError):
        house.run()
    states = Counter(house.states().values())
    assert states[UNCERTAIN] == 10
    assert states[DeliveryState.HANDED] == 0


def test_a_letter_that_cannot_be_made_leaves_nothing_uncertain(house: House) -> None:
    enrolled(house.engine, samples.reader(26, Plan.GROUP), samples.reader(27, Plan.PAID))
    entered, leave = threading.Event(), threading.Event()

    def slow(batch: Batch) -> Outcome:
        if batch.recipients[0].delivery == 26:
            # The first goes alone.
            return Outcome(Answer.ACCEPTED)
        entered.set()
        assert leave.wait(10)
        return Outcome(Answer.ACCEPTED)

    house.provider.otherwise = slow
    house.provider.connections = 2
    delivery = house.delivery()
    good = delivery.post.letter

    def letter(value: Selection, variant: object) -> object:
        if getattr(variant, "audience", "") == "member":
            return good(value, variant)  # type: ignore[arg-type] # it is a variant
        assert entered.wait(10)
        leave.set()
        raise RenderError("digest.mjml.j2: no such filter")

    post = replace(delivery.post, letter=letter)  # type: ignore[arg-type] # looser than it has to be
    with pytest.raises(RenderError):
        replace(delivery, post=post).run()
    assert (house.states()[26], house.states()[27]) == (ACCEPTED, ACCEPTED)
    assert house.batches(BatchState.HANDED) == ()


def test_outcomes_are_written_down_once_the_disk_has_room_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsletter.delivery import outcomes

    record, failures = outcomes.record, [StoreError("disk full")] * 2

    def failing(*arguments: object) -> bool:
        if failures:
            raise failures.pop()
        return record(*arguments)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(outcomes, "record", failing)
    assert house.run().accepted == 25


# What happens to readers meanwhile


def test_readers_are_looked_at_again_right_before_their_batch(house: House) -> None:
    def meanwhile(_: Batch) -> Outcome:
        with writing(house.engine) as connection:
            store.unsubscribe(connection, 11, "daily", NOW)
            suppress(connection, {samples.reader(12).key: SuppressionReason.BOUNCED}, NOW, "an event")
            erasure.forget(connection, samples.reader(13), NOW)
            # A new address that another reader's delivery has already, and one that is free.
            move = sa.update(readers_table)
            connection.execute(
                move.where(readers_table.c.id == 25).values(key=f"{99:064x}", address="x@y.zz")
            )
            connection.execute(
                move.where(readers_table.c.id == 14).values(key=samples.reader(25).key, address="r25@x.zz")
            )
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(meanwhile)
    report = house.run()
    states = house.states()
    assert [states[number] for number in (10, 11, 12, 14, 15, 25)] == [
        ACCEPTED, DROPPED, DROPPED, DROPPED, ACCEPTED, ACCEPTED,
    ]  # fmt: skip
    assert report.drops == {
        "unsubscribed": 1,
        ExclusionReason.BOUNCED.value: 1,
        "no longer a reader of this newsletter": 1,
        "same address as another reader": 1,
    }
    assert (report.candidates, report.accepted, report.dropped) == (25, 21, 4)
    assert house.provider.batches[-1].recipients[-1].address == "x@y.zz"


def test_where_a_whole_batch_has_left_no_request_is_made(house: House) -> None:
    def meanwhile(_: Batch) -> Outcome:
        with writing(house.engine) as connection:
            for number in range(11, 21):
                store.unsubscribe(connection, number, "daily", NOW)
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(meanwhile)
    report = house.run()
    assert (report.dropped, report.batches, report.is_finished) == (10, 2, True)


def test_allow_to_holds_for_batches_planned_before_it(house: House) -> None:
    house.provider.answers.append(says(Answer.NOT_NOW, "503"))
    house.run()
    house.clock.pause(60)
    report = house.run(allow_to=("reader7@example.org",))
    assert house.provider.taken == [7]
    assert report.drops == {ExclusionReason.STAGING.value: 24}


# What happens to stories meanwhile


def test_a_withdrawal_between_two_batches_makes_a_revision_for_those_to_come(house: House) -> None:
    def meanwhile(_: Batch) -> Outcome:
        house.desk.withdrawn.add("ferry")
        house.desk.mended = lambda value: replace(value, subject="Mended too late")
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(meanwhile)
    house.run()
    assert [slugs(batch) for batch in house.provider.batches] == [
        ["bridge", "ferry", "cello"],
        ["bridge", "cello"],
        ["bridge", "cello"],
    ]
    assert [row.revision for row in house.batches()] == [1, 2, 2]
    assert len({row.render for row in house.batches()}) == 2
    assert {batch.letter.subject for batch in house.provider.batches} == {"The bridge reopens"}


def test_readers_for_whom_a_withdrawal_left_nothing_are_dropped(engine: Engine) -> None:
    composed(engine)
    many(engine, 10)
    enrolled(engine, samples.reader(11), sections=frozenset({"culture"}))
    house = House(engine)

    def meanwhile(_: Batch) -> Outcome:
        house.desk.withdrawn.add("cello")
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(meanwhile)
    report = house.run()
    assert report.drops == {ExclusionReason.NO_STORIES.value: 1}
    assert report.is_finished


def test_a_story_withdrawn_after_planning_is_in_nobodys_mail(house: House) -> None:
    house.desk.announce = lambda _: house.desk.withdrawn.add("cello")
    house.run()
    assert {tuple(slugs(batch)) for batch in house.provider.batches} == {("bridge", "ferry")}
    assert house.sum.of(ACCEPTED) == 25


def test_an_edition_of_which_everything_was_withdrawn_is_held(house: House) -> None:
    house.desk.withdrawn.update(("bridge", "ferry", "cello"))
    report = house.run()
    assert (report.stopped_by, report.exit_status) == (StoppedBy.HELD, ExitStatus.HELD)
    assert house.provider.batches == []
    assert "withdrawn" in house.edition.held


# What a person does meanwhile


@pytest.mark.parametrize(("act", "stopped_by"), [("hold", StoppedBy.HELD), ("stop", StoppedBy.STOPPED)])
def test_hold_and_stop_bite_between_two_batches(house: House, act: str, stopped_by: StoppedBy) -> None:
    def meanwhile(_: Batch) -> Outcome:
        with writing(house.engine) as connection:
            getattr(holds, act)(connection, KEY, "the lawyer called", "nele", NOW)
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(meanwhile)
    report = house.run()
    assert (report.stopped_by, report.accepted, report.planned) == (stopped_by, 10, 15)
    assert house.run().batches == 0
    with writing(house.engine) as connection:
        if act == "hold":
            holds.release(connection, KEY, "nele", NOW)
        else:
            holds.resume(connection, KEY, "fake", "nele", NOW)
    assert house.run().is_finished
    assert sorted(house.provider.taken) == list(range(1, 26))


def test_a_process_asked_to_end_finishes_what_is_in_flight(house: House) -> None:
    report = house.run(stopping=lambda: len(house.provider.batches) >= 1)
    assert (report.stopped_by, report.accepted, report.planned) == (StoppedBy.ASKED, 10, 15)
    assert house.batches(BatchState.HANDED, BatchState.UNCERTAIN) == ()


# The pace


def test_max_per_hour_holds_over_runs_and_cuts_batches(house: House) -> None:
    report = house.run(max_per_hour=12)
    assert (report.accepted, report.stopped_by) == (12, StoppedBy.PACE)
    assert report.exit_status is ExitStatus.DONE
    assert report.next_at == NOW + timedelta(hours=1)
    house.clock.pause(3599)
    assert house.run(max_per_hour=12).accepted == 12
    house.clock.pause(1)
    assert house.run(max_per_hour=12).accepted == 24
    house.clock.pause(3600)
    assert house.run(max_per_hour=12).is_finished
    assert Counter(house.provider.taken) == Counter(range(1, 26))


def test_what_was_certainly_not_taken_does_not_count_for_the_pace(house: House) -> None:
    house.provider.answers.append(says(Answer.STOP, "401"))
    house.run(max_per_hour=10)
    assert house.run(max_per_hour=10).accepted == 10


def test_a_provider_with_smaller_batches_than_planned_gets_them(house: House) -> None:
    house.provider.answers.append(says(Answer.STOP, "401"))
    house.run()
    house.provider.batch_size = 4
    house.run()
    assert max(map(len, house.provider.handed[1:])) == 4
    assert sorted(house.provider.taken) == list(range(1, 26))


# Several at once


def test_two_deliverers_at_once_hand_each_batch_over_once(engine: Engine) -> None:
    composed(engine)
    many(engine, 200)
    provider = FakeProvider(batch_size=5, connections=3)
    house = House(engine, provider)
    # Each thinks that the other one lives, and neither waits for the newsletter's lock.
    pair: list[Delivery] = [house.delivery(alive=lambda _: False) for _ in range(2)]
    pair = [replace(one, alive=lambda owner: owner.startswith("run-")) for one in pair]
    start = threading.Barrier(2)
    reports: list[DeliveryReport] = []

    def work(one: Delivery) -> None:
        start.wait(10)
        reports.append(one.run())

    threads = [threading.Thread(target=work, args=(one,)) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reports) == 2
    assert Counter(provider.taken) == Counter(range(1, 201))
    assert house.run().accepted == 200


def test_connections_are_used_at_once_and_no_more_of_them(engine: Engine) -> None:
    composed(engine)
    many(engine, 65)
    provider = FakeProvider(batch_size=5, connections=3)
    provider.answers.append(says(Answer.ACCEPTED))
    at_once, most = 0, 0
    meeting = threading.Barrier(3)

    def answer(_: Batch) -> Outcome:
        nonlocal at_once, most
        with provider.lock:
            at_once += 1
            most = max(most, at_once)
        meeting.wait(10)
        with provider.lock:
            at_once -= 1
        return Outcome(Answer.ACCEPTED)

    provider.otherwise = answer
    assert House(engine, provider).run().accepted == 65
    assert most == 3


# The sum


def test_a_ledger_changed_from_outside_stops_the_run(house: House) -> None:
    house.provider.answers.append(says(Answer.NOT_NOW, "503"))
    house.run()
    with writing(house.engine) as connection:
        connection.execute(sa.delete(deliveries).where(deliveries.c.reader_id == 3))
    before = len(house.provider.batches)
    with pytest.raises(StoreError, match="25 candidates, but 24 deliveries"):
        house.run()
    assert len(house.provider.batches) == before


def test_an_edition_without_readers_is_over_and_the_witness_not_troubled(engine: Engine) -> None:
    composed(engine)
    house = House(engine)
    report = house.run()
    assert (report.candidates, report.is_finished, house.desk.announced) == (0, True, [])


def test_an_outbox_edition_that_goes_on_by_mail_counts_as_mailed(house: House) -> None:
    house.provider.name = "outbox"
    house.run(stopping=lambda: len(house.provider.batches) >= 1)
    house.provider.name = "smtp"
    house.run()
    with reading(house.engine) as connection:
        table = editions.editions
        assert connection.execute(sa.select(table.c.provider)).scalar_one() == "smtp"


def test_no_reason_holds_an_address(house: House) -> None:
    house.provider.answers.append(says(Answer.REFUSED, "550"))
    report = house.run()
    assert "@" not in "".join(problem.message for problem in report.problems)
    assert selection().has_news


def by_hand() -> Selection:
    """The edition with a subject and a note of an editor's."""
    value = selection()
    lead = value.lead
    assert lead is not None
    edits = Edits(subject="A crane falls", subject_of=lead.teaser.id, note="<p>Look.</p>")
    return replace(value, subject="A crane falls", note="<p>Look.</p>", edits=edits)


def test_a_subject_written_by_hand_goes_with_its_story_and_the_run_says_so(engine: Engine) -> None:
    composed(engine, by_hand())
    many(engine, 12)
    house = House(engine)
    house.desk.withdrawn.add("bridge")
    report = house.run()
    assert {batch.letter.subject for batch in house.provider.batches} == {"The ferry reopens"}
    assert [problem.message.split(" with ")[0] for problem in report.problems[:1]] == [
        f"{KEY}: the subject written by hand is given up"
    ]
    assert "see whether it speaks of “The bridge reopens”, out of" in report.problems[1].message
    assert [problem.is_notice for problem in report.problems] == [True, True]
    with reading(engine) as connection:
        said = [what for _, _, what in editions.log_of(connection, KEY)]
    assert any("brought up to date" in what and "is given up with" in what for what in said)


def test_also_while_the_edition_goes_out_and_the_log_names_what_was_withdrawn(engine: Engine) -> None:
    composed(engine, by_hand())
    many(engine, 12)
    house = House(engine)

    def withdrawn(_: Batch) -> Outcome:
        house.desk.withdrawn.add("bridge")
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.append(withdrawn)
    report = house.run()
    assert [batch.letter.subject for batch in house.provider.batches] == [
        "A crane falls",
        "The ferry reopens",
    ]
    assert len(report.problems) == 2
    with reading(engine) as connection:
        said = [what for _, _, what in editions.log_of(connection, KEY)]
    bridge, ferry = (f"tag:quay.example,2026:articles/{name}" for name in ("bridge", "ferry"))
    (withdrew,) = [what for what in said if "withdrawn while it goes out" in what]
    assert withdrew.startswith(
        f"revision 2: withdrawn while it goes out: without 1: {bridge}; lead {ferry} instead of {bridge}; "
        'subject "The ferry reopens" instead of "A crane falls"; the subject written by hand is given up'
    )
    assert f"see whether it speaks of {bridge}," in withdrew


@pytest.mark.parametrize("by", list(StoppedBy))
def test_what_ended_a_run_is_said_as_what_it_was(by: StoppedBy) -> None:
    assert not by.value.startswith(("held", "stopped", "asked"))
    assert by is StoppedBy.PACE or by.value.split()[0] in ("a", "the", "another", "somebody's")
