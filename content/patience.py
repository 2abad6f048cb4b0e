"""A source that asks to be left alone for a while is left alone, by later runs as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.web import WebError

LONGEST = timedelta(days=1)
"""A wait is taken for no longer: a server that asks for a year has made a mistake."""

_KEY = "wait"


def check(source: SourceSettings, state: Mapping[str, Any], now: datetime) -> None:
    """Raise SourceError where the source has asked for a wait that is not over: nobody asks it meanwhile.

    At another address than the one that asked, nothing was asked.
    """
    wait = state.get(_KEY, {})
    if wait.get("url") != source.url:
        return
    until = datetime.fromisoformat(wait["until"])
    # A clock that was put back is no reason to wait for longer than ever.
    if now < until <= now + LONGEST:
        raise SourceError(
            f"{source.key}: it asked to wait until {until:%Y-%m-%d %H:%M} UTC, and is not asked before that; "
            f"`sync --source {source.key} --full` asks at once"
        )


def noted(source: SourceSettings, error: BaseException, now: datetime) -> dict[str, Any]:
    """What to remember of a source that failed: until when it asked to wait, if that is why."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, WebError) and cause.until is not None:
            until = min(cause.until, now + LONGEST)
            return {_KEY: {"until": until.isoformat(), "url": source.url}}
        cause = cause.__cause__
    return {}


def forgotten(state: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of a source, without a wait."""
    return {name: value for name, value in state.items() if name != _KEY}
