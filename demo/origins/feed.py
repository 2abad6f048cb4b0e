"""The demo's articles in feeds: one of RSS 2.0 for each section, as a newsroom's site may have them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from email.utils import format_datetime

from content.article import Access
from demo.origins import Filled, Job, Origin
from demo.origins.site import FOLDER, MEDIA
from demo.stories import Story

_FEEDS = "feeds"
_SPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
_TABLE = """
[[source]]
key = "{section}"
kind = "feed"
url = "{address}/{feeds}/{section}.xml"
section = "{section}"
access = "paid"
free = ["category:free"]
registered = ["category:members"]
"""
_READERS = {Access.FREE: ("free",), Access.REGISTERED: ("members",), Access.PAID: ()}


def fill(job: Job) -> Filled:
    """Write the feeds into the site's folder; the sponsors' are in none, for no feed says who paid."""
    news = [story for story in job.listed if not story.sponsor]
    target = job.folder / FOLDER / _FEEDS
    target.mkdir(parents=True)
    for prefix, space in _SPACES.items():
        ET.register_namespace(prefix, space)
    tables = ["# Where the articles come from: the feeds of the newsroom's site, one for each section.\n"]
    for section in dict.fromkeys(story.section for story in sorted(news, key=lambda one: one.section)):
        (target / f"{section}.xml").write_bytes(_feed(job, section, news))
        tables.append(_TABLE.format(section=section, address=job.address, feeds=_FEEDS))
    return Filled("".join(tables))


def _feed(job: Job, section: str, news: Sequence[Story]) -> bytes:
    rss = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(rss, "channel")
    _text(channel, "title", f"The Havenmond Lantern: {section}")
    _text(channel, "link", job.address)
    _text(channel, "description", f"The newest of {section}")
    _text(channel, "language", "en-GB")
    for story in news:
        if section in story.sections:
            _item(channel, story, job.address, job.flags(story))
    ET.indent(rss)
    written: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return written


def _item(channel: ET.Element, story: Story, address: str, flags: Sequence[str]) -> None:
    item = ET.SubElement(channel, "item")
    _text(item, "title", story.headline)
    _text(item, "link", story.url)
    _text(item, "guid", story.id).set("isPermaLink", "false")
    _text(item, "pubDate", format_datetime(story.published))
    if story.updated:
        _text(item, "atom:updated", story.updated.isoformat())
    for name in story.authors:
        _text(item, "dc:creator", name)
    for name in (*story.sections, *_READERS[story.access], *flags):
        _text(item, "category", name)
    _text(item, "description", story.teaser)
    _text(item, "content:encoded", story.body_html)
    if story.picture:
        file = f"{address}/{MEDIA}/{story.picture.file}"
        picture = ET.SubElement(item, _name("media:content"), {"url": file, "medium": "image"})
        for name, words in _of_picture(story):
            _text(picture, name, words)


def _of_picture(story: Story) -> Iterator[tuple[str, str]]:
    picture = story.picture
    if picture:
        named = {"title": picture.alt, "description": picture.caption, "credit": picture.credit}
        yield from ((f"media:{name}", words) for name, words in named.items() if words)


def _text(parent: ET.Element, name: str, words: str) -> ET.Element:
    element = ET.SubElement(parent, _name(name))
    element.text = words
    return element


def _name(name: str) -> str:
    prefix, _, rest = name.rpartition(":")
    return f"{{{_SPACES[prefix]}}}{rest}" if prefix else rest


FEED = Origin("feed", "in a feed for each section", fill, serves=True)
