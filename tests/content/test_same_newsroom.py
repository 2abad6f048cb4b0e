"""One newsroom in a real WordPress and a real Ghost: its readers cannot tell which of them has the articles.

conftest.py says when these tests are run. Where a WordPress that ../shared/cms/wordpress.sh has started runs
already, its folder is in STANDFIRST_WORDPRESS; for a Ghost in STANDFIRST_GHOST. Both are emptied first.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from pathlib import Path

import pytest
import sqlalchemy as sa

from content import catalogue
from content.article import Access
from content.tables import articles
from content.teaser import Teaser
from demo import into_ghost, into_wordpress
from demo.dates import SIX, ZONE, planned
from demo.into_ghost import GHOST
from demo.into_site import Count
from demo.into_wordpress import WORDPRESS
from demo.origins import Job, Origin
from demo.origins.chosen import set_up_from
from demo.stories import Story, stories
from newsroom.database import engine_for, reading
from newsroom.masthead import Paywall
from tests.commands.house import House, html_of, text_of
from tests.content import test_ghost_real, test_wordpress_real
from tests.content.real_cms import started
from tests.content.test_ghost_real import real as ghost

__all__ = ["ghost"]

SECRETS = f"STANDFIRST_SECRET_KEY=demo:{'ab' * 32}\nSTANDFIRST_ADDRESS_KEY={'cd' * 32}\n"
"""The same for both: with others the links in mails would not be the same."""
_OWN_SECRETS = re.compile(r"^STANDFIRST_(?:SECRET|ADDRESS)_KEY=.*\n", re.MULTILINE)
DAY = planned(datetime.now(ZONE), None).day
TOMORROW = date.fromordinal(DAY.toordinal() + 1)


@dataclass
class Newsroom:
    """A newsroom whose articles are in one system, and what an editor does to them there."""

    house: House
    address: str
    put_all: Callable[..., Count]
    delete: Callable[[str], None]

    def run(self, *arguments: str, at: str, day: date = DAY) -> None:
        """Call the command; it has to go well, and no article may be a problem."""
        done = self.house.run(*arguments, now=f"{day}T{at}")
        problems = [line for line in done.steps("sync") if line["level"] != "info"]
        assert (done.status, problems) == (0, []), done.problems

    def edit(self, story: Story) -> Count:
        """Have the story stand there so."""
        at = datetime.combine(DAY, SIX, ZONE)
        return self.put_all(Job(self.house.root, self.address, [story], at), os.environ, datetime.now(ZONE))

    def teasers(self) -> list[Teaser]:
        """What is live."""
        engine = engine_for(f"sqlite:///{self.house.root / 'standfirst.db'}")
        try:
            with reading(engine) as connection:
                now = datetime.combine(TOMORROW, SIX, ZONE)
                return list(catalogue.everything(connection, now, Paywall(1)))
        finally:
            engine.dispose()


@dataclass
class Look:
    """What a newsroom shows, made alike where two systems cannot be.

    - an article's id: made of the system's own number for it, until `adopt` has handed the id over;
    - its address: each system has its pages where it wants them.

    Nothing else is touched; in time, a page that was seen is known by its words for good.
    """

    words: dict[str, str]

    def of(self, newsroom: Newsroom) -> None:
        """Learn its articles' ids and addresses."""
        for one in newsroom.teasers():
            self.words[one.id] = f"ID-OF-{one.slug}"
            self.words[one.url] = f"ADDRESS-OF-{one.slug}"

    def alike(self, text: str) -> str:
        """The text with them in the place of the real ones, as they stand in plain text, HTML and XML."""
        names = {form: word for name, word in self.words.items() for form in (name, escape(name))}
        # Of two that begin alike the longer one is meant.
        known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        return re.sub(rf"(?:{known})(?![\w-])", lambda found: names[found[0]], text)


@pytest.fixture(scope="module")
def wordpress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[test_wordpress_real.Real]:
    if running := os.environ.get("STANDFIRST_WORDPRESS"):
        folder = Path(running)
        found = re.search(r"127\.0\.0\.1:(\d+)", (folder / "site" / "wp-config.php").read_text())
        assert found
        yield test_wordpress_real.Real(folder, int(found[1]))
        return
    folder = tmp_path_factory.mktemp("wordpress")
    for port in started("wordpress", folder, 300):
        yield test_wordpress_real.Real(folder, port)


@pytest.fixture(scope="module")
def pair(
    wordpress: test_wordpress_real.Real,
    ghost: test_ghost_real.Real,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Newsroom, Newsroom]]:
    """The demo's newsroom twice, filled and with its morning behind it."""

    def trash(slug: str) -> None:
        (post,) = wordpress.call(f"posts?slug={slug}", method="GET")
        wordpress.remove(post["id"], for_good=True)

    def delete(slug: str) -> None:
        post = ghost.call(f"posts/slug/{slug}", method="GET")["posts"][0]
        ghost.call(f"posts/{post['id']}", method="DELETE")

    wish = "status=publish,future,draft,private&per_page=100&_fields=id"
    for post in wordpress.call(f"posts?{wish}", method="GET"):
        wordpress.remove(post["id"], for_good=True)
    for post in ghost.call("posts", method="GET", limit="100", fields="id")["posts"]:
        ghost.call(f"posts/{post['id']}", method="DELETE")
    root = tmp_path_factory.mktemp("newsrooms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORDPRESS_USER", "admin")
        patch.setenv("WORDPRESS_PASSWORD", wordpress.password)
        patch.setenv("GHOST_CONTENT_KEY", ghost.keys["content"])
        patch.setenv("GHOST_ADMIN_KEY", ghost.keys["admin"])
        yield (
            _opened(root / "wordpress", WORDPRESS, wordpress.url, into_wordpress.put_all, trash),
            _opened(root / "ghost", GHOST, ghost.url, into_ghost.put_all, delete),
        )


def _opened(
    root: Path, origin: Origin, address: str, put_all: Callable[..., Count], delete: Callable[[str], None]
) -> Newsroom:
    set_up_from(origin, root, DAY, address)
    path = root / "secrets.env"
    path.write_text(SECRETS + _OWN_SECRETS.sub("", path.read_text()))
    newsroom = Newsroom(House(root), address, put_all, delete)
    newsroom.run("sync", at="05:30")
    # One of its rows is wrong, as in real lists.
    newsroom.house.run("readers", "import", str(root / "readers.csv"), now=f"{DAY}T05:31")
    newsroom.run(at="06:10")
    return newsroom


def shown(newsroom: Newsroom, look: Look) -> dict[str, str]:
    """All that its readers get: feeds in every format, pictures, and each reader's mail as HTML and text."""
    look.of(newsroom)
    root = newsroom.house.root
    files = sorted(path for path in (root / "public").rglob("*") if path.is_file())
    found = {}
    for path in files:
        name = str(path.relative_to(root))
        if path.parent.name == "media":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = look.alike(path.read_text("utf-8"))
    for folder in sorted((root / "outbox").iterdir()):
        for address, mail in newsroom.house.mails(folder.name).items():
            name = f"{folder.name} {address}"
            found[f"{name} subject"] = str(mail["Subject"])
            found[f"{name} html"] = look.alike(html_of(mail))
            found[f"{name} text"] = look.alike(text_of(mail))
    return found


def bodies(newsroom: Newsroom) -> dict[str, str]:
    """The whole texts by slug: what readers' own feeds give to whoever may read them."""
    engine = engine_for(f"sqlite:///{newsroom.house.root / 'standfirst.db'}")
    with reading(engine) as connection:
        rows = connection.execute(sa.select(articles.c.slug, articles.c.body)).all()
    engine.dispose()
    return {row.slug: row.body for row in rows}


def compared(pair: tuple[Newsroom, Newsroom], look: Look) -> dict[str, str]:
    """What both show: the very same."""
    wordpress, ghost = (shown(newsroom, look) for newsroom in pair)
    assert wordpress.keys() == ghost.keys()
    assert bodies(pair[0]) == bodies(pair[1])
    differing = [name for name in wordpress if wordpress[name] != ghost[name]]
    assert differing == [] or wordpress[differing[0]] == ghost[differing[0]], differing
    return wordpress


@pytest.fixture(scope="module")
def look() -> Look:
    """One for all that follows: what has gone is still known by it."""
    return Look({})


def test_the_morning_is_the_same(pair: tuple[Newsroom, Newsroom], look: Look) -> None:
    found = compared(pair, look)
    assert sum(name.endswith((".rss", ".atom", "s/town.json")) for name in found) > 10
    assert len([name for name in found if name.endswith(" html")]) > 50
    assert [teaser.slug for teaser in pair[0].teasers() if teaser.public_html]


def test_what_is_edited_moved_sold_given_away_and_taken_back_is_the_same(
    pair: tuple[Newsroom, Newsroom], look: Look
) -> None:
    told = {story.slug: story for story in stories(DAY)}
    before = shown(pair[0], look)
    vote, new = told["korenbrug-vote"], datetime.combine(DAY, SIX, ZONE)
    edits = (
        replace(vote, headline='The "old" bridge -- it stays... for 3x4 years & <more>', label="Analysis"),
        replace(told["lock-keepers"], teaser='Who\'s at the lock? A "new" teaser.', picture=None),
        replace(told["cycle-street"], body_html="<p>Another text, 'free' for all.</p><p>And more.</p>"),
        replace(told["chocolate-price"], sections=("culture",)),
        replace(told["silence-on-trams"], access=Access.PAID),
        replace(told["carillon"], access=Access.FREE),
        replace(told["fish-auction-app"], access=Access.REGISTERED, authors=("Idris Benali", "Ana Pérez")),
        replace(told["dredger"], withdrawn=True),
        replace(told["school-kitchens"], no_digest=True),
        replace(told["lumen-repair"], sponsor="Lumen & Zuid"),
        replace(vote, slug="new-today", headline="New today", published=new, sections=("work",), rank=None),
    )
    for newsroom in pair:
        # Nothing is doubled, no picture either.
        counts = [newsroom.edit(story) for story in edits]
        assert counts[:-1] == [Count(0, 1, 0)] * (len(edits) - 1) and counts[-1].made == 1
        newsroom.delete("heron-name")
        newsroom.run(at="12:00")
    found = compared(pair, look)
    live = {teaser.slug: teaser for teaser in pair[0].teasers()}
    assert not live.keys() & {"dredger", "heron-name"}
    assert live["silence-on-trams"].access is Access.PAID and live["carillon"].access is Access.FREE
    assert live["korenbrug-vote"].headline == edits[0].headline
    assert found["public/feeds/culture.rss"] != before["public/feeds/culture.rss"]
    # And the next morning's edition, after a full pass.
    for newsroom in pair:
        newsroom.run(at="06:10", day=TOMORROW)
    found = compared(pair, look)
    subjects = [words for name, words in found.items() if name.startswith(f"daily-{TOMORROW}")]
    assert subjects


def test_a_newsroom_that_moves_from_wordpress_to_ghost_keeps_its_feeds(
    pair: tuple[Newsroom, Newsroom],
) -> None:
    wordpress, ghost = pair
    look = Look({})
    before = shown(wordpress, look)
    ids = {teaser.slug: teaser.id for teaser in wordpress.teasers()}
    root = wordpress.house.root
    text = wordpress.house.config.read_text("utf-8")
    (table,) = re.findall(r"^\[\[source\]\].*?(?=^\[\[newsletter\]\])", text, re.MULTILINE | re.DOTALL)
    there = f'[[source]]\nkey = "blog"\nkind = "ghost"\nurl = "{ghost.address}"\n\n'
    secrets = root / "secrets.env"
    keys = os.environ["GHOST_CONTENT_KEY"], os.environ["GHOST_ADMIN_KEY"]
    secrets.write_text(
        f"{secrets.read_text()}STANDFIRST_SOURCE_BLOG={keys[0]}\nSTANDFIRST_SOURCE_BLOG_ADMIN={keys[1]}\n"
    )
    wordpress.house.config.write_text(text.replace(table, table + there), "utf-8")
    done = wordpress.house.run("adopt", "site", "blog", "--yes", now=f"{TOMORROW}T07:00")
    assert (done.step("adopt")["adopted"], done.step("adopt")["left"]) == (len(ids), 0)
    wordpress.house.config.write_text(text.replace(table, there), "utf-8")
    wordpress.run(at="07:01", day=TOMORROW)
    assert {teaser.slug: teaser.id for teaser in wordpress.teasers()} == ids
    after = shown(wordpress, look)
    # Its addresses are others, so something has changed: the feeds' own dates say when, no entry's does.
    mails = {name: words for name, words in before.items() if name.startswith("daily-")}
    assert {name: after[name] for name in mails} == mails
    public = before.keys() - mails.keys()
    assert {name: dateless(after[name]) for name in public} == {
        name: dateless(before[name]) for name in public
    }


def dateless(feed: str) -> str:
    """A feed without its own date, which stands outside of its entries."""
    atom, rss, told = r"^  <updated>[^<]*</updated>", r"^    <lastBuildDate>[^<]*<", r'^  "updated": "[^"]*"'
    return re.sub(rf"{atom}|{rss}|{told}", "", feed, flags=re.MULTILINE)
