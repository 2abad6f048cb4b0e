"""The article gate: where a newsroom without a site of its own is read.

An article goes out as a Teaser, made by content/teaser.py. Its body goes out by content/entitlement.py alone,
to a viewer whom the database knows; nothing is compared, and no page is made, before that is settled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from content import opening
from content.article import Access
from content.entitlement import Viewer
from content.opening import Moved, Opened, Withdrawn
from content.teaser import Teaser
from newsletter.rendering.straight_in import PARAMETER, Pass, Passes
from newsroom.database import reading
from newsroom.masthead import Offer, SectionKind
from readership.reader import Plan
from web.front import without_slash
from web.gate_cards import ACROSS, Draughtsman
from web.gate_frame import files_of, frame, title_of
from web.gate_fronts import Fronts
from web.gate_lists import Related
from web.gate_metadata import canonical_of, json_ld, properties
from web.gate_shelves import Pools, Shelf, pools
from web.gate_text import for_page, repeats
from web.headers import NEVER_KEPT
from web.house import House
from web.local import sign_in_with, sign_up_with
from web.session import SignedIn, signed_in
from web.validators import fresh
from web.words import words

PUBLIC = "public, max-age=300"
ASKED_FOR = "private, no-cache"
"""Of a page that says something else to others: kept by the reader's browser alone, which asks each time."""


def routes(house: House) -> list[BaseRoute]:
    """The addresses of the gate; none where articles are read elsewhere."""
    if not house.settings.web.gate:
        return []
    gate, fronts = Gate(house), Fronts(house)
    return [
        Route("/", fronts.front, methods=["GET"]),
        Route("/sections/{section}", fronts.section, methods=["GET"]),
        without_slash("/sections/{section}"),
        Route("/articles/{slug}", gate.article, methods=["GET"]),
        Route("/articles/{slug}/", _without_slash, methods=["GET"]),
    ]


async def _without_slash(request: Request) -> Response:
    """Where an address with a slash too many leads, with its token if it has one."""
    query = f"?{request.url.query}" if request.url.query else ""
    slug = quote(request.path_params["slug"], safe="")
    return RedirectResponse(f"/articles/{slug}{query}", 301, {"Cache-Control": ASKED_FOR})


@dataclass(frozen=True, slots=True)
class Asking:
    """Who opens an article: a session, a link's token, both or neither."""

    session: SignedIn | None
    token: str
    found: Pass | None
    """What the token says, where it is good."""

    @property
    def is_anybody(self) -> bool:
        """Whether this is a request as everybody could send it."""
        return self.session is None and not self.token


class Gate:
    """Answers /articles/SLUG."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._draw = Draughtsman(house.newsroom)
        self._passes = Passes.of(house.settings)
        self._pools = Shelf[Pools]()

    async def article(self, request: Request) -> Response:
        """The article, as much of it as who asks may read."""
        return await run_in_threadpool(self.open, request)

    def open(self, request: Request) -> Response:
        """The page; 301 where the article has another slug now, 410 where it was withdrawn, else 404."""
        house, now = self._house, self._house.now()
        slug, paywall = request.path_params["slug"], house.newsroom.paywall
        token = request.query_params.get(PARAMETER, "")
        said = self._passes.read(token, now) if token and self._passes else None
        asking = Asking(signed_in(house, request), token, said)

        def viewer_of(teaser: Teaser) -> Viewer:
            return self._viewer(asking, teaser)

        with reading(house.engine) as connection:
            found = opening.opened(connection, slug, viewer_of, now, paywall)
        if isinstance(found, Moved):
            query = f"?{request.url.query}" if request.url.query else ""
            headers = {"Cache-Control": ASKED_FOR}
            return RedirectResponse(f"/articles/{quote(found.slug, safe='')}{query}", 301, headers)
        if isinstance(found, Withdrawn):
            return house.pages.notice("gate_withdrawn", status=410)
        if found is None:
            return house.pages.notice("gate_missing", status=404)
        related = self._pools.get(now, self._read).behind(found.teaser)
        return fresh(request, self._page(found, related, asking, f"/articles/{quote(slug, safe='')}"))

    def _read(self) -> Pools:
        with reading(self._house.engine) as connection:
            return pools(connection, self._house.newsroom, self._house.now())

    def _viewer(self, asking: Asking, teaser: Teaser) -> Viewer:
        viewer = Viewer()
        if asking.session is not None:
            reader = asking.session.reader
            viewer = Viewer(True, reader.plan_on(self._house.today) is not Plan.FREE, reader.products)
        if asking.found is not None and asking.found.opens(teaser):
            viewer = replace(
                viewer, registered=True, paying=True, products=viewer.products | asking.found.products
            )
        return viewer

    def _page(self, found: Opened, related: Related, asking: Asking, path: str) -> Response:
        house, teaser = self._house, found.teaser
        newsroom, draw = house.newsroom, self._draw
        language, is_private = newsroom.language, found.body is not None and teaser.is_closed
        ours = words(language)
        section = next((one for key in teaser.sections if (one := newsroom.section(key))), None)
        body = public = ""
        if found.body is not None:
            body = self._text(found.body.html)
        elif teaser.public_html:
            public = self._text(teaser.public_html)
        updated = max(teaser.updated, teaser.published)
        shown_updated = draw.moment(updated)
        published = draw.moment(teaser.published)
        canonical = canonical_of(teaser, newsroom, path)
        until = asking.found.until if asking.found and asking.found.opens(teaser) and is_private else None
        return house.pages.page(
            "gate_article",
            "gate_article_title",
            language,
            headers=_headers(teaser, asking, is_private=is_private),
            **frame(house, section.key if section else ""),
            headline=teaser.headline,
            said=draw.words,
            card=draw.card(teaser, ACROSS),
            section=section,
            files=files_of(house, section),
            published=published,
            published_iso=teaser.published.isoformat(),
            updated=shown_updated if shown_updated != published else "",
            updated_iso=updated.isoformat(),
            shows_teaser=bool(teaser.teaser) and not repeats(body, teaser.teaser),
            public=public,
            body=body,
            is_closed=teaser.is_closed,
            is_private=is_private or bool(asking.token),
            canonical=canonical,
            properties=tuple(properties(teaser, newsroom, canonical)),
            json_ld=json_ld(teaser, newsroom),
            until=draw.moment(until) if until else "",
            **self._wall(found, asking, path),
            features=draw.cards(related.features),
            briefs=draw.cards(related.briefs),
            briefs_title=title_of(newsroom, SectionKind.BRIEFS, ours["gate_briefs"]),
            latest=draw.cards(related.latest),
            latest_title=title_of(newsroom, SectionKind.LATEST, ours["gate_latest"]),
            bookings=draw.cards(related.sponsored),
            sponsored_title=title_of(newsroom, SectionKind.SPONSORED, draw.words.paid_content),
            can_sign_up=house.settings.web.sign_up and bool(house.newsletters),
        )

    def _text(self, html: str) -> str:
        ours = words(self._house.newsroom.language)
        return for_page(html, self._house.newsroom.public_url, ours["gate_picture"], ours["gate_table"])

    def _wall(self, found: Opened, asking: Asking, path: str) -> dict[str, Any]:
        """What stands in the body's place. A sensitive article has nothing for sale in it."""
        teaser, newsroom, session = found.teaser, self._house.newsroom, asking.session
        none: dict[str, Any] = {
            "wall": "",
            "notes": (),
            "offer": None,
            "contact": "",
            "account_url": "",
            "sign_in": "",
            "sign_up": "",
        }
        if found.body is not None:
            return none
        notes: list[str] = []
        pays = self._viewer(replace(asking, found=None), teaser).paying
        if asking.token:
            notes.append("gate_link_over")
        if session is not None and teaser.access is Access.PAID:
            notes.append("gate_not_included" if pays else "gate_without")
        is_for_sale = teaser.access is Access.PAID and not teaser.sensitive and not pays
        return {
            "wall": "gate_registered" if teaser.access is Access.REGISTERED else "gate_paid",
            "notes": tuple(notes),
            "offer": newsroom.offer if is_for_sale and newsroom.offer != Offer() else None,
            "contact": newsroom.offer.contact if pays and not teaser.sensitive else "",
            "account_url": newsroom.offer.account_url if pays else "",
            "sign_in": "" if session else sign_in_with(path),
            "sign_up": sign_up_with(path),
        }


def _headers(teaser: Teaser, asking: Asking, *, is_private: bool) -> dict[str, str]:
    if is_private or asking.token:
        return {"Cache-Control": NEVER_KEPT}
    # Of a closed article others get another page: no cache that several share may hold either.
    kept = ASKED_FOR if teaser.is_closed or not asking.is_anybody else PUBLIC
    return {"Cache-Control": kept, "X-Robots-Tag": "all"}
