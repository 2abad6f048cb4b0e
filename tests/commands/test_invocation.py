"""What time it is: with `--now` one moment for everything, but for what waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commands import invocation
from commands.invocation import Clock, Invocation, LogFormat
from newsletter.providers import Answer, Batch, Outcome
from newsletter.providers.outbox import Outbox
from tests.commands.house import built

ZONE = ZoneInfo("Europe/Brussels")


def test_a_given_moment_stands_and_goes_on_for_who_waits() -> None:
    clock = Invocation(Path("x"), LogFormat.TEXT, "2026-03-10T06:00", dry_run=False).clock(ZONE)
    time.sleep(0.02)
    six = datetime(2026, 3, 10, 5, tzinfo=UTC)
    assert clock() == clock() == six
    before = clock.running()
    time.sleep(0.02)
    assert six < before < clock.running()


def test_the_present_goes_on() -> None:
    clock = Invocation(Path("x"), LogFormat.TEXT, None, dry_run=False).clock(ZONE)
    before = clock()
    time.sleep(0.02)
    assert before < clock()


def test_feeds_at_the_moment_of_a_sync_have_what_it_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.run("sync", now="2026-03-10T06:00")
    house.run("feeds", now="2026-03-10T06:00")

    class Slow(Clock):
        """An hour goes by while the sync reads."""

        def running(self) -> datetime:
            return super().running().replace(hour=6)

    house.article("bridge", headline="Mended")
    with monkeypatch.context() as patch:
        patch.setattr(invocation, "Clock", Slow)
        house.run("sync", now="2026-03-10T06:00")
    house.run("feeds", now="2026-03-10T06:00")
    assert house.titles("politics") == ["Mended"]


def test_a_provider_that_asks_for_patience_gets_it_with_now_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that stood would have the delivery wait for its moment in vain."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,")
    answers = [Outcome(Answer.NOT_NOW, "429", retry_after=1.0)]

    def busy_at_first(self: Outbox, batch: Batch) -> Outcome:
        return answers.pop() if answers else hand_over(self, batch)

    hand_over = Outbox.hand_over
    monkeypatch.setattr(Outbox, "hand_over", busy_at_first)
    begun = time.monotonic()
    run = house.run(now="2026-03-10T06:00")
    assert (run.status, run.step("deliver")["accepted"]) == (0, 1)
    assert time.monotonic() - begun < 60
