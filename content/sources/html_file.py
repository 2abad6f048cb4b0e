"""An article's HTML file, read: what it says of itself, by front matter or to machines, and its text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from content.article import Access
from content.sanitise import clean_line
from content.sources import pages_json_ld as json_ld
from content.sources.article_reader import WALL_MARK
from content.sources.feed_text import codec_of
from content.sources.fields import Fields, Text
from content.sources.front_matter import FrontMatterError, split
from content.sources.item import Value, fields_of
from content.sources.markdown import is_local
from content.sources.pages_address import Site
from content.sources.pages_html import Node, Page, line_of, page_of, remove, source_of
from content.sources.pages_item import canonical_of, teaser_of
from content.sources.pages_json_ld import Thing, article_in
from content.sources.pages_metadata import Facts, facts_of, page_language
from content.sources.pages_picture import PLACE, PagePicture, image_of, named_image
from content.sources.pages_text import text_of
from content.sources.rules import Rules, slug_of
from newsroom.settings import SourceSettings

WALL = "<!--paywall-->"
"""Stands in the text where an editor, or the page's own JSON-LD, has put a wall."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"""<meta\s[^>]{0,300}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_META_WITHIN = 4_096
_LINE_ENDS = re.compile("\r\n?")
# Front matter begins the file, or stands in a comment that does, behind its document type.
_FRONT = re.compile(
    r"\s*(?:(?P<comment>(?:<!doctype[^>]{0,500}>\s*)?<!--)[ \t]*\n\s*)?(?=---[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_PLACES = ("[itemprop~='articleBody']", "article", "main", "[role='main']", "body")
_MOST_PLACES = 200
_BESIDE = (
    *("nav", "header", "footer", "aside", "article article", "form", "title", "time[pubdate]", ".byline"),
    *("[rel~='author']", "[hidden]", "[aria-hidden='true']"),
)
_PUBLISHED = "meta[name='date' i], meta[name='pubdate' i], time[pubdate][datetime]"
_NAMES: Mapping[str, tuple[str, ...]] = {
    "headline": ("headline", "title"),
    "teaser": ("teaser", "standfirst"),
    "authors": ("authors", "author"),
    "published": ("published", "date"),
    "sections": ("sections", "section"),
}
"""All the keys that say one thing."""
# Addresses are made absolute by it, and those that lead below it are files beside the article's.
_HERE = "https://files.invalid/"
_ODD_DATE = "a date that cannot be read"


@dataclass(frozen=True, slots=True, repr=False)
class HtmlFile:
    """A file's fields and text. Its repr shows nothing of it."""

    front: Fields
    text: str
    """HTML, not clean yet, with `WALL` in it where there is one."""
    is_paid_for: bool = False
    """It calls itself an advertiser's."""

    def __repr__(self) -> str:
        return f"<HtmlFile of {len(self.text)} characters>"


def decoded(data: bytes) -> str:
    """A file's text: in the encoding of its byte order mark, else of its `meta charset`, else in UTF-8.

    Raises FrontMatterError, with the line, where it is not, or where nobody knows that encoding.
    """
    mark, encoding = next((one for one in _BOMS if data.startswith(one[0])), (b"", ""))
    said = _META.search(data[:_META_WITHIN])
    if not encoding and said is not None:
        encoding = codec_of(said[1].decode("ascii"))
        if not encoding:
            line = data.count(b"\n", 0, said.start()) + 1
            raise FrontMatterError("no known charset in its <meta>; save the file as UTF-8 and say so", line)
        if encoding.startswith(("utf-16", "utf-32")):
            # What was read as ASCII is in neither.
            encoding = "utf-8"
    encoding = encoding or "utf-8"
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, len(mark) + error.start) + 1
        hint = "" if said or mark else ", or name its charset in a <meta charset>"
        message = f"not {encoding.upper()}: byte {error.start:,} cannot be read; save the file as UTF-8{hint}"
        raise FrontMatterError(message, line) from None


def front_of(text: str) -> tuple[Fields, str]:
    """The front matter of a file's text, empty where it has none, and the HTML after it.

    Raises FrontMatterError where there is one that cannot be read.
    """
    text = _LINE_ENDS.sub("\n", text)
    found = _FRONT.match(text)
    if found is None:
        return Fields((), 0, 0), text
    # As many lines stand above it as in the file, so each place in it is right.
    front, rest = split("\n" * text.count("\n", 0, found.end()) + text[found.end() :])
    if not found["comment"]:
        return front, rest
    if not rest.lstrip().startswith("-->"):
        line = text.count("\n") - rest.count("\n") + 1
        raise FrontMatterError("the comment with the front matter ends with --> after its last ---", line)
    return front, found["comment"].removesuffix("<!--") + rest.lstrip()[len("-->") :]


def html_file(data: bytes, reference: str, settings: SourceSettings, rules: Rules) -> HtmlFile:
    """The file `reference`, read. What its front matter says goes before what the page says to machines.

    Raises FrontMatterError, and SourceError where it would take too long to be read.
    """
    front, html = front_of(decoded(data))
    page = page_of(html.encode("utf-8", "replace"), "text/html; charset=utf-8")
    # A link that has no host leads to no place of ours.
    address = canonical_of(page, "", Site.of(settings, rules.newsroom.site_url))
    article = article_in(page, address)
    facts = facts_of(page, article, {"published": _PUBLISHED}, rules.newsroom.time_zone)
    place = _place(page)
    image = _image(page, article, reference, place)
    headline = facts.headline or _headline(page, place, rules.newsroom.name)
    text = _text(place, article)
    if _is_closed(front, facts, rules) and not _leads(text):
        # A picture out of a closed text is the text's.
        image, text = replace(image, image=image.closed), image.unled(text)
    text = image.led(text)
    fields: dict[str, Value] = {
        "headline": headline,
        "label": facts.label,
        "teaser": teaser_of(facts.teaser, text, address or _HERE, "", ()),
        "authors": facts.authors,
        "published": facts.published or (_ODD_DATE if facts.date_given else ""),
        "updated": facts.updated,
        "sections": _sections(page, article, rules),
        "tags": facts.tags,
        "language": facts.language or page_language(page),
        "access": _access(facts, rules),
        "url": address,
        "slug": _slug(reference),
        "sponsor": facts.sponsor,
        "correction": facts.correction,
        "image": image.image,
    }
    return HtmlFile(_joined(front, fields), text, facts.is_sponsored)


def _joined(front: Fields, page: Mapping[str, Value]) -> Fields:
    """The front matter, and of the page's fields those that it leaves open."""
    given = {key.value for key, node in front.fields if not (isinstance(node, Text) and node.is_nothing)}
    open_ = {key: value for key, value in page.items() if given.isdisjoint(_NAMES.get(key, (key,)))}
    # Of a key that stands there twice, once empty, the first counts.
    return Fields((*fields_of(open_).fields, *front.fields), front.line, front.column)


def _place(page: Page) -> Node | None:
    """The element that the text stands in; of several articles the one with a headline, else the first."""
    for selector in _PLACES:
        found = page.css(selector)[:_MOST_PLACES]
        if found:
            return next((one for one in found if one.css_first("h1") is not None), found[0])
    return None


def _headline(page: Page, place: Node | None, newsroom: str) -> str:
    own = line_of(place.css_first("h1")) if place is not None else ""
    node = page.css_first("title")
    title = clean_line(node.text(deep=True)) if node is not None else ""
    return own or line_of(page.css_first("h1")) or re.sub(rf"\s+[|–—-]\s+{re.escape(newsroom)}$", "", title)


def _text(place: Node | None, article: Thing) -> str:
    """Everything in a place but what pages set around a text, and the headline."""
    if place is None:
        return ""
    title = place.css_first("h1")
    if title is not None:
        title.decompose()
    remove(place, _BESIDE)
    inner = Page(place.inner_html or "")
    text = text_of(inner, "body", json_ld.paid_parts(article))
    return text.opening + WALL + text.html[len(text.opening) :] if text.opening else text.html


def _is_closed(front: Fields, facts: Facts, rules: Rules) -> bool:
    """Whether the text is not for everybody: by front matter, else by the page, else by the source."""
    said = [node for key, node in front.fields if key.value == "access" and isinstance(node, Text)]
    own = next((node.value.strip().lower() for node in said if not node.is_nothing), "")
    return (own or _access(facts, rules) or rules.access.value) != Access.FREE.value


def _leads(text: str) -> bool:
    """Whether the picture's figure stands before an editor's wall, where anybody sees it."""
    wall = WALL_MARK.search(text)
    return wall is not None and PLACE in text[: wall.start()]


def _first_paragraph(place: Node | None) -> list[Node]:
    """The first one that is no caption's."""
    for one in place.css("p")[:_MOST_PLACES] if place is not None else ():
        up = one.parent
        while up is not None and up.tag != "figure":
            up = up.parent
        if up is None:
            return [one]
    return []


def _image(page: Page, article: Thing, reference: str, place: Node | None) -> PagePicture:
    """The picture that leads the page, its file as a path below the source's folder where it is there.

    What stands before the first paragraph is for everybody, whoever may read on.
    """
    named = PurePosixPath(urlsplit(named_image(page)).path).name if _is_address(named_image(page)) else ""
    sources = (source_of(one) for one in page.css("img")[:_MOST_PLACES])
    # What stands on the site by its address mostly lies beside the file by the same name.
    beside = next((one for one in sources if named and is_local(one) and _name(one) == named), "")
    folder = quote(f"{PurePosixPath(reference).parent}/") if "/" in reference else ""
    picture = image_of(page, article, {}, _HERE + folder, walls=_first_paragraph(place))

    def here(image: Mapping[str, str]) -> Mapping[str, str]:
        found = dict(image)
        if found and beside:
            found["file"] = unquote(urlsplit(beside).path)
        elif (file := found.get("file", "")).startswith(_HERE):
            found["file"] = unquote(urlsplit(file).path).lstrip("/")
        return found

    return replace(picture, image=here(picture.image), closed=here(picture.closed))


def _is_address(name: str) -> bool:
    return name.startswith(("https://", "http://"))


def _name(address: str) -> str:
    return PurePosixPath(urlsplit(address).path).name


def _sections(page: Page, article: Thing, rules: Rules) -> tuple[str, ...]:
    """Those that the page names and the newsroom has, by key or as a name that becomes one."""
    metas = page.css("meta[property='article:section']")[:_MOST_PLACES]
    named = [*json_ld.texts(article.get("articlesection")), *_contents(metas)]
    keys = (key for name in named for key in (name, slug_of(name)) if rules.section(key) is not None)
    return tuple(dict.fromkeys(keys))


def _contents(metas: list[Node]) -> Iterator[str]:
    for one in metas:
        yield (one.attributes.get("content") or "").strip()


def _access(facts: Facts, rules: Rules) -> str:
    """Who may read it, by its own word; empty where it has none."""
    if facts.is_free is None:
        return ""
    closed = Access.REGISTERED if rules.access is Access.REGISTERED else Access.PAID
    return (Access.FREE if facts.is_free else closed).value


def _slug(reference: str) -> str:
    """A page that is its folder's only one goes by the folder's name."""
    path = PurePosixPath(reference)
    return slug_of(path.parent.name) if path.stem.lower() == "index" and path.parent.name else ""
