"""One article's fields and text as an article, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from pathlib import PurePosixPath
from urllib.parse import quote, urljoin

from content.article import Access, Article, Body, Booking, LeadImage
from content.prose import word_count
from content.sanitise import clean_address, clean_html, clean_line
from content.sources import Broken, Entry, Found, Reading
from content.sources.advice import FILE, Advice
from content.sources.article_pictures import Pictures
from content.sources.body_pictures import BodyPictures
from content.sources.field_reader import FieldReader
from content.sources.fields import Fields, Node, Text
from content.sources.markdown import Shown, html_of
from content.sources.rules import Rules, slug_of, tag_id
from content.tags import tag_slug
from newsroom.errors import RenderError
from newsroom.masthead import Section, SectionKind

KEYS = frozenset(
    {
        *(
            "id",
            "headline",
            "title",
            "label",
            "teaser",
            "standfirst",
            "authors",
            "author",
            "published",
            "date",
        ),
        *("updated", "sections", "section", "rank", "lead", "place", "access", "products", "slug", "url"),
        *("language", "image", "image_alt", "image_caption", "image_credit", "sponsor", "run_from"),
        *("run_until", "correction", "sensitive", "again", "digest", "withdrawn", "draft", "tags"),
    }
)
IMAGE_KEYS = frozenset({"file", "alt", "caption", "credit"})

LONG_HEADLINE = 200
"""Characters past which a headline is asked about; it is used all the same."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:\S+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_SLUG = re.compile(r"[\w~][\w.~-]{0,199}")
_TAG = re.compile("<[^>]*>")
WALL_MARK = re.compile(r"<!--\s*(?:more|paywall)\b[^>]*-->", re.IGNORECASE)
"""An editor's wall: what stands before it is for everybody."""


class ArticleReader:
    """Reads the fields and the Markdown of one file. `place` is how its problems name it, `advice` what mends
    them."""

    def __init__(
        self,
        entry: Entry,
        place: str,
        front: Fields,
        rules: Rules,
        pictures: Pictures,
        advice: Advice = FILE,
    ) -> None:
        self._advice = advice
        self._entry = entry
        self._fields = FieldReader(front, place)
        self._place = place
        self._rules = rules
        self._pictures = pictures

    def read(self, text: str) -> Reading:
        """The article, or a problem for everything that is wrong with it."""
        fields = self._fields
        fields.check_keys(KEYS)
        claim = self._claim()
        told = len(fields.problems)
        withdrawn = fields.flag("withdrawn")
        if fields.flag("draft"):
            return self._reading(Found(self._entry, claim=claim, withdrawn=True))
        published = fields.moment(self._rules.newsroom.time_zone, "published", "date")
        if not fields.has("published", "date"):
            message = f"it has no date, so it is left out, or stays as it was known; {self._advice.published}"
            fields.warn(None, message)
        updated = fields.moment(self._rules.newsroom.time_zone, "updated")
        article = self._article(published, updated, text) if published else None
        if withdrawn and (article is None or fields.refused):
            # Its id is all that takes it back: what else is wrong with it is nobody's to read any more.
            del fields.problems[told:]
            return self._reading(Found(self._entry, claim=claim, withdrawn=True))
        if article is None or fields.refused:
            return self._reading(Broken(self._entry.reference, claim, self._said_access()))
        given = updated is not None and updated > article.published
        found = Found(self._entry, article, claim, updated_given=given, withdrawn=withdrawn)
        return self._reading(found)

    def _reading(self, found: Found | Broken) -> Reading:
        problems = tuple(self._fields.problems)
        return Reading(found, problems, self._pictures.watched, self._pictures.shown)

    def _article(self, published: datetime, updated: datetime | None, text: str) -> Article | None:
        fields = self._fields
        sections = self._sections()
        slug = self._slug()
        values = {
            "headline": self._headline(),
            "label": fields.line("label"),
            "teaser": fields.line("teaser", "standfirst"),
            "authors": tuple(name for name, _ in fields.lines("authors", "author")),
            "language": self._language(),
            "rank": fields.number("rank"),
            "pinned": fields.flag("lead"),
            "sticky": fields.flag("lead") and self._is_sticky(),
            "place": self._explicit_place(),
            "access": self._access(sections),
            "products": frozenset(name for name, _ in fields.lines("products")),
            "booking": self._booking(sections),
            "correction": fields.line("correction"),
            "sensitive": fields.flag("sensitive"),
            "again": fields.flag("again"),
            "no_digest": fields.has("digest") and not fields.flag("digest"),
            "tags": self._tags(),
        }
        url = self._url(slug)
        if fields.refused:
            return None
        html, opening = self._body(text, url)
        return Article(
            id=self._entry.default_id,
            source=self._rules.source,
            reference=self._entry.reference,
            slug=slug,
            url=url,
            published=published,
            updated=max(published, updated or published),
            sections=tuple(section.key for section in sections),
            body=Body(html),
            opening=opening,
            image=self._image(),
            words=word_count(unescape(_TAG.sub(" ", html))),
            **values,  # type: ignore[arg-type]  # Each has its field's type; a dict cannot say so.
        )

    def _is_sticky(self) -> bool:
        """Whether it leads by standing at the top of the site."""
        return False

    def _claim(self) -> str:
        node = self._fields.node("id")
        name = self._fields.line("id", longest=300)
        if not name:
            return ""
        if _URI.fullmatch(name):
            return quote(name, safe=":/?#[]@!$&'()*+,;=%~")
        if re.search(r"\s", name):
            self._fields.refuse(node, "an id has no blanks in it")
        return tag_id(self._rules.newsroom.authority, name)

    def _headline(self) -> str:
        node = self._fields.node("headline", "title")
        headline = self._fields.line("headline", "title")
        if not headline:
            self._fields.refuse(node, f"no headline; {self._advice.headline}")
        elif len(headline) > LONG_HEADLINE:
            self._fields.warn(node, f"the headline has {len(headline)} characters; it will be cut in places")
        return headline

    def _sections(self) -> tuple[Section, ...]:
        named = self._fields.lines("sections", "section")
        found: dict[str, Section] = {}
        for key, node in named:
            section = self._rules.section(key)
            if section:
                found.setdefault(section.key, section)
            else:
                self._fields.refuse(node, f"unknown section; allowed: {self._rules.allowed_sections}")
        if not named:
            folders = PurePosixPath(self._entry.reference).parent.parts
            section = next((one for name in folders if (one := self._rules.section(name))), None)
            if section is None:
                message = (
                    f"no section: give it sections:, of {self._rules.allowed_sections}; or a folder named so"
                )
                self._fields.refuse(None, message)
            else:
                found[section.key] = section
        return tuple(found.values())

    def _explicit_place(self) -> str:
        key = self._fields.line("place")
        section = self._rules.section(key)
        if key and section is None:
            allowed = self._rules.allowed_sections
            self._fields.refuse(self._fields.node("place"), f"unknown section; allowed: {allowed}")
        return section.key if section else ""

    def _access(self, sections: tuple[Section, ...]) -> Access:
        value = self._fields.line("access")
        if not value:
            # What a sponsor paid for is there to be read.
            is_sponsored = any(section.kind is SectionKind.SPONSORED for section in sections)
            return Access.FREE if is_sponsored else self._rules.access
        if value not in tuple(Access):
            allowed = ", ".join(Access)
            self._fields.refuse(self._fields.node("access"), f"unknown access; allowed: {allowed}")
            return Access.PAID
        return Access(value)

    def _said_access(self) -> Access | None:
        """Who may read it by its own word; paid for a word that is none, and None where it says nothing."""
        node = self._fields.node("access")
        if node is None:
            return None
        value = clean_line(node.value) if isinstance(node, Text) else ""
        return Access(value) if value in tuple(Access) else Access.PAID

    def _language(self) -> str:
        value = self._fields.line("language")
        if value and not _LANGUAGE.fullmatch(value):
            self._fields.refuse(self._fields.node("language"), "not a language tag, such as en or nl-BE")
        return value or self._rules.language

    def _booking(self, sections: tuple[Section, ...]) -> Booking | None:
        fields, zone = self._fields, self._rules.newsroom.time_zone
        sponsor = fields.line("sponsor", longest=200)
        run_from = fields.moment(zone, "run_from")
        run_until = fields.moment(zone, "run_until", end_of_day=True)
        kinds = {section.kind is SectionKind.SPONSORED for section in sections}
        if kinds == {True, False}:
            message = f"a sponsored section stands beside none of news; {self._advice.apart}"
            fields.refuse(fields.node("sections", "section"), message)
        elif True in kinds and not sponsor:
            message = f"a sponsored article needs its sponsor's name; {self._advice.sponsor}"
            fields.refuse(fields.node("sponsor"), message)
        elif False in kinds and sponsor:
            message = (
                "a sponsor's article stands in a sponsored section alone; this one is none; "
                f"{self._advice.place}"
            )
            fields.refuse(fields.node("sponsor"), message)
        if not sponsor and (run_from or run_until):
            fields.warn(
                fields.node("run_from", "run_until"), "only bookings run from and until; it is not used"
            )
        if run_from and run_until and run_until < run_from:
            fields.refuse(fields.node("run_until"), "it ends before it begins")
        return Booking(sponsor, run_from, run_until) if sponsor else None

    def _tags(self) -> tuple[str, ...]:
        tags = set()
        for name, node in self._fields.lines("tags"):
            if slug := tag_slug(name):
                tags.add(slug)
            else:
                self._fields.warn(node, "a tag without letters or digits is left out")
        # A source may give them in another order each time, and that is no change.
        return tuple(sorted(tags))

    def _slug(self) -> str:
        value = self._fields.line("slug")
        if value and not _SLUG.fullmatch(value):
            message = "not a slug: 200 letters, digits and hyphens at most, and no slash"
            self._fields.refuse(self._fields.node("slug"), message)
        return value or slug_of(PurePosixPath(self._entry.reference).stem)

    def _url(self, slug: str) -> str:
        site = self._rules.newsroom.site_url
        value = self._fields.line("url")
        if not value:
            return f"{site}/articles/{quote(slug)}"
        address = clean_address(urljoin(f"{site}/", value))
        if address is None or address.startswith("mailto:"):
            self._fields.refuse(
                self._fields.node("url"), "not an address; write it with https://, or from / on"
            )
        return address or ""

    def _image(self) -> LeadImage | None:
        node = self._fields.node("image")
        if node is None:
            return None
        inner = self._fields
        names = ("image", "image_alt", "image_caption", "image_credit")
        if isinstance(node, Fields):
            inner = FieldReader(node, self._place)
            inner.check_keys(IMAGE_KEYS)
            names = ("file", "alt", "caption", "credit")
        given = [
            inner.line(name) or self._fields.line(fallback)
            for name, fallback in zip(names[1:], ("image_alt", "image_caption", "image_credit"), strict=True)
        ]
        alt, caption, credit = given
        lead = self._lead(inner, inner.node(names[0]) or node, inner.line(names[0]), alt, caption, credit)
        if inner is not self._fields:
            self._fields.problems += inner.problems
        return lead

    def _lead(
        self, inner: FieldReader, node: Node, name: str, alt: str, caption: str, credit: str
    ) -> LeadImage | None:
        if not name:
            inner.warn(node, "the image has no file; give it file:")
            return None
        try:
            sizes = self._pictures.find(name)
        except RenderError as error:
            inner.warn(node, f"the image cannot be used, and the article goes on without: {error}")
            return None
        if not alt:
            inner.warn(node, f"the image has no alt text; {self._advice.alt}")
        return LeadImage(sizes, alt, caption, credit)

    def _body(self, text: str, url: str) -> tuple[str, str]:
        """The whole text and what stands before a wall in it, as sanitised HTML."""
        raw = self._illustrated(text)
        wall = WALL_MARK.search(raw)
        if wall is None:
            return clean_html(raw, url), ""
        before = raw[: wall.start()]
        return clean_html(before + raw[wall.end() :], url), clean_html(before, url)

    def _raw(
        self, text: str, published: Callable[[str], Shown | None], undescribed: Callable[[], None]
    ) -> str:
        """The file's text as HTML, its pictures those that are published."""
        return html_of(text, published, undescribed)

    def _illustrated(self, text: str) -> str:
        shown = BodyPictures(self._pictures, self._rules.newsroom.public_url)
        raw = self._raw(text, shown.published, shown.count_undescribed)
        for problem in shown.problems():
            self._fields.warn(None, problem)
        return raw
