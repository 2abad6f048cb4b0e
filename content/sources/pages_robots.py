"""Asking a site's pages only where its robots.txt allows it, and no faster than it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from content.sources.feed_text import decoded
from newsroom.errors import SourceError
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import shown

AGENT = "Standfirst"
"""What robots.txt calls us."""
LONGEST_DELAY = 10.0
"""Seconds between two requests: a longer one is taken for this."""
GOOD_FOR = timedelta(days=1)
"""As RFC 9309 has it."""

_LARGEST = 500_000
# What is remembered goes into the database with every run.
_LARGEST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Robots:
    """A host's robots.txt."""

    text: str
    read: str
    """When, in ISO 8601."""

    def is_fresh(self, now: datetime) -> bool:
        """Whether it need not be asked for again."""
        return timedelta() <= now - datetime.fromisoformat(self.read) < GOOD_FOR


class Crawler:
    """Asks for pages by `web`; robots.txt is asked for once a day a host, and remembered in `notes`."""

    def __init__(
        self,
        web: Web,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = web
        self._pause = pause
        self._clock = clock
        self._robots: dict[str, Robots] = {}
        self._rules: dict[str, Protego] = {}
        self._asked: dict[str, float] = {}

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Take up what a run before remembered."""
        self._robots = {host: Robots(str(one["text"]), str(one["read"])) for host, one in notes.items()}
        self._rules = {}

    @property
    def notes(self) -> dict[str, Any]:
        """What is to be remembered."""
        kept = {host: one for host, one in self._robots.items() if len(one.text) <= _LARGEST_KEPT}
        return {host: {"text": one.text, "read": one.read} for host, one in kept.items()}

    def allows(self, url: str, now: datetime) -> bool:
        """Whether a page may be asked for. Raises SourceError where robots.txt cannot be had just now."""
        return bool(self._of(url, now).can_fetch(url, AGENT))

    def delay(self, url: str, now: datetime) -> float:
        """Seconds between two requests that its host asks for, at most `LONGEST_DELAY`."""
        asked = self._of(url, now).crawl_delay(AGENT)
        return min(max(float(asked or 0), 0.0), LONGEST_DELAY)

    def get(
        self,
        url: str,
        now: datetime,
        *,
        headers: Mapping[str, str],
        largest: int,
        accepted: Collection[int] = (),
    ) -> Answer:
        """The answer, as `Web.get` gives it, once its host may be asked again. Raises NotAllowedError."""
        if not self.allows(url, now):
            raise NotAllowedError(f"{shown(url)}: its robots.txt does not allow {AGENT} there; allow it")
        host, delay = _root(url), self.delay(url, now)
        wait = self._asked.get(host, float("-inf")) + delay - self._clock()
        if delay and wait > 0:
            self._pause(wait)
        try:
            return self._web.get(url, headers=headers, largest=largest, accepted=accepted)
        finally:
            self._asked[host] = self._clock()

    def _of(self, url: str, now: datetime) -> Protego:
        root = _root(url)
        known = self._robots.get(root)
        if known is None or not known.is_fresh(now):
            self._robots[root] = Robots(self._read(f"{root}/robots.txt"), now.astimezone(UTC).isoformat())
            self._rules.pop(root, None)
        if root not in self._rules:
            self._rules[root] = Protego.parse(self._robots[root].text)
        return self._rules[root]

    def _read(self, url: str) -> str:
        """The text; empty, which allows everything, where there is none."""
        try:
            answer = self._web.get(url, largest=_LARGEST)
        except WebError as error:
            # Who refuses robots.txt itself has none, says RFC 9309; who fails may have one.
            if error.status is not None and 400 <= error.status < 500 and error.status != 429:
                return ""
            raise SourceError(f"{error}; until it is there no page of its host is asked for") from error
        return decoded(answer.data, answer.headers.get("content-type", "")).text


class NotAllowedError(SourceError):
    """robots.txt says no."""


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
