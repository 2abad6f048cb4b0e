"""The web application: the shop window of a newsroom, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route

from newsroom.database import in_line, reading
from newsroom.errors import StoreError
from newsroom.log import problem
from newsroom.settings import Settings
from readership.tables import (
    consents,
    feed_addresses,
    feed_uses,
    readers,
    sessions,
    sign_ins,
    sign_ups,
    subscriptions,
    suppressions,
)
from web import (
    account,
    archive,
    edition,
    gate,
    gate_keys,
    hooks,
    own_feeds,
    preferences,
    privacy,
    private_feeds,
    sign_in,
    sign_up,
)
from web.files import FOREVER, Feeds, Files
from web.front import Front, Icon, Readiness, healthz, robots, to_feeds
from web.house import House
from web.pages import Pages
from web.unsubscribe import Door

_NOTICES = {404: "missing", 405: "method", 410: "gone"}
_TABLES = (
    readers,
    subscriptions,
    suppressions,
    sign_ups,
    sign_ins,
    sessions,
    consents,
    feed_addresses,
    feed_uses,
)


class _Whatever(Convertor[str]):
    """What stands for `path`, which knows no line ends: a one-click is answered whatever its token is."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("whatever", _Whatever())


def now_utc() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def reachable(engine: Engine) -> None:
    """Read from every table that the pages use. Raises StoreError where that fails."""
    with reading(engine) as connection:
        for table in _TABLES:
            connection.execute(sa.select(table).limit(1)).first()


def application(
    settings: Settings,
    engine: Engine,
    *,
    now: Callable[[], datetime] = now_utc,
    ready: Callable[[Engine], None] = reachable,
) -> Starlette:
    """The application of one newsroom.

    `ready` is asked by /readyz and raises StandfirstError where the database is not as it must be. Raises
    ConfigurationError for looks that cannot be drawn.
    """
    pages = Pages(settings.newsroom)
    house = House(settings, in_line(engine), pages, now)
    # A line of its own: no crowd before another page keeps anybody from ending the mail.
    door = Door(in_line(engine), pages, house.signing_keys, house.newsletters, now)
    feeds = settings.public_dir / "feeds"
    counts = hooks.Counts()
    app = Starlette(
        routes=[
            # First: nothing is asked for as often.
            *private_feeds.routes(house),
            *gate.routes(house),
            *gate_keys.routes(house),
            Route(
                "/",
                Front(pages, settings.newsletters, feeds, is_open=settings.web.sign_up).__call__,
                methods=["GET"],
            ),
            *sign_up.routes(house),
            *sign_in.routes(house),
            *account.routes(house),
            *own_feeds.routes(house),
            *preferences.routes(house),
            *privacy.routes(house),
            Route("/unsubscribe/{token:whatever}", door.__call__, methods=["GET", "POST"]),
            *archive.routes(house),
            *edition.routes(house),
            *hooks.routes(house, counts),
            Route("/feeds", to_feeds, methods=["GET"]),
            Mount("/feeds", Feeds(feeds, engine, settings.newsroom)),
            Mount("/media", Files(settings.public_dir / "media", FOREVER)),
            Route("/favicon.ico", Icon(settings.public_dir / "favicon.ico").__call__, methods=["GET"]),
            Route("/robots.txt", robots, methods=["GET"]),
            Route("/healthz", healthz, methods=["GET"]),
            Route("/readyz", Readiness(engine, ready).__call__, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: _Refusal(pages).__call__,
            ClientDisconnect: _left,
            StoreError: _Busy(pages).__call__,
            Exception: _Failure(pages).__call__,
        },
    )
    # A POST to an unsubscribe link with a slash too many must not be redirected (RFC 8058, 3.1), and what the
    # router would redirect to is made of the client's own Host header.
    app.router.redirect_slashes = False
    app.state.event_counts = counts
    return app


def is_answered(settings: Settings, engine: Engine, path: str) -> bool:
    """Whether a GET of this path meets some page, if only one that says what is not there."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    routes = application(settings, engine).routes
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


class _Refusal:
    """404, 405, 410 and the like, as pages."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    async def __call__(self, request: Request, error: Exception) -> Response:
        status, headers = 500, None
        if isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers
        return self.pages.notice(_NOTICES.get(status, "missing"), status=status, headers=headers)


async def _left(_request: Request, _error: Exception) -> Response:
    """Whoever asked went away before the request was whole: nobody reads this, but the log says 400."""
    return Response(status_code=400)


class _Busy:
    """The database cannot be asked just now."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    async def __call__(self, request: Request, error: Exception) -> Response:
        problem("web", f"a page could not be read: {error}")
        return self.pages.notice("busy", status=503, headers={"Retry-After": "60"})


class _Failure:
    """A mistake of ours: the reader learns that it happened, the log where."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    async def __call__(self, request: Request, error: Exception) -> Response:
        trace, where = error.__traceback__, ""
        while trace is not None:
            where = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
            trace = trace.tb_next
        # Its text may hold anything, an address too.
        problem("web", f"a page failed: {type(error).__name__} at {where}")
        return self.pages.notice("error", status=500)
