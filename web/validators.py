"""What a client has already, and how it wants the rest packed (RFC 9110, 13.1 and 12.5.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

_LONGEST = 4_000
_NEVER = datetime.max.replace(tzinfo=UTC)
"""No date tells whether a page changed: its bytes do."""
_OF_304 = ("ETag", "Cache-Control", "Vary")


def is_unchanged(asked: Headers, marks: Collection[str], changed: datetime) -> bool:
    """Whether the client has what it would get: by one of these entity tags, else by the date.

    A date counts only where no tag is sent; what is no date is none.
    """
    tags = asked.get("if-none-match")
    if tags is not None:
        return any(tag == "*" or tag in marks for tag in _tags(tags))
    since = date_of(asked.get("if-modified-since", ""))
    return since is not None and changed <= since


def date_of(text: str) -> datetime | None:
    """The moment that a header names (RFC 9110, 5.6.7); None for what is no date."""
    try:
        found = parsedate_to_datetime(text[:100])
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def fresh(request: Request, page: Response) -> Response:
    """The page, made for who asks, with a mark of its bytes; or 304 where the client has just these."""
    if page.status_code != 200:
        return page
    mark = hashlib.sha256(bytes(page.body)).hexdigest()[:32]
    page.headers["ETag"] = f'"{mark}"'
    if not is_unchanged(request.headers, [mark], _NEVER):
        return page
    kept = {name: page.headers[name] for name in _OF_304 if name in page.headers}
    return Response(status_code=304, headers=kept)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding lets an answer come in gzip."""
    weights = {}
    for part in accepted[:_LONGEST].lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        weights[name] = weight.strip("0.") != "" or weight == ""
    return weights.get("gzip", weights.get("*", False))


def _tags(header: str) -> list[str]:
    # A tag is the same with and without W/: nothing here is asked for in parts.
    return [part.strip().removeprefix("W/").strip('"') for part in header[:_LONGEST].split(",")]
