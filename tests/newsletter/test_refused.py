"""Where a provider refuses everybody, it is not the readers; where some, it is. With real servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import used_stories
from newsletter.delivery.deliver import MOST_WAITING
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import DeliveryState, EditionState
from newsletter.providers import Answer, Provider
from newsletter.providers.sendgrid import SendGrid
from newsletter.providers.smtp import Smtp
from newsletter.tables import batches
from newsroom.database import reading
from newsroom.errors import ExitStatus
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter.delivering import FakeProvider, House, addresses, composed, many, refusing, says
from tests.servers.http import Answer as Reply
from tests.servers.http import HttpServer
from tests.servers.smtp import ALL, USER, Server

ACCEPTED, REFUSED, PLANNED = DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.PLANNED
EVERYBODY = "whoever was tried was refused, and nobody accepted"
SECRETS = Secrets((("k1", b"k" * 32),), b"a" * 32, smtp_password="wrong", sendgrid_api_key="SG.not-a-key.x")


def house_of(engine: Engine, readers: int, provider: Any) -> House:
    composed(engine)
    many(engine, readers)
    return House(engine, provider)


@contextmanager
def by(made: Provider) -> Iterator[Provider]:
    try:
        yield made
    finally:
        made.close()


def smtp(server: Server, **settings: Any) -> Smtp:
    value = SmtpSettings(host="127.0.0.1", port=server.port, security="plain", timeout=20.0)
    return Smtp(replace(value, **settings), SECRETS)


def sendgrid(server: HttpServer) -> SendGrid:
    return SendGrid(SendGridSettings(base_url=server.url, timeout=20.0), SECRETS)


def nothing_was_taken(house: House, report: DeliveryReport) -> None:
    """The run failed, everybody is planned, and the edition is as if it had not begun."""
    assert (report.stopped_by, report.exit_status) == (StoppedBy.PROVIDER, ExitStatus.FAILED)
    assert (report.refused, report.accepted, report.planned) == (0, 0, report.candidates)
    assert not report.is_finished
    (problem,) = report.problems
    assert EVERYBODY in problem.message
    assert "@" not in problem.message
    assert (house.edition.state, house.edition.first_handed) == (EditionState.COMPOSED, None)
    with reading(house.engine) as connection:
        assert house.sum.is_right
        assert not connection.execute(sa.select(batches.c.id).where(batches.c.handed.is_not(None))).all()
        assert used_stories.carried(connection, "daily", house.clock.now - timedelta(9), "smtp") == ()


@pytest.mark.parametrize(
    ("verb", "reply"), [("RCPT", "550 5.7.1 relaying denied"), ("DATA", "554 5.7.1 no"), ("TEXT", "554 spam")]
)
def test_a_mail_server_that_refuses_everybody_hears_of_25_of_them(
    engine: Engine, verb: str, reply: str
) -> None:
    with Server(plan={(verb, 0): reply}) as server, by(smtp(server)) as provider:
        house = house_of(engine, 300, provider)
        first = house.run()
        assert reply in first.problems[0].message
        nothing_was_taken(house, first)
        assert (server.count("RCPT"), server.connections) == (25, 1)
        # As long as it lasts, each run tries others, and it is one and the same problem.
        second = house.run()
        nothing_was_taken(house, second)
        assert second.problems[0].key == first.problems[0].key
        asked = [command for command in server.commands if command.startswith("RCPT")]
        assert len(set(asked)) == len(asked) == 50
    with Server() as server, by(smtp(server)) as provider:
        house.provider = provider  # type: ignore[assignment] # a real one
        report = house.run()
        assert (report.accepted, report.is_finished) == (300, True)
        assert set(Counter(got.recipient for got in server.got).values()) == {1}


def test_some_readers_of_a_good_mail_server_are_refused_for_good(engine: Engine) -> None:
    plan = {("RCPT", number): "550 5.1.1 unknown" for number in range(1, 25)}
    with Server(plan=plan) as server, by(smtp(server)) as provider:
        house = house_of(engine, 300, provider)
        report = house.run()
    assert (report.accepted, report.refused, report.is_finished) == (276, 24, True)
    assert (report.exit_status, report.problems) == (ExitStatus.DONE, ())


def test_that_many_were_refused_is_told(engine: Engine) -> None:
    plan = {("RCPT", number): "550 5.1.1 unknown" for number in range(1, 25)}
    with Server(plan=plan) as server, by(smtp(server)) as provider:
        house = house_of(engine, 100, provider)
        report = house.run()
        (problem,) = report.problems
        assert problem.message.startswith(f"{house.key}: 24 of 100 readers refused; `status {house.key}")
        assert f"`resend {house.key} --only refused`" in problem.message
        assert house.run().problems == ()


@pytest.mark.parametrize("readers", [1, 3, 24])
def test_an_edition_of_few_readers_who_are_all_refused_is_not_over(engine: Engine, readers: int) -> None:
    with Server(plan={("RCPT", 0): "550 5.7.1 no"}) as server, by(smtp(server, window=10)) as provider:
        house = house_of(engine, readers, provider)
        nothing_was_taken(house, house.run())
        nothing_was_taken(house, house.run())


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_that_is_refused_whoever_is_in_it_is_halved_25_times_at_most(
    engine: Engine, status: int
) -> None:
    with HttpServer(Reply(status)) as server, by(sendgrid(server)) as provider:
        house = house_of(engine, 1_500, provider)
        report = house.run()
        assert f"SendGrid answered {status}" in report.problems[0].message
        nothing_was_taken(house, report)
        assert len(server.requests) == 25
        server.otherwise = Reply(202)
        assert house.run().accepted == 1_500
        taken = Counter(
            one["to"][0]["email"]
            for request in server.requests[25:]
            for one in request.json["personalizations"]
        )
        assert set(taken.values()) == {1}


@pytest.mark.parametrize("status", [401, 403])
def test_what_nobody_may_is_asked_once(engine: Engine, status: int) -> None:
    with HttpServer(Reply(status)) as server, by(sendgrid(server)) as provider:
        report = house_of(engine, 1_500, provider).run()
        assert len(server.requests) == 1
    assert (report.stopped_by, len(report.problems)) == (StoppedBy.PROVIDER, 1)


def test_a_wrong_password_is_tried_once_a_run(engine: Engine) -> None:
    with Server((*ALL, "AUTH PLAIN"), wants_login=True) as server, by(smtp(server, user=USER)) as provider:
        report = house_of(engine, 300, provider).run()
        assert (server.connections, server.count("AUTH")) == (1, 1)
    (problem,) = report.problems
    assert "smtp.user" in problem.message


def test_a_password_that_becomes_wrong_is_tried_by_one_connection(engine: Engine) -> None:
    plan = {("AUTH", number): "535 5.7.8 wrong" for number in range(2, 99)}
    with Server((*ALL, "AUTH PLAIN"), plan, wants_login=True) as server:
        provider = Smtp(
            SmtpSettings(host="127.0.0.1", port=server.port, security="plain", user=USER),
            Secrets((), b"", smtp_password="correct horse"),
        )
        with by(provider):
            report = house_of(engine, 600, provider).run()
        # The one that got in may be done before another one asks.
        assert server.count("AUTH") <= 2
    assert report.stopped_by is StoppedBy.PROVIDER
    assert len(report.problems) == 1
    assert report.accepted + report.planned == 600


@pytest.mark.parametrize("greeting", ["421 4.3.2 too busy", None])
def test_a_server_that_takes_nobody_now_is_one_line(engine: Engine, greeting: str | None) -> None:
    with Server(plan={("GREETING", 0): greeting} if greeting else {}) as server:
        if greeting is None:
            with Server() as gone:
                server = gone
        with by(smtp(server)) as provider:
            report = house_of(engine, 600, provider).run()
    assert (report.stopped_by, len(report.problems)) == (StoppedBy.NOT_NOW, 1)


# Whom it was, decided by the answers alone


def fake(engine: Engine, readers: int, **values: Any) -> House:
    return house_of(engine, readers, FakeProvider(**values))


def test_with_thirty_bad_addresses_in_a_thousand_they_alone_are_refused(engine: Engine) -> None:
    bad = range(7, 1_000, 33)
    house = fake(engine, 1_000, batch_size=1_000, otherwise=refusing(addresses(bad)))
    for _ in range(5):
        if house.run().is_finished:
            break
    states = house.states()
    assert [number for number, state in states.items() if state is REFUSED] == list(bad)
    assert len(house.provider.batches) < 20 * len(bad)
    assert Counter(house.provider.taken) == Counter(set(range(1, 1_001)) - set(bad))


def test_a_company_that_refuses_us_keeps_nobody_else_waiting(engine: Engine) -> None:
    """The first forty are refused whatever comes: they are tried again once, behind everybody."""
    bad = addresses(range(1, 41))

    def answer(batch: Any) -> Any:
        own = {one.delivery: (Answer.REFUSED, "550 no") for one in batch.recipients if one.address in bad}
        return says(Answer.ACCEPTED, own=own)(batch)

    house = fake(engine, 100, otherwise=answer)
    first = house.run()
    assert (first.stopped_by, first.planned) == (StoppedBy.PROVIDER, 100)
    second = house.run()
    assert (second.accepted, second.refused, second.is_finished) == (60, 40, True)
    assert second.problems[0].message.startswith(f"{house.key}: 40 of 100 readers refused")
    assert Counter(house.provider.taken) == Counter(range(41, 101))


def test_those_refused_twice_by_a_provider_that_takes_others_stay_refused(engine: Engine) -> None:
    house = fake(engine, 100)
    house.run(stopping=lambda: len(house.provider.batches) >= 3)
    assert house.sum.of(ACCEPTED) == 30
    house.provider.otherwise = says(Answer.REFUSED, "550 no")
    runs: list[DeliveryReport] = []
    while not runs or not runs[-1].is_finished:
        runs.append(house.run())
        assert len(runs) < 9
    # Each run ends after three batches of ten, until all were refused twice; then they are what they are.
    assert [run.stopped_by for run in runs] == [StoppedBy.PROVIDER] * 3 + [None]
    assert (runs[-1].accepted, runs[-1].refused) == (30, 70)
    assert house.edition.state is EditionState.SENT


# What waits because of a failure


def failing(house: House) -> Callable[[], DeliveryReport]:
    """Runs, a few minutes apart."""

    def run() -> DeliveryReport:
        report = house.run()
        house.clock.now += timedelta(minutes=5)
        return report

    return run


def test_every_run_fails_while_the_mail_server_is_down_and_it_is_one_problem(engine: Engine) -> None:
    with Server() as server:
        port = server.port
    provider = Smtp(SmtpSettings(host="127.0.0.1", port=port, security="plain"), SECRETS)
    with by(provider):
        house = house_of(engine, 50, provider)
        run = failing(house)
        reports = [run() for _ in range(18)]
    assert any(not report.batches for report in reports), "some only wait"
    for report in reports:
        assert (report.exit_status, report.accepted, report.planned) == (ExitStatus.FAILED, 0, 50)
        assert [problem.key for problem in report.problems] == [f"{house.key}:not_now"]
        assert "Connection refused" in report.problems[0].message
    with Server() as server, by(smtp(server)) as up:
        house.provider = up  # type: ignore[assignment] # a real one
        house.clock.now += timedelta(hours=1)
        report = run()
        assert (report.exit_status, report.accepted, report.problems) == (ExitStatus.DONE, 50, ())


def test_a_provider_that_asks_for_patience_for_ever_is_left_after_a_minute(engine: Engine) -> None:
    with HttpServer(Reply(429, {"Retry-After": "3"})) as server, by(sendgrid(server)) as provider:
        house = house_of(engine, 1_500, provider)
        # The provider's own pause is real; here the clock alone moves.
        provider._pause.wait_for = lambda _: None  # type: ignore[attr-defined]
        begun = house.clock.now
        report = house.run()
        assert house.clock.now - begun <= MOST_WAITING
        assert len(server.requests) <= 21
    assert (report.stopped_by, report.exit_status) == (StoppedBy.NOT_NOW, ExitStatus.FAILED)
    assert len(report.problems) == 1


def test_an_hour_that_was_asked_for_binds_every_batch(engine: Engine) -> None:
    answer = Reply(429, {"Retry-After": "3600"})
    with HttpServer(answer) as server:
        house = house_of(engine, 1_500, None)
        for number in range(12):
            # Each run is a process of its own.
            with by(sendgrid(server)) as provider:
                house.provider = provider  # type: ignore[assignment] # a real one
                report = house.run()
            assert (report.exit_status, report.batches) == (ExitStatus.FAILED, int(number == 0))
            house.clock.now += timedelta(minutes=5)
        assert len(server.requests) == 1
        server.otherwise = Reply(202)
        with by(sendgrid(server)) as provider:
            house.provider = provider  # type: ignore[assignment] # a real one
            assert house.run().accepted == 1_500


def test_a_few_who_are_told_to_come_back_later_are_no_failure_until_it_takes_long(engine: Engine) -> None:
    later = says(Answer.ACCEPTED, own={7: (Answer.NOT_NOW, "451 greylisted")})
    house = fake(engine, 100, otherwise=later)
    run = failing(house)
    reports = [run() for _ in range(150)]
    quiet = [report for report in reports if report.exit_status is ExitStatus.DONE and not report.problems]
    assert len(quiet) > 24
    told = {problem.key for report in reports for problem in report.problems}
    assert told == {f"{house.key}:put off"}
    assert "1 reader put off, 12 times already: 451 greylisted" in {
        problem.message.partition(": ")[2] for report in reports for problem in report.problems
    }
