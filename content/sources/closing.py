"""The rules that keep articles from being open, and what is done while the source has not what they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from content.article import Access
from content.sources.remote import Part
from newsroom.settings import SourceSettings

_KINDS = ("category", "tag")
# What a Ghost's filter takes for a slug as it stands.
_SLUG = re.compile(r"[\w.~-]{1,200}")


def closing_names(settings: SourceSettings, *, own: bool = False) -> tuple[tuple[str, str, str], ...]:
    """Each category and tag whose rule makes articles less open than they would be without it: the setting
    (`paid`, `registered`), `category` or `tag`, and its slug. With `own` the source itself may say free."""
    levels = [Access(settings.access)]
    levels += [Access.REGISTERED] if settings.registered else []
    levels += [Access.FREE] if settings.free or own else []
    otherwise = min(level.closed for level in levels)
    found: list[tuple[str, str, str]] = []
    for level, rules in ((Access.PAID, settings.paid), (Access.REGISTERED, settings.registered)):
        if level.closed > otherwise:
            parted = (rule.partition(":") for rule in rules)
            found += [(level.value, kind, slug) for kind, _, slug in parted if kind in _KINDS]
    return tuple(found)


def tag_slugs(kind: str, slug: str) -> tuple[str, ...]:
    """What a name may be among a Ghost's tags; of kind `tag`, as rules have it, an internal one as well."""
    slugs = [f"hash-{slug[1:]}"] if slug.startswith("#") else [slug]
    if kind == "tag":
        slugs.append(f"hash-{slug}")
    return tuple(one for one in slugs if _SLUG.fullmatch(one))


def doubt(missing: Sequence[tuple[str, str, str]], has_not: str) -> str:
    """Why nothing may be stored while these closing names are missing; empty where none is."""
    if not missing:
        return ""
    named = ", ".join(f'"{kind}:{slug}" (in `{setting}`)' for setting, kind, slug in missing)
    return (
        f"{has_not} {named}, so articles that are to be closed might be open: nothing of it is stored but "
        "what is gone; mend the rule in newsroom.toml, or take it out"
    )


def kept_back(part: Part, why: str) -> Part:
    """The part with nothing to be stored: its articles are there, and stay as they are known."""
    there = (*part.present, *(entry.reference for entry in part.entries))
    return replace(part, entries=(), present=there, unplaced={}, held=why) if why else part
