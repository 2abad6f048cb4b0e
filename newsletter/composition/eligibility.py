"""What is new to an edition: the stories it may show, and why it may not show the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from content.teaser import Teaser
from newsletter.edition import LeftOut, Story

OVERLAP = timedelta(hours=6)
"""How far the window reaches back before the previous edition: stories are published late, or backdated."""
LEAST = timedelta(hours=36)
FIRST = timedelta(hours=24)

USED, OLD = "already in", "published"
"""How the reasons begin for which a story was left out that nobody expected in the edition."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an edition is made from, as it was read from the store at one moment."""

    news: Sequence[Teaser] = ()
    """News published in the window, used ones included: the account says why they are left out."""
    readmitted: Sequence[Teaser] = ()
    """News with `again`, whenever published."""
    carried: Sequence[Teaser] = ()
    """News that an earlier edition left out for room, within the newsletter's `carry_over`."""
    bookings: Sequence[Teaser] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    """Article id → its revision when an edition of this newsletter last used it."""
    previous: datetime | None = None
    """When the previous edition was composed."""
    used_in: Mapping[str, str] = field(default_factory=dict)
    """Article id → the edition that used it, for the account; may lack some."""


def is_no_news(reason: str) -> bool:
    """Whether a story with this reason was left out because its time was over."""
    return reason.startswith((USED, OLD))


def before_missed(due: datetime) -> datetime:
    """What stands for the previous edition where the first one was missed: its stories go into the next."""
    return due - FIRST + OVERLAP


@dataclass(frozen=True, slots=True)
class Eligible:
    """The stories that may be shown, each id once, and the account of those that may not."""

    stories: tuple[Story, ...]
    left_out: tuple[LeftOut, ...]


def window_start(previous: datetime | None, now: datetime) -> datetime:
    """News published after this moment may be new; `previous` is when the previous edition was composed."""
    if previous is None:
        return now - FIRST
    return min(previous - OVERLAP, now - LEAST)


def eligible(material: Material, now: datetime, zone: ZoneInfo, until: datetime | None = None) -> Eligible:
    """What is new: never used by this newsletter and inside the window, left out for room before, or a
    story with `again` that was revised since its use, or updated inside the window. `until` is when it goes
    out, where what is out by then may be in it."""
    start = window_start(material.previous, now)
    carried = {teaser.id for teaser in material.carried}
    seen: set[str] = set()
    stories: list[Story] = []
    left_out: list[LeftOut] = []
    for teaser in (*material.readmitted, *material.news, *material.carried):
        if teaser.id in seen or teaser.is_sponsored:
            continue
        seen.add(teaser.id)
        is_update = teaser.again and _developed(material, teaser, start)
        why = _why_not(material, teaser, until or now)
        if not why and not is_update and teaser.id not in carried and teaser.published <= start:
            why = f"{OLD} {_local(teaser.published, zone)}, before the window ({_local(start, zone)})"
        if why:
            left_out.append(LeftOut(teaser.id, why))
        else:
            # An update is news again, even of a story that once waited for room.
            stories.append(Story(teaser, is_update, is_carried=teaser.id in carried and not is_update))
    return Eligible(tuple(stories), tuple(left_out))


def _why_not(material: Material, teaser: Teaser, now: datetime) -> str:
    if teaser.published > now:
        return "not published yet"
    if teaser.no_digest:
        return "its editors keep it out of digests"
    if teaser.id not in material.used:
        return ""
    where = f"{USED} {material.used_in.get(teaser.id, 'an edition of this newsletter')}"
    if not teaser.again:
        return where
    if teaser.revision > material.used[teaser.id]:
        return ""
    return f"{where} and not revised since"


def _developed(material: Material, teaser: Teaser, start: datetime) -> bool:
    """True for a story that was revised since it was used, or an old unused one updated in the window."""
    if teaser.id in material.used:
        return teaser.revision > material.used[teaser.id]
    return teaser.published <= start < teaser.updated


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
