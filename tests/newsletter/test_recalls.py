"""What SendGrid keeps for a while, taken back by `stop`: real requests to a server of ours, a real ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import editions, holds, used_stories
from newsletter.delivery import outcomes, recalls
from newsletter.delivery.recalls import Recalled
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer as Verdict
from newsletter.providers import Batch, Outcome
from newsletter.providers.sendgrid import SendGrid
from newsletter.reader_moments import moments
from newsletter.returns import after_all, drops, event_store, evidence
from newsletter.returns.after_all import AfterAll
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.heard import Fate, heard_of
from newsletter.returns.proof import proof
from newsletter.tables import batches
from newsroom import installation
from newsroom.database import reading, writing
from newsroom.errors import MisuseError, ProviderError, UnansweredError
from newsroom.secrets import Secrets
from newsroom.settings import BounceSettings, DeliverySettings, SendGridSettings, Settings
from tests.newsletter.delivering import KEY, NOW, House, composed, many, selection
from tests.servers.http import Answer, Fault, HttpServer
from tests.web.serving import settings

DELAY = timedelta(minutes=30)
NAMED = Answer(201, body=b'{"batch_id": "name-1"}')
DONE = Answer(201, body=b"{}")


@dataclass
class Desk:
    """An edition's delivery by SendGrid, with a server in its place."""

    house: House
    server: HttpServer
    values: Settings

    def stop(self) -> Recalled | None:
        with writing(self.house.engine) as connection:
            holds.stop(connection, KEY, "a mistake", "nele", self.house.clock())
        return self.take_back()

    def take_back(self) -> Recalled | None:
        return recalls.take_back(self.values, self.house.engine, KEY, "nele", self.house.clock)

    def kept(self) -> tuple[recalls.Kept, ...]:
        with reading(self.house.engine) as connection:
            return recalls.kept(connection, self.house.clock())

    def log(self) -> list[str]:
        with reading(self.house.engine) as connection:
            return [what for _, _, what in editions.log_of(connection, KEY)]

    def deliver(self, **changes: object) -> None:
        provider = SendGrid(self.values.sendgrid, self.values.secrets)
        provider.batch_size = 2
        self.house.run(provider=provider, max_variants=10, **changes)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.server.requests]

    @property
    def mails(self) -> list[dict[str, object]]:
        return [request.json for request in self.server.requests if request.path == "/v3/mail/send"]

    def states(self) -> list[str]:
        return sorted(self.house.states().values())


@pytest.fixture
def desk(tmp_path: Path, engine: Engine) -> Iterator[Desk]:
    many(engine, 4)
    composed(engine)
    installation.ensure(engine, NOW)
    with HttpServer(Answer(202, {"X-Message-Id": "m"})) as server:
        keyed = SendGridSettings(base_url=server.url, connections=1, timeout=20, delay=DELAY)
        values = replace(
            settings(tmp_path),
            sendgrid=keyed,
            delivery=DeliverySettings(provider="sendgrid"),
            secrets=Secrets((("k1", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.not-a-key"),
        )
        house = House(engine)
        house.provider.name = "sendgrid"
        house.provider.batch_size = 2
        yield Desk(house, server, values)


def test_each_request_says_when_it_goes_and_by_which_name_it_is_taken_back(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    assert desk.paths == ["/v3/mail/batch", "/v3/mail/send", "/v3/mail/send"]
    stamps = {int((NOW + DELAY).timestamp())}
    assert {mail["send_at"] for mail in desk.mails} == stamps
    assert {mail["batch_id"] for mail in desk.mails} == {"name-1"}
    assert desk.house.edition.state is EditionState.SENT


def test_in_time_it_is_as_if_nothing_had_been_handed_over(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(DONE)
    desk.house.clock.now = NOW + timedelta(minutes=20)
    assert desk.stop() == Recalled(certain=4)
    assert desk.server.requests[-1].json == {"batch_id": "name-1", "status": "cancel"}
    edition = desk.house.edition
    assert (edition.state, edition.first_handed, edition.recall) == (EditionState.STOPPED, None, "")
    assert desk.states() == ["planned"] * 4
    assert desk.house.sum.is_right
    # Its stories are free.
    with reading(desk.house.engine) as connection:
        ids = [story.teaser.id for story in selection().stories]
        assert used_stories.used(connection, "daily", ids, "sendgrid") == {}
        assert "taken back before it was sent: 4 readers" in editions.log_of(connection, KEY)[-1][2]
    # It is resumed under another name, and everybody has it once.
    with writing(desk.house.engine) as connection:
        holds.resume(connection, KEY, "sendgrid", "nele", desk.house.clock())
    desk.server.answers.append(Answer(201, body=b'{"batch_id": "name-2"}'))
    desk.deliver()
    assert [mail["batch_id"] for mail in desk.mails] == ["name-1"] * 2 + ["name-2"] * 2
    assert desk.states() == ["accepted"] * 4


def test_less_than_ten_minutes_before_nobody_knows(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(DONE)
    desk.house.clock.now = NOW + timedelta(minutes=21)
    assert desk.stop() == Recalled(doubtful=4)
    assert desk.states() == ["uncertain"] * 4
    assert desk.house.edition.first_handed is not None


def test_what_is_sent_already_stays_so(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.house.clock.now = NOW + timedelta(minutes=31)
    with pytest.raises(MisuseError, match="nothing left to stop"):
        desk.stop()
    assert desk.states() == ["accepted"] * 4


def test_in_the_middle_both_halves_are_planned_again(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver(max_per_hour=2)
    assert desk.states() == ["accepted"] * 2 + ["planned"] * 2
    desk.server.answers.append(DONE)
    assert desk.stop() == Recalled(certain=2)
    assert desk.states() == ["planned"] * 4


def test_who_was_refused_stays_refused(desk: Desk) -> None:
    complaint = {"errors": [{"message": "no", "field": "personalizations.0.to.0.email"}]}
    desk.server.answers += [NAMED, Answer(400, body=json.dumps(complaint).encode())]
    desk.deliver()
    desk.server.answers.append(DONE)
    desk.stop()
    assert desk.states() == ["planned"] * 3 + ["refused"]
    assert desk.house.sum.is_right


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(500)],
        [Answer(401, body=b'{"errors": [{"message": "authorization required"}]}')],
        [Answer(400), Answer(404)],
    ],
)
def test_where_it_is_not_taken_back_it_is_said_and_tried_again(desk: Desk, answers: list[Answer]) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers += answers
    with pytest.raises(ProviderError):
        desk.stop()
    assert (desk.states(), desk.house.edition.state) == (["accepted"] * 4, EditionState.STOPPED)
    # It waits, and is in the edition's log once.
    (kept,) = desk.kept()
    assert (kept.readers, kept.until, kept.is_over) == (4, NOW + DELAY, False)
    assert desk.log()[-1] == f"not taken back: {kept.why}"
    desk.server.answers += answers
    with pytest.raises(ProviderError):
        desk.take_back()
    assert desk.log().count(f"not taken back: {kept.why}") == 1
    # It was cancelled after all, and says so.
    desk.server.answers += [Answer(400), Answer(204)]
    assert desk.stop() == Recalled(certain=4)
    assert (desk.server.requests[-1].method, desk.paths[-1]) == ("PATCH", "/v3/user/scheduled_sends/name-1")
    assert desk.kept() == ()


def test_what_was_not_taken_back_in_time_was_sent_and_is_said_once(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(Answer(401))
    with pytest.raises(ProviderError):
        desk.stop()
    desk.house.clock.now = NOW + DELAY
    (kept,) = desk.kept()
    assert (kept.readers, kept.is_over) == (4, True)
    with writing(desk.house.engine) as connection:
        assert recalls.give_up(connection, kept, NOW)
        assert not recalls.give_up(connection, kept, NOW)
    assert desk.kept() == ()
    assert "and went to 4 readers" in desk.log()[-1]


def _stopped_without_an_answer(desk: Desk, **changes: object) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver(**changes)
    desk.server.answers.append(Answer(500))
    with pytest.raises(UnansweredError):
        desk.stop()


@pytest.mark.parametrize("answer", [Answer(500), Answer(504), Answer(fault=Fault.DISCONNECT)])
def test_where_it_may_be_taken_back_nobody_counts_as_having_it_once_it_is_resumed(
    desk: Desk, answer: Answer
) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver(max_per_hour=2)
    desk.server.answers.append(answer)
    with pytest.raises(UnansweredError):
        desk.stop()
    assert desk.states() == ["accepted"] * 2 + ["planned"] * 2
    # That it is refused after that, or asked again, says nothing of the first time.
    desk.server.answers.append(Answer(401))
    with pytest.raises(ProviderError):
        desk.stop()
    (kept,) = desk.kept()
    assert (kept.readers, kept.is_doubtful) == (2, True)
    with writing(desk.house.engine) as connection:
        _, doubtful = recalls.resume(connection, KEY, "sendgrid", "nele", desk.house.clock())
    assert (doubtful, desk.states()) == (2, ["planned"] * 2 + ["uncertain"] * 2)
    # The rest goes under a name that is not cancelled.
    desk.server.answers.append(Answer(201, body=b'{"batch_id": "name-2"}'))
    desk.deliver()
    assert [mail["batch_id"] for mail in desk.mails] == ["name-1", "name-2"]
    assert desk.states() == ["accepted"] * 2 + ["uncertain"] * 2
    assert desk.house.sum.is_right


def test_a_run_that_is_at_it_while_it_is_stopped_and_resumed_goes_on_under_another_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over = SendGrid.hand_over

    def and_resumed(provider: SendGrid, batch: Batch) -> Outcome:
        outcome = hand_over(provider, batch)
        if batch.recall == "name-1":
            desk.server.answers += [Answer(500), Answer(201, body=b'{"batch_id": "name-2"}')]
            with pytest.raises(UnansweredError):
                desk.stop()
            with writing(desk.house.engine) as connection:
                recalls.resume(connection, KEY, "sendgrid", "nele", NOW)
        return outcome

    monkeypatch.setattr(SendGrid, "hand_over", and_resumed)
    desk.server.answers.append(NAMED)
    desk.deliver()
    assert [mail["batch_id"] for mail in desk.mails] == ["name-1", "name-2"]
    assert desk.states() == ["accepted"] * 2 + ["uncertain"] * 2


def test_who_is_killed_before_the_answer_has_come_leaves_it_in_doubt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SendGrid, "recall", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.stop()
    assert [one.is_doubtful for one in desk.kept()] == [True]
    with writing(desk.house.engine) as connection:
        _, doubtful = recalls.resume(connection, KEY, "sendgrid", "nele", NOW)
    assert (doubtful, desk.states()) == (4, ["uncertain"] * 4)


def test_an_answer_that_comes_after_that_settles_nothing(desk: Desk) -> None:
    _stopped_without_an_answer(desk, max_per_hour=2)
    with writing(desk.house.engine) as connection:
        # Still awaited while it was stopped and resumed.
        number = connection.execute(sa.select(batches.c.id).where(batches.c.state == "accepted")).scalar_one()
        connection.execute(
            sa.update(batches).where(batches.c.id == number).values(state="handed", owner="me")
        )
        _, doubtful = recalls.resume(connection, KEY, "sendgrid", "nele", desk.house.clock())
        assert doubtful == 2
        late = Outcome(Verdict.ACCEPTED)
        assert not outcomes.record(connection, number, late, "me", desk.house.clock())
    assert desk.states() == ["planned"] * 2 + ["uncertain"] * 2


@pytest.mark.parametrize("answers", [[Answer(401)], [Answer(503)], [Answer(400), Answer(404)]])
def test_where_it_is_certainly_not_taken_back_it_goes_on_as_it_was(desk: Desk, answers: list[Answer]) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver(max_per_hour=2)
    desk.server.answers += answers
    with pytest.raises(ProviderError):
        desk.stop()
    with writing(desk.house.engine) as connection:
        _, doubtful = recalls.resume(connection, KEY, "sendgrid", "nele", desk.house.clock())
    assert (doubtful, desk.states()) == (0, ["accepted"] * 2 + ["planned"] * 2)
    assert desk.house.edition.recall == "name-1"


def test_what_may_be_taken_back_is_uncertain_once_its_time_is_over(desk: Desk) -> None:
    _stopped_without_an_answer(desk)
    with reading(desk.house.engine) as connection:
        number = connection.execute(sa.select(sa.func.min(batches.c.id))).scalar_one()
    desk.house.clock.now = NOW + DELAY + timedelta(minutes=1)
    with writing(desk.house.engine) as connection:
        given = [proof(1, number, EventKind.PROCESSED, NOW, "")]
        evidence.settle(connection, KEY, given, NOW)
    (kept,) = desk.kept()
    with writing(desk.house.engine) as connection:
        assert recalls.give_up(connection, kept, desk.house.clock())
        assert not recalls.give_up(connection, kept, desk.house.clock())
    assert (desk.kept(), desk.states()) == ((), ["uncertain"] * 4)
    assert "of 4 readers nobody knows whether it was taken back" in desk.log()[-1]
    # Only that it was delivered proves anything.
    with writing(desk.house.engine) as connection:
        given = [proof(1, number, EventKind.DELIVERED, NOW + DELAY, "")]
        assert evidence.settle(connection, KEY, given, desk.house.clock()) == 1
    assert desk.states() == ["accepted"] + ["uncertain"] * 3


def test_what_went_before_a_late_confirmation_may_be_taken_back_by_the_first(desk: Desk) -> None:
    _stopped_without_an_answer(desk)
    with writing(desk.house.engine) as connection:
        first = sa.select(sa.func.min(batches.c.id)).scalar_subquery()
        early = sa.update(batches).where(batches.c.id == first)
        connection.execute(early.values(send_at=NOW + timedelta(minutes=15)))
    desk.house.clock.now = NOW + timedelta(minutes=18)
    desk.server.answers.append(DONE)
    assert desk.take_back() == Recalled(certain=2, doubtful=2)
    assert desk.states() == ["planned"] * 2 + ["uncertain"] * 2


def test_what_goes_by_a_second_name_is_not_taken_back_by_the_first(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(DONE)
    desk.stop()
    with writing(desk.house.engine) as connection:
        recalls.resume(connection, KEY, "sendgrid", "nele", NOW)
    desk.server.answers.append(Answer(201, body=b'{"batch_id": "name-2"}'))
    desk.deliver()
    desk.server.answers.append(Answer(401))
    with pytest.raises(ProviderError):
        desk.stop()
    desk.deliver()
    assert desk.states() == ["accepted"] * 4


def test_a_stop_that_is_killed_before_it_asks_waits_as_well(desk: Desk) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    with writing(desk.house.engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
    assert [one.why for one in desk.kept()] == ["its provider was not asked yet"]
    with writing(desk.house.engine) as connection:
        holds.resume(connection, KEY, "sendgrid", "nele", NOW)
    assert desk.kept() == ()


@pytest.mark.parametrize("answer", [Answer(500), Answer(201, body=b"{}"), Answer(201, body=b"<html>")])
def test_without_a_name_nothing_is_handed_over(desk: Desk, answer: Answer) -> None:
    desk.server.answers.append(answer)
    with pytest.raises(ProviderError, match="the next run asks again"):
        desk.deliver()
    assert desk.paths == ["/v3/mail/batch"]
    assert desk.house.edition.state is EditionState.COMPOSED


def test_without_a_delay_nobody_is_asked_for_a_name(desk: Desk) -> None:
    desk.values = replace(desk.values, sendgrid=replace(desk.values.sendgrid, delay=None))
    desk.deliver()
    assert desk.paths == ["/v3/mail/send"] * 2
    assert not any({"send_at", "batch_id"} & mail.keys() for mail in desk.mails)


@pytest.mark.parametrize(
    ("kind", "state"),
    [(EventKind.PROCESSED, "planned"), (EventKind.DROPPED, "planned"), (EventKind.DELIVERED, "accepted")],
)
def test_that_it_was_received_or_thrown_away_says_nothing_of_what_was_taken_back(
    desk: Desk, kind: EventKind, state: str
) -> None:
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(DONE)
    with reading(desk.house.engine) as connection:
        number = connection.execute(sa.select(sa.func.min(batches.c.id))).scalar_one()
    desk.stop()
    with writing(desk.house.engine) as connection:
        evidence.settle(connection, KEY, [proof(1, number, kind, NOW, "")], NOW)
    assert desk.house.states()[1] == DeliveryState(state)


def _handed_anew(desk: Desk) -> None:
    """It is handed over, taken back, and five minutes later handed over by another name."""
    desk.server.answers.append(NAMED)
    desk.deliver()
    desk.server.answers.append(DONE)
    desk.stop()
    desk.house.clock.now = NOW + timedelta(minutes=5)
    with writing(desk.house.engine) as connection:
        recalls.resume(connection, KEY, "sendgrid", "nele", desk.house.clock())
    desk.server.answers.append(Answer(201, body=b'{"batch_id": "name-2"}'))
    desk.deliver()


def test_what_is_told_of_the_mail_that_was_taken_back_counts_for_it_alone(desk: Desk) -> None:
    _handed_anew(desk)
    record, *_ = desk.house.batches(BatchState.TAKEN_BACK)
    assert (record.size, record.handed, record.handed_before, record.reference) == (0, None, NOW, "m")
    _tell(desk, record.id, 1, EventKind.DELIVERED)
    _tell(desk, record.id, 2, EventKind.DROPPED)
    with reading(desk.house.engine) as connection:
        assert after_all.sent(connection, KEY) == AfterAll(readers=1, twice=1)
        assert after_all.lately(connection, NOW) == {KEY: AfterAll(readers=1, twice=1)}
        assert heard_of(connection, KEY).readers == {Fate.DELIVERED: 1, Fate.SENT_AFTER_ALL: 1}
        assert drops.dropped(connection, KEY) == []
        told = [(one.what, one.more) for one in moments(connection, KEY, 1)]
    assert told[1:] == [
        ("handed over", "to sendgrid, batch 1, revision 1"),
        ("accepted by sendgrid", "m"),
        ("taken back by nele", "before: accepted"),
        ("handed over", "to sendgrid, batch 3, revision 1"),
        ("accepted by sendgrid", "m"),
        ("delivered", "of batch 1, taken back: Over Quota"),
    ]
    # Where the second comes to nothing, the first is the one that the reader has.
    mine = next(row.id for row in desk.house.batches(BatchState.ACCEPTED) if row.id > record.id)
    _tell(desk, mine, 1, EventKind.DROPPED)
    assert desk.states() == ["accepted"] * 4
    with reading(desk.house.engine) as connection:
        assert after_all.sent(connection, KEY) == AfterAll(readers=1, twice=0)
    (record, _) = desk.house.batches(BatchState.TAKEN_BACK)
    assert (record.size, record.handed, desk.house.sum.is_right) == (1, NOW, True)


@pytest.mark.parametrize(
    ("first", "second", "twice"),
    [
        ((EventKind.DELIVERED,), (), 1),
        ((EventKind.BOUNCE,), (), 0),
        ((EventKind.DELIVERED, EventKind.BOUNCE), (), 0),
        ((EventKind.BLOCKED,), (EventKind.DELIVERED,), 0),
        ((EventKind.DEFERRED,), (EventKind.PROCESSED,), 1),
        ((EventKind.DELIVERED,), (EventKind.BOUNCE,), 0),
    ],
)
def test_what_was_sent_after_all_and_came_back_gives_nobody_two(
    desk: Desk, first: tuple[EventKind, ...], second: tuple[EventKind, ...], twice: int
) -> None:
    _handed_anew(desk)
    record, *_ = desk.house.batches(BatchState.TAKEN_BACK)
    anew = next(row.id for row in desk.house.batches(BatchState.ACCEPTED) if row.id > record.id)
    for number, kinds in ((record.id, first), (anew, second)):
        for kind in kinds:
            _tell(desk, number, 1, kind)
    with reading(desk.house.engine) as connection:
        assert after_all.sent(connection, KEY) == AfterAll(readers=1, twice=twice)


def _tell(desk: Desk, number: int, reader: int, kind: EventKind) -> None:
    now = desk.house.clock()
    key = event_key(f"m{number}", "", kind, now)
    one = Event("sendgrid", KEY, number, reader, kind, now, key, reason="Over Quota")
    with writing(desk.house.engine) as connection:
        event_store.note(connection, [one], BounceSettings(), now)
