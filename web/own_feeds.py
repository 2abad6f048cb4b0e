"""Where a signed-in reader sees, copies, renews and switches off the addresses of their own feeds.

They open whole articles, so that a link in a mail, which may be passed on, is not enough to see them.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from readership import feed_uses
from web.account import language_of, to_sign_in
from web.forms import Form, form_of
from web.house import House
from web.private_feeds import addresses_of, revoke, rotate, sharing_of
from web.session import PROOF, SignedIn, csrf, is_own, signed_in

PATH = "/account/feeds"


def routes(house: House) -> list[BaseRoute]:
    """The page."""
    return [Route(PATH, OwnFeeds(house).__call__, methods=["GET", "POST"])]


class OwnFeeds:
    """Answers /account/feeds."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, request: Request) -> Response:
        """The page for GET, the deed for POST; whoever is not signed in goes to do that."""
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self.answer, request, form)

    def answer(self, request: Request, form: Form | None) -> Response:
        """What is shown or done. Raises StoreError."""
        who = signed_in(self.house, request)
        if who is None:
            return to_sign_in(PATH)
        if form is None:
            return self._page(who)
        if not is_own(self.house, who, form):
            return self._page(who, "account_once_more", status=403)
        match form.get("action"):
            case "new":
                rotate(self.house, who.reader.id)
                return self._page(who, "private_made")
            case "stop":
                revoke(self.house, who.reader.id)
                return self._page(who, "private_stopped")
        return self._page(who)

    def _page(self, who: SignedIn, note: str = "", *, status: int = 200) -> Response:
        found = addresses_of(self.house, who.reader)
        shared = sharing_of(self.house, who.reader.id)
        warnings = ("private_service",) if shared.subscribers > 1 else ()
        if shared.networks > feed_uses.USUAL_NETWORKS:
            warnings = (*warnings, "private_networks")
        return self.house.pages.page(
            "own_feeds",
            "private_title",
            language_of(self.house, who),
            status=status,
            note=note,
            feeds=found.feeds,
            whole=found.whole,
            warnings=warnings,
            service=shared.service,
            subscribers=shared.subscribers,
            networks=shared.networks,
            days=feed_uses.KEPT.days,
            proof_name=PROOF,
            proof=csrf(self.house, who),
        )
