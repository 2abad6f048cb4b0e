"""RSS, RDF and Atom, sound or not, as the entries that feedparser makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from lxml import etree

from content.sources.feed_text import ROOT, Decoded, mended, without_doctype
from newsroom.errors import SourceError

DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = ("{http://search.yahoo.com/mrss/}", "{http://search.yahoo.com/mrss}")
_TERMS = "{http://purl.org/dc/terms/}"
_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
_PLAIN = re.compile(
    r"\{(?:http://(?:backend\.userland\.com/rss\w*|blogs\.law\.harvard\.edu/tech/rss|purl\.org/rss/1\.0/"
    r"|my\.netscape\.com/rdf/simple/0\.9/|purl\.org/atom/ns#|www\.w3\.org/2005/Atom"
    r"|www\.w3\.org/1999/xhtml))?\}",
    re.IGNORECASE,
)
"""The namespaces whose elements every format's own may be in; none at all is one of them."""

_KEPT = frozenset(
    {
        *("title", "link", "guid", "id", "pubdate", "published", "issued", "updated", "modified", "created"),
        *("description", "summary", "content", "body", "author", "category", "enclosure"),
        *(f"{DC}{name}" for name in ("title", "creator", "author", "date", "subject", "language")),
        *(f"{_TERMS}{name}" for name in ("created", "issued", "modified")),
        *(f"{_ITUNES}{name}" for name in ("author", "category", "keywords", "image")),
        *(f"{media}{name}" for media in MEDIA for name in ("category", "keywords")),
        "{http://purl.org/rss/1.0/modules/content/}encoded",
        "{http://rssnamespace.org/feedburner/ext/1.0}origlink",
    }
)
"""What is read of an item, in small letters. feedparser puts much of the rest into the same drawers: the
description of a picture, or a second summary, would pass for the text."""
_KEPT_ABOVE = frozenset(
    {
        *("channel", "item", "entry", "title", "link", "language", "author", "managingeditor"),
        *(f"{DC}language", f"{DC}creator"),
    }
)
"""What is read of the feed itself."""

_PEOPLE = frozenset({"author", "creator", "managingeditor", "webmaster", "publisher", "owner"})
_LONGEST_NAME = 300
"""Characters. feedparser looks for an address in a name, in time that grows with the square of its length."""
_MOST_CATEGORIES = 100
_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_CHUNK_START = re.compile(r"<(item|entry)(?=[\s/>])", re.IGNORECASE)
_XMLNS = re.compile(r"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_XMLNS_BYTES = re.compile(rb"""\sxmlns(?::[\w.-]+)?="[^"]*\"""")
_MOST_NAMESPACES = 200
"""feedparser compares each element with all of them."""
_MOST_ELEMENTS = 300_000
"""feedparser takes some 20 microseconds for each."""
_ROOT_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class XmlEntry:
    """One entry as feedparser has it, and what feedparser would lose of it."""

    parsed: dict[str, Any]
    description: str = ""
    """Dublin Core's, which feedparser takes for the text where there is another one."""
    pictures: tuple[XmlPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class XmlPicture:
    """A picture of Media RSS, with the words that stand in its element, else around it."""

    address: str
    width: int
    title: str = ""
    description: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class XmlFeed:
    """A feed as feedparser has it. `problems` are warnings."""

    feed: dict[str, Any]
    version: str
    entries: tuple[XmlEntry, ...]
    problems: tuple[str, ...] = field(default=())


def parse_xml(document: Decoded, address: str) -> XmlFeed:
    """The feed in `document`, which came from `address`.

    What is not well-formed is mended, and read item by item where that is not enough: see `problems`. Raises
    SourceError, without the address, where it is no feed or a bomb.
    """
    text = without_doctype(document.text)
    problems: list[str] = []
    if not document.is_clean:
        problems.append(
            "its characters are not all in the encoding that it says; those are read as Windows-1252"
        )
    root = _strictly(text)
    if root is None:
        problems.append(_complaint(text))
        text = mended(text)
        root = _strictly(text)
    if root is None:
        root = _piecemeal(text)
    if root is None or etree.QName(root).localname.lower() not in _ROOTS:
        raise SourceError("a page or another document instead of a feed; is the address right?")
    items = list(_items(root))
    pictures = [tuple(_pictures(item)) for item in items]
    descriptions = [(item.findtext(f"{DC}description") or "").strip() for item in items]
    for item in items:
        _prune(item)
    for above in (root, *root.iterchildren("{*}channel")):
        for child in list(above):
            if _name(child) not in _KEPT_ABOVE:
                above.remove(child)
    for person in root.iter(etree.Element):
        if etree.QName(person).localname.lower() in _PEOPLE:
            _shorten(person)
    feed, version, entries = _parsed(root, address)
    if len(entries) != len(items):
        raise SourceError("items inside of items; have the feed written as its format has it")
    found = map(XmlEntry, entries, descriptions, pictures)
    return XmlFeed(feed, version, tuple(found), tuple(problems))


def _parsed(root: Any, address: str) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    # Most runs read no feed, and it takes a while to import.
    import feedparser

    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise SourceError(f"more than {_MOST_ELEMENTS:,} elements; have the feed hold fewer items")
    etree.cleanup_namespaces(root)
    data = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    if len(set(_XMLNS_BYTES.findall(data))) > _MOST_NAMESPACES:
        raise SourceError("a page or another document instead of a feed: it has hundreds of namespaces")
    found = feedparser.parse(
        BytesIO(data),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": address},
        # Both rewrite what they look at, and all of it goes through our own door.
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    # As plain dictionaries: its own give one key's value for another.
    return dict(found["feed"]), str(found["version"]), [dict(entry) for entry in found["entries"]]


def _strictly(text: str) -> Any:
    """The root element; None where `text` is not well-formed."""
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), _parser())
    except etree.XMLSyntaxError:
        return None


def _parser(*, recover: bool = False) -> etree.XMLParser:
    # Without `huge_tree` nothing is nested deeper than 256 elements, and no text longer than 10 MB.
    return etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )


def _complaint(text: str) -> str:
    """Where it stops to be XML: a line, and never what stands there."""
    parser = _parser()
    try:
        etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        if line >= text.rstrip().count("\n") + 1 and not text.rstrip().endswith(">"):
            return "it is cut off: what came whole is read"
        return f"it is not well-formed XML from line {line} on: what can be read is"
    return "it is not well-formed XML: what can be read is"


def _piecemeal(text: str) -> Any:
    """A feed that is not well-formed, put together from each item by itself; None where there is no feed.

    An item without an end is left out: what is missing of it may be anything.
    """
    root = ROOT.match(text)
    first = _CHUNK_START.search(text)
    if root is None:
        return None
    head = text[: first.start()] if first else text
    feed = etree.fromstring(head.encode("utf-8", "replace"), _parser(recover=True))
    tag = _ROOT_TAG.match(head)
    if feed is None or tag is None:
        return None
    names = " ".join(_XMLNS.findall(tag[0]))
    parent = next((one for one in feed.iter(etree.Element) if etree.QName(one).localname == "channel"), feed)
    for chunk in _chunks(text):
        whole = f"<wrapper{names}>{chunk}</wrapper>"
        wrapper = etree.fromstring(whole.encode("utf-8", "replace"), _parser(recover=True))
        if wrapper is not None and len(wrapper):
            parent.append(wrapper[0])
    return _strictly(etree.tostring(feed, encoding="unicode"))


def _chunks(text: str) -> Iterator[str]:
    """Each item from its start tag to its end tag; of two that begin before one ends, the later one."""
    starts = [*_CHUNK_START.finditer(text)]
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        limit = following.start() if following else len(text)
        end = re.compile(rf"</{start[1]}\s*>", re.IGNORECASE).search(text, start.end(), limit)
        if end:
            yield text[start.start() : end.end()]


def _name(element: Any) -> str:
    """An element's name in small letters, without the namespaces that every format's own may be in."""
    return _PLAIN.sub("", str(element.tag)).lower() if isinstance(element.tag, str) else ""


def _items(root: Any) -> Iterator[Any]:
    """The items and entries, and none that stands in another one."""
    for element in root.iter(etree.Element):
        if _name(element) in ("item", "entry"):
            above = (_name(one) for one in element.iterancestors())
            if not any(name in ("item", "entry") for name in above):
                yield element


def _prune(item: Any) -> None:
    """Leave in an item what is read of it."""
    categories = 0
    for child in list(item):
        name = _name(child)
        categories += name in ("category", f"{DC}subject".lower())
        if name not in _KEPT or categories > _MOST_CATEGORIES:
            item.remove(child)


def _shorten(person: Any) -> None:
    if sum(map(len, person.itertext())) > _LONGEST_NAME:
        tail = person.tail
        person.clear()
        person.tail = tail


def _pictures(item: Any) -> Iterator[XmlPicture]:
    """Media RSS's pictures: contents, and thumbnails."""
    for element in item.iter(*(f"{media}{name}" for media in MEDIA for name in ("content", "thumbnail"))):
        address = (element.get("url") or "").strip()
        is_thumbnail = element.tag.endswith("}thumbnail")
        if not address or not (is_thumbnail or _is_picture(element, address)):
            continue
        width = element.get("width", "").strip().removesuffix("px")
        # One that does not say is the article's picture, or else a small one of it.
        known = int(width) if re.fullmatch("[0-9]{1,5}", width) else 100 if is_thumbnail else 1_000
        words = (_words(element, item, name) for name in ("title", "description", "credit"))
        yield XmlPicture(address, known, *words)


def _is_picture(element: Any, address: str) -> bool:
    medium, kind = element.get("medium", "").lower(), element.get("type", "").lower()
    if medium or kind:
        return medium == "image" or (not medium and kind.startswith("image/"))
    return bool(re.search(r"\.(?:jpe?g|png|webp|gif|avif)(?:\?|$)", address, re.IGNORECASE))


def _words(element: Any, item: Any, name: str) -> str:
    """What Media RSS says of a picture: in its own element, in its group, in the item; credits joined."""
    place = element
    while place is not None:
        found = [one for media in MEDIA for one in place.findall(f"{media}{name}")]
        texts = ["".join(one.itertext()).strip() for one in found]
        if any(texts):
            return ", ".join(filter(None, texts)) if name == "credit" else next(filter(None, texts))
        place = None if place is item else place.getparent()
    return ""
