"""The picture that leads an article's page, with what is said of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from content.sanitise import clean_address, clean_line
from content.sources import pages_json_ld as json_ld
from content.sources.feed_words import line_of_either
from content.sources.pages_caption import caption_and_credit
from content.sources.pages_html import Node, Page, is_within, line_of, source_of, value_of
from content.sources.pages_json_ld import Thing
from content.sources.pages_listing import mark_of

_SMALLEST = 50
"""Pixels: a smaller one is a button, or counts readers."""
_MOST_FIGURES = 50
_FIGURES = "article figure, main figure, [itemprop='articleBody'] figure"
# "harbour-1200x630.jpg" and "harbour_800w.webp" are one picture.
_SIZE = re.compile(r"(?:[-_.@](?:\d{2,5}x\d{2,5}|\d{2,5}w?|scaled|large|medium|small))+$", re.IGNORECASE)
# No text has one of its own by the time that it is looked at, as with the wall's.
_SIGN = "\ufdd1"
PLACE = f'<hr class="{_SIGN}">'
"""Stands in a page where the figure stood that the article's picture comes from."""
_CREDITS = ("credittext", "creator", "author", "copyrightholder", "copyrightnotice")


@dataclass(frozen=True, slots=True, repr=False)
class PagePicture:
    """A page's picture, as the field `image` has one; empty where there is none. Its repr shows nothing."""

    image: Mapping[str, str] = field(default_factory=dict)
    """As whoever may read the text may see it."""
    closed: Mapping[str, str] = field(default_factory=dict)
    """As anybody may: what the page names, or shows before its wall, with what is said of it there."""
    figure: str = ""
    """The HTML that `PLACE` stands for, where the text alone has the picture: one that leads the article is
    not in its text, and one that may not lead it is."""

    def __repr__(self) -> str:
        return f"<PagePicture of {len(self.image)} words>"

    def led(self, html: str) -> str:
        """A text that the picture leads."""
        return html.replace(PLACE, "")

    def unled(self, html: str) -> str:
        """A text that the picture stands in."""
        return html.replace(PLACE, self.figure)


def image_of(
    page: Page,
    article: Thing,
    select: Mapping[str, str],
    base: str,
    shared: Collection[str] = (),
    walls: Sequence[Node] = (),
) -> PagePicture:
    """The page's picture by JSON-LD, Open Graph, a selector or its first figure.

    One whose address is among `shared` (marks) is the site's, and not the article's. What stands before all
    `walls`, if there are any, anybody may see. The figure that shows the picture is taken out of the page,
    for it would stand in the text once more.
    """
    thing, address = _in_json(article)
    named = named_image(page)
    thing, address = ({}, "") if mark_of(address) in shared else (thing, address)
    named = "" if mark_of(named) in shared else named
    if not address or (named and not thing):
        # A list of bare addresses has one picture in several shapes.
        address = named or address
    chosen = _chosen(page, select, "image")
    address = address or (source_of(chosen) if chosen is not None else "")
    figure, image = _figure(page, address)
    is_open = figure is not None and _is_before(page, figure, walls)
    is_anybodys = bool(address) or is_open
    if not address and image is not None:
        address = source_of(image)
    file = clean_address(address, base, is_image=True)
    if file is None:
        return PagePicture()

    def said(shown: Node | None, alt: str) -> Mapping[str, str]:
        own = _meta(page, "og:image:alt") or _meta(page, "twitter:image:alt")
        caption, credit = _words(page, thing, shown, select)
        alt = own or alt or _alt(chosen) or _selected(page, select, "image_alt")
        return {"file": file, "alt": alt, "caption": caption, "credit": credit}

    whole = said(figure, _alt(image))
    if not is_anybodys:
        return PagePicture(whole, figure=_taken_out(page, figure) if figure is not None else "")
    found = PagePicture(whole, whole if is_open else said(None, ""))
    if figure is not None:
        figure.decompose()
    return found


def _taken_out(page: Page, figure: Node) -> str:
    """A figure's HTML, with `PLACE` where it stood."""
    for image in figure.css("img"):
        image.attrs["src"] = source_of(image)
    html = figure.html or ""
    place = page.create_node("hr")
    place.attrs["class"] = _SIGN
    figure.insert_before(place)
    figure.decompose()
    return html


def _is_before(page: Page, figure: Node, walls: Sequence[Node]) -> bool:
    """Whether a figure stands before every one of the walls, and there is one."""
    ids = {one.mem_id for one in walls}
    if page.root is None or any(is_within(one, {figure.mem_id}) for one in walls):
        return False
    found = (one.mem_id for one in page.root.traverse() if one.mem_id == figure.mem_id or one.mem_id in ids)
    return bool(ids) and next(found, None) == figure.mem_id and figure.mem_id not in ids


def named_image(page: Page) -> str:
    """The picture's address in Open Graph."""
    return next(filter(None, (_meta(page, one) for one in ("og:image:secure_url", "og:image"))), "")


def _in_json(article: Thing) -> tuple[Thing, str]:
    """The picture in JSON-LD as a thing, where it is one, and its address: the widest of several."""
    found = [(one, _address(one)) for one in json_ld.things(article.get("image"))[:_MOST_FIGURES]]
    found = [(one, address) for one, address in found if address]
    if found:
        return max(found, key=lambda one: _width(one[0]))
    bare = json_ld.texts(article.get("image")) or json_ld.texts(article.get("thumbnailurl"))
    return {}, bare[0] if bare else ""


def _address(thing: Thing) -> str:
    named = (json_ld.texts(thing.get(name)) for name in ("contenturl", "url", "@id"))
    return next((one[0] for one in named if one and not one[0].startswith("#")), "")


def _width(thing: Thing) -> int:
    value = thing.get("width")
    given = value.get("value") if isinstance(value, Mapping) else value
    found = re.match(r"\s*(\d{1,5})", str(given))
    return int(found[1]) if found else 0


def _words(page: Page, thing: Thing, figure: Node | None, select: Mapping[str, str]) -> tuple[str, str]:
    """The caption, without the credit at its end, and the credit."""
    said = line_of_either(json_ld.first(thing, ("caption", "description")))
    shown = line_of(figure.css_first("figcaption")) if figure is not None else ""
    caption, credit = caption_and_credit(said or shown or _selected(page, select, "image_caption"))
    if said and shown and not credit:
        # The same caption, with its credit, stands under the picture.
        credit = caption_and_credit(shown)[1]
    own = clean_line(line_of_either(json_ld.first(thing, _CREDITS)))
    return caption, own or credit or _selected(page, select, "image_credit")


def _figure(page: Page, address: str) -> tuple[Node | None, Node | None]:
    """The figure that shows the picture at `address`, else any for an empty one; and its image."""
    for figure in page.css(_FIGURES)[:_MOST_FIGURES]:
        for image in _images(figure):
            if not address or _stem(source_of(image)) == _stem(address):
                return figure, image
    return None, None


def _images(figure: Node) -> Iterator[Node]:
    for image in figure.css("img")[:_MOST_FIGURES]:
        sizes = (image.attributes.get(name) or "" for name in ("width", "height"))
        is_tiny = any(one.isdecimal() and len(one) < 6 and int(one) < _SMALLEST for one in sizes)
        if source_of(image) and not is_tiny:
            yield image


def _stem(address: str) -> str:
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    name = path.rpartition("/")[2].lower()
    return _SIZE.sub("", re.sub(r"(?:\.(?:jpe?g|png|gif|webp|avif))+$", "", name))


def _alt(node: Node | None) -> str:
    image = node if node is None or node.tag == "img" else node.css_first("img")
    return clean_line(image.attributes.get("alt") or "") if image is not None else ""


def _meta(page: Page, name: str) -> str:
    node = page.css_first(f'meta[property="{name}"]') or page.css_first(f'meta[name="{name}"]')
    return clean_line(node.attributes.get("content") or "") if node is not None else ""


def _chosen(page: Page, select: Mapping[str, str], name: str) -> Node | None:
    return page.css_first(select[name]) if name in select else None


def _selected(page: Page, select: Mapping[str, str], name: str) -> str:
    node = _chosen(page, select, name)
    return value_of(node) if node is not None else ""
