"""An edition laid out: the words and pictures of one variant, ready for a template to draw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

from content.article import Access, LeadImage
from newsletter.corrections import Correction
from newsletter.edition import Block, Selection, Story, edition_key
from newsletter.rendering.budget import SENTENCE, Depth, Trim
from newsletter.rendering.lines import clean, cut, isolated, sentence, unbroken
from newsletter.rendering.phrases import Phrases, is_opinion, phrases
from newsletter.rendering.straight_in import LinkOf, plain
from newsletter.rendering.tongue import Tongue, base, tongue_of
from newsletter.variant import Audience, Variant
from newsroom.masthead import Archive, Newsletter, Newsroom, Offer, SectionKind

SHEET = 600
"""Pixels across."""
THUMBNAIL = 144
_TALLEST = 144
_HEAVIEST = 300 * 1024
"""Bytes: a heavier picture has no place in a mail."""
_LEAD_TEASER, _TEASER, _NARROW_TEASER = 420, 220, 145
"""Characters: three lines of a section's teaser, across the sheet and beside a thumbnail."""
_CORRECTION = 400
"""Characters of a correction in the box; the article has the whole of it."""
_TAG = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with the size it is shown in, in pixels."""

    src: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Item:
    """One story as it is shown."""

    url: str
    headline: str
    kicker: str
    is_opinion: bool
    is_update: bool
    teaser: str
    plain: str
    """The teaser in plain text, where no picture takes its room."""
    correction: str
    meta: str
    """Who wrote it and how long it takes to read."""
    access: str
    """Said only to those who cannot read on."""
    is_locked: bool
    sponsor: str
    figure: Figure | None
    language: str
    """Set where it differs from the newsletter's."""
    direction: str
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the mail: its title and its items."""

    title: str
    direction: str
    """The title's; set where it differs from the newsletter's."""
    kind: SectionKind
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """One correction of an earlier edition's story as it is shown."""

    url: str
    headline: str
    correction: str
    about: str
    """Which edition had it wrong."""
    sponsor: str
    language: str
    """Set where it differs from the newsletter's."""
    direction: str
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a digest says, in order."""

    subject: str
    preheader: str
    language: str
    """The mail's, in which Standfirst's own words are."""
    direction: str
    own_language: str
    """The newsletter's, in which the newsroom's words are; set where it is not the mail's."""
    own_direction: str
    """`ltr` or `rtl`, always set."""
    name: str
    title: str
    day: str
    day_language: str
    """Set where the date's is not the mail's."""
    site_url: str
    site: str
    feeds_url: str
    web_url: str
    """The edition on the web; empty where it is not to be read there."""
    logo_url: str
    logo_dark_url: str
    corrections: tuple[Mended, ...]
    note: Tongue | None
    """The editors' note's, beside the newsletter's; None where there is no note."""
    lead: Item | None
    parts: tuple[Part, ...]
    sponsored: tuple[Part, ...]
    """After every news block: paid content never stands between two of the newsroom's own stories."""
    offer: Offer | None
    offered: Tongue
    """The offer's, beside the newsletter's."""
    is_trial: bool
    button: str
    account_url: str
    address: tuple[str, ...]
    reason: str


def laid_out(
    selection: Selection,
    variant: Variant,
    newsroom: Newsroom,
    newsletter: Newsletter,
    words: Phrases,
    trim: Trim,
    link_of: LinkOf = plain,
    web_url: str | None = None,
) -> Sheet:
    """`selection` as one variant's readers see it, with each story as deep as `trim` allows; `web_url` is
    where it is on the web, if not in the archive."""
    audience, own = variant.audience, newsletter.language
    language = _spoken(variant.language, own, words)
    direction = phrases(language).direction
    draw = _Draughtsman(newsroom, audience, words, trim, own, direction, link_of)
    position = 1 if selection.lead else 0
    parts = []
    for block in selection.blocks:
        title = clean(block.title)
        items = tuple(draw.items(block, position))
        parts.append(Part(title, tongue_of(title, "", own).direction, block.kind, items))
        position += len(block.stories)
    shown = [part for part in parts if part.items]
    is_offered = audience is not Audience.MEMBER and bool(selection.offer.subscribe_url)
    offer = _cleaned(selection.offer) if is_offered else None
    return Sheet(
        subject=clean(selection.subject),
        preheader=clean(selection.preheader),
        language=language,
        direction=direction,
        own_language=own if language != own else "",
        own_direction=phrases(own).direction,
        name=clean(newsroom.name),
        title=clean(newsletter.title),
        day=words.day(selection.local_date),
        day_language=words.locale.language if words.locale.language != base(language) else "",
        site_url=newsroom.site_url,
        site=urlsplit(newsroom.site_url).netloc.removeprefix("www."),
        feeds_url=f"{newsroom.public_url}/feeds/index.html",
        web_url=_web_url(selection, newsroom, newsletter) if web_url is None else web_url,
        logo_url=newsroom.look.logo_url,
        logo_dark_url=newsroom.look.logo_dark_url,
        corrections=tuple(map(draw.mended, variant.corrections)),
        note=tongue_of(_TAG.sub(" ", selection.note), "", own) if selection.note else None,
        lead=draw.lead(selection.lead) if selection.lead else None,
        parts=tuple(part for part in shown if part.kind is not SectionKind.SPONSORED),
        sponsored=tuple(part for part in shown if part.kind is SectionKind.SPONSORED),
        offer=offer,
        offered=tongue_of(_words_of(offer), newsroom.language, own) if offer else Tongue(),
        is_trial=audience is Audience.TRIAL,
        # Somebody on a trial has nothing to start.
        button=(offer.button if offer and audience is Audience.FREE else "") or words.subscribe,
        account_url=newsroom.offer.account_url if audience is Audience.MEMBER else "",
        address=tuple(clean(line) for line in newsletter.postal_address.splitlines() if line.strip()),
        reason=words.reason.format(title=isolated(clean(newsletter.title), direction)),
    )


@dataclass(frozen=True, slots=True)
class _Draughtsman:
    """Draws stories for one audience."""

    newsroom: Newsroom
    audience: Audience
    words: Phrases
    trim: Trim
    language: str
    """The newsletter's."""
    around: str
    """The direction of the mail's own words."""
    link_of: LinkOf

    def lead(self, story: Story) -> Item:
        """The lead: its picture across the sheet, its label or else its section above the headline."""
        section = next((self.newsroom.section(key) for key in story.teaser.sections), None)
        kicker = clean(story.teaser.label) or (section.title if section else "")
        depth = self.trim.depth(0)
        figure = self._figure(story.teaser.image, SHEET)
        return self._item(story, depth, kicker, figure, _LEAD_TEASER)

    def items(self, block: Block, first: int) -> Iterator[Item]:
        """The stories of a block that stay; `first` is the place of its first one in the selection."""
        for position, story in enumerate(block.stories, first):
            depth = self.trim.depth(position)
            if depth is Depth.CUT:
                continue
            is_news = block.kind is SectionKind.EDITORIAL
            figure = None
            if is_news and position == first and depth > Depth.HEADLINE and story.teaser.teaser:
                figure = self._figure(story.teaser.image, THUMBNAIL)
            limit = _NARROW_TEASER if figure else _TEASER
            yield self._item(
                story, depth if is_news else Depth.HEADLINE, clean(story.teaser.label), figure, limit
            )

    def mended(self, line: Correction) -> Mended:
        """A line of the box."""
        tongue = tongue_of(f"{line.headline} {line.words}", line.language, self.language)
        return Mended(
            url=clean(line.url),
            headline=_set(line.headline),
            correction=cut(_set(line.words), _CORRECTION),
            about=self.words.wrong_in(line.day, isolated(clean(line.title), self.around)),
            sponsor=clean(line.sponsor),
            language=tongue.language,
            direction=tongue.direction,
        )

    def _item(self, story: Story, depth: Depth, kicker: str, figure: Figure | None, limit: int) -> Item:
        teaser = story.teaser
        text = _set(teaser.teaser) if depth > Depth.HEADLINE else ""
        access, is_locked = self._access(teaser.access) if depth > Depth.HEADLINE else ("", False)
        tongue = tongue_of(f"{teaser.headline} {teaser.teaser}", teaser.language, self.language)
        short = sentence(text, SENTENCE) if depth is Depth.SHORT else ""
        return Item(
            url=clean(self.link_of(teaser)),
            headline=_set(teaser.headline),
            kicker=kicker,
            is_opinion=is_opinion(teaser.label),
            is_update=story.is_update,
            teaser=short or cut(text, limit),
            plain=short or cut(text, max(limit, _TEASER)),
            correction=_set(teaser.correction),
            meta=self._meta(story) if depth > Depth.HEADLINE else "",
            access=access,
            is_locked=is_locked,
            sponsor=clean(teaser.sponsor),
            figure=figure,
            language=tongue.language,
            direction=tongue.direction,
        )

    def _meta(self, story: Story) -> str:
        teaser, words = story.teaser, self.words
        names = [isolated(clean(author), self.around) for author in teaser.authors]
        minutes = words.counted(words.minutes, teaser.minutes) if teaser.minutes else ""
        return " · ".join(part for part in (words.listed(names), minutes) if part)

    def _access(self, access: Access) -> tuple[str, bool]:
        if self.audience is not Audience.FREE or access is Access.FREE:
            return "", False
        if access is Access.PAID:
            return self.words.subscribers, True
        return self.words.registered, False

    def _figure(self, image: LeadImage | None, width: int) -> Figure | None:
        """`image` in the size for `width` pixels on a sharp screen; None where every size is too heavy."""
        sizes = tuple(size for size in image.sizes if size.bytes <= _HEAVIEST) if image else ()
        if image is None or not sizes:
            return None
        # A thumbnail fills the sheet of a phone, so it needs the same pixels as a picture of 600.
        size = LeadImage(sizes).fitting(1200 if width == SHEET else SHEET)
        shown = min(width, size.width)
        if width == THUMBNAIL:
            shown = min(shown, round(_TALLEST * size.width / size.height))
        return Figure(
            src=f"{self.newsroom.public_url}/{size.path}",
            width=shown,
            height=max(1, round(shown * size.height / size.width)),
            alt=clean(image.alt),
            caption=_set(image.caption),
            credit=clean(image.credit),
        )


def _web_url(selection: Selection, newsroom: Newsroom, newsletter: Newsletter) -> str:
    if newsletter.archive is Archive.NOBODY:
        return ""
    key = edition_key(selection.newsletter, selection.local_date, selection.slot)
    return f"{newsroom.public_url}/archive/{key}"


def _spoken(wanted: str, own: str, words: Phrases) -> str:
    """The language of the mail: the one its readers want, where `words` are in it, or `own`.

    A language that Standfirst has no words of gets those of its fallback, and its own dates.
    """
    spoken = wanted if words.words.language == words.locale.language else words.words.language
    return own if not wanted or base(spoken) == base(own) else spoken


def _set(text: str) -> str:
    return unbroken(clean(text))


def _cleaned(offer: Offer) -> Offer:
    return replace(offer, **{field.name: _set(getattr(offer, field.name)) for field in fields(offer)})


def _words_of(offer: Offer) -> str:
    values = {field.name: str(getattr(offer, field.name)) for field in fields(offer)}
    return " ".join(value for name, value in values.items() if not name.endswith("_url"))
