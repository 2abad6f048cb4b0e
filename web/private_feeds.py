"""Private feeds: whole articles for a reader's own feed reader, at addresses that can be taken back.

Nothing is compared, counted or made before the database says that the address is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache, partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from content.entitlement import Viewer
from feeds.listing import ENDINGS, listed
from feeds.private_pieces import Own
from feeds.retire import moved_to
from newsroom.database import reading, writing
from newsroom.log import step
from newsroom.masthead import Newsroom
from readership import feed_addresses, feed_uses
from readership.feed_addresses import Holder
from readership.feed_uses import Fetched, Sharing
from readership.reader import Reader
from readership.tokens import LONGEST_TOKEN, read_feed_token
from web.clients import UNKNOWN, network_of
from web.feed_agents import agent_of
from web.headers import NEVER_KEPT
from web.house import House
from web.private_holders import Holders
from web.private_shelf import TYPES, Copy, Shelf
from web.private_uses import Uses
from web.validators import is_unchanged, takes_gzip

_SAFE = (
    # The address is a secret: no link in the feed tells it to where it leads.
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; frame-ancestors 'none'; sandbox"),
)
_KEPT = b"private, no-cache"
"""A feed reader may keep it, and asks each time whether it still may have it."""
_GONE = {"Cache-Control": NEVER_KEPT}


def routes(house: House) -> list[BaseRoute]:
    """What answers /private/."""
    # Not a function: Starlette then hands on the bare request, of which there are many.
    return [Route("/private/{rest:path}", PrivateFeeds(house), methods=["GET"])]


class PrivateFeeds:
    """Answers /private/TOKEN/SECTION.rss, .atom and .json."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._names = frozenset(house.newsroom.feeds)
        self._holders = Holders(house.engine)
        self._shelf = Shelf(house.engine, house.newsroom, house.settings.public_dir / "feeds")
        # What was signed stays signed; whether the address is still good is asked of the database each time.
        self._read = lru_cache(maxsize=2_000)(partial(read_feed_token, house.signing_keys))
        self._uses = Uses(house.engine, house.settings.secrets.address_key, house.now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The feed, 304 where it is as it was, 410 where the address is no more, 404 where it never was."""
        token, _, file = scope["path_params"]["rest"].partition("/")
        name, dot, kind = file.rpartition(".")
        holder = await self._holder(token)
        if holder is None:
            await self._gone()(scope, receive, send)
            return
        ending = dot + kind
        if ending not in TYPES:
            raise HTTPException(404)
        if name not in self._names:
            response = await run_in_threadpool(self._elsewhere, token, name, ending)
            await response(scope, receive, send)
            return
        now = self._house.now()
        viewer = Viewer(True, holder.pays_on(self._day(now)), holder.products)
        copy = self._shelf.at_hand(name, ending, viewer, now)
        if copy is None:
            copy = await run_in_threadpool(self._shelf.fetch, name, ending, viewer, now)
        self._count(scope, holder)
        own = Own(token, holder.ended(self._house.newsroom.time_zone))
        await _answer(scope, send, ending, copy, own, _changed(copy, holder, own, paying=viewer.paying))

    async def _holder(self, token: str) -> Holder | None:
        """Whose address it is; None where it was good once: replaced, revoked, or its reader erased."""
        # No address is as long; what is, is not remembered either.
        said = self._read(token) if len(token) <= LONGEST_TOKEN else None
        if said is None:
            raise HTTPException(404)
        reader_id, generation = said
        holder = await self._holders.find(reader_id)
        return holder if holder is not None and holder.opens(generation) else None

    def _gone(self) -> Response:
        """That the address is no more, with the way to those of today."""
        ways = (("/account/feeds", "private_title"),)
        return self._house.pages.notice("private_gone", status=410, headers=_GONE, ways=ways)

    def _elsewhere(self, token: str, name: str, ending: str) -> Response:
        """Where a feed that is no more went: 301 to a renamed section's, 410 where dropped, else 404."""
        if len(name) > 100 or "\0" in name:
            raise HTTPException(404)
        with reading(self._house.engine) as connection:
            moved = moved_to(connection, name)
        if moved is None:
            raise HTTPException(404)
        if not moved:
            raise HTTPException(410, headers=_GONE)
        return RedirectResponse(f"/private/{token}/{moved}{ending}", 301, _GONE)

    def _count(self, scope: Scope, holder: Holder) -> None:
        request = Request(scope)
        agent = agent_of(request.headers.get("user-agent", ""))
        network = "" if agent.is_service else network_of(request, self._house.settings.web.proxies)
        known = "" if network == UNKNOWN else network
        self._uses.add(Fetched(holder.reader_id, agent.family, known, agent.subscribers, holder.generation))

    def _day(self, now: datetime) -> date:
        return now.astimezone(self._house.newsroom.time_zone).date()


def _changed(copy: Copy, holder: Holder, own: Own, *, paying: bool) -> datetime:
    """When the answer last became another one: by an article, or by what the reader may read."""
    of_reader = holder.updated if paying else max(holder.updated, own.ended)
    return max(copy.updated, of_reader.replace(microsecond=0))


async def _answer(scope: Scope, send: Send, ending: str, copy: Copy, own: Own, changed: datetime) -> None:
    asked = Headers(scope=scope)
    packed = takes_gzip(asked.get("accept-encoding", ""))
    mark = copy.pieces.mark_for(own)
    headers = [
        (b"etag", f'"{mark}{"-gzip" if packed else ""}"'.encode()),
        (b"last-modified", format_datetime(changed, usegmt=True).encode()),
        (b"cache-control", _KEPT),
        (b"vary", b"Accept-Encoding"),
        *_SAFE,
    ]
    if is_unchanged(asked, (mark, f"{mark}-gzip"), changed):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = copy.pieces.packed(own) if packed else copy.pieces.plain(own)
    if packed:
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-type", TYPES[ending].encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """One feed of a reader's own: its title, and each format's name with its address."""

    title: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FeedAddresses:
    """A reader's own feeds."""

    feeds: tuple[FeedAddress, ...]
    """None where they are revoked."""
    whole: bool
    """Whether the reader's plan opens whole articles today; else the feeds hold teasers."""


def addresses_of(house: House, reader: Reader) -> FeedAddresses:
    """The reader's own feeds, as the database has them. They are secrets: for the reader alone, in no log."""
    with reading(house.engine) as connection:
        holder = feed_addresses.holder(connection, reader.id)
    if holder is None:
        return FeedAddresses((), False)
    token = holder.token(house.signing_keys)
    return FeedAddresses(addresses(house.newsroom, token) if token else (), holder.pays_on(house.today))


def addresses(newsroom: Newsroom, token: str) -> tuple[FeedAddress, ...]:
    """The addresses that hold this token, all sections together first."""
    base = f"{newsroom.public_url}/private/{token}"
    return tuple(
        FeedAddress(feed.title, tuple((kind, f"{base}/{feed.name}{ending}") for ending, kind in ENDINGS))
        for feed in listed(newsroom)
    )


def rotate(house: House, reader_id: int) -> bool:
    """Give the reader new addresses, also after a `revoke`; those before answer 410 from now on."""
    with writing(house.engine) as connection:
        done = feed_addresses.rotate(connection, reader_id, house.now())
    if done:
        step("web", new_feed_addresses_reader=reader_id)
    return done


def revoke(house: House, reader_id: int) -> bool:
    """Leave the reader no feed of their own; the addresses answer 410 from now on."""
    with writing(house.engine) as connection:
        done = feed_addresses.revoke(connection, reader_id, house.now())
    if done:
        step("web", revoked_feed_addresses_reader=reader_id)
    return done


def sharing_of(house: House, reader_id: int) -> Sharing:
    """What points to the reader's addresses being shared, in the last seven days but for some seconds."""
    with reading(house.engine) as connection:
        return feed_uses.sharing(feed_uses.uses_of(connection, reader_id, house.now()))
