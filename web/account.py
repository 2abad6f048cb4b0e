"""What a signed-in reader sees of the sign-in: in which browsers it holds, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_time
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from newsroom.database import reading, writing
from newsroom.log import step
from readership import sessions
from readership.reader import Plan
from readership.sessions import KEPT, Session
from readership.tokens import preferences_token
from web.forms import Form, form_of
from web.house import House
from web.session import PROOF, SignedIn, csrf, is_own, sign_out, signed_in
from web.words import dates, words


def routes(house: House) -> list[BaseRoute]:
    """The addresses of a reader's account."""
    return [
        Route("/account", Account(house).__call__, methods=["GET", "POST"]),
        Route("/account/", _without_slash, methods=["GET"]),
    ]


async def _without_slash(_request: Request) -> Response:
    return RedirectResponse("/account", 301)


@dataclass(frozen=True, slots=True)
class Shown:
    """One session as its reader sees it."""

    id: str
    browser: str
    network: str
    begun: str
    seen: str
    is_this: bool


class Account:
    """Answers /account."""

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
            return to_sign_in("/account")
        if form is None:
            return self._page(who)
        if not is_own(self.house, who, form):
            return self._page(who, "account_once_more", status=403)
        action = form.get("action")
        if action == "end":
            return self._end(who, form.get("session"))
        return self._out(who, every=action == "all")

    def _end(self, who: SignedIn, session: str) -> Response:
        with writing(self.house.engine) as connection:
            ended = sessions.end(connection, who.reader.id, session)
        if session == who.session:
            return self._gone(who)
        return self._page(who, "account_ended" if ended else "")

    def _out(self, who: SignedIn, *, every: bool) -> Response:
        with writing(self.house.engine) as connection:
            sessions.end(connection, who.reader.id, None if every else who.session)
        step("web", signed_out_reader=who.reader.id, everywhere=every)
        return self._gone(who, every=every)

    def _gone(self, who: SignedIn, *, every: bool = False) -> Response:
        text = "account_out_all" if every else "account_out_text"
        response = self.house.pages.page(
            "account_out", "account_out_title", language_of(self.house, who), text=text
        )
        sign_out(self.house, response)
        return response

    def _page(self, who: SignedIn, note: str = "", *, status: int = 200) -> Response:
        language = language_of(self.house, who)
        with reading(self.house.engine) as connection:
            theirs = sessions.of_reader(connection, who.reader.id, self.house.now())
        today = self.house.now().astimezone(self.house.newsroom.time_zone).date()
        token = preferences_token(self.house.signing_keys, who.reader.id)
        return self.house.pages.page(
            "account",
            "account_title",
            language,
            status=status,
            address=who.reader.address,
            note=note,
            has_access=who.reader.plan_on(today) is not Plan.FREE,
            preferences=f"/preferences/{token}",
            sessions=[self._shown(one, who, language) for one in theirs],
            proof_name=PROOF,
            proof=csrf(self.house, who),
            days=KEPT.days,
        )

    def _shown(self, one: Session, who: SignedIn, language: str) -> Shown:
        unknown = words(language)["account_unknown"]
        return Shown(
            one.id,
            one.browser or unknown,
            one.network,
            self._moment(one.begun, language),
            self._moment(one.seen, language),
            one.id == who.session,
        )

    def _moment(self, moment: datetime, language: str) -> str:
        there, comma = dates(language), words(language)["comma"]
        zone = self.house.newsroom.time_zone
        local = moment.astimezone(zone)
        return comma.join(
            (format_date(local, "medium", locale=there), format_time(local, "short", locale=there))
        )


def to_sign_in(path: str) -> Response:
    """The way to the sign-in page, and from there to `path`, one of ours."""
    return RedirectResponse(
        f"/sign-in?next={path}", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def language_of(house: House, who: SignedIn) -> str:
    """In which language the reader's pages are: the reader's, where the pages have words in it."""
    return who.reader.language or house.newsroom.language
