"""A database that is put back, saved while SendGrid kept an edition that was taken back after that."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from newsroom.settings import load
from tests.commands.at_its_address import at_its_address
from tests.commands.house import House, Run, built
from tests.commands.test_events_story import EDITION
from tests.servers.http import Answer, HttpServer
from tests.web.posting import PUBLIC

SIX, COPIED, STOPPED, RESUMED, AGAIN, BACK, RELEASED, LOOKED, AFTER = (
    f"2026-03-10T06:{minute}" for minute in ("01", "03", "05", "06", "10", "15", "16", "17", "20")
)
ALL = {f"reader{number}@example.org": 1 for number in range(1, 7)}
DONE, TAKEN = Answer(201, body=b"{}"), Answer(202, {"X-Message-Id": "some"})


@pytest.fixture
def sendgrid() -> Iterator[HttpServer]:
    with HttpServer(TAKEN) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, sendgrid: HttpServer) -> Iterator[House]:
    kept = f'[sendgrid]\nbase_url = "{sendgrid.url}"\ndelay = "30m"\n'
    house = built(tmp_path / "quay", more=f'[delivery]\nprovider = "sendgrid"\n{kept}')
    with (house.root / "secrets.env").open("a", encoding="utf-8") as secrets:
        secrets.write(f"STANDFIRST_SENDGRID_API_KEY=SG.key\nSTANDFIRST_SENDGRID_EVENT_KEY={PUBLIC}\n")
    house.article("bridge")
    house.readers(*(f"{address},free," for address in ALL))
    with at_its_address(house):
        yield house


def named(name: str) -> Answer:
    return Answer(201, body=f'{{"batch_id": "{name}"}}'.encode())


def sent(server: HttpServer) -> Counter[str]:
    """How many mails of each reader SendGrid sends: not those that it was told to forget."""
    taken = [request for request in server.requests if request.path == "/v3/mail/send"]
    asked = [request.json for request in server.requests if request.path == "/v3/user/scheduled_sends"]
    forgotten = {one["batch_id"] for one in asked}
    return Counter(
        one["to"][0]["email"]
        for request in taken
        if request.json.get("batch_id") not in forgotten
        for one in request.json["personalizations"]
    )


def put_back(house: House, made: str) -> None:
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    # `serve` finds another file, and opens it anew.
    httpx2.get(f"{load(house.config, {}).newsroom.public_url}/readyz", trust_env=False)


def backed_up(house: House, at: str = COPIED) -> str:
    run = house.run("backup", now=at)
    assert f"{EDITION} is kept by its provider still" in run.problems[-1]
    return str(run.step("backup")["file"])


def snapshot(house: House) -> str:
    """A copy that nobody notes."""
    made = house.root / "snapshot.db"
    with closing(sqlite3.connect(house.root / "standfirst.db")) as database:
        database.execute("VACUUM INTO ?", (str(made),))
    return str(made)


def released(house: House) -> Run:
    """As whoever reads what each command says would do it; a run before it sends nothing."""
    held = house.run(now=BACK)
    assert (held.status, [line for line in held.steps("deliver") if "accepted" in line]) == (3, [])
    return house.run("release", now=RELEASED)


@pytest.mark.parametrize(
    "first", [None, 500, 403], ids=["stopped later", "no answer before", "refused before"]
)
def test_who_was_handed_it_anew_is_not_mailed_twice(
    house: House, sendgrid: HttpServer, first: int | None
) -> None:
    sendgrid.answers += [named("name-1")]
    assert house.run(now=SIX).step("deliver")["accepted"] == 6
    if first:
        sendgrid.answers += [Answer(first)]
        assert house.run("stop", EDITION, now=SIX).status == 1
    made = backed_up(house)
    sendgrid.answers += [DONE]
    assert house.run("stop", EDITION, now=STOPPED).steps("stop")[-1]["taken_back"] == 6
    assert house.run("resume", EDITION, now=RESUMED).status == 0
    sendgrid.answers += [named("name-2")]
    assert house.run(now=AGAIN).step("deliver")["accepted"] == 6
    put_back(house, made)
    (said,) = (message for message in released(house).problems if message.startswith(EDITION))
    assert "of 6 readers nobody knows whether it was taken back since: it is stopped" in said
    waits = house.run("status", "--problems", now=LOOKED)
    assert (waits.status, [line["trouble"] for line in waits.steps("status")]) == (3, ["uncertain"])
    # Whatever is tried, nobody is handed it.
    assert house.run("stop", EDITION, now=AFTER).status == 2
    resumed = house.run("resume", EDITION, now=AFTER)
    assert (resumed.status, f"once you say `resolve {EDITION} --not-sent`" in resumed.problems[0]) == (
        0,
        True,
    )
    house.run(now=AFTER)
    assert sent(sendgrid) == ALL
    assert house.run("resolve", EDITION, "--sent", now=AFTER).status == 0
    assert house.run("status", EDITION, now=AFTER).step("status")["accepted"] == 6
    assert sent(sendgrid) == ALL


def test_a_copy_does_not_take_back_what_the_newsroom_sends(house: House, sendgrid: HttpServer) -> None:
    sendgrid.answers += [named("name-1")]
    house.run(now=SIX)
    made = backed_up(house)
    put_back(house, made)
    stopped = house.run("stop", EDITION, now=STOPPED)
    assert (stopped.status, "it was restored, perhaps" in " ".join(stopped.problems).lower()) == (3, True)
    assert sent(sendgrid) == ALL


@pytest.mark.parametrize("by", ["backup", "snapshot"])
def test_who_had_it_taken_back_is_not_silently_missed(house: House, sendgrid: HttpServer, by: str) -> None:
    sendgrid.answers += [named("name-1")]
    house.run(now=SIX)
    made = backed_up(house) if by == "backup" else snapshot(house)
    sendgrid.answers += [DONE]
    house.run("stop", EDITION, now=STOPPED)
    put_back(house, made)
    assert any("nobody knows whether it was taken back" in message for message in released(house).problems)
    assert house.run("resolve", EDITION, "--not-sent", now=LOOKED).status == 0
    house.run("resume", EDITION, "--yes", now=AFTER)
    sendgrid.answers += [named("name-2")]
    house.run("deliver", now=AFTER)
    assert sent(sendgrid) == ALL


def test_the_others_of_one_that_was_half_out_go_under_another_name(
    house: House, sendgrid: HttpServer
) -> None:
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(text.replace("[delivery]", "[delivery]\nmax_per_hour = 3"), encoding="utf-8")
    sendgrid.answers += [named("name-1")]
    assert house.run(now=SIX).step("deliver")["accepted"] == 3
    made = backed_up(house)
    sendgrid.answers += [DONE]
    house.run("stop", EDITION, now=STOPPED)
    put_back(house, made)
    (said,) = (message for message in released(house).problems if message.startswith(EDITION))
    assert "of 3 readers nobody knows whether it was taken back since; of 3 more nobody knows" in said
    house.run("resolve", EDITION, "--not-sent", now=LOOKED)
    house.run("resume", EDITION, "--yes", now=AFTER)
    sendgrid.answers += [named("name-2")]
    house.run("deliver", now="2026-03-10T07:30")
    house.run("deliver", now="2026-03-10T08:31")
    assert sent(sendgrid) == ALL


def test_what_was_sent_when_the_backup_was_made_is_in_no_doubt(house: House, sendgrid: HttpServer) -> None:
    sendgrid.answers += [named("name-1")]
    house.run(now=SIX)
    run = house.run("backup", now="2026-03-10T06:32")
    assert run.problems == []
    sendgrid.answers += [named("name-2")]
    house.article("ferry", published="2026-03-10T09:00:00+01:00")
    assert house.run(now="2026-03-11T06:01").step("deliver")["accepted"] == 6
    put_back(house, run.step("backup")["file"])
    assert house.run(now="2026-03-11T07:00").status == 3
    said = house.run("release", now="2026-03-11T07:01").problems
    assert not [message for message in said if message.startswith(f"{EDITION} ")]
    facts = house.run("status", EDITION, now="2026-03-11T07:02").step("status")
    assert (facts["state"], facts["accepted"]) == ("sent", 6)
