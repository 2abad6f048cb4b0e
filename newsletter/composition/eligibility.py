"""What is new to an edition: the stories it may show, and why it may not show the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from content.teaser import Teaser
from newsletter.edition import LeftOut, Story
from newsletter.left_out import Why, local

OVERLAP = timedelta(hours=6)
"""How far the window reaches back before the previous edition: stories are published late, or backdated."""
LEAST = timedelta(hours=36)
FIRST = timedelta(hours=24)


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
        left = _left_out(material, teaser, until or now)
        if not left and not is_update and teaser.id not in carried and teaser.published <= start:
            left = LeftOut(teaser.id, Why.OLD, (local(teaser.published, zone), local(start, zone)))
        if left:
            left_out.append(left)
        else:
            # An update is news again, even of a story that once waited for room.
            stories.append(Story(teaser, is_update, is_carried=teaser.id in carried and not is_update))
    return Eligible(tuple(stories), tuple(left_out))


def _left_out(material: Material, teaser: Teaser, now: datetime) -> LeftOut | None:
    """None for a story that may be shown, if it is not too old."""
    if teaser.published > now:
        return LeftOut(teaser.id, Why.UNPUBLISHED)
    if teaser.no_digest:
        return LeftOut(teaser.id, Why.KEPT_OUT)
    if teaser.id not in material.used:
        return None
    where = material.used_in.get(teaser.id)
    if not teaser.again:
        return LeftOut(teaser.id, Why.USED_IN, (where,)) if where else LeftOut(teaser.id, Why.USED)
    if teaser.revision > material.used[teaser.id]:
        return None
    return LeftOut(teaser.id, Why.UNREVISED_IN, (where,)) if where else LeftOut(teaser.id, Why.UNREVISED)


def _developed(material: Material, teaser: Teaser, start: datetime) -> bool:
    """True for a story that was revised since it was used, or an old unused one updated in the window."""
    if teaser.id in material.used:
        return teaser.revision > material.used[teaser.id]
    return teaser.published <= start < teaser.updated
