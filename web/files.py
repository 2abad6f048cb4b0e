"""The published files: feeds and pictures, with their right types, and what has become of dropped feeds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from content.tables import retired_feeds
from feeds.listing import ENDINGS, FORMATS
from newsroom.database import reading
from newsroom.masthead import Newsroom

TYPES = {
    **{one.ending: one.media_type for one in FORMATS},
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
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


class Files(StaticFiles):
    """One folder below the public one: GET and HEAD, ETag and Last-Modified, 304 where nothing changed."""

    def __init__(self, folder: Path, cache: str) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self.cache = cache

    async def check_config(self) -> None:
        """A folder that is not there yet holds no files; that is no error."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404: also for a hidden one, one that is being written, one of another kind."""
        if any(part.startswith(".") for part in PurePosixPath(path).parts) or "\0" in path or "\\" in path:
            raise HTTPException(404)
        if scope["path"].endswith("/") and path != ".":
            raise HTTPException(404)  # A file is no folder; the one folder there is has its page at ".".
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file with its type and how long it may be kept."""
        kind = TYPES.get(Path(full_path).suffix.lower())
        if kind is None:
            raise HTTPException(404)
        headers = {"Cache-Control": self.cache, **_safety(kind)}
        response = FileResponse(
            full_path, status_code, headers=headers, media_type=kind, stat_result=stat_result
        )
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


class Feeds(Files):
    """The feeds; of those that are no more, where they went."""

    def __init__(self, folder: Path, engine: Engine, newsroom: Newsroom) -> None:
        super().__init__(folder, FRESH)
        self.engine = engine
        self.newsroom = newsroom

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The feed; 301 to a renamed section's, 410 for a dropped one's, else 404."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            asked = PurePosixPath(path)
            name, ending = str(asked.with_suffix("")) if asked.name else "", asked.suffix
            moved = await run_in_threadpool(self._retired, name)
            if moved is None or ending not in dict(ENDINGS):
                raise
            if not moved:
                raise HTTPException(410) from None
            return RedirectResponse(f"/feeds/{moved}{ending}", 301, {"Cache-Control": FRESH})

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A feed says in its headers, too, where its hub is: nothing else says it of JSON (WebSub, 4)."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        file = Path(full_path)
        if self.newsroom.hub and file.suffix in dict(ENDINGS):
            own = f"{self.newsroom.public_url}/feeds/{file.name}"
            response.headers["Link"] = f'<{self.newsroom.hub}>; rel="hub", <{own}>; rel="self"'
        return response

    def _retired(self, name: str) -> str | None:
        if len(name) > 100 or "\0" in name:
            return None
        query = sa.select(retired_feeds.c.moved_to).where(retired_feeds.c.name == name)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none()


def _safety(kind: str) -> Mapping[str, str]:
    headers = {"X-Content-Type-Options": "nosniff"}
    if kind.startswith("text/html"):
        # The feeds' index copies an address at a click with a script of its own beside it.
        headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; script-src 'self' "
            "'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    elif kind.startswith("image/svg"):
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return headers
