"""The demo's articles as values, as other kinds of systems are filled with them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from content.article import Access
from demo.dates import ZONE
from demo.pictures import SCENES
from demo.setting import planted_words
from demo.stories import Story, stories

DAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def told() -> tuple[Story, ...]:
    return stories(DAY)


def _slugged(told: tuple[Story, ...], slug: str) -> Story:
    (story,) = (one for one in told if one.slug == slug)
    return story


def test_each_is_told_once(told: tuple[Story, ...]) -> None:
    assert len(told) == 53
    assert len({one.id for one in told}) == len({one.slug for one in told}) == 53
    assert _slugged(told, "tram-four-night").sections == ("town", "work")


def test_nothing_of_a_story_is_lost(told: tuple[Story, ...]) -> None:
    bridge = _slugged(told, "korenbrug-vote")
    assert bridge.section == "town"
    assert bridge.access is Access.PAID
    assert bridge.label == "Feature"
    assert bridge.rank == 1
    assert bridge.published == datetime(2026, 11, 28, 4, 40, tzinfo=ZONE)
    assert bridge.picture is not None
    assert bridge.picture.file == "bridge.jpg"
    assert bridge.picture.alt
    assert bridge.body_html.startswith(bridge.public_html)
    gate = _slugged(told, "flood-gate-test")
    assert gate.again
    assert gate.updated == datetime(2026, 11, 27, 20, 30, tzinfo=ZONE)
    lamp = _slugged(told, "lumen-repair")
    assert lamp.sponsor == "Lumen Noord"
    assert lamp.run_until is not None
    assert [one.slug for one in told if one.sensitive] == ["collision-quay"]
    assert [one.slug for one in told if one.correction] == ["cycle-street"]
    assert [one.slug for one in told if one.withdrawn] == ["withdrawn-siren"]
    at_six = datetime.combine(DAY, datetime.min.time(), ZONE) + timedelta(hours=6)
    assert [one.slug for one in told if one.published > at_six] == ["terminal-quarter"]


def test_its_pictures_are_those_that_are_drawn(told: tuple[Story, ...]) -> None:
    files = {one.picture.file for one in told if one.picture}
    assert files == {f"{scene}.jpg" for scene in SCENES}


def test_the_planted_words_stand_in_closed_bodies_alone(told: tuple[Story, ...]) -> None:
    closed = " ".join(one.body_html for one in told if one.access is not Access.FREE).casefold()
    public = " ".join(f"{one.public_html} {one.teaser} {one.headline}" for one in told).casefold()
    assert [word for word in planted_words() if word not in closed or word in public] == []
