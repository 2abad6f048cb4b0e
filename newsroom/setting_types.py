"""What a value of `newsroom.toml` may be: each type says, in its error, what is allowed instead."""

from __future__ import annotations

import re
from datetime import time, timedelta
from functools import cache
from ipaddress import ip_network
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
RESERVED = ("all", "index")
_RULE = re.compile(r"more|(?:category|tag|type|visibility):\S.*|meta:[^=\s]+=.*")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PERIOD = re.compile(r"(\d{1,5})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Table(BaseModel):
    """A table of the file: no key but those named."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _key(text: str) -> str:
    if text in RESERVED:
        raise ValueError(f"a key other than {' and '.join(RESERVED)}, which name files of their own")
    if not _KEY.fullmatch(text):
        raise ValueError("lower-case letters, digits and hyphens, at most 64")
    return text


def _line(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text):
        raise ValueError("one line without control characters")
    return text


def _rule(text: str) -> str:
    if not _RULE.fullmatch(text):
        raise ValueError("more, category:SLUG, tag:SLUG, type:NAME, visibility:NAME or meta:NAME=VALUE")
    return text


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # A port that is no number, a bracket that is not closed.
        sound = False
    if not sound or re.search(r"[\s\x00-\x1f\x7f\"'<>\\]", text):
        raise ValueError("a web address: https://www.example.org")
    return text.rstrip("/")


def _page(text: str) -> str:
    # Its owner may tell "/feed/" from "/feed", and lead from one to the other each time.
    _web(text)
    return text


def _hub(text: str) -> str:
    _web(text)
    # It stands in every feed, and as it is written here: its owner may tell "/" from none.
    if "@" in urlsplit(text).netloc or "#" in text or not text.isascii():
        raise ValueError("a hub's web address in ASCII, without a user and without #: https://hub.example/")
    return text


def _site(text: str) -> str:
    text = _web(text)
    # Paths are put behind it.
    if "?" in text or "#" in text:
        raise ValueError("a web address without ? and #: https://www.example.org")
    return text


def _public(text: str) -> str:
    text = _site(text)
    if not text.isascii():
        # It stands in a header of every mail.
        raise ValueError("an address in ASCII: write the host's name as xn--...")
    parts = urlsplit(text)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("an https address, or http on a loopback address for a trial")
    return text


def _zone(text: str) -> str:
    if text not in _zones():
        from difflib import get_close_matches

        near = get_close_matches(text, sorted(_zones()), 3, 0.5)
        raise ValueError(f"a time zone such as {', '.join(near) or 'Europe/Berlin'}")
    ZoneInfo(text)
    return text


@cache
def _zones() -> frozenset[str]:
    # Walks through hundreds of files.
    return frozenset(available_timezones())


def _language(text: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError("a language tag: en, de, pt-BR") from error
    return text


def _mailbox(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError("an address: name@example.org") from error


def _allowed(text: str) -> str:
    if text.startswith("@") and "." in text and not re.search(r"\s", text):
        return text.lower()
    return _mailbox(text)


def _hour(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    if isinstance(value, time) and value.tzinfo is None:
        return value.replace(microsecond=0)
    raise ValueError('an hour: "06:00"')


def _period(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _PERIOD.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a period: "45m", "3h" or "7d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def bounded(least: str = "", most: str = "", why: str = "") -> AfterValidator:
    """What refuses a period that is shorter than `least` or longer than `most`, both as they are written in
    newsroom.toml; without one of them there is no such bound. `why` stands behind what is allowed."""
    lowest, highest = (_period(text) if text else None for text in (least, most))
    said = f"{least} to {most}" if least and most else f"at most {most}" if most else f"{least} or more"

    def check(value: timedelta) -> timedelta:
        is_short = isinstance(lowest, timedelta) and value < lowest
        if is_short or (isinstance(highest, timedelta) and value > highest):
            raise ValueError(f"{said}{why and f': {why}'}")
        return value

    return AfterValidator(check)


def _subject(text: str) -> str:
    unknown = [name for name in re.findall(r"\{([^}]*)\}", text) if name not in SUBJECT_FIELDS]
    if unknown or text.count("{") != text.count("}"):
        raise ValueError(f"words and {', '.join('{' + name + '}' for name in SUBJECT_FIELDS)}")
    return _line(text)


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("a colour as #rrggbb")
    return text


def _database(text: str) -> str:
    if not re.match(r"sqlite:///.|postgresql(\+psycopg)?://.", text):
        raise ValueError("sqlite:///FILE or postgresql://USER@HOST/NAME")
    return _line(text)


def _fonts(text: str) -> str:
    if not re.fullmatch(r"[\w ,'\"-]+", text) or text.count("'") % 2 or text.count('"') % 2:
        raise ValueError("names of fonts, quoted or not, and commas")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]{1,253}", text):
        raise ValueError("a host's name in lower case: feeds.example.org")
    return text


def _folder(text: str) -> str:
    # It stands in a command. Other letters are coded (RFC 3501, 5.1.3), and that is how servers name them.
    if not re.fullmatch(r"[\x20-\x7e]{1,200}", text):
        raise ValueError("the folder's name as the server gives it, in ASCII: INBOX, INBOX.Bounces")
    return text


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError("an address or a network: 10.0.0.5, 192.168.0.0/16, fd00::/8") from error


SUBJECT_FIELDS = ("lead", "second", "name", "title", "date")

Key = Annotated[str, AfterValidator(_key)]
Line = Annotated[str, AfterValidator(_line)]
Rule = Annotated[str, AfterValidator(_rule)]
Words = Annotated[Line, Field(min_length=1)]
Web = Annotated[str, AfterValidator(_web)]
Page = Annotated[str, AfterValidator(_page)]
Hub = Annotated[str, AfterValidator(_hub)]
Host = Annotated[str, AfterValidator(_host)]
Folder = Annotated[str, AfterValidator(_folder)]
Network = Annotated[str, AfterValidator(_network)]
Site = Annotated[str, AfterValidator(_site)]
Database = Annotated[str, AfterValidator(_database)]
Public = Annotated[str, AfterValidator(_public)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Allowed = Annotated[str, AfterValidator(_allowed)]
Hour = Annotated[time, BeforeValidator(_hour)]
Period = Annotated[timedelta, BeforeValidator(_period)]
Subject = Annotated[str, AfterValidator(_subject)]
Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[str, AfterValidator(_fonts)]
Port = Annotated[int, Field(ge=1, le=65535)]
