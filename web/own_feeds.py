"""Where a signed-in reader sees, copies, renews and switches off the addresses of their own feeds.

They open whole articles, so that a link in a mail, which may be passed on, is not enough to see them.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from readership import feed_uses
from web.forms import Form
from web.house import House
from web.private_feeds import addresses_of, revoke, rotate, sharing_of
from web.session import PROOF, SignedIn, csrf
from web.signed_page import SignedPage

PATH = "/account/feeds"


def routes(house: House) -> list[BaseRoute]:
    """The page."""
    return [Route(PATH, OwnFeeds(house).__call__, methods=["GET", "POST"])]


class OwnFeeds(SignedPage):
    """Answers /account/feeds."""

    path = PATH

    def act(self, who: SignedIn, form: Form) -> Response:
        """Make new addresses, or switch them off. Raises StoreError."""
        match form.get("action"):
            case "new":
                rotate(self.house, who.reader.id)
                return self.page(who, "private_made")
            case "stop":
                revoke(self.house, who.reader.id)
                return self.page(who, "private_stopped")
        return self.page(who)

    def page(self, who: SignedIn, note: str = "", *, status: int = 200) -> Response:
        """The addresses, and whether they may be shared, and what was done."""
        found = addresses_of(self.house, who.reader)
        shared = sharing_of(self.house, who.reader.id)
        warnings = ("private_service",) if shared.subscribers > 1 else ()
        if shared.networks > feed_uses.USUAL_NETWORKS:
            warnings = (*warnings, "private_networks")
        return self.house.pages.page(
            "own_feeds",
            "private_title",
            self.house.language_of(who.reader),
            status=status,
            headers=self.house.pages.copying,
            copying=self.house.pages.copy_script,
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
