"""The published files: feeds and pictures, as right as a web server would hand them out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from feeds.listing import ENDINGS, FORMATS
from feeds.retire import moved_to
from newsroom.database import reading
from newsroom.masthead import Newsroom
from web.headers import Raw
from web.published import Published, Shelf
from web.validators import date_of, is_unchanged, takes_gzip

_TEXTS = {
    **{one.ending: one.media_type for one in FORMATS},
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
}
"""These are packed."""
TYPES = {
    **_TEXTS,
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
"""By ending. Nothing else is handed out, so no stray file ever is."""

FRESH = "public, max-age=300"
FOREVER = "public, max-age=31536000, immutable"
"""A picture's name is its hash."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
"""What is published has such a name, and is in no folder below: no path leads anywhere else."""
_PIECE = 65_536
"""Bytes that are handed to the connection at once: a slow client fills no memory."""
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*")
_ENDINGS = frozenset(ending for ending, _ in ENDINGS)

_SAFE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_POLICIES = {
    # The feeds' index copies an address at a click with a script of its own beside it.
    ".html": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; script-src 'unsafe-inline'; "
    + _SAFE,
    ".svg": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    # A browser shows a feed through feed.css.
    ".rss": f"default-src 'none'; style-src 'self'; {_SAFE}",
    ".atom": f"default-src 'none'; style-src 'self'; {_SAFE}",
}
"""By ending; where there is none, that of every answer is strict enough."""


class Files:
    """One folder: GET and HEAD, gzip, ETag and Last-Modified, 304, 412, parts."""

    def __init__(self, folder: Path, cache: str) -> None:
        self.folder = folder
        self.cache = cache
        self.shelf = Shelf(_TEXTS.__contains__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The file; 404 also for a hidden one, one of another kind, one that is being written."""
        if scope["type"] != "http":
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        name = scope["path"].removeprefix(scope["root_path"]).removeprefix("/") or "index.html"
        try:
            found = await self._found(name)
        except (FileNotFoundError, NotADirectoryError) as error:
            await self.missing(name, error, scope, receive, send)
            return
        except OSError as error:
            # A link, or one that nobody may read: neither was published.
            raise HTTPException(404) from error
        await _answer(scope, send, found, self.headers(name))

    async def _found(self, name: str) -> Published:
        path = self.folder / name
        if not _NAME.fullmatch(name) or path.suffix not in TYPES:
            raise FileNotFoundError
        kept = self.shelf.at_hand(path)
        if kept is not None:
            return kept
        version, found = await run_in_threadpool(self.shelf.read, path)
        self.shelf.keep(path, version, found)
        return found

    def headers(self, name: str) -> list[Raw]:
        """What is said of the file, whatever version of it."""
        ending = Path(name).suffix
        said = [(b"content-type", TYPES[ending].encode()), (b"cache-control", self.cache.encode())]
        if ending in _POLICIES:
            said.append((b"content-security-policy", _POLICIES[ending].encode()))
        return said

    async def missing(self, name: str, error: OSError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a file that is not there. Raises HTTPException."""
        raise HTTPException(404) from error


class Feeds(Files):
    """The feeds; of those that are no more, where they went."""

    def __init__(self, folder: Path, engine: Engine, newsroom: Newsroom) -> None:
        super().__init__(folder, FRESH)
        self.engine = engine
        self.newsroom = newsroom

    def headers(self, name: str) -> list[Raw]:
        """A feed says in its headers, too, where its hub is: nothing else says it of JSON (WebSub, 4)."""
        said = super().headers(name)
        if self.newsroom.hub and Path(name).suffix in _ENDINGS:
            own = f"{self.newsroom.public_url}/feeds/{name}"
            said.append((b"link", f'<{self.newsroom.hub}>; rel="hub", <{own}>; rel="self"'.encode()))
        return said

    async def missing(self, name: str, error: OSError, scope: Scope, receive: Receive, send: Send) -> None:
        """301 to a renamed section's feed, 410 for a dropped one's, else 404."""
        key, ending = name[: -len(Path(name).suffix) or None], Path(name).suffix
        if ending not in _ENDINGS or not _NAME.fullmatch(name) or len(key) > 100:
            raise HTTPException(404) from error
        moved = await run_in_threadpool(self._retired, key)
        if moved is None:
            raise HTTPException(404) from error
        if not moved:
            raise HTTPException(410) from error
        await RedirectResponse(f"/feeds/{moved}{ending}", 301, {"Cache-Control": FRESH})(scope, receive, send)

    def _retired(self, name: str) -> str | None:
        with reading(self.engine) as connection:
            return moved_to(connection, name)


async def _answer(scope: Scope, send: Send, found: Published, said: Sequence[Raw]) -> None:
    """What RFC 9110 has for this request, its conditions in the order of 13.2.2."""
    asked = Headers(scope=scope)
    packed = found.packed if takes_gzip(", ".join(asked.getlist("accept-encoding"))) else None
    # The same file in another dress: nginx says so by a weak tag, and so do we.
    tag = f'"{found.tag}"' if packed is None else f'W/"{found.tag}"'
    headers = [*said, (b"etag", tag.encode()), (b"last-modified", found.modified.encode())]
    if found.packed is not None:
        headers.append((b"vary", b"Accept-Encoding"))
    if _is_refused(asked, found):
        await _send(send, 412, [*headers, (b"content-length", b"0")], b"")
        return
    if is_unchanged(asked, (found.tag,), found.changed):
        await _send(send, 304, [one for one in headers if one[0] != b"content-type"], b"")
        return
    status, body = 200, found.plain
    if packed is not None:
        body = packed
        headers.append((b"content-encoding", b"gzip"))
    else:
        headers.append((b"accept-ranges", b"bytes"))
        wanted = asked.get("range", "")
        if scope["method"] == "GET" and wanted.startswith("bytes=") and _holds(asked, found):
            status, body = _part(wanted, found.plain, headers)
    headers.append((b"content-length", str(len(body)).encode()))
    await _send(send, status, headers, b"" if scope["method"] == "HEAD" else body)


def _is_refused(asked: Headers, found: Published) -> bool:
    """Whether the client wants this version or none."""
    match = asked.get("if-match")
    if match is not None:
        # A weak tag matches nothing here (13.1.1).
        return not any(one.strip() in ("*", f'"{found.tag}"') for one in match.split(","))
    since = date_of(asked.get("if-unmodified-since", ""))
    return since is not None and found.changed > since


def _holds(asked: Headers, found: Published) -> bool:
    """Whether the client's part is one of this version (If-Range)."""
    said = asked.get("if-range")
    return said is None or said in (f'"{found.tag}"', found.modified)


def _part(wanted: str, whole: bytes, headers: list[Raw]) -> tuple[int, bytes]:
    """Status and bytes of the one part that is wanted. Who wants several gets the whole: that is allowed."""
    if "," in wanted:
        return 200, whole
    size, said = len(whole), _RANGE.fullmatch(wanted)
    first, last = (said[1], said[2]) if said else ("", "")
    if first:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    else:
        begin, end = (max(size - int(last), 0), size - 1) if last else (size, size - 1)
    if begin > end or (first and last and int(last) < int(first)):
        headers.append((b"content-range", f"bytes */{size}".encode()))
        return 416, b""
    headers.append((b"content-range", f"bytes {begin}-{end}/{size}".encode()))
    return 206, whole[begin : end + 1]


async def _send(send: Send, status: int, headers: list[Raw], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for begin in range(0, len(body), _PIECE):
        piece, more = body[begin : begin + _PIECE], begin + _PIECE < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})
    if not body:
        await send({"type": "http.response.body", "body": b""})
