"""What a run says: one line a step for a person, or one JSON object a step for a log."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TextIO

Level = Literal["info", "warning", "error"]

_ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+\.[^\s<>\"'(),:;]+")
_TOKEN = re.compile(r"(/(?:unsubscribe|private|confirm|preferences|edition|sign-in)/)[^\s/\"'?#,;]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(slots=True)
class _Log:
    format: str = "text"
    stream: TextIO | None = None
    secret: re.Pattern[str] | None = None
    colour: bool = field(default=False)


_log = _Log()


def configure(format: str, *, secrets: Sequence[str] = (), stream: TextIO | None = None) -> None:  # noqa: A002 (the option's name)
    """Choose how to speak (`text` or `json`), where, and which texts to mask."""
    _log.format = format
    _log.stream = stream
    # The longest first, so that none is cut by one that is a part of it; keys in hex may be in either case.
    longest = sorted(filter(None, secrets), key=len, reverse=True)
    _log.secret = re.compile("|".join(map(re.escape, longest)), re.I) if longest else None
    out = stream or sys.stdout
    _log.colour = format == "text" and out.isatty()
    # Their DEBUG lines hold whole requests, with keys and addresses.
    for name in ("python_http_client", "httpx2", "httpcore2", "httpx", "httpcore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def speak(format: str) -> None:  # noqa: A002 (the option's name)
    """Go on as `text` or `json`, masking what was masked before."""
    _log.format = format


def is_for_machines() -> bool:
    """Whether each step is a JSON object now, for which nothing is too long."""
    return _log.format == "json"


def step(name: str, **facts: object) -> None:
    """Say that a step was done, with its counts; `seconds` among them is how long it took."""
    seconds = facts.pop("seconds", None)
    _say("info", name, "", seconds if isinstance(seconds, float) else None, facts)


def problem(name: str, message: str, *, level: Level = "error", **facts: object) -> None:
    """Say that something is wrong. `message` names what, where, and what to do."""
    _say(level, name, message, None, facts)


def masked(text: str) -> str:
    """`text` without addresses, tokens of ours and secrets: the last line of defence."""
    if _log.secret is not None:
        text = _log.secret.sub("[secret]", text)
    # Most of what is said has neither, and there is a line for each request.
    if "/" in text:
        text = _TOKEN.sub(r"\1[token]", text)
    return _ADDRESS.sub("[address]", text) if "@" in text else text


def _masked(value: object) -> object:
    """The same masked, ready for JSON: inside its texts, since a mask over the whole line could break it."""
    if isinstance(value, dict):
        return {masked(str(key)): _masked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, (bool, int, float, type(None))) else masked(str(value))


def _say(level: Level, name: str, message: str, seconds: float | None, facts: dict[str, object]) -> None:
    out = _log.stream or sys.stdout
    shown = {key: value for key, value in facts.items() if value is not None and value != ""}
    if _log.format == "json":
        entry: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "step": name,
        }
        if message:
            entry["message"] = message
        entry |= shown
        if seconds is not None:
            entry["seconds"] = round(seconds, 3)
        out.write(json.dumps(_masked(entry), ensure_ascii=False) + "\n")
    else:
        out.write(_line(level, name, message, seconds, shown) + "\n")
    out.flush()


def _line(level: Level, name: str, message: str, seconds: float | None, facts: dict[str, object]) -> str:
    parts = [f"{key.replace('_', ' ')} {_value(value)}" for key, value in facts.items()]
    # One line, whatever is in it, and nothing that a terminal would obey.
    said = _CONTROL.sub(" ", masked("; ".join(filter(None, (message, ", ".join(parts))))))
    mark = {"info": "", "warning": "warning: ", "error": "error: "}[level]
    if _log.colour and level == "error":
        mark = f"\x1b[31m{mark}\x1b[0m"
    time = f"  ({seconds:.1f} s)" if seconds is not None and seconds >= 0.05 else ""
    return f"{name:<10} {mark}{said}{time}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)
