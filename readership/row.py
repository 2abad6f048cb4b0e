"""One row of a reader list, understood: pure, and nothing in it is guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from newsroom.errors import ReaderError
from readership.address import mailable
from readership.reader import Plan

FIELDS = (
    "address",
    "name",
    "first_name",
    "last_name",
    "plan",
    "plan_until",
    "products",
    "language",
    "sections",
    "newsletters",
    "status",
    "consent_at",
    "consent_source",
    "ended_by",
)
"""What a row may say, under our own names. Only the address is needed."""

_ALIKE = ("status", "plan", "plan_until", "products", "language", "sections", "newsletters", "ended_by")
"""Those in which most rows of a list say what another one says: that is understood once."""

LONGEST = 320
"""Characters of one value."""

LONGEST_NAME = 100
"""Characters of a source's name."""

_DATES = 10_000
"""How many texts of dates are remembered: most rows of a list have few different ones."""

_COMBINATIONS = 1_000
"""How many combinations of cells that are alike are remembered."""

_T = TypeVar("_T")

_SEPARATORS = re.compile(r"[,;|]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_PLANS = {plan.value: plan for plan in Plan}


class Status(StrEnum):
    """What a list says of a reader's mail."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    CLEANED = "cleaned"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


ASKS = (Status.SUBSCRIBED, Status.PENDING)
"""Those that ask for mail."""

STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the values of a row are measured by."""

    zone: ZoneInfo
    sections: frozenset[str] | tuple[str, ...]
    newsletters: frozenset[str] | tuple[str, ...]


class Row(NamedTuple):
    """What a row says. None: it says nothing of that, and what is known stays.

    A tuple, as a list may have millions: a dataclass is five times as long in the making.
    """

    address: str
    """As `address.mailable` has it."""
    status: Status = Status.SUBSCRIBED
    name: str = ""
    plan: Plan | None = None
    plan_until: date | None = None
    says_until: bool = False
    """True where the list has a column for it: empty then means that the plan has no end."""
    products: frozenset[str] | None = None
    language: str = ""
    sections: frozenset[str] | None = None
    newsletters: tuple[str, ...] | None = None
    consent_at: datetime | None = None
    consent_source: str = ""
    ended_by: str = ""
    """Of an unsubscribed row: the `[[readers]]` that ended it, or empty for the reader's own wish."""

    def subscriptions_only(self) -> Row:
        """The same without what it says of the reader: a second row of one reader adds no more."""
        return Row(
            self.address,
            self.status,
            sections=self.sections,
            newsletters=self.newsletters,
            consent_at=self.consent_at,
            consent_source=self.consent_source,
            ended_by=self.ended_by,
        )


def understood(values: Mapping[str, str], rules: Rules) -> Row:
    """The row that these cells (by FIELDS) make.

    Raises ReaderError with every mistake, none of which repeats an address.
    """
    cells = _cleaned(values)
    texts, problems = cells.texts, cells.problems
    address = cells.address()
    said = _said(rules, tuple(map(texts.get, _ALIKE)), "status" in cells.told)
    problems.extend(said.problems)
    consent_at = cells.dated("consent_at", rules.zone, moment)
    if said.plan is Plan.TRIAL and said.plan_until is None:
        problems.append("plan trial needs its last day in plan_until")
    if problems:
        raise ReaderError(*dict.fromkeys(problems))
    return Row(
        address,
        said.status,
        cells.name(),
        said.plan,
        said.plan_until,
        said.says_until,
        said.products,
        said.language,
        said.sections,
        said.newsletters,
        consent_at,
        texts.get("consent_source", ""),
        said.ended_by,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row's `_ALIKE` cells say."""

    status: Status
    plan: Plan | None
    plan_until: date | None
    says_until: bool
    products: frozenset[str] | None
    language: str
    sections: frozenset[str] | None
    newsletters: tuple[str, ...] | None
    ended_by: str
    problems: tuple[str, ...]


@lru_cache(_COMBINATIONS)
def _said(rules: Rules, alike: tuple[str | None, ...], is_told: bool) -> _Said:
    """What the `_ALIKE` cells say; None is a cell that the row does not have. `is_told`: of the status."""
    texts = {name: text for name, text in zip(_ALIKE, alike, strict=True) if text is not None}
    cells = _Cells(texts, told={"status"} if is_told else set())
    return _Said(
        status=cells.status() if "status" in texts else Status.SUBSCRIBED,
        plan=cells.plan() if "plan" in texts else None,
        plan_until=cells.dated("plan_until", rules.zone, day),
        says_until="plan_until" in texts,
        products=frozenset(cells.listed("products")) if "products" in texts else None,
        language=cells.language() if "language" in texts else "",
        sections=frozenset(cells.known("sections", rules.sections)) or None,
        newsletters=cells.known("newsletters", rules.newsletters) or None,
        ended_by=texts.get("ended_by", "")[:LONGEST_NAME],
        problems=tuple(cells.problems),
    )


def _cleaned(values: Mapping[str, str]) -> _Cells:
    together = "".join(values.values())
    if together.isascii() and together.isprintable() and len(together) <= LONGEST and "'" not in together:
        # Nearly all rows are like this, and need no closer look.
        return _Cells({name: value.strip() for name, value in values.items()})
    cells = _Cells({})
    for name, value in values.items():
        cells.take(name, value)
    return cells


@dataclass(slots=True)
class _Cells:
    """A row's cells by our names, and what is found to be wrong with them."""

    texts: dict[str, str]
    problems: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Those whose mistake is named already: they are empty, and that is no second one."""

    def take(self, name: str, value: str) -> None:
        """Know a cell, cleaned; empty where something is wrong with it."""
        text = _clean(value)
        if text and (problem := _trouble(name, text)):
            self.problems.append(problem)
            self.told.add(name)
            text = ""
        self.texts[name] = text

    def address(self) -> str:
        text = self.texts.get("address", "")
        try:
            return mailable(text)
        except ReaderError as error:
            if "address" not in self.told:
                self.problems.append(str(error) if text else "there is no address")
            return ""

    def name(self) -> str:
        texts = self.texts
        whole = texts.get("name") or f"{texts.get('first_name', '')} {texts.get('last_name', '')}"
        return " ".join(whole.split())

    def status(self) -> Status:
        text = self.texts["status"]
        found = STATUSES.get(text.casefold())
        if found is None and "status" not in self.told:
            wrong = f"{_quoted(text)} is not known" if text else "is empty"
            self.problems.append(f"status {wrong}; allowed: {', '.join(Status)}")
        return found or Status.UNSUBSCRIBED

    def plan(self) -> Plan | None:
        text = self.texts["plan"]
        if not text:
            return None
        found = _PLANS.get(text.casefold())
        if found is None:
            self.problems.append(f"plan {_quoted(text)} is not known; allowed: {', '.join(Plan)}")
        return found

    def language(self) -> str:
        text = self.texts["language"]
        if text and not _LANGUAGE.fullmatch(text):
            self.problems.append(f"language {_quoted(text)} is not a language tag such as en or pt-BR")
        return text.replace("_", "-")[:35]

    def listed(self, name: str) -> tuple[str, ...]:
        text = self.texts.get(name)
        if not text:
            return ()
        parts = (part.strip() for part in _SEPARATORS.split(text))
        return tuple(dict.fromkeys(filter(None, parts)))

    def known(self, name: str, allowed: Collection[str]) -> tuple[str, ...]:
        found = self.listed(name)
        if not found:
            return ()
        self.problems.extend(
            f"{name}: {_quoted(key)} is not one of yours; allowed: {', '.join(sorted(allowed))}"
            for key in found
            if key not in allowed
        )
        return found

    def dated(self, name: str, zone: ZoneInfo, read: Callable[[str, ZoneInfo], _T]) -> _T | None:
        text = self.texts.get(name)
        if not text:
            return None
        try:
            return read(text, zone)
        except ValueError:
            self.problems.append(
                f"{name} {_quoted(text)} is not a date; write it as 2026-03-31 or 2026-03-31T06:00+02:00"
            )
            return None


@lru_cache(_DATES)
def moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date, or date and time, in UTC; of `zone` unless it names its own. Raises ValueError."""
    found = _iso(text)
    try:
        if found.tzinfo:
            return found.astimezone(UTC)
        # The same as `found.replace(tzinfo=zone).astimezone(UTC)`, in half the time.
        return datetime.combine(found, found.time(), UTC) - (zone.utcoffset(found) or timedelta())
    except OverflowError:
        raise ValueError("no year has this moment in UTC") from None


@lru_cache(_DATES)
def day(text: str, zone: ZoneInfo) -> date:
    """The day in `zone` of an ISO 8601 date, or date and time. Raises ValueError."""
    found = _iso(text)
    with suppress(OverflowError):  # The very last moment of the calendar, which means for ever.
        found = found.astimezone(zone) if found.tzinfo else found
    return found.date()


def _iso(text: str) -> datetime:
    if text.endswith(("UTC", "GMT")):
        # Ghost and SendGrid's lists may say "2026-03-31 06:00:00 UTC".
        text = f"{text[:-3].rstrip()}+00:00"
    return datetime.fromisoformat(text)


def _clean(value: str) -> str:
    if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@"):
        value = value[1:]  # The apostrophe that keeps a spreadsheet from running a cell: see record.py.
    if value.isascii():
        return value.strip()
    # A space that does not break, a space without width, a byte order mark: none of them is meant.
    return unicodedata.normalize("NFC", value.replace("\u00a0", " ")).strip(" \t\r\n\u200b\ufeff")


def _quoted(text: str) -> str:
    # In a row whose columns have slipped, an address may stand anywhere.
    return "(an address)" if "@" in text else repr(text[:60])


def _trouble(name: str, text: str) -> str:
    if len(text) > LONGEST:
        return f"{name} has {len(text)} characters; at most {LONGEST} are kept"
    if "\ufffd" in text:
        return f"{name} has bytes that are no characters in the file's encoding"
    if text.isprintable():
        return ""
    plain = text.replace("\n", " ").replace("\r", " ").replace("\t", " ") if name.endswith("name") else text
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") for letter in plain):
        return f"{name} has a line break or another control character"
    return ""
