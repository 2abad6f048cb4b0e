"""Which feeds by rule an article is in: a pure function of the article and of the rules in newsroom.toml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain

from content.article import Article
from content.tags import tag_slug
from newsroom.masthead import FeedRule


@dataclass(frozen=True, slots=True)
class Traits:
    """What rules go by."""

    tags: Collection[str]
    sections: Collection[str]
    authors: Collection[str]
    access: str


@dataclass(frozen=True, slots=True)
class _Conditions:
    """A rule, as it is compared; an empty condition is none."""

    list_name: str
    tags: frozenset[str]
    not_tags: frozenset[str]
    sections: frozenset[str]
    authors: frozenset[str]
    access: str

    def are_met(self, traits: Traits) -> bool:
        return (
            (not self.tags or not self.tags.isdisjoint(traits.tags))
            and self.not_tags.isdisjoint(traits.tags)
            and (not self.sections or not self.sections.isdisjoint(traits.sections))
            and (not self.authors or not self.authors.isdisjoint(map(_folded, traits.authors)))
            and (not self.access or self.access == traits.access)
        )


class RuleBook:
    """The rules, asked for each of many articles: of thousands, those alone are tried that may be met."""

    def __init__(self, rules: Iterable[FeedRule] = ()) -> None:
        self._rest: list[_Conditions] = []
        self._by: dict[tuple[str, str], list[_Conditions]] = {}
        for rule in rules:
            conditions = _conditions(rule)
            # The rarest thing that an article must have leads to the rule: a tag, else an author, a section.
            for kind in ("tags", "authors", "sections"):
                if values := getattr(conditions, kind):
                    for value in values:
                        self._by.setdefault((kind, value), []).append(conditions)
                    break
            else:
                self._rest.append(conditions)

    def lists_of(self, article: Article) -> tuple[str, ...]:
        """The lists of the feeds that the article is in, by name; a booking is no news and in none."""
        if article.is_sponsored:
            return ()
        return self.lists(Traits(article.tags, article.sections, article.authors, article.access.value))

    def lists(self, traits: Traits) -> tuple[str, ...]:
        """The same for news with these traits."""
        if not self._by and not self._rest:
            return ()
        keys = chain(
            (("tags", tag) for tag in traits.tags),
            (("authors", _folded(author)) for author in traits.authors),
            (("sections", section) for section in traits.sections),
        )
        tried = chain(self._rest, *(self._by[key] for key in keys if key in self._by))
        return tuple(sorted({one.list_name for one in tried if one.are_met(traits)}))


NO_RULES = RuleBook()


def fingerprint(rule: FeedRule) -> str:
    """SHA-256 of what decides which articles are in the feed: its title does not."""
    conditions = _conditions(rule)
    values = (
        sorted(conditions.tags),
        sorted(conditions.not_tags),
        sorted(conditions.sections),
        sorted(conditions.authors),
        conditions.access,
    )
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _conditions(rule: FeedRule) -> _Conditions:
    return _Conditions(
        rule.list_name,
        frozenset(map(tag_slug, rule.tags)),
        frozenset(map(tag_slug, rule.not_tags)),
        frozenset(rule.sections),
        frozenset(map(_folded, rule.authors)),
        rule.access,
    )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
