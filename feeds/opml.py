"""The list of all feeds as OPML 2.0 (opml.org/spec2.opml). No date in it: the sections alone make it."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from feeds.listing import Listed
from newsroom.masthead import Newsroom


def opml(newsroom: Newsroom, feeds: Sequence[Listed]) -> bytes:
    """Every feed once, as RSS: a reader that takes OPML takes that."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = newsroom.name
    etree.SubElement(head, "ownerName").text = newsroom.name
    etree.SubElement(head, "docs").text = "http://opml.org/spec2.opml"
    body = etree.SubElement(root, "body")
    group = etree.SubElement(body, "outline", text=newsroom.name, title=newsroom.name)
    for feed in feeds:
        etree.SubElement(
            group,
            "outline",
            type="rss",
            text=f"{newsroom.name}: {feed.title}",
            title=f"{newsroom.name}: {feed.title}",
            xmlUrl=feed.url(".rss"),
            htmlUrl=newsroom.site_url,
            language=newsroom.language,
        )
    document: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True)
    return document
