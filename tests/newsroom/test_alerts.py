"""The operator is told: each problem once, by real servers on the loopback interface."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from sqlalchemy.engine import Engine

from newsroom import alerts, log
from newsroom.database import reading
from newsroom.errors import StoreError
from newsroom.secrets import Secrets
from newsroom.settings import AlertSettings, DeliverySettings, Settings, SmtpSettings
from newsroom.tables import alerts as table
from tests import samples
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

LATER = samples.NOON + timedelta(minutes=5)
FULL = {"feeds:disk": "public/feeds/all.rss: cannot be written: disk full"}
KEY = {"smtp:401": "the provider refuses the key"}


class Mailbox:
    """A real mail server's other end."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (the library's name)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.rcpt_tos, message))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, SmtpSettings]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, SmtpSettings(host="127.0.0.1", port=port, security="plain")
    controller.stop()


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("text", stream=stream)
    yield stream
    log.configure("text")


def _settings(**ways: Any) -> Settings:
    root = Path("/srv/quay")
    return Settings(
        path=root / "newsroom.toml",
        root=root,
        newsroom=samples.newsroom(),
        newsletters=(),
        sources=(),
        secrets=Secrets((("k", b"x" * 16),), b"y" * 16),
        database_url="sqlite://",
        public_dir=root,
        outbox_dir=root,
        alerts=AlertSettings(**ways),
    )


def _settle(
    engine: Engine,
    settings: Settings,
    problems: dict[str, str],
    now: datetime = samples.NOON,
    *,
    all_seen: bool = True,
) -> tuple[str, ...]:
    return alerts.settle(engine, settings, problems, now, all_seen=all_seen)


def _rows(engine: Engine) -> dict[str, bool]:
    with engine.connect() as connection:
        return {row.key: row.told is not None for row in connection.execute(sa.select(table))}


def test_a_problem_is_told_once_while_it_lasts(engine: Engine) -> None:
    with HttpServer(Answer(200)) as server:
        settings = _settings(webhook=f"{server.url}/hook")
        assert _settle(engine, settings, FULL) == ("feeds:disk",)
        assert _settle(engine, settings, FULL, LATER) == ()
        assert _settle(engine, settings, FULL | KEY, LATER) == ("smtp:401",)
        assert [request.json for request in server.requests] == [
            {"text": f"The Quay: {FULL['feeds:disk']}"},
            {"text": f"The Quay: {KEY['smtp:401']}"},
        ]


def test_a_problem_that_is_over_and_comes_again_is_told_again(engine: Engine) -> None:
    with HttpServer(Answer(200)) as server:
        settings = _settings(webhook=server.url)
        _settle(engine, settings, FULL)
        # A run that did one step alone does not know whether the others' problems are over.
        _settle(engine, settings, {}, all_seen=False)
        assert _rows(engine) == {"feeds:disk": True}
        _settle(engine, settings, {})
        assert _rows(engine) == {}
        assert _settle(engine, settings, FULL, LATER) == ("feeds:disk",)
        assert len(server.requests) == 2


def test_several_problems_are_one_message(engine: Engine) -> None:
    with HttpServer(Answer(200)) as server:
        _settle(engine, _settings(webhook=server.url), FULL | KEY)
        (request,) = server.requests
    assert "disk full\n\nthe provider" in request.json["text"]


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(404), Answer(302, {"Location": "/x"}), Answer(fault=Fault.DISCONNECT)]
)
def test_what_could_not_be_told_is_told_by_the_next_run(
    engine: Engine, said: io.StringIO, answer: Answer
) -> None:
    with HttpServer(Answer(200)) as server:
        server.answers.append(answer)
        settings = _settings(webhook=server.url)
        assert _settle(engine, settings, FULL) == ()
        assert _rows(engine) == {"feeds:disk": False}
        assert _settle(engine, settings, FULL, LATER) == ("feeds:disk",)
        assert "alerts cannot be delivered" in said.getvalue()
        assert server.url not in said.getvalue()


def test_nobody_there_fails_no_run(engine: Engine, said: io.StringIO) -> None:
    with refusing_url() as url:
        smtp = SmtpSettings(host="127.0.0.1", port=int(url.rpartition(":")[2]), security="plain")
        settings = _settings(webhook=url, mail=("desk@quay.example",), smtp=smtp, heartbeat=url)
        assert _settle(engine, settings, FULL) == ()
        alerts.heartbeat(settings)
    assert "alerts cannot be delivered: ConnectError" in said.getvalue()
    assert "alerts cannot be mailed: ConnectionRefusedError" in said.getvalue()
    assert "heartbeats cannot be delivered: ConnectError" in said.getvalue()


def test_without_any_way_nothing_counts_as_told_until_there_is_one(engine: Engine) -> None:
    assert not alerts.is_set_up(_settings())
    # An address alone is no way: nothing would carry the mail.
    assert not alerts.is_set_up(_settings(mail=("desk@quay.example",)))
    assert _settle(engine, _settings(), FULL) == ()
    assert _rows(engine) == {"feeds:disk": False}
    with HttpServer(Answer(200)) as server:
        assert alerts.is_set_up(_settings(webhook=server.url))
        assert _settle(engine, _settings(webhook=server.url), FULL, LATER) == ("feeds:disk",)


def test_many_problems_are_ten_lines_and_a_number(engine: Engine) -> None:
    many = {f"sync:{number}": f"article {number}: no date" for number in range(25)}
    with HttpServer(Answer(200)) as server:
        assert len(_settle(engine, _settings(webhook=server.url), many)) == 25
        (request,) = server.requests
    lines = request.json["text"].split("\n\n")
    assert len(lines) == 11
    assert lines[-1] == "and 15 more: python send.py status --problems"


def test_one_cause_is_said_once() -> None:
    said = alerts.in_one(["disk full"] * 12 + ["no date"])
    assert said == "disk full\n\nno date"


def test_what_is_noted_is_what_was_said_last(engine: Engine) -> None:
    _settle(engine, _settings(), {"held:x": "lost 12 of 20"})
    _settle(engine, _settings(), {"held:x": "lost 13 of 20"}, LATER)
    with reading(engine) as connection:
        (one,) = alerts.noted(connection)
    assert (one.key, one.message, one.first_seen, one.told) == ("held:x", "lost 13 of 20", samples.NOON, None)


def test_told_and_not_noted_fails_no_run(
    engine: Engine, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = iter((alerts.writing,))

    def full_after_the_first(engine: Engine) -> Any:
        try:
            return next(writes)(engine)
        except StopIteration:
            raise StoreError("the database failed: disk full") from None

    monkeypatch.setattr(alerts, "writing", full_after_the_first)
    with HttpServer(Answer(200)) as server:
        assert _settle(engine, _settings(webhook=server.url), FULL) == ("feeds:disk",)
    assert "the next run tells it again" in said.getvalue()


def test_it_comes_by_mail(engine: Engine, mailbox: tuple[Mailbox, SmtpSettings]) -> None:
    box, smtp = mailbox
    settings = _settings(
        mail=("desk@quay.example", "night@quay.example"), sender="standfirst@quay.example", smtp=smtp
    )
    long = {"x": "a line\r\nBcc: all@example.org of ann@example.org " + "é" * 400}
    assert _settle(engine, settings, long) == ("x",)
    ((to, message),) = box.taken
    assert to == ["desk@quay.example", "night@quay.example"]
    assert message["From"] == "standfirst@quay.example"
    assert message["Subject"].startswith("The Quay: a line Bcc: [address] of [address] é")
    assert "\n" not in message["Subject"]
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@quay.example>")
    text = message.get_content()
    assert "é" * 400 in text
    assert "ann@" not in text
    assert "python send.py status --problems" in text


def test_how_to_see_what_waits_stands_only_under_what_waits(
    engine: Engine, mailbox: tuple[Mailbox, SmtpSettings]
) -> None:
    box, smtp = mailbox
    settings = _settings(mail=("desk@quay.example",), smtp=smtp)
    done = {f"{alerts.NOTICE}daily": "daily is handed over"}
    assert alerts.tell(settings, done, LATER)
    assert alerts.tell(settings, done | FULL, LATER)
    first, both = (message.get_content().replace("\r\n", "\n") for _, message in box.taken)
    assert first == "daily is handed over\n"
    assert both.endswith("\n\nWhat waits for a person: python send.py status --problems\n")


def test_the_editions_own_server_is_used_where_there_is_no_other(
    engine: Engine, mailbox: tuple[Mailbox, SmtpSettings]
) -> None:
    box, smtp = mailbox
    settings = _settings(mail=("desk@quay.example",))
    by_smtp = replace(settings, smtp=smtp, delivery=DeliverySettings(provider="smtp"))
    assert _settle(engine, by_smtp, FULL) == ("feeds:disk",)
    assert len(box.taken) == 1


def test_one_way_that_works_is_enough(engine: Engine, mailbox: tuple[Mailbox, SmtpSettings]) -> None:
    box, smtp = mailbox
    with refusing_url() as url:
        settings = _settings(webhook=url, mail=("desk@quay.example",), smtp=smtp)
        assert _settle(engine, settings, FULL) == ("feeds:disk",)
    assert len(box.taken) == 1


def test_no_secret_leaves_by_an_alert(engine: Engine, said: io.StringIO) -> None:
    log.configure("text", secrets=("s3cr3t-key",), stream=said)
    with HttpServer(Answer(200)) as server:
        _settle(engine, _settings(webhook=server.url), {"x": "refused s3cr3t-key"})
        assert b"s3cr3t" not in server.requests[0].body


def test_the_heartbeat_is_a_plain_call(engine: Engine) -> None:
    with HttpServer(Answer(200)) as server:
        alerts.heartbeat(_settings())
        assert server.requests == []
        alerts.heartbeat(_settings(heartbeat=f"{server.url}/ping"))
        (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/ping", b"")
