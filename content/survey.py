"""What a newsroom's website is, for a source to be made of it: from what it answers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote
from zoneinfo import available_timezones

from content.sources import feed_entries, feed_json
from content.sources.feed_story import Story
from content.sources.feed_text import decoded
from content.sources.feed_words import line_of_either
from content.sources.feed_xml import parse_xml
from content.sources.json_values import as_mapping, as_mappings, as_text
from content.sources.pages_metadata import Facts
from newsroom.errors import SourceError
from newsroom.web import Answer

MOST_TOPICS = 8
"""How many of a site's own lists become sections where nobody chooses."""

_FEWEST = 2
# Where a CMS puts what nobody has put anywhere; in the languages that it is installed in.
_NOWHERE = frozenset(
    {
        *("uncategorized", "uncategorised", "unkategorisiert", "allgemein", "non-classe", "sin-categoria"),
        *("senza-categoria", "sem-categoria", "geen-categorie", "niet-gecategoriseerd", "ongecategoriseerd"),
        *("غير-مصنف", "okategoriserade", "ikke-kategorisert", "ikke-kategoriseret", "bez-kategorii"),
    }
)
_LONGEST = 200
# What a CMS is installed with says nothing of where the newsroom is.
_NO_ZONE = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT", "Zulu", "Universal"})


@dataclass(frozen=True, slots=True)
class Topic:
    """A list of articles that the site itself has: a category, a tag, an entry of its menu."""

    name: str
    """What the source calls it: a slug, or a feed category's own words."""
    title: str
    count: int = 0
    """Articles in it and in those within it; of a feed and of pages those that are listed now."""
    within: str = ""
    """The name of the one that it stands in."""
    address: str = ""
    """Of pages alone."""

    @property
    def is_nowhere(self) -> bool:
        """Whether it is where a CMS puts what nobody has put anywhere."""
        return self.name.casefold() in _NOWHERE


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found at `url`. What the site does not say is empty."""

    kind: str
    """As a source's: wordpress, ghost, feed or pages."""
    url: str
    name: str = ""
    language: str = ""
    zone: str = ""
    topics: tuple[Topic, ...] = ()
    """Those with the most articles first; each before those within it."""
    summaries: bool = False
    """Of a feed: its items have descriptions alone, and no text."""
    says_access: bool = False
    """Of pages: they say who may read them."""

    @property
    def chosen(self) -> tuple[Topic, ...]:
        """Those that become sections where nobody chooses: with articles, and not within another."""
        found = [one for one in self.topics if one.count and not one.within and not one.is_nowhere]
        return tuple(found[:MOST_TOPICS])


def wordpress_of(url: str, index: object, categories: Iterable[object], language: str) -> Survey:
    """What a WordPress's REST API says of itself and of its categories."""
    told = as_mapping(index)
    rows = [one for one in as_mappings(list(categories)) if isinstance(one.get("id"), int)]
    names = {one["id"]: unquote(as_text(one.get("slug"))) for one in rows}
    topics = [
        Topic(
            names[one["id"]],
            _line(as_text(one.get("name"))),
            _number(one.get("count")),
            within=names.get(one.get("parent"), ""),
        )
        for one in rows
        if names[one["id"]]
    ]
    name, zone = _line(as_text(told.get("name"))), as_text(told.get("timezone_string"))
    return Survey("wordpress", url, name, language, _zone(zone), _arranged(topics))


def ghost_of(url: str, settings: object, tags: object, language: str) -> Survey:
    """What a Ghost's Content API says of itself and of its public tags."""
    told = as_mapping(as_mapping(settings).get("settings"))
    topics = [
        Topic(
            as_text(one.get("slug")),
            _line(as_text(one.get("name"))),
            _number(as_mapping(one.get("count")).get("posts")),
        )
        for one in as_mappings(as_mapping(tags).get("tags"))
        if as_text(one.get("slug")) and one.get("visibility") == "public"
    ]
    own = as_text(told.get("locale")) or as_text(told.get("lang"))
    name, zone = _line(as_text(told.get("title"))), as_text(told.get("timezone"))
    return Survey("ghost", url, name, own or language, _zone(zone), _arranged(topics))


def feed_of(answer: Answer, language: str = "") -> Survey:
    """What a feed of any kind is. Raises SourceError, without the address, where there is none with items."""
    document = decoded(answer.data, answer.headers.get("content-type", ""))
    if document.text.lstrip()[:1] in ("{", "["):
        feed = feed_json.parse_json(document.text)
        stories = [one for one in feed_json.stories(feed, answer.url) if isinstance(one, Story)]
        name = as_text(feed.values.get("title"))
    else:
        xml = parse_xml(document, answer.url)
        stories = list(feed_entries.stories(xml, answer.url))
        name = as_text(xml.feed.get("title"))
    if not stories:
        raise SourceError("a feed without any article")
    names = Counter(name for story in stories for name in dict.fromkeys(story.categories))
    topics = [Topic(name, _line(name), count) for name, count in names.items() if name]
    own = next((one.feed_language for one in stories if one.feed_language), "")
    # Where nothing but a description came, feed_entries has it as the summary of an item without a text.
    summaries = not any(one.text for one in stories) and not any(one.is_summary for one in stories)
    return Survey(
        "feed", answer.url, _line(name), own or language, "", _arranged(topics), summaries=summaries
    )


def pages_of(site: Survey, articles: Sequence[Facts], menu: Mapping[Topic, Collection[str]]) -> Survey | None:
    """What a site is of whose articles some were read, and of whose menu these addresses are listed.

    None where its pages do not say to machines that they are articles, and when they were published.
    """
    told = [one for one in articles if one.is_article and one.published]
    if not told:
        return None
    # One that lists no articles is about the newsroom, or the door of its shop.
    topics = [replace(one, count=len(listed)) for one, listed in menu.items() if len(listed) >= _FEWEST]
    return replace(
        site, kind="pages", topics=tuple(topics), says_access=any(one.is_free is not None for one in told)
    )


def _arranged(topics: Sequence[Topic]) -> tuple[Topic, ...]:
    """Those with the most articles first, each with those within it behind it; its count has theirs."""
    inside: dict[str, list[Topic]] = {}
    names = {one.name for one in topics}
    for one in topics:
        # What stands within itself, or in one that is not there, stands for itself.
        within = one.within if one.within in names and one.within != one.name else ""
        inside.setdefault(within, []).append(replace(one, within=within))
    found: dict[str, Topic] = {}

    def whole(one: Topic) -> list[Topic]:
        if one.name in found:
            return []
        found[one.name] = one
        below = [whole(other) for other in inside.get(one.name, ())]
        below = sorted(filter(None, below), key=lambda several: -several[0].count)
        # An article may stand in one and in the other, so this is no less than there are.
        count = one.count + sum(several[0].count for several in below)
        return [replace(one, count=count), *(topic for several in below for topic in several)]

    roots = [whole(one) for one in inside.get("", ())]
    return tuple(topic for several in sorted(roots, key=lambda one: -one[0].count) for topic in several)


def _line(text: str) -> str:
    return line_of_either(text)[:_LONGEST]


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _zone(name: str) -> str:
    return name if name in available_timezones() and name not in _NO_ZONE else ""
