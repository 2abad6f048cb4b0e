"""What `init` asks about where the articles come from, once it has looked at the newsroom's website."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import typer

from commands.new_sections import NewSection, WrongAnswerError
from commands.new_source import (
    ASKED_PAID,
    NAMES,
    REMOTE,
    SECRET,
    NewSource,
    Paid,
    kind_of,
    paid_of,
    source_of,
)
from commands.questions import Assumed, source_address
from commands.site_look import SiteLook, kinds_of
from commands.source_flags import GHOST_SAYS, Manner, Wanted
from content.survey import Survey, Topic
from content.survey_front import Front, home_of
from newsroom.errors import ConfigurationError, SourceError
from newsroom.web import WebError

SHOWN = 20
"""Of a site's own lists, how many are shown."""

_DEFAULT_PAID = {"wordpress": "all", "feed": "all", "pages": "page"}
_LISTS = {"wordpress": "categories", "ghost": "tags", "feed": "categories", "pages": "lists"}
_KEY = re.compile("[0-9a-f]{26}")
# Nobody's, by RFC 2606 and 6761.
_RESERVED = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|invalid)")
_FOLDER = "The articles come from a folder for now: docs/sources.md says how to change that."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the articles are to be read from."""

    kind: str = "folder"
    found: Survey | None = None
    """None for a folder, and for nothing."""
    site: str = ""
    """The site itself, where that is another address than the one that was given; else empty."""
    secret: str = field(default="", repr=False)


def chosen(site: str, wanted: Wanted, manner: Manner) -> Chosen:
    """What the articles are to be read from: looked at, said, and agreed to.

    Whatever the site does not give is said in a line, and a folder it is.
    """
    if wanted.kind in ("folder", "none"):
        return Chosen(wanted.kind)
    url = wanted.url or site
    if not wanted.looks:
        return _unseen(url, wanted)
    is_named = bool(wanted.kind or wanted.url)
    is_nobody = bool(_RESERVED.fullmatch(urlsplit(url).hostname or ""))
    if not is_named and (is_nobody or not (manner.asks or manner.yes)):
        return Chosen()
    return _looked_at(url, site, wanted, manner)


def _looked_at(url: str, site: str, wanted: Wanted, manner: Manner) -> Chosen:
    """What is read from `url`, of the newsroom at `site`; where it gives nothing, what is read instead."""
    typer.echo(f"Looking at {url} ...")
    with SiteLook(url) as look:
        try:
            front = look.front()
        except SourceError as error:
            if not (isinstance(url, Assumed) and _is_unreachable(error)):
                typer.echo(f"  {error}.{_then(manner)}")
                return _elsewhere(site, wanted, manner)
            typer.echo(f"  {error}.")
        else:
            return _Choice(look, front, url if url == site else site, wanted, manner).made()
    # Nobody said which it is: some sites have no https.
    plain = url.replace("https://", "http://", 1)
    return _looked_at(plain, plain if url == site else site, wanted, manner)


def _elsewhere(site: str, wanted: Wanted, manner: Manner) -> Chosen:
    """What is read where an address gave nothing: somebody may know a better one."""
    while manner.asks:
        words = "Another address to read the articles from; nothing for a folder"
        text = str(typer.prompt(words, default="", show_default=False)).strip()
        if not text:
            typer.echo(f"  {_FOLDER}")
            break
        try:
            return _looked_at(source_address(text), site, wanted, manner)
        except WrongAnswerError as error:
            typer.echo(f"  {error}")
    return Chosen()


def _then(manner: Manner) -> str:
    """What comes of it where nobody is asked."""
    return "" if manner.asks else f" {_FOLDER}"


def _is_unreachable(error: BaseException | None) -> bool:
    """Whether nobody answered at all."""
    while error is not None and not isinstance(error, WebError):
        error = error.__cause__
    return error is not None and error.status is None


def _unseen(url: str, wanted: Wanted) -> Chosen:
    if wanted.kind not in REMOTE:
        return Chosen()
    secret = _typed_key() if wanted.kind == "ghost" else ""
    if wanted.kind == "ghost" and not secret:
        typer.echo(f"  Without its Content API key a Ghost is not read. {_FOLDER}")
        return Chosen()
    return Chosen(wanted.kind, Survey(wanted.kind, url), secret=secret)


class _Choice:
    """One site, looked at, and what is made of it."""

    def __init__(self, look: SiteLook, front: Front, site: str, wanted: Wanted, manner: Manner) -> None:
        self._look, self._front, self._said = look, front, site
        self._wanted, self._manner = wanted, manner

    def made(self) -> Chosen:
        """The kind that is agreed to, with its survey."""
        signs = (self._wanted.kind,) if self._wanted.kind else kinds_of(self._front)
        found = next(filter(None, map(self._surveyed, signs)), None)
        if found is None:
            nothing = (
                "That cannot be read" if signs else "Neither WordPress, Ghost, a feed nor articles are there"
            )
            typer.echo(f"  {nothing}.{_then(self._manner)}")
            return _elsewhere(self._said, self._wanted, self._manner)
        self._say(found, [one for one in signs if one != found.kind])
        kind = self._agreed(found, signs)
        if kind not in REMOTE:
            return Chosen(kind)
        if kind == "ghost":
            return self._ghost(found)
        if kind != found.kind:
            other = self._surveyed(kind)
            if other is None:
                typer.echo(f"  That cannot be read. {_FOLDER}")
                return Chosen()
            found = other
        _say_topics(found)
        return Chosen(kind, found, self._site())

    def _surveyed(self, kind: str, key: str = "") -> Survey | None:
        try:
            return self._look.survey(kind, self._front, key)
        except SourceError as error:
            typer.echo(f"  {error}")
            return None

    def _say(self, found: Survey, others: Sequence[str]) -> None:
        said = [NAMES[found.kind], *(part for part in (found.name, found.language, found.zone) if part)]
        also = f" (also {', '.join(NAMES[one] for one in others)})" if others else ""
        typer.echo(f"  Found {', '.join(said)}{also}.")

    def _agreed(self, found: Survey, signs: Sequence[str]) -> str:
        if self._wanted.kind or not self._manner.asks:
            return found.kind
        several = [*signs, "folder", "none"]
        words = f"Read the articles from it as ({', '.join(several)})"
        return asked(words, kind_of, found.kind)

    def _ghost(self, found: Survey) -> Chosen:
        """Its key, where somebody gives it, and what it then says."""
        key = self._front.ghost_key
        if key and self._takes(
            f"Take the Content API key that its pages carry, into secrets.env ({SECRET})", key
        ):
            survey = self._surveyed("ghost", key)
        else:
            survey, key = None, ""
        while survey is None and self._manner.asks:
            key = _typed_key()
            if not key:
                break
            survey = self._surveyed("ghost", key)
        if survey is None:
            typer.echo(f"  Without its Content API key a Ghost is not read. {_FOLDER}")
            return Chosen()
        if not self._manner.asks:
            typer.echo(f"  Its Content API key, which its pages carry, goes into secrets.env ({SECRET}).")
        _say_topics(survey)
        return Chosen("ghost", survey, self._site(), key)

    def _site(self) -> str:
        return "" if self._wanted.url else home_of(self._front, self._said)

    def _takes(self, words: str, key: str) -> bool:
        if self._wanted.takes_key is not None:
            return self._wanted.takes_key
        return typer.confirm(words, default=True) if self._manner.asks else self._manner.yes


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may read what of the articles."""

    paid: Paid
    summaries: bool = False


def terms_of(choice: Chosen, wanted: Wanted, manner: Manner) -> Terms:
    """Which articles are paid, and what a description is. Raises ConfigurationError for a wrong flag."""
    if choice.found is None:
        return Terms(Paid("all"))
    return Terms(_paid(choice.found, wanted, manner), _is_teaser(choice.found, wanted, manner))


def completed_source(choice: Chosen, sections: Sequence[NewSection], terms: Terms) -> NewSource:
    """The table."""
    if choice.found is None:
        return NewSource(choice.kind)
    return source_of(choice.found, sections, terms.paid, secret=choice.secret, summaries=terms.summaries)


def _paid(found: Survey, wanted: Wanted, manner: Manner) -> Paid:
    if found.kind == "ghost":
        if wanted.paid is not None:
            if not manner.asks:
                raise ConfigurationError(f"init: --paid: {GHOST_SAYS}; leave it out")
            typer.echo(f"  {GHOST_SAYS}: --paid is not used.")
        return Paid("all")

    def check(text: str) -> Paid:
        return paid_of(text, found.kind, found)

    if wanted.paid is not None:
        try:
            return check(wanted.paid)
        except WrongAnswerError as error:
            if not manner.asks:
                raise ConfigurationError(f"init: --paid: {error}") from None
            typer.echo(f"  {error}")
    default = _DEFAULT_PAID[found.kind]
    if not manner.asks:
        return check(default)
    return asked(f"Which articles are paid? {ASKED_PAID[found.kind]}", check, default)


def _is_teaser(found: Survey, wanted: Wanted, manner: Manner) -> bool:
    if not found.summaries:
        return False
    if wanted.descriptions is not None:
        return wanted.descriptions == "teaser"
    # A query may be a subscriber's key: who has none may not read what is there.
    is_open = not urlsplit(found.url).query
    if not manner.asks:
        return is_open
    words = "Its articles have a description and no text. Is that a teaser, which everybody may read"
    return typer.confirm(words, default=is_open)


def asked(words: str, check: Callable[[str], T], default: str) -> T:
    """Ask until the answer can be taken; what is wrong with one is said."""
    while True:
        try:
            return check(" ".join(str(typer.prompt(words, default=default)).split()))
        except WrongAnswerError as error:
            typer.echo(f"  {error}")


def _typed_key() -> str:
    """A key that somebody types or pastes, unseen; empty where they have none."""
    words = "Its Content API key (in Ghost: Settings, Integrations); empty for none"
    while True:
        key = str(typer.prompt(words, default="", show_default=False, hide_input=True)).strip()
        if not key or _KEY.fullmatch(key):
            return key
        typer.echo("  That is no Content API key: it has 26 digits and letters from a to f.")


def _say_topics(found: Survey) -> None:
    topics = [one for one in found.topics if one.count]
    if not topics:
        nothing = "Its menu leads to no lists of articles" if found.kind == "pages" else ""
        typer.echo(f"  {nothing or f'It has no {_LISTS[found.kind]} with articles in them'}.")
        return
    typer.echo(f"  Its {_LISTS[found.kind]}, with their articles:")
    for topic in topics[:SHOWN]:
        typer.echo(f"    {'  ' * _depth(topic, topics)}{topic.title} ({topic.count})")
    if topics[SHOWN:]:
        typer.echo(f"    and {len(topics) - SHOWN} more")


def _depth(topic: Topic, topics: Sequence[Topic]) -> int:
    names = {one.name: one for one in topics}
    depth, place = 0, topic
    while place.within in names and depth < len(topics):
        depth, place = depth + 1, names[place.within]
    return depth
