"""What was cut off, settled: by evidence, by a person, by a choice made beforehand; and hand-overs again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import edition_csv, editions, history, holds, ledger
from newsletter.before import NOT_SENT, SENT
from newsletter.delivery import resending, settle
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.delivery_report import StoppedBy
from newsletter.delivery.resending import Resent
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer, Batch, Outcome
from newsletter.reader_moments import moments
from newsletter.tables import batches as batches_table
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus, HeldError, MisuseError, StandfirstError
from readership import erasure, store
from tests import samples
from tests.newsletter.delivering import (
    KEY,
    NOW,
    Answers,
    FakeProvider,
    House,
    composed,
    enrolled,
    many,
    says,
    slugs,
)

HANDED, UNCERTAIN, ACCEPTED = DeliveryState.HANDED, DeliveryState.UNCERTAIN, DeliveryState.ACCEPTED
REFUSED, DROPPED, PLANNED = DeliveryState.REFUSED, DeliveryState.DROPPED, DeliveryState.PLANNED


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is written."""


@pytest.fixture
def house(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> House:
    """25 readers in batches of 10; the run died when its second batch was in the provider's hands."""
    composed(engine)
    many(engine, 25)
    house = House(engine)
    record = Delivery._record
    answered = 0

    def dies(self: Delivery, *answered_so: Any) -> int:
        nonlocal answered
        answered += 1
        if answered > 1:
            raise Killed
        return record(self, *answered_so)

    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "_record", dies)
        with pytest.raises(Killed):
            house.run()
    assert Counter(house.states().values()) == {ACCEPTED: 10, HANDED: 10, PLANNED: 5}
    return house


def resolved(house: House, number: int, *, sent: bool) -> int:
    with writing(house.engine) as connection:
        return settle.resolve(connection, number, sent, "nele", NOW).readers


def asked_again(house: House, *whom: int, anew: bool = False) -> Resent:
    with writing(house.engine) as connection:
        who: Collection[int] | Literal["refused"] = whom or "refused"
        return resending.resend(connection, KEY, who, house.desk.revise, 10, "nele", NOW, anew=anew)


def resent(house: House, *whom: int, anew: bool = False) -> int:
    return asked_again(house, *whom, anew=anew).readers


def all_names(house: House) -> list[str]:
    with reading(house.engine) as connection:
        return [story.teaser.slug for story in editions.selection_of(connection, KEY, 1).stories]


# Leftovers


def test_without_evidence_what_was_in_flight_is_uncertain_and_the_rest_goes_on(house: House) -> None:
    report = house.run()
    assert (report.accepted, report.uncertain, report.exit_status) == (15, 10, ExitStatus.HELD)
    assert Counter(house.provider.taken) == Counter(range(1, 26))


def test_evidence_settles_each_reader(house: House) -> None:
    # The provider took the first four of the batch and no more.
    del house.provider.taken[14:20]
    house.provider.found = lambda batch: Outcome(
        Answer.NOT_NOW,
        "not in the outbox",
        own={r.delivery: (Answer.ACCEPTED, "") for r in batch.recipients if r.delivery in (11, 12, 13, 14)},
    )
    report = house.run()
    assert (report.accepted, report.uncertain, report.is_finished) == (25, 0, True)
    assert Counter(house.provider.taken) == Counter(range(1, 26))


def test_evidence_is_asked_for_the_very_messages(house: House) -> None:
    asked: list[Batch] = []
    house.provider.found = lambda batch: asked.append(batch)
    house.clock.pause(600)
    house.run()
    before = house.provider.batches[1]
    assert asked[0] == before


def test_who_was_erased_meanwhile_stays_uncertain(house: House) -> None:
    with writing(house.engine) as connection:
        erasure.forget(connection, samples.reader(11), NOW)
    house.provider.found = lambda _: Outcome(Answer.ACCEPTED)
    report = house.run()
    assert (report.accepted, report.uncertain) == (24, 1)


def test_another_provider_is_not_asked_for_evidence(house: House) -> None:
    house.provider.found = lambda _: Outcome(Answer.ACCEPTED)
    house.provider.name = "another"
    assert house.run().uncertain == 10


def test_the_batches_of_a_run_that_lives_are_left_alone(house: House) -> None:
    house.living.add("run-1")
    report = house.run()
    assert (report.stopped_by, report.planned, report.exit_status) == (StoppedBy.BUSY, 15, ExitStatus.DONE)
    house.living.clear()
    assert house.run().uncertain == 10


def test_leftovers_of_a_held_edition_are_settled_too(house: House) -> None:
    with writing(house.engine) as connection:
        holds.hold(connection, KEY, "", "nele", NOW)
    report = house.run()
    assert (report.stopped_by, report.uncertain, report.planned) == (StoppedBy.HELD, 10, 5)


# Resolve


def story(house: House, reader_id: int) -> list[str]:
    with reading(house.engine) as connection:
        return [f"{one.what} ({one.more})" for one in moments(connection, KEY, reader_id)]


def csv_of(house: House) -> dict[str, str]:
    file = io.StringIO()
    with reading(house.engine) as connection:
        edition_csv.write(connection, KEY, file)
    return {row["reader"]: row["before"] for row in csv.DictReader(io.StringIO(file.getvalue()))}


def test_a_readers_story_says_who_decided_and_what_was_before(house: House) -> None:
    house.run()
    resolved(house, 2, sent=True)
    told = story(house, 11)
    assert told.count("handed over (to fake, batch 2, revision 1)") == 1
    assert f"said to be sent by nele (before: uncertain: {settle.CUT_OFF})" in told
    assert not any(one.startswith("accepted") for one in told)
    said = csv_of(house)
    assert said["11"].startswith("uncertain (handed over 2026-03-10T12:00:00Z, batch 2): the run was cut off")
    assert "; said to be sent by nele 2026-" in said["11"]
    assert said["1"] == ""


def test_what_was_said_not_to_be_sent_keeps_its_first_hand_over(house: House) -> None:
    house.run()
    resolved(house, 2, sent=False)
    house.run()
    told = story(house, 11)
    assert f"said not to be sent by nele (before: uncertain: {settle.CUT_OFF})" in told
    assert "accepted by fake (taken)" in told


def test_a_second_hand_over_writes_over_nothing(engine: Engine) -> None:
    composed(engine)
    many(engine, 1)
    house = House(engine)
    house.run()
    resent(house, 1)
    house.run()
    told = story(house, 1)
    assert "to be handed over again by nele (before: accepted)" in told
    assert [one.split(" (")[0] for one in told].count("accepted by fake") == 2
    assert csv_of(house)["1"].startswith("accepted (handed over ")


@pytest.mark.parametrize("sent", [True, False])
def test_a_person_settles_a_whole_batch(house: House, sent: bool) -> None:
    house.run()
    assert house.edition.state is EditionState.SENT
    if not sent:
        del house.provider.taken[10:20]
    assert resolved(house, 2, sent=sent) == 10
    assert house.edition.state is (EditionState.SENT if sent else EditionState.SENDING)
    report = house.run()
    assert (report.accepted, report.uncertain, report.is_finished) == (25, 0, True)
    assert Counter(house.provider.taken) == Counter(range(1, 26))
    with reading(house.engine) as connection:
        logged = [entry[1:] for entry in editions.log_of(connection, KEY)]
    assert ("nele", f"batch 2 (10 readers): {'sent' if sent else 'not sent'}") in logged


@pytest.mark.parametrize("sent", [True, False])
def test_a_person_settles_single_readers(engine: Engine, sent: bool) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.provider.answers.append(says(Answer.ACCEPTED, own={2: (Answer.UNCERTAIN, "cut")}))
    house.run()
    assert resolved(house, 1, sent=sent) == 1
    house.run()
    assert house.states() == dict.fromkeys((1, 2, 3), ACCEPTED)
    assert house.provider.handed == ([[1, 2, 3]] if sent else [[1, 2, 3], [2]])


def settled(house: House, number: int, *, sent: bool, but: Collection[int]) -> tuple[int, int]:
    with writing(house.engine) as connection:
        done = settle.resolve(connection, number, sent, "nele", NOW, but=but)
    return done.sent, done.planned


@pytest.mark.parametrize("sent", [True, False])
def test_some_of_a_batch_are_settled_the_other_way(house: House, sent: bool) -> None:
    house.run()
    lost = {12, 13} if sent else set(range(11, 21)) - {12, 13}
    house.provider.taken[:] = [id_ for id_ in house.provider.taken if id_ not in lost]
    # Whoever is in no doubt is none of the batch's, whoever names them.
    assert settled(house, 2, sent=sent, but={1, 12, 13}) == (10 - len(lost), len(lost))
    assert {id_ for id_, state in house.states().items() if state is PLANNED} == lost
    assert sum(row.size for row in house.batches()) == 25
    report = house.run()
    assert (report.accepted, report.uncertain, report.is_finished) == (25, 0, True)
    assert Counter(house.provider.taken) == Counter(range(1, 26))
    told = story(house, 12)
    before = f"(before: uncertain: {settle.CUT_OFF})"
    assert f"{NOT_SENT if sent else SENT} by nele {before}" in told


@pytest.mark.parametrize("lost", [{2}, {3}, {2, 3}])
def test_single_readers_are_told_apart_too(engine: Engine, lost: set[int]) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    own = {2: (Answer.UNCERTAIN, "cut"), 3: (Answer.UNCERTAIN, "cut")}
    house.provider.answers.append(says(Answer.ACCEPTED, own=own))
    house.run()
    assert settled(house, 1, sent=True, but=lost) == (2 - len(lost), len(lost))
    house.run()
    assert house.states() == dict.fromkeys((1, 2, 3), ACCEPTED)
    assert house.provider.handed == [[1, 2, 3], sorted(lost)]


def test_only_what_is_uncertain_can_be_resolved(house: House) -> None:
    for number, why in ((1, "accepted: nothing in it is uncertain"), (99, "no batch 99")):
        with pytest.raises(StandfirstError, match=why):
            resolved(house, number, sent=False)
    house.run()
    resolved(house, 2, sent=True)
    with pytest.raises(MisuseError, match="nothing in it is uncertain"):
        resolved(house, 2, sent=False)


def test_leftovers_of_a_stopped_edition_are_settled_and_nobody_else_gets_it(house: House) -> None:
    with writing(house.engine) as connection:
        assert history.cut_off(connection, "daily") == (house.edition,)
        holds.stop(connection, KEY, "", "nele", NOW)
        assert [one.key for one in history.cut_off(connection, "daily")] == [KEY]
    report = house.run()
    assert (report.stopped_by, report.uncertain, report.planned) == (StoppedBy.STOPPED, 10, 5)
    assert resolved(house, 2, sent=False) == 10
    house.run()
    assert (house.edition.state, len(house.provider.batches)) == (EditionState.STOPPED, 2)
    with reading(house.engine) as connection:
        assert history.cut_off(connection, "daily") == ()


@pytest.mark.parametrize("sent", [True, False])
def test_a_person_settles_what_a_dead_run_was_handing_over(house: House, sent: bool) -> None:
    dead = {"run-1"}.isdisjoint
    with writing(house.engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
        assert settle.doubtful(connection, KEY, lambda _: False) == (2,)
        assert settle.doubtful(connection, KEY, lambda _: True) == ()
        with pytest.raises(MisuseError, match="in the hands of a run that lives"):
            settle.resolve(connection, 2, sent, "nele", NOW, lambda _: True)
        assert settle.resolve(connection, 2, sent, "nele", NOW, lambda owner: dead([owner])).readers == 10
    assert Counter(house.states().values()) == (
        {ACCEPTED: 20, PLANNED: 5} if sent else {ACCEPTED: 10, PLANNED: 15}
    )


def test_what_a_restored_database_had_in_flight_frees_no_story(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)

    def dies(*_: object) -> int:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Delivery, "_record", dies)
        house.run()
    with writing(engine) as connection:
        holds.count_as_sent(connection, KEY, "fake", "nele", NOW)
    # Not there any more is no proof that nobody had it.
    house.provider.found = lambda _: Outcome(Answer.NOT_NOW, "not in the outbox")
    report = house.run()
    assert (report.planned, report.batches) == (3, 0)
    assert house.edition.first_handed is not None
    assert (house.edition.state, house.edition.note) == (EditionState.STOPPED, holds.HANDED_BEFORE)


# Resend


@pytest.fixture
def refused(engine: Engine) -> House:
    """25 readers; 3 and 4 refused on their own, the last five as a batch; 11 uncertain."""
    composed(engine)
    many(engine, 25)
    house = House(engine)
    own = {3: (Answer.REFUSED, "550"), 4: (Answer.REFUSED, "550")}
    house.provider.answers.extend(
        (
            says(Answer.ACCEPTED, own=own),
            says(Answer.ACCEPTED),
            says(Answer.REFUSED, "554"),
        )
    )
    house.run()
    with writing(engine) as connection:
        ledger.set_state(connection, KEY, {11: "cut"}, DeliveryState.UNCERTAIN)
    return house


def test_resend_hands_over_the_stored_letter_to_those_refused(refused: House) -> None:
    refused.desk.mended = lambda value: value
    assert resent(refused) == 7
    assert refused.edition.state is EditionState.SENDING
    report = refused.run()
    assert (report.accepted, report.refused, report.uncertain) == (24, 0, 1)
    assert refused.provider.handed[3:] == [[3, 4], [21, 22, 23, 24, 25]]
    assert {batch.letter for batch in refused.provider.batches} == {refused.provider.batches[0].letter}
    assert Counter(refused.provider.taken).most_common(1)[0][1] == 1
    with pytest.raises(MisuseError, match="nobody was refused"):
        resent(refused)


def test_resend_to_one_reader_is_a_persons_word(refused: House) -> None:
    assert resent(refused, 1) == 1
    refused.run()
    assert refused.provider.taken.count(1) == 2


def leaves(house: House, reader: int) -> None:
    with writing(house.engine) as connection:
        store.unsubscribe(connection, reader, "daily", NOW)


@pytest.mark.parametrize("staging", [False, True])
def test_a_reader_who_got_it_keeps_that_where_nothing_comes_of_a_second_one(
    refused: House, staging: bool
) -> None:
    before = refused.sum
    assert resent(refused, 1) == 1
    assert refused.states()[1] is PLANNED
    if staging:
        report = refused.run(allow_to=("@elsewhere.example",))
    else:
        leaves(refused, 1)
        report = refused.run()
    assert refused.states()[1] is ACCEPTED
    assert (report.batches, report.dropped, refused.sum) == (0, 0, before)
    with reading(refused.engine) as connection:
        assert "not handed over again to 1 reader: " in editions.log_of(connection, KEY)[-2][2]


@pytest.mark.parametrize(
    "answers",
    [
        [says(Answer.REFUSED, "550")],
        [says(Answer.ACCEPTED, own={1: (Answer.REFUSED, "550")})],
        [says(Answer.NOT_NOW, "451"), says(Answer.REFUSED, "550")],
        [says(Answer.ACCEPTED, own={1: (Answer.NOT_NOW, "451")}), says(Answer.REFUSED, "550")],
    ],
)
def test_a_refused_second_one_does_not_undo_the_first(refused: House, answers: list[Answers]) -> None:
    resent(refused, 1)
    refused.provider.answers.extend(answers)
    for _ in answers:
        refused.run()
        refused.clock.pause(3600)
    assert refused.states()[1] is ACCEPTED
    assert refused.provider.taken.count(1) == 1


def test_an_uncertain_second_one_is_looked_up_and_leaves_the_first(refused: House) -> None:
    resent(refused, 1)
    refused.provider.answers.append(says(Answer.ACCEPTED, own={1: (Answer.UNCERTAIN, "cut")}))
    refused.run()
    assert refused.states()[1] is UNCERTAIN
    (number,) = [row.id for row in refused.batches() if row.resend]
    assert resolved(refused, number, sent=False) == 1
    leaves(refused, 1)
    refused.run()
    assert refused.states()[1] is ACCEPTED


def test_who_has_left_is_not_resent_to(refused: House) -> None:
    leaves(refused, 1)
    with pytest.raises(MisuseError, match="not handed over to reader 1 again: unsubscribed"):
        resent(refused, 1)
    assert refused.states()[1] is ACCEPTED


@pytest.mark.parametrize(
    ("reader", "why"),
    [(11, "`resolve 2` comes first"), (99, "was not meant for reader 99: not subscribed then")],
)
def test_why_one_reader_gets_no_second_one(refused: House, reader: int, why: str) -> None:
    with pytest.raises(StandfirstError, match=why):
        resent(refused, reader)


def test_several_readers_are_resent_to_at_once(refused: House) -> None:
    assert resent(refused, 1, 3, 21) == 3
    refused.run()
    assert [refused.provider.taken.count(id_) for id_ in (1, 2, 3, 21)] == [2, 1, 1, 1]


def test_anew_is_the_edition_as_it_is_now(refused: House) -> None:
    refused.desk.withdrawn.add("ferry")
    assert resent(refused, 1, 3, anew=True) == 2
    refused.run()
    assert "ferry" not in slugs(refused.provider.batches[-1])
    assert refused.states()[1] is refused.states()[3] is ACCEPTED
    assert refused.provider.taken.count(1) == 2


def test_of_whom_nothing_is_left_anew_keeps_what_they_have(refused: House) -> None:
    refused.desk.withdrawn |= {"ferry", "cello", "quay", "bridge"}
    assert resent(refused, 1, anew=True) == 1
    refused.run()
    assert refused.states()[1] is ACCEPTED
    assert refused.provider.taken.count(1) == 1


def test_resend_is_refused_after_a_withdrawal(refused: House) -> None:
    refused.desk.withdrawn.add("ferry")
    with pytest.raises(HeldError, match="withdrawn since"):
        resent(refused)
    assert refused.sum.of(REFUSED) == 7


def test_those_whose_letter_can_go_again_get_it_and_the_others_are_counted(engine: Engine) -> None:
    composed(engine)
    many(engine, 12)
    house = House(engine)

    def withdrawn(_: Batch) -> Outcome:
        house.desk.withdrawn.add("ferry")
        return Outcome(Answer.ACCEPTED, own={3: (Answer.REFUSED, "550"), 4: (Answer.REFUSED, "550")})

    house.provider.answers.extend((withdrawn, says(Answer.ACCEPTED, own={11: (Answer.REFUSED, "550")})))
    house.run()
    with reading(engine) as connection:
        found = resending.prospect(connection, KEY, house.desk.revise, lambda _, spec: spec)
        assert found == Resent(1, 2, ("ferry",))
    assert asked_again(house) == Resent(1, 2, ("ferry",))
    house.run()
    assert house.provider.handed[2:] == [[11]]
    with reading(engine) as connection:
        said = [what for _, _, what in editions.log_of(connection, KEY)]
    assert "to be handed over again: 1 refused; 2 not, for a story of theirs was withdrawn" in said
    with pytest.raises(HeldError, match=r"in the letter of 2 readers has been withdrawn since \(ferry\), "):
        resent(house)


def test_who_is_planned_already_is_passed_over(engine: Engine) -> None:
    composed(engine)
    many(engine, 5)
    house = House(engine)
    house.run()
    assert asked_again(house, 1) == Resent(1)
    assert asked_again(house, 1, 2, 3) == Resent(2, planned=1)
    with pytest.raises(MisuseError, match="is planned for reader 1: accepted before, and asked for again"):
        asked_again(house, 1, 3)
    house.run()
    assert Counter(house.provider.taken) == Counter([1, 1, 2, 2, 3, 3, 4, 5])


def test_to_how_many_the_edition_as_it_is_now_can_go(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.provider.answers.append(says(Answer.ACCEPTED, own={2: (Answer.REFUSED, "550")}))
    house.run()
    for gone, readers in (({"ferry"}, 1), (set(all_names(house)), 0)):
        house.desk.withdrawn.update(gone)
        with reading(engine) as connection:
            found = resending.prospect_anew(connection, KEY, house.desk.revise, lambda _, spec: spec)
        assert found == readers


def test_a_letter_that_never_had_the_withdrawn_story_goes_again(engine: Engine) -> None:
    composed(engine)
    enrolled(engine, samples.reader(1))
    enrolled(engine, samples.reader(2), sections=frozenset({"culture"}))
    house = House(engine)
    # Its subject is of another story as well: only what its reader saw is asked for.
    house.provider.otherwise = lambda batch: Outcome(
        Answer.ACCEPTED,
        own={one.delivery: (Answer.REFUSED, "550") for one in batch.recipients if one.delivery == 2},
    )
    house.run()
    house.desk.withdrawn.add("ferry")
    assert asked_again(house) == Resent(1, 0)
    house.provider.otherwise = says(Answer.ACCEPTED)
    report = house.run()
    assert (report.accepted, report.dropped) == (2, 0)
    assert slugs(house.provider.batches[-1]) == ["cello"]


def test_a_withdrawal_between_resend_and_its_run_drops_it(refused: House) -> None:
    resent(refused)
    refused.desk.withdrawn.add("ferry")
    report = refused.run()
    assert (report.dropped, report.drops) == (7, {"a story of its letter was withdrawn": 7})
    assert len(refused.provider.batches) == 3


def test_nothing_is_resent_before_it_was_sent_or_once_it_is_stopped(engine: Engine) -> None:
    composed(engine)
    many(engine, 1)
    house = House(engine, FakeProvider(otherwise=says(Answer.REFUSED, "550")))
    with pytest.raises(MisuseError, match="composed"):
        resent(house)
    with writing(engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
    with pytest.raises(MisuseError, match="stopped"):
        resent(house)


def test_a_letter_that_is_no_longer_stored_is_not_made_up(refused: House) -> None:
    resent(refused)
    with writing(refused.engine) as connection:
        planned = batches_table.c.state == BatchState.PLANNED.value
        connection.execute(sa.update(batches_table).where(planned).values(render=None))
    report = refused.run()
    assert report.dropped == 7


# What the edition's log says


def test_the_log_says_what_was_cut_off_and_how_much_is_uncertain(house: House) -> None:
    house.run()
    with reading(house.engine) as connection:
        said = [what for _, _, what in editions.log_of(connection, KEY)]
    assert "batch 2 (10 readers) was cut off: uncertain" in said
    assert said[-1] == "everything is handed over; of 10 readers it is uncertain"
