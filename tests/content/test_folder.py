"""A folder as newsrooms keep them: every key, every mistake, links and pictures."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from content.article import Access, Article, Booking
from content.gallery import Gallery
from content.sources import Broken, Found, Reading
from content.sources.folder import Folder
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from tests import samples

HEAD = "headline: A bridge\npublished: 2026-03-10 06:00\n"


def _folder(root: Path, access: str = "paid") -> Folder:
    return Folder(SourceSettings("articles", "folder", root, access=access), samples.newsroom())


def _write(root: Path, name: str, front: str, body: str = "Body.") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{front}\n---\n{body}", encoding="utf-8")


def _read(root: Path, name: str = "politics/a.md", access: str = "paid") -> Reading:
    folder = _folder(root, access)
    (entry,) = [one for one in folder.listing().entries if one.reference == name]
    return folder.read(entry, Gallery(root.parent / "public", {}.get).publish)


def _article(root: Path, name: str = "politics/a.md") -> Article:
    found = _read(root, name).found
    assert isinstance(found, Found)
    assert found.article is not None
    return found.article


def _picture(path: Path, width: int = 700) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    target = io.BytesIO()
    Image.new("RGB", (width, width // 2), "teal").save(target, "JPEG")
    path.write_bytes(target.getvalue())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


def test_every_key(root: Path) -> None:
    _picture(root / "pictures" / "x.jpg")
    front = """id: bridge-vote
title: The bridge & “us”
label: Feature
standfirst: >-
  Two lines,
  one teaser.
authors: [Ada, ليلى]
date: 2026-03-09T21:00:00Z
updated: 2026-03-10
sections: [culture, politics, culture]
rank: 2
lead: true
place: politics
access: registered
products: [print]
slug: the-bridge
language: nl-BE
image: {file: pictures/x.jpg, alt: A bridge, caption: It opens., credit: Ada}
correction: It was nine.
sensitive: yes
again: true
tags: [Sea Wall, floods, sea-wall, ÉTÉ 2026]"""
    _write(root, "politics/a.md", front, "# Part\n\nOne *two* three.\n\n![A bridge](../pictures/x.jpg)")
    reading = _read(root)
    assert reading.problems == ()
    assert isinstance(reading.found, Found)
    assert reading.found.claim == "tag:quay.example,2026:bridge-vote"
    assert reading.found.updated_given
    article = reading.found.article
    assert article is not None
    assert (article.headline, article.teaser) == ("The bridge & “us”", "Two lines, one teaser.")
    assert (article.label, article.authors, article.language) == ("Feature", ("Ada", "ليلى"), "nl-BE")
    assert article.published == datetime(2026, 3, 9, 21, tzinfo=UTC)
    assert article.updated == datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert (article.sections, article.place, article.rank) == (("culture", "politics"), "politics", 2)
    assert (article.pinned, article.sensitive, article.again) == (True, True, True)
    assert (article.access, article.products) == (Access.REGISTERED, frozenset({"print"}))
    assert article.tags == ("floods", "sea-wall", "été-2026")
    assert article.url == "https://quay.example/articles/the-bridge"
    assert article.correction == "It was nine."
    assert article.words == 4
    assert article.image is not None
    assert [size.width for size in article.image.sizes] == [700, 600, 240]
    assert (article.image.alt, article.image.caption, article.image.credit) == (
        "A bridge",
        "It opens.",
        "Ada",
    )
    path = article.image.sizes[0].path
    assert f'src="https://feeds.quay.example/{path}"' in article.body.html
    assert reading.watched["pictures/x.jpg"]
    assert path in reading.shown


def test_what_a_file_does_not_say_comes_from_its_place_and_its_source(root: Path) -> None:
    _write(root, "2026/culture/Über uns & Co.md", HEAD)
    reading = _read(root, "2026/culture/Über uns & Co.md", "free")
    assert isinstance(reading.found, Found)
    article = reading.found.article
    assert article is not None
    assert article.id == "tag:quay.example,2026:articles/2026/culture/%C3%9Cber%20uns%20%26%20Co"
    assert (article.slug, article.sections) == ("über-uns-co", ("culture",))
    assert article.url == "https://quay.example/articles/%C3%BCber-uns-co"
    assert (article.access, article.language) == (Access.FREE, "en")
    assert article.published == article.updated == datetime(2026, 3, 10, 5, tzinfo=UTC)
    assert (article.teaser, article.image, article.booking) == ("", None, None)


def test_a_booking(root: Path) -> None:
    _write(root, "partners/a.md", HEAD + "sponsor: Ostrea & Co\nrun_from: 2026-03-01\nrun_until: 2026-03-31")
    assert _article(root, "partners/a.md").booking == Booking(
        "Ostrea & Co",
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC),
    )


SECTIONS = "politics, culture, briefs, partners"


@pytest.mark.parametrize(
    ("front", "place", "message"),
    [
        ("published: 2026-03-10", "", "no headline"),
        ("headline: x", "", "it has no date"),
        ("headline: x\npublished: 2026-02-31", ":3:12", "no such day"),
        ("headline: x\npublished: soon", ":3:12", "not a date"),
        (HEAD + "sections: [politics, polticks]", ":4:22", f"unknown section; allowed: {SECTIONS}"),
        (HEAD + "section: ../../etc", ":4:10", "unknown section"),
        (HEAD + "section: all", ":4:10", "unknown section"),
        (HEAD + "section: latest", ":4:10", "unknown section"),
        (HEAD + "place: nowhere", ":4:8", "unknown section"),
        (HEAD + "section: partners", "", "sponsor's name"),
        (HEAD + "sponsor: Ostrea", ":4:10", "sponsored section alone"),
        (HEAD + "sections: [partners, politics]\nsponsor: Ostrea", ":4:11", "beside none of news"),
        (HEAD + "sponsor: [x]", ":4:10", "one text"),
        (
            HEAD + "section: partners\nsponsor: O\nrun_from: 2026-03-02\nrun_until: 2026-03-01",
            ":7:12",
            "before it begins",
        ),
        (HEAD + "access: secret", ":4:9", "allowed: free, registered, paid"),
        (HEAD + "language: english!", ":4:11", "language tag"),
        (HEAD + "slug: a/../b", ":4:7", "not a slug"),
        (HEAD + "url: javascript:alert(1)", ":4:6", "not an address"),
        (HEAD + "url: mailto:a@b.example", ":4:6", "not an address"),
        (HEAD + "id: two words", ":4:5", "no blanks"),
        (HEAD + f"id: {'x' * 400}", ":4:5", "300 at most"),
        (HEAD + "rank: first", ":4:7", "whole number"),
        (HEAD + "sensitive: perhaps", ":4:12", "true or false"),
        (HEAD + "headline: again", ":4:1", "line 2 already"),
        ("headline: Court: bread", ":2:16", "in quotes"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_article_is_not_used(
    root: Path, front: str, place: str, message: str
) -> None:
    _write(root, "politics/a.md", front, "zirkelmoos")
    reading = _read(root)
    assert isinstance(reading.found, Broken)
    assert any(
        one.place == f"articles/politics/a.md{place}" and message in one.message for one in reading.problems
    ), reading.problems
    assert "zirkelmoos" not in repr(reading.problems)


def test_all_mistakes_at_once(root: Path) -> None:
    _write(root, "politics/a.md", "published: never\naccess: x\nrank: y\nlead: z")
    # Without a date nothing else is looked at but the keys; with one, everything is.
    assert len(_read(root).problems) == 1
    _write(root, "politics/a.md", "published: 2026-03-10\naccess: x\nrank: y\nlead: z")
    assert len(_read(root).problems) == 4


@pytest.mark.parametrize(
    ("front", "body", "message"),
    [
        (HEAD + "autor: Ada", "", 'did you mean "author"'),
        (HEAD + "run_from: 2026-03-01", "", "only bookings"),
        (HEAD + "image: nowhere.jpg", "", "it is not there"),
        (HEAD + "image: ../outside.jpg", "", "it is not there"),
        (HEAD + "image: /etc/passwd", "", "it is not there"),
        (HEAD + "image: https://quay.example/x.jpg", "", "it is not there"),
        (HEAD + "image: broken.jpg", "", "not a whole JPEG"),
        (HEAD + "image: link.jpg", "", "leads out"),
        (HEAD + "image: x.jpg", "", "no alt text"),
        (HEAD + "image: {alt: A bridge}", "", "no file"),
        (HEAD + "image: {file: x.jpg, alt: A, credits: B}", "", 'did you mean "credit"'),
        (HEAD, "![](x.jpg)", "1 of the body's pictures have no alt text"),
        (HEAD, "<img src='x.jpg'>", "1 of the body's pictures have no alt text"),
        (HEAD, "![A](zirkelmoos.jpg)", "picture 1 of the body's own cannot be used"),
        (HEAD.replace("A bridge", '"A\\nbridge"'), "", "line break"),
        (HEAD.replace("A bridge", "A" * 500), "", "500 characters"),
    ],
)
def test_what_is_used_otherwise_than_written_is_a_warning(
    root: Path, front: str, body: str, message: str
) -> None:
    _picture(root.parent / "outside.jpg")
    (root / "link.jpg").symlink_to(root.parent / "outside.jpg")
    (root / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    _picture(root / "x.jpg", 90)
    _write(root, "politics/a.md", front, body)
    reading = _read(root)
    assert isinstance(reading.found, Found)
    (problem,) = reading.problems
    assert message in problem.message
    assert problem.severity == "warning"
    assert "zirkelmoos" not in problem.message


def test_hostile_text_is_made_harmless(root: Path) -> None:
    body = (
        "[a](javascript:alert(1)) ![b](data:image/png;base64,AAAA) <script>alert(1)</script>" + "<div>" * 9000
    )
    _write(root, "politics/a.md", 'headline: "A\\u0007 bridge\\0"\npublished: 2026-03-10', body)
    article = _article(root)
    assert article.headline == "A bridge"
    for mark in ("javascript:", "data:", "script>", "<div>" * 61):
        assert mark not in article.body.html


def test_files_that_are_none(root: Path) -> None:
    _write(root, "politics/good.md", HEAD)
    (root / "politics" / "bytes.md").write_bytes(b"---\nheadline: caf\xe9\n---\n")
    with (root / "politics" / "large.md").open("wb") as file:
        file.truncate(20_000_000)
    os.mkfifo(root / "politics" / "pipe.md")
    (root.parent / "secret.md").write_text("secret")
    (root / "politics" / "link.md").symlink_to(root.parent / "secret.md")
    (root / "politics" / "nowhere.md").symlink_to(root / "gone.md")
    (root / "politics" / "again.md").symlink_to(root / "politics" / "good.md")
    (root / "linked").symlink_to(root.parent)
    (root / ".git").mkdir()
    (root / ".git" / "x.md").write_text("x")
    (root / "notes.txt").write_text("x")
    with (root / os.fsdecode(b"caf\xe9.md")).open("w") as file:
        file.write("x")
    listing = _folder(root).listing()
    assert [one.reference for one in listing.entries] == [
        "politics/again.md",
        "politics/bytes.md",
        "politics/good.md",
    ]
    problems = {one.place.removeprefix("articles/"): one.message for one in listing.problems}
    assert "20.0 MB; 5 MB at most" in problems["politics/large.md"]
    assert problems["politics/pipe.md"] == "not a file"
    assert "leads out" in problems["politics/link.md"]
    assert "No such file" in problems["politics/nowhere.md"]
    assert "not looked into" in problems["linked"]
    assert "not UTF-8" in problems["caf?.md"]
    assert {one.reference for one in listing.broken} == problems.keys() - {"linked"}
    reading = _read(root, "politics/bytes.md")
    assert isinstance(reading.found, Broken)
    assert "byte 17 " in reading.problems[0].message


def test_a_draft_is_nothing_yet(root: Path) -> None:
    _write(root, "politics/a.md", "draft: true\nheadline: x")
    reading = _read(root)
    assert isinstance(reading.found, Found)
    assert (reading.found.article, reading.found.withdrawn, reading.problems) == (None, True, ())


def test_a_missing_folder_is_told_from_one_that_cannot_be_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no such folder" in _folder(root / "none").listing().missing

    def refuse(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        _folder(root).listing()


def test_the_hash_is_of_the_bytes_and_of_the_settings_and_not_of_the_place(root: Path) -> None:
    _write(root, "politics/a.md", HEAD)
    _write(root, "culture/b.md", HEAD)
    first, second = _folder(root).listing().entries
    assert first.content_hash == second.content_hash
    assert _folder(root, "free").listing().entries[0].content_hash != first.content_hash
