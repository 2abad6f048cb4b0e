"""`digest` as a person and as cron call it: what it decides, what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.house import House, built, text_of

EVE = "2026-03-09T18:00"
SIX = "2026-03-10T06:01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and three readers, installed the evening before."""
    house = built(tmp_path / "quay")
    house.article("bridge", published="2026-03-09T12:00:00+01:00")
    house.readers("free@example.org,free,", "trial@example.org,trial,2026-03-14", "paid@example.org,paid,")
    return house


def booking(house: House, name: str, **front: str) -> None:
    """A booking's file, published long before it runs."""
    house.article(
        name, "partners", sponsor=f"Sponsor of {name}", access="free",
        published="2026-03-01T00:00:00+01:00", **front,
    )  # fmt: skip


def test_an_edition_composed_ahead_has_the_bookings_of_its_own_morning(house: House) -> None:
    booking(house, "tomorrow", run_from="2026-03-10")
    booking(house, "today", run_until="2026-03-09")
    house.run("sync", now=EVE)
    house.run("digest", "daily", now=EVE)
    story = "bridge"
    house.run("edit", "daily-2026-03-10", "--subject", f"About the {story}", now="2026-03-09T19:00")
    house.run(now=SIX)
    mail = text_of(house.mails("daily-2026-03-10")["paid@example.org"])
    assert "The tomorrow story" in mail
    assert "The today story" not in mail
