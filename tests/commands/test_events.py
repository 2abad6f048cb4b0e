"""What the operator sees of events, and does about them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from commands.main import main
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.event_store import Noted, note
from newsletter.tables import deliveries
from newsroom.database import engine_for, writing
from newsroom.settings import BounceSettings
from readership.erasure import forget_address
from tests.commands.house import House, built
from tests.samples import NOON

SIX, NINE = "2026-03-10T06:01", "2026-03-10T09:00"
EDITION = "daily-2026-03-10"
READERS = 30


@dataclass
class Told:
    """A newsroom whose edition of the day is handed over."""

    house: House

    @property
    def engine(self) -> sa.Engine:
        return engine_for(f"sqlite:///{self.house.root / 'standfirst.db'}")

    def note(self, *some: tuple[int, EventKind, dict[str, Any]]) -> Noted:
        engine = self.engine
        with writing(engine) as connection:
            rows = connection.execute(sa.select(deliveries.c.reader_id, deliveries.c.batch)).all()
            batches = {row.reader_id: row.batch for row in rows}
            events = [
                Event(
                    "sendgrid",
                    EDITION,
                    batches[reader],
                    reader,
                    kind,
                    NOON,
                    event_key("m", "", kind, NOON),
                    **more,
                )
                for reader, kind, more in some
            ]
            return note(connection, events, BounceSettings(), NOON)

    def shown(self, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
        capsys.readouterr()
        assert main(["--config", str(self.house.config), "--now", NINE, *arguments]) == status
        return capsys.readouterr().out


@pytest.fixture
def told(tmp_path: Path) -> Told:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers(*(f"reader{number}@example.org,free," for number in range(1, READERS + 1)))
    house.run(now=SIX)
    return Told(house)


HARD: dict[str, Any] = {"is_permanent": True, "reason": "550 5.1.1 (address) unknown"}


def test_delivered_comes_from_events_alone(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    before = told.shown(capsys, "status", EDITION)
    assert "delivered" not in before
    told.note(
        (1, EventKind.DELIVERED, {}),
        (2, EventKind.DELIVERED, {}),
        (2, EventKind.SPAM_REPORT, {}),
        (3, EventKind.BOUNCE, HARD),
        (3, EventKind.DELIVERED, {}),
        (4, EventKind.DEFERRED, {}),
        (5, EventKind.PROCESSED, {}),
    )
    page = told.shown(capsys, "status", EDITION)
    pairs = [line.rsplit(maxsplit=1) for line in page.splitlines()]
    said = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    assert {name.strip(): count for name, count in said.items()}.items() >= {
        "accepted": "30",
        "delivered": "2",
        "bounced": "1",
        "deferred": "1",
        "on its way": "1",
        "complained": "1",
        "accepted, and nothing heard": "25",
        "together": "30",
    }.items()
    facts = told.house.run("status", EDITION, now=NINE).step("status")
    assert facts["events"] == {"bounced": 1, "delivered": 2, "deferred": 1, "on its way": 1, "complained": 1}
    assert facts["accepted"] == 30


def test_one_readers_story_by_the_clock(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    told.note((3, EventKind.PROCESSED, {}), (3, EventKind.BOUNCE, HARD))
    page = told.shown(capsys, "status", EDITION, "--reader", "reader3@example.org")
    order = [
        "planned",
        "handed over",
        "accepted by outbox",
        "the provider has it",
        "came back for good",
        "stopped: bounced",
    ]
    places = [page.index(word) for word in order]
    assert sorted(places[:3]) == places[:3]
    assert places[3] > places[2] and places[4] > places[2]
    assert "550 5.1.1 (address) unknown" in page
    assert "event: bounce of daily-2026-03-10" in page
    assert "reader3@example.org" not in page
    lines = told.house.run("status", EDITION, "--reader", "reader3@example.org", now=NINE).steps("moment")
    assert {line["what"] for line in lines} == set(order)


def test_a_stop_is_shown_and_lifted_by_a_person(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    told.note((3, EventKind.BOUNCE, HARD))
    shown = told.shown(capsys, "readers", "show", "reader3@example.org")
    assert '"reason": "bounced"' in shown
    assert told.house.run("readers", "lift", "Reader3@example.org", "--dry-run", now=NINE).status == 0
    done = told.house.run("readers", "lift", "Reader3@example.org", now="2026-03-10T14:00").step("lift")
    assert (done["reader"], done["was"]) == (3, "bounced")
    after = told.shown(capsys, "readers", "show", "reader3@example.org")
    assert '"suppression": null' in after
    assert '"origin": "event: bounce of daily-2026-03-10"' in after
    assert f'"by": "{done["by"]}"' in after
    # A copy of what was known, and an older one that comes late, stop nobody again.
    assert told.note((3, EventKind.BOUNCE, HARD), (3, EventKind.DROPPED, HARD)).stopped == 0
    assert told.house.run("readers", "lift", "reader3@example.org", now=NINE).status == 2


def test_the_readers_own_word_is_not_lifted_lightly(told: Told) -> None:
    told.note((3, EventKind.SPAM_REPORT, {}))
    first = told.house.run("readers", "lift", "reader3@example.org", now=NINE)
    assert (first.status, "say --yes" in first.problems[0]) == (2, True)
    assert told.house.run("readers", "lift", "reader3@example.org", "--yes", now=NINE).status == 0
    assert told.house.run("readers", "forget", "reader4@example.org", now=NINE).status == 0
    erased = told.house.run("readers", "lift", "reader4@example.org", "--yes", now=NINE)
    assert erased.status == 2
    assert "only its owner can begin anew" in erased.problems[0]
    assert "reader4" not in str(erased)
    assert told.house.run("readers", "lift", "not an address", now=NINE).status == 2


def test_what_a_reader_ended_at_the_provider_is_no_stop_and_only_the_reader_begins_it_again(
    told: Told,
) -> None:
    told.note((3, EventKind.UNSUBSCRIBE, {}), (4, EventKind.UNSUBSCRIBE, {}), (4, EventKind.BOUNCE, HARD))
    for more in ([], ["--yes"], ["--dry-run"]):
        done = told.house.run("readers", "lift", "reader3@example.org", *more, now=NINE)
        assert done.status == 2
        assert "its reader is unsubscribed from daily, here or at your provider" in done.problems[0]
        assert "http://127.0.0.1:8080/subscribe" in done.problems[0]
    lifted = told.house.run("readers", "lift", "reader4@example.org", now=NINE).step("lift")
    assert (lifted["was"], "unsubscribed from daily" in lifted["still_ended"]) == ("bounced", True)
    # SendGrid alone has a list of its own.
    assert "next" not in lifted
    settings = told.house.config
    settings.write_text(settings.read_text() + '[delivery]\nprovider = "sendgrid"\n')
    secrets = told.house.root / "secrets.env"
    secrets.write_text(secrets.read_text() + "STANDFIRST_SENDGRID_API_KEY=SG.none-of-theirs\n")
    told.note((5, EventKind.BOUNCE, HARD))
    by_sendgrid = told.house.run("readers", "lift", "reader5@example.org", now=NINE).step("lift")
    assert "SendGrid's own list" in by_sendgrid["next"]
    assert "still_ended" not in by_sendgrid


def test_so_much_comes_back_that_a_person_has_to_look(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    some = [(number, EventKind.BOUNCE, HARD) for number in range(1, 28)]
    assert told.note(*some[:20]).stopped == 20
    held = told.note(*some[20:])
    assert (held.stopped, held.held) == (0, (EDITION,))
    assert '"suppression": null' in told.shown(capsys, "readers", "show", "reader3@example.org")
    problems = told.shown(capsys, "status", EDITION, "--problems", status=3)
    assert f"    python send.py readers bounces {EDITION} --ignore\n" in problems
    run = told.house.run(now=NINE)
    assert run.status == 3
    assert any("it came back from 27 readers" in line for line in run.problems)
    assert told.house.run("readers", "bounces", EDITION, now=NINE).status == 2
    assert told.house.run("readers", "bounces", EDITION, "--ignore", now=NINE).step("bounces")["stopped"] == 0
    assert told.house.run(now=NINE).status == 0
    assert told.shown(capsys, "status", "--problems") == "Nothing waits for you.\n"
    done = told.house.run("readers", "bounces", EDITION, "--stop", now=NINE).step("bounces")
    assert done["stopped"] == 27
    assert told.house.run("readers", "bounces", "daily-2026-03-11", "--stop", now=NINE).status == 2


QUOTA: dict[str, Any] = {"reason": "Account over quota"}


def test_what_the_provider_took_and_threw_away_is_told_until_it_is_handed_over_again(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [(number, EventKind.DROPPED, QUOTA) for number in range(1, 26)]
    told.note(*few)
    listed = told.shown(capsys, "status", EDITION, "--problems")
    assert f"    python send.py resend {EDITION} --only refused\n" in listed
    few_said = told.house.run(now=NINE)
    (message,) = few_said.problems
    assert message.startswith(
        f"{EDITION}: 25 readers of it refused: dropped by the provider, which had taken it: "
    )
    # A warning, once.
    assert (few_said.status, told.house.run(now=NINE).problems) == (0, [])
    told.note((26, EventKind.DROPPED, QUOTA))
    run = told.house.run(now=NINE)
    assert (run.status, [QUOTA["reason"] in line for line in run.problems].count(True)) == (3, 1)
    problems = told.shown(capsys, "status", "--problems", status=3)
    assert problems.count(f"python send.py resend {EDITION} --only refused") == 1
    page = told.shown(capsys, "status", EDITION)
    assert ["accepted, and nothing heard", "4"] in [line.rsplit(maxsplit=1) for line in page.splitlines()]
    # A day later nobody wants it any more.
    later = "2026-03-11T06:30"
    assert not any(QUOTA["reason"] in line for line in told.house.run(now=later).problems)
    assert told.house.run("status", "--problems", now=later).status == 0
    assert told.house.run("resend", EDITION, "--only", "refused", now=NINE).status == 0
    again = told.house.run(now=NINE)
    assert (again.status, again.step("deliver")["accepted"]) == (0, READERS)
    assert told.shown(capsys, "status", "--problems") == "Nothing waits for you.\n"


def test_a_drop_is_no_refusal_at_the_moment_of_the_acceptance(told: Told) -> None:
    told.note((1, EventKind.DROPPED, QUOTA))
    reader = ("--reader", "reader1@example.org")

    def story() -> list[str]:
        return [line["what"] for line in told.house.run("status", EDITION, *reader, now=NINE).steps("moment")]

    for _ in range(2):
        assert story()[:3] == ["planned", "handed over", "accepted by outbox"]
        assert "dropped by the provider" in story()
        assert "refused by outbox" not in story()
        told.house.run("resend", EDITION, "--only", "refused", now=NINE)
    assert any(what.startswith("to be handed over again by") for what in story())


def test_the_whole_edition_as_csv(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    told.note(
        (1, EventKind.DELIVERED, {}),
        (3, EventKind.BOUNCE, HARD | {"reason": "=cmd"}),
        (5, EventKind.DEFERRED, {"reason": "451 later"}),
    )
    text = told.shown(capsys, "status", EDITION, "--csv")
    rows = {row["reader"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == READERS
    assert "@" not in text
    assert rows["1"]["delivered"] == "2026-03-10T12:00:00Z"
    assert (rows["3"]["bounce"], rows["3"]["said"]) == ("hard", "'=cmd")
    assert (rows["5"]["deferred"] != "", rows["5"]["said"]) == (True, "451 later")
    assert {row["state"] for row in rows.values()} == {"accepted"}
    engine = told.engine
    with writing(engine) as connection:
        connection.execute(sa.text("DELETE FROM readers WHERE id = 2"))
        forget_address(connection, "0" * 64, NOON)
    full = list(csv.DictReader(io.StringIO(told.shown(capsys, "status", EDITION, "--csv", "--addresses"))))
    assert [row["address"] for row in full[:3]] == ["reader1@example.org", "", "reader3@example.org"]
    for wrong in (["--csv"], ["--addresses"], [EDITION, "--csv", "--problems"]):
        assert told.house.run("status", *wrong, now=NINE).status == 2


def test_the_csv_has_those_who_were_left_out(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("one@example.org,free,", "two@example.org,free,")
    told = Told(house)
    house.run("digest", "daily", now="2026-03-10T05:00")
    engine = told.engine
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE subscriptions SET status = 'pending' WHERE reader_id = 2"))
    house.run(now=SIX)
    out = io.StringIO()
    from newsletter import edition_csv

    with engine.connect() as connection:
        assert edition_csv.write(connection, EDITION, out) == 2
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("accepted", ""),
        ("left out", "not confirmed"),
    ]
