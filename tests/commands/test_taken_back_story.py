"""A morning with SendGrid that is taken back and handed over anew: what is told of each of the two mails."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.main import main
from tests.commands.at_its_address import at_its_address
from tests.commands.house import House, Run, built
from tests.commands.test_events_story import EDITION, events, handed
from tests.servers.http import Answer, HttpServer, Request
from tests.servers.postgres import KINDS
from tests.web.posting import PUBLIC, post
from tests.web.serving import Site

ADDRESS = "reader1@example.org"
SIX, STOPPED, RESUMED, AGAIN = (f"2026-03-10T06:{minute}" for minute in ("01", "05", "11", "15"))
LATER = "2026-03-10T13:30"


@pytest.fixture
def sendgrid() -> Iterator[HttpServer]:
    with HttpServer(Answer(202, {"X-Message-Id": "first"})) as server:
        yield server


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path: Path, sendgrid: HttpServer) -> House:
    kept = f'[sendgrid]\nbase_url = "{sendgrid.url}"\ndelay = "30m"\n'
    more = f'[delivery]\nprovider = "sendgrid"\n{kept}[bounces]\nmost = 0.3\n'
    house = built(tmp_path / "quay", more=more)
    if request.param == "postgresql":
        place = f'[newsroom]\ndatabase = "{request.getfixturevalue("postgres").fresh()}"'
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(text.replace("[newsroom]", place, 1), encoding="utf-8")
    with (house.root / "secrets.env").open("a", encoding="utf-8") as secrets:
        secrets.write(f"STANDFIRST_SENDGRID_API_KEY=SG.key\nSTANDFIRST_SENDGRID_EVENT_KEY={PUBLIC}\n")
    house.article("bridge")
    house.readers(*(f"reader{number}@example.org,free," for number in range(1, 7)))
    return house


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with at_its_address(house) as site:
        yield site


@pytest.fixture
def mails(house: House, site: Site, sendgrid: HttpServer) -> tuple[Request, Request]:
    """The edition is handed over, taken back, and handed over anew: the two requests."""
    sendgrid.answers += [Answer(201, body=b'{"batch_id": "name-1"}')]
    assert house.run(now=SIX).step("deliver")["accepted"] == 6
    sendgrid.answers += [Answer(201, body=b"{}")]
    assert house.run("stop", EDITION, now=STOPPED).steps("stop")[-1]["taken_back"] == 6
    assert house.run("resume", EDITION, now=RESUMED).status == 0
    sendgrid.answers += [Answer(201, body=b'{"batch_id": "name-2"}'), Answer(202, {"X-Message-Id": "second"})]
    assert house.run(now=AGAIN).step("deliver")["accepted"] == 6
    first, second = handed(sendgrid)
    return first, second


def told(request: Request, event: str, *numbers: int, **more: Any) -> list[dict[str, Any]]:
    """Events of one of the two mails, which have ids of their own."""
    name = request.json["batch_id"]
    found = events(request, event, *numbers, **more)
    return [{**one, "sg_message_id": f"{name}.{one['sg_message_id']}"} for one in found]


def facts(house: House) -> dict[str, Any]:
    return house.run("status", EDITION, now=LATER).step("status")


def story(house: House) -> list[tuple[str, str]]:
    run = house.run("status", EDITION, "--reader", ADDRESS, now=LATER)
    return [(one["what"], one.get("more", "")) for one in run.steps("moment")]


def lines(house: House, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    arguments = ["--config", str(house.config), "--now", LATER, "status", EDITION, "--csv"]
    assert main(arguments) == 0
    # What `serve` logs comes before it.
    said = capsys.readouterr().out
    return {row["reader"]: row for row in csv.DictReader(io.StringIO(said[said.index("reader,") :]))}


def after_all(house: House) -> list[dict[str, Any]]:
    found: Run = house.run("status", "--problems", now=LATER)
    return [one for one in found.steps("status") if one["trouble"] == "sent after all"]


def test_each_hand_over_has_a_number_of_its_own(mails: tuple[Request, Request]) -> None:
    first, second = (
        {one["custom_args"]["batch"] for one in request.json["personalizations"]} for request in mails
    )
    assert not first & second


def test_a_drop_of_the_second_is_refused_and_one_of_the_first_says_nothing(
    house: House, site: Site, mails: tuple[Request, Request]
) -> None:
    first, second = mails
    thrown = told(first, "processed") + told(first, "dropped", reason="Recipient List over Package Quota")
    assert post(site.client, thrown).status_code == 200
    found = facts(house)
    assert (found["accepted"], found["refused"], found.get("events")) == (6, 0, None)
    drops = told(second, "dropped", 1, 2, 3, 4, reason="Recipient List over Package Quota")
    assert post(site.client, drops).status_code == 200
    found = facts(house)
    assert (found["accepted"], found["refused"], found["sum_is_right"]) == (2, 4, True)
    assert found["events"] == {"dropped by the provider": 4}
    assert house.run("resend", EDITION, "--only", "refused", now=LATER).status == 0
    assert after_all(house) == []


def test_a_late_delivered_of_the_first_is_told_and_is_none_of_the_second(
    house: House, site: Site, mails: tuple[Request, Request], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = mails
    assert post(site.client, told(first, "delivered", 1)).status_code == 200
    found = facts(house)
    assert (found["accepted"], found["sum_is_right"]) == (6, True)
    assert found["events"] == {"delivered": 1, "sent although taken back": 1}
    [line] = after_all(house)
    assert (line["readers"], line["needs_person"]) == (1, False)
    assert line["message"].endswith("of 1 reader that it was to forget; 1 of them may have it twice")
    # A run tells it once, and ends as ever.
    runs = [house.run(now=LATER) for _ in range(2)]
    warned = [[one for one in run.lines if "that it was to forget" in one.get("message", "")] for run in runs]
    assert [(run.status, len(said)) for run, said in zip(runs, warned, strict=True)] == [(0, 1), (0, 0)]
    assert ("delivered", "of batch 1, taken back") in story(house)
    row = lines(house, capsys)["1"]
    assert row["delivered"] == ""
    assert "batch 1: delivered 2026-03-10T" in row["before"]
    # The second never came, so that is the one that counts.
    assert post(site.client, told(second, "dropped", 1, reason="Over Quota")).status_code == 200
    row = lines(house, capsys)["1"]
    assert (row["state"], row["batch"], bool(row["delivered"])) == ("accepted", "1", True)
    assert facts(house)["sum_is_right"]


def test_the_first_hand_over_stays_in_the_readers_story(
    house: House, site: Site, mails: tuple[Request, Request], capsys: pytest.CaptureFixture[str]
) -> None:
    what = story(house)
    assert [one.partition(" by ")[0] for one, _ in what] == [
        "planned",
        "handed over",
        "accepted",
        "taken back",
        "handed over",
        "accepted",
    ]
    assert what[1][1].startswith("to sendgrid, batch 1,")
    assert (what[2][1], what[5][1]) == ("first", "second")
    # The run's clock goes on while SendGrid is asked.
    at = r"2026-03-10T05:01:\d\dZ"
    kept = rf"accepted \(handed over {at}, batch 1; sendgrid answered {at}, first\); taken back by "
    assert re.match(kept, lines(house, capsys)["1"]["before"])
