"""Real processes on one newsroom at the same second: two machines, and a run beside those who click."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.engine import Engine

from newsletter import ledger
from newsletter.delivery.sums import checked_sum
from newsletter.edition import BatchState, DeliveryState
from newsroom.database import engine_for, reading
from readership.tokens import unsubscribe_token
from tests.commands.house import House, built, text_of
from tests.servers.http import Answer, HttpServer

ROOT = Path(__file__).resolve().parent.parent.parent
EDITION = "daily-2026-03-10"
MANY = 60

MACHINE = """
import socket, sys
from pathlib import Path
machine, config, *calls = sys.argv[1:]
socket.gethostname = lambda: machine
from newsletter.providers.outbox import Outbox
from newsroom import witness
witness.place = lambda root: f"{machine}:{root}"
Outbox.batch_size = Outbox.first_batch = 5
from tests.crash.child import note_doubles
note_doubles(Path(config).parent)
from commands.main import main
print("ready", flush=True)
sys.stdin.readline()
statuses = [main(["--config", config, "--log", "json", *call.split()]) for call in calls]
print("statuses", *statuses, flush=True)
"""
"""A machine of that name, and what it calls the command with, one after the other."""


@dataclass(frozen=True)
class Machine:
    """One of them."""

    process: subprocess.Popen[str]

    @classmethod
    def named(cls, name: str, house: House, *calls: str) -> Machine:
        command = [sys.executable, "-c", MACHINE, name, str(house.config), *calls]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return cls(process)

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def said(self) -> tuple[list[int], list[dict[str, object]]]:
        """The statuses of its runs, and every line that they said."""
        lines = self.process.communicate(timeout=240)[0].splitlines()
        assert lines and lines[-1].startswith("statuses "), "\n".join(lines)
        return [int(one) for one in lines[-1].split()[1:]], [json.loads(one) for one in lines[:-1]]


@pytest.fixture
def house(tmp_path: Path, blank: Engine) -> House:
    """A newsroom of many readers on either database, installed the evening before."""
    house = built(tmp_path / "quay")
    if blank.dialect.name == "postgresql":
        text = house.config.read_text()
        url = blank.url.render_as_string(hide_password=False)
        house.config.write_text(text.replace("[newsroom]", f'[newsroom]\ndatabase = "{url}"', 1))
    house.article("bridge")
    house.article("museum", "culture", access="free", published="2026-03-10T04:00:00+01:00")
    plans = ("free,", "trial,2026-03-14", "paid,")
    house.readers(*(f"reader{number}@example.org,{plans[number % 3]}" for number in range(1, MANY + 1)))
    return house


def _engine(house: House, blank: Engine) -> Engine:
    return (
        blank
        if blank.dialect.name == "postgresql"
        else engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    )


def _here() -> str:
    """What this machine is called: the served pages and the runs are on one."""
    return socket.gethostname()


def _mails(house: House) -> Counter[str]:
    """How often each delivery was written into the outbox."""
    doubles = house.root / "doubles.txt"
    found = Counter(path.name for path in (house.root / "outbox" / EDITION).glob("*.eml"))
    return found + Counter(doubles.read_text().split() if doubles.exists() else [])


RUNS = tuple(f"--now 2026-03-10T06:0{minute}" for minute in range(2))


def _at_once(*machines: Machine) -> list[dict[str, object]]:
    """Let them go; every run has to do well. Returns what they said."""
    for machine in machines:
        machine.go()
    told = [machine.said() for machine in machines]
    assert {status for statuses, _ in told for status in statuses} == {0}, told
    lines = [line for _, some in told for line in some]
    assert not [line for line in lines if line.get("level") == "error"]
    return lines


def _machines(house: House, blank: Engine, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Where the newsroom lives: on two machines, or where its database is a file twice on one."""
    if blank.dialect.name != "postgresql":
        # An SQLite file has one machine, and that may start the line twice.
        assert "one machine's" in house.run("move-here", "--also", now="2026-03-10T05:51").problems[0]
        monkeypatch.setattr("newsroom.witness.place", lambda root: f"one:{root}")
        return "one", "one"
    names = ("one", "two")
    for name, words in zip(names, (("move-here",), ("move-here", "--also")), strict=True):
        monkeypatch.setattr("newsroom.witness.place", lambda root, name=name: f"{name}:{root}")
        assert house.run(*words, now="2026-03-10T05:51").status == 0
    return names


def test_two_machines_at_the_same_second_do_each_batch_once(
    house: House, blank: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(now="2026-03-10T05:50")
    names = _machines(house, blank, monkeypatch)
    lines = _at_once(*(Machine.named(name, house, *RUNS) for name in names))
    # They met, or nothing was tried.
    assert any("skipped" in line for line in lines)
    mails = _mails(house)
    assert (set(mails.values()), len(mails)) == ({1}, MANY)
    with reading(_engine(house, blank)) as connection:
        assert checked_sum(connection, EDITION).candidates == MANY
        assert ledger.count_by_state(connection, EDITION) == {BatchState.ACCEPTED: MANY / 5}
    assert house.titles("politics") == ["The bridge story"]
    assert len(house.feed("all")["items"]) == 2


def _item(name: str, minute: int) -> str:
    return (
        f"<item><title>The {name} story</title><link>https://quay.example/{name}</link><guid>{name}</guid>"
        f"<pubDate>Tue, 10 Mar 2026 05:{minute}:00 +0100</pubDate><category>politics</category></item>"
    )


def _wire(*items: str, wait: threading.Event | None = None) -> Answer:
    body = f"<rss version='2.0'><channel><title>Wire</title>{''.join(items)}</channel></rss>"
    return Answer(200, {"Content-Type": "application/rss+xml"}, body.encode(), wait=wait)


@pytest.fixture
def wire(house: House) -> Iterator[HttpServer]:
    """The newsroom's second source: a feed that has one story in the evening."""
    with HttpServer(_wire(_item("evening", 10))) as server:
        text = house.config.read_text()
        source = f'[[source]]\nkey = "wire"\nkind = "feed"\nurl = "{server.url}/rss"\n\n[[newsletter]]'
        house.config.write_text(text.replace("[[newsletter]]", source, 1))
        yield server


def _asked(server: HttpServer, count: int) -> None:
    """Wait until the server was asked so often, as a whole."""
    end = time.monotonic() + 60
    while len(server.requests) < count:
        assert time.monotonic() < end, "nobody reads the feed"
        time.sleep(0.02)


NEWS = ("bridge", "museum", "evening", "fire", "vote")


def test_a_run_that_passed_a_slow_feed_over_leaves_the_edition_to_the_one_that_reads_it(
    house: House, blank: Engine, wire: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(now="2026-03-10T05:50")
    names = _machines(house, blank, monkeypatch)
    read = threading.Event()
    wire.otherwise = _wire(*(_item(name, 57) for name in NEWS[-2:]), _item("evening", 10), wait=read)
    before = len(wire.requests)
    reader, other = (Machine.named(name, house, RUNS[1]) for name in names)
    reader.go()
    _asked(wire, before + 1)
    other.go()
    statuses, lines = other.said()
    # It read nothing, so it decides nothing; the rest of it is done.
    assert statuses == [0], lines
    (left,) = [line for line in lines if line["step"] == "digest"]
    assert (left["edition"], left["left"]) == (
        EDITION,
        "to the run that reads the sources, or to the next one",
    )
    assert {line["step"] for line in lines} >= {"sync", "feeds", "done"}
    late = house.run(now="2026-03-10T06:17")
    (problem,) = late.problems
    assert late.status == 1
    assert f"{EDITION} was due at 06:00 and is not composed" in problem
    assert "sync: another run has it (process " in problem
    read.set()
    statuses, lines = reader.said()
    assert statuses == [0], lines
    assert house.run(now="2026-03-10T06:18").status == 0
    mails = _mails(house)
    assert (set(mails.values()), len(mails)) == ({1}, MANY)
    text = text_of(next(iter(house.mails(EDITION).values())))
    assert [name for name in NEWS if f"The {name} story" not in text] == []


def test_where_the_run_that_reads_dies_the_next_one_composes(
    house: House, blank: Engine, wire: HttpServer
) -> None:
    house.run(now="2026-03-10T05:50")
    read, before = threading.Event(), len(wire.requests)
    wire.otherwise = _wire(_item("vote", 57), wait=read)
    reader, other = (Machine.named(_here(), house, RUNS[1]) for _ in range(2))
    reader.go()
    _asked(wire, before + 1)
    other.go()
    assert other.said()[0] == [0]
    # By hand it is the same, and whoever asks for more than what is due is told to ask again.
    by_hand = house.run("digest", now="2026-03-10T06:02")
    assert (by_hand.status, by_hand.step("digest")["edition"]) == (0, EDITION)
    extra = house.run("digest", "daily", "--extra", "fire", now="2026-03-10T06:02")
    assert extra.status == 1
    assert "nothing was composed, for the sources are being read just now" in extra.problems[-1]
    reader.process.kill()
    reader.process.communicate()
    read.set()
    run = house.run(now="2026-03-10T06:05")
    assert (run.status, run.step("deliver")["accepted"]) == (0, MANY)
    assert "The vote story" in text_of(next(iter(house.mails(EDITION).values())))


def _served(house: House) -> tuple[subprocess.Popen[str], str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "send.py", "--config", str(house.config), "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process, f"http://127.0.0.1:{port}"


def test_a_run_beside_readers_who_click_all_the_time_fails_nobody(house: House, blank: Engine) -> None:
    house.run(now="2026-03-10T05:50")
    keys = (("k1", bytes.fromhex("ab" * 32)),)
    tokens = [unsubscribe_token(keys, number, "daily") for number in range(1, MANY // 2 + 1)]
    over, statuses = threading.Event(), Counter[int]()

    def click(address: str, mine: list[str]) -> None:
        with httpx2.Client(base_url=address, trust_env=False, timeout=120) as client:
            while not over.is_set():
                for token in mine:
                    path = f"/unsubscribe/{token}"
                    done = client.post(path, data={"List-Unsubscribe": "One-Click"})
                    statuses[done.status_code] += 1
                    statuses[client.post("/sign-in", data={"address": "ann@example.org"}).status_code] += 1
                    over.wait(0.03)

    process, address = _served(house)
    clicking = [threading.Thread(target=click, args=(address, tokens[part::2])) for part in range(2)]
    try:
        for thread in clicking:
            thread.start()
        lines = _at_once(*(Machine.named(_here(), house, *RUNS) for _ in range(2)))
    finally:
        over.set()
        for thread in clicking:
            thread.join(60)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
    assert not [status for status in statuses if status >= 500], statuses
    assert sum(statuses.values()) > MANY
    assert not [line for line in (*lines, said) if "locked" in str(line)]
    mails = _mails(house)
    assert set(mails.values()) == {1}
    with reading(_engine(house, blank)) as connection:
        total = checked_sum(connection, EDITION)
    assert total.of(DeliveryState.ACCEPTED) == len(mails) >= MANY // 2
