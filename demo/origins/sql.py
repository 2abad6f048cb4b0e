"""The demo's articles in a database: the tables of a small newsroom's own CMS, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime

from content.article import Access
from demo.origins import Filled, Job, Origin
from demo.origins.site import MEDIA
from demo.stories import Story

DATABASE = "cms.db"

_SCHEMA = """
CREATE TABLE section (id INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL);
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE picture (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, alt TEXT NOT NULL, caption TEXT NOT NULL, credit TEXT NOT NULL
);
CREATE TABLE article (
    id INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL, kicker TEXT NOT NULL, headline TEXT NOT NULL,
    intro TEXT NOT NULL, html TEXT NOT NULL,
    readers TEXT CHECK (readers IN ('all', 'members', 'subscribers')),
    status TEXT CHECK (status IN ('published', 'taken back')), out_at TEXT NOT NULL, edited_at TEXT,
    saved_at TEXT NOT NULL, priority INTEGER, erratum TEXT NOT NULL, is_sensitive INTEGER NOT NULL,
    send_again INTEGER NOT NULL, picture_id INTEGER REFERENCES picture
);
CREATE TABLE article_section (article_id REFERENCES article, section_id REFERENCES section, position INTEGER);
CREATE TABLE article_person (article_id REFERENCES article, person_id REFERENCES person, position INTEGER);
CREATE TABLE booking (
    id INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL, client TEXT NOT NULL, headline TEXT NOT NULL,
    intro TEXT NOT NULL, html TEXT NOT NULL, out_at TEXT NOT NULL, begins TEXT, ends TEXT
);
"""

_TABLES = '''\
# Where the articles come from: the database of the newsroom's own system. Its address is in secrets.env.
[[source]]
key = "articles"
kind = "sql"
url = "{address}"
access = "paid"
changed = "saved_at"
query = """
  SELECT a.id, a.slug, a.kicker AS label, a.headline, a.intro AS teaser, a.html AS body,
         a.out_at AS published, a.edited_at AS updated, a.saved_at, a.priority AS rank,
         CASE a.readers WHEN 'all' THEN 'free' WHEN 'members' THEN 'registered' ELSE 'paid' END AS access,
         a.erratum AS correction, a.is_sensitive AS sensitive, a.send_again AS again,
         a.status = 'taken back' AS withdrawn,
         (SELECT json_group_array(slug) FROM (SELECT s.slug FROM section s
            JOIN article_section x ON x.section_id = s.id WHERE x.article_id = a.id
            ORDER BY x.position)) AS sections,
         (SELECT json_group_array(name) FROM (SELECT p.name FROM person p
            JOIN article_person x ON x.person_id = p.id WHERE x.article_id = a.id
            ORDER BY x.position)) AS authors,
         p.file AS image, p.alt AS image_alt, p.caption AS image_caption, p.credit AS image_credit
  FROM article a LEFT JOIN picture p ON p.id = a.picture_id
"""
bookings = """
  SELECT id, slug, client AS sponsor, headline, intro AS teaser, html AS body, out_at AS published,
         begins AS run_from, ends AS run_until, out_at AS saved_at, 'partners' AS section
  FROM booking
"""
'''
_READERS = {Access.FREE: "all", Access.REGISTERED: "members", Access.PAID: "subscribers"}


def fill(job: Job) -> Filled:
    """Make the database in the folder, its pictures at the site's address."""
    with closing(sqlite3.connect(job.folder / DATABASE)) as connection, connection:
        connection.executescript(_SCHEMA)
        for story in job.stories:
            if story.sponsor:
                _insert(connection, "booking", _booking(story))
            else:
                _insert_article(connection, story)
    return Filled(
        _TABLES.replace("{address}", job.address), {"STANDFIRST_SOURCE_ARTICLES": f"sqlite:///{DATABASE}"}
    )


def _insert_article(connection: sqlite3.Connection, story: Story) -> None:
    article = _insert(connection, "article", _article(story))
    if story.picture:
        file = f"/{MEDIA}/{story.picture.file}"
        words = {name: getattr(story.picture, name) for name in ("alt", "caption", "credit")}
        picture = _insert(connection, "picture", {"file": file, **words})
        connection.execute("UPDATE article SET picture_id = ? WHERE id = ?", (picture, article))
    for name, column, values in (("section", "slug", story.sections), ("person", "name", story.authors)):
        for position, other in enumerate(_known(connection, name, column, values)):
            row = {"article_id": article, f"{name}_id": other, "position": position}
            _insert(connection, f"article_{name}", row)


def _article(story: Story) -> dict[str, object]:
    return {
        "slug": story.slug,
        "kicker": story.label,
        "headline": story.headline,
        "intro": story.teaser,
        "html": story.body_html,
        "readers": _READERS[story.access],
        "status": "taken back" if story.withdrawn else "published",
        "out_at": story.published.isoformat(),
        "edited_at": _moment(story.updated),
        "saved_at": (story.updated or story.published).isoformat(),
        "priority": story.rank,
        "erratum": story.correction,
        "is_sensitive": int(story.sensitive),
        "send_again": int(story.again),
    }


def _booking(story: Story) -> dict[str, object]:
    return {
        "slug": story.slug,
        "client": story.sponsor,
        "headline": story.headline,
        "intro": story.teaser,
        "html": story.body_html,
        "out_at": story.published.isoformat(),
        "begins": _moment(story.run_from),
        "ends": _moment(story.run_until),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _known(connection: sqlite3.Connection, table: str, column: str, values: Sequence[str]) -> Iterator[int]:
    """The id of each value's row, which is made where there is none yet."""
    for value in values:
        query = f"SELECT id FROM {table} WHERE {column} = ?"  # noqa: S608  # Names of our own.
        row = connection.execute(query, (value,)).fetchone()
        yield row[0] if row else _insert(connection, table, {column: value})


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> int:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  # Names of our own.
    return connection.execute(statement, tuple(row.values())).lastrowid or 0


SQL = Origin("sql", "in a database", fill, serves=True)
