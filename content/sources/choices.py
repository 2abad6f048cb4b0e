"""What a source's own names and marks come to in this newsroom: sections, access, an editor's flags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from content.article import Access
from content.sources.rules import Rules
from newsroom.masthead import SectionKind
from newsroom.settings import SourceSettings

LEAD = "digest-lead"
"""The tag of the story that an editor wants to lead."""
FLAGS: Mapping[str, tuple[str, str]] = {
    LEAD: ("lead", "true"),
    "digest-no": ("digest", "false"),
    "digest-again": ("again", "true"),
    "sensitive": ("sensitive", "true"),
}
"""Tags, by slug, that are an editor's word to the digest, and what they say."""


def sections_of(names: Iterable[str], settings: SourceSettings, rules: Rules) -> tuple[str, ...]:
    """Our section keys for a source's own names, in their order; empty where the article is left out.

    A name is looked up in the source's `sections`, else among our own keys; where none is found, the source's
    `section` stands.
    """
    found: dict[str, None] = {}
    for name in names:
        section = rules.section(settings.sections.get(name, name))
        if section is not None:
            found[section.key] = None
    return tuple(found) or ((settings.section,) if settings.section else ())


def sponsored_of(keys: tuple[str, ...], rules: Rules) -> tuple[str, ...]:
    """Where an article stands that a sponsor paid for: of its sections those of that kind alone; where none
    is, in the newsroom's only one. As it was where there are several: an editor has to choose."""
    kind = {one.key for one in rules.sections if one.kind is SectionKind.SPONSORED}
    own = tuple(key for key in keys if key in kind)
    return own or (tuple(kind) if len(kind) == 1 else keys)


def access_of(marks: Collection[str], settings: SourceSettings, own: Access | None = None) -> Access:
    """Who may read an article: by the rules, the strictest that is met first, else by the source's own word
    (`own`), else by its default."""
    for rules, access in (
        (settings.paid, Access.PAID),
        (settings.registered, Access.REGISTERED),
        (settings.free, Access.FREE),
    ):
        if any(rule in marks for rule in rules):
            return access
    return own or Access(settings.access)


def flags_of(tags: Iterable[str]) -> dict[str, str]:
    """The fields that an editor's tags set, as an article's file would say them."""
    return dict(FLAGS[tag] for tag in tags if tag in FLAGS)
