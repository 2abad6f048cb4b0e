"""Private feeds in programs that people read feeds with: newsboat, and Python's `reader` library."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from reader import ParseError, make_reader

from content import store
from content.article import Body
from newsroom.database import writing
from readership import feed_addresses
from readership.reader import Plan
from readership.tokens import feed_token
from tests import samples
from tests.readership.registered import register
from tests.samples import article
from tests.web.serving import KEYS, Site
from web.private_shelf import LOOK_EVERY
from web.private_uses import write_all

BODY = "<p>An opening.</p><p>ZEBRA, for subscribers.</p>"


@pytest.fixture
def address(site: Site) -> str:
    """A payer's own address, of an article's section, as a person would copy it."""
    register(site.engine, samples.reader(plan=Plan.PAID))
    with writing(site.engine) as connection:
        store.insert(connection, article(body=Body(BODY)), "hash", site.clock())
    # The shelf of the server that outlives a test has the articles of another one.
    site.clock.moment += 20 * LOOK_EVERY
    return f"{site.client.base_url}/private/{feed_token(KEYS, 1, 0)}/politics".replace(
        "//private", "/private"
    )


def take_back(site: Site) -> None:
    with writing(site.engine) as connection:
        feed_addresses.revoke(connection, 1, site.clock())
    write_all()


def statuses(site: Site) -> list[int]:
    return [
        int(line.partition('"status": ')[2][:3]) for line in site.said().splitlines() if "/private/" in line
    ]


@pytest.mark.parametrize("ending", [".rss", ".atom", ".json"])
def test_the_reader_library_reads_whole_articles(site: Site, address: str, ending: str) -> None:
    with make_reader(":memory:", feed_root=None) as library:
        library.add_feed(address + ending)
        assert library.update_feed(address + ending).new == 1
        (entry,) = library.get_entries()
        assert entry.id == article().id
        assert entry.title == article().headline
        assert entry.link == article().url
        whole = entry.get_content(prefer_summary=False)
        assert whole is not None
        assert whole.value.endswith(BODY)
        # Nothing new: it is told so in few bytes.
        assert not library.update_feed(address + ending)
        assert statuses(site) == [200, 304]
        take_back(site)
        with pytest.raises(ParseError, match="410"):
            library.update_feed(address + ending)


@pytest.mark.parametrize("ending", [".rss", ".atom"])
def test_newsboat_reads_whole_articles(site: Site, address: str, ending: str, tmp_path: Path) -> None:
    newsboat = shutil.which("newsboat")
    if newsboat is None:
        pytest.skip("needs newsboat: apt-get install newsboat")
    (tmp_path / "urls").write_text(f"{address}{ending}\n", encoding="utf-8")
    (tmp_path / "config").write_text("", encoding="utf-8")
    command = [newsboat, "-u", tmp_path / "urls", "-c", tmp_path / "cache.db", "-C", tmp_path / "config"]

    def reload() -> None:
        environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "dumb", "PATH": "/usr/bin:/bin"}
        subprocess.run(
            [*command, "-x", "reload"], env=environment, check=True, timeout=60, capture_output=True
        )

    reload()
    cache = sqlite3.connect(tmp_path / "cache.db")
    (item,) = cache.execute("SELECT guid, title, url, content FROM rss_item").fetchall()
    assert item[:3] == (article().id, article().headline, article().url)
    assert "ZEBRA, for subscribers." in item[3]
    take_back(site)
    reload()
    assert statuses(site)[-1] == 410
    assert cache.execute("SELECT count(*) FROM rss_item").fetchone() == (1,)
    cache.close()
