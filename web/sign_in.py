"""Signing in without a password: a mail with a link for the browser that asked, and a code to type into it.

The form's page says the same whoever has the address, in the same time: the letter is written behind it
(`newsletter.letters.sign_in_letters`). What was asked for is tied to the browser by a cookie, so that a link
that somebody else asked for, or somebody else opens, signs nobody in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from math import ceil

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from newsroom.database import reading, writing
from newsroom.errors import ReaderError
from newsroom.log import step
from readership import sessions, sign_ins
from readership.address import mailable, recipient_key
from readership.reader import Reader
from readership.sign_ins import HOLDS, PER_NETWORK, SignIn
from readership.tokens import read_sign_in
from web import session
from web.clients import network_of
from web.forms import Form, form_of, token_of
from web.house import House
from web.local import local_path, sign_in_with, sign_up_with
from web.session import cookie_name, set_cookie, signed_in
from web.words import words

ASKING = "standfirst-asks"
"""The cookie that ties what was asked for to the browser; the form sets it, for as long as that holds."""

_MINUTES = HOLDS.seconds // 60


def routes(house: House) -> list[BaseRoute]:
    """The addresses of signing in."""
    door = SignInDoor(house)
    return [
        Route("/sign-in", door.form, methods=["GET", "POST"]),
        Route("/sign-in/code", door.code, methods=["GET", "POST"]),
        Route("/sign-in/{token:path}", door.link, methods=["GET", "POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Client:
    """What a request says of its browser."""

    asking: str
    """The hash of its cookie; empty without one."""
    reader: Reader | None
    """Who is signed in there."""
    network: str


class SignInDoor:
    """Answers /sign-in and what stands below it."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def form(self, request: Request) -> Response:
        """/sign-in: the form for GET, the page that waits behind a POST."""
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self._form, request, form)

    async def code(self, request: Request) -> Response:
        """/sign-in/code: the page that waits, where a code may be typed."""
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self._code, request, form)

    async def link(self, request: Request) -> Response:
        """/sign-in/TOKEN: a page with a button; its POST signs in."""
        token = token_of(request)
        if request.method != "POST":
            return await run_in_threadpool(self._link, request, token)
        await form_of(request)
        return await run_in_threadpool(self._sign_in, request, token)

    def _form(self, request: Request, form: Form | None) -> Response:
        values = request.query_params if form is None else form
        after = local_path(values.get("next") or "")
        language = _language(values.get("language") or "")
        if form is None:
            if signed_in(self.house, request) is not None:
                return _to(after or "/account")
            return self._ask(after, language)
        typed = form.get("address")[:1_000]
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            # Another site's form: its reader sees here what was written there, and sends it, or does not.
            return self._ask(after, language, address=typed, note="sign_in_once_more")
        try:
            address = mailable(typed)
        except ReaderError:
            return self._ask(after, language, address=typed, bad=True)
        return self._note(request, address, after, language)

    def _note(self, request: Request, address: str, after: str, language: str) -> Response:
        client, key = self._client(request), self.house.settings.secrets.address_key
        # The browser's cookie goes on: the mail that was sent a minute ago is as good as the next one.
        own = request.cookies.get(cookie_name(self.house, ASKING), "")[:200]
        fresh = sessions.secret()
        now = self.house.now()
        with writing(self.house.engine) as connection:
            if not own or sign_ins.of_browser(connection, client.asking, now) is None:
                own = fresh
            sign_in = SignIn(
                id=secrets.token_hex(16),
                browser=sessions.hash_of(own),
                key=recipient_key(key, address),
                address=address,
                language=language,
                next=after,
                asked=now,
            )
            goes_on = sign_ins.ask(connection, sign_in, key, client.network)
        if not goes_on:
            many = self._notice("many", language, status=429)
            ends = PER_NETWORK.begins(now) + PER_NETWORK.stretch
            many.headers["Retry-After"] = str(ceil((ends - now).total_seconds()))
            return many
        response = _to("/sign-in/code")
        set_cookie(self.house, response, ASKING, own, HOLDS.seconds)
        return response

    def _code(self, request: Request, form: Form | None) -> Response:
        client, now = self._client(request), self.house.now()
        if form is None:
            with reading(self.house.engine) as connection:
                waiting = sign_ins.of_browser(connection, client.asking, now)
            if waiting is not None:
                return self._wait(waiting)
            if client.reader is not None:
                return _to("/account")
            return self._notice("expired" if client.asking else "cookie", status=410)
        digits = "".join(sign for sign in form.get("code")[:100] if sign.isdecimal())
        # Arabic keyboards have digits of their own.
        typed = "".join(str(int(sign)) for sign in digits)
        key = self.house.settings.secrets.address_key
        reader = own = None
        with writing(self.house.engine) as connection:
            waiting = sign_ins.of_browser(connection, client.asking, now)
            if waiting is None:
                return self._none(client, local_path(form.get("next")))
            if len(typed) != 6:
                return self._wait(waiting, "sign_in_code_bad")
            right = sign_ins.try_code(connection, waiting, typed, key, client.network, now)
            if right:
                reader = sign_ins.use(connection, waiting)
            if reader is not None:
                own = session.begin(self.house, connection, request, reader.id)
        if reader is None or own is None:
            return self._wait(waiting, "sign_in_code_many" if right is None else "sign_in_code_wrong")
        return self._done(waiting, reader, own)

    def _none(self, client: _Client, after: str) -> Response:
        """Nothing waits here: the link was opened in another tab, the time is over, or the cookie did
        not come back."""
        if client.reader is not None:
            return self._notice("in", client.reader.language, after=after)
        return self._notice("expired" if client.asking else "cookie", status=410, after=after)

    def _link(self, request: Request, token: str) -> Response:
        client, now = self._client(request), self.house.now()
        asked = read_sign_in(self.house.signing_keys, token)
        if asked is None:
            return self._notice("unknown", status=404)
        with reading(self.house.engine) as connection:
            waiting = sign_ins.find(connection, asked[0], now)
        return self._obstacle(waiting, client) or self._button(waiting)

    def _sign_in(self, request: Request, token: str) -> Response:
        client, now = self._client(request), self.house.now()
        asked = read_sign_in(self.house.signing_keys, token)
        if asked is None:
            return self._notice("unknown", status=404)
        with writing(self.house.engine) as connection:
            waiting = sign_ins.find(connection, asked[0], now)
            obstacle = self._obstacle(waiting, client)
            if waiting is None or obstacle is not None:
                return obstacle or self._notice("expired", status=410)
            reader = sign_ins.use(connection, waiting)
            if reader is None:
                # Erased meanwhile, or another click was quicker.
                return self._notice("expired", waiting.language, status=410, after=waiting.next)
            own = session.begin(self.house, connection, request, reader.id)
        return self._done(waiting, reader, own)

    def _obstacle(self, waiting: SignIn | None, client: _Client) -> Response | None:
        if waiting is None:
            if client.reader is not None:
                return self._notice("in", client.reader.language)
            return self._notice("expired", status=410)
        if not client.asking or not secrets.compare_digest(waiting.browser, client.asking):
            return self._notice("elsewhere", waiting.language, after=waiting.next)
        return None

    def _done(self, waiting: SignIn, reader: Reader, own: str) -> Response:
        step("web", signed_in_reader=reader.id)
        response = _to(local_path(waiting.next) or "/account")
        session.sign_in(self.house, response, own)
        set_cookie(self.house, response, ASKING, "", 0)
        return response

    def _client(self, request: Request) -> _Client:
        asking = request.cookies.get(cookie_name(self.house, ASKING), "")[:200]
        who = signed_in(self.house, request)
        return _Client(
            asking=sessions.hash_of(asking) if asking else "",
            reader=None if who is None else who.reader,
            network=network_of(request, self.house.settings.web.proxies),
        )

    def _ask(
        self, after: str, language: str, *, address: str = "", note: str = "", bad: bool = False
    ) -> Response:
        if not self.house.newsletters:
            return self._notice("closed", language)
        return self.house.pages.page(
            "sign_in",
            "sign_in_title",
            language or self.house.newsroom.language,
            status=422 if bad else 200,
            next=after,
            tongue=language,
            address=address,
            note=note,
            bad=bad,
            sign_up=self.house.settings.web.sign_up,
            sign_up_with=sign_up_with(after),
        )

    def _wait(self, waiting: SignIn, error: str = "") -> Response:
        return self.house.pages.page(
            "sign_in_code",
            "sign_in_code_title",
            waiting.language or self.house.newsroom.language,
            status=422 if error else 200,
            address=waiting.address,
            error=error,
            next=local_path(waiting.next),
            again=sign_in_with(local_path(waiting.next)),
            minutes=_MINUTES,
            contact=self.house.contact,
        )

    def _button(self, waiting: SignIn | None) -> Response:
        assert waiting is not None  # noqa: S101  # `_obstacle` has looked.
        language = waiting.language or self.house.newsroom.language
        return self.house.pages.page("sign_in_link", "sign_in_title", language, address=waiting.address)

    def _notice(self, key: str, language: str = "", *, status: int = 200, after: str = "") -> Response:
        after = local_path(after)
        return self.house.pages.page(
            "sign_in_notice",
            f"sign_in_{key}_title",
            language or self.house.newsroom.language,
            status=status,
            text=f"sign_in_{key}_text",
            what=key,
            next=after,
            again=sign_in_with(after),
            minutes=_MINUTES,
            contact=self.house.contact,
        )


def _language(asked: str) -> str:
    """The language that was asked for, where the pages have words in it; else nothing."""
    return asked if asked and len(asked) <= 35 and words(asked)["lang"] == asked else ""


def _to(path: str) -> Response:
    # See Other: the browser asks for the page, it does not send the form there.
    return RedirectResponse(path, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
