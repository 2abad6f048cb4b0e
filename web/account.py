"""What a signed-in reader sees of the sign-in: in which browsers it holds, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_time
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from newsroom.database import reading, writing
from newsroom.log import step
from readership import sessions
from readership.reader import Plan
from readership.sessions import KEPT, Session
from readership.tokens import preferences_token
from web.forms import Form
from web.house import House
from web.session import PROOF, SignedIn, csrf, sign_out
from web.signed_page import SignedPage
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


class Account(SignedPage):
    """Answers /account."""

    path = "/account"

    def act(self, who: SignedIn, form: Form) -> Response:
        """End one session, or sign out here or everywhere. Raises StoreError."""
        action = form.get("action")
        if action == "end":
            return self._end(who, form.get("session"))
        return self._out(who, every=action == "all")

    def _end(self, who: SignedIn, session: str) -> Response:
        with writing(self.house.engine) as connection:
            ended = sessions.end(connection, who.reader.id, self.house.now(), session)
        if session == who.session:
            return self._gone(who)
        return self.page(who, "account_ended" if ended else "")

    def _out(self, who: SignedIn, *, every: bool) -> Response:
        with writing(self.house.engine) as connection:
            sessions.end(connection, who.reader.id, self.house.now(), None if every else who.session)
        step("web", signed_out_reader=who.reader.id, everywhere=every)
        return self._gone(who, every=every)

    def _gone(self, who: SignedIn, *, every: bool = False) -> Response:
        text = "account_out_all" if every else "account_out_text"
        response = self.house.pages.page(
            "account_out", "account_out_title", self.house.language_of(who.reader), text=text
        )
        sign_out(self.house, response)
        return response

    def page(self, who: SignedIn, note: str = "", *, status: int = 200) -> Response:
        """The sessions, and what was done."""
        language = self.house.language_of(who.reader)
        with reading(self.house.engine) as connection:
            theirs = sessions.of_reader(connection, who.reader.id, self.house.now())
        token = preferences_token(self.house.signing_keys, who.reader.id)
        return self.house.pages.page(
            "account",
            "account_title",
            language,
            status=status,
            address=who.reader.address,
            note=note,
            has_access=who.reader.plan_on(self.house.today) is not Plan.FREE,
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
