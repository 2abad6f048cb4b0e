"""A morning with SendGrid: a request whose answer is lost, and the events that say what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.main import main
from tests.commands.at_its_address import at_its_address
from tests.commands.house import House, built
from tests.samples import NOON
from tests.servers.http import Answer, Fault, HttpServer, Request
from tests.web.posting import PUBLIC, post
from tests.web.serving import Site

SIX, LATER = "2026-03-10T06:01", "2026-03-10T13:30"
EDITION = "daily-2026-03-10"


@pytest.fixture
def sendgrid() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, sendgrid: HttpServer) -> House:
    more = f'[delivery]\nprovider = "sendgrid"\n[sendgrid]\nbase_url = "{sendgrid.url}"\n'
    house = built(tmp_path / "quay", more=more)
    with (house.root / "secrets.env").open("a", encoding="utf-8") as secrets:
        secrets.write(f"STANDFIRST_SENDGRID_API_KEY=SG.key\nSTANDFIRST_SENDGRID_EVENT_KEY={PUBLIC}\n")
    house.article("bridge")
    house.readers(*(f"reader{number}@example.org,free," for number in range(1, 7)))
    return house


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    """Its `serve`, where newsroom.toml says that it is."""
    with at_its_address(house) as site:
        yield site


def events(request: Request, event: str, *numbers: int, **more: Any) -> list[dict[str, Any]]:
    """What SendGrid tells of the request's readers: its custom arguments stand among an event's own."""
    made = request.json
    found = []
    for place, one in enumerate(made["personalizations"], 1):
        if not numbers or place in numbers:
            found.append(
                {
                    "email": one["to"][0]["email"].upper(),
                    "timestamp": int(NOON.timestamp()),
                    "smtp-id": one["headers"]["Message-ID"],
                    "sg_message_id": f"sg.{place}",
                    "sg_event_id": f"{event}.{place}",
                    "event": event,
                    "category": made["categories"],
                    **one["custom_args"],
                    **more,
                }
            )
    return found


def test_a_lost_answer_is_settled_by_events(
    house: House, site: Site, sendgrid: HttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sendgrid.answers.append(Answer(fault=Fault.RESET_AFTER_BODY))
    first = house.run(now=SIX)
    assert first.status == 3
    assert first.step("deliver")["uncertain"] == 6
    [asked] = [one for one in sendgrid.requests if one.path == "/v3/mail/send"]
    some = events(asked, "processed", 1, 2, 3, 4, 5) + events(asked, "dropped", 6, reason="Bounced Address")
    answer = post(site.client, some)
    assert answer.status_code == 200
    facts = house.run("status", EDITION, now=LATER).step("status")
    assert (facts["accepted"], facts["refused"], facts["uncertain"]) == (5, 1, 0)
    assert facts["sum_is_right"]
    assert house.run(now=LATER).status == 0
    # Nobody was handed anything twice, and what SendGrid's list has is learned.
    assert len([one for one in sendgrid.requests if one.path == "/v3/mail/send"]) == 1
    later = events(asked, "delivered", 1, 2) + events(asked, "bounce", 3, status="5.1.1", type="bounce")
    assert post(site.client, later).status_code == 200
    facts = house.run("status", EDITION, now=LATER).step("status")
    assert facts["events"] == {
        "bounced": 1,
        "dropped by the provider": 1,
        "delivered": 2,
        "on its way": 2,
    }
    assert house.run("status", now=LATER).step("status")["events"] == facts["events"]
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", LATER, "status"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    said = "by the provider's events 2 delivered, 1 bounced, 1 dropped by the provider, 2 on its way"
    assert said in page
    assert "nobody here can know" not in page
    house.article("tunnel", published="2026-03-10T20:00:00+01:00")
    assert house.run(now="2026-03-11T06:01").step("deliver")["accepted"] == 4
    excluded = house.run("status", "daily-2026-03-11", now="2026-03-11T06:02").step("status")["exclusions"]
    assert excluded == {"bounced": 2}


def test_late_events_prevent_the_copy_that_somebody_asked_for(
    house: House, site: Site, sendgrid: HttpServer
) -> None:
    sendgrid.answers.append(Answer(502))
    assert house.run(now=SIX).status == 3
    assert house.run("resolve", "1", "--not-sent", now=LATER).status == 0
    [asked] = [one for one in sendgrid.requests if one.path == "/v3/mail/send"]
    assert post(site.client, events(asked, "delivered")).status_code == 200
    assert house.run(now=LATER).status == 0
    assert len([one for one in sendgrid.requests if one.path == "/v3/mail/send"]) == 1
    facts = house.run("status", EDITION, now=LATER).step("status")
    assert (facts["state"], facts["accepted"]) == ("sent", 6)
    story = house.run("status", EDITION, "--reader", "reader1@example.org", now=LATER).steps("moment")
    told = [one["what"] for one in story]
    assert told[:-1] == ["planned", "handed over", "accepted by sendgrid", "delivered"]
    assert told[-1].startswith("said not to be sent by ")


def handed(sendgrid: HttpServer) -> list[Request]:
    return [one for one in sendgrid.requests if one.path == "/v3/mail/send"]


def test_what_is_silent_beside_what_is_heard_goes_again_where_that_was_chosen(
    house: House, site: Site, sendgrid: HttpServer
) -> None:
    text = house.config.read_text(encoding="utf-8")
    first, rest = text[: text.index("[[newsletter]]")], text[text.index("[[newsletter]]") :]
    daily, delivery = rest[: rest.index("[delivery]")], rest[rest.index("[delivery]") :]
    second = daily.replace('key = "daily"', 'key = "second"').replace('"06:00"', '"06:10"')
    chosen = delivery.replace("[delivery]", '[delivery]\nsilence_means_not_sent = "2h"')
    house.config.write_text(first + daily + second + chosen, encoding="utf-8")
    house.readers(*(f"other{number}@example.org,free," for number in range(1, 4)))
    sendgrid.answers.append(Answer(500))
    assert house.run(now=SIX).status == 3
    # After one without an answer a single reader is tried, then the others.
    assert house.run(now="2026-03-10T06:11").step("deliver")["edition"] == "second-2026-03-10"
    assert [len(one.json["personalizations"]) for one in handed(sendgrid)] == [9, 1, 2]
    # Nothing is heard at all, however long: that is no evidence.
    assert house.run(now="2026-03-10T08:20").status == 3
    assert len(handed(sendgrid)) == 3
    for heard in handed(sendgrid)[1:]:
        assert post(site.client, events(heard, "processed")).status_code == 200
    assert house.run(now="2026-03-10T08:00").status == 3
    assert len(handed(sendgrid)) == 3
    again = house.run(now="2026-03-10T08:21")
    assert any("silent and not sent" in line for line in again.problems)
    assert again.status == 0
    assert len(handed(sendgrid)) == 4
