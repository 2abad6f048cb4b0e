"""The link that confirms a sign-up: opening it changes nothing, one button does.

Mail scanners open every link, so GET only reads. Each link confirms its own sign-up, and once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.rendering.phrases import phrases
from newsroom.database import reading, writing
from newsroom.log import step
from readership import sessions, sign_up_store, store
from readership.consent import Consent, confirmed_by
from readership.reader import SubscriptionStatus
from readership.sign_up import KEPT, SignUp, Start, start
from readership.tokens import preferences_token, read_confirm
from web import session
from web.clients import network_of
from web.forms import token_of
from web.house import House
from web.local import local_path, sign_in_with
from web.words import words

SIGNS_UP = "standfirst-signs-up"
"""The cookie of a browser that came from some page to sign up: where it also confirms, it is signed in."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Answers /confirm/TOKEN."""

    house: House

    async def __call__(self, request: Request) -> Response:
        """The page with its button for GET and HEAD, the deed for POST."""
        token = token_of(request)
        if request.method != "POST":
            return await run_in_threadpool(self.show, token)
        return await run_in_threadpool(self.act, request, token)

    def show(self, token: str) -> Response:
        """What a person or a scanner sees; reads at most. Raises StoreError."""
        now = self.house.now()
        asked = read_confirm(self.house.signing_keys, token)
        if asked is None or now >= asked[1] + KEPT:
            return self._worthless(asked is None)
        with reading(self.house.engine) as connection:
            sign_up = sign_up_store.find(connection, asked[0])
            if sign_up is None:
                return self._used(connection, asked[0])
            known = sign_up_store.known_of(connection, sign_up.key)
        begins = start(known, sign_up, self.house.newsroom, self.house.newsletters, now)
        if begins is None:
            return self._dead(sign_up)
        return self._obstacle(sign_up) or self._ask(sign_up, begins)

    def act(self, request: Request, token: str) -> Response:
        """Let the mail begin, and sign in the browser that asked. Raises StoreError where that fails."""
        now, own = self.house.now(), ""
        network = network_of(request, self.house.settings.web.proxies)
        asked = read_confirm(self.house.signing_keys, token)
        if asked is None or now >= asked[1] + KEPT:
            return self._worthless(asked is None)
        with writing(self.house.engine) as connection:
            sign_up = sign_up_store.find(connection, asked[0])
            if sign_up is None:
                return self._used(connection, asked[0])
            known = sign_up_store.known_of(connection, sign_up.key)
            begins = start(known, sign_up, self.house.newsroom, self.house.newsletters, now)
            if begins is None:
                return self._dead(sign_up)
            obstacle = self._obstacle(sign_up)
            if obstacle is not None:
                return obstacle
            proofs = self._proofs(sign_up, begins, network, now)
            number = sign_up_store.confirm(connection, sign_up, begins, proofs, now)
            if number is None:
                return self._used(connection, sign_up.id)
            if self._is_same_browser(sign_up, request):
                own = session.begin(self.house, connection, request, number)
        step("web", signed_up_reader=number, newsletters=begins.started)
        wanted = self._wanted(sign_up)
        response = self._done(number, wanted, sign_up.language, sign_up.next, is_in=bool(own))
        if own:
            step("web", signed_in_reader=number)
            session.sign_in(self.house, response, own)
            session.set_cookie(self.house, response, SIGNS_UP, "", 0)
        return response

    def _is_same_browser(self, sign_up: SignUp, request: Request) -> bool:
        """Whether the form was sent off here: a link that somebody else asked for signs nobody in."""
        held = request.cookies.get(session.cookie_name(self.house, SIGNS_UP), "")[:200]
        return bool(held and sign_up.browser) and compare_digest(sessions.hash_of(held), sign_up.browser)

    def _proofs(self, sign_up: SignUp, begins: Start, network: str, now: datetime) -> list[Consent]:
        said = self._said(sign_up)
        words = "\n".join((said["title"], said["text"], *self._sections(sign_up, begins), said["button"]))
        return [
            Consent(
                sign_up=sign_up.id,
                newsletter=newsletter,
                sections=tuple(sorted(begins.sections[newsletter])),
                language=sign_up.language,
                asked=sign_up.asked,
                asked_network=sign_up.network,
                asked_words=sign_up.words,
                confirmed=now,
                confirmed_network=network,
                confirmed_words=words,
            )
            for newsletter in (*begins.started, *begins.changed)
        ]

    def _said(self, sign_up: SignUp) -> dict[str, str]:
        """What the page with the button says, by the part of it."""
        language = sign_up.language
        titles = self._titles(self._wanted(sign_up), language)
        return {
            key: self.house.pages.phrase(f"sign_up_confirm_{key}", language, newsletters=titles)
            for key in ("title", "text", "button")
        }

    def _sections(self, sign_up: SignUp, begins: Start) -> list[str]:
        """What it says of sections: those that each newsletter brings once it is confirmed, a line for all of
        them where they are the same. None where nobody chose any."""
        pages, language, wanted = self.house.pages, sign_up.language, self._wanted(sign_up)
        found = {one: begins.sections[one] for one in wanted}
        if not sign_up.sections and not any(found.values()):
            return []

        def titles(keys: frozenset[str]) -> str:
            some = [one.title for one in self.house.newsroom.sections if one.key in keys]
            # A title may have an "and" of its own.
            return words(language)["comma"].join(some) or words(language)["sign_up_confirm_sections_all"]

        if len(set(found.values())) == 1:
            every = titles(next(iter(found.values())))
            return [pages.phrase("sign_up_confirm_sections", language, sections=every)]
        return [
            pages.phrase(
                "sign_up_confirm_sections_of",
                language,
                newsletter=self._titles([one], language),
                sections=titles(keys),
            )
            for one, keys in found.items()
        ]

    def _ask(self, sign_up: SignUp, begins: Start) -> Response:
        newsletters = self._titles(self._wanted(sign_up), sign_up.language)
        return self.house.pages.page(
            "sign_up_confirm",
            "sign_up_confirm_title",
            sign_up.language,
            newsletters=newsletters,
            said=self._said(sign_up),
            sections=self._sections(sign_up, begins),
        )

    def _done(
        self,
        reader_id: int,
        newsletters: Sequence[str],
        language: str,
        after: str = "",
        *,
        is_in: bool = False,
    ) -> Response:
        after = local_path(after)
        token = preferences_token(self.house.signing_keys, reader_id)
        return self.house.pages.page(
            "sign_up_done",
            "sign_up_done_title",
            language,
            preferences=f"/preferences/{token}",
            newsletters=self._titles(newsletters, language),
            is_in=is_in,
            next=after,
            is_article=after.startswith("/articles/"),
            sign_in=sign_in_with(after) if after or self.house.settings.web.gate else "",
        )

    def _obstacle(self, sign_up: SignUp) -> Response | None:
        """Why there is nothing to confirm, where that is so."""
        return None if self._wanted(sign_up) else self._notice("ended", sign_up.language)

    def _dead(self, sign_up: SignUp) -> Response:
        return self._notice("dead", sign_up.language, again=False)

    def _used(self, connection: Connection, sign_up: str) -> Response:
        """A second click is told what the first one did, as long as that holds."""
        began = confirmed_by(connection, sign_up)
        if began is None:
            return self._notice("used")
        reader_id, language, newsletters = began
        theirs = store.subscriptions_of(connection, [reader_id]).get(reader_id, {})
        gets = [
            one
            for one in newsletters
            if one in theirs
            and theirs[one].status is SubscriptionStatus.ACTIVE
            and one in self.house.newsletters
        ]
        return self._done(reader_id, gets, language) if gets else self._notice("used", language)

    def _worthless(self, is_unknown: bool) -> Response:
        return self._notice("unknown", status=404) if is_unknown else self._notice("expired", status=410)

    def _notice(self, key: str, language: str = "", *, status: int = 200, again: bool = True) -> Response:
        return self.house.pages.page(
            "sign_up_notice",
            f"sign_up_{key}_title",
            language or self.house.newsroom.language,
            status=status,
            text=f"sign_up_{key}_text",
            again=again and self.house.settings.web.sign_up,
            contact=self.house.contact,
            days=KEPT.days,
            embed=False,
        )

    def _wanted(self, sign_up: SignUp) -> tuple[str, ...]:
        return tuple(one for one in sign_up.newsletters if one in self.house.newsletters)

    def _titles(self, keys: Sequence[str], language: str) -> str:
        return phrases(language).titles([self.house.newsletters[key].title for key in keys])
