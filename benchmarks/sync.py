"""A sync that finds nothing new: WordPress and Ghost on the loopback interface, and the bare requests.

`python -m benchmarks.sync`. The servers answer as the real ones were seen to, from memory: what is measured
is what Standfirst does around the answers. The peer asks for the same addresses and throws the answers away.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import readership.tables  # noqa: F401 - metadata knows every table
from content.sync import SyncReport, sync_source
from newsroom.database import engine_for, metadata
from newsroom.settings import SourceSettings
from tests import samples
from tests.content import ghost_site, wordpress_site

POSTS = 10_000
RUNS = 9


def main() -> None:
    """Print the figures."""
    print(f"nothing new among {POSTS} posts, medians of {RUNS} runs:")
    print("                                first sync  requests  nothing new  requests  bare requests  ratio")
    with ghost_site.Site() as ghost:
        for number in range(POSTS):
            ghost.put(number, published_at=500)
        settings = SourceSettings("site", "ghost", url=ghost.url, secret=ghost_site.CONTENT_KEY)
        _measure("Ghost, Content API", settings, _asked_of(ghost))
        editor = SourceSettings(
            "site",
            "ghost",
            url=ghost.url,
            secret=ghost_site.CONTENT_KEY,
            admin_secret=ghost_site.ADMIN_KEY,
        )
        # The Admin API wants a signature of the moment, so the bare request has none to be compared with.
        _measure("Ghost, Admin API", editor, _asked_of(ghost), bare=False)
    with wordpress_site.Site() as wordpress:
        for number in range(1, POSTS + 1):
            wordpress.put(number)
        settings = SourceSettings("site", "wordpress", url=wordpress.url)
        _measure("WordPress, as a stranger", settings, _asked_of(wordpress))
        editor = SourceSettings(
            "site", "wordpress", url=wordpress.url, user="ana", secret=wordpress_site.PASSWORD
        )
        _measure("WordPress, as an editor", editor, _asked_of(wordpress), bare=False)


Asked = Callable[[], list[str]]


def _asked_of(site: ghost_site.Site | wordpress_site.Site) -> Asked:
    """What was asked of it since the last call, as addresses."""

    def asked() -> list[str]:
        took, site.asked = site.asked, []
        addresses = []
        for one in took:
            if isinstance(one, tuple):
                addresses.append(f"{site.url}/wp-json{one[0]}?{urlencode(one[1])}")
            else:
                addresses.append(f"{site.url}/ghost/api/content/posts/?{urlencode(one)}")
        return addresses

    return asked


def _measure(name: str, settings: SourceSettings, asked: Asked, *, bare: bool = True) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(f"sqlite:///{Path(folder) / 'standfirst.db'}")
        metadata.create_all(engine)
        now = datetime.now(UTC)

        def sync(minutes: int) -> tuple[float, SyncReport]:
            begun = time.perf_counter()
            report = sync_source(
                engine, settings, samples.newsroom(), Path(folder), now + timedelta(minutes=minutes)
            )
            return time.perf_counter() - begun, report

        first, report = sync(0)
        assert (report.inserted, report.problems) == (POSTS, ()), report
        at_first = len(asked())
        sync(1)
        asked()
        took = []
        for run in range(RUNS):
            seconds, report = sync(2 + run)
            assert report.inserted + report.updated == 0
            took.append(seconds)
        addresses = asked()
        ours = statistics.median(took)
        line = f"  {name:28} {first:9.1f} s {at_first:9} {1000 * ours:9.1f} ms {len(addresses) / RUNS:9.1f}"
        if bare:
            peer = statistics.median(_bare(addresses[: len(addresses) // RUNS]) for _ in range(RUNS))
            asked()
            line += f" {1000 * peer:11.1f} ms {ours / peer:6.2f}"
        print(line)
        engine.dispose()


def _bare(addresses: list[str]) -> float:
    begun = time.perf_counter()
    for address in addresses:
        with urllib.request.urlopen(address) as answer:
            answer.read()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
