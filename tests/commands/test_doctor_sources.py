"""`doctor` and sources of every kind: one line a mistake, which names the source and the way out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.sync import unplaced_line
from tests.commands.house import House, Run, built
from tests.commands.test_doctor import NOW, TOLD, told
from tests.content import ghost_site, pages_site, wordpress_site

TABLE = '\n[[source]]\nkey = "wire"\nkind = "{kind}"\n{more}\n'
SECRET = "STANDFIRST_SOURCE_WIRE"


@pytest.fixture
def ghost() -> Iterator[ghost_site.Site]:
    with ghost_site.Site() as site:
        site.put(1)
        site.put(2, tags=[ghost_site.tag("sport"), ghost_site.tag("hash-members")])
        yield site


@pytest.fixture
def wordpress() -> Iterator[wordpress_site.Site]:
    with wordpress_site.Site() as site:
        site.tags = {7: ("books", "Books")}
        site.put(1)
        yield site


@pytest.fixture
def pages() -> Iterator[pages_site.Site]:
    with pages_site.Site() as site:
        site.list("/news", "one", "two")
        site.article("one")
        site.article("two", body='<p class="kicker">Analysis</p><p>Words.</p>')
        yield site


def house_with(root: Path, kind: str, more: str, secret: str = "") -> House:
    house = built(root / "quay", more=TOLD + TABLE.format(kind=kind, more=more))
    house.article("bridge")
    with (house.root / "secrets.env").open("a", encoding="utf-8") as file:
        file.write(f"{SECRET}={secret}\n" if secret else "")
    return house


def looked_at(root: Path, kind: str, more: str, secret: str = "") -> tuple[Run, list[str]]:
    run = house_with(root, kind, more, secret).run("doctor", now=NOW)
    return run, told(run, "sources")


def desk(root: Path, *rows: tuple[object, ...]) -> str:
    """The address of a newsroom's own database with these stories: id and section."""
    with sqlite3.connect(root / "desk.db") as connection:
        connection.execute("CREATE TABLE stories (id, headline, published, section, body)")
        whole = [(number, "A", "2026-03-10 04:00", section, "<p>x</p>") for number, section in rows]
        connection.executemany("INSERT INTO stories VALUES (?, ?, ?, ?, ?)", whole)
    connection.close()
    return f"sqlite:///{root / 'desk.db'}"


def test_a_wrong_key_is_one_line(tmp_path: Path, ghost: ghost_site.Site) -> None:
    run, (line,) = looked_at(tmp_path, "ghost", f'url = "{ghost.url}"', "abcdef")
    assert run.status == 1
    assert line.startswith(f"wire: {ghost.url}/ghost/api/content/posts/: the key is not taken (401")
    assert SECRET in line
    assert "abcdef" not in line


def test_a_wrong_password_is_one_line(tmp_path: Path, wordpress: wordpress_site.Site) -> None:
    more = f'url = "{wordpress.url}"\nuser = "ana"\nsection = "culture"'
    run, (line,) = looked_at(tmp_path, "wordpress", more, "wrong one")
    assert run.status == 1
    assert line.startswith("wire: ")
    assert "password is not taken (401" in line
    assert "wrong one" not in run.errors + line


def test_articles_in_none_of_the_sections_are_counted_and_placed(
    tmp_path: Path, ghost: ghost_site.Site
) -> None:
    run, (line,) = looked_at(tmp_path, "ghost", f'url = "{ghost.url}"', ghost_site.CONTENT_KEY)
    assert run.status == 0
    assert line.startswith("wire: 1 article stands in none of your sections (sport 1); map them in")
    many = unplaced_line({f"s{number}": number for number in range(1, 11)})
    assert many.startswith("55 articles stand in none of your sections (s10 10, s9 9, ")
    assert ", s3 3, and 2 names more)" in many


def test_after_a_sync_only_a_full_look_counts_them_again(tmp_path: Path, ghost: ghost_site.Site) -> None:
    house = house_with(tmp_path, "ghost", f'url = "{ghost.url}"', ghost_site.CONTENT_KEY)
    assert "1 article stands in none of your sections (sport 1)" in " ".join(
        house.run("sync", now=NOW).problems
    )
    assert told(house.run("doctor", now=NOW), "sources") == ["yes"]
    (line,) = told(house.run("doctor", "--full", now=NOW), "sources")
    assert line.startswith("wire: 1 article stands in none of your sections (sport 1)")


def test_what_a_ghost_does_not_have(tmp_path: Path, ghost: ghost_site.Site) -> None:
    more = (
        f'url = "{ghost.url}"\nsection = "culture"\n'
        'sections = { politics = "politics", politcs = "politics", "#members" = "culture" }\n'
        'paid = ["tag:members", "tag:membres", "visibility:members"]'
    )
    run, (held, *lines) = looked_at(tmp_path, "ghost", more, ghost_site.CONTENT_KEY)
    # What is public in Ghost would be so here, if that rule were right.
    assert run.status == 3
    assert held.startswith('wire: no published post has "tag:membres" (in `paid`), so articles')
    assert lines == [
        'wire: sections: "politcs": no published post has this tag; give it by its slug',
        'wire: paid: "tag:membres": no published post has this tag; give it by its slug',
    ]


def test_what_a_wordpress_does_not_have(tmp_path: Path, wordpress: wordpress_site.Site) -> None:
    more = (
        f'url = "{wordpress.url}"\nsection = "culture"\n'
        'sections = { elections = "politics", "tag:books" = "culture", "election" = "politics" }\n'
        'paid = ["category:premium", "tag:book", "more", "meta:paid=1", "type:podcasts"]'
    )
    run, lines = looked_at(tmp_path, "wordpress", more)
    assert run.status == 0
    assert lines == [
        'wire: sections: "election": the site has no category or tag of this name; give it by its slug',
        'wire: paid: "category:premium": the site has no category of this name; give it by its slug',
        'wire: paid: "tag:book": the site has no tag of this name; give it by its slug',
        'wire: paid: "type:podcasts": `types` does not name it',
    ]


def test_a_query_that_cannot_be_used(tmp_path: Path) -> None:
    url = desk(tmp_path, (1, "politics"))
    for number, (query, expected) in enumerate(
        [
            ("SELECT * FROM nowhere", "is refused: no such table: nowhere"),
            ("SELECT id, headline FROM stories", "it gives no column published; there are: id, headline"),
            ("DELETE FROM stories", "is no SELECT, and a source is only read; write one"),
        ]
    ):
        root = tmp_path / str(number)
        run, (line,) = looked_at(root, "sql", f'query = "{query}"', url)
        assert run.status == 1
        assert line.startswith("source wire: `query`")
        assert line.endswith(expected)


def test_what_no_row_stands_in(tmp_path: Path) -> None:
    url = desk(tmp_path, (1, "town"), (2, "books,town"), (3, None))
    more = 'query = "SELECT * FROM stories;"\nsection = "culture"\n'
    more += 'sections = { town = "politics", books = "culture", twon = "politics" }'
    _, lines = looked_at(tmp_path, "sql", more, url)
    assert lines == ['wire: sections: "twon": no row of the query stands in it']


def test_rules_that_close_nothing_in_a_feed(tmp_path: Path, pages: pages_site.Site) -> None:
    item = (
        "<item><title>A</title><link>https://quay.example/a</link><category>City Hall</category>"
        "<pubDate>Tue, 10 Mar 2026 04:00:00 GMT</pubDate><description>Words of it.</description></item>"
    )
    rss = f"<rss version='2.0'><channel><title>Q</title>{item}</channel></rss>"
    pages.put("/feed/", rss, headers={"Content-Type": "application/rss+xml"})
    more = (
        f'url = "{pages.url}/feed/"\nsection = "culture"\naccess = "free"\n'
        'paid = ["category:citty-hall", "category:city-hall"]\nregistered = ["tag:City Hall", "tag:town"]'
    )
    run, lines = looked_at(tmp_path, "feed", more)
    assert run.status == 0
    nothing = "no article in the feed has it now, so it closes none; is it spelt so?"
    assert lines == [
        f'wire: registered: "tag:town": {nothing}',
        f'wire: paid: "category:citty-hall": {nothing}',
    ]


def test_selectors_that_find_nothing(tmp_path: Path, pages: pages_site.Site) -> None:
    more = (
        f'select = {{ label = ".kicker", body = ".story-text" }}\nsections = {{ Books = "culture" }}\n'
        'paid = ["category:culture", "category:cultre", "tag:x"]\n'
        f'[[source.list]]\nurl = "{pages.url}/news"\nsection = "culture"\nselect = "li.item"\n'
        'headline = "h3"\nsponsor = ".by"'
    )
    run, lines = looked_at(tmp_path, "pages", more)
    assert run.status == 0
    where, changed = "any of the 2 pages looked at", "has the template changed?"
    assert lines == [
        'wire: sections: "Books": no list has it as its `section`',
        'wire: paid: "category:cultre": no list has it as its `section`',
        f"wire: select.body: it finds nothing on {where}, so their articles have no text; {changed}",
        "wire: list[0].sponsor: it finds nothing in any item of its list; has the page changed?",
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "select = 'li[['",
            "source wire: list[0].select: not a CSS selector that can be used; mend it in newsroom",
        ),
        (
            "select = 'div.story'",
            "(culture): nothing on it that its `select` finds leads to an article; has the",
        ),
    ],
)
def test_a_lists_selector(tmp_path: Path, pages: pages_site.Site, more: str, expected: str) -> None:
    table = f'[[source.list]]\nurl = "{pages.url}/news"\nsection = "culture"\n{more}'
    run, (line,) = looked_at(tmp_path, "pages", table)
    assert run.status == 1
    assert expected in line


@pytest.mark.parametrize(("path", "place"), [("/", "/news: "), ("/news/", "/news/one: ")])
def test_robots_txt_forbids(tmp_path: Path, pages: pages_site.Site, path: str, place: str) -> None:
    pages.put("/robots.txt", f"User-agent: *\nDisallow: {path}\n")
    table = f'[[source.list]]\nurl = "{pages.url}/news"\nsection = "culture"'
    run, (line,) = looked_at(tmp_path, "pages", table)
    assert run.status == 1
    assert line.startswith(
        f"wire: {pages.url}{place}its robots.txt does not allow Standfirst there; allow it"
    )


def test_nothing_of_a_source_is_stored(tmp_path: Path, ghost: ghost_site.Site) -> None:
    more = f'url = "{ghost.url}"\nsection = "culture"'
    house = house_with(tmp_path, "ghost", more, ghost_site.CONTENT_KEY)
    house.run("sync", now=NOW)
    ghost.put(3)
    ghost.posts[1]["status"] = "draft"
    with sqlite3.connect(house.root / "standfirst.db") as connection:
        before = list(connection.iterdump())
    assert house.run("doctor", now=NOW).status == 0
    with sqlite3.connect(house.root / "standfirst.db") as connection:
        assert list(connection.iterdump()) == before
    connection.close()
    assert house.run("sync", now=NOW).step("sync")["new"] == 1
