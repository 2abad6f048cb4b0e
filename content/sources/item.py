"""An article as a source over there has it, and how it becomes one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial

from content.article import Access, LeadImage, Picture
from content.gallery import LARGEST_SOURCE, Gallery
from content.sanitise import clean_address, clean_html
from content.sources import Broken, Entry, Problem, Reading, content_hash
from content.sources.advice import Advice, advice_for
from content.sources.article_reader import ArticleReader
from content.sources.choices import access_of, flags_of, sections_of, sponsored_of
from content.sources.field_reader import FieldReader
from content.sources.fields import Fields, Items, Node, Text
from content.sources.remote import Part
from content.sources.rules import Rules, tag_id
from newsroom.errors import RenderError, SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Web

Value = str | Iterable[str] | Mapping[str, str]

# Raise it when the same item gives another article than before: every one is then read once more.
_VERSION = "3"
_SPONSORS_BY_TAG = ("wordpress", "ghost")
"""Where an editor names the sponsor, and need not think of a section as well."""


@dataclass(frozen=True, slots=True)
class Item:
    """One article, translated and not yet judged. Texts are plain, as a person wrote them."""

    reference: str
    """The source's own id: it never changes."""
    place: str
    """How a message names it."""
    fields: Mapping[str, Value]
    """What an article's file would say (docs/articles.md), by its keys; moments with their zone. `image` has
    `file` (an address), `alt`, `caption` and `credit`."""
    html: str = ""
    """The whole text, as it came."""
    opening: str = ""
    """The beginning of it that stands before the editor's wall; empty where there is no wall."""
    sections: tuple[str, ...] = ()
    """The source's own names for where it stands, its own first."""
    tags: tuple[str, ...] = ()
    """Slugs."""
    marks: frozenset[str] = frozenset()
    """What rules of access are held against: `tag:premium`, `more`. Those of tags, sections and the wall are
    added."""
    access: Access | None = None
    """The source's own word on who may read it."""
    sticky: bool = False
    """It leads, and only because it stays at the top of the site."""
    closed_image: Mapping[str, str] | None = None
    """What `image` in `fields` is where not everybody may read the text, for no picture and no word out of it
    is anybody's then. None: the same."""
    closed_html: str = ""
    """The whole text where not everybody may read it; empty: the same."""


_GIVEN = tuple(one.name for one in fields(Item))


class Shelf:
    """The items of one part: listed, then read one by one, until the next part comes."""

    def __init__(self, settings: SourceSettings, newsroom: Newsroom, web: Web) -> None:
        self._settings = settings
        self._rules = Rules(
            newsroom, settings.key, Access(settings.access), settings.language or newsroom.language
        )
        self._web = web
        self._items: dict[str, Item] = {}
        self._reading = _reading(self._rules, settings)

    def part(
        self,
        items: Iterable[Item],
        *,
        gone: Iterable[str] = (),
        broken: Iterable[Broken] = (),
        problems: Iterable[Problem] = (),
    ) -> Part:
        """The items as a part; those in none of our sections are counted, and gone where they were known."""
        self._items = {}
        taken_back = list(gone)
        unplaced: dict[str, int] = {}
        for item in items:
            if self._sections(item):
                self._items[item.reference] = item
            else:
                taken_back.append(item.reference)
                where = item.sections[0] if item.sections else "nowhere"
                unplaced[where] = unplaced.get(where, 0) + 1
        entries = tuple(map(self._entry, self._items.values()))
        return Part(entries, tuple(taken_back), tuple(broken), tuple(problems), unplaced)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of this part."""
        item = self._items[entry.reference]
        is_new = _age(item, now) <= self._settings.pictures_for.total_seconds()
        pictures = RemotePictures(gallery, self._web if is_new else None)
        fields, is_closed = self._fields(item)
        html = (item.closed_html if is_closed else "") or item.html
        advice = advice_for(self._settings.kind)
        return _ItemReader(entry, item, fields, self._rules, pictures, advice).read(html)

    def _entry(self, item: Item) -> Entry:
        given = json.dumps({name: getattr(item, name) for name in _GIVEN}, sort_keys=True, default=sorted)
        default_id = tag_id(self._rules.newsroom.authority, f"{self._settings.key}/{item.reference}")
        return Entry(item.reference, item.place, content_hash(given.encode(), self._reading), default_id)

    def _sections(self, item: Item) -> tuple[str, ...]:
        found = sections_of(item.sections, self._settings, self._rules)
        is_sponsors = self._settings.kind in _SPONSORS_BY_TAG and bool(item.fields.get("sponsor"))
        return sponsored_of(found, self._rules) if is_sponsors else found

    def _fields(self, item: Item) -> tuple[Fields, bool]:
        """The fields, and whether not everybody may read the text."""
        settings = self._settings
        marks = {
            *item.marks,
            *(f"tag:{name}" for name in item.tags),
            *(f"category:{name}" for name in item.sections),
            *(("more",) if item.opening else ()),
        }
        values: dict[str, Value] = {
            "access": access_of(marks, settings, item.access).value,
            **item.fields,
            "tags": item.tags,
            "sections": self._sections(item),
            **flags_of(item.tags),
        }
        is_closed = values["access"] != Access.FREE
        if is_closed and item.closed_image is not None:
            values["image"] = item.closed_image
        return fields_of(values), is_closed


class RemotePictures:
    """Fetches a picture once, and makes it ours. Without `web` those that are ours already are found."""

    watched: Mapping[str, str] = {}
    """Nothing: another picture has another address."""

    def __init__(self, gallery: Gallery, web: Web | None) -> None:
        self._gallery = gallery
        self._web = web
        self._shown: dict[str, None] = {}

    @property
    def shown(self) -> tuple[str, ...]:
        """The published files, relative to the public folder."""
        return tuple(self._shown)

    @property
    def fetches(self) -> bool:
        """False where only what is there already is found."""
        return self._web is not None

    def knows(self, name: str) -> bool:
        """Whether the picture at this address is ours already."""
        address = clean_address(name, is_image=True)
        return address is not None and self._gallery.fetched(address, None) is not None

    def find(self, name: str) -> tuple[Picture, ...]:
        """The published sizes of the picture at this address. Raises RenderError, which says why not."""
        address = clean_address(name, is_image=True)
        if address is None:
            raise RenderError("its address cannot be used")
        try:
            fetch = partial(self._fetch, self._web, address) if self._web else None
            sizes = self._gallery.fetched(address, fetch)
        except SourceError as error:
            raise RenderError(str(error)) from error
        if sizes is None:
            raise RenderError("the article is too old for it to be fetched; see `pictures_for`")
        self._shown |= dict.fromkeys(size.path for size in sizes)
        return sizes

    def _fetch(self, web: Web, address: str) -> bytes:
        return web.get(address, largest=LARGEST_SOURCE).data


class _ItemReader(ArticleReader):
    """Reads an item's fields, and its HTML where a file has Markdown."""

    def __init__(
        self,
        entry: Entry,
        item: Item,
        front: Fields,
        rules: Rules,
        pictures: RemotePictures,
        advice: Advice,
    ) -> None:
        super().__init__(entry, item.place, front, rules, pictures, advice)
        self._item = item
        self._remote = pictures

    def _is_sticky(self) -> bool:
        return self._item.sticky

    def _body(self, text: str, url: str) -> tuple[str, str]:
        opening = clean_html(self._item.opening, url) if self._item.opening else ""
        return clean_html(text, url), opening

    def _lead(
        self, inner: FieldReader, node: Node, name: str, alt: str, caption: str, credit: str
    ) -> LeadImage | None:
        if self._remote.fetches or self._remote.knows(name):
            return super()._lead(inner, node, name, alt, caption, credit)
        # Nobody can help it that an archive's pictures are not fetched, so nobody is warned.
        return None


def fields_of(values: Mapping[str, Value]) -> Fields:
    """Values as front matter gives them; those that are empty are not there."""
    pairs = tuple((Text(key, 0, 0), _node(value)) for key, value in values.items() if value)
    return Fields(pairs, 0, 0)


def _node(value: Value) -> Node:
    if isinstance(value, str):
        return Text(value, 0, 0)
    if isinstance(value, Mapping):
        return fields_of(value)
    return Items(tuple(Text(one, 0, 0) for one in value), 0, 0)


def _age(item: Item, now: datetime) -> float:
    """Seconds since its publication; none where it has no date that can be read."""
    published = item.fields.get("published")
    try:
        moment = datetime.fromisoformat(published) if isinstance(published, str) else now
        return (now - moment).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def _reading(rules: Rules, settings: SourceSettings) -> str:
    """Everything but what the source gives that decides what article an item is."""
    newsroom = rules.newsroom
    sections = [(one.key, one.kind.value, one.former_keys) for one in newsroom.sections]
    addresses = (newsroom.site_url, newsroom.public_url, newsroom.authority)
    own = (settings.access, settings.free, settings.registered, settings.paid, settings.section)
    names = sorted(settings.sections.items())
    zone = newsroom.time_zone.key
    return repr((_VERSION, sections, addresses, zone, own, names, rules.language))
