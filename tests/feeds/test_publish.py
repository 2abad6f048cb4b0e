"""Feeds on the disk: what is written, when, and what happens where that fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from content.article import Access, Article, Body, Booking
from feeds import files
from feeds.due import OVERLAP, fingerprint
from feeds.publish import publish
from feeds.tables import feed_marks
from newsroom.database import reading, writing
from newsroom.errors import PublishError
from newsroom.masthead import Section
from tests import samples
from tests.feeds.desk import ENDINGS, HOUR, LISTS, Desk, files_of
from tests.samples import NOON, article

FREE = Access.FREE


def test_a_first_run_writes_every_file(desk: Desk) -> None:
    desk.add(article(), article("spa", sections=("culture",)))
    report = desk.publish()
    everything = files_of("all", "politics", "culture", "briefs", "partners") | LISTS
    assert set(report.written) == everything == {path.name for path in desk.feeds.iterdir()}
    assert (report.feeds, report.due, report.files, report.unchanged) == (5, 5, 19, 0)
    assert report.problems == []
    assert desk.items("all") == ["bridge", "spa"]
    assert desk.items("politics") == ["bridge"]
    assert desk.items("briefs") == []
    assert all((desk.feeds / name).stat().st_mode & 0o777 == 0o644 for name in everything)


def test_a_second_run_touches_no_file_and_a_third_looks_at_no_feed(desk: Desk) -> None:
    desk.add(article())
    desk.publish()
    before = desk.stamps()
    assert desk.publish(HOUR).written == []
    report = desk.publish(HOUR)
    assert (report.due, report.written, report.unchanged) == (0, [], 19)
    assert desk.publish(HOUR, everything=True).written == []
    assert desk.stamps() == before


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_that_is_lost_is_made_again_and_no_feed_is_looked_at(desk: Desk, name: str) -> None:
    desk.publish()
    before = desk.stamps()
    (desk.feeds / name).unlink()
    report = desk.publish(HOUR)
    assert (report.due, report.written) == (0, [name])
    assert {one for one, stamp in desk.stamps().items() if before[one] != stamp} <= {name}


def test_a_list_that_cannot_be_written_stays_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.publish()
    desk.newsroom = replace(desk.newsroom, name="Another Courier")
    real = files.write_whole

    def full(path: Path, data: bytes) -> None:
        if path.name in LISTS:
            raise PublishError(f"{path}: No space left on device")
        real(path, data)

    monkeypatch.setattr(files, "write_whole", full)
    assert desk.publish(HOUR).problems
    monkeypatch.setattr(files, "write_whole", real)
    report = desk.publish(HOUR)
    assert (report.due, set(report.written)) == (0, {"index.html", "index.opml"})
    assert desk.publish(HOUR).written == []


def edited(desk: Desk, one: Article) -> None:
    desk.edit(replace(one, headline="Another", updated=desk.now))


def reaccessed(desk: Desk, one: Article) -> None:
    desk.edit(replace(one, access=FREE))


def moved(desk: Desk, one: Article) -> None:
    desk.edit(replace(one, sections=("culture",)))


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (edited, ("all", "politics")),
        (reaccessed, ("all", "politics")),
        (moved, ("all", "politics", "culture")),
        (Desk.withdraw, ("all", "politics")),
        (lambda desk, _: desk.add(article("new", published=desk.now, updated=desk.now)), ("all", "politics")),
    ],
    ids=["edited", "access", "moved", "withdrawn", "added"],
)
def test_one_article_rewrites_its_own_feeds_and_no_other_file(
    desk: Desk, change: Callable[[Desk, Article], None], touched: tuple[str, ...]
) -> None:
    one = article()
    desk.add(one, article("spa", sections=("culture",)), article("brief", sections=("briefs",)))
    desk.publish()
    before = desk.stamps()
    desk.now += HOUR
    change(desk, one)
    report = desk.publish()
    assert set(report.written) == files_of(*touched)
    after = desk.stamps()
    assert {name for name in after if after[name] != before[name]} == files_of(*touched)
    assert all(desk.date(name) == desk.now for name in touched)


def test_an_embargo_passes_without_an_edit(desk: Desk) -> None:
    later = article("secret", published=NOON + HOUR, updated=NOON + HOUR)
    desk.add(article(), later)
    desk.publish()
    assert all(b"secret" not in path.read_bytes() for path in desk.feeds.iterdir())
    assert desk.publish(HOUR / 2).written == []
    report = desk.publish(HOUR / 2)
    assert set(report.written) == files_of("all", "politics")
    assert desk.items("politics") == ["secret", "bridge"]
    assert desk.date("politics") == NOON + HOUR


def test_a_booking_begins_and_ends(desk: Desk) -> None:
    run = Booking("Kaap", NOON + HOUR, NOON + 2 * HOUR)
    desk.add(article("ad", sections=("partners",), booking=run, access=FREE))
    desk.publish()
    assert desk.items("partners") == []
    assert set(desk.publish(HOUR).written) == files_of("partners")
    assert desk.items("partners") == ["ad"]
    assert desk.items("all") == []
    desk.publish(2 * HOUR)
    assert desk.items("partners") == []
    assert desk.date("partners") == NOON + 2 * HOUR


def test_a_missing_file_is_made_again(desk: Desk) -> None:
    desk.add(article())
    desk.publish()
    before = (desk.feeds / "politics.atom").read_bytes()
    (desk.feeds / "politics.atom").unlink()
    (desk.feeds / "feed.css").unlink()
    assert set(desk.publish(HOUR).written) == {"politics.atom", "feed.css"}
    assert (desk.feeds / "politics.atom").read_bytes() == before


def test_a_lost_volume_is_rebuilt_to_the_byte(desk: Desk) -> None:
    desk.add(article(), article("spa", sections=("culture",)))
    desk.publish()
    before = {path.name: path.read_bytes() for path in desk.feeds.iterdir()}
    for path in desk.feeds.iterdir():
        path.unlink()
    desk.feeds.rmdir()
    desk.publish(24 * HOUR)
    assert {path.name: path.read_bytes() for path in desk.feeds.iterdir()} == before


def test_a_sync_that_was_writing_during_the_last_run_is_seen(desk: Desk) -> None:
    desk.add(article())
    desk.publish()
    # It began before that run and ended after it: its time is the earlier one.
    desk.now = NOON - OVERLAP / 2
    desk.add(article("late", published=desk.now - HOUR))
    desk.now = NOON + HOUR
    assert set(desk.publish().written) == files_of("all", "politics")
    assert "late" in desk.items("politics")


@pytest.mark.parametrize(
    "change",
    [{"about": "Other."}, {"language": "nl"}, {"feed_entries": 1}, {"public_url": "https://new.example"}],
    ids=str,
)
def test_another_configuration_makes_every_feed_due(desk: Desk, change: dict[str, Any]) -> None:
    desk.add(article(), article("spa"))
    desk.publish()
    desk.newsroom = samples.newsroom(**change)
    report = desk.publish(HOUR)
    assert report.due == 5
    assert report.written


def test_another_release_makes_every_feed_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.publish()
    monkeypatch.setattr("feeds.due.release", lambda: "another")
    report = desk.publish(HOUR)
    assert (report.due, report.written) == (5, [])


def test_the_fingerprint_is_the_same_for_the_same(desk: Desk) -> None:
    assert fingerprint(samples.newsroom()) == fingerprint(samples.newsroom())
    assert fingerprint(samples.newsroom()) != fingerprint(samples.newsroom(name="The Kay"))


def test_the_date_never_goes_back(desk: Desk) -> None:
    booking = article(
        "ad",
        sections=("partners",),
        access=FREE,
        booking=Booking("Kaap", NOON - HOUR, NOON + HOUR),
    )
    desk.add(booking)
    desk.publish(2 * HOUR)
    assert desk.date("partners") == NOON + HOUR
    # Withdrawn after its end, it leaves no trace in the list: only the file remembers that end.
    desk.withdraw(booking)
    desk.publish(HOUR, everything=True)
    assert desk.date("partners") >= NOON + HOUR


def test_a_restored_database_does_not_turn_the_date_back(desk: Desk, tmp_path: Path) -> None:
    desk.add(article(updated=NOON))
    desk.publish()
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(feed_marks))
        for table in ("article_sections", "section_changes", "articles"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
    desk.publish(HOUR)
    assert desk.items("politics") == []
    assert desk.date("politics") == NOON


def test_a_date_of_a_run_at_another_hour_is_not_kept(desk: Desk) -> None:
    desk.add(article(published=NOON + 48 * HOUR, updated=NOON + 48 * HOUR), article("spa"))
    desk.publish(72 * HOUR)
    assert desk.date("politics") == NOON + 48 * HOUR
    desk.now = NOON
    desk.publish()
    assert desk.date("politics") == NOON
    assert desk.items("politics") == ["spa"]


@pytest.mark.parametrize(
    "rubbish", [b"", b"<updated>yesterday</updated>", b"\xff\xfe", b"<updated>2026-03-10</updated>"]
)
def test_a_file_that_is_no_feed_is_replaced(desk: Desk, rubbish: bytes) -> None:
    desk.add(article())
    desk.publish()
    for ending in ENDINGS:
        (desk.feeds / f"politics{ending}").write_bytes(rubbish)
    assert set(desk.publish(HOUR, everything=True).written) == files_of("politics")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(desk: Desk) -> None:
    desk.add(article())
    report = desk.publish(dry_run=True)
    assert set(report.written) == files_of("all", "politics", "culture", "briefs", "partners") | LISTS
    assert not desk.public.exists()
    desk.publish()
    before = desk.stamps()
    desk.newsroom = replace(desk.newsroom, sections=desk.newsroom.sections[1:])
    report = desk.publish(HOUR, dry_run=True)
    assert set(report.removed) == files_of("politics")
    assert desk.stamps() == before
    assert desk.retired() == {}
    assert set(desk.publish(HOUR).removed) == files_of("politics")


def in_the_way(desk: Desk) -> str:
    """A folder where the file belongs: neither root nor anybody can write it then."""
    path = desk.feeds / "politics.atom"
    path.unlink()
    (path / "x").mkdir(parents=True)
    return "politics.atom"


def test_a_file_that_cannot_be_written_is_named_and_the_others_go_on(desk: Desk) -> None:
    one = article()
    desk.add(one, article("spa", sections=("culture",)))
    desk.publish()
    name = in_the_way(desk)
    desk.now += HOUR
    edited(desk, one)
    report = desk.publish()
    assert set(report.written) == files_of("all", "politics") - {name}
    (problem,) = report.problems
    assert str(desk.feeds / name) in problem
    assert "cannot be written" in problem
    assert not list(desk.feeds.glob(".*"))
    # It stays due, however long nothing changes.
    (desk.feeds / name / "x").rmdir()
    (desk.feeds / name).rmdir()
    assert desk.publish(24 * HOUR).written == [name]


def test_a_full_disk_leaves_the_old_feeds_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = article()
    desk.add(one)
    desk.publish()
    before = {path.name: path.read_bytes() for path in desk.feeds.iterdir()}
    desk.now += HOUR
    edited(desk, one)
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("newsroom.files.os.fsync", full)
    # Later than what is looked at twice anyway.
    report = desk.publish(HOUR)
    assert {path.name: path.read_bytes() for path in desk.feeds.iterdir()} == before
    assert len(report.problems) == 6
    assert all("No space left on device" in problem for problem in report.problems)
    monkeypatch.setattr("newsroom.files.os.fsync", real)
    # However much later: a feed that could not be written stays due.
    assert set(desk.publish(24 * HOUR).written) == files_of("all", "politics")


def test_a_killed_run_is_finished_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = article()
    desk.add(one)
    desk.publish()
    desk.now += HOUR
    edited(desk, one)
    real, seen = files.write_whole, []

    def killed(path: Path, data: bytes) -> None:
        seen.append(path)
        if len(seen) == 3:
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(files, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.publish()
    monkeypatch.setattr(files, "write_whole", real)
    assert len(desk.publish(24 * HOUR).written) == 4


def test_an_entry_that_xml_refuses_is_reported_by_id_and_the_feed_goes_on(desk: Desk) -> None:
    desk.add(article("bad", headline="a\x01b"), article("good"))
    report = desk.publish()
    assert [problem.split(" is ")[0] for problem in report.problems] == [
        "feed all: article tag:quay.example,2026:articles/bad",
        "feed politics: article tag:quay.example,2026:articles/bad",
    ]
    assert b"good" in (desk.feeds / "politics.rss").read_bytes()
    assert b"articles/bad" not in (desk.feeds / "politics.rss").read_bytes()


def test_a_section_title_that_xml_refuses_costs_only_its_own_feed(desk: Desk) -> None:
    desk.newsroom = replace(desk.newsroom, sections=(Section("odd", "O\x01dd"), *desk.newsroom.sections[1:]))
    report = publish(desk.engine, desk.newsroom, desk.public, desk.now)
    assert {"all.rss", "culture.atom", "odd.json"} <= set(report.written)
    assert "odd.rss" not in report.written
    assert any("odd.rss: cannot be made" in problem for problem in report.problems)


def test_more_feeds_than_are_held_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.writing.AT_ONCE", 2)
    desk.add(article(), article("spa", sections=("culture",)))
    assert len(desk.publish().written) == 19
    assert desk.publish(HOUR).written == []
    assert desk.publish(HOUR).due == 0


def test_marks_move_together_so_that_one_question_is_asked(desk: Desk) -> None:
    one = article()
    desk.add(one)
    desk.publish()
    desk.now += HOUR
    edited(desk, one)
    desk.publish()
    with reading(desk.engine) as connection:
        assert set(connection.execute(sa.select(feed_marks.c.until)).scalars()) == {desk.now}


def test_one_article_in_two_sections_has_one_id_everywhere(desk: Desk) -> None:
    desk.add(article(sections=("politics", "culture")))
    desk.publish()
    assert desk.items("all") == desk.items("politics") == desk.items("culture") == ["bridge"]


def test_no_word_of_a_body_is_in_any_file(desk: Desk) -> None:
    words = [f"zq{number}marker" for number in range(40)]
    for number, access in enumerate((Access.PAID, Access.REGISTERED)):
        body = Body("".join(f"<p>{word} is here. And {word} again.</p>" for word in words))
        desk.add(article(f"a{number}", access=access, body=body, label="Opinion", correction="Mended."))
    desk.add(article("brief", teaser="", body=Body(f"<p>{words[0]}</p>"), sections=("briefs",)))
    report = desk.publish()
    assert len(report.written) == 19
    for path in desk.feeds.iterdir():
        data = path.read_bytes()
        assert not any(word.encode() in data for word in words), path.name
    assert not any(word in repr(report) for word in words)


def test_what_the_paywall_opens_is_there_and_nothing_behind_it(desk: Desk) -> None:
    desk.newsroom = replace(desk.newsroom, paywall=replace(desk.newsroom.paywall, public_paragraphs=1))
    body = Body("".join(f"<p>Word{number} of this long story is written here.</p>" for number in range(20)))
    desk.add(article(body=body))
    desk.publish()
    for ending in ENDINGS:
        data = (desk.feeds / f"politics{ending}").read_bytes()
        assert b"Word0 of" in data
        assert b"Word1 " not in data


def test_a_read_only_folder_is_a_problem_for_each_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, data: bytes) -> None:
        raise PublishError(f"{path}: cannot be written: Read-only file system")

    monkeypatch.setattr(files, "write_whole", refused)
    report = desk.publish()
    assert (len(report.problems), report.written) == (19, [])
