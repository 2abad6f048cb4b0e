"""A limit that a provider names is kept to by all connections, and what is wrong with all is heard once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import EditionState
from newsletter.mail.message import Prepared
from newsletter.providers import Answer as Is
from newsletter.providers import Outcome
from newsletter.providers.sendgrid import SendGrid
from newsletter.providers.smtp import Smtp
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter import mail
from tests.newsletter.delivering import House, composed, many
from tests.servers.http import Answer, Fault, HttpServer
from tests.servers.smtp import ALL, Server
from tests.servers.smtp import Fault as Break

CONNECTIONS = 4
READERS = 40
MOMENT = 0.4
"""Seconds in which what was on its way arrives."""


class Limited(HttpServer):
    """Answers by a rule: given how many requests came before, and when the first one was refused."""

    def __init__(self, rule: Callable[[int, float | None], Answer]) -> None:
        super().__init__()
        self.rule = rule
        self.asked = 0
        self.refused: list[float] = []
        self._order = threading.Lock()

    def next_answer(self) -> Answer:
        with self._order:
            self.asked += 1
            answer = self.rule(self.asked, self.refused[0] if self.refused else None)
            if answer.status != 202:
                self.refused.append(time.monotonic())
        time.sleep(0.02)
        return answer


def sendgrid(server: HttpServer, **settings: Any) -> Any:
    secrets = Secrets((("k", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.none-of-theirs")
    made: Any = SendGrid(SendGridSettings(base_url=server.url, connections=CONNECTIONS, **settings), secrets)
    made.batch_size = made.first_batch = 2
    return made


def smtp(server: Server, **settings: Any) -> Any:
    usual = {"host": "127.0.0.1", "port": server.port, "security": "plain", "connections": CONNECTIONS}
    return Smtp(SmtpSettings(**{**usual, "window": 10, **settings}), Secrets((), b""))


def run(house: House, provider: Any) -> DeliveryReport:
    """Hand over by the clock on the wall, waiting as long as it takes."""
    house.provider = provider
    try:
        return house.run(clock=lambda: datetime.now(UTC), pause=time.sleep)
    finally:
        provider.close()


@pytest.fixture
def house(engine: Engine) -> House:
    composed(engine)
    many(engine, READERS)
    return House(engine)


@pytest.mark.parametrize("status", [429, 503])
def test_all_connections_wait_as_long_as_one_of_them_is_asked_to(house: House, status: int) -> None:
    def rule(number: int, since: float | None) -> Answer:
        is_over = since is not None and time.monotonic() >= since + 1
        return Answer() if number < 6 or is_over else Answer(status, {"Retry-After": "1"})

    with Limited(rule) as server:
        report = run(house, sendgrid(server))
        refused = server.refused[0]
        came = [request.came for request in server.requests]
    assert (report.accepted, report.exit_status) == (READERS, 0)
    assert not [one for one in came if refused + MOMENT < one < refused + 1]
    # Those that were on their way.
    assert len(server.refused) <= CONNECTIONS
    taken = Counter(
        one["to"][0]["email"]
        for request in server.requests
        if request.answered == 202
        for one in request.json["personalizations"]
    )
    assert (len(taken), set(taken.values())) == (READERS, {1})


def test_a_key_that_stops_working_ends_the_run_at_the_first_answer(house: House) -> None:
    with Limited(lambda number, _: Answer(401 if number > 5 else 202)) as server:
        report = run(house, sendgrid(server))
        assert (report.stopped_by, report.exit_status) == (StoppedBy.PROVIDER, 1)
        assert report.accepted == 10
        assert len(server.refused) <= CONNECTIONS
        assert server.asked <= 5 + CONNECTIONS
        # The next run asks once.
        before = server.asked
        assert run(house, sendgrid(server)).stopped_by is StoppedBy.PROVIDER
        assert server.asked == before + 1


@dataclass
class Once(Server):
    """Says `reply` to one sender alone, once all connections are at it; whoever else comes is welcome. Takes
    its time for a text."""

    reply: str = "451 4.7.1 slow down"
    thinks: float = 0.05
    refused: list[float] = field(default_factory=list)

    def planned(self, verb: str) -> Any:
        found = super().planned(verb)
        if verb == "MAIL" and self.count("MAIL") >= 20 and not self.refused:
            self.refused.append(time.monotonic())
            return self.reply
        return found


@pytest.mark.parametrize("extensions", [ALL, ALL[1:]], ids=["pipelining", "one by one"])
def test_a_mail_server_that_asks_one_connection_to_slow_down_is_heard_by_all(
    house: House, extensions: tuple[str, ...]
) -> None:
    with Once(extensions) as server:
        report = run(house, smtp(server, window=10))
        (refused,) = server.refused
        later = [at for at, command in server.times if command.startswith("MAIL") and at > refused]
    assert (report.stopped_by, report.exit_status, report.uncertain) == (StoppedBy.NOT_NOW, 1, 0)
    # The message of each in flight, and the one announced behind it.
    assert len(later) <= 2 * (CONNECTIONS - 1)
    assert not [at for at in later if at > refused + MOMENT]
    # The first ten went alone, and each of the three behind them was in the middle of its own.
    assert 10 < report.accepted == len(server.got) < 30
    with Server() as rest:
        provider = smtp(rest)
        house.clock.now = datetime.now(UTC)
        house.provider = provider
        for _ in range(3):
            if house.edition.state is not EditionState.SENT:
                house.clock.pause(3_600)
                house.run()
        provider.close()
    taken = Counter(got.recipient for got in (*server.got, *rest.got))
    assert (len(taken), set(taken.values())) == (READERS, {1})


def test_a_server_with_fewer_connections_than_ours_gets_all_of_it_over_those(house: House) -> None:
    with Server(most=2, thinks=0.01) as server:
        report = run(house, smtp(server, window=4))
        assert (report.accepted, report.exit_status, report.problems) == (READERS, 0, ())
        assert len(server.got) == READERS
        # Nobody goes on asking for more.
        assert server.connections <= 2 + 2 * (CONNECTIONS - 2)


def test_a_server_that_takes_so_many_messages_a_connection_gets_the_rest_on_new_ones(house: House) -> None:
    enough = "421 4.7.0 too many messages in this connection"
    with Server(plan={("MAIL", number): enough for number in range(6, 60, 6)}) as server:
        report = run(house, smtp(server, connections=1))
        assert (report.accepted, report.exit_status, report.problems) == (READERS, 0, ())
        assert len(server.got) == READERS
        assert server.connections == 1 + (READERS - 1) // 5


def hangs_from_now_on(house: House, provider: Callable[[], Any]) -> list[int]:
    """How many are uncertain after each of three runs, an hour apart."""
    found = []
    for _ in range(3):
        made = house.provider = provider()
        try:
            found.append(house.run().uncertain)
        finally:
            made.close()
        house.clock.pause(3_600)
    return found


def test_a_sendgrid_that_begins_to_hang_has_one_request_of_each_connection_and_then_single_readers(
    house: House,
) -> None:
    hang = Answer(fault=Fault.HANG_AFTER_BODY)
    with Limited(lambda number, _: Answer() if number < 3 else hang) as server:
        found = hangs_from_now_on(house, lambda: sendgrid(server, timeout=0.5))
    assert 3 <= found[0] <= 2 * CONNECTIONS + 1
    assert [found[0] + 1, found[0] + 2] == found[1:]


def test_a_mail_server_that_begins_to_hang_has_one_message_of_each_connection_and_then_single_ones(
    house: House,
) -> None:
    plan = {("TEXT", number): Break.HANG for number in range(12, 60)}
    with Server(plan=plan) as server:
        found = hangs_from_now_on(house, lambda: smtp(server, window=5, timeout=0.5))
    assert 1 <= found[0] <= CONNECTIONS + 1
    assert [found[0] + 1, found[0] + 2] == found[1:]


LETTERS = 3
SIZE = len(Prepared(mail.letter(), mail.envelope()).message(mail.recipient()))


def said_of(outcome: Outcome) -> list[Is]:
    """Each reader's answer, their own or the batch's."""
    return [outcome.own.get(number, (outcome.answer, ""))[0] for number in range(1, LETTERS + 1)]


def is_true(answers: list[Is], taken: list[int]) -> bool:
    """Whether what was answered fits with what was taken: nobody twice, and nothing that is sure is wrong."""
    return all(
        (taken.count(number), answer)
        in {(1, Is.ACCEPTED), (0, Is.NOT_NOW), (0, Is.UNCERTAIN), (1, Is.UNCERTAIN)}
        for number, answer in enumerate(answers, 1)
    )


@pytest.mark.parametrize("extensions", [ALL, ALL[1:]], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(
    ("way", "most", "step"), [("cut_in_at", LETTERS * SIZE, 307), ("cut_out_at", 700, 37)]
)
def test_whichever_byte_a_mail_server_resets_at_one_message_at_most_is_uncertain(
    way: str, most: int, step: int, extensions: tuple[str, ...]
) -> None:
    seen: Counter[Is] = Counter()
    for at in range(1, most, step):
        with Server(extensions, **{way: at}) as server:
            provider = smtp(server, timeout=10.0)
            answers = said_of(provider.hand_over(mail.batch(LETTERS)))
            provider.close()
        taken = [int(got.recipient[6:].partition("@")[0]) for got in server.got]
        assert is_true(answers, taken), f"at byte {at}: {answers}, {taken}"
        assert answers.count(Is.UNCERTAIN) <= 1
        seen.update(answers)
    assert set(seen) == {Is.ACCEPTED, Is.NOT_NOW, Is.UNCERTAIN}


@pytest.mark.parametrize(
    ("fault", "most", "step"), [(Fault.RESET_AT, 2_000, 111), (Fault.RESET_ANSWER_AT, 80, 3)]
)
def test_whichever_byte_sendgrid_resets_at_the_request_is_uncertain_or_accepted(
    fault: Fault, most: int, step: int
) -> None:
    with HttpServer() as server:
        made = sendgrid(server)
        for at in range(1, most, step):
            server.answers.append(Answer(headers={"X-Message-Id": "m"}, fault=fault, at=at))
            answers = said_of(made.hand_over(mail.batch(LETTERS)))
            whole = len(server.requests)
            assert len(set(answers)) == 1
            if answers[0] is Is.ACCEPTED:
                assert whole and at > len("HTTP/1.1 202")
            else:
                assert answers[0] is Is.UNCERTAIN
            server.requests.clear()
