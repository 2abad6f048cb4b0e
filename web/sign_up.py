"""Signing up: the form, and the page that says the same whoever asks.

What a sign-up is answered with is decided behind it, by whoever writes the letters
(`newsletter.letters.sign_up_letters`): neither this page's words nor its time tell who is a reader.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from newsletter.rendering.phrases import phrases
from newsroom.database import writing
from readership import sessions
from readership.address import recipient_key
from readership.sign_up import KEPT, SignUp
from readership.sign_up_store import ask
from readership.tokens import form_stamp
from web.clients import network_of
from web.confirm import SIGNS_UP, Confirm
from web.forms import Form, form_of
from web.front import hours, without_slash
from web.house import House
from web.local import local_path, sign_up_with
from web.session import cookie_name, set_cookie
from web.sign_up_form import (
    LONGEST,
    QUICKEST,
    TRAP,
    Entry,
    age_of,
    blank,
    entry_of,
    language_of,
    offered,
)
from web.words import words

_LONGEST_SECRET = 200


@dataclass(frozen=True, slots=True)
class Asking:
    """How the form is asked for."""

    language: str
    embed: bool
    """In a frame of the newsroom's own site."""
    next: str
    """The page of ours that is to follow; empty for none."""


def routes(house: House) -> list[BaseRoute]:
    """The addresses of signing up and confirming."""
    return [
        Route("/subscribe", Subscribe(house).__call__, methods=["GET", "POST"]),
        without_slash("/subscribe"),
        Route("/confirm/{token:path}", Confirm(house).__call__, methods=["GET", "POST"]),
    ]


class Subscribe:
    """Answers /subscribe."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.offer = offered(house.newsroom, house.newsletters)
        self.is_open = house.settings.web.sign_up and bool(house.newsletters)
        self._embedded = {"Content-Security-Policy": _framed(house)}

    async def __call__(self, request: Request) -> Response:
        """The form for GET and HEAD, what follows for POST. With `?embed` the site may frame it."""
        embed = "embed" in request.query_params
        form = await form_of(request) if request.method == "POST" else None
        wanted = form.get("language") if form else ""
        language = language_of(wanted or request.query_params.get("language", ""), self.offer)
        after = form.get("next") if form else request.query_params.get("next", "")
        # In a frame there is no way back, and no cookie comes back either.
        asking = Asking(language, embed, "" if embed else local_path(after))
        if not self.is_open:
            return self._closed(language, embed)
        if form is None:
            return self._form(blank(self.offer), asking)
        return await run_in_threadpool(self.act, request, form, asking)

    def act(self, request: Request, form: Form, asking: Asking) -> Response:
        """Take the sign-up. Raises StoreError where the database cannot be written."""
        now, entry, language = self.house.now(), entry_of(form, self.offer), asking.language
        if entry.bad:
            return self._form(entry, asking, "sign_up_mistake")
        stamp, is_trapped = form.get("stamp"), bool(form.get(TRAP))
        age = age_of(stamp, self.house.signing_keys, now)
        if age is None or age > LONGEST:
            # A form on another site has no stamp: its reader sees here what was written there, and sends it.
            return self._form(entry, asking, "sign_up_once_more")
        if age < QUICKEST and not is_trapped:
            # Its moment stays: a person who sends it once more has taken the time by now.
            return self._form(entry, asking, "sign_up_quick", stamp)
        own = self._own(request, asking)
        key = self.house.settings.secrets.address_key
        sign_up = SignUp(
            id=secrets.token_hex(16),
            key=recipient_key(key, entry.address),
            address=entry.address,
            newsletters=entry.newsletters,
            sections=entry.sections,
            language=language,
            asked=now,
            network=network_of(request, self.house.settings.web.proxies),
            words=self._words(entry, language),
            next=asking.next,
            browser=sessions.hash_of(own) if own else "",
        )
        with writing(self.house.engine) as connection:
            most = self.house.settings.web.sign_ups_per_hour
            ask(connection, sign_up, key, most, is_sound=not is_trapped)
        response = self._page(
            "sign_up_sent",
            "sign_up_sent_title",
            language,
            asking.embed,
            contact=self.house.contact,
            again=sign_up_with(asking.next),
        )
        if own:
            set_cookie(self.house, response, SIGNS_UP, own, int(KEPT.total_seconds()))
        return response

    def _own(self, request: Request, asking: Asking) -> str:
        """What the browser is to hold in its cookie, so that it is signed in where it also confirms; none for
        whoever came from no page of ours, or from another site's form: it may be somebody else's address."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        if not asking.next or site not in ("same-origin", "none"):
            return ""
        held = request.cookies.get(cookie_name(self.house, SIGNS_UP), "")
        return held if 0 < len(held) <= _LONGEST_SECRET else sessions.secret()

    def _form(self, entry: Entry, asking: Asking, note: str = "", stamp: str = "") -> Response:
        language = asking.language
        return self._page(
            "sign_up",
            self._title(),
            language,
            asking.embed,
            status=422 if entry.bad else 200,
            newsletters=self._titles(tuple(self.offer.newsletters), language),
            entry=entry,
            note=note,
            offer=self.offer,
            hours={key: hours(one, language) for key, one in self.offer.newsletters.items()},
            selected=language,
            stamp=stamp or form_stamp(self.house.signing_keys, self.house.now()),
            next=asking.next,
            trap=TRAP,
        )

    def _closed(self, language: str, embed: bool) -> Response:
        return self._page(
            "sign_up_notice",
            "sign_up_closed_title",
            language,
            embed,
            text="sign_up_closed_text",
            again=False,
            contact="",
        )

    def _page(
        self, template: str, title: str, language: str, embed: bool, *, status: int = 200, **values: object
    ) -> Response:
        headers: Mapping[str, str] = self._embedded if embed else {}
        return self.house.pages.page(
            template, title, language, status=status, headers=headers, embed=embed, **values
        )

    def _title(self) -> str:
        return "sign_up_one_title" if len(self.offer.newsletters) == 1 else "sign_up_title"

    def _titles(self, keys: tuple[str, ...], language: str) -> str:
        return phrases(language).titles([self.offer.newsletters[key].title for key in keys])

    def _words(self, entry: Entry, language: str) -> str:
        """What the form said to whoever sent it off, a line each: the proof of what was agreed to."""
        pages = self.house.pages
        every = self._titles(tuple(self.offer.newsletters), language)
        lines = [pages.phrase(self._title(), language, newsletters=every)]
        if len(self.offer.newsletters) > 1:
            label = pages.phrase("sign_up_newsletters", language)
            titles = [self.offer.newsletters[key].title for key in entry.newsletters]
            lines.append(f"{label}: {phrases(language).listed(titles)}")
        if self.offer.sections:
            titles = [one.title for one in self.offer.sections if one.key in entry.sections]
            label, note = (pages.phrase(f"sign_up_sections{end}", language) for end in ("", "_note"))
            lines.append(f"{label} ({note}): {words(language)['comma'].join(titles) or '-'}")
        lines += [pages.phrase(f"sign_up_{key}", language) for key in ("consent", "button")]
        return "\n".join(lines)


def _framed(house: House) -> str:
    """The policy of a page that the newsroom's own site may show in a frame."""
    site = urlsplit(house.newsroom.site_url)
    host = (site.hostname or "").encode("idna").decode("ascii")
    origin = f"{site.scheme}://{host}" + (f":{site.port}" if site.port else "")
    return house.pages.headers["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors 'self' {origin}"
    )
