"""Private feeds over HTTP: who gets what, conditional requests, what is void at once, what nobody is told."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
import sqlalchemy as sa

from content import store
from content.article import Access, Article, Body
from content.tables import retired_feeds
from newsroom.database import reading, writing
from readership import erasure, feed_addresses, feed_uses
from readership.feed_uses import Sharing
from readership.reader import Plan, Reader
from readership.tables import readers
from readership.tokens import feed_token, unsubscribe_token
from tests import samples
from tests.readership.registered import register
from tests.samples import NOON, article
from tests.web.serving import KEYS, Site
from web.private_shelf import LOOK_EVERY
from web.private_uses import write_all

MARKED = Body("<p>An opening.</p><p>ZEBRA, for subscribers.</p>")
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; {} subscribers; like FeedFetcher-Google)"


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    """What this test counted is not the next one's."""
    yield
    write_all()


@pytest.fixture(autouse=True)
def _fresh(site: Site) -> None:
    """The server outlives a test, and what it has on its shelf is of another one's articles."""
    _Days.passed += 1
    site.clock.on(days=_Days.passed)


class _Days:
    passed = 0


def path(reader: int = 1, file: str = "politics.rss", generation: int = 0) -> str:
    return f"/private/{feed_token(KEYS, reader, generation)}/{file}"


def add(site: Site, *some: Article) -> None:
    with writing(site.engine) as connection:
        for one in some:
            store.insert(connection, one, "hash", site.clock())
    site.clock.moment += LOOK_EVERY


def edit(site: Site, one: Article) -> None:
    with writing(site.engine) as connection:
        store.update(connection, one, "other", site.clock(), changed=True)
    site.clock.moment += LOOK_EVERY


def paid(name: str = "bridge", **changes: Any) -> Article:
    return article(name, **{"body": MARKED, **changes})


def payer(site: Site, number: int = 1, plan: Plan = Plan.PAID, **changes: Any) -> Reader:
    return register(site.engine, samples.reader(number, plan, **changes))


def change(site: Site, number: int = 1, **values: Any) -> None:
    with writing(site.engine) as connection:
        query = sa.update(readers).where(readers.c.id == number)
        connection.execute(query.values(updated=site.clock(), **values))


def rotate(site: Site, number: int = 1) -> int:
    with writing(site.engine) as connection:
        assert feed_addresses.rotate(connection, number, site.clock())
        found = feed_addresses.holder(connection, number)
    assert found is not None
    return found.generation


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".rss", "application/xml; charset=utf-8"),
        (".atom", "application/xml; charset=utf-8"),
        (".json", "application/feed+json; charset=utf-8"),
    ],
)
def test_a_payer_gets_whole_articles(site: Site, ending: str, kind: str) -> None:
    payer(site)
    add(site, paid())
    for name in ("politics", "all"):
        answer = site.client.get(path(file=name + ending))
        assert answer.status_code == 200
        assert "ZEBRA" in answer.text
        assert f"https://feeds.quay.example{path(file=name + ending)}" in answer.text
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "set-cookie" not in answer.headers
        assert "link" not in answer.headers


def test_what_one_reader_may_have_another_is_not_given(site: Site) -> None:
    payer(site)
    payer(site, 2, Plan.FREE)
    payer(site, 3, products=frozenset({"arts"}))
    add(site, paid(products=frozenset({"arts"})))
    # In either order, from the same shelf.
    for _ in range(2):
        assert ["ZEBRA" in site.client.get(path(number)).text for number in (1, 2, 3)] == [False, False, True]
    for number in (1, 2, 3):
        assert feed_token(KEYS, number, 0) in site.client.get(path(number)).text


def test_a_product_that_an_article_newly_asks_for_is_looked_at(site: Site) -> None:
    payer(site, products=frozenset({"arts", "sport"}))
    payer(site, 2, products=frozenset({"arts"}))
    add(site, paid(products=frozenset({"arts"})))
    assert "ZEBRA" in site.client.get(path(2)).text
    edit(site, paid(products=frozenset({"sport"})))
    assert ["ZEBRA" in site.client.get(path(number)).text for number in (1, 2)] == [True, False]


def test_nothing_is_sent_twice_to_who_has_it(site: Site) -> None:
    payer(site)
    add(site, paid())
    for encoding in ("gzip", "identity"):
        first = site.client.get(path(), headers={"Accept-Encoding": encoding})
        tags = (first.headers["etag"], f"W/{first.headers['etag']}", "*", f'"x", {first.headers["etag"]}')
        for tag in tags:
            again = site.client.get(path(), headers={"If-None-Match": tag, "Accept-Encoding": encoding})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
            assert again.headers["cache-control"] == "private, no-cache"
            assert "content-length" not in again.headers or again.headers["content-length"] == "0"
        dated = {"If-Modified-Since": first.headers["last-modified"]}
        assert site.client.get(path(), headers=dated).status_code == 304
        assert site.client.get(path(), headers=dated | {"If-None-Match": '"other"'}).status_code == 200


def test_packed_and_plain_are_the_same_with_tags_of_their_own(site: Site) -> None:
    payer(site)
    add(site, paid())
    packed = site.client.get(path(), headers={"Accept-Encoding": "gzip"})
    plain = site.client.get(path(), headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_head_says_what_get_would(site: Site) -> None:
    payer(site)
    add(site, paid())
    got, asked = site.client.get(path()), site.client.head(path())
    assert asked.status_code == 200
    assert asked.content == b""
    same = ("etag", "last-modified", "content-length", "content-type", "content-encoding", "cache-control")
    assert [asked.headers[name] for name in same] == [got.headers[name] for name in same]
    conditional = site.client.head(path(), headers={"If-None-Match": got.headers["etag"]})
    assert conditional.status_code == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_is_written_to_a_feed(site: Site, method: str) -> None:
    payer(site)
    assert site.client.request(method, path()).status_code == 405


def test_a_change_comes_within_seconds_and_a_withdrawn_text_goes(site: Site) -> None:
    payer(site)
    one = paid()
    add(site, one)
    first = site.client.get(path())
    has = {"If-None-Match": first.headers["etag"]}
    edit(site, replace(one, headline="The bridge is shut again", updated=site.clock()))
    second = site.client.get(path(), headers=has)
    assert second.status_code == 200
    assert "shut again" in second.text
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert site.client.get(path(), headers=since).status_code == 200
    with writing(site.engine) as connection:
        store.withdraw(connection, [one.id], site.clock())
    site.clock.moment += LOOK_EVERY
    assert "ZEBRA" not in site.client.get(path()).text


def test_an_embargo_that_passes_lets_the_article_in(site: Site) -> None:
    payer(site)
    add(site, paid(published=site.clock() + timedelta(hours=1)))
    assert "ZEBRA" not in site.client.get(path()).text
    site.clock.on(hours=1)
    assert "ZEBRA" in site.client.get(path()).text


def test_new_addresses_end_the_old_ones_at_once(site: Site) -> None:
    payer(site)
    add(site, paid())
    has = {"If-None-Match": site.client.get(path()).headers["etag"]}
    assert site.client.get(path(), headers=has).status_code == 304
    generation = rotate(site)
    gone = site.client.get(path(), headers=has)
    # Before anything is compared: what the client has says nothing of what it may have.
    assert gone.status_code == 410
    assert "ZEBRA" not in gone.text
    assert "no longer valid" in gone.text and 'href="/account/feeds"' in gone.text
    assert gone.headers["cache-control"] == "private, no-store"
    assert "etag" not in gone.headers
    assert "ZEBRA" in site.client.get(path(generation=generation)).text


def test_a_revoked_address_is_gone_at_once(site: Site) -> None:
    payer(site)
    add(site, paid())
    assert site.client.get(path()).status_code == 200
    with writing(site.engine) as connection:
        feed_addresses.revoke(connection, 1, site.clock())
    for headers in ({}, {"If-None-Match": "*"}, {"If-Modified-Since": format_datetime(site.clock())}):
        assert site.client.get(path(), headers=headers).status_code == 410
    assert site.client.head(path()).status_code == 410


def test_an_erased_reader_has_no_feed(site: Site) -> None:
    reader = payer(site)
    add(site, paid())
    assert site.client.get(path()).status_code == 200
    with writing(site.engine) as connection:
        erasure.forget(connection, reader, site.clock())
    assert site.client.get(path(), headers={"If-None-Match": "*"}).status_code == 410


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "",
        "AA" * 15_000 + "f",
        feed_token((("k1", b"another newsroom's key, same id!"),), 1, 0),
        feed_token((("zz", b"a key that nobody has listed....."),), 1, 0),
        feed_token(KEYS, 1, 0)[:-2] + "f",
        feed_token(KEYS, 1, 0)[:-1] + "u",
        feed_token(KEYS, 1, 0) + "%00",
        "%00" + feed_token(KEYS, 1, 0),
        feed_token(KEYS, 1, 0).swapcase(),
        unsubscribe_token(KEYS, 1, "0"),
        unsubscribe_token(KEYS, 1, "0")[:-1] + "f",
    ],
    ids=lambda token: token[:12],
)
def test_what_was_never_an_address_is_not_found(site: Site, token: str) -> None:
    payer(site)
    add(site, paid())
    answer = site.client.get(f"/private/{token}/politics.rss", headers={"If-None-Match": "*"})
    assert answer.status_code == 404
    assert "ZEBRA" not in answer.text


@pytest.mark.parametrize(
    "file",
    [
        "",
        "politics",
        "politics.exe",
        "politics.rss/",
        "nothing.rss",
        ".rss",
        "../feeds/politics.rss",
        "%2e%2e%2ffeeds%2fall.rss",
        "politics.rss%00",
        "index.opml",
        "latest.rss",
        "x" * 5_000 + ".rss",
    ],
)
def test_there_is_nothing_else_behind_a_good_address(site: Site, file: str) -> None:
    payer(site)
    add(site, paid())
    answer = site.client.get(path(file=file))
    assert answer.status_code == 404
    assert "ZEBRA" not in answer.text


def test_a_dropped_section_is_gone_and_a_renamed_one_is_followed(site: Site) -> None:
    payer(site)
    add(site, paid())
    with writing(site.engine) as connection:
        for name, moved in (("weather", ""), ("town", "politics")):
            connection.execute(sa.insert(retired_feeds).values(name=name, moved_to=moved, retired=NOON))
    assert site.client.get(path(file="weather.rss")).status_code == 410
    moved = site.client.get(path(file="town.atom"))
    assert moved.status_code == 301
    assert moved.headers["location"] == path(file="politics.atom")
    assert moved.headers["cache-control"] == "private, no-store"
    # Only for who may ask: others learn of no section.
    assert site.client.get("/private/nonsense/town.atom").status_code == 404


def test_an_ended_plan_leaves_teasers_and_says_so_once(site: Site) -> None:
    payer(site, plan=Plan.TRIAL, plan_until=site.clock().date())
    add(site, paid())
    first = site.client.get(path(file="politics.json"))
    assert "ZEBRA" in first.text
    site.clock.on(days=1)
    has = {"If-None-Match": first.headers["etag"]}
    ended = site.client.get(path(file="politics.json"), headers=has)
    assert ended.status_code == 200
    assert "ZEBRA" not in ended.text
    notice, one = ended.json()["items"]
    assert notice["id"] == "tag:quay.example,2026:private/ended"
    assert "https://quay.example/subscribe" in notice["content_html"]
    assert one["id"] == article().id
    # A client that goes by dates alone learns of it as well.
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert site.client.get(path(file="politics.json"), headers=since).status_code == 200
    edit(site, paid(headline="The bridge is shut again"))
    later = site.client.get(path(file="politics.json")).json()["items"]
    assert later[0] == notice
    # Paid again: whole again, at the same address.
    change(site, plan="paid", plan_until=None)
    again = site.client.get(path(file="politics.json"))
    assert "ZEBRA" in again.text
    assert "private/ended" not in again.text


def test_each_ended_plan_has_its_own_date(site: Site) -> None:
    payer(site, plan=Plan.TRIAL, plan_until=NOON.date() - timedelta(days=3))
    payer(site, 2, Plan.TRIAL, plan_until=NOON.date() - timedelta(days=9))
    add(site, paid())
    for ending in (".json", ".rss", ".atom"):
        one, two = (site.client.get(path(number, f"politics{ending}")) for number in (1, 2))
        assert one.headers["etag"] != two.headers["etag"]
        assert one.text.replace(feed_token(KEYS, 1, 0), "") != two.text.replace(feed_token(KEYS, 2, 0), "")
    dates = [
        site.client.get(path(number, "all.json")).json()["items"][0]["date_published"] for number in (1, 2)
    ]
    assert dates == ["2026-03-07T23:00:00+00:00", "2026-03-01T23:00:00+00:00"]


def test_registered_articles_are_whole_without_a_plan(site: Site) -> None:
    payer(site, plan=Plan.FREE)
    add(site, paid(access=Access.REGISTERED))
    assert "ZEBRA" in site.client.get(path()).text


def test_many_at_once_get_each_their_own(site: Site) -> None:
    for number in range(1, 21):
        payer(site, number, Plan.PAID if number % 2 else Plan.FREE)
    add(site, paid())

    def ask(number: int) -> tuple[int, bool, bool]:
        text = site.client.get(path(number)).text
        return number, "ZEBRA" in text, feed_token(KEYS, number, 0) in text

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, list(range(1, 21)) * 3))
    assert found == [(number, number % 2 == 1, True) for number in list(range(1, 21)) * 3]


def test_no_log_holds_an_address(site: Site) -> None:
    payer(site)
    add(site, paid())
    for url in (path(), path(file="nothing.rss"), path(9), "/private/nonsense/politics.rss"):
        site.client.get(url)
    said = site.said()
    assert said.count("/private/[token]") == 4
    assert feed_token(KEYS, 1, 0) not in said
    assert "nonsense" not in said


def test_a_database_that_cannot_be_asked_is_no_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    payer(site)
    add(site, paid())
    assert site.client.get(path()).status_code == 200

    def refuse(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("unable to open database file"))

    monkeypatch.setattr("web.private_holders.holders", refuse)
    answer = site.client.get(path(), headers={"If-None-Match": "*"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    monkeypatch.undo()
    assert site.client.get(path()).status_code == 200


def uses(site: Site, reader: int = 1) -> list[feed_uses.Use]:
    write_all()
    with reading(site.engine) as connection:
        return feed_uses.uses_of(connection, reader, site.clock())


def test_one_payer_with_feedly_is_not_noticed(site: Site) -> None:
    payer(site)
    add(site, paid())
    for number in range(8):
        # Feedly comes from anywhere.
        forwarded = {"User-Agent": FEEDLY.format(1), "X-Forwarded-For": f"198.51.{number}.7"}
        site.client.get(path(), headers=forwarded)
    (one,) = uses(site)
    assert (one.agent, one.network, one.count, one.subscribers) == ("Feedly", "", 8, 1)
    assert not feed_uses.sharing(uses(site)).is_noticed


def test_two_subscribers_and_six_networks_are_noticed_and_nothing_is_revoked(site: Site) -> None:
    payer(site)
    payer(site, 2)
    add(site, paid())
    site.client.get(path(), headers={"User-Agent": FEEDLY.format(2)})
    for number in range(6):
        site.client.get(path(2), headers={"X-Forwarded-For": f"198.51.{number}.7"})
    assert feed_uses.sharing(uses(site)) == Sharing(2, "Feedly", 0)
    assert feed_uses.sharing(uses(site, 2)) == Sharing(networks=6)
    assert [site.client.get(path(number)).status_code for number in (1, 2)] == [200, 200]


def test_a_refused_request_is_not_counted(site: Site) -> None:
    payer(site)
    add(site, paid())
    rotate(site)
    site.client.get(path(), headers={"User-Agent": FEEDLY.format(9)})
    assert uses(site) == []


def raw(site: Site, target: str) -> bytes:
    """The answer to a request as it is, byte by byte."""
    url = site.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        head = (
            f"GET {target} HTTP/1.1\r\nHost: {url.host}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        )
        data = b""
        try:
            connection.sendall(head.encode())
            while part := connection.recv(65_536):
                data += part
        except ConnectionError:
            pass  # It hung up before all was said.
        return data


def test_a_strict_client_unpacks_it(site: Site) -> None:
    payer(site)
    add(site, paid())
    head, _, body = raw(site, path()).partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head.lower()
    assert b"ZEBRA" in gzip.decompress(body)


def test_an_address_of_a_megabyte_stops_nobody(site: Site) -> None:
    payer(site)
    add(site, paid())
    for token in ("A" * 2**20, feed_token(KEYS, 1, 0) + "f" * 2**20):
        answer = raw(site, f"/private/{token}/politics.rss")
        assert not answer or answer.split(b" ", 2)[1] in (b"400", b"404", b"414", b"431")
    assert site.client.get(path()).status_code == 200


def test_dates_are_whole_and_of_the_past(site: Site) -> None:
    payer(site)
    add(site, paid())
    changed = parsedate_to_datetime(site.client.get(path()).headers["last-modified"])
    assert changed <= site.clock()
    assert (
        json.loads(site.client.get(path(file="all.json")).text)["title"]
        == "The Quay: All sections (whole articles)"
    )


def test_robots_are_asked_to_stay_away(site: Site) -> None:
    assert "Disallow: /private/" in site.client.get("/robots.txt").text


def test_a_browser_shows_it_with_the_words_of_a_private_feed(site: Site) -> None:
    payer(site)
    assert '<?xml-stylesheet href="/feeds/private.css"' in site.client.get(path()).text
