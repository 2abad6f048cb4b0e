"""Feeds by rule on the disk: made, listed, changed and retired as those of sections are."""

from __future__ import annotations

from dataclasses import replace

from content.article import Access
from feeds.listing import listed
from newsroom.masthead import FeedRule
from tests import samples
from tests.feeds.desk import HOUR, Desk, files_of
from tests.samples import article

WATER = FeedRule("water", "Rivers & the sea", "Where the river meets it.", tags=("Floods",))
FREE = FeedRule("free", "Free", access="free")


def test_a_rule_has_its_own_feed_and_stands_in_the_lists(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(WATER, FREE))
    desk.add(article("a", tags=("floods",)), article("b", access=Access.FREE), article("c"))
    report = desk.publish()
    assert (report.feeds, files_of("water", "free") <= set(report.written)) == (7, True)
    assert (desk.items("water"), desk.items("free")) == (["a"], ["b"])
    feed = desk.json("water")
    assert (feed["title"], feed["description"]) == ("The Quay: Rivers & the sea", "Where the river meets it.")
    assert feed["feed_url"] == "https://feeds.quay.example/feeds/water.json"
    assert desk.json("free")["description"] == "News from the river."
    assert b"<id>tag:quay.example,2026:feeds/water</id>" in (desk.feeds / "water.atom").read_bytes()
    assert b"feeds/water.rss" in (desk.feeds / "index.opml").read_bytes()
    assert b"Rivers &amp; the sea" in (desk.feeds / "index.html").read_bytes()
    assert [(one.name, one.title) for one in listed(desk.newsroom)][-2:] == [
        ("water", "Rivers & the sea"),
        ("free", "Free"),
    ]


def test_one_article_rewrites_the_feeds_it_is_in_and_no_other_file(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(WATER, FREE))
    one = article("a", tags=("floods",))
    desk.add(one, article("b", access=Access.FREE))
    desk.publish()
    desk.now += HOUR
    desk.edit(replace(one, headline="Higher water"))
    assert set(desk.publish().written) == files_of("all", "politics", "water")
    desk.edit(replace(one, tags=(), access=Access.FREE))
    assert set(desk.publish(HOUR).written) == files_of("all", "politics", "water", "free")
    assert (desk.items("water"), desk.items("free")) == ([], ["a", "b"])


def test_an_embargo_passes_in_a_feed_by_rule(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(WATER,))
    desk.add(article("a", tags=("floods",), published=desk.now + HOUR, updated=desk.now + HOUR))
    desk.publish()
    assert desk.items("water") == []
    assert set(desk.publish(HOUR).written) == files_of("all", "politics", "water")
    assert desk.items("water") == ["a"]


def test_a_dropped_rule_is_gone_and_comes_back(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(WATER,))
    desk.add(article("a", tags=("floods",)))
    desk.relist()
    desk.publish()
    desk.newsroom = samples.newsroom()
    desk.relist()
    assert set(desk.publish(HOUR).removed) == files_of("water")
    assert desk.retired() == {"water": ""}
    desk.newsroom = samples.newsroom(rules=(WATER,))
    desk.relist()
    assert files_of("water") <= set(desk.publish(HOUR).written)
    assert (desk.items("water"), desk.retired()) == (["a"], {})


def test_other_conditions_rewrite_the_feed(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(WATER,))
    desk.add(article("a", tags=("floods",)), article("b", tags=("quiz",)))
    desk.relist()
    desk.publish()
    desk.newsroom = samples.newsroom(rules=(replace(WATER, tags=("quiz",)),))
    desk.now += HOUR
    desk.relist()
    assert set(desk.publish().written) == files_of("water")
    assert (desk.items("water"), desk.date("water")) == (["b"], desk.now)
