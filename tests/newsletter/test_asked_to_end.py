"""A process that is asked to end: by SIGTERM, while a slow mail server takes one message after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from newsletter.delivery.delivery_report import StoppedBy
from newsletter.edition import BatchState
from newsletter.providers import Answer, sendgrid, smtp
from newsletter.providers.smtp import Smtp
from newsroom.errors import ExitStatus
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter import mail
from tests.newsletter.delivering import House, composed, many
from tests.servers.http import Answer as HttpAnswer
from tests.servers.http import Fault as HttpFault
from tests.servers.http import HttpServer
from tests.servers.smtp import ALL, Fault, Server, Step

HOUSE = Path(__file__).resolve().parent.parent.parent
SLOW = 0.1


@dataclass
class SlowServer(Server):
    """Takes `SLOW` seconds for a message."""

    def planned(self, verb: str) -> object:  # type: ignore[override] # what the other one says
        if verb == "TEXT":
            time.sleep(SLOW)
        return super().planned(verb)


def provider(server: Server, **settings: object) -> Smtp:
    value = SmtpSettings(host="127.0.0.1", port=server.port, security="plain", timeout=5.0)
    return Smtp(replace(value, **settings), Secrets((), b""))  # type: ignore[arg-type] # settings of any type


def after(server: Server, verb: str, count: int, act: Callable[[], None]) -> None:
    """Act as soon as the server was at that step so many times."""

    def wait() -> None:
        until = time.monotonic() + 60
        while server.count(verb) < count and time.monotonic() < until:
            time.sleep(0.01)
        act()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("extensions", [ALL, ALL[1:]], ids=["pipelining", "one by one"])
def test_a_window_ends_after_the_message_in_flight(extensions: tuple[str, ...]) -> None:
    with SlowServer(extensions) as server:
        made = provider(server)
        after(server, "TEXT", 4, made.stop)
        outcome = made.hand_over(mail.batch(100))
        made.close()
        taken = {int(got.recipient[6:].partition("@")[0]) for got in server.got}
        assert (outcome.answer, outcome.own) == (
            Answer.ENDED,
            dict.fromkeys(sorted(taken), (Answer.ACCEPTED, "")),
        )
        assert 3 <= len(taken) < 20
        # Nothing is begun afterwards, not even a connection.
        assert made.hand_over(mail.batch(4)).answer is Answer.ENDED
        assert server.connections == 1


@pytest.mark.parametrize("verb", ["TEXT", "MAIL"])
def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_there_is_time(
    monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(smtp, "GRACE", 0.3)
    plan: dict[Step, Fault] = {(verb, 3): Fault.HANG}
    with Server(plan=plan) as server:
        made = provider(server, timeout=20.0)
        after(server, verb, 3, made.stop)
        begun = time.monotonic()
        outcome = made.hand_over(mail.batch(10))
        assert time.monotonic() - begun < 5
        made.close()
    states = Counter(outcome.own.get(number, (outcome.answer, ""))[0] for number in range(1, 11))
    if verb == "TEXT":
        assert states == {Answer.ACCEPTED: 2, Answer.UNCERTAIN: 1, Answer.ENDED: 7}
        assert outcome.own[3][1] == "the run was asked to end, and the mail server had not answered"
    else:
        assert states == {Answer.ACCEPTED: 2, Answer.ENDED: 8}


def test_what_was_not_begun_is_planned_again_and_nothing_is_uncertain(engine: Engine) -> None:
    composed(engine)
    many(engine, 200)
    house = House(engine)
    asked = threading.Event()
    with SlowServer() as server:
        house.provider = provider(server)  # type: ignore[assignment] # a real one
        after(server, "TEXT", 40, asked.set)
        report = house.run(stopping=asked.is_set, pause=time.sleep)
        house.provider.close()
        assert (report.stopped_by, report.exit_status) == (StoppedBy.ASKED, ExitStatus.FAILED)
        assert (report.uncertain, report.problems) == (0, ())
        assert report.accepted == len(server.got) < 150
        assert report.planned == 200 - report.accepted
        assert house.batches(BatchState.HANDED) == ()
        assert {row.attempts for row in house.batches(BatchState.PLANNED)} == {0}
    with Server() as rest:
        house.provider = provider(rest)  # type: ignore[assignment] # a real one
        assert house.run().is_finished
        house.provider.close()
    taken = Counter(got.recipient for got in (*server.got, *rest.got))
    assert set(taken.values()) == {1}
    assert len(taken) == 200


def test_who_may_have_it_when_there_is_no_time_left_is_said_by_status_3(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "GRACE", 0.3)
    composed(engine)
    many(engine, 5)
    house = House(engine)
    asked = threading.Event()
    with Server(plan={("TEXT", 3): Fault.HANG}) as server:
        house.provider = provider(server, timeout=20.0)  # type: ignore[assignment] # a real one
        after(server, "TEXT", 3, asked.set)
        report = house.run(stopping=asked.is_set, pause=time.sleep)
        house.provider.close()
    assert (report.accepted, report.uncertain, report.planned) == (2, 1, 2)
    assert (report.stopped_by, report.exit_status) == (StoppedBy.ASKED, ExitStatus.HELD)


def test_where_everything_was_accepted_all_the_same_the_run_is_done(engine: Engine) -> None:
    composed(engine)
    many(engine, 5)
    house = House(engine)
    report = house.run(stopping=lambda: bool(house.provider.batches))
    assert (report.accepted, report.is_finished, report.stopped_by) == (5, True, None)
    assert report.exit_status is ExitStatus.DONE


RUN = """
import sys
import commands.deliver
commands.deliver.answers = lambda *_: None
from commands.main import main
sys.exit(main(["--config", sys.argv[1], "--log", "json", "--now", "2026-03-10T06:01"]))
"""


@pytest.mark.parametrize("readers", [3, 60])
def test_sigterm_ends_a_run_in_time(tmp_path: Path, readers: int) -> None:
    from tests.commands.house import built

    with SlowServer() as server:
        more = (
            f'[delivery]\nprovider = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {server.port}\n'
            'security = "plain"\nconnections = 1\n'
        )
        house = built(tmp_path / "quay", more=more)
        house.article("bridge")
        house.readers(*(f"reader{number}@example.org,paid," for number in range(readers)))
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(house.config)],
            cwd=HOUSE,
            env={**os.environ, "PYTHONPATH": str(HOUSE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until = time.monotonic() + 60
        while server.count("DATA") < 2:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        said, _ = process.communicate(timeout=60)
        assert time.monotonic() - begun < 10
        # Where everything was accepted nothing is left to fail.
        assert process.returncode == (len(server.got) < readers), said
        if readers > 3:
            assert 0 < len(server.got) < readers
            assert f'"accepted":{len(server.got)}' in said.replace(" ", "")
        assert '"uncertain"' not in said


def test_a_request_that_sendgrid_does_not_answer_is_waited_for_no_longer_than_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sendgrid, "GRACE", 0.3)
    with HttpServer(HttpAnswer(fault=HttpFault.HANG_AFTER_BODY)) as server:
        key = Secrets((("k", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.none-of-theirs")
        made = sendgrid.SendGrid(SendGridSettings(base_url=server.url, timeout=20.0), key)

        def stop() -> None:
            while not server.requests:
                time.sleep(0.01)
            made.stop()

        threading.Thread(target=stop, daemon=True).start()
        begun = time.monotonic()
        outcome = made.hand_over(mail.batch(3))
        assert time.monotonic() - begun < 5
        assert (outcome.answer, outcome.own) == (Answer.UNCERTAIN, {})
        assert outcome.reason == "the run was asked to end, and SendGrid had not answered"
        # Nothing is begun afterwards.
        assert made.hand_over(mail.batch(3)).answer is Answer.ENDED
        assert len(server.requests) == 1
        made.close()
