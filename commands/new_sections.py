"""The sections of a newsroom that is being started: from a line of titles to keys and kinds. Pure."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from newsroom.masthead import SectionKind
from newsroom.setting_types import RESERVED

WORDS = Path(__file__).parent.parent / "templates" / "words" / "init"
STORIES = {"editorial": 4, "briefs": 6, "latest": 6, "sponsored": 12}
WHAT = {
    SectionKind.BRIEFS: "headlines alone, one a line",
    SectionKind.LATEST: "made of the newest headlines, with no articles of its own",
    SectionKind.SPONSORED: "bookings, labelled as paid content and never news",
}
"""What makes each kind another thing than a section of articles."""
KEYS = {SectionKind.BRIEFS: "briefs", SectionKind.LATEST: "latest", SectionKind.SPONSORED: "partners"}
"""The keys of the sections that every newsroom is given to begin with."""

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_NO_TITLE = re.compile(r"^(?:category|tag|type|meta):|://|^www\.|@|\.\.|^/|[<>{}\\|]|[\x00-\x1f\x7f]")
_LONGEST = 60


class WrongAnswerError(ValueError):
    """An answer that cannot be taken; its text says what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class NewSection:
    """One section. `meant`: the kind that its title reads like, where nobody has said one."""

    key: str
    title: str
    kind: SectionKind = SectionKind.EDITORIAL
    meant: SectionKind | None = None

    @property
    def stories(self) -> int:
        """How many stories the digest takes of it to begin with."""
        return STORIES[self.kind]


def named_sections(text: str) -> tuple[NewSection, ...]:
    """The sections of a line such as `Politics, Culture, Briefs=briefs`, in its order.

    Raises WrongAnswerError with everything that is wrong with it.
    """
    parts = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    found: list[NewSection] = []
    wrong: list[str] = []
    for number, part in enumerate(parts, 1):
        try:
            found.append(_section(part, number, {section.key for section in found}))
        except WrongAnswerError as error:
            wrong.append(str(error))
    if not parts:
        wrong.append("no section is named; allowed: titles, with commas between them")
    if wrong:
        raise WrongAnswerError("; ".join(wrong))
    return _whole(found)


def agreed(sections: Sequence[NewSection]) -> tuple[NewSection, ...]:
    """Each of the kind that its title reads like. Raises WrongAnswerError where that makes no newsroom."""
    return _whole([replace(one, kind=one.meant or one.kind, meant=None) for one in sections])


def _whole(sections: Sequence[NewSection]) -> tuple[NewSection, ...]:
    if not any(section.kind is SectionKind.EDITORIAL for section in sections):
        raise WrongAnswerError("no ordinary section is named; allowed: one at least")
    latest = [section.title for section in sections if section.kind is SectionKind.LATEST]
    if len(latest) > 1:
        raise WrongAnswerError(f"{len(latest)} are of kind latest ({', '.join(latest)}); allowed: one")
    return tuple(sections)


def _section(part: str, number: int, taken: set[str]) -> NewSection:
    title, said, kind = (piece.strip() for piece in part.partition("="))
    if said and kind not in set(SectionKind):
        raise WrongAnswerError(f'"{part}": "{kind}" is no kind of section; allowed: {", ".join(SectionKind)}')
    if _NO_TITLE.search(title) or not any(map(str.isalpha, title)):
        raise WrongAnswerError(f'"{title}" is not a section\'s title; allowed: words, as readers see them')
    if len(title) > _LONGEST:
        raise WrongAnswerError(f'"{title[:30]}..." has {len(title)} characters; allowed: at most {_LONGEST}')
    key = section_key(title) or f"section-{number}"
    if key in RESERVED:
        raise WrongAnswerError(
            f'"{title}" is reserved: its feed would have the name of another file ("all" is the feed of '
            "every section); allowed: any other title"
        )
    while key in taken:
        key = f"{key}-{number}"
    if said:
        return NewSection(key, title, SectionKind(kind))
    return NewSection(key, title, meant=_meant(title))


def section_key(title: str) -> str:
    """A key made of a title: lower-case ASCII letters, digits and hyphens; empty for another script."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")[:60].strip("-")


def unsettled(sections: Sequence[NewSection]) -> str:
    """What has to be said about titles that read like another kind; empty where there are none."""
    lines = []
    for one in sections:
        if one.meant is not None:
            ordinary = f'"{one.title}=editorial" for an ordinary one'
            # Readers would take it for what it says.
            other = "choose another title" if one.meant is SectionKind.SPONSORED else ordinary
            reads = f'"{one.title}" reads like a section of kind {one.meant} ({WHAT[one.meant]})'
            lines.append(f'{reads}: say "{one.title}={one.meant}" for that, or {other}')
    return "; ".join(lines)


def completed(sections: Sequence[NewSection], language: str) -> tuple[NewSection, ...]:
    """These sections, then those of the other kinds that are not among them, to be filled or removed."""
    words = words_of(language)
    kinds, taken = {section.kind for section in sections}, {section.key for section in sections}
    more = []
    for kind, key in KEYS.items():
        if kind not in kinds:
            more.append(NewSection(key if key not in taken else f"{key}-2", words[kind.value], kind))
    return (*sections, *more)


def _meant(title: str) -> SectionKind | None:
    """The kind whose name the title is, in any of our languages."""
    name = title.casefold().replace("’", "'")
    for path in sorted(WORDS.glob("*.toml")):
        for kind in WHAT:
            if name in _read(path)[f"{kind}_names"]:
                return kind
    return None


def words_of(language: str) -> Mapping[str, Any]:
    """What a new newsroom begins with in `language`, else in English."""
    path = WORDS / f"{language.partition('-')[0].lower()}.toml"
    return _read(path if path.is_file() else WORDS / "en.toml")


@cache
def _read(path: Path) -> Mapping[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
