"""Public feeds as `serve` answers them, conditional and not, against nginx on the same files in one run; its
memory after 100,000 requests of every kind. Without nginx its lines are left out (Debian: nginx-light)."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.private_feeds import NGINX, Server, answer_of, asked, fill, free_port, started

FEED = "/feeds/politics.rss"
ROUND = 16_000
MEMORY_AFTER = 100_000
PACKED = "Accept-Encoding: gzip\r\n"
KINDS = ("304", "200, in gzip", "200, plain")


def request(path: str, headers: str = "", method: str = "GET") -> bytes:
    """A feed reader's request."""
    agent = "User-Agent: NetNewsWire (RSS Reader; https://netnewswire.com/)\r\nAccept: */*\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{agent}{headers}\r\n".encode()


def measured(name: str, server: Server, path: str) -> list[float]:
    """Print each kind; returns how many a second."""
    tag = answer_of(server.port, path, PACKED)[0]["etag"]
    asks = (
        (request(path, f"{PACKED}If-None-Match: {tag}\r\n"), b"304", ROUND),
        (request(path, PACKED), b"200", ROUND // 4),
        (request(path), b"200", ROUND // 4),
    )
    rates = []
    for kind, (one, status, count) in zip(KINDS, asks, strict=True):
        asked(server, _always(one), status, count // 10)
        by_clock, by_processor = asked(server, _always(one), status, count)
        print(f"{name}, {kind}: {by_clock:,.0f} a second ({by_processor:,.0f} a second of its processor)")
        rates.append(by_clock)
    return rates


def _always(one: bytes) -> Callable[[int], bytes]:
    return lambda _: one


def grown(server: Server) -> None:
    """Print the memory before and after many requests for all kinds of pages."""
    found = ("/", FEED, "/feeds/all.json", "/subscribe", "/unsubscribe/nonsense")
    ways = [(request(path), b"200") for path in found]
    ways += [(request(path, method="HEAD"), b"404") for path in ("/feeds/none.rss", "/nothing")]
    for one, status in ways:
        asked(server, _always(one), status, 1_600)
    before = server.resident()
    for one, status in ways:
        asked(server, _always(one), status, MEMORY_AFTER // len(ways))
    print(f"memory: {before:.0f} MB, after {MEMORY_AFTER:,} requests more {server.resident():.0f} MB")


def main() -> None:
    """Print all lines, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root)
        size = (root / "public" / FEED[1:]).stat().st_size
        print(f"a public feed of 50 teasers: {size:,} bytes")
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.private_feeds", "serve", folder, str(port)]
        with started(command, port) as server:
            ours = measured("by the application", server, FEED)
            grown(server)
        if not shutil.which("nginx"):
            print("nginx: not installed, so there is nothing to compare with (Debian: nginx-light)")
            return
        root.chmod(0o755)
        port = free_port()
        (root / "nginx.conf").write_text(NGINX.format(root=root, port=port))
        with started(["nginx", "-p", folder, "-c", str(root / "nginx.conf")], port) as server:
            theirs = measured("nginx", server, FEED)
        ratios = (f"{kind} {one / other:.3f}" for kind, one, other in zip(KINDS, ours, theirs, strict=True))
        print("ratio to nginx: " + "; ".join(ratios))


if __name__ == "__main__":
    main()
