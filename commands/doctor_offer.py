"""`doctor`: the links of the offer that lead to `serve` itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import unquote, urlsplit

from commands.context import Context
from newsroom.masthead import Newsroom

SIGN_IN = "/sign-in"
SIGN_UP = "/subscribe"
_LINKS = ("subscribe_url", "terms_url", "login_url", "account_url")


def check_offer(room: Context) -> None:
    """Warn of each link of the offer that leads to an address of ours at which there is nothing."""
    newsroom = room.settings.newsroom
    if newsroom.site_url != newsroom.public_url and not room.settings.web.gate:
        # Another program answers there as well: what it has is not known here.
        return
    from web.app import is_answered

    for line in dead_links(newsroom, lambda path: is_answered(room.settings, room.engine, path)):
        room.troubles.warn("offer", f"{room.settings.path}: {line}")


def dead_links(newsroom: Newsroom, is_there: Callable[[str], bool]) -> list[str]:
    """What to say of the offer's links to our own host where nothing `is_there`, by path."""
    found = []
    own = urlsplit(newsroom.public_url).netloc
    offer = asdict(newsroom.offer)
    for name in _LINKS:
        url = urlsplit(offer[name])
        if name == "subscribe_url" and url.netloc == own and url.path.rstrip("/") == SIGN_UP:
            found.append(
                f"offer.{name}: {offer[name]}: that is `serve`'s form for the mail, where nobody can pay; "
                "name the page of your shop"
            )
        if url.netloc != own or is_there(unquote(url.path) or "/"):
            continue
        mend = (
            f"readers sign in at {newsroom.public_url}{SIGN_IN}"
            if name == "login_url"
            else "name your shop's"
        )
        found.append(f"offer.{name}: {offer[name]}: `serve` has no such page and answers 404; {mend}")
    return found
