"""Many feeds, published by two processes: the same files, however the second one ends."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from feeds import second
from feeds.report import PublishReport
from newsroom.database import engine_for
from newsroom.errors import StoreError
from tests.feeds.desk import HOUR, Desk
from tests.samples import article


@pytest.fixture
def two(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A newsroom of few feeds that has a second process for them all the same."""
    monkeypatch.setattr("feeds.second.WORTH", 2)
    monkeypatch.setattr("feeds.second._cores", lambda: 2)
    desk.newsroom = replace(desk.newsroom, hub="https://hub.example/")
    desk.add(article(), article("spa", sections=("culture",)), article("brief", sections=("briefs",)))
    return desk


def bytes_of(desk: Desk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in desk.feeds.iterdir()}


def test_two_processes_write_what_one_writes(two: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    report = two.publish()
    assert (report.due, len(report.written), report.unchanged, report.problems) == (5, 19, 0, [])
    found = bytes_of(two)
    again = two.publish(HOUR, everything=True)
    assert (again.written, again.unchanged) == ([], 19)
    assert two.publish(HOUR).due == 0
    for path in two.feeds.iterdir():
        path.unlink()
    monkeypatch.setattr("feeds.second._cores", lambda: 1)
    two.publish(HOUR)
    assert bytes_of(two) == found


def test_a_dry_run_writes_nothing_in_either(two: Desk) -> None:
    assert len(two.publish(dry_run=True).written) == 19
    assert not two.public.exists()


def test_what_the_second_process_did_not_do_the_first_does(
    two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[second.Task] = []

    class Lost(nullcontext[object]):
        def __enter__(self) -> Lost:  # type: ignore[override]
            return self

        def report(self) -> PublishReport | None:
            return None

    def start(task: second.Task) -> Lost:
        started.append(task)
        return Lost()

    monkeypatch.setattr("feeds.second.start", start)
    report = two.publish()
    assert [task.names for task in started] == [("all", "politics")]
    assert (len(report.written), report.problems) == (19, [])
    assert two.publish(HOUR).written == []


def test_a_process_that_dies_gives_no_report(two: Desk, tmp_path: Path) -> None:
    task = second.Task("sqlite:////nowhere/at/all.db", two.newsroom, tmp_path, two.now, ("all",), False)
    with second.start(task) as helping:
        assert helping.report() is None
    with second.start(task) as helping:
        helping.process.kill()
        assert helping.report() is None


def test_it_ends_where_the_first_process_fails(two: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[second.Second] = []
    real = second.start

    def start(task: second.Task) -> second.Second:
        seen.append(real(task))
        return seen[0]

    def failing(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("feeds.second.start", start)
    monkeypatch.setattr("feeds.writing.write_feeds", failing)
    with pytest.raises(StoreError):
        two.publish()
    assert not seen[0].process.is_alive()


def test_who_gets_a_second_process(two: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple("abcde")
    assert second.share(names, engine) == 2
    assert second.share(names[:1], engine) == 0
    assert second.share(names, engine_for("sqlite://")) == 0
    monkeypatch.setattr("feeds.second._cores", lambda: 1)
    assert second.share(names, engine) == 0
