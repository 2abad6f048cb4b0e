"""A folder, a database and a public folder, all real: what a sync does to them."""

from __future__ import annotations

import io
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import Engine

from content import catalogue, holdings, store
from content.ids import CannotTakeError, Stamped, with_id, write_ids
from content.sync import SyncReport, Wish, sync_source
from demo.dates import DEMO_DAY
from demo.setting import HERE
from newsroom.database import reading, writing
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom, Paywall
from newsroom.settings import SourceSettings, load
from tests import samples

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Desk:
    """A newsroom's folder, with its store."""

    def __init__(self, root: Path, engine: Engine, newsroom: Newsroom) -> None:
        self.root = root / "articles"
        self.public = root / "public"
        self.engine = engine
        self.newsroom = newsroom
        self.source = SourceSettings("articles", "folder", self.root)
        self.now = NOW
        self.root.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str = "", body: str = "Body.") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        front = text or f"headline: {path.stem}\npublished: 2026-03-10 06:00"
        path.write_text(f"---\n{front}\n---\n{body}", encoding="utf-8")
        return path

    def sync(self, **options: Any) -> SyncReport:
        self.now += timedelta(minutes=5)
        return sync_source(self.engine, self.source, self.newsroom, self.public, self.now, Wish(**options))

    def known(self) -> dict[str, holdings.KnownArticle]:
        with reading(self.engine) as connection:
            return {one.reference: one for one in holdings.of_source(connection, "articles").values()}

    def sections(self, reference: str) -> tuple[str, ...]:
        with reading(self.engine) as connection:
            (one,) = catalogue.find(connection, reference)
        return one.article.sections


@pytest.fixture
def desk(tmp_path: Path, engine: Engine) -> Desk:
    return Desk(tmp_path, engine, samples.newsroom())


def _picture(path: Path, colour: str = "teal") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    target = io.BytesIO()
    Image.new("RGB", (700, 350), colour).save(target, "JPEG")
    path.write_bytes(target.getvalue())


def test_a_day_at_the_desk(desk: Desk) -> None:
    for name in ("politics/a.md", "politics/b.md", "culture/c.md", "culture/d.md"):
        desk.write(name)
    desk.write("politics/soon.md", "headline: soon\npublished: 2026-03-11")
    report = desk.sync()
    assert (report.found, report.inserted, report.embargoed, report.problems) == (5, 5, 1, ())
    report = desk.sync()
    assert (report.unchanged, report.inserted, report.updated, report.embargoed) == (5, 0, 0, 1)

    desk.write("politics/a.md", body="Better.")
    (desk.root / "culture" / "c.md").unlink()
    (desk.root / "culture" / "d.md").rename(desk.root / "politics" / "d.md")
    report = desk.sync()
    assert (report.updated, report.withdrawn, report.moved, report.unchanged) == (1, 1, 1, 2)
    known = desk.known()
    assert known["politics/a.md"].updated == desk.now
    assert known["politics/a.md"].published == datetime(2026, 3, 10, 5, tzinfo=UTC)
    assert known["politics/d.md"].id == "tag:quay.example,2026:articles/culture/d"
    assert desk.sections("politics/d.md") == ("politics",)
    assert known["politics/d.md"].updated == known["politics/d.md"].published
    desk.write("culture/c.md")
    report = desk.sync()
    assert (report.restored, report.inserted) == (1, 0)
    assert desk.known()["culture/c.md"].withdrawn is None


def test_an_embargo_that_passes_needs_no_sync_and_no_edit(desk: Desk) -> None:
    desk.write("politics/a.md", "headline: a\npublished: 2026-03-10 15:00")
    report = desk.sync()
    assert "headline" not in repr(report)
    with reading(desk.engine) as connection:
        assert catalogue.newest(connection, ["politics"], desk.now, 9, Paywall()) == []
        later = datetime(2026, 3, 10, 14, tzinfo=UTC)
        assert len(catalogue.newest(connection, ["politics"], later, 9, Paywall())) == 1


def test_a_dry_run_writes_nothing_and_says_the_same(desk: Desk) -> None:
    desk.write("politics/a.md", "headline: a\npublished: 2026-03-10\nimage: {file: x.jpg, alt: x}")
    _picture(desk.root / "x.jpg")
    dry = desk.sync(dry_run=True, stores=False)
    assert dry.inserted == 1
    assert not desk.public.exists()
    assert desk.known() == {}
    assert desk.sync() == dry


def test_a_picture_that_changes_or_comes_changes_its_article_and_one_that_is_lost_is_made_again(
    desk: Desk,
) -> None:
    front = "headline: a\npublished: 2026-03-10 06:00\nimage: {file: x.jpg, alt: x}"
    desk.write("politics/a.md", front)
    report = desk.sync()
    assert [one.severity for one in report.problems] == ["warning"]
    _picture(desk.root / "x.jpg")
    assert desk.sync().updated == 1
    files = sorted((desk.public / "media").iterdir())
    assert len(files) == 3
    files[0].unlink()
    assert desk.sync().unchanged == 1
    assert sorted((desk.public / "media").iterdir()) == files
    _picture(desk.root / "politics" / "x.jpg", "navy")
    assert desk.sync().updated == 1
    assert desk.known()["politics/a.md"].updated == desk.now
    # Broken for a while, and mended to what it was: its picture is still watched.
    (desk.root / "politics" / "a.md").write_bytes(b"\xff")
    assert desk.sync().problems[0].severity == "error"
    desk.write("politics/a.md", front)
    assert desk.sync().unchanged == 1
    (desk.root / "politics" / "x.jpg").unlink()
    assert desk.sync().updated == 1


def test_an_article_whose_picture_cannot_be_published_waits_alone(desk: Desk) -> None:
    for name in "abcd":
        desk.write(f"politics/{name}.md")
    desk.sync()
    desk.write("politics/b.md", "headline: b\npublished: 2026-03-10 06:00\nimage: {file: x.jpg, alt: x}")
    desk.write("politics/e.md", "headline: e\npublished: 2026-03-10\nimage: {file: x.jpg, alt: x}")
    (desk.root / "politics" / "a.md").unlink()
    desk.write("politics/f.md", "headline: f\npublished: 2026-03-10 08:00")
    _picture(desk.root / "x.jpg")
    desk.public.write_text("a file where the folder should be")
    before = desk.known()["politics/b.md"]
    for _ in range(2):
        report = desk.sync()
        assert [one.place for one in report.problems] == ["articles/politics/b.md", "articles/politics/e.md"]
        assert "cannot be published" in report.problems[0].message
    known = desk.known()
    assert known["politics/a.md"].withdrawn is not None
    assert known["politics/b.md"] == before
    assert "politics/f.md" in known
    assert "politics/e.md" not in known
    desk.public.unlink()
    report = desk.sync()
    assert (report.inserted, report.updated, report.problems) == (1, 1, ())


def test_the_picture_of_an_embargoed_article_comes_out_with_it(desk: Desk) -> None:
    front = "headline: soon\npublished: 2026-03-10 14:00\nimage: {file: x.jpg, alt: x}"
    desk.write("politics/soon.md", front)
    _picture(desk.root / "x.jpg")
    for _ in range(2):
        desk.sync()
        assert list(desk.public.rglob("*.jpg")) == []
        assert _waiting(desk) == 3
    desk.now = datetime(2026, 3, 10, 13, tzinfo=UTC)
    report = desk.sync()
    assert (report.updated, report.unchanged) == (0, 1)
    assert len(list(desk.public.rglob("*.jpg"))) == 3
    assert _waiting(desk) == 0
    assert desk.sync().unchanged == 1


def test_what_is_held_leaves_no_picture_waiting(desk: Desk) -> None:
    for name in "abc":
        desk.write(f"politics/{name}.md")
    desk.sync()
    for name in "abc":
        (desk.root / "politics" / f"{name}.md").unlink()
    _picture(desk.root / "x.jpg")
    front = "headline: soon\npublished: 2026-03-10 14:00\nimage: {file: x.jpg, alt: x}"
    desk.write("politics/soon.md", front)
    assert desk.sync().held
    assert _waiting(desk) == 0


def _waiting(desk: Desk) -> int:
    with reading(desk.engine) as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM waiting_pictures")).scalar_one())


def test_an_id_that_another_source_has_is_given_to_nobody_else(desk: Desk) -> None:
    path = desk.write("politics/weather.md", body="One.")
    desk.sync()
    write_ids(desk.engine, desk.source)
    archive = Desk(desk.root.parent / "more", desk.engine, desk.newsroom)
    archive.source = replace(archive.source, key="archive")
    there = archive.root / "politics" / "weather.md"
    there.parent.mkdir()
    path.rename(there)
    desk.write("politics/other.md")
    desk.sync(allow_withdrawals=True)
    assert archive.sync().problems == ()
    desk.write("politics/weather.md", body="Another.")
    report = desk.sync()
    assert (report.inserted, report.problems) == (1, ())
    assert desk.known()["politics/weather.md"].id == "tag:quay.example,2026:articles/politics/weather~2"


def test_two_files_of_one_name_are_told_of_their_one_address_until_one_has_its_own(desk: Desk) -> None:
    desk.write("politics/new.md", "headline: One\npublished: 2026-03-10 06:00")
    desk.write("culture/new.md", "headline: Two\npublished: 2026-03-10 06:00")
    for _ in range(2):
        (told,) = desk.sync().problems
        assert told.severity == "warning"
        assert told.place == "articles/culture/new.md, articles/politics/new.md"
        assert "one address, https://quay.example/articles/new" in told.message
    desk.write("culture/new.md", "headline: Two\npublished: 2026-03-10 06:00\nslug: newer")
    assert desk.sync().problems == ()


def test_links_that_lead_in_a_circle_or_nowhere_stop_nothing(desk: Desk) -> None:
    desk.write("politics/a.md")
    (desk.root / "politics" / "x").symlink_to("x")
    (desk.root / "politics" / "y.md").symlink_to("y.md")
    report = desk.sync()
    assert report.inserted == 1
    assert [one.place for one in report.problems] == ["articles/politics/y.md"]


def test_a_file_that_was_renamed_and_rewritten_is_asked_about(desk: Desk) -> None:
    desk.write("politics/a.md", "headline: Before\npublished: 2026-03-10 06:00")
    for name in "bcd":
        desk.write(f"politics/{name}.md", f"headline: {name}\npublished: 2026-03-10 07:00")
    desk.sync()
    (desk.root / "politics" / "a.md").unlink()
    desk.write("politics/z.md", "headline: After\npublished: 2026-03-10 06:00", "Other words.")
    (problem,) = desk.sync().problems
    assert "politics/a.md is gone; if that is the same article" in problem.message


def test_ids_are_written_as_the_owner_and_what_cannot_take_one_is_named(desk: Desk) -> None:
    path = desk.write("politics/a.md")
    os.chown(path, 1234, 1234)
    path.chmod(0o640)
    desk.write("politics/braces.md", "{headline: b, published: 2026-03-10}")
    desk.sync()
    assert write_ids(desk.engine, desk.source, dry_run=True).written == 1
    assert "id:" not in path.read_text("utf-8")
    done = write_ids(desk.engine, desk.source)
    assert (done.written, len(done.problems)) == (1, 1)
    assert "articles/politics/braces.md: no id" in done.problems[0]
    stat = path.stat()
    assert (stat.st_uid, stat.st_gid, stat.st_mode & 0o777) == (1234, 1234, 0o640)


def test_one_article_of_two_sources_is_the_first_ones(desk: Desk) -> None:
    first = Desk(desk.root.parent / "more", desk.engine, desk.newsroom)
    first.source = replace(first.source, key="cms")
    order = ("cms", "articles")
    front = "headline: a\npublished: 2026-03-10 06:00\nurl: /2026/a"
    desk.write("politics/a.md", front, "From the folder.")
    desk.sync(order=order)
    id_ = desk.known()["politics/a.md"].id
    first.write("culture/a.md", front, "From there.")
    report = first.sync(order=order)
    assert (report.moved, report.inserted, report.problems) == (1, 0, ())
    with reading(desk.engine) as connection:
        (one,) = catalogue.find(connection, id_)
    assert (one.article.source, one.article.sections) == ("cms", ("culture",))
    for _ in range(2):
        report = desk.sync(order=order)
        assert (report.elsewhere, report.inserted, report.problems) == (1, 0, ())


def test_a_broken_file_leaves_what_is_known_and_the_others_go_on(desk: Desk) -> None:
    desk.write("politics/a.md")
    desk.sync()
    before = desk.known()["politics/a.md"]
    desk.write("politics/a.md", "headline: zirkelmoos: x")
    desk.write("politics/b.md")
    report = desk.sync()
    assert (report.inserted, report.withdrawn) == (1, 0)
    assert [(one.place, one.severity) for one in report.problems] == [
        ("articles/politics/a.md:2:21", "error")
    ]
    assert "zirkelmoos" not in repr(report)
    assert desk.known()["politics/a.md"] == before


def test_a_folder_that_is_empty_or_gone_withdraws_nothing(desk: Desk) -> None:
    for name in "abcdef":
        desk.write(f"politics/{name}.md", body=name)
    desk.sync()
    shutil.move(desk.root, desk.root.parent / "away")
    for _ in range(2):
        report = desk.sync()
        assert "no such folder" in report.held
        assert report.withdrawn == 0
        assert {one.withdrawn for one in desk.known().values()} == {None}
    # There is nothing to let go of while the disk is not mounted.
    with pytest.raises(SourceError):
        desk.sync(allow_withdrawals=True)
    desk.root.mkdir()
    assert "none of its 6" in desk.sync().held
    with reading(desk.engine) as connection:
        assert "none of its 6" in store.source_state(connection, "articles").held
    assert desk.sync(allow_withdrawals=True).withdrawn == 6
    with reading(desk.engine) as connection:
        assert store.source_state(connection, "articles").held == ""


def test_a_folder_that_never_was_is_an_error_and_remembered(desk: Desk) -> None:
    desk.root.rmdir()
    with pytest.raises(SourceError, match="no such folder"):
        desk.sync()
    with reading(desk.engine) as connection:
        assert "no such folder" in store.source_state(connection, "articles").last_error


def test_a_copy_that_comes_later_is_compared_with_the_one_that_is_known(desk: Desk) -> None:
    front = "id: one\nheadline: a\npublished: 2026-03-10 06:00"
    desk.write("politics/a.md", front)
    desk.sync()
    desk.write("culture/a.md", front)
    report = desk.sync()
    assert (report.twice, report.updated, report.inserted) == (1, 1, 0)
    assert desk.sections("politics/a.md") == ("culture", "politics")
    assert desk.sync().unchanged == 1
    desk.write("culture/a.md", front, "Another text.")
    report = desk.sync()
    assert [one.place for one in report.problems] == ["articles/culture/a.md, articles/politics/a.md"]
    assert (report.updated, report.withdrawn) == (0, 0)


def test_a_run_killed_while_it_stores_is_made_good_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("politics/a.md", "headline: a\npublished: 2026-03-10\nimage: {file: x.jpg, alt: x}")
    _picture(desk.root / "x.jpg")

    def die(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "withdraw", die)
        desk.write("politics/b.md", "headline: b\npublished: 2026-03-10\nwithdrawn: true")
        with pytest.raises(KeyboardInterrupt):
            desk.sync()
    assert desk.known() == {}
    assert desk.sync().inserted == 1
    # The picture is watched, though the run that published it never ended.
    _picture(desk.root / "x.jpg", "navy")
    assert desk.sync().updated == 1


def test_an_id_that_another_source_has_is_refused(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        store.insert(connection, samples.article("wire", source="wire"), "x", NOW)
    desk.write("politics/a.md", "id: tag:quay.example,2026:articles/wire\nheadline: a\npublished: 2026-03-10")
    (problem,) = desk.sync().problems
    assert "in the source wire" in problem.message


def test_ids_are_stamped_into_the_files_and_nothing_else_changes(desk: Desk) -> None:
    path = desk.write("politics/a.md")
    path.write_bytes(b"\xef\xbb\xbf---\r\nheadline: caf\xc3\xa9\r\npublished: 2026-03-10\r\n---\r\nBody \r\n")
    path.chmod(0o640)
    own = desk.write("politics/own.md", "headline: own\nid: mine\npublished: 2026-03-10")
    draft = desk.write("politics/draft.md", "headline: draft")
    before = path.read_bytes()
    desk.sync()
    assert write_ids(desk.engine, desk.source) == Stamped(1)
    line = b"id: tag:quay.example,2026:articles/politics/a\r\n"
    assert path.read_bytes() == before.replace(b"---\r\n", b"---\r\n" + line, 1)
    assert path.stat().st_mode & 0o777 == 0o640
    assert b"id: mine" in own.read_bytes()
    assert b"id" not in draft.read_bytes()
    report = desk.sync()
    assert (report.unchanged, report.updated, report.moved) == (2, 0, 0)
    assert write_ids(desk.engine, desk.source) == Stamped(0)
    # Renamed and rewritten at once, it is still itself.
    path.rename(desk.root / "politics" / "z.md")
    (desk.root / "politics" / "z.md").write_bytes(before.replace(b"---\r\n", b"---\r\n" + line, 1) + b"More.")
    report = desk.sync()
    assert (report.moved, report.inserted, report.withdrawn) == (1, 0, 0)


def test_no_id_is_stamped_where_two_articles_are_known(desk: Desk) -> None:
    front = "headline: {0}\npublished: 2026-03-10 06:00"
    desk.write("politics/a.md", "id: one\n" + front.format("first"))
    desk.sync()
    # The first one's file went to two places that differ; another one came to where it was.
    desk.write("politics/a.md", front.format("another"))
    desk.write("politics/b.md", "id: one\n" + front.format("first"))
    path = desk.write("politics/c.md", "id: one\n" + front.format("first, rewritten"))
    assert [one.severity for one in desk.sync().problems] == ["error"]
    assert write_ids(desk.engine, desk.source) == Stamped(0)
    path.unlink()
    desk.sync()
    assert write_ids(desk.engine, desk.source) == Stamped(1)
    assert "id: tag:quay.example,2026:articles/politics/a" in (desk.root / "politics" / "a.md").read_text()
    assert desk.sync().unchanged == 2


@pytest.mark.parametrize("data", [b"", b"no front matter", b"---\nheadline: x: y\n---\n", b"\xff"])
def test_a_file_that_is_no_article_is_left_alone(data: bytes) -> None:
    assert with_id(data, "tag:x:y") is None


@pytest.mark.parametrize(
    "data", [b"---\n{headline: x}\n---\n", b"---\nid:\nheadline: x\n---\n", b"---\n  a: b\n---\n"]
)
def test_a_file_that_cannot_take_an_id_says_so(data: bytes) -> None:
    with pytest.raises(CannotTakeError, match="add `id: tag:x:y`"):
        with_id(data, "tag:x:y")


def test_what_is_unchanged_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        desk.write(f"politics/{name}.md", body=name)
    desk.sync()

    def fail(*_arguments: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("content.sources.front_matter.split", fail)
    assert desk.sync().unchanged == 3


def test_the_demos_articles_are_what_they_are_meant_to_be(tmp_path: Path, engine: Engine) -> None:
    root = tmp_path / "demo"
    shutil.copytree(HERE / "articles", root / "articles")
    shutil.copy(HERE / "newsroom.toml", root / "newsroom.toml")
    os.close(os.open(root / "secrets.env", os.O_CREAT, 0o600))
    secrets = {"STANDFIRST_SECRET_KEY": f"demo:{'a' * 64}", "STANDFIRST_ADDRESS_KEY": "b" * 64}
    texts = [path.read_text("utf-8") for path in root.rglob("*.md")]
    for name in {name for text in texts for name in re.findall(r"^  file: (\S+)$", text, re.MULTILINE)}:
        _picture(root / "articles" / name)
    settings = load(root / "newsroom.toml", secrets)
    now = datetime(DEMO_DAY.year, DEMO_DAY.month, DEMO_DAY.day, 5, tzinfo=UTC)
    report = sync_source(engine, settings.sources[0], settings.newsroom, tmp_path / "public", now)
    assert report.problems == ()
    assert (report.found, report.withdrawn, report.twice, report.embargoed) == (52, 1, 1, 1)
    with reading(engine) as connection:
        counts = catalogue.counts(connection, now)
        trams = [one.article for one in catalogue.find(connection, "tram-four-night")]
        known = holdings.of_source(connection, "articles")
        whole = [catalogue.find(connection, id_)[0].article for id_ in known]
    assert (counts.usable, counts.sponsored, counts.running) == (51, 12, 12)
    assert [one.sections for one in trams] == [("town", "work")]
    assert trams[0].image is not None
    assert trams[0].image.credit == "The Lantern"
    assert sum(len(one.sections) == 2 for one in whole) == 2


@pytest.mark.parametrize("rest", ["headline: ''", "headline: a\nurl: 'javascript:x()'", "rank: first"])
def test_a_file_that_is_taken_back_needs_no_headline(desk: Desk, rest: str) -> None:
    desk.write("politics/a.md")
    desk.write("politics/b.md")
    desk.sync()
    desk.write("politics/a.md", f"withdrawn: true\n{rest}")
    report = desk.sync()
    assert (report.withdrawn, report.problems) == (1, ())


@pytest.mark.parametrize("front", ["withdrawn: true", "draft: true"])
def test_what_the_first_source_takes_back_the_second_does_not_bring(desk: Desk, front: str) -> None:
    second = Desk(desk.root.parent / "more", desk.engine, desk.newsroom)
    second.source = replace(second.source, key="cms")
    order = ("articles", "cms")
    written = "headline: a\npublished: 2026-03-10 06:00\nurl: /2026/a"
    desk.write("politics/a.md", written)
    desk.write("politics/b.md")
    second.write("culture/a.md", f"{written}\naccess: free")
    desk.sync(order=order)
    assert second.sync(order=order).elsewhere == 1
    desk.write("politics/a.md", f"{written}\n{front}")
    assert desk.sync(order=order).withdrawn == 1
    for _ in range(2):
        assert (desk.sync(order=order).found, second.sync(order=order).found) == (1, 0)
    # What is only gone there is the second one's.
    desk.write("politics/a.md", written)
    assert (desk.sync(order=order).restored, second.sync(order=order).elsewhere) == (1, 1)
    (desk.root / "politics/a.md").unlink()
    desk.sync(order=order)
    assert second.sync(order=order).found == 1


def test_a_file_that_says_paid_and_cannot_be_used_is_not_free(desk: Desk) -> None:
    desk.write("politics/a.md", "headline: a\npublished: 2026-03-10 06:00\naccess: free")
    desk.sync()
    desk.write("politics/a.md", "headline: a\npublished: soon\naccess: paid")
    assert len(desk.sync().problems) == 1
    with reading(desk.engine) as connection:
        (one,) = catalogue.find(connection, desk.known()["politics/a.md"].id)
    assert one.article.access == "paid"
