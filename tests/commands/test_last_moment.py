"""The last moment before an edition goes out, and while it does: from the shell, by mail and in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from commands.context import Context, opened
from commands.invocation import Invocation, LogFormat
from commands.posting import post_for
from content.tables import articles
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import batches, editions
from newsroom.database import engine_for, metadata, writing
from newsroom.settings import load
from tests.commands.house import House, built, html_of
from tests.newsletter.delivering import FakeProvider
from tests.servers.http import Answer as HttpAnswer
from tests.servers.http import HttpServer
from tests.web.editing import hidden, seen
from tests.web.serving import Site, served

KEY = "daily-2026-03-10"
NELE = "nele@quay.example"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three stories, three readers, an editor; composed twenty minutes before its hour."""
    house = built(tmp_path / "quay", more=f'hold = "20m"\neditors = ["{NELE}"]\n')
    house.article("bridge")
    house.article("ferry", published="2026-03-10T05:10:00+01:00")
    house.article("museum", "culture", access="free")
    house.readers(*(f"{name}@example.org,free," for name in ("ana", "bo", "cy")))
    house.run(now="2026-03-10T05:40")
    return house


def link(house: House) -> str:
    found = re.search(r"/edition/[\w-]+", html_of(house.mails("letters-preview")[NELE]))
    assert found
    return found[0]


@contextmanager
def window_shop(house: House, at: str) -> Iterator[Site]:
    """The newsroom's pages, served at that local time."""
    settings = load(house.config, {})
    engine = engine_for(settings.database_url)
    with served(settings, engine) as site:
        site.clock.moment = datetime.fromisoformat(f"{at}+01:00")
        yield site
    engine.dispose()


def test_an_editor_drops_a_story_by_the_link_ten_minutes_before_the_hour(house: House) -> None:
    address = link(house)
    with window_shop(house, "2026-03-10T05:50") as site:
        page = site.client.get(address)
        drop = re.search(r'value="(drop [^"]*ferry[^"]*)"', page.text)
        assert drop
        done = site.client.post(address, data={"seen": seen(page), "do": drop[1]})
        assert done.status_code == 303
        assert "Done: " in site.client.get(address + done.headers["location"].partition("#")[0]).text
    run = house.run(now="2026-03-10T06:00")
    assert run.step("deliver")["accepted"] == 3
    html = html_of(house.mails(KEY)["ana@example.org"])
    assert ("The ferry story" in html, "The bridge story" in html) == (False, True)
    why = house.run("why", "ferry", KEY, now="2026-03-10T06:10")
    assert any(NELE.partition("@")[0] in str(line) or "[address]" in str(line) for line in why.lines)
    # It was dropped from this one alone.
    assert house.run(now="2026-03-11T05:40").step("digest")["stories"] == 1


def test_send_now_by_the_link_goes_with_the_next_run(house: House) -> None:
    address = link(house)
    with window_shop(house, "2026-03-10T05:45") as site:
        page = site.client.get(address)
        fields = {"seen": seen(page), "do": "now"}
        asked = site.client.post(address, data=fields).headers["location"].partition("#")[0]
        question = site.client.get(address + asked)
        assert "Send it now?" in question.text
        site.client.post(address, data=fields | hidden(question) | {"sure": "yes"})
    assert house.run(now="2026-03-10T05:46").step("deliver")["accepted"] == 3


def test_a_scanner_that_opens_all_links_of_the_preview_changes_nothing(house: House) -> None:
    html = html_of(house.mails("letters-preview")[NELE])
    paths = {re.sub(r"https?://[^/]+", "", url) or "/" for url in re.findall(r'href="([^"]+)"', html)}
    with window_shop(house, "2026-03-10T05:45") as site:
        before = dump(site.engine)
        for path in sorted(paths):
            for method in ("GET", "HEAD"):
                assert site.client.request(method, path).status_code < 500, path
        assert dump(site.engine) == before
    assert len([path for path in paths if path.startswith("/edition/")]) == 1


def dump(engine: Engine) -> dict[str, list[str]]:
    """All that the database holds."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("then", ["composed", "hold", "stop", "sent"])
def test_a_test_message_changes_nothing_in_the_whole_database(house: House, then: str) -> None:
    if then in ("hold", "stop"):
        house.run(then, KEY, now="2026-03-10T05:45")
    if then == "sent":
        house.run(now="2026-03-10T06:00")
    engine = engine_for(load(house.config, {}).database_url)
    before = dump(engine)
    run = house.run("test", "me@example.org", "--all", now="2026-03-10T06:05")
    assert run.status in (0, 3)
    assert dump(engine) == before
    engine.dispose()


def test_what_an_editor_stops_by_the_link_is_told_to_the_operator(house: House) -> None:
    address = link(house)
    with window_shop(house, "2026-03-10T05:50") as site:
        page = site.client.get(address)
        site.client.post(address, data={"seen": seen(page), "do": "stop", "sure": "yes"})
    run = house.run(now="2026-03-10T06:00")
    assert (run.status, len(run.problems)) == (0, 1)
    assert run.problems[0].startswith(f"{KEY} was stopped by an editor at 05:50: nobody has it; ")


@contextmanager
def room_of(house: House, now: str) -> Iterator[Context]:
    with opened(Invocation(house.config, LogFormat.JSON, now, dry_run=False)) as room:
        yield room


def test_what_is_withdrawn_while_a_long_delivery_goes_on_is_in_no_batch_after_it(house: House) -> None:
    with room_of(house, "2026-03-10T06:00") as room:

        def withdrawn(_: Batch) -> Outcome:
            # Another run has read the source meanwhile.
            with writing(room.engine) as connection:
                gone = sa.update(articles).where(articles.c.slug == "ferry")
                connection.execute(gone.values(withdrawn=room.clock()))
            return Outcome(Answer.ACCEPTED)

        provider = FakeProvider(batch_size=1)
        provider.answers.append(withdrawn)
        values: dict[str, Any] = {"alive": lambda _: False, "clock": room.clock.running}
        newsletter = room.newsletter("daily")
        terms = Terms("fake", 1, "me")
        Delivery(room.engine, KEY, provider, post_for(room, newsletter), terms, **values).run()
    first, *others = ("".join(map(str, batch.letter.html)) for batch in provider.batches)
    assert "The ferry story" in first
    assert len(others) == 2
    assert not any("The ferry story" in html for html in others)


def test_what_another_provider_keeps_is_said_not_to_be_taken_back(house: House) -> None:
    house.run(now="2026-03-10T06:00")
    engine = engine_for(load(house.config, {}).database_url)
    with writing(engine) as connection:
        until = datetime.fromisoformat("2026-03-10T06:30+01:00")
        connection.execute(sa.update(batches).values(send_at=until))
        connection.execute(sa.update(editions).values(recall="name-1"))
    engine.dispose()
    run = house.run("stop", KEY, now="2026-03-10T06:05")
    assert (run.status, run.step("stop")["state"]) == (1, "stopped")
    assert "is kept by another provider than outbox" in run.problems[0]


@contextmanager
def kept_by_sendgrid(
    house: House, answer: HttpAnswer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HttpServer]:
    """The edition went to SendGrid, which keeps it until 06:30 and answers so."""
    house.run(now="2026-03-10T06:00")
    engine = engine_for(load(house.config, {}).database_url)
    with writing(engine) as connection:
        until = datetime.fromisoformat("2026-03-10T06:30+01:00")
        connection.execute(sa.update(batches).values(send_at=until, provider="sendgrid"))
        connection.execute(sa.update(editions).values(recall="name-1", provider="sendgrid"))
    engine.dispose()
    monkeypatch.setenv("STANDFIRST_SENDGRID_API_KEY", "SG.not-a-key")
    with HttpServer(answer) as server:
        more = f'[delivery]\nprovider = "sendgrid"\n[sendgrid]\nbase_url = "{server.url}"\ndelay = "30m"\n'
        house.config.write_text(house.config.read_text(encoding="utf-8") + more, encoding="utf-8")
        yield server


def test_what_was_not_taken_back_waits_for_a_person_and_each_run_tries_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_by_sendgrid(house, HttpAnswer(500), monkeypatch) as server:
        run = house.run("stop", KEY, now="2026-03-10T06:05")
        said = "nobody knows whether the mails of 3 readers are taken back; else they go at 06:30"
        assert (run.status, said in run.problems[0]) == (1, True)
        waits = house.run("status", "--problems", now="2026-03-10T06:06")
        (line,) = waits.steps("status")
        assert (waits.status, line["trouble"], line["commands"]) == (3, "perhaps taken back", [f"stop {KEY}"])
        assert line["readers"] == 3
        again = house.run(now="2026-03-10T06:08")
        assert (again.status, len(server.requests)) == (3, 2)
        assert f"{KEY}: it is stopped, but nobody knows whether the mails of 3 readers" in again.problems[0]
        assert house.run("--dry-run", now="2026-03-10T06:09").step("deliver")["to_take_back"] == 3
        server.otherwise = HttpAnswer(201, body=b"{}")
        assert house.run(now="2026-03-10T06:10").step("deliver")["taken_back"] == 3
        assert house.run("status", "--problems", now="2026-03-10T06:11").status == 0


def test_of_what_may_be_taken_back_nobody_knows_once_its_time_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_by_sendgrid(house, HttpAnswer(500), monkeypatch):
        house.run("stop", KEY, now="2026-03-10T06:05")
        run = house.run(now="2026-03-10T06:35")
        assert (run.status, "of 3 readers nobody knows" in run.problems[0]) == (3, True)
        assert "`resolve" in run.problems[1]
        # Each run says it until it is settled.
        assert house.run(now="2026-03-10T06:40").status == 3
        (line,) = house.run("status", "--problems", now="2026-03-10T06:41").steps("status")
        assert (line["trouble"], line["readers"]) == ("uncertain", 3)


def test_who_resumes_what_may_be_taken_back_is_told_of_whom_nobody_knows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_by_sendgrid(house, HttpAnswer(500), monkeypatch):
        house.run("stop", KEY, now="2026-03-10T06:05")
        for more in (("--dry-run",), ()):
            resumed = house.run("resume", KEY, *more, now="2026-03-10T06:08")
            assert (resumed.step("resume")["uncertain"], resumed.step("resume").get("have_it")) == (3, None)
            assert "of 3 readers nobody knows" in resumed.problems[0]
            assert f"`resolve {KEY} --sent`" in resumed.problems[0]
        (line,) = house.run("status", "--problems", now="2026-03-10T06:09").steps("status")
        assert (line["trouble"], line["readers"]) == ("uncertain", 3)


def test_the_run_that_hears_too_late_of_it_says_of_whom_nobody_knows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_by_sendgrid(house, HttpAnswer(503), monkeypatch) as server:
        house.run("stop", KEY, now="2026-03-10T06:05")
        server.otherwise = HttpAnswer(201, body=b"{}")
        run = house.run(now="2026-03-10T06:25")
        assert (run.status, run.step("deliver")["uncertain"]) == (3, 3)
        assert "`resolve" in " ".join(run.problems)


def test_what_was_sent_before_it_was_taken_back_is_said_as_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_by_sendgrid(house, HttpAnswer(401), monkeypatch):
        house.run("stop", KEY, now="2026-03-10T06:05")
        waits = house.run("status", "--problems", now="2026-03-10T06:31")
        assert [line["trouble"] for line in waits.steps("status")] == ["sent after all"]
        run = house.run(now="2026-03-10T06:35")
        assert (run.status, "and went to 3 readers" in run.problems[0]) == (1, True)
        assert house.run(now="2026-03-10T06:40").status == 0
    said = [line["what"] for line in house.run("status", KEY, now="2026-03-10T06:41").steps("log")]
    assert any("was not, and went to 3 readers" in what for what in said)


def test_stop_has_sendgrid_forget_what_it_keeps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept_by_sendgrid(house, HttpAnswer(201, body=b"{}"), monkeypatch) as server:
        for now, back, doubt in (("06:05", 3, None), ("06:25", None, 3)):
            line = house.run("stop", KEY, "--dry-run", now=f"2026-03-10T{now}").step("stop")
            assert (line.get("taken_back"), line.get("uncertain"), line["have_it"]) == (back, doubt, 0)
        run = house.run("stop", KEY, "--why", "the wrong photograph", now="2026-03-10T06:05")
    assert (run.status, run.step("stop")["taken_back"]) == (0, 3)
    assert [request.path for request in server.requests] == ["/v3/user/scheduled_sends"]
    shown = house.run("status", KEY, now="2026-03-10T06:06").steps("status")[0]
    assert (shown["state"], shown["planned"], shown["sum_is_right"]) == ("stopped", 3, True)
    # Its stories are in the next one.
    again = house.run("digest", "daily", "--extra", "again", now="2026-03-10T06:07")
    assert again.step("digest")["stories"] == 3
