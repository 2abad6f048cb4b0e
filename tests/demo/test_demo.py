"""The demo's material is what the demo says it is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import frontmatter
import pytest

from demo import dates, pictures, readers

DEMO = Path(dates.__file__).parent
FILES = {path: frontmatter.load(str(path)) for path in sorted((DEMO / "articles").rglob("*.md"))}
PLANTED = (DEMO / "planted.txt").read_text("utf-8").split()
SIX = datetime.combine(dates.DEMO_DAY, datetime.min.time(), dates.ZONE) + timedelta(hours=6)


def section(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize(
    ("text", "days", "expected"),
    [
        ("published: 2026-03-10T04:40:00+01:00", 0, "published: 2026-03-10T04:40:00+01:00"),
        ("published: 2026-03-10T04:40:00+01:00", 30, "published: 2026-04-09T04:40:00+02:00"),
        ("run_until: 2026-03-31T23:59:00+02:00", -30, "run_until: 2026-03-01T23:59:00+01:00"),
        ("a,b,2026-03-10,2025-12-31", 365, "a,b,2027-03-10,2026-12-31"),
        ("id-2026-03-10-x 12026-03-10 1,240 in 1949", 9, "id-2026-03-10-x 12026-03-10 1,240 in 1949"),
    ],
)
def test_dates_move_by_whole_days_and_hours_stay(text: str, days: int, expected: str):
    assert dates.shifted(text, days) == expected


def test_there_and_back_is_where_one_was():
    for path in FILES:
        text = path.read_text("utf-8")
        for days in (1, 20, 200, 3000):
            moved = dates.shifted(text, days)
            assert moved != text and dates.shifted(moved, -days) == text, path


def test_the_articles_are_as_many_and_as_mixed_as_said():
    own = [path for path in FILES if section(path) != "partners"]
    assert len({FILES[path].content for path in FILES}) == 53 and len(own) == 42
    due = [
        path
        for path in own
        if SIX - timedelta(days=1) < FILES[path]["published"] <= SIX and not FILES[path].get("withdrawn")
    ]
    assert len(due) >= 20
    assert [path.name for path in own if FILES[path]["published"] > SIX] == ["terminal-quarter.md"]
    for key in ("withdrawn", "sensitive", "again", "correction", "sections"):
        assert sum(key in FILES[path] for path in own) == 1, key
    assert {FILES[path]["access"] for path in own} == {"free", "registered", "paid"}
    long = [FILES[path] for path in own if len(FILES[path].content.split()) > 450]
    assert len(long) >= 6 and all(article["label"] == "Feature" for article in long)
    text = "".join(path.read_text("utf-8") for path in FILES)
    assert all(sign in text for sign in "&“”éśıØ🐦€ليلى")


def test_one_is_listed_twice():
    one, other = DEMO / "articles/town/tram-four-night.md", DEMO / "articles/work/tram-four-night.md"
    assert one.read_bytes() == other.read_bytes() and "id" in FILES[one]


def test_twelve_bookings_of_seven_sponsors_run_on_the_day():
    bookings = [FILES[path] for path in FILES if section(path) == "partners"]
    assert len(bookings) == 12
    assert sorted(Counter(booking["sponsor"] for booking in bookings).values()) == [1, 1, 1, 2, 2, 2, 3]
    assert all(booking["run_from"] <= SIX <= booking["run_until"] for booking in bookings)


def test_each_paid_body_has_one_planted_word_and_no_other_text_has_any():
    found = []
    for path, article in FILES.items():
        fields = " ".join(str(value) for value in article.metadata.values())
        assert not any(word in fields for word in PLANTED), path
        words = [word for word in PLANTED if word in article.content]
        assert len(words) == (article["access"] == "paid"), path
        paragraphs = article.content.split("\n\n")
        for word in words:
            (place,) = (n for n, paragraph in enumerate(paragraphs) if word in paragraph)
            assert re.search(rf"{word}\W*$", paragraphs[place]) and (place > 1 or len(paragraphs) == 1), path
        found += words
    assert sorted(found) == PLANTED == sorted(set(PLANTED))


def test_every_picture_is_drawn_and_used():
    images = [FILES[path]["image"] for path in FILES if "image" in FILES[path]]
    assert {image["file"] for image in images} == {f"pictures/{name}.jpg" for name in pictures.SCENES}
    assert all(image["alt"] for image in images)


def test_pictures_are_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "SCENES", {name: pictures.SCENES[name] for name in ("harbour", "rain")})
    first, second = pictures.draw(tmp_path / "one"), pictures.draw(tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[0].stat().st_size > 4_000_000 > first[1].stat().st_size
    before = first[1].stat().st_mtime_ns
    pictures.draw(tmp_path / "one")
    assert first[1].stat().st_mtime_ns == before


def test_the_reader_list_is_what_its_script_writes(tmp_path: Path):
    readers.written(tmp_path / "readers.csv")
    assert (tmp_path / "readers.csv").read_bytes() == (DEMO / "readers.csv").read_bytes()
    with (DEMO / "readers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 123 and sum("@" in row["address"].replace("@", "", 1) for row in rows) == 1
    assert len({row["address"].strip().lower() for row in rows}) == 121
    assert {row["plan"] for row in rows} == {"free", "trial", "paid", "group"}
    assert {row["status"] for row in rows} == {
        "subscribed",
        "unsubscribed",
        "bounced",
        "cleaned",
        "complained",
    }
    hosts = {row["address"].strip().lower().rpartition("@")[2] for row in rows} - {"c"}
    assert all(host.startswith("example.") or host.endswith(".example") for host in hosts)
