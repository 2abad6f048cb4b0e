"""What providers tell: /hooks/sendgrid takes SendGrid's Event Webhook.

No cookie and no token of ours: each post is signed, and is checked before a word of it is read. Whatever is
known already, or none of ours, changes nothing, so that a post may come as often as it likes; where the
database cannot be written, the answer is 503, and SendGrid comes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from newsletter.providers.sendgrid_events import SIGNATURE, TIMESTAMP, PublicKey, Told, events_of
from newsletter.returns.event_store import Noted, note
from newsroom.database import writing
from newsroom.errors import ReaderError, StoreError
from newsroom.log import problem, step
from newsroom.portions import portions
from readership.address import recipient_key
from web.house import House

PATH = "/hooks/sendgrid"

LONGEST_BODY = 8_000_000
"""Bytes. SendGrid's posts have 768 KB at most; nobody else's is read to its end."""
AT_ONCE = 1_000
"""Events in one transaction: nobody waits for longer than a tenth of a second for it."""
WITHIN = 8.0
"""Seconds to wait for the database: after that it is better to be asked again."""


class Counts:
    """How many events came, by what became of them, since the process began."""

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()

    def add(self, more: Mapping[str, int]) -> None:
        """Count these too. Only the event loop's own thread calls it."""
        self._found.update(more)

    @property
    def found(self) -> Mapping[str, int]:
        """By outcome; those there were none of are not in it."""
        return dict(self._found)


def routes(house: House, counts: Counts) -> list[BaseRoute]:
    """The hook, where there is a key to check its posts by; without one there is nothing."""
    text = house.settings.secrets.sendgrid_event_key
    if not text:
        return []
    return [Route(PATH, Hook(house, PublicKey(text), counts).__call__, methods=["POST"])]


class Hook:
    """Answers SendGrid."""

    def __init__(self, house: House, key: PublicKey, counts: Counts) -> None:
        self.house = house
        self.key = key
        self.counts = counts

    async def __call__(self, request: Request) -> Response:
        """200 once everything is noted; 4xx for what will never be; 503 for what may be, later."""
        signature, timestamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
        if not signature or not timestamp:
            return _said("It is not signed.", 403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY:
                return _said("The post is too large.", 413)
        response, found = await run_in_threadpool(self.answer, bytes(body), signature, timestamp)
        self.counts.add(found)
        return response

    def answer(self, body: bytes, signature: str, timestamp: str) -> tuple[Response, Mapping[str, int]]:
        """The answer, and what to count."""
        now = self.house.now()
        if not self.key.signed(body, signature, timestamp, now):
            return _said("It is not signed by the key that is known here, or too long ago.", 403), {
                "unsigned": 1
            }
        try:
            told = events_of(body, self._key_of)
        except ValueError:
            problem("web", f"{PATH}: a post of SendGrid's is no list of events")
            return _said("It is no list of events.", 400), {"malformed": 1}
        noted: Counter[str] = Counter(told.passed)
        try:
            self._note(told, noted)
        except (StoreError, sa.exc.TimeoutError) as error:
            problem("web", f"{PATH}: events could not be noted: {error}")
            return _said("The database is busy; come again.", 503, {"Retry-After": "60"}), noted
        return _said("Noted.", 200), noted

    def _note(self, told: Told, noted: Counter[str]) -> None:
        rules, now = self.house.settings.bounces, self.house.now()
        for some in portions(told.events, AT_ONCE):
            with writing(self.house.engine, WITHIN) as connection:
                done = note(connection, some, rules, now)
            noted.update({"new": done.new, "copies": done.copies, "foreign": done.foreign})
            _say(done)

    def _key_of(self, address: str) -> str:
        try:
            return recipient_key(self.house.settings.secrets.address_key, address)
        except (ReaderError, UnicodeError):
            return ""


def _say(done: Noted) -> None:
    """What a person may want to find in the log; never the thousands of mails that simply arrived."""
    if done.settled or done.stopped or done.unsubscribed:
        step(
            "events",
            settled=done.settled or None,
            stopped=done.stopped or None,
            unsubscribed=done.unsubscribed or None,
        )
    for edition in done.held:
        message = (
            f"{edition}: so much came back that it stops nobody; `status {edition} --problems` says more"
        )
        problem("events", message)


def _said(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {"Cache-Control": "no-store", **(headers or {})})
