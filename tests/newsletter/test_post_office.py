"""`serve` answers sign-ups and drains the queue of letters within seconds, into a real mail server."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from newsletter.letters import post_office
from newsletter.letters.letter_queue import forget_address, put
from newsletter.letters.personal import personal, typeset
from newsletter.letters.post_office import PostOffice
from newsletter.letters.sign_up_letters import answer_sign_ups
from newsletter.tables import letters
from newsroom.database import engine_for, writing
from newsroom.settings import load
from readership import sign_ins as sign_in_store
from readership.address import recipient_key
from readership.sign_ins import SignIn
from readership.sign_up import SignUp
from readership.sign_up_store import ask
from readership.tables import sign_ups
from readership.tokens import form_stamp
from tests import samples
from tests.commands.house import House, built, html_of
from tests.servers.smtp import Got, Server

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = (("k1", bytes.fromhex("ab" * 32)),)


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def mail(got: Got) -> EmailMessage:
    message = message_from_bytes(got.text, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def newsroom(root: Path, port: int, smtp: Server) -> House:
    more = (
        f'[delivery]\nprovider = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {smtp.port}\nsecurity = "plain"\n'
    )
    return built(root, more=more, public_url=f"http://127.0.0.1:{port}")


@contextmanager
def serving(house: House, port: int) -> Iterator[httpx2.Client]:
    command = [sys.executable, "send.py", "--config", str(house.config), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline().startswith("serve ")
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                yield client
            run.send_signal(signal.SIGTERM)
            run.wait(20)
        finally:
            run.kill()


def test_from_the_form_to_the_first_digest(tmp_path: Path) -> None:
    port = free()
    with Server() as smtp:
        house = newsroom(tmp_path / "quay", port, smtp)
        house.article("bridge", teaser="It opens again.", published="2026-03-10T05:00:00+01:00")
        house.run(now="2026-03-10T05:30")
        with serving(house, port) as client:
            stamp = form_stamp(KEYS, datetime.now(UTC) - timedelta(minutes=1))
            fields = {"address": "ana@example.org", "stamp": stamp, "language": "de"}
            assert "Sehen Sie in Ihr Postfach" in client.post("/subscribe", data=fields).text
            until(lambda: len(smtp.got) == 1)
            confirm = mail(smtp.got[0])
            assert (confirm["To"], confirm["From"]) == ("ana@example.org", "The Quay <digest@quay.example>")
            assert confirm["Subject"] == "Bestätigen Sie Ihr Abonnement von „The Morning Quay“"
            # Made of public_url, whatever a client calls us; and no list's mail.
            link = re.search(rf'href="http://127\.0\.0\.1:{port}(/confirm/[^"]+)"', html_of(confirm))
            assert link and confirm["List-Unsubscribe"] is None
            assert "„The Morning Quay“ bekommen?" in client.get(link[1]).text
            assert "Sie sind angemeldet" in client.post(link[1]).text
            run = house.run(now="2026-03-10T06:01")
            assert run.problems == [], run.problems
            (digest,) = [mail(one) for one in smtp.got[1:]]
            assert digest["To"] == "ana@example.org" and "bridge" in html_of(digest)
            stop = re.search(r"<(http\S+)>", str(digest["List-Unsubscribe"]))
            assert stop and client.post(stop[1]).status_code == 200
            client.post("/subscribe", data=fields | {"language": "en"})
            until(lambda: len(smtp.got) == 3)
            assert mail(smtp.got[2])["Subject"] == "Confirm your subscription to The Morning Quay"


def test_a_mail_server_that_is_away_loses_nothing_and_a_run_hands_it_over_too(tmp_path: Path) -> None:
    port = free()
    with Server(plan={("GREETING", 0): "421 4.3.2 not now"}) as smtp:
        house = newsroom(tmp_path / "quay", port, smtp)
        with serving(house, port) as client:
            stamp = form_stamp(KEYS, datetime.now(UTC) - timedelta(minutes=1))
            sent = client.post("/subscribe", data={"address": "ana@example.org", "stamp": stamp})
            assert "Look into your mailbox" in sent.text
            until(lambda: smtp.count("GREETING") > 0)
        assert smtp.got == []
        smtp.plan = {}
        # As long as a mail server may be away: the run is an hour later.
        later = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
        run = house.run(now=later)
    assert run.step("letters")["accepted"] == 1
    assert [mail(one)["To"] for one in smtp.got] == ["ana@example.org"]


def waiting(house: House) -> sa.Engine:
    """A newsroom's database with a sign-up in it that nobody has answered."""
    house.run(now="2026-03-10T05:00")
    values = load(house.config, {})
    engine = engine_for(values.database_url)
    key, address = values.secrets.address_key, "ana@example.org"
    one = SignUp(
        "0" * 32, recipient_key(key, address), address, ("daily",), (), "en", samples.NOON, "unknown", "words"
    )
    with writing(engine) as connection:
        assert ask(connection, one, key, 10, is_sound=True)
    return engine


def test_a_run_answers_what_nobody_serves(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    waiting(house).dispose()
    run = house.run(now="2026-03-10T13:05")
    assert run.step("sign_ups")["answered"] == 1
    assert run.step("letters")["accepted"] == 1
    assert "ana@example.org" not in str(run.lines)


def test_a_run_answers_a_sign_in_that_nobody_serves(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.run(now="2026-03-10T05:00")
    values = load(house.config, {})
    engine = engine_for(values.database_url)
    key, address = values.secrets.address_key, "ana@example.org"
    one = SignIn("0" * 32, "1" * 64, recipient_key(key, address), address, "en", "", samples.NOON)
    with writing(engine) as connection:
        assert sign_in_store.ask(connection, one, key, "unknown")
        assert sign_in_store.unanswered(connection, samples.NOON, 1)
    house.run(now="2026-03-10T13:05")
    with engine.connect() as connection:
        assert not sign_in_store.unanswered(connection, samples.NOON, 1)
    engine.dispose()


def test_who_is_forgotten_gets_no_letter_that_was_on_its_way(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    engine = waiting(house)
    answer_sign_ups(load(house.config, {}), engine, lambda: samples.NOON)
    house.run("readers", "forget", "Ana@example.org", now="2026-03-10T13:05")
    with engine.connect() as connection:
        for table in (sign_ups, letters):
            assert connection.execute(sa.select(table)).all() == []
    engine.dispose()
    assert house.run(now="2026-03-10T13:06").steps("letters") == []


def test_a_trouble_is_told_and_the_thread_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = built(tmp_path / "quay")
    values, calls = load(house.config, {}), list[int]()
    monkeypatch.setattr(post_office, "PAUSE", 0.01)
    monkeypatch.setattr(post_office, "TROUBLED", 0.01)

    def failing(*_: object) -> None:
        calls.append(1)
        raise ValueError("ana@example.org")

    monkeypatch.setattr(post_office, "drained", failing)
    with PostOffice(values, sa.create_engine("sqlite://"), lambda: samples.NOON):
        until(lambda: len(calls) > 2)
    said = capsys.readouterr().out
    assert "no letter can be sent now: ValueError" in said and "ana@" not in said


def test_the_letters_of_one_address_can_be_forgotten(engine: sa.Engine) -> None:
    letter = typeset(
        personal("confirm", "en", {"titles": "x", "days": "7"}),
        samples.newsroom(),
        samples.newsletter(),
        "en",
    )
    with writing(engine) as connection:
        for address in ("Ana@quay.example", "bo@quay.example"):
            put(
                connection,
                "confirm",
                samples.newsletter(),
                address,
                letter,
                samples.NOON,
                samples.NOON + timedelta(days=1),
            )
        assert forget_address(connection, "ana@QUAY.example") == 1
        assert connection.execute(sa.select(letters.c.address)).scalars().all() == ["bo@quay.example"]
