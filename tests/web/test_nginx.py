"""deploy/nginx.conf in the real nginx: files as the application hands them out, everything else handed on."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from content.tables import retired_feeds
from tests import samples
from tests.web.nginx import IS_HERE, MISSING, NAME, Front, in_front_of
from tests.web.serving import Site

pytestmark = pytest.mark.skipif(not IS_HERE, reason=MISSING)

STAMP = 1_773_144_000
"""2026-03-10 12:00 UTC."""
FEED = b"<rss>" + b"<item>The river rose again.</item>" * 200 + b"</rss>"
TAG = f"{STAMP:x}-{len(FEED):x}"
DATE, EARLIER, LATER = (f"Tue, 10 Mar 2026 {hour}:00:00 GMT" for hour in (12, 11, 13))


@pytest.fixture(scope="module")
def nginx(shop: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    root = tmp_path_factory.mktemp("nginx")
    with in_front_of(root, shop.public, shop.client.base_url.port or 80) as front:
        yield front


@pytest.fixture(scope="module")
def both(shop: Site, nginx: Front) -> tuple[Site, Front]:
    """A newsroom with published files, and nginx before it."""
    with shop.engine.begin() as connection:
        connection.execute(sa.delete(retired_feeds))
    shutil.rmtree(shop.public, ignore_errors=True)
    for name, data in {
        "feeds/all.rss": FEED,
        "feeds/all.atom": FEED.replace(b"rss", b"feed"),
        "feeds/all.json": b'{"items": []}' + b" " * 400,
        "feeds/short.rss": b"<rss/>",
        "feeds/index.html": b"<h1>Feeds</h1>" * 40,
        "feeds/index.opml": b"<opml/>" * 100,
        "feeds/feed.css": b"rss { color: red }" * 40,
        "media/0123.jpg": b"\xff\xd8" + bytes(range(256)) * 300,
        "media/0123.svg": b"<svg/>" * 100,
        "feeds/.all.rss.123": b"half",
        "feeds/notes.txt": b"words",
    }.items():
        path = shop.public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (STAMP, STAMP))
    (shop.public.parent / "newsroom.toml").write_text("secret words")
    (shop.public / "feeds" / "link.rss").symlink_to(shop.public.parent / "newsroom.toml")
    return shop, nginx


COMPARED = (
    "content-type",
    "content-encoding",
    "content-range",
    "cache-control",
    "etag",
    "last-modified",
    "vary",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "location",
)
PATHS = (
    "/feeds/all.rss",
    "/feeds/all.atom",
    "/feeds/all.json",
    "/feeds/short.rss",
    "/feeds/index.opml",
    "/feeds/index.html",
    "/feeds/",
    "/feeds/feed.css",
    "/media/0123.jpg",
    "/media/0123.svg",
)
CONDITIONS: tuple[dict[str, str], ...] = (
    {},
    {"If-None-Match": f'"{TAG}"'},
    {"If-None-Match": f'W/"{TAG}"'},
    {"If-None-Match": f'"another", W/"{TAG}" , "third"'},
    {"If-None-Match": '"another"'},
    {"If-None-Match": "*"},
    {"If-None-Match": '"another"', "If-Modified-Since": DATE},
    {"If-Modified-Since": DATE},
    {"If-Modified-Since": LATER},
    {"If-Modified-Since": EARLIER},
    {"If-Modified-Since": "no date"},
    {"If-Match": f'"{TAG}"'},
    {"If-Match": '"another"'},
    {"If-Match": "*"},
    {"If-Unmodified-Since": EARLIER},
    {"If-Unmodified-Since": DATE},
    {"Range": "bytes=0-9"},
    {"Range": "bytes=10-"},
    {"Range": "bytes=-10"},
    {"Range": "bytes=0-99999999"},
    {"Range": "bytes=99999999-"},
    {"Range": "bytes=9-3"},
    {"Range": "bytes=-0"},
    {"Range": "lines=0-9"},
    {"Range": "bytes=0-9", "If-Range": f'"{TAG}"'},
    {"Range": "bytes=0-9", "If-Range": f'W/"{TAG}"'},
    {"Range": "bytes=0-9", "If-Range": '"another"'},
    {"Range": "bytes=0-9", "If-Range": DATE},
    {"Range": "bytes=0-9", "If-Range": EARLIER},
)


def _said(answer: httpx2.Response) -> dict[str, str]:
    """What is compared: nginx leaves out of some answers what RFC 9110 would have in them."""
    left_out = {
        # 15.4.5: what tells caches apart. nginx says less, and of the tag the strong form.
        304: ("vary", "content-security-policy", "content-type", "etag"),
        # Their page of an error is of another type.
        412: ("content-type", "cache-control", "etag", "last-modified", "vary", "content-security-policy"),
        # It says its own headers twice.
        416: tuple(name for name in COMPARED if name != "content-range"),
    }.get(answer.status_code, ())
    return {name: answer.headers.get(name, "") for name in COMPARED if name not in left_out}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("packing", ["identity", "gzip", "br, gzip;q=0.5", "gzip;q=0"])
@pytest.mark.parametrize("path", PATHS)
def test_a_file_is_the_same_from_both(both: tuple[Site, Front], path: str, packing: str, method: str) -> None:
    site, nginx = both
    headers = {"Accept-Encoding": packing}
    ours = site.client.request(method, path, headers=headers)
    theirs = nginx.client.request(method, path, headers=headers)
    assert (ours.status_code, _said(ours)) == (theirs.status_code, _said(theirs))
    assert ours.content == theirs.content
    assert ours.status_code == 200


@pytest.mark.parametrize("packing", ["identity", "gzip"])
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: " ".join(map(": ".join, one.items())))
def test_a_condition_is_judged_the_same_by_both(
    both: tuple[Site, Front], condition: dict[str, str], packing: str
) -> None:
    site, nginx = both
    headers = {"Accept-Encoding": packing, **condition}
    ours, theirs = (client.get("/feeds/all.rss", headers=headers) for client in (site.client, nginx.client))
    assert (ours.status_code, _said(ours)) == (theirs.status_code, _said(theirs))
    if ours.status_code in (200, 206, 304):
        assert ours.content == theirs.content
    if ours.status_code == 304:
        # The one that was asked about, in the form that its answer would have had.
        assert ours.headers["etag"].removeprefix("W/") == theirs.headers["etag"].removeprefix("W/")
        assert ours.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/none.rss",
        "/feeds/.all.rss.123",
        "/feeds/notes.txt",
        "/feeds/link.rss",
        "/feeds/..%2f..%2fnewsroom.toml",
        "/feeds/../../newsroom.toml",
        "/feeds//all.rss.bak",
        "/feeds/all.rss%00.rss",
        "/feeds/all.rss/",
        "/feeds/..%5c..%5cnewsroom.toml",
        "/media/%2e%2e/%2e%2e/newsroom.toml",
        "/media/",
        "/newsroom.toml",
        "/standfirst.db",
        "/public/feeds/all.rss",
        "/feeds",
        "/metrics",
        "/nothing",
    ],
)
def test_no_path_leads_anywhere_else(both: tuple[Site, Front], path: str) -> None:
    _, nginx = both
    answer = _raw(nginx, path)
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")) or path == "/feeds"
    assert b"secret words" not in answer


def _raw(nginx: Front, path: str) -> bytes:
    """The answer to a path that no client mends on its way."""
    trust = ssl.create_default_context(cafile=str(nginx.root / "cert.pem"))
    with (
        socket.create_connection(("127.0.0.1", nginx.secure_port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found


def test_what_became_of_a_feed_is_the_applications_to_say(both: tuple[Site, Front]) -> None:
    site, nginx = both
    with site.engine.begin() as connection:
        for name, moved in (("weather", ""), ("arts", "culture")):
            row = {"name": name, "moved_to": moved, "retired": samples.NOON}
            connection.execute(sa.insert(retired_feeds).values(row))
    assert nginx.client.get("/feeds/weather.rss").status_code == 410
    answer = nginx.client.get("/feeds/arts.rss")
    assert (answer.status_code, answer.headers["location"]) == (301, "/feeds/culture.rss")


def test_pages_come_through_with_their_own_headers_once(both: tuple[Site, Front]) -> None:
    _, nginx = both
    for path in ("/", "/subscribe", "/unsubscribe/nonsense", "/nothing", "/feeds/nothing.rss"):
        answer = nginx.client.get(path)
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
            assert len(answer.headers.get_list(name)) == 1, (path, name)
    assert "content-encoding" not in nginx.client.get("/").headers


def test_a_one_click_unsubscribe_is_handed_on(both: tuple[Site, Front]) -> None:
    site, nginx = both
    answer = nginx.client.post(site.link(), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200


def test_http_leads_to_https_and_to_no_other_name(both: tuple[Site, Front]) -> None:
    _, nginx = both
    address = f"http://127.0.0.1:{nginx.port}/feeds/all.rss?x=1"
    answer = httpx2.get(address, headers={"Host": NAME}, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{NAME}/feeds/all.rss?x=1")
    # Whoever asks for another name is told nothing.
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(address, headers={"Host": "evil.example"}, trust_env=False)
    with pytest.raises(httpx2.RemoteProtocolError):
        nginx.client.get("/feeds/all.rss", headers={"Host": "evil.example"})
    for path in ("/feeds", "/feeds/", "/media", "/media/"):
        assert NAME not in nginx.client.get(path).headers.get("location", "")


def test_no_address_and_no_token_is_written_down(both: tuple[Site, Front]) -> None:
    site, nginx = both
    token = site.token()
    for path in (
        f"/unsubscribe/{token}",
        f"/private/{token}/all.rss",
        f"/confirm/{token}",
        f"/unsubscribe/%0A{token}",
        f"/unsubscribe/a%0D%0A{token}",
        "/feeds/all.rss?a=b@c.d",
    ):
        nginx.client.get(path)
    nginx.client.get("/feeds/all.rss", headers={"User-Agent": "ann@quay.example"})
    # It is written down once the answer is.
    nginx.client.get("/healthz")
    log = nginx.log()
    assert "GET /feeds/all.rss 200" in log
    assert "/unsubscribe/[token]" in log
    for secret in (token, "127.0.0.1", "@", "/private/"):
        assert secret not in log


def test_while_nobody_answers_it_says_when_to_come_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "public").mkdir()
    with in_front_of(tmp_path, tmp_path / "public", port) as nginx:
        for answer in (
            nginx.client.get("/subscribe"),
            nginx.client.post("/unsubscribe/abc", data={"a": "b"}),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert answer.text == "We are back in a moment. Please try again.\n"


def test_a_second_newsroom_has_files_of_its_own(tmp_path: Path) -> None:
    deploy = Path(__file__).resolve().parent.parent.parent / "deploy"
    command = ["sh", str(deploy / "another.sh"), "harbour", "news.quay.example", "8081", "9101"]
    environ = {**os.environ, "ROOT": str(tmp_path)}
    subprocess.run(command, env=environ, check=True)
    units = sorted((tmp_path / "etc/systemd/system").iterdir())
    assert [one.name for one in units] == [
        "standfirst-harbour-web.service",
        "standfirst-harbour-web.socket",
        "standfirst-harbour.service",
        "standfirst-harbour.timer",
    ]
    site = (tmp_path / "etc/nginx/sites-available/standfirst-harbour").read_text()
    whole = "".join(one.read_text() for one in units)
    for left in ("/srv/newsroom", "8080", "9100", "User=standfirst", "digest.example.org", "standfirst-web."):
        assert left not in whole + site
    assert "upstream news.quay.example {" in site
    for wrong in (["../x"], ["harbour", "news;quay", "8081", "9101"]):
        run = subprocess.run(
            ["sh", str(deploy / "another.sh"), *wrong], env=environ, capture_output=True, check=False
        )
        assert run.returncode == 2


def test_the_network_of_a_client_is_nginxs_word(both: tuple[Site, Front]) -> None:
    """What a client says of itself never reaches the application."""
    recipe = Path(__file__).resolve().parent.parent.parent / "deploy" / "nginx.conf"
    text = recipe.read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "$proxy_add_x_forwarded_for" not in text
