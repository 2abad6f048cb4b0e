"""Sections that go, move and come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsroom.masthead import Newsroom, Section, SectionKind
from tests.feeds.desk import HOUR, Desk, files_of


def without(newsroom: Newsroom, key: str, *more: Section) -> Newsroom:
    rest = tuple(section for section in newsroom.sections if section.key != key)
    return replace(newsroom, sections=(*more, *rest))


def test_a_dropped_section_is_retired(desk: Desk) -> None:
    desk.publish()
    whole = desk.newsroom
    desk.newsroom = without(whole, "politics")
    report = desk.publish(HOUR)
    assert set(report.removed) == files_of("politics")
    assert not list(desk.feeds.glob("politics.*"))
    assert desk.retired() == {"politics": ""}
    assert b"politics" not in (desk.feeds / "index.opml").read_bytes()
    again = desk.publish(HOUR)
    assert (again.removed, again.written) == ([], [])
    assert desk.retired() == {"politics": ""}
    # And it returns.
    desk.newsroom = whole
    assert files_of("politics") <= set(desk.publish(HOUR).written)
    assert desk.retired() == {}


def test_a_renamed_section_is_redirected(desk: Desk) -> None:
    desk.publish()
    desk.newsroom = without(
        desk.newsroom, "politics", Section("polis", "Politics", former_keys=("politics",))
    )
    report = desk.publish(HOUR)
    assert set(report.removed) == files_of("politics")
    assert files_of("polis") <= set(report.written)
    assert desk.retired() == {"politics": "polis"}
    # A key that was dropped first and then claimed by another section.
    desk.newsroom = without(desk.newsroom, "culture")
    desk.publish(HOUR)
    assert desk.retired() == {"politics": "polis", "culture": ""}
    arts = Section("arts", "Arts", former_keys=("culture",))
    desk.newsroom = without(desk.newsroom, "", arts)
    desk.publish(HOUR)
    assert desk.retired() == {"politics": "polis", "culture": "arts"}


def test_a_section_that_became_the_latest_is_redirected_to_all(desk: Desk) -> None:
    desk.publish()
    latest = Section("newest", "Newest", SectionKind.LATEST, former_keys=("briefs",))
    desk.newsroom = without(without(desk.newsroom, "briefs"), "latest", latest)
    desk.publish(HOUR)
    assert desk.retired() == {"briefs": "all"}


def test_a_live_section_s_files_are_never_removed(desk: Desk) -> None:
    clash = Section("arts", "Arts", former_keys=("culture", "all"))
    desk.newsroom = without(desk.newsroom, "", clash)
    report = desk.publish()
    assert report.removed == []
    assert files_of("culture", "all") <= set(report.written)
    assert desk.retired() == {}


def test_a_file_that_cannot_be_removed_is_named_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.publish()
    desk.newsroom = without(desk.newsroom, "politics")
    real = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path.name == "politics.rss":
            raise PermissionError(13, "Permission denied")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    report = desk.publish(HOUR)
    assert set(report.removed) == {"politics.atom", "politics.json"}
    assert [problem.split(": cannot")[0] for problem in report.problems] == [str(desk.feeds / "politics.rss")]
    monkeypatch.setattr(Path, "unlink", real)
    assert desk.publish(HOUR).removed == ["politics.rss"]
