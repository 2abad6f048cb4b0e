"""An edition as the page of its controls shows it: what is in it, what is not, who did what. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list

from content.teaser import Teaser
from newsletter.desk.briefing import arrival, clock, moment, reason
from newsletter.edition import ALL_WITHDRAWN, BY_HAND, EditionState, Selection, Story
from newsroom.masthead import SectionKind
from web.edition_gone import Gone
from web.edition_known import Known

_TAG = re.compile("<[^>]*>")
_REASONS = {BY_HAND: "edition_why_hand", ALL_WITHDRAWN: "edition_why_withdrawn"}
"""The phrases for what the program holds an edition for; in its row they are English."""

LEAD = "lead"
"""The key of the lead's part: no section's."""


@dataclass(frozen=True, slots=True)
class Line:
    """One story of the form."""

    id: str
    headline: str
    about: tuple[str, ...]
    is_lead: bool = False
    can_lead: bool = False
    section: str = ""
    """At whose top it can be put; empty where it stands there."""
    why: str = ""
    """Why it was left out."""
    can_take: bool = False
    """Whether it can be taken in."""
    language: str = ""
    """The headline's; empty where nobody says."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section and its stories."""

    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, and when."""

    at: str
    by: str
    what: str
    is_new: bool
    """Since the page was opened."""


def parts(
    known: Known, now: datetime, words: Mapping[str, str], locale: Locale, zone: ZoneInfo
) -> list[Part]:
    """What is in it, in reading order; what an embargo still keeps is said."""
    selection = known.selection
    if selection is None:
        return []

    def line(story: Story, *, is_lead: bool = False, can_lead: bool = False, section: str = "") -> Line:
        about = _about(story.teaser, now, words, locale, zone)
        teaser = story.teaser
        return Line(teaser.id, teaser.headline, about, is_lead, can_lead, section, language=teaser.language)

    lead = selection.lead
    found = [Part(LEAD, words["edition_lead"], (line(lead, is_lead=True),))] if lead else []
    for block in selection.blocks:
        is_news = block.kind is not SectionKind.SPONSORED
        can_move = block.kind in (SectionKind.EDITORIAL, SectionKind.BRIEFS)
        lines = tuple(
            line(story, can_lead=is_news, section=block.section if can_move and number else "")
            for number, story in enumerate(block.stories)
        )
        found.append(Part(block.section, block.title, lines))
    return found


def _about(
    teaser: Teaser, now: datetime, words: Mapping[str, str], locale: Locale, zone: ZoneInfo
) -> tuple[str, ...]:
    about = [words["edition_sponsored"].format(sponsor=teaser.sponsor)] if teaser.is_sponsored else []
    if not teaser.is_sponsored:
        about.append(words[f"edition_{teaser.access.value}"])
    if teaser.published > now:
        about.append(words["edition_embargoed"].format(time=clock(teaser.published, locale, zone)))
    return tuple(about)


def titles(known: Known) -> Mapping[str, str]:
    """By the id of each story below the lead, the title of the section that it stands in."""
    blocks = known.selection.blocks if known.selection else ()
    return {story.teaser.id: block.title for block in blocks for story in block.stories}


def dropped(known: Known) -> list[Line]:
    """What editors left out, to be put back."""
    teasers = (story.teaser for story in known.dropped)
    return [Line(one.id, one.headline, (), language=one.language) for one in teasers]


def gone(known: Known, words: Mapping[str, str], locale: Locale, zone: ZoneInfo) -> list[Line]:
    """What was withdrawn or put off since it was composed, each with why."""

    def why(one: Gone) -> str:
        if one.published is not None:
            return words["edition_out_later"].format(when=moment(one.published, locale, zone))
        if one.is_withdrawn:
            return words["edition_out_withdrawn"]
        return words["edition_out_again" if one.can_take else "edition_out_other"]

    return [
        Line(one.id, one.headline, (), why=_capital(why(one)), can_take=one.can_take and known.is_open)
        for one in known.gone
    ]


def left_out(known: Known, reasons: Mapping[str, str], locale: Locale, zone: ZoneInfo) -> list[Line]:
    """What was left out for another reason, those that can be named; `reasons` are the words for that."""
    return [
        Line(
            one.article_id,
            known.teasers[one.article_id].headline,
            (),
            why=_capital(reason(one, reasons, locale, zone)),
            can_take=one.for_room and known.is_open,
            language=known.teasers[one.article_id].language,
        )
        for one in known.left_out_by_rules
    ]


def _capital(text: str) -> str:
    """The text with a capital first, as it stands in a line of its own."""
    return text[:1].upper() + text[1:]


def deeds(known: Known, seen: int, words: Mapping[str, str], locale: Locale, zone: ZoneInfo) -> list[Deed]:
    """The log, newest first, stories by their headlines; `seen` is the last line that an editor saw."""
    named = _naming({one: f'"{headline}"' for one, headline in known.headlines.items()})
    return [
        Deed(
            moment(line.at, locale, zone),
            words["edition_by_run"] if line.by == "run" else line.by,
            named(line.what),
            bool(seen) and line.number > seen,
        )
        for line in reversed(known.log)
    ]


def _naming(names: Mapping[str, str]) -> Callable[[str], str]:
    """Puts headlines in the place of ids."""
    if not names:
        return str
    # The longest first, and whole: an id may be the beginning of another one.
    ids = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?![\w-])")
    return lambda what: ids.sub(lambda found: names[found[0]], what)


def changed_by(known: Known, seen: int, words: Mapping[str, str], locale: Locale) -> str:
    """Who did something to it since that line of its log."""
    names = [
        words["edition_by_run"] if line.by == "run" else line.by for line in known.log if line.number > seen
    ]
    return format_list(list(dict.fromkeys(names)), locale=locale)


def standing(
    known: Known, now: datetime, words: Mapping[str, str], locale: Locale, zone: ZoneInfo
) -> tuple[str, dict[str, object]]:
    """The key of the phrase that says how things are, and what fills it in."""
    edition = known.edition
    if edition.first_handed is not None and edition.is_open:
        when = moment(edition.first_handed, locale, zone)
        return "edition_sending", {"when": when, "done": known.done, "all": known.all}
    if edition.state is EditionState.COMPOSED:
        return _waiting(known, now, words, locale, zone)
    if edition.state is EditionState.SENT:
        if known.is_kept:
            return "edition_kept", {"when": moment(edition.first_handed or edition.due, locale, zone)}
        return "edition_sent", {"when": moment(edition.first_handed or edition.due, locale, zone)}
    if edition.state is EditionState.STOPPED:
        kept = known.not_taken_back
        if kept is not None and not kept.is_over:
            values = {"readers": kept.readers, "when": moment(kept.until, locale, zone)}
            return "edition_stopped_kept", values
        begun = {"done": known.done, "all": known.all} if known.done else {}
        return "edition_stopped_begun" if begun else "edition_stopped", {"edition": edition.key, **begun}
    return "edition_over", {"why": edition.note}


def _waiting(
    known: Known, now: datetime, words: Mapping[str, str], locale: Locale, zone: ZoneInfo
) -> tuple[str, dict[str, object]]:
    edition = known.edition
    # What a person wrote stands as it is.
    why = words[_REASONS[edition.held]] if edition.held in _REASONS else edition.held
    when = moment(edition.goes, locale, zone)
    if known.is_open and not known.has_news:
        key = "edition_gone_back" if known.can_come_back else "edition_gone"
        is_said = edition.held in ("", ALL_WITHDRAWN)
        return (key, {}) if is_said else (f"{key}_held", {"why": why})
    if edition.held:
        key = "edition_held_past" if known.is_past(now) else "edition_held"
        return key, {"why": why, "when": when}
    kept = "_kept" if known.delay else ""
    if edition.goes <= now:
        return f"edition_goes_now{kept}", {}
    return f"edition_goes{kept}", {"when": when, "arrives": arrival(edition.goes, known.delay, locale, zone)}


def day(local_date: date, locale: Locale) -> str:
    """The edition's date in words."""
    return format_date(local_date, "full", locale=locale)


def note_text(selection: Selection | None) -> str:
    """The editor's note to go on with: as it was written, else its words."""
    if selection is None:
        return ""
    if selection.edits.note_text is not None:
        return selection.edits.note_text
    return _TAG.sub("", selection.note).strip()
