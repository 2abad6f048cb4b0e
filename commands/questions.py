"""What `init` has to know of a newsroom: each question, its flag, its default, and what it takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from commands.new_sections import WrongAnswerError, named_sections
from commands.new_source import section_titles
from content.survey import Survey
from newsroom import setting_types as types
from newsroom.setting_types import DAYS

Answers = Mapping[str, Any]
"""What is known so far, by the questions' names; `found` is the Survey of the site, or None."""

NO_POSTAL_ADDRESS = "[YOUR POSTAL ADDRESS: set postal_address in newsroom.toml]"
"""Stands in the footer until somebody says the address; it is meant to be seen."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to know."""

    name: str
    words: str
    check: Callable[[str], Any]
    """The answer's value. Raises WrongAnswerError."""
    default: Callable[[Answers], str]
    """What is taken where nobody says anything; empty where a person has to."""
    placeholder: str = ""
    """What stands for an answer that only a person knows, with --yes, or where they leave it open."""
    why: str = ""
    """Why it is asked again of somebody who says nothing, and how it is left open."""

    @property
    def flag(self) -> str:
        """The flag that answers it."""
        return f"--{self.name.replace('_', '-')}"


def _of(kind: Any) -> Callable[[str], str]:
    """A check by the type that newsroom.toml itself is read with."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            allowed = first.get("ctx", {}).get("error") or first["msg"]
            raise WrongAnswerError(f'"{text}" is wrong; allowed: {allowed}') from None

    return check


class Assumed(str):
    """An address that was said without `https://`, which now stands before it."""

    __slots__ = ()


def _site(text: str) -> str:
    return _of(types.Site)(text) if "://" in text else Assumed(_of(types.Site)(f"https://{text}"))


def source_address(text: str) -> str:
    """Where articles may be read. Raises WrongAnswerError."""
    return _of(types.Page)(text) if "://" in text else Assumed(_of(types.Page)(f"https://{text}"))


def _public(text: str) -> str:
    return _of(types.Public)(text if "://" in text else f"https://{text}")


def _hour(text: str) -> str:
    # "6:00" is what people say.
    padded = f"0{text}" if re.fullmatch(r"\d:\d\d", text) else text
    _of(types.Hour)(padded)
    return padded


def _days(text: str) -> list[str]:
    if text.strip().lower() in ("daily", "all", "every day"):
        return list(DAYS)
    said = [day.strip().lower() for day in text.split(",") if day.strip()]
    found: list[str] = [day for day in DAYS if any(one == day or one == _LONG[day] for one in said)]
    if not found or any(one not in DAYS and one not in _LONG.values() for one in said):
        raise WrongAnswerError(f'"{text}" is not a list of days; allowed: {",".join(DAYS)} or daily')
    return found


_LONG = dict(
    zip(
        DAYS,
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        strict=True,
    )
)


def host_of(site: str) -> str:
    """The publication's domain: its site's, without `www.`."""
    return (urlsplit(site).hostname or "example.org").removeprefix("www.")


def _sender(answers: Answers) -> str:
    # A trial may be at an address in numbers, where nobody has mail.
    return _said(f"digest@{host_of(str(answers['site']))}", _of(types.Mailbox), "digest@example.org")


def _found(answers: Answers) -> Survey:
    """What the site says of itself; nothing where it was not looked at."""
    return answers.get("found") or Survey("", "")


def _said(text: str, check: Callable[[str], Any], otherwise: str) -> str:
    """What a site says, where it can be taken as an answer."""
    try:
        check(text)
    except WrongAnswerError:
        return otherwise
    return text


def _name(answers: Answers) -> str:
    return _said(_found(answers).name, _of(types.Words), "The Daily")


def _sections(answers: Answers) -> str:
    return section_titles(answers["found"]) if answers.get("found") else "News, Culture, Opinion"


def _language(answers: Answers) -> str:
    # The day and the month stand in another order on the other side of the Atlantic.
    usual = "en" if str(answers["zone"]).startswith("America/") else "en-GB"
    return _said(_found(answers).language, _of(types.Language), usual)


def questions(zone: str) -> tuple[Question, ...]:
    """All of them in the order in which they are asked; `zone` is this machine's time zone.

    The site comes first: what it says of itself is the default of others.
    """

    def fixed(text: str) -> Callable[[Answers], str]:
        return lambda _: text

    return (
        Question("site", "Your newsroom's website", _site, fixed("https://www.example.org")),
        Question("name", "The publication's name", _of(types.Words), _name),
        Question("sections", "Its sections, in order", named_sections, _sections),
        Question("zone", "Its time zone", _of(types.Zone), lambda answers: _found(answers).zone or zone),
        Question("at", "The digest goes out at", _hour, fixed("06:00")),
        Question("days", "On these days", _days, fixed("mon,tue,wed,thu,fri,sat")),
        Question("language", "The language it is written in", _of(types.Language), _language),
        Question("sender", "The digest comes from", _of(types.Mailbox), _sender),
        Question(
            "postal_address",
            "Its postal address, for the footer of every mail",
            _of(types.Words),
            fixed(""),
            NO_POSTAL_ADDRESS,
            "Every mail has to show it. Nothing once more leaves it open, to be said in newsroom.toml before "
            "any mail",
        ),
        Question("public_url", "Where readers reach `serve`", _public, fixed("http://127.0.0.1:8080")),
    )
