"""The source of a newsroom that is being started: from what was found and said to a `[[source]]`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from commands.new_sections import NewSection, WrongAnswerError, named_sections, section_key
from content.sources.rules import slug_of
from content.survey import Survey, Topic
from newsroom.masthead import SectionKind
from newsroom.secrets import source_name
from newsroom.setting_types import Rule

KEY = "site"
"""The key of a source that is asked for its articles."""
SECRET = source_name(KEY)

REMOTE = ("wordpress", "ghost", "feed", "pages")
KINDS = (*REMOTE, "folder", "none")
NAMES = {
    "wordpress": "WordPress",
    "ghost": "Ghost",
    "feed": "a feed",
    "pages": "pages of articles",
    "folder": "a folder of Markdown files",
    "none": "nothing yet",
}
ASKED_PAID = {
    "wordpress": "all, none, category:SLUG, tag:SLUG, more (those with that mark); several with commas",
    "feed": "all, none, category:NAME; several with commas",
    "pages": "page (as each says; one that does not say it is paid), all, none (but those that say they are)",
}
"""What may be said of which articles are paid, by kind. Ghost knows it itself."""

_RULE: TypeAdapter[str] = TypeAdapter(Rule)
_WHOLE = ("all", "none", "page")
_RULES = {"wordpress": ("category:", "tag:", "type:", "meta:", "more"), "feed": ("category:", "tag:")}


@dataclass(frozen=True, slots=True)
class Paid:
    """Which articles are paid: by `rules`, or all, none, or as each page says itself."""

    whole: str = ""
    """`all`, `none` or `page`; empty where rules say it."""
    rules: tuple[str, ...] = ()

    @property
    def access(self) -> str:
        """That of an article that meets no rule and says nothing itself."""
        return "paid" if self.whole in ("all", "page") else "free"


@dataclass(frozen=True, slots=True)
class NewSource:
    """A `[[source]]` table."""

    kind: str = "folder"
    url: str = ""
    access: str = "paid"
    paid: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    """The site's own names with our keys, where they differ."""
    section: str = ""
    """Where an article of none of them stands; empty leaves it out."""
    lists: tuple[tuple[str, str], ...] = ()
    """Of pages: addresses of lists, with our keys."""
    summaries: bool = False
    """Of a feed: a description alone is a teaser."""
    secret: str = field(default="", repr=False)

    @property
    def who_pays(self) -> str:
        """Which of its articles are paid, in words."""
        if self.kind == "ghost":
            return "who may read a post is what Ghost says of it"
        if self.kind == "pages" and not self.paid:
            return f"those are {self.access} that do not say who may read them"
        if self.paid and self.kind != "pages":
            return f"paid are those of {', '.join(self.paid)}"
        return "all of them are paid" if self.access == "paid" else "none of them is paid"

    @property
    def is_remote(self) -> bool:
        """Whether its articles are elsewhere."""
        return self.kind in REMOTE


def kind_of(text: str) -> str:
    """The kind of source that is meant. Raises WrongAnswerError."""
    kind = text.strip().lower()
    if kind not in KINDS:
        raise WrongAnswerError(f'"{text}" is no kind of source; allowed: {", ".join(KINDS)}')
    return kind


def paid_of(text: str, kind: str = "", found: Survey | None = None) -> Paid:
    """Which articles are paid, as somebody says it, for a source of this kind where that is known.

    A category may be named by its title, too. Raises WrongAnswerError, also where a WordPress has no category
    of that name, or no article that a feed lists has one: a mistyped name would open what is paid.
    """
    said = [part.strip() for part in text.split(",") if part.strip()]
    words = [part for part in said if part.lower() in _WHOLE]
    if words and (len(said) > 1 or (words[0].lower() == "page" and kind not in ("", "pages"))):
        raise WrongAnswerError(f'"{text}" does not go together; allowed: {_allowed(kind)}')
    if words:
        return Paid(words[0].lower())
    rules = tuple(dict.fromkeys(_rule(part, kind, found) for part in said))
    if not rules:
        raise WrongAnswerError(f"nothing was said; allowed: {_allowed(kind)}")
    return Paid(rules=rules)


def _allowed(kind: str) -> str:
    return ASKED_PAID.get(kind, "all, none, page, category:SLUG, tag:SLUG, more")


def _rule(part: str, kind: str, found: Survey | None) -> str:
    try:
        _RULE.validate_python(part)
    except ValidationError:
        raise WrongAnswerError(f'"{part}" is no rule; allowed: {_allowed(kind)}') from None
    if kind and not part.startswith(_RULES.get(kind, ())):
        raise WrongAnswerError(f'"{part}" means nothing here; allowed: {_allowed(kind)}')
    name, _, value = part.partition(":")
    # A feed does not part tags from categories.
    if found is None or name not in (("category", "tag") if found.kind == "feed" else ("category",)):
        return part
    topic = next((one for one in found.topics if _is_called(one, value)), None)
    if topic is not None:
        return f"{name}:{topic.name}"
    known = ", ".join(one.name for one in found.topics[:20])
    if found.kind == "feed":
        raise WrongAnswerError(
            f'no article in the feed has the {name} "{value}"; allowed: {known or "all, none"}; one that is '
            "still to come can be written into `paid` in newsroom.toml later"
        )
    if found.kind == "wordpress" and known:
        raise WrongAnswerError(f'the site has no category "{value}"; allowed: {known}')
    return part


def _is_called(topic: Topic, name: str) -> bool:
    names = (topic.name, topic.title, as_title(topic), slug_of(topic.name))
    return name.casefold() in map(str.casefold, names)


def as_title(topic: Topic) -> str:
    """A list's title as a section's can be said: without what the question has a use of its own for."""
    text = topic.title.replace(",", " ").replace("=", " ")
    plain = "".join(" " if one in "<>{}\\|" else one for one in text)
    return " ".join(plain.replace("..", " ").split())[:60].strip()


def section_titles(found: Survey) -> str:
    """The sections that the site's own lists become where nobody chooses, as they can be said."""
    titles: dict[str, str] = {}
    for topic in found.chosen:
        try:
            (section,) = named_sections(as_title(topic))
        except (ValueError, WrongAnswerError):
            continue
        # The newest of all are no section of their own: they are made of the others.
        if section.meant is not SectionKind.LATEST:
            titles.setdefault(section.key, section.title)
    return ", ".join(titles.values()) or "News"


def source_of(
    found: Survey, sections: Sequence[NewSection], paid: Paid, *, secret: str = "", summaries: bool = False
) -> NewSource:
    """The table for what was found, whose articles are to stand in these sections."""
    placed = [one for one in sections if one.kind is not SectionKind.LATEST]
    matched = [(topic, key) for topic in found.topics if (key := _place(topic, placed))]
    first = next(one.key for one in sections if one.kind is SectionKind.EDITORIAL)
    if found.kind == "pages":
        lists = [(topic.address, key) for topic, key in matched] or [(found.url, first)]
        news = [
            one.key
            for one in placed
            if one.kind is not SectionKind.SPONSORED and one.key in dict(lists).values()
        ]
        rules = tuple(f"category:{key}" for key in news) if paid.whole == "all" else ()
        # A page has a word of its own, and only a rule is stronger.
        return NewSource("pages", access=paid.access, paid=rules, lists=tuple(lists))
    return NewSource(
        found.kind,
        found.url,
        paid.access,
        paid.rules,
        tuple((topic.name, key) for topic, key in matched if topic.name != key),
        # Where nothing says where an article stands, it would be left out.
        "" if matched else first,
        summaries=summaries,
        secret=secret,
    )


def _place(topic: Topic, sections: Sequence[NewSection]) -> str:
    """The key of the section that a list of the site becomes; empty where it becomes none."""
    keys = {section.key for section in sections}
    titles = {section.title.casefold(): section.key for section in sections}
    for title in (topic.title, as_title(topic)):
        if title.casefold() in titles:
            return titles[title.casefold()]
    return next((one for one in (topic.name, section_key(topic.title)) if one in keys), "")


def left_out(found: Survey, source: NewSource, sections: Sequence[NewSection]) -> tuple[Topic, ...]:
    """The site's own lists whose articles stand in none of ours, unless by another list that has them."""
    if source.section or found.kind == "pages":
        return ()
    placed = [one for one in sections if one.kind is not SectionKind.LATEST]
    names = {topic.name for topic in found.topics if _place(topic, placed)}
    covered = set(names)
    for topic in found.topics:
        if topic.within in covered:
            covered.add(topic.name)
    return tuple(one for one in found.topics if one.count and one.name not in covered)
