"""Signing up: the form, and the page that says the same whoever asks.

What a sign-up is answered with is decided behind it, by whoever writes the letters
(`newsletter.sign_up_letters`): neither this page's words nor its time tell who is a reader.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from newsletter.phrases import phrases
from newsroom.database import writing
from readership.sign_up import SignUp
from readership.sign_up_store import ask
from readership.tokens import form_stamp, recipient_key
from web.clients import network_of
from web.confirm import Confirm
from web.forms import Form, form_of
from web.front import hours
from web.house import House
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


def routes(house: House) -> list[BaseRoute]:
    """The addresses of signing up and confirming."""
    return [
        Route("/subscribe", Subscribe(house).__call__, methods=["GET", "POST"]),
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
        if not self.is_open:
            return self._closed(language, embed)
        if form is None:
            return self._form(blank(self.offer), language, embed)
        network = network_of(request, self.house.settings.web.proxies)
        return await run_in_threadpool(self.act, form, language, network, embed)

    def act(self, form: Form, language: str, network: str, embed: bool) -> Response:
        """Take the sign-up. Raises StoreError where the database cannot be written."""
        now, entry = self.house.now(), entry_of(form, self.offer)
        if entry.bad:
            return self._form(entry, language, embed, "sign_up_mistake")
        age = age_of(form.get("stamp"), self.house.signing_keys, now)
        if age is None or age > LONGEST:
            # A form on another site has no stamp: its reader sees here what was written there, and sends it.
            return self._form(entry, language, embed, "sign_up_once_more")
        key = self.house.settings.secrets.address_key
        sign_up = SignUp(
            id=secrets.token_hex(16),
            key=recipient_key(key, entry.address),
            address=entry.address,
            newsletters=entry.newsletters,
            sections=entry.sections,
            language=language,
            asked=now,
            network=network,
            words=self._words(entry, language),
        )
        is_sound = age >= QUICKEST and not form.get(TRAP)
        with writing(self.house.engine) as connection:
            ask(connection, sign_up, key, self.house.settings.web.sign_ups_per_hour, is_sound=is_sound)
        return self._page("sign_up_sent", "sign_up_sent_title", language, embed, contact=self.house.contact)

    def _form(self, entry: Entry, language: str, embed: bool, note: str = "") -> Response:
        return self._page(
            "sign_up",
            self._title(),
            language,
            embed,
            status=422 if entry.bad else 200,
            newsletters=self._titles(tuple(self.offer.newsletters), language),
            entry=entry,
            note=note,
            offer=self.offer,
            hours={key: hours(one, language) for key, one in self.offer.newsletters.items()},
            selected=language,
            stamp=form_stamp(self.house.signing_keys, self.house.now()),
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
        return phrases(language).listed([self.offer.newsletters[key].title for key in keys])

    def _words(self, entry: Entry, language: str) -> str:
        """What the form said to whoever sent it off, a line each: the proof of what was agreed to."""
        pages = self.house.pages
        every = self._titles(tuple(self.offer.newsletters), language)
        lines = [pages.phrase(self._title(), language, newsletters=every)]
        if len(self.offer.newsletters) > 1:
            label = pages.phrase("sign_up_newsletters", language)
            lines.append(f"{label}: {self._titles(entry.newsletters, language)}")
        if self.offer.sections:
            titles = [one.title for one in self.offer.sections if one.key in entry.sections]
            label, note = (pages.phrase(f"sign_up_sections{end}", language) for end in ("", "_note"))
            lines.append(f"{label} ({note}): {phrases(language).listed(titles) or '-'}")
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
