"""What stands above the digest in its editors' mail: when it goes, what is in it, what is not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

from content.teaser import Teaser
from newsletter.desk.changes import Told, told
from newsletter.edition import BY_HAND, Edition, LeftOut, Selection, Story
from newsletter.left_out import Value, sentences
from newsletter.rendering.lines import clean, isolated, unbroken
from newsletter.rendering.tongue import set_apart
from newsletter.variant import Audience
from newsroom.masthead import SectionKind
from readership.reader import Plan

MOST_LEFT_OUT = 8
"""Stories that are named of those left out; the page has them all."""

AUDIENCES = {
    Plan.FREE: Audience.FREE,
    Plan.TRIAL: Audience.TRIAL,
    Plan.PAID: Audience.MEMBER,
    Plan.GROUP: Audience.MEMBER,
}

COMMAS = {"ar": "، "}
"""Where it is not the Latin one."""

REASONS = "left_out"
"""Whose words say why a story was left out."""

Words = Mapping[str, str]
"""templates/words/personal/preview/LANGUAGE.toml."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """The box on top of a preview."""

    label: str
    heading: str
    note: str
    """Who changed it since the last preview; else empty."""
    changes: tuple[Told, ...]
    """And what."""
    until: str
    button: str
    url: str
    facts: tuple[tuple[str, str], ...]
    """(name, value)."""
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(title, headlines) in reading order; beside each headline when it comes out, where that is to come."""
    left_out_title: str
    left_out: tuple[tuple[str, str], ...]
    """(headline, why)."""
    more: str
    seen_as: str
    secret: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an edition that its editors are told of."""

    edition: Edition
    selection: Selection
    left_out: Sequence[LeftOut]
    teasers: Mapping[str, Teaser]
    """Those of the stories left out, by id."""
    readers: Mapping[Plan, int]
    changed_by: Sequence[str] = ()
    """Whoever changed it since the last preview."""
    before: Selection | None = None
    """What that one showed."""
    is_own_too: bool = False
    """Whether the editor who is told changed something since as well."""
    withdrawn: Collection[str] = ()
    """The ids of the stories in `before` that no editor took out: withdrawn, or not published by then."""
    delay: timedelta = timedelta()
    """How long the provider keeps what it is handed before it sends it."""
    now: datetime | None = None
    """The moment at which it is told."""
    pictures: Collection[str] = ()
    """The paths of those of its pictures that are not published yet."""

    @property
    def audience(self) -> Audience:
        """As whom the preview shows it: the most numerous of those who get it."""
        by_audience: dict[Audience, int] = {}
        for plan, count in self.readers.items():
            audience = AUDIENCES[plan]
            by_audience[audience] = by_audience.get(audience, 0) + count
        return max(by_audience, key=lambda one: by_audience[one], default=Audience.FREE)


def briefing(
    found: Found, words: Words, reasons: Words, locale: Locale, zone: ZoneInfo, url: str
) -> Briefing:
    """What editors are told, in these words, and `reasons` for what was left out; `url` leads to the
    edition's controls."""
    edition, selection = found.edition, found.selection
    facts = [
        (words["subject_line"], set_apart(clean(selection.subject), "", locale.language)),
        (words["readers"], _readers(found.readers, words, locale)),
        (words["offer"], words["offer_shown"] if selection.offer.subscribe_url else words["offer_none"]),
    ]
    left_out = [
        (_headline(found.teasers[one.article_id], locale), reason(one, reasons, locale, zone))
        for one in found.left_out
        if one.article_id in found.teasers and not one.why.is_no_news
    ]
    more = len(left_out) - MOST_LEFT_OUT
    return Briefing(
        label=words["label_again"] if found.changed_by else words["label"],
        heading=when(edition, words, locale, zone, found.delay),
        note=_changed(found, words, locale) if found.changed_by else "",
        changes=told(found.before, selection, words, found.withdrawn, locale.language)
        if found.before
        else (),
        until=words["until_kept" if found.delay else "until"],
        button=words["button"],
        url=url,
        facts=tuple(facts),
        sections=_sections(found, words, locale, zone),
        left_out_title=words["left_out"],
        left_out=tuple(left_out[:MOST_LEFT_OUT]),
        more=words["more"].format(count=more) if more > 0 else "",
        seen_as=words[f"seen_{found.audience}"],
        secret=words["secret"],
    )


def reason(left: LeftOut, words: Words, locale: Locale, zone: ZoneInfo) -> str:
    """Why a story was left out, on one line; `words` are templates/words/personal/left_out/LANGUAGE.toml."""

    def written(value: Value) -> str:
        if isinstance(value, datetime):
            return moment(value, locale, zone)
        if isinstance(value, date):
            return format_date(value, "full", locale=locale)
        if isinstance(value, int):
            return format_decimal(value, locale=locale)
        names = [value] if isinstance(value, str) else value
        kept_apart = (isolated(clean(name), locale.text_direction) for name in names)
        return COMMAS.get(locale.language, ", ").join(kept_apart)

    return words["between"].join(sentences(left.why, left.values, words[left.why], written))


def _changed(found: Found, words: Words, locale: Locale) -> str:
    """Who changed it; the list that follows may hold the editor's own changes too."""
    others = words["changed"].format(who=_listed(found.changed_by, locale))
    return f"{others} {words['changed_own']}" if found.is_own_too else others


def _listed(names: Sequence[str], locale: Locale) -> str:
    return format_list(list(names), locale=locale)


def when(
    edition: Edition, words: Words, locale: Locale, zone: ZoneInfo, delay: timedelta = timedelta()
) -> str:
    """When the edition goes out, or that it waits for somebody; with a `delay` also when it is sent."""
    if edition.held:
        # What a person wrote stands as it is.
        why = words["held_why_hand"] if edition.held == BY_HAND else edition.held
        return words["held"].format(why=set_apart(clean(why), "", locale.language))
    if delay:
        arrives = arrival(edition.goes, delay, locale, zone)
        return words["goes_kept"].format(when=moment(edition.goes, locale, zone), arrives=arrives)
    return words["goes"].format(when=moment(edition.goes, locale, zone))


def moment(at: datetime, locale: Locale, zone: ZoneInfo) -> str:
    """Day and hour in the newsroom's zone, in words."""
    local = at.astimezone(zone)
    parts = (format_date(local.date(), "full", locale=locale), format_time(local, "short", locale=locale))
    return COMMAS.get(locale.language, ", ").join(parts)


def arrival(goes: datetime, delay: timedelta, locale: Locale, zone: ZoneInfo) -> str:
    """When what is handed over at `goes` is sent: the hour, with its day where that is another one."""
    at = goes + delay
    is_same = at.astimezone(zone).date() == goes.astimezone(zone).date()
    return clock(at, locale, zone) if is_same else moment(at, locale, zone)


def clock(at: datetime, locale: Locale, zone: ZoneInfo) -> str:
    """The hour in the newsroom's zone."""
    return format_time(at.astimezone(zone), "short", locale=locale)


def period(span: timedelta, locale: Locale) -> str:
    """How long that is, in words: "20 minutes"."""
    minutes = round(span.total_seconds() / 60)
    if minutes % 60:
        return format_unit(minutes, "duration-minute", locale=locale)
    return format_unit(minutes // 60, "duration-hour", locale=locale)


def _readers(readers: Mapping[Plan, int], words: Words, locale: Locale) -> str:
    total = format_decimal(sum(readers.values()), locale=locale)
    parts = [
        words[f"plan_{plan.value}"].format(count=format_decimal(readers[plan], locale=locale))
        for plan in Plan
        if readers.get(plan)
    ]
    return f"{total} ({format_list(parts, locale=locale)})" if len(parts) > 1 else " ".join(parts) or total


def _sections(
    found: Found, words: Words, locale: Locale, zone: ZoneInfo
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    selection = found.selection

    def line(story: Story, kind: SectionKind) -> tuple[str, str]:
        headline = _headline(story.teaser, locale)
        if kind is SectionKind.SPONSORED:
            sponsor = set_apart(clean(story.teaser.sponsor), "", locale.language)
            headline = words["sponsored"].format(sponsor=sponsor, headline=headline)
        out = story.teaser.published
        is_kept = found.now is not None and out > found.now
        return headline, words["embargoed"].format(time=clock(out, locale, zone)) if is_kept else ""

    lead = [(words["lead"], (line(selection.lead, SectionKind.EDITORIAL),))] if selection.lead else []
    blocks = [
        (
            set_apart(clean(block.title), "", locale.language),
            tuple(line(story, block.kind) for story in block.stories),
        )
        for block in selection.blocks
    ]
    return (*lead, *blocks)


def _headline(teaser: Teaser, locale: Locale) -> str:
    return set_apart(unbroken(clean(teaser.headline)), teaser.language, locale.language)
