"""What was withdrawn, as Atom tells it (RFC 6721)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
import sqlalchemy as sa
from lxml import etree

from content.article import Access, Booking
from content.tables import list_withdrawals
from feeds.rss_atom import atom, rss
from feeds.select import MOST_TOMBSTONES, TOMBSTONES_FOR, Tombstone
from newsroom.database import writing
from newsroom.masthead import FeedRule
from tests import samples
from tests.feeds.desk import ENDINGS, HOUR, Desk, files_of
from tests.feeds.values import full
from tests.samples import NOON, article

AT = "{http://purl.org/atompub/tombstones/1.0}"


def told(desk: Desk, name: str = "politics") -> dict[str, datetime]:
    """The last part of each id that is told as withdrawn, with its time."""
    root = etree.fromstring((desk.feeds / f"{name}.atom").read_bytes())
    found = root.findall(f"{AT}deleted-entry")
    return {
        one.get("ref", "").rpartition("/")[2]: datetime.fromisoformat(one.get("when", "")) for one in found
    }


def test_what_is_withdrawn_is_told_in_its_feeds_and_in_no_other(desk: Desk) -> None:
    one = article(sections=("politics", "briefs"))
    desk.add(one, article("spa", sections=("culture",)))
    desk.publish()
    assert told(desk) == {}
    desk.now += HOUR
    desk.withdraw(one)
    desk.publish()
    for name in ("politics", "briefs", "all"):
        assert told(desk, name) == {"bridge": NOON + HOUR}
        assert desk.date(name) == NOON + HOUR
    assert told(desk, "culture") == {}
    for ending in (".rss", ".json"):
        assert b"articles/bridge" not in (desk.feeds / f"politics{ending}").read_bytes()


def test_one_that_comes_back_is_an_entry_again(desk: Desk) -> None:
    one = article()
    desk.add(one)
    desk.publish()
    desk.now += HOUR
    desk.withdraw(one)
    desk.publish()
    assert told(desk) == {"bridge": NOON + HOUR}
    desk.edit(one)
    desk.publish(HOUR)
    assert (told(desk), desk.items("politics")) == ({}, ["bridge"])


def test_moved_away_is_not_withdrawn(desk: Desk) -> None:
    one = article()
    desk.add(one)
    desk.publish()
    desk.edit(replace(one, sections=("culture",)))
    desk.publish(HOUR)
    assert told(desk) == told(desk, "culture") == {}
    desk.withdraw(replace(one, sections=("culture",)))
    desk.publish(HOUR)
    assert (told(desk), list(told(desk, "culture"))) == ({}, ["bridge"])


@pytest.mark.parametrize(
    "changes",
    [
        {"published": NOON + 2 * HOUR, "updated": NOON + 2 * HOUR},
        {"sections": ("partners",), "booking": Booking("Kaap", NOON + 2 * HOUR)},
        {"sections": ("partners",), "booking": Booking("Kaap", None, NOON + HOUR / 2)},
    ],
    ids=["embargoed", "a booking to come", "a booking that is over"],
)
def test_what_no_feed_showed_is_not_told(desk: Desk, changes: dict[str, Any]) -> None:
    one = article(access=Access.FREE, **changes)
    desk.add(one)
    desk.publish()
    desk.now += HOUR
    desk.withdraw(one)
    desk.publish(everything=True)
    assert told(desk) == told(desk, "partners") == told(desk, "all") == {}


def test_what_came_and_went_in_one_sync_is_not_told(desk: Desk) -> None:
    one = article()
    desk.add(one)
    desk.withdraw(one)
    desk.publish()
    assert told(desk) == {}


def test_a_running_booking_that_is_withdrawn_is_told_in_its_own_feed(desk: Desk) -> None:
    one = article("ad", sections=("partners",), booking=Booking("Kaap"), access=Access.FREE)
    desk.add(one)
    desk.publish(HOUR)
    desk.withdraw(one)
    desk.publish(HOUR)
    assert list(told(desk, "partners")) == ["ad"]
    assert told(desk, "all") == {}


def test_only_the_time_span_of_the_feed(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(feed_entries=2)
    some = [article(f"a{hours}", published=NOON - hours * HOUR) for hours in range(6)]
    desk.add(*some)
    desk.publish()
    desk.now += HOUR
    desk.withdraw(some[0])
    desk.withdraw(some[5])
    desk.publish()
    assert desk.items("politics") == ["a1", "a2"]
    assert list(told(desk)) == ["a0"]


def test_fifty_at_most_the_newest_first(desk: Desk) -> None:
    some = [article(f"a{number}") for number in range(MOST_TOMBSTONES + 5)]
    desk.add(*some)
    desk.publish()
    for one in some:
        desk.now += timedelta(minutes=1)
        desk.withdraw(one)
    desk.publish()
    names = [one.slug for one in reversed(some)][:MOST_TOMBSTONES]
    assert list(told(desk)) == list(told(desk, "all")) == names


def test_old_by_the_feed_s_own_date_and_never_by_the_clock(desk: Desk) -> None:
    one = article()
    desk.add(one, article("spa"))
    desk.publish()
    desk.now += HOUR
    desk.withdraw(one)
    desk.publish()
    before = {ending: (desk.feeds / f"politics{ending}").read_bytes() for ending in ENDINGS}
    desk.publish(4 * TOMBSTONES_FOR, everything=True)
    assert before == {ending: (desk.feeds / f"politics{ending}").read_bytes() for ending in ENDINGS}
    assert list(told(desk)) == ["bridge"]
    # The next change is more than a month later.
    desk.add(article("new", published=desk.now, updated=desk.now))
    assert files_of("politics") <= set(desk.publish().written)
    assert told(desk) == {}


def test_a_feed_of_many_sections(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content.catalogue._FEW_SECTIONS", 1)
    one, two = article(sections=("politics", "culture", "briefs")), article("spa", sections=("culture",))
    desk.add(one, two, article("ad", sections=("partners",), booking=Booking("Kaap")))
    desk.publish()
    desk.now += HOUR
    desk.withdraw(one)
    desk.publish(HOUR)
    desk.withdraw(two)
    desk.publish()
    assert list(told(desk, "all").items()) == [("spa", NOON + 2 * HOUR), ("bridge", NOON + HOUR)]


def test_a_feed_by_rule(desk: Desk) -> None:
    desk.newsroom = samples.newsroom(rules=(FeedRule("water", "Water", tags=("floods",)),))
    one = article(tags=("floods",))
    desk.add(one, article("spa"))
    desk.publish(HOUR)
    desk.withdraw(one)
    desk.publish(HOUR)
    assert list(told(desk, "water")) == ["bridge"]


def test_an_article_that_is_deleted_for_good_leaves_nothing(desk: Desk) -> None:
    one = article()
    desk.add(one)
    desk.now += HOUR
    desk.withdraw(one)
    with writing(desk.engine) as connection:
        connection.execute(sa.text("DELETE FROM articles"))
        assert connection.execute(sa.select(list_withdrawals)).all() == []


BURIED = replace(
    full(),
    tombstones=(
        Tombstone("tag:quay.example,2026:articles/a&b", NOON),
        Tombstone("tag:quay.example,2026:articles/old", NOON - timedelta(days=1)),
    ),
)


def test_the_element_is_as_the_rfc_says() -> None:
    root = etree.fromstring(atom(BURIED)[0])
    assert root.nsmap["at"] == AT.strip("{}")
    one, two = root.findall(f"{AT}deleted-entry")
    assert dict(one.attrib) == {
        "ref": "tag:quay.example,2026:articles/a&b",
        "when": "2026-03-10T12:00:00Z",
    }
    assert two.get("when") == "2026-03-09T12:00:00Z"
    # An Atom date (RFC 4287, 3.3) has an upper-case T and a zone.
    assert datetime.fromisoformat(two.get("when", "")).tzinfo == UTC


def test_a_reader_that_does_not_know_it_reads_on() -> None:
    parsed = feedparser.parse(atom(BURIED)[0])
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == [entry.id for entry in full().entries]
    # It keeps the last one of an element that it does not know.
    assert parsed.feed["at_deleted-entry"]["ref"].endswith("articles/old")


def test_rss_has_no_word_for_it() -> None:
    assert rss(BURIED) == rss(full())
    assert b"tombstones" not in atom(full())[0]
