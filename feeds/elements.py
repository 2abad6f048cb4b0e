"""The elements feedgen has not, or writes wrongly, in one registered extension."""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from feeds.select import Entry, Tombstone

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "http://search.yahoo.com/mrss/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
SY = "http://purl.org/rss/1.0/modules/syndication/"
AT = "http://purl.org/atompub/tombstones/1.0"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedElements(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """What a feed has beside feedgen's own."""

    def __init__(self) -> None:
        self.hub = ""
        self.tombstones: tuple[Tombstone, ...] = ()

    def extend_ns(self) -> dict[str, str]:
        """The namespaces, declared once at the root."""
        own = {"at": AT} if self.tombstones else {}
        return {"media": MEDIA, "dc": DC, "dcterms": DCTERMS, "sy": SY} | own

    def extend_rss(self, root: Any) -> Any:
        """The RSS channel's additions."""
        channel = root.find("channel")
        for name, value in (("updatePeriod", "hourly"), ("updateFrequency", "4")):
            _add(channel, f"{{{SY}}}{name}", value)
        _hub(channel, f"{{{ATOM}}}link", self.hub)
        # Additions belong before the items: some readers stop at the first one.
        items = channel.findall("item")
        for item in items:
            channel.remove(item)
            channel.append(item)
        return root

    def extend_atom(self, root: Any) -> Any:
        """The hub, and what was withdrawn (RFC 6721)."""
        _hub(root, "link", self.hub)
        for one in self.tombstones:
            element = etree.SubElement(root, f"{{{AT}}}deleted-entry")
            element.set("ref", one.id)
            element.set("when", one.when.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return root


class EntryElements(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """What an entry has beside feedgen's own."""

    def __init__(self) -> None:
        self.entry: Entry | None = None

    def extend_rss(self, item: Any) -> Any:
        """Authors, the date of the last change, the language, the summary as text, the picture."""
        entry = self.entry
        if entry is None:
            return item
        for author in entry.authors:
            _add(item, f"{{{DC}}}creator", author)
        _add(item, f"{{{DC}}}language", entry.language)
        stamp = entry.updated.strftime("%Y-%m-%dT%H:%M:%SZ")
        _add(item, f"{{{ATOM}}}updated", stamp)
        _add(item, f"{{{DCTERMS}}}modified", stamp)
        _abstract(item, entry)
        _picture(item, entry)
        return item

    def extend_atom(self, element: Any) -> Any:
        """The language, whole links, the summary as text, the picture."""
        entry = self.entry
        if entry is None:
            return element
        element.set(LANG, entry.language)
        for link in element.findall("link"):
            link.set("rel", "alternate")
            link.set("type", "text/html")
        _abstract(element, entry)
        _picture(element, entry)
        return element


def _hub(parent: Any, name: str, hub: str) -> None:
    """The hub beside the feed's own address. As a link of feedgen's it would be the channel's <link>."""
    if hub:
        own = next(link for link in parent.findall(name) if link.get("rel") == "self")
        link = etree.Element(name, rel="hub", href=hub)
        own.addnext(link)


def _abstract(parent: Any, entry: Entry) -> None:
    """The summary as plain text, for browsers: no style makes escaped HTML readable."""
    if entry.text:
        abstract = _add(parent, f"{{{DCTERMS}}}abstract", entry.text)
        # A stylesheet cannot set the order where categories stand in one line: it belongs under the title.
        parent.find("title").addnext(abstract)


def _picture(parent: Any, entry: Entry) -> None:
    """media:content as the Media RSS specification (1.5.1) has it, ungrouped."""
    image = entry.image
    if image is None:
        return
    content = etree.SubElement(parent, f"{{{MEDIA}}}content")
    content.set("url", image.url)
    content.set("type", image.media_type)
    content.set("medium", "image")
    content.set("fileSize", str(image.bytes))
    content.set("width", str(image.width))
    content.set("height", str(image.height))
    described = image.caption or image.alt
    if image.alt:
        _add(content, f"{{{MEDIA}}}title", image.alt).set("type", "plain")
    if described:
        _add(content, f"{{{MEDIA}}}description", described).set("type", "plain")
    if image.credit:
        _add(content, f"{{{MEDIA}}}credit", image.credit).set("role", "photographer")


def _add(parent: Any, name: str, text: str) -> Any:
    element = etree.SubElement(parent, name)
    element.text = text
    return element
