"""What a real provider says while one newsletter is handed over holds for the next one of the run, and of the
next runs, as far as it is about both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import editions
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.delivery.standing import ASKED, BOUND, Standing
from newsletter.edition import Composition, EditionState, edition_key
from newsletter.providers import Provider
from newsletter.providers.sendgrid import SendGrid
from newsroom.database import writing
from newsroom.errors import ProviderError
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings
from readership import store
from readership.tables import readers as readers_table
from tests import samples
from tests.faults.bench import MailServer, number_of, time_of
from tests.newsletter.delivering import DAY, NOW, Clock, House, many, selection
from tests.servers.http import Answer, HttpServer
from tests.servers.smtp import ALL, USER, Server
from tests.servers.smtp import Fault as Break

NEWSLETTERS = ("daily", "evening", "weekly")
READERS = 30
MINUTE = timedelta(minutes=1)


@dataclass
class Two:
    """Newsletters with one list and one provider: run after run, each of them by a way of its own."""

    engine: Engine
    made: Any
    """The way to the provider, as a run makes it for each newsletter."""
    clock: Clock = field(default_factory=Clock)
    houses: list[House] = field(default_factory=list)

    def run(self, *order: str) -> list[DeliveryReport]:
        """One run; `order` names the newsletters in it, or else the first two are."""
        standing, reports = Standing(), []
        for house in (self.house(name) for name in order or NEWSLETTERS[:2]):
            house.provider = self.made()
            try:
                reports.append(house.run(standing=standing))
            finally:
                house.provider.close()
        return reports

    def house(self, newsletter: str) -> House:
        """The newsletter's edition, composed where it was not before."""
        key = edition_key(newsletter, DAY)
        found = next((house for house in self.houses if house.key == key), None)
        if found is None:
            value = Composition(replace(selection(), newsletter=newsletter), (), fresh=3)
            with writing(self.engine) as connection:
                editions.create(connection, newsletter, NOW, value, NOW, "run")
            found = House(self.engine, clock=self.clock, key=key)
            self.houses.append(found)
        return found

    def are_sent(self) -> bool:
        return all(house.edition.state is EditionState.SENT for house in self.houses)


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with time_of(made):
        yield made


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def readers(engine: Engine) -> None:
    """READERS people, who have every newsletter."""
    many(engine, READERS)
    with writing(engine) as connection:
        numbers = list(connection.execute(sa.select(readers_table.c.id)).scalars())
        subscribed = [
            (number, replace(samples.subscription(number), newsletter=newsletter))
            for number in numbers
            for newsletter in NEWSLETTERS[1:]
        ]
        store.save_subscriptions(connection, subscribed, NOW)


@dataclass
class Post:
    """SendGrid, which is asked so much at a time."""

    server: HttpServer
    most: int = 10

    def __call__(self) -> Provider:
        secrets = Secrets((("k", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.none-of-theirs")
        made = SendGrid(SendGridSettings(base_url=self.server.url, connections=2), secrets)
        made.batch_size = made.first_batch = self.most
        return made

    def fails(self, *answers: Answer) -> None:
        self.server.answers.clear()
        self.server.answers.extend(answers)

    @property
    def sizes(self) -> list[int]:
        """How many readers each request was for."""
        return [len(request.json["personalizations"]) for request in self.server.requests]

    @property
    def taken(self) -> Counter[int]:
        return Counter(
            number_of(one["to"][0]["email"])
            for request in self.server.requests
            if request.answered == 202
            for one in request.json["personalizations"]
        )


@pytest.fixture
def sendgrid(stack: ExitStack) -> Post:
    return Post(stack.enter_context(HttpServer()))


@pytest.fixture
def both(engine: Engine, clock: Clock, sendgrid: Post) -> Two:
    readers(engine)
    return Two(engine, sendgrid, clock)


def by_smtp(engine: Engine, clock: Clock, server: Server, **settings: Any) -> tuple[Two, MailServer]:
    readers(engine)
    carrier = MailServer(server, {"window": 10, **settings})
    return Two(engine, lambda: carrier.provider(5.0), clock), carrier


def each_got(taken: Counter[int], count: int) -> bool:
    """Whether every reader has that many mails, and nobody more."""
    return taken == Counter(dict.fromkeys(range(1, READERS + 1), count))


def begins(house: House) -> int:
    """How many readers the edition's first hand-over was for."""
    handed = [row for row in house.batches() if row.handed is not None]
    return min(handed, key=lambda row: (row.handed, row.id)).size


def stops(reports: Iterable[DeliveryReport]) -> list[StoppedBy | None]:
    return [report.stopped_by for report in reports]


def said(report: DeliveryReport) -> str:
    return " | ".join(one.message for one in report.problems)


def test_after_a_sendgrid_that_fails_each_next_newsletter_tries_one_reader(both: Two, sendgrid: Post) -> None:
    sendgrid.fails(*[Answer(500)] * 4)
    found = both.run(*NEWSLETTERS)
    assert sendgrid.sizes == [10, 1, 1, 1]
    assert [(report.uncertain, report.stopped_by) for report in found] == [
        (11, StoppedBy.NOT_NOW),
        (1, StoppedBy.NOT_NOW),
        (1, StoppedBy.NOT_NOW),
    ]
    assert all(report.next_at == both.clock.now + MINUTE for report in found)
    # It answers again: the first that is asked begins with one, and so does each that waited for that.
    both.clock.pause(60)
    both.run("evening", "weekly", "daily")
    assert sendgrid.sizes[4] == 1
    assert 1 not in sendgrid.sizes[5:8]
    assert both.are_sent()
    assert max(sendgrid.taken.values()) <= 3


def test_so_does_a_newsletter_of_the_next_run(both: Two, sendgrid: Post) -> None:
    sendgrid.fails(Answer(500), Answer(500), Answer(500))
    both.run("daily")
    both.clock.pause(20)
    assert both.run("evening")[0].uncertain == 1
    assert sendgrid.sizes == [10, 1, 1]
    # One that is answered tells the others of its run that it is over.
    both.clock.pause(20)
    both.run("weekly")
    assert (sendgrid.sizes[3], sorted(sendgrid.sizes[4:])) == (1, [9, 10, 10])


def test_also_where_nothing_waits_of_what_was_left_without_an_answer(both: Two, sendgrid: Post) -> None:
    sendgrid.most = 1_000
    sendgrid.fails(Answer(500))
    both.run("daily")
    both.clock.pause(300)
    both.run(*NEWSLETTERS[1:])
    assert sendgrid.sizes == [READERS, 1, 10, READERS - 11, READERS]


def test_a_wait_that_sendgrid_asks_for_binds_the_other_newsletters_too(both: Two, sendgrid: Post) -> None:
    sendgrid.fails(Answer(), Answer(429, {"Retry-After": "3000"}))
    over = both.clock.now + timedelta(seconds=3000)
    daily, evening = both.run()
    asked = len(sendgrid.sizes)
    assert daily.accepted + daily.planned == READERS and daily.planned
    assert (evening.stopped_by, evening.exit_status, evening.next_at) == (StoppedBy.NOT_NOW, 1, over)
    assert said(evening) == f"evening-2026-03-10: sendgrid takes nothing for now: {BOUND}"
    # It is as it was: it takes every change, and whoever comes gets it.
    assert both.house("evening").edition.candidates is None
    assert said(daily).endswith(ASKED)
    for _ in range(4):
        both.clock.pause(600)
        assert stops(both.run("weekly", "evening", "daily")) == [StoppedBy.NOT_NOW] * 3
    assert len(sendgrid.sizes) == asked
    both.clock.pause(601)
    both.run("weekly", "evening", "daily")
    assert both.are_sent()
    assert each_got(sendgrid.taken, 3)


def test_a_short_one_is_waited(both: Two, sendgrid: Post) -> None:
    """It took half a minute twice, so the first newsletter's run has waited enough."""
    sendgrid.fails(*[Answer(429, {"Retry-After": "25"})] * 3)
    daily, evening = both.run()
    assert (daily.stopped_by, daily.planned) == (StoppedBy.NOT_NOW, READERS)
    assert sendgrid.sizes[:4] == [10] * 4
    assert evening.accepted == READERS
    both.clock.pause(60)
    both.run()
    assert both.are_sent() and each_got(sendgrid.taken, 2)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(401), "STANDFIRST_SENDGRID_API_KEY"),
        (Answer(301, {"Location": "https://elsewhere.example"}), "base_url"),
    ],
    ids=["a key", "an address"],
)
def test_a_key_that_sendgrid_refuses_is_tried_once_a_run(
    both: Two, sendgrid: Post, answer: Answer, why: str
) -> None:
    for turn in range(1, 3):
        sendgrid.fails(*[answer] * 3)
        found = both.run(*NEWSLETTERS)
        assert len(sendgrid.sizes) == turn
        assert stops(found) == [StoppedBy.PROVIDER] * 3
        # The same words, so that they are told once.
        assert len({said(report) for report in found}) == 1
        assert why in said(found[0])
        both.clock.pause(60)
    sendgrid.fails()
    both.run(*NEWSLETTERS)
    assert both.are_sent() and each_got(sendgrid.taken, 3)


FROM = b'{"errors": [{"message": "not a verified sender", "field": "from.email"}]}'


@pytest.mark.parametrize(
    "answer", [Answer(403), Answer(400, body=FROM), Answer(503)], ids=["403", "400 to the sender", "503"]
)
def test_what_may_be_one_newsletters_own_keeps_no_other_from_going_out(
    both: Two, sendgrid: Post, answer: Answer
) -> None:
    sendgrid.fails(answer)
    daily, evening, weekly = both.run(*NEWSLETTERS)
    assert (daily.accepted, evening.accepted, weekly.accepted) == (0, READERS, READERS)
    assert daily.exit_status == 1
    # One reader, then as always; who was accepted speaks for the next one.
    assert sendgrid.sizes[:2] == [10, 1]
    assert 1 not in sendgrid.sizes[2:5]
    both.clock.pause(60)
    both.run()
    assert both.are_sent() and each_got(sendgrid.taken, 3)


def test_a_name_that_sendgrid_refuses_is_asked_for_once_a_run(both: Two, sendgrid: Post) -> None:
    """So that an edition can be taken back, its name is asked for before anything is handed over."""

    def keeps() -> Any:
        made: Any = sendgrid()
        made.delay = timedelta(minutes=5)
        return made

    both.made = keeps
    sendgrid.fails(Answer(401))
    standing = Standing()
    house = both.house("daily")
    house.provider = keeps()
    with pytest.raises(ProviderError, match="401"):
        house.run(standing=standing)
    other = both.house("evening")
    other.provider = keeps()
    report = other.run(standing=standing)
    assert report.stopped_by is StoppedBy.PROVIDER
    assert "SendGrid answered 401" in said(report)
    assert len(sendgrid.server.requests) == 1


def test_a_password_is_tried_once_a_run(engine: Engine, clock: Clock) -> None:
    with Server((*ALL, "AUTH PLAIN"), wants_login=True) as server:
        two, carrier = by_smtp(engine, clock, server, user=USER, connections=2)
        carrier.password = "wrong"
        found = two.run(*NEWSLETTERS)
        assert server.count("AUTH") == server.connections == 1
        assert stops(found) == [StoppedBy.PROVIDER] * 3
        assert len({said(report) for report in found}) == 1
        assert "STANDFIRST_SMTP_PASSWORD" in said(found[0])
        carrier.mend()
        clock.pause(60)
        two.run(*NEWSLETTERS)
    assert two.are_sent() and each_got(carrier.taken(), 3)


@pytest.mark.parametrize(
    ("plan", "left"),
    [
        ({("MAIL", 1): "550 5.7.1 no"}, READERS),
        ({("MAIL", 1): "451 4.7.1 slow down"}, READERS),
        ({("GREETING", 1): "421 4.3.2 later"}, READERS),
    ],
    ids=["550", "451", "421"],
)
def test_what_a_mail_server_has_against_a_sender_is_tried_with_one_reader_of_the_next(
    engine: Engine, clock: Clock, plan: Any, left: int
) -> None:
    with Server(plan=plan) as server:
        two, carrier = by_smtp(engine, clock, server)
        daily, evening = two.run()
        assert (daily.planned, evening.accepted) == (left, READERS)
        assert begins(two.house("evening")) == 1
        clock.pause(60)
        two.run()
    assert two.are_sent() and each_got(carrier.taken(), 2)


@pytest.mark.parametrize(
    "plan", [{("TEXT", 2): "452 4.2.2 full"}, {("RCPT", 2): "451 4.7.1 greylisted"}], ids=["452", "451"]
)
def test_what_a_mail_server_has_against_one_reader_or_text_matters_to_no_other_newsletter(
    engine: Engine, clock: Clock, plan: Any
) -> None:
    with Server(plan=plan) as server:
        two, carrier = by_smtp(engine, clock, server)
        daily, evening = two.run()
        assert (daily.planned, evening.accepted) == (1, READERS)
        assert begins(two.house("evening")) == 10
        clock.pause(60)
        two.run()
    assert two.are_sent() and each_got(carrier.taken(), 2)


def test_a_mail_server_that_ends_in_a_message_has_one_of_each_newsletter(
    engine: Engine, clock: Clock
) -> None:
    with Server(plan={("TEXT", 0): Break.RESET}) as server:
        two, _ = by_smtp(engine, clock, server)
        found = two.run()
        assert [report.uncertain for report in found] == [1, 1]
        assert begins(two.house("evening")) == 1
        assert server.count("TEXT") == 2
        clock.pause(20)
        assert two.run("weekly")[0].uncertain == 1
        assert begins(two.house("weekly")) == 1
