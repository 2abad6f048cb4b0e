"""The newsroom's front page, and what monitors and robots ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from babel.dates import format_time, get_day_names
from sqlalchemy.engine import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from feeds.listing import ENDINGS, listed
from feeds.words import words as feed_words
from newsroom.errors import StandfirstError
from newsroom.log import problem
from newsroom.masthead import Archive, Newsletter, Newsroom
from web.pages import Pages
from web.words import locale, words

WEEK = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """One section on the front page: its title and the feeds of it that there are."""

    title: str
    files: tuple[tuple[str, str], ...]
    """Kind and address."""
    paid: str = ""
    """That its articles are paid for, in words; empty where they are not."""


@dataclass(frozen=True, slots=True)
class NewsletterLine:
    """One newsletter on the front page, with its hours in words."""

    title: str
    hours: str


@dataclass(frozen=True, slots=True)
class Front:
    """Answers /."""

    pages: Pages
    newsletters: Sequence[Newsletter]
    feeds_dir: Path
    is_open: bool = True
    """Whether anybody may sign up."""

    async def __call__(self, request: Request) -> Response:
        """The front page: what this newsroom is, its feeds, its newsletters."""
        return await run_in_threadpool(self.show)

    def show(self) -> Response:
        """The front page as it is now: a feed that is not published yet is not on it."""
        newsroom = self.pages.newsroom
        return self.pages.page(
            "front",
            "",
            newsroom.language,
            headers={"Cache-Control": "public, max-age=300"},
            feeds=feeds_of(newsroom, self.feeds_dir),
            foot=of_the_house(foot(self.newsletters, self.feeds_dir, is_open=self.is_open)),
            can_sign_up=self.is_open and bool(self.newsletters),
            has_archive=any(one.archive is Archive.EVERYONE for one in self.newsletters),
            has_index=(self.feeds_dir / "index.html").is_file(),
            newsletters=[
                NewsletterLine(one.title, hours(one, newsroom.language)) for one in self.newsletters
            ],
        )


Ways = tuple[tuple[str, str], ...]
"""Addresses, each with the key of what it is called."""


def foot(newsletters: Sequence[Newsletter], feeds_dir: Path, *, is_open: bool) -> Ways:
    """Where the foot of a public page leads: to all that the front offers, and to who is behind it."""
    has_archive = any(one.archive is Archive.EVERYONE for one in newsletters)
    offers = (
        ("/subscribe", "sign_up_link", is_open and bool(newsletters)),
        ("/feeds/", "all_feeds", (feeds_dir / "index.html").is_file()),
        ("/archive/", "archive_title", has_archive),
    )
    contact = next((one.reply_to or one.sender for one in newsletters), "")
    ways = [(address, key) for address, key, is_there in offers if is_there]
    return (*ways, ("/privacy", "privacy_link"), *(((f"mailto:{contact}", "write"),) if contact else ()))


def of_the_house(ways: Ways) -> Ways:
    """Those that a page has not which offers the others itself."""
    return tuple(one for one in ways if one[1] in ("privacy_link", "write"))


def feeds_of(newsroom: Newsroom, folder: Path) -> list[FeedLinks]:
    """Every section with the feeds that are in `folder`; sections without any are left out."""
    paid = feed_words(newsroom.language).paid
    found = []
    for feed in listed(newsroom):
        files = tuple(
            (kind, f"/feeds/{feed.name}{ending}")
            for ending, kind in ENDINGS
            if (folder / f"{feed.name}{ending}").is_file()
        )
        if files:
            found.append(FeedLinks(feed.title, files, paid if feed.is_sponsored else ""))
    return found


def hours(newsletter: Newsletter, language: str) -> str:
    """ "Every day at 06:00", or the days by name, in `language`."""
    ours, there = words(language), locale(language)
    time = format_time(newsletter.at, "short", locale=there)
    if newsletter.days == WEEK:
        return ours["every_day"].format(time=time)
    names = get_day_names("wide", "stand-alone", there)
    days = ours["comma"].join(names[day - 1] for day in sorted(newsletter.days))
    return ours["some_days"].format(days=days[:1].upper() + days[1:], time=time)


async def to_feeds(_request: Request) -> Response:
    """The feeds' page has a slash at its end, so that its links lead where they should."""
    return RedirectResponse("/feeds/", 301)


def without_slash(path: str) -> BaseRoute:
    """Answers `path` with a slash too many at its end; what stands in braces is taken over."""

    async def answer(request: Request) -> Response:
        given = {name: quote(value, safe="") for name, value in request.path_params.items()}
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(path.format(**given) + query, 301)

    return Route(f"{path}/", answer, methods=["GET"])


@dataclass(frozen=True, slots=True)
class Icon:
    """Answers /favicon.ico, which browsers ask for whatever a page says."""

    file: Path
    """The newsroom's own, where it has put one there."""

    async def __call__(self, _request: Request) -> Response:
        """The icon, or nothing; either is kept for a day."""
        kept = {"Cache-Control": "public, max-age=86400"}
        if await run_in_threadpool(self.file.is_file):
            return FileResponse(self.file, headers=kept, media_type="image/x-icon")
        return Response(status_code=204, headers=kept)


_PERSONAL = ("/unsubscribe/", "/confirm/", "/preferences/", "/private/", "/edition/", "/sign-in", "/account")


async def robots(_request: Request) -> Response:
    """What search engines are asked to leave alone (RFC 9309)."""
    return PlainTextResponse(
        "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in _PERSONAL),
        headers={"Cache-Control": "max-age=86400"},
    )


async def healthz(_request: Request) -> Response:
    """200 while the process answers at all."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Readiness:
    """Answers /readyz: 200 where readers can be served, 503 where they cannot."""

    engine: Engine
    check: Callable[[Engine], None]
    """Raises StandfirstError where the database is not as this release needs it."""

    async def __call__(self, _request: Request) -> Response:
        """What is wrong goes to the log alone: this address is public."""
        ready = await run_in_threadpool(self.ask)
        text, status = ("ready\n", 200) if ready else ("not ready: see the log\n", 503)
        return PlainTextResponse(text, status, {"Cache-Control": "no-store"})

    def ask(self) -> bool:
        """True where the database is there and current."""
        try:
            self.check(self.engine)
        except (StandfirstError, sa.exc.SQLAlchemyError) as error:
            problem("web", f"not ready: {error}")
            return False
        return True
