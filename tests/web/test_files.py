"""The published files over HTTP: types, conditional requests, what has become of dropped feeds, odd paths."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa

from content.tables import retired_feeds
from newsroom.database import engine_for, metadata
from tests import samples
from tests.web.serving import Site, served, settings

HIDDEN = (
    "feeds/.all.rss.12345",
    "feeds/.hidden.rss",
    "feeds/.git/all.rss",
    "feeds/.git/config",
    "feeds/notes.txt",
    "feeds/script.js",
)
STAMP = 1_773_144_000
"""A time of change, in seconds: 2026-03-10 12:00 UTC."""


def _put(site: Site, name: str, data: bytes = b"<rss/>") -> Path:
    path = site.public / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (STAMP, STAMP))
    return path


def _retire(site: Site, name: str, moved_to: str = "") -> None:
    with site.engine.begin() as connection:
        connection.execute(
            sa.insert(retired_feeds).values(name=name, moved_to=moved_to, retired=samples.NOON)
        )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("feeds/all.rss", "application/xml; charset=utf-8"),
        ("feeds/all.atom", "application/xml; charset=utf-8"),
        ("feeds/all.json", "application/feed+json; charset=utf-8"),
        ("feeds/index.opml", "text/x-opml; charset=utf-8"),
        ("feeds/index.html", "text/html; charset=utf-8"),
        ("feeds/feed.css", "text/css; charset=utf-8"),
        ("media/0123.jpg", "image/jpeg"),
        ("media/0123.png", "image/png"),
        ("media/0123.webp", "image/webp"),
    ],
)
def test_every_kind_has_its_type_and_is_not_sniffed(site: Site, name: str, kind: str) -> None:
    _put(site, name, b"some bytes")
    answer = site.client.get(f"/{name}")
    assert (answer.status_code, answer.content) == (200, b"some bytes")
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_a_feed_says_where_its_hub_is(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    room = samples.newsroom(hub="https://hub.example/?for=quay", public_url="https://feeds.quay.example")
    with served(settings(tmp_path, room), engine) as site:
        for ending in ("rss", "atom", "json"):
            _put(site, f"feeds/all.{ending}")
            answer = site.client.get(f"/feeds/all.{ending}")
            links = (
                f'<https://hub.example/?for=quay>; rel="hub", '
                f'<https://feeds.quay.example/feeds/all.{ending}>; rel="self"'
            )
            assert answer.headers["link"] == links
            again = site.client.get(f"/feeds/all.{ending}", headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.headers["link"]) == (304, links)
        _put(site, "feeds/index.opml")
        assert "link" not in site.client.get("/feeds/index.opml").headers
        assert "link" not in site.client.get("/feeds/none.rss").headers
    engine.dispose()


def test_without_a_hub_there_is_no_link(site: Site) -> None:
    _put(site, "feeds/all.rss")
    assert "link" not in site.client.get("/feeds/all.rss").headers


def test_feeds_are_kept_for_minutes_and_pictures_for_good(site: Site) -> None:
    _put(site, "feeds/all.rss")
    _put(site, "media/0123.jpg")
    assert site.client.get("/feeds/all.rss").headers["cache-control"] == "public, max-age=300"
    assert "immutable" in site.client.get("/media/0123.jpg").headers["cache-control"]


def test_an_unchanged_feed_costs_a_304(site: Site) -> None:
    _put(site, "feeds/all.rss")
    first = site.client.get("/feeds/all.rss")
    assert first.headers["last-modified"] == "Tue, 10 Mar 2026 12:00:00 GMT"
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"another", W/{first.headers["etag"]}'},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = site.client.get("/feeds/all.rss", headers=condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]


def test_a_changed_feed_is_sent_whole(site: Site) -> None:
    path = _put(site, "feeds/all.rss")
    first = site.client.get("/feeds/all.rss")
    path.write_bytes(b"<rss>more</rss>")
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": "no date"},
    ):
        assert site.client.get("/feeds/all.rss", headers=condition).content == b"<rss>more</rss>"


def test_head_says_what_get_would(site: Site) -> None:
    _put(site, "feeds/all.rss")
    head, get = site.client.head("/feeds/all.rss"), site.client.get("/feeds/all.rss")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "last-modified", "content-type", "content-length", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_nothing_is_posted_to_a_file(site: Site) -> None:
    _put(site, "feeds/all.rss")
    assert site.client.post("/feeds/all.rss").status_code == 405


def test_the_feeds_page_is_the_folders_index(site: Site) -> None:
    _put(site, "feeds/index.html", b"<h1>Feeds</h1>")
    assert site.client.get("/feeds/").text == "<h1>Feeds</h1>"
    moved = site.client.get("/feeds", headers={"Host": "evil.example"})
    assert (moved.status_code, moved.headers["location"]) == (301, "/feeds/")
    policy = site.client.get("/feeds/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("ending", [".rss", ".atom", ".json"])
def test_a_dropped_sections_feed_is_gone_and_a_renamed_ones_has_moved(site: Site, ending: str) -> None:
    _retire(site, "weather")
    _retire(site, "arts", "culture")
    gone = site.client.get(f"/feeds/weather{ending}")
    assert gone.status_code == 410
    assert "This feed has ended" in gone.text
    moved = site.client.get(f"/feeds/arts{ending}")
    assert (moved.status_code, moved.headers["location"]) == (301, f"/feeds/culture{ending}")
    assert site.client.head(f"/feeds/weather{ending}").status_code == 410


def test_a_retired_key_that_is_published_again_is_a_feed_like_any_other(site: Site) -> None:
    _retire(site, "weather")
    _put(site, "feeds/weather.rss")
    assert site.client.get("/feeds/weather.rss").status_code == 200


def test_other_files_of_a_retired_name_are_just_missing(site: Site) -> None:
    _retire(site, "weather")
    for name in ("weather", "weather.html", "weather.rss.bak", "weather/", "sub/weather.rss"):
        assert site.client.get(f"/feeds/{name}").status_code == 404


def test_what_is_not_published_yet_is_missing_and_no_error(site: Site) -> None:
    assert not site.public.exists()
    for path in ("/feeds/", "/feeds/all.rss", "/media/0123.jpg", "/media/", "/media"):
        assert site.client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/../../newsroom.toml",
        "/feeds/%2e%2e/%2e%2e/newsroom.toml",
        "/feeds/..%2f..%2fnewsroom.toml",
        "/feeds/..%5c..%5cnewsroom.toml",
        "/feeds//etc/passwd",
        "/feeds/%2fetc%2fpasswd",
        "/feeds/....//newsroom.toml",
        "/feeds/secret.rss%00.rss",
        "/feeds/%00",
        "/feeds/.all.rss.12345",
        "/feeds/.hidden.rss",
        "/feeds/.git/all.rss",
        "/feeds/.git/config",
        "/feeds/link.rss",
        "/feeds/notes.txt",
        "/feeds/script.js",
        "/feeds/" + "a" * 3000 + ".rss",
        "/feeds/" + "a/" * 500 + "x.rss",
        "/feeds/%F0%9F%A6%8A.rss",
        "/feeds/all.rss/",
        "/feeds/all.rss/x",
        "/media/../feeds/all.txt",
        "/public/feeds/all.rss",
    ],
)
def test_no_path_leads_anywhere_else(site: Site, path: str) -> None:
    _put(site, "feeds/all.rss")
    secret = site.public.parent / "newsroom.toml"
    secret.write_text("secret words")
    for name in HIDDEN:
        _put(site, name, b"secret words")
    (site.public / "feeds" / "link.rss").symlink_to(secret)
    answer = _raw(site, path)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"secret words" not in answer


def _raw(site: Site, path: str) -> bytes:
    """The answer to a path that no client library mends on its way."""
    url = site.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("ascii"))
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found
