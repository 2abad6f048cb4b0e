"""What the preferences only ask for, done by a link out of the mailbox: a copy, erasure, another address.

Opening such a link shows what it would do; one button does it. A new address is confirmed twice: at the one
on file, so that a forwarded mail moves no subscription, and at the new one, so that nobody is given mail.
"""

from __future__ import annotations

import contextlib
import json

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.letters.letter_queue import forget_address
from newsletter.letters.preference_letters import written
from newsletter.reader_record import ledger_record
from newsroom.database import emptied, reading, writing
from newsroom.errors import StoreError
from newsroom.log import step
from readership import address_change, erasure, store, tokens
from readership.address import recipient_key
from readership.preferences import HOLDS
from readership.reader import Plan, Reader
from readership.record import record
from readership.tokens import preferences_token, request_token
from web.clients import network_of
from web.house import House
from web.session import has_cookie, sign_out, signed_in

_KINDS = ("export", "erase", "address", "moved")


class Requests:
    """Answers the links that were mailed."""

    def __init__(self, house: House) -> None:
        self.house = house

    def answer(self, request: Request, asked: tokens.Request, *, is_deed: bool) -> Response:
        """The page with its button, or the deed. Raises StoreError."""
        with reading(self.house.engine) as connection:
            reader = store.by_id(connection, asked.reader_id)
        if asked.kind not in _KINDS or self.house.now() >= asked.asked + HOLDS:
            return self._notice("old", reader)
        if reader is None or not asked.is_for(reader.key):
            return self._notice("former", reader)
        if not is_deed:
            return self._button(reader, asked)
        match asked.kind:
            case "export":
                return self._export(reader)
            case "erase":
                return self._erase(request, reader)
            case "address":
                return self._ask_there(request, reader, asked)
        return self._move(reader, asked)

    def _button(self, reader: Reader, asked: tokens.Request) -> Response:
        return self.house.pages.page(
            "preferences_button",
            f"preferences_{asked.kind}_title",
            self._tongue(reader),
            kind=asked.kind,
            pays=reader.plan_on(self.house.today) is Plan.PAID,
            address=asked.address,
            back=self._back(reader),
        )

    def _export(self, reader: Reader) -> Response:
        with reading(self.house.engine) as connection:
            kept = record(connection, reader.key) or {}
            kept |= ledger_record(connection, reader.id, reader.address)
        step("web", exported_reader=reader.id)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="what-is-kept.json"',
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
        return Response(text, 200, headers, "application/json")

    def _erase(self, request: Request, reader: Reader) -> Response:
        now = self.house.now()
        with writing(self.house.engine) as connection:
            found = store.by_id(connection, reader.id)
            if found is not None and found.key == reader.key:
                erasure.forget(connection, found, now)
                forget_address(connection, found.address)
        # The deed is done, whatever becomes of this; the next run does the same.
        with contextlib.suppress(StoreError):
            emptied(self.house.engine)
        step("web", erased_reader=reader.id)
        response = self._done(reader, "erased")
        if has_cookie(self.house, request) and signed_in(self.house, request) is None:
            # The session went with its reader; a browser of somebody else keeps its own.
            sign_out(self.house, response)
        return response

    def _ask_there(self, request: Request, reader: Reader, asked: tokens.Request) -> Response:
        """Mail the new address, once for each link. A taken one gets nothing, and the page says the same."""
        now, address_key = self.house.now(), self.house.settings.secrets.address_key
        network = network_of(request, self.house.settings.web.proxies)
        key = recipient_key(address_key, asked.address)
        then = tokens.Request("moved", reader.id, reader.key, now, asked.address)
        path = f"/preferences/{request_token(self.house.signing_keys, then)}"
        with reading(self.house.engine) as connection:
            theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
        letter = written(self.house.settings, "moved", reader, theirs, to=asked.address, path=path)
        with writing(self.house.engine) as connection:
            # A second click is told what the first one was.
            if not address_change.is_used(connection, asked, address_key):
                if not address_change.may_ask(connection, asked, key, address_key, network, now):
                    return self._many(reader)
                if letter is not None and address_change.is_free(connection, key):
                    letter.put(connection, now)
        return self._done(reader, "asked_there", address=asked.address, back=self._back(reader))

    def _many(self, reader: Reader) -> Response:
        return self.house.pages.page(
            "preferences_done",
            "sign_in_many_title",
            self._tongue(reader),
            status=429,
            text="preferences_many",
            back=self._back(reader),
        )

    def _move(self, reader: Reader, asked: tokens.Request) -> Response:
        now = self.house.now()
        key = recipient_key(self.house.settings.secrets.address_key, asked.address)
        with reading(self.house.engine) as connection:
            theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
        letter = written(self.house.settings, "told", reader, theirs)
        with writing(self.house.engine) as connection:
            found = store.by_id(connection, reader.id)
            moved = (
                found is not None
                and found.key == reader.key
                and address_change.change(connection, found, asked.address, key, now)
            )
            if moved and letter is not None:
                letter.put(connection, now)
        if not moved:
            return self._notice("former", reader)
        step("web", new_address_reader=reader.id)
        return self._done(reader, "moved_done", address=asked.address, back=self._back(reader))

    def _done(self, reader: Reader, key: str, *, address: str = "", back: str = "") -> Response:
        return self.house.pages.page(
            "preferences_done",
            f"preferences_{key}_title",
            self._tongue(reader),
            text=f"preferences_{key}_text",
            address=address,
            back=back,
        )

    def _notice(self, key: str, reader: Reader | None) -> Response:
        """Gone, in the language of the reader whose link it was."""
        return self.house.pages.page(
            "preferences_notice",
            f"preferences_{key}_title",
            self._tongue(reader),
            status=410,
            text=f"preferences_{key}_text",
            contact=self.house.contact,
        )

    def _back(self, reader: Reader) -> str:
        return f"/preferences/{preferences_token(self.house.signing_keys, reader.id)}"

    def _tongue(self, reader: Reader | None) -> str:
        return (reader.language if reader else "") or self.house.newsroom.language


def redirected(path: str) -> Response:
    """See Other: the page at `path`, one of ours."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
