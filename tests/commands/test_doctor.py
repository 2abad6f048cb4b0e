"""`doctor`: each fault once, with its mend; nothing is changed."""

from __future__ import annotations

import re
import ssl
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.doctor_provider import certificate_end, scopes_hold
from newsroom.errors import ConfigurationError, ProviderError
from readership.probe import answers
from tests.commands.house import House, Run, built
from tests.servers.certificate import certificate, serving
from tests.servers.http import Answer, HttpServer, refusing_url
from tests.servers.smtp import Server

NOW = "2026-03-10T05:00"
TOLD = '[alerts]\nwebhook = "https://alerts.example/hook"\nheartbeat = "https://alerts.example/ping"'
CHECKS = (
    "folders",
    "secrets",
    "witness",
    "blanks",
    "sources",
    "readers",
    "offer",
    "looks",
    "provider",
    "hub",
    "alerts",
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom in which all is well."""
    house = built(tmp_path / "quay", more=TOLD)
    house.article("bridge")
    return house


def told(run: Run, check: str) -> list[str]:
    """What a check had to say: `yes`, or its complaints."""
    return [line.get("message") or line["ok"] for line in run.steps(check)]


def edited(house: House, old: str, new: str) -> None:
    text = house.config.read_text(encoding="utf-8")
    assert old in text
    house.config.write_text(text.replace(old, new), encoding="utf-8")


def test_where_all_is_well_each_check_says_so_once(house: House) -> None:
    run = house.run("doctor", now=NOW)
    assert run.status == 0
    assert {check: told(run, check) for check in CHECKS} == {check: ["yes"] for check in CHECKS}


def test_nothing_is_changed(house: House) -> None:
    house.run(now=NOW)
    house.article("tunnel")
    before = {path: path.read_bytes() for path in (house.root / "public").rglob("*") if path.is_file()}
    assert house.run("doctor", now=NOW).status == 0
    assert before == {
        path: path.read_bytes() for path in (house.root / "public").rglob("*") if path.is_file()
    }
    assert house.run("sync", now=NOW).step("sync")["new"] == 1


def test_a_mistake_is_one_line_and_every_source_is_looked_at(house: House) -> None:
    edited(house, "[[newsletter]]", '[[source]]\nkey = "wire"\npath = "wire"\n\n[[newsletter]]')
    house.broken("bad")
    house.article("dateless", published=None)
    run = house.run("doctor", now=NOW)
    assert run.status == 1
    lines = told(run, "sources")
    assert len(lines) == 3
    for name in ("bad.md", "dateless.md", "wire"):
        assert len([line for line in lines if name in line]) == 1
    # `doctor` says it once, and no other step says it again.
    assert len([line for line in run.problems if "wire" in line]) == 1
    assert run.steps("sync") == []


def test_a_source_that_is_gone_is_held(house: House) -> None:
    house.run(now=NOW)
    (house.root / "articles" / "politics" / "bridge.md").unlink()
    run = house.run("doctor", now=NOW)
    assert run.status == 3
    assert "sync --allow-withdrawals" in told(run, "sources")[0]


@pytest.mark.parametrize(
    "address",
    ["The Quay, Main Street 1, 1000 Town", "CHANGE me", "[YOUR POSTAL ADDRESS: set postal_address]"],
)
def test_what_init_left_is_named(house: House, address: str) -> None:
    edited(house, "Graslei 1, 9000 Ghent", address)
    run = house.run("doctor", now=NOW)
    assert run.status == 0
    (line,) = told(run, "blanks")
    assert line.startswith(f"{house.config}: newsletter.daily.postal_address: ")
    assert "yes" not in told(run, "blanks")


def test_before_real_mail_what_init_left_is_a_fault(house: House) -> None:
    with refusing_url() as url:
        edited(house, "http://127.0.0.1:8080", url)
        edited(house, "Graslei 1, 9000 Ghent", "Main Street 1, 1000 Town")
        edited(house, '"digest@quay.example"', '"digest@example.org"')
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {url.rpartition(":")[2]}\nsecurity = "plain"'
        edited(house, "[alerts]", f'[delivery]\nprovider = "smtp"\n\n{smtp}\n\n[alerts]')
        run = house.run("doctor", now=NOW)
    assert run.status == 2
    assert len(told(run, "blanks")) == 2
    page, server = told(run, "provider")
    assert "does not answer: the connection is refused; start nginx" in page
    assert re.search(r"mail server 127\.0\.0\.1:\d+: .*refused", server)


def test_the_mail_server_is_tried_and_gets_no_mail(house: House) -> None:
    with Server() as server, refusing_url() as url:
        edited(house, "http://127.0.0.1:8080", url)
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "plain"'
        edited(house, "[alerts]", f'[delivery]\nprovider = "smtp"\n\n{smtp}\n\n[alerts]')
        run = house.run("doctor", now=NOW)
        assert len(told(run, "provider")) == 1
        assert (server.count("EHLO"), server.count("QUIT"), server.count("MAIL")) == (1, 1, 0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, body=b'{"scopes": ["mail.send", "alerts.read"]}'), ""),
        (Answer(200, body=b'{"scopes": ["alerts.read"]}'), "may not send mail"),
        (Answer(200, body=b"<html>"), "may not send mail"),
        (Answer(401), r"the key is not taken \(401\)"),
        (Answer(500), "it answers 500"),
    ],
)
def test_sendgrid_is_asked_what_the_key_may_do(answer: Answer, said: str) -> None:
    with HttpServer(answer) as server:
        with pytest.raises(ProviderError, match=said) if said else nullcontext():
            scopes_hold(server.url, "SG.key", 5)
        assert server.requests[0].path == "/v3/scopes"


def test_a_certificate_says_when_it_ends(tmp_path: Path) -> None:
    own = certificate(tmp_path)
    with HttpServer(Answer(200), tls=serving(own)) as server:
        trusting = ssl.create_default_context(cafile=own)
        end = certificate_end("127.0.0.1", server.port, trusting, 5)
        # What is not trusted is told by another check.
        assert certificate_end("127.0.0.1", server.port, None, 5) is None
        with pytest.raises(ConfigurationError, match=r"certificate does not hold .*reload nginx"):
            answers(f"https://127.0.0.1:{server.port}", (("k1", b"k" * 32),), 5)
    assert end is not None
    assert timedelta(days=1) < end - datetime.now(UTC) < timedelta(days=3)


def test_a_name_that_is_in_no_dns_is_said_to_be_so() -> None:
    with pytest.raises(ConfigurationError, match="not found in the DNS; make an A or AAAA record"):
        answers("https://no-such-host.invalid", (("k1", b"k" * 32),), 5)


def test_nobody_told_is_said_and_not_praised(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    run = house.run("doctor", now=NOW)
    assert run.status == 0
    first, second = told(run, "alerts")
    assert "nobody is told of failures" in first
    assert "heartbeat" in second


def test_nobody_is_told_by_a_check(tmp_path: Path) -> None:
    with HttpServer(Answer(200)) as server:
        house = built(
            tmp_path / "quay", more=f'[alerts]\nwebhook = "{server.url}"\nheartbeat = "{server.url}"'
        )
        house.broken("bad")
        assert house.run("doctor", now=NOW).status == 1
        assert server.requests == []


def test_a_folder_that_is_a_file_and_a_database_that_all_may_read(house: House) -> None:
    house.run("sync", now=NOW)
    (house.root / "standfirst.db").chmod(0o644)
    (house.root / "public").write_text("in the way", encoding="utf-8")
    run = house.run("doctor", now=NOW)
    assert run.status == 1
    assert "chmod o-rwx" in told(run, "secrets")[0]
    assert str(house.root / "public") in told(run, "folders")[0]


def test_a_clone_and_faint_colours(house: House) -> None:
    edited(house, 'authority = "quay.example,2026"', 'authority = "quay.example,2026"\naccent = "#cccccc"')
    house.readers("free@example.org,free,")
    house.run(now="2026-03-10T06:01")
    witness = house.root / "standfirst.witness"
    witness.write_text(re.sub(r'"place": ".*"', '"place": "elsewhere:/x"', witness.read_text()))
    run = house.run("doctor", now="2026-03-10T06:10")
    assert run.status == 3
    assert "lives elsewhere" in told(run, "witness")[0]
    assert "contrast" in told(run, "looks")[0]


def test_the_paywall_is_shown(house: House) -> None:
    edited(house, "[offer]", "[paywall]\npublic_paragraphs = 1\n\n[offer]")
    body = "\n\n".join(
        f"{word} " + "and so on it goes for a while. " * 12
        for word in ("One", "Two", "Three", "Four", "Five")
    )
    house.article("long", body=body)
    house.run("sync", now=NOW)
    run = house.run("doctor", "--paywall", now=NOW)
    shown = [line for line in run.steps("paywall") if "article" in line]
    assert [line["headline"] for line in shown] == ["The long story"]
    assert run.step("paywall")["closed_articles_that_show_a_paragraph"] == 1
    assert "and so on" not in str(run.lines)


def test_links_of_the_offer_that_lead_nowhere_are_named(house: House) -> None:
    edited(house, "https://quay.example/account", "http://127.0.0.1:8080/login")
    assert told(house.run("doctor", now=NOW), "offer") == ["yes"]
    edited(house, "[alerts]", "[web]\ngate = true\n\n[alerts]")
    (line,) = told(house.run("doctor", now=NOW), "offer")
    assert "offer.account_url: http://127.0.0.1:8080/login: `serve` has no such page and answers 404" in line
    edited(house, "http://127.0.0.1:8080/login", "http://127.0.0.1:8080/account?x=1")
    assert told(house.run("doctor", now=NOW), "offer") == ["yes"]
    edited(house, "https://quay.example/subscribe", "http://127.0.0.1:8080/subscribe")
    (line,) = told(house.run("doctor", now=NOW), "offer")
    assert "`serve`'s form for the mail, where nobody can pay" in line
