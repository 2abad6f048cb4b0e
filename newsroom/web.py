"""Asking other people's servers: politely, within bounds of time and size, and none that may not be asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from newsroom.errors import SourceError
from newsroom.web_address import AddressError, Guard, host_of, is_same_host, shown

if TYPE_CHECKING:
    import httpx2

    from newsroom.web_wire import Reply, Wire

MOST_REDIRECTS = 5
LONGEST_WAIT = 60
"""Seconds that a server may ask to be waited for within a run."""

_PERMANENT = (301, 308)
_REDIRECTS = (*_PERMANENT, 302, 303, 307)
_A_YEAR = 366 * 86_400.0
_DIGITS = 9
_BUSY = (429, 502, 503, 504)
# All that a host is told to which another one redirects: any other header may be a key.
_FOR_ANYBODY = ("accept", "accept-language", "if-modified-since", "if-none-match", "user-agent")
_COMPLAINTS = {
    401: "refused (401); check the key or password",
    403: "refused (403); check the key or password, and what it may read",
    404: "not found (404); check the address",
    410: "gone for good (410); check the address",
    429: "asked to wait (429); the next run tries it again",
    503: "asked to wait (503); the next run tries it again",
}


class WebError(SourceError):
    """An address gave nothing that can be used; `status` is its answer's, None where none came whole.

    `until` is when it may be asked again, where it asked for a longer wait than a run has.
    """

    def __init__(self, message: str, status: int | None = None, until: datetime | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.until = until


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gave."""

    url: str
    """After redirects."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    data: bytes
    moved: str = ""
    """Where permanent redirects alone have led from the address; empty where it has not moved for good."""


@dataclass(slots=True)
class _Question:
    """One call's wishes, and what is left of its patience."""

    place: str
    """The address as messages show it."""
    headers: dict[str, str]
    largest: int
    accepted: Collection[int]
    pauses: list[float]
    repeats: int = 0

    def wants(self, status: int) -> bool:
        """Whether an answer with this status is for the caller."""
        return 200 <= status < 300 or status in self.accepted

    def next_pause(self) -> float:
        """Seconds to wait before the next repeat."""
        self.repeats += 1
        return self.pauses.pop(0)

    def failure(self, words: str, status: int | None = None, until: datetime | None = None) -> WebError:
        """The error that says so of the address."""
        often = f"; asked {self.repeats + 1} times" if self.repeats else ""
        return WebError(f"{self.place}: {words}{often}", status, until)


class Web:
    """A client for any number of threads: one request at a time to each host, connections kept for the next.

    `trusted` has each host, or host:port, that may be at a private address or another port than 80 and 443.
    `timeout` is in seconds, for connecting and for each silence; `largest` in bytes, unpacked.
    """

    def __init__(
        self,
        *,
        trusted: Collection[str] = (),
        timeout: float = 30.0,
        largest: int = 50_000_000,
        retries: int = 3,
        pause: Callable[[float], None] = time.sleep,
        agent: str = "Standfirst",
    ) -> None:
        """Raises ValueError where an entry of `trusted` is neither a host nor host:port."""
        self._guard = Guard(trusted)
        self._timeout = timeout
        self._largest = largest
        self._pauses = [4.0**number for number in range(retries)]
        self._pause = pause
        self._agent = agent
        self._wire: Wire | None = None
        self._lock = threading.Lock()
        self._hosts: dict[str, threading.Lock] = {}

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the kept connections up."""
        if self._wire is not None:
            self._wire.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        largest: int | None = None,
        accepted: Collection[int] = (),
    ) -> Answer:
        """The answer at `url`, redirects followed; raises WebError on all but a 2xx or `accepted` status."""
        wishes = {"user-agent": self._agent, "accept": "*/*"} | _lowered(headers)
        size = self._largest if largest is None else largest
        question = _Question(shown(url), wishes, size, accepted, list(self._pauses))
        try:
            return self._led(self._guard.address(url), question)
        except AddressError as error:
            raise question.failure(str(error)) from error

    def json(
        self, url: str, *, headers: Mapping[str, str] | None = None, accepted: Collection[int] = ()
    ) -> tuple[Any, Answer]:
        """The JSON at `url`, and its answer.

        None stands for JSON where an `accepted` answer has none, as a 304. Raises WebError as `get` does, and
        where a 2xx is not JSON.
        """
        wishes = {"accept": "application/json"} | _lowered(headers)
        answer = self.get(url, headers=wishes, accepted=accepted)
        try:
            return json.loads(answer.data, parse_constant=_refused_constant), answer
        except RecursionError:
            words = "JSON that is nested too deep"
        except ValueError as error:
            if not 200 <= answer.status < 300:
                return None, answer
            words = _not_json(answer, error)
        raise WebError(f"{shown(url)}: {words}", answer.status)

    def send(self, method: str, url: str, data: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to `data` sent by `method`, once: nothing is repeated, and no redirect followed.

        Raises WebError on all but a 2xx: then it is not known whether anything was done with it.
        """
        from newsroom.web_wire import WireError

        question = _Question(
            shown(url), {"user-agent": self._agent} | _lowered(headers), self._largest, (), []
        )
        try:
            reply = self._connected().fetch(
                self._guard.address(url),
                question.headers,
                question.largest,
                question.wants,
                method=method,
                content=data,
            )
        except (AddressError, WireError) as error:
            raise question.failure(str(error)) from error
        if not question.wants(reply.status):
            raise question.failure(_complaint(reply.status), reply.status)
        return Answer(url, reply.status, reply.headers, reply.data)

    def _led(self, url: httpx2.URL, question: _Question) -> Answer:
        """The answer at the end of the redirects."""
        start, seen = question.place, {url}
        moved, for_good = "", True
        while True:
            reply = self._asked(url, question)
            if question.wants(reply.status):
                return Answer(str(url), reply.status, reply.headers, reply.data, moved)
            if reply.status not in _REDIRECTS:
                raise question.failure(_complaint(reply.status), reply.status)
            target = self._guard.redirected(url, reply.headers.get("location", ""))
            if target in seen or len(seen) > MOST_REDIRECTS:
                words = f"redirects in a circle or further than {MOST_REDIRECTS} steps; check the address"
                raise question.failure(words, reply.status)
            for_good = for_good and reply.status in _PERMANENT
            moved = str(target) if for_good else moved
            question.place = f"{start}, redirected to {shown(str(target))}"
            if not is_same_host(url, target):
                question.headers = _for_anybody(question.headers)
            seen.add(target)
            url = target

    def _asked(self, url: httpx2.URL, question: _Question) -> Reply:
        """The answer of one address, whatever its status, once it is not too busy."""
        from newsroom.web_wire import WireError

        wire = self._connected()
        with self._lock:
            turn = self._hosts.setdefault(host_of(url), threading.Lock())
        # The pauses are in it: who asks to wait wants no other request meanwhile.
        with turn:
            while True:
                try:
                    reply = wire.fetch(url, question.headers, question.largest, question.wants)
                except WireError as error:
                    if not (error.passing and question.pauses):
                        raise question.failure(str(error)) from error
                    self._pause(question.next_pause())
                    continue
                if reply.status not in _BUSY or question.wants(reply.status):
                    return reply
                now = datetime.now(UTC)
                wait = asked_to_wait(reply.headers.get("retry-after", ""), now)
                if wait > LONGEST_WAIT:
                    until = now + timedelta(seconds=wait)
                    said = f"asked to wait until {until:%Y-%m-%d %H:%M} UTC ({reply.status})"
                    words = f"{said}; a run after that tries it again"
                    raise question.failure(words, reply.status, until)
                if not question.pauses:
                    return reply
                self._pause(max(wait, question.next_pause()))

    def _connected(self) -> Wire:
        # Most runs ask nobody, and the library takes a while to import.
        from newsroom.web_wire import Wire

        with self._lock:
            if self._wire is None:
                self._wire = Wire(self._guard, self._timeout)
            return self._wire


def asked_to_wait(text: str, now: datetime) -> float:
    """Seconds that a Retry-After asks for, as a number or a date; 0 where it cannot be read."""
    text = text.strip()
    if text.isdecimal():
        return float(min(int(text[:_DIGITS]), _A_YEAR))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    # A date that leaves its zone open is in UTC, as all of HTTP's are.
    seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(seconds.total_seconds(), 0.0), _A_YEAR)


def _complaint(status: int) -> str:
    if status in _COMPLAINTS:
        return _COMPLAINTS[status]
    if status >= 500:
        return f"the server failed ({status}); ask who runs it if it stays so"
    return f"answered with status {status}; check the address"


def _lowered(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def _for_anybody(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _FOR_ANYBODY}


def _refused_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _not_json(answer: Answer, error: ValueError) -> str:
    """What came instead of JSON, and where to look for the reason."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()[:60] or "without a content type"
    if not answer.data.strip():
        return f"an empty answer instead of JSON ({kind}); is the address right?"
    if answer.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return f"a page instead of JSON ({kind}); is the address right?"
    if not isinstance(error, json.JSONDecodeError):
        return f"not JSON ({kind}); is the address right?"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"JSON that is cut off after {len(answer.data):,} bytes; the next run tries it again"
    return f"not JSON ({kind}) from line {error.lineno}, column {error.colno} on; is the address right?"
