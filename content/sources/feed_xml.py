"""RSS, RDF and Atom, sound or not, as the entries that feedparser makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from lxml import etree

from content.sources.feed_media import MEDIA, XmlPicture, pictures_of
from content.sources.feed_text import ROOT, Decoded, mended, without_doctype
from newsroom.errors import SourceError

DC = "{http://purl.org/dc/elements/1.1/}"
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
_IN_BRACKETS = re.compile(r"[^()@]*@[^()@]*\(([^()]*)\)\s*")
_MAILBOX = re.compile(r"<?[^\s<>@]*@[^\s<>@]*>?")
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
    guid: str = ""
    """As it is written: feedparser makes an address of it, which moves with the feed."""
    description: str = ""
    """Dublin Core's, which feedparser takes for the text where there is another one."""
    pictures: tuple[XmlPicture, ...] = ()


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
    guids = [_guid(item) for item in items]
    pictures = [tuple(pictures_of(item)) for item in items]
    descriptions = [(item.findtext(f"{DC}description") or "").strip() for item in items]
    for item in items:
        _prune(item)
    for above in (root, *root.iterchildren("{*}channel")):
        for child in list(above):
            if _name(child) not in _KEPT_ABOVE:
                above.remove(child)
    for person in root.iter(etree.Element):
        if etree.QName(person).localname.lower() in _PEOPLE:
            _name_alone(person)
    feed, version, entries = _parsed(root, address)
    if len(entries) != len(items):
        raise SourceError("items inside of items; have the feed written as its format has it")
    found = map(XmlEntry, entries, guids, descriptions, pictures)
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
            parent.append(_raised(wrapper[0]))
    return _strictly(etree.tostring(feed, encoding="unicode"))


def _raised(item: Any) -> Any:
    """The item, with those of its elements at its top that one without an end has swallowed."""
    for element in list(item.iter(etree.Element)):
        if element is not item and element.getparent() is not item and _name(element) in _KEPT:
            item.append(element)
    return item


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


def _guid(item: Any) -> str:
    found = (("".join(one.itertext())).strip() for one in item if _name(one) in ("guid", "id"))
    about = item.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about", "")
    return next(filter(None, found), about.strip())


def _prune(item: Any) -> None:
    """Leave in an item what is read of it."""
    categories = 0
    for child in list(item):
        name = _name(child)
        categories += name in ("category", f"{DC}subject".lower())
        if name not in _KEPT or categories > _MOST_CATEGORIES:
            item.remove(child)


def _name_alone(person: Any) -> None:
    """Leave a person's name alone of "jo@quay.example (Jo)": feedparser cuts long domains in the middle."""
    text = "".join(person.itertext())
    is_plain = not len(person)
    if len(text) > _LONGEST_NAME or (is_plain and "@" in text):
        tail = person.tail
        person.clear()
        person.tail = tail
        if len(text) <= _LONGEST_NAME:
            given = _IN_BRACKETS.fullmatch(text)
            person.text = given[1] if given else _MAILBOX.sub("", text)
