"""How long publishing takes, cold and after one changed article, against feedgen building the same feeds.

With --many: 5,000 sections and feeds by rule in three formats, from cold.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from feedgen.feed import FeedGenerator  # noqa: E402 - after the path to the checkout
from sqlalchemy.engine import Engine  # noqa: E402

import readership.tables  # noqa: E402, F401 - metadata knows every table
from content import store  # noqa: E402
from content.article import Article, Body, LeadImage, Picture  # noqa: E402
from content.feed_rules import RuleBook  # noqa: E402
from content.relisting import relist  # noqa: E402
from feeds.publish import publish  # noqa: E402
from feeds.report import PublishReport  # noqa: E402
from newsroom.database import engine_for, metadata, writing  # noqa: E402
from newsroom.masthead import FeedRule, Newsroom, Section  # noqa: E402
from tests import samples  # noqa: E402
from tests.samples import NOON, article  # noqa: E402

SECTIONS = 500
ENTRIES = 50
IMAGE = LeadImage((Picture("media/a1.jpg", 1200, 800, 91_234),), "A bridge", "At dawn", "Jo Peeters")
TEASER = "After two years of work the city opens it again, & nobody is quite sure what for. " * 2
BODY = Body("<p>The text that only subscribers read, in a paragraph of its own.</p>" * 40)


def story(section: int, number: int) -> Article:
    """One article, with everything that an entry can have."""
    published = NOON - timedelta(minutes=number * 7 + section % 7)
    return article(
        f"s{section}/a{number}",
        headline=f"Headline {number} of section {section}, as long as they are",
        teaser=TEASER,
        label="Feature" if number % 5 else "Opinion",
        image=IMAGE,
        body=BODY,
        sections=(f"s{section}",),
        published=published,
        updated=published,
    )


def raw_feedgen(section: int) -> int:
    """One section's RSS and Atom from feedgen alone, with no more than its own calls; the bytes made."""
    generator = FeedGenerator()
    generator.load_extension("media")
    generator.load_extension("dc")
    generator.id(f"tag:quay.example,2026:feeds/s{section}")
    generator.title(f"The Quay: Section {section}")
    generator.description("News from the river.")
    generator.language("en")
    generator.link(href="https://quay.example", rel="alternate")
    for number in range(ENTRIES):
        one = story(section, number)
        entry = generator.add_entry(order="append")
        entry.id(one.id)
        entry.title(one.headline)
        entry.link(href=one.url, rel="alternate")
        entry.summary(f"<p>{one.teaser}</p><p><em>Full article for subscribers</em></p>", type="html")
        entry.published(one.published)
        entry.updated(one.updated)
        entry.author({"name": one.authors[0]})
        entry.category([{"term": one.label}, {"term": f"Section {section}"}, {"term": "subscribers-only"}])
        entry.dc.dc_creator(one.authors[0])
        entry.media.content({"url": "https://quay.example/media/a1.jpg", "type": "image/jpeg"})
    return len(generator.rss_str(pretty=True)) + len(generator.atom_str(pretty=True))


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long `work` takes, and how long the processor works for it, in this process and in its children."""
    began, worked = time.perf_counter(), _worked()
    work()
    return time.perf_counter() - began, _worked() - worked


def _worked() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def filled(engine: Engine) -> Newsroom:
    """A store with every article, and the newsroom it belongs to."""
    with writing(engine) as connection:
        for section in range(SECTIONS):
            for number in range(ENTRIES):
                store.insert(connection, story(section, number), "hash", NOON)
    sections = tuple(Section(f"s{number}", f"Section {number}") for number in range(SECTIONS))
    return replace(samples.newsroom(), sections=sections, feed_entries=ENTRIES)


MANY_SECTIONS = 500
MANY_RULES = 4_500
MANY_ARTICLES = 45_000


def tagged(number: int) -> Article:
    """One of many articles: in one of the sections, and with five tags of thousands."""
    published = NOON - timedelta(minutes=number)
    return article(
        f"many/a{number}",
        headline=f"Headline {number}, as long as they are",
        teaser=TEASER,
        image=IMAGE,
        body=BODY,
        sections=(f"s{number % MANY_SECTIONS}",),
        tags=tuple(f"t{(number * 7 + offset * 911) % MANY_RULES}" for offset in range(5)),
        published=published,
        updated=published,
    )


def many() -> None:
    """Print how long 5,000 feeds of 50 entries take, stored and published from cold."""
    sections = tuple(Section(f"s{number}", f"Section {number}") for number in range(MANY_SECTIONS))
    rules = tuple(
        FeedRule(f"r{number}", f"Tag {number}", tags=(f"T{number}",)) for number in range(MANY_RULES)
    )
    room = replace(samples.newsroom(), sections=sections, rules=rules, feed_entries=ENTRIES)
    book = RuleBook(rules)
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(f"sqlite:///{folder}/standfirst.db")
        metadata.create_all(engine)
        public = Path(folder) / "public"

        def fill(with_rules: RuleBook) -> None:
            for start in range(0, MANY_ARTICLES, 500):
                some = [(tagged(number), "hash") for number in range(start, start + 500)]
                with writing(engine) as connection:
                    store.insert_many(connection, some, NOON, with_rules)

        stored = seconds(lambda: fill(RuleBook()))
        listed = seconds(lambda: relist(engine, rules, NOON))
        reports: list[PublishReport] = []
        cold = seconds(lambda: reports.append(publish(engine, room, public, NOON + timedelta(hours=1))))
        publish(engine, room, public, NOON + timedelta(hours=2))
        idle = seconds(lambda: reports.append(publish(engine, room, public, NOON + timedelta(hours=3))))
        changed = replace(tagged(7), headline="Mended", updated=NOON + timedelta(hours=4))
        with writing(engine) as connection:
            store.update(connection, changed, "other", changed.updated, book, changed=True)
        one = seconds(lambda: reports.append(publish(engine, room, public, NOON + timedelta(hours=5))))
        entries = sum(path.read_bytes().count(b"<item>") for path in (public / "feeds").glob("*.rss"))
        engine.dispose()
    assert [len(report.written) for report in reports] == [(MANY_SECTIONS + MANY_RULES + 1) * 3 + 3, 0, 7 * 3]
    print(
        f"{MANY_SECTIONS} sections, {MANY_RULES} feeds by rule, {MANY_ARTICLES} articles, {entries} entries:"
    )
    print("                                              seconds  processor")
    for name, taken in (
        (f"{MANY_ARTICLES} articles stored", stored),
        (f"{MANY_RULES} new rules: all articles listed anew", listed),
        ("publish, cold: 15,006 files", cold),
        ("publish, one changed article: 21 files", one),
        ("publish, nothing changed", idle),
    ):
        print(f"  {name:43} {taken[0]:8.3f} {taken[1]:10.3f}")
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    mine, others = (resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds)
    print(f"  most memory {mine:.0f} MB, and {others:.0f} MB in the second process")


def main() -> None:
    """Print the figures."""
    if "--many" in sys.argv:
        many()
        return
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(f"sqlite:///{folder}/standfirst.db")
        metadata.create_all(engine)
        print(f"{SECTIONS} sections of {ENTRIES} entries, and the feed of all; RSS, Atom and JSON Feed:")
        room = filled(engine)
        public = Path(folder) / "public"
        reports: list[PublishReport] = []

        def published(hours: int) -> tuple[float, float]:
            now = NOON + timedelta(hours=hours)
            return seconds(lambda: reports.append(publish(engine, room, public, now)))

        cold = published(1)
        published(2)
        idle = published(3)
        changed = replace(story(7, 3), headline="Mended", updated=NOON + timedelta(hours=4))
        with writing(engine) as connection:
            store.update(connection, changed, "other", changed.updated, changed=True)
        one = published(5)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        raw = seconds(lambda: [raw_feedgen(section) for section in range(SECTIONS)])
        engine.dispose()
    assert [len(report.written) for report in reports] == [(SECTIONS + 1) * 3 + 3, 0, 0, 6]
    two = raw[1] / SECTIONS * 2
    print("                                              seconds  processor  of feedgen's processor time")
    for name, taken, peer in (
        ("feedgen alone: RSS and Atom, in memory", raw, raw[1]),
        ("publish, cold: read, made, written, fsynced", cold, raw[1]),
        ("publish, one changed article: 6 files", one, two),
        ("publish, nothing changed", idle, two),
    ):
        print(f"  {name:43} {taken[0]:8.3f} {taken[1]:10.3f} {taken[1] / peer:8.2f}")
    print(f"  most memory {megabytes:.0f} MB; past the processor's time is the disk's: two fsyncs a file")


if __name__ == "__main__":
    main()
