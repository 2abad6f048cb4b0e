"""What the sign-up form offers, and what somebody has written into it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.rendering.phrases import languages
from newsroom.errors import ReaderError
from newsroom.masthead import Newsletter, Newsroom, Section
from readership.address import mailable
from readership.sign_up import sections_of
from readership.tokens import SigningKeys, read_form_stamp
from web.forms import Form
from web.words import locale

QUICKEST = timedelta(seconds=3)
"""Nobody reads the form and writes an address in less."""
LONGEST = timedelta(days=1)
"""A form that was drawn longer ago is shown once more."""

TRAP = "website"
"""A field that no person sees. What fills in every field there is fills it in too."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose from."""

    newsletters: Mapping[str, Newsletter]
    sections: tuple[Section, ...]
    """Those of all newsletters together; none where there is only one."""
    languages: tuple[tuple[str, str], ...]
    """Tags, and what each language calls itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written into the form, and what is wrong with it."""

    address: str = ""
    newsletters: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    bad: frozenset[str] = frozenset()
    """The names of the fields that cannot be used."""


def offered(newsroom: Newsroom, newsletters: Mapping[str, Newsletter]) -> Offered:
    """What the newsroom has to offer; the newsroom's own language is the first."""
    sections = dict.fromkeys(one for letter in newsletters.values() for one in sections_of(newsroom, letter))
    base = newsroom.language.partition("-")[0].lower()
    tags = (newsroom.language, *(tag for tag in languages() if tag != base))
    names = tuple((tag, _called(tag)) for tag in tags)
    return Offered(newsletters, tuple(sections) if len(sections) > 1 else (), names)


def language_of(asked: str, offer: Offered) -> str:
    """The language that was asked for, where it is offered; else the newsroom's."""
    tags = [tag for tag, _ in offer.languages]
    return asked if asked in tags else tags[0]


def blank(offer: Offered) -> Entry:
    """An empty form: the first newsletter is what it is about."""
    return Entry(newsletters=tuple(offer.newsletters)[:1])


def entry_of(form: Form, offer: Offered) -> Entry:
    """What was written; what is not offered is left out."""
    address = form.get("address")[:1_000]
    chosen = _known(form.all("newsletter"), offer.newsletters)
    if len(offer.newsletters) == 1:
        chosen = tuple(offer.newsletters)
    bad = {"newsletter"} if not chosen else set()
    try:
        address = mailable(address)
    except ReaderError:
        bad.add("address")
    sections = _known(form.all("section"), [one.key for one in offer.sections])
    return Entry(address, chosen, sections, frozenset(bad))


def age_of(stamp: str, signing_keys: SigningKeys, now: datetime) -> timedelta | None:
    """How long ago the form was drawn; None for a stamp that is missing, made up, or of tomorrow."""
    drawn = read_form_stamp(signing_keys, stamp)
    return None if drawn is None or drawn > now else now - drawn


def _known(some: Sequence[str], known: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    wanted = set(some)
    return tuple(one for one in known if one in wanted)


def _called(tag: str) -> str:
    name = locale(tag).get_language_name() or tag
    return name[:1].upper() + name[1:]
