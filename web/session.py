"""Who is signed in: read from a cookie that no script sees and no other site's form brings along.

The cookie is set by signing in alone, so nobody has one who has not submitted a form.
"""

from __future__ import annotations

import contextlib
import hmac
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from newsroom.database import reading, writing
from newsroom.errors import StoreError
from readership import sessions, store
from readership.reader import Reader
from readership.sessions import NOTED
from readership.tokens import read_session_proof, session_proof
from web.browsers import browser_of
from web.clients import network_of
from web.forms import Form
from web.house import House

PROOF = "proof"
"""The name of the form field that holds what `csrf` returns."""
LONGEST = int(sessions.LONGEST.total_seconds())
"""Seconds: no browser keeps a cookie for longer, and the database no session."""
_LONGEST_SECRET = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that holds, and whose it is, as the database has both now."""

    session: str
    """Its id, which is not the cookie's secret."""
    reader: Reader


def signed_in(house: House, request: Request) -> SignedIn | None:
    """Who sent the request; None for whoever is not signed in. Raises StoreError. Call it in the thread pool.

    Once a day it is noted that the session is in use, which then lasts for another 90 days.
    """
    own = request.cookies.get(cookie_name(house, "standfirst"), "")
    if not own or len(own) > _LONGEST_SECRET:
        return None
    now = house.now()
    with reading(house.engine) as connection:
        found = sessions.find(connection, own, now)
        reader = None if found is None else store.by_id(connection, found.reader_id)
    if found is None or reader is None:
        return None
    if now - found.seen >= NOTED:
        # That it can't be noted just now keeps nobody from reading, nor lets anybody wait.
        with contextlib.suppress(StoreError), writing(house.engine, within=0.1) as connection:
            sessions.seen(connection, found.id, now)
    return SignedIn(found.id, reader)


def has_cookie(house: House, request: Request) -> bool:
    """Whether the browser holds a session's cookie, good or not."""
    return cookie_name(house, "standfirst") in request.cookies


def csrf(house: House, session: SignedIn) -> str:
    """What every form of a page that `session` was shown has to send back, in the field PROOF."""
    return session_proof(house.signing_keys, session.session)


def is_own(house: House, session: SignedIn, form: Form) -> bool:
    """Whether the form was drawn by us, for this session."""
    said = read_session_proof(house.signing_keys, form.get(PROOF))
    return said is not None and hmac.compare_digest(said.encode(), session.session.encode())


def cookie_name(house: House, name: str) -> str:
    """The cookie's whole name: with the prefix no subdomain and no http page can set it (RFC 6265bis, 4.1.3).

    A browser takes no such cookie over http, where only a trial on a loopback address is.
    """
    return f"__Host-{name}" if house.is_https else name


def set_cookie(house: House, response: Response, name: str, value: str, seconds: int) -> None:
    """Have the browser keep the cookie, or with 0 seconds forget it."""
    response.set_cookie(
        cookie_name(house, name),
        value,
        max_age=seconds,
        path="/",
        secure=house.is_https,
        httponly=True,
        samesite="lax",
    )


def sign_in(house: House, response: Response, own: str) -> None:
    """Put the secret of a session that has begun into the answer."""
    set_cookie(house, response, "standfirst", own, LONGEST)


def begin(house: House, connection: Connection, request: Request, reader_id: int) -> str:
    """Sign the reader in; returns the secret for `sign_in`. It is never the one that the browser came with,
    whose session ends."""
    now = house.now()
    own = request.cookies.get(cookie_name(house, "standfirst"), "")[:_LONGEST_SECRET]
    former = sessions.find(connection, own, now) if own else None
    if former is not None:
        sessions.end(connection, former.reader_id, now, former.id)
    browser = browser_of(request.headers.get("user-agent", ""))
    network = network_of(request, house.settings.web.proxies)
    return sessions.begin(connection, reader_id, browser, network, now)


def sign_out(house: House, response: Response) -> None:
    """Have the browser forget its session, which has ended."""
    set_cookie(house, response, "standfirst", "", 0)
