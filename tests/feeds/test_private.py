"""A reader's own feed: the public entries, whole for who may read them; one making for many readers."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from content.article import Access, Article, Body, LeadImage
from content.entitlement import Viewer
from feeds import private
from feeds.json_feed import json_feed
from feeds.private_pieces import ENDED, HOLE, Own, cut
from feeds.rss_atom import atom, rss
from feeds.select import Feed
from newsroom.database import reading
from tests import samples
from tests.feeds.desk import HOUR, Desk
from tests.feeds.values import HARD, IMAGE
from tests.samples import NOON, article

PAYER = Viewer(True, True)
ENDED_READER = Viewer(True, False)
MARKED = Body("<p>An opening.</p><p>ZEBRA, for subscribers.</p>")
TOKEN = "AAj0f" + "x" * 60
OWN = Own(TOKEN, datetime(2026, 2, 28, 23, 0, tzinfo=UTC))


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


def made(desk: Desk, viewer: Viewer = PAYER, name: str = "politics") -> Feed:
    with reading(desk.engine) as connection:
        of = private.contents(connection, desk.newsroom, desk.feeds, name, desk.now)
        bodies = private.texts(connection, of, viewer, desk.now)
    return private.private_feed(desk.newsroom, of, bodies, ended=not viewer.paying)


def parsed(feed: Feed, write: Any = rss) -> Any:
    found = feedparser.parse(cut(write(feed)[0]).plain(OWN), sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


def items(feed: Feed) -> list[dict[str, Any]]:
    value = json.loads(cut(json_feed(feed)[0]).plain(OWN))
    assert value["feed_url"] == f"https://feeds.quay.example/private/{TOKEN}/{feed.name}.json"
    assert isinstance(value["items"], list)
    return value["items"]


def paid(name: str = "bridge", **changes: Any) -> Article:
    return article(name, **{"body": MARKED, **changes})


def test_whole_texts_stand_where_each_format_has_them(desk: Desk) -> None:
    desk.add(paid())
    feed = made(desk)
    for write in (rss, atom):
        (entry,) = parsed(feed, write).entries
        assert entry.content[0].value == f"<p>{article().teaser}</p>{MARKED.html}"
        assert entry.content[0].type == "text/html"
        assert entry.summary == f"<p>{article().teaser}</p>"
    assert b"<content:encoded>" in rss(feed)[0]
    assert b'<content type="html">' in atom(feed)[0]
    (item,) = items(feed)
    assert item["content_html"].endswith(MARKED.html)
    assert item["summary"] == article().teaser


def test_its_entries_are_those_of_the_public_feed(desk: Desk) -> None:
    desk.add(paid(), paid("spire", published=NOON - 2 * HOUR), paid("brief", sections=("briefs",), teaser=""))
    desk.publish()
    for name in ("all", "politics", "briefs"):
        public, own = desk.json(name)["items"], items(made(desk, name=name))
        same = ("id", "url", "title", "date_published", "date_modified", "language", "tags", "authors")
        assert [{key: one.get(key) for key in same} for one in own] == [
            {key: one.get(key) for key in same} for one in public
        ]


def test_a_feed_of_its_own_has_an_id_and_a_title_of_its_own(desk: Desk) -> None:
    feed = made(desk)
    assert feed.title == "The Quay: Politics (whole articles)"
    assert feed.id == made(desk, ENDED_READER).id == "tag:quay.example,2026:feeds/politics/private"
    assert made(desk, ENDED_READER).title == "The Quay: Politics"


def test_no_hub_is_told_of_it(desk: Desk) -> None:
    # A hub asks for what it is told of, and hands it to everybody.
    desk.newsroom = samples.newsroom(hub="https://hub.example/")
    desk.add(paid())
    for write in (rss, atom, json_feed):
        assert b"hub" not in write(made(desk))[0]


@pytest.mark.parametrize(
    ("access", "viewer", "whole"),
    [
        (Access.PAID, PAYER, True),
        (Access.PAID, ENDED_READER, False),
        (Access.REGISTERED, ENDED_READER, True),
        (Access.FREE, ENDED_READER, True),
    ],
)
def test_who_may_read_it_has_it_whole(desk: Desk, access: Access, viewer: Viewer, whole: bool) -> None:
    desk.add(paid(access=access))
    feed = made(desk, viewer)
    for write in (rss, atom, json_feed):
        assert (b"ZEBRA" in write(feed)[0]) is whole


def test_a_product_opens_its_own_articles(desk: Desk) -> None:
    desk.add(paid(products=frozenset({"sport"})), paid("spire", products=frozenset({"arts"})))
    feed = made(desk, Viewer(True, True, frozenset({"arts"})))
    assert [entry.id.rpartition("/")[2] for entry in feed.entries if entry.content] == ["spire"]


def test_nothing_of_an_embargo_or_a_withdrawal_is_in_it(desk: Desk) -> None:
    gone = paid("spire")
    desk.add(paid(published=NOON + 3 * HOUR), gone)
    desk.publish(HOUR)
    desk.withdraw(gone)
    assert made(desk).entries == ()
    assert b"ZEBRA" not in rss(made(desk))[0]
    assert [one.id for one in made(desk).tombstones] == [gone.id]


def test_the_line_for_others_is_gone_and_what_must_be_said_stays(desk: Desk) -> None:
    desk.add(paid(correction="It opened in May.", image=IMAGE))
    (entry,) = parsed(made(desk)).entries
    whole = entry.content[0].value
    assert "Full article for subscribers" not in rss(made(desk))[0].decode()
    assert "<p>Correction: It opened in May.</p>" in whole
    assert whole.startswith(
        '<figure><img src="https://feeds.quay.example/media/a1.jpg" alt="The &quot;old&quot; bridge" '
        'width="1200" height="800"><figcaption>Dawn, seen from &lt;the&gt; quay (Jo Peeters &amp; Co)'
    )


def test_a_teaser_that_the_text_begins_with_is_not_said_twice(desk: Desk) -> None:
    desk.add(paid(body=Body(f"<p><b>{article().teaser}</b></p><p>More.</p>")))
    (entry,) = made(desk).entries
    assert entry.content is not None
    assert entry.content.html.count("two years of work") == 1


def test_hard_texts_arrive_whole(desk: Desk) -> None:
    for number, text in enumerate(HARD.values()):
        body = Body(f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>")
        desk.add(paid(str(number), body=body, teaser="", published=NOON - number * HOUR))
    feed = made(desk)
    wanted = [entry.content.html for entry in feed.entries if entry.content]
    assert len(wanted) == len(HARD)
    for write in (rss, atom):
        # Without a teaser, RSS has the text as its description.
        found = [
            entry.get("content", [{"value": entry.get("summary")}])[0]["value"]
            for entry in parsed(feed, write).entries
        ]
        assert found == wanted
    assert [item["content_html"] for item in items(feed)] == wanted


def test_an_ended_plan_is_said_in_one_entry_that_stays_the_same(desk: Desk) -> None:
    desk.add(paid())
    for write in (rss, atom):
        found = parsed(made(desk, ENDED_READER), write)
        first = found.entries[0]
        assert first.id == "tag:quay.example,2026:private/ended"
        assert first.title == "Whole articles are for subscribers"
        assert first.link == "https://quay.example/subscribe"
        assert "Groups and students" in first.summary
        assert '<a href="https://quay.example/subscribe">Subscribe or renew</a>' in first.summary
        assert first.published_parsed[:6] == first.updated_parsed[:6] == (2026, 2, 28, 23, 0, 0)
        assert len(found.entries) == 2
    assert items(made(desk, ENDED_READER))[0]["date_published"] == "2026-02-28T23:00:00+00:00"
    assert private.TAG_OF_NOTICE not in rss(made(desk))[0].decode()


def test_no_text_shows_itself_in_a_repr(desk: Desk) -> None:
    desk.add(paid())
    assert "ZEBRA" not in repr(made(desk))


def test_its_digest_changes_with_a_text(desk: Desk) -> None:
    one = paid()
    desk.add(one)
    before = private.digest(made(desk))
    assert private.digest(made(desk)) == before
    desk.edit(paid(body=Body("<p>An opening.</p><p>ZEBRAS, for subscriber.</p>")))
    assert private.digest(made(desk)) != before


def unpacked(data: bytes) -> bytes:
    """As a strict client does: one member and nothing behind it."""
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    found = reader.decompress(data) + reader.flush()
    assert reader.eof
    assert reader.unused_data == b""
    return found


@pytest.mark.parametrize("viewer", [PAYER, ENDED_READER])
def test_both_ways_give_the_same_bytes(desk: Desk, viewer: Viewer) -> None:
    desk.add(*(paid(str(number), published=NOON - number * HOUR) for number in range(20)))
    for write in (rss, atom, json_feed):
        pieces = cut(write(made(desk, viewer))[0])
        plain = pieces.plain(OWN)
        assert HOLE.encode() not in plain
        assert b"1871" not in plain
        assert TOKEN.encode() in plain
        assert unpacked(pieces.packed(OWN)) == gzip.decompress(pieces.packed(OWN)) == plain
        other = Own("other" * 20, OWN.ended)
        assert unpacked(pieces.packed(other)) == pieces.plain(other) != plain


@given(st.lists(st.sampled_from([HOLE, ENDED.isoformat(), "<a>", "é", "x" * 70_000]), max_size=8))
def test_whatever_is_cut_comes_together_again(parts: list[str]) -> None:
    document = "".join(parts).encode()
    pieces = cut(document)
    wanted = document.replace(HOLE.encode(), TOKEN.encode())
    wanted = wanted.replace(ENDED.isoformat().encode(), OWN.ended.isoformat().encode())
    assert pieces.plain(OWN) == wanted
    assert unpacked(pieces.packed(OWN)) == wanted


def test_the_mark_changes_with_the_bytes_alone() -> None:
    one, same, other = (cut(f"<a>{HOLE}</a>{text}".encode()) for text in ("b", "b", "c"))
    assert one.mark == same.mark != other.mark
    assert cut(f"{HOLE}b".encode()).mark != cut(f"b{HOLE}".encode()).mark


def test_a_picture_without_words_is_a_picture(desk: Desk) -> None:
    desk.add(paid(image=LeadImage(IMAGE.sizes)))
    (entry,) = made(desk).entries
    assert entry.content is not None
    assert "<figcaption>" not in entry.content.html


def test_what_it_says_is_true_of_who_never_had_a_plan_as_well(desk: Desk) -> None:
    desk.add(paid())
    said = items(made(desk, ENDED_READER))[0]
    for word in ("ended", "again", "back"):
        assert word not in said["title"] + said["content_html"]
