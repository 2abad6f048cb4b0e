"""The sponsored block: which bookings run, and whose turn it is to come first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from content.teaser import Teaser
from newsletter.composition.ranking import Plan
from newsletter.edition import Block, LeftOut, Story
from newsletter.left_out import Why
from newsletter.schedule import edition_number
from newsroom.masthead import Newsletter, SectionKind


@dataclass(frozen=True, slots=True)
class SponsoredBlocks:
    """The blocks of running bookings, and why the other bookings are in none."""

    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]


def sponsored_blocks(
    plan: Plan, newsletter: Newsletter, bookings: Iterable[Teaser], day: date, now: datetime, zone: ZoneInfo
) -> SponsoredBlocks:
    """The running bookings of each sponsored section, within the newsletter's limits; `zone` is the
    newsroom's."""
    left_out = []
    free: dict[str, Teaser] = {}
    for booking in bookings:
        if runs(booking, now):
            free[booking.id] = booking
        else:
            left_out.append(_waits(booking, now, zone))
    turn = edition_number(newsletter, day)
    blocks, shown = [], 0
    for room in plan.rooms:
        if room.section.kind is not SectionKind.SPONSORED:
            continue
        wanting = [booking for booking in free.values() if room.section.key in booking.sections]
        most = min(room.stories, newsletter.sponsored_max - shown)
        stories, crowded = _taken(rotated(wanting, turn), most, newsletter.sponsored_per_sponsor)
        left_out.extend(crowded)
        for booking in wanting:
            del free[booking.id]
        shown += len(stories)
        if stories:
            blocks.append(Block(room.section.key, room.section.title, room.section.kind, stories))
    left_out.extend(LeftOut(id_, Why.NOT_SPONSORED) for id_ in free)
    return SponsoredBlocks(tuple(blocks), tuple(left_out))


def runs(booking: Teaser, now: datetime) -> bool:
    """True while a booking runs, both ends included."""
    return (booking.run_from is None or booking.run_from <= now) and (
        booking.run_until is None or now <= booking.run_until
    )


def rotated(bookings: Iterable[Teaser], turn: int) -> list[Teaser]:
    """Every booking once, sponsors taking turns; `turn` counts editions.

    With each edition the next sponsor comes first; each time a sponsor comes first it is with its next
    booking. So every sponsor has the first place equally often, and every booking of a sponsor too.
    """
    by_sponsor: dict[str, list[Teaser]] = defaultdict(list)
    for booking in sorted(bookings, key=lambda booking: booking.id):
        by_sponsor[sponsor_key(booking)].append(booking)
    sponsors = sorted(by_sponsor)
    if not sponsors:
        return []
    rounds, first = divmod(turn, len(sponsors))
    queues = []
    for sponsor in sponsors[first:] + sponsors[:first]:
        own = by_sponsor[sponsor]
        start = rounds % len(own)
        queues.append(own[start:] + own[:start])
    longest = max(len(queue) for queue in queues)
    return [queue[number] for number in range(longest) for queue in queues if number < len(queue)]


def sponsor_key(booking: Teaser) -> str:
    """What tells sponsors apart: their name, whatever its capitals and spaces."""
    return " ".join(booking.sponsor.casefold().split())


def _taken(
    bookings: Sequence[Teaser], most: int, per_sponsor: int
) -> tuple[tuple[Story, ...], list[LeftOut]]:
    stories: list[Story] = []
    left_out = []
    counts: dict[str, int] = defaultdict(int)
    for booking in bookings:
        sponsor = sponsor_key(booking)
        if counts[sponsor] >= per_sponsor:
            left_out.append(LeftOut(booking.id, Why.SPONSOR_FULL, (per_sponsor,), for_room=True))
        elif len(stories) >= most:
            left_out.append(LeftOut(booking.id, Why.SPONSORED_FULL, (most,), for_room=True))
        else:
            counts[sponsor] += 1
            stories.append(Story(booking))
    return tuple(stories), left_out


def _waits(booking: Teaser, now: datetime, zone: ZoneInfo) -> LeftOut:
    if booking.run_from is not None and now < booking.run_from:
        return LeftOut(booking.id, Why.BOOKING_BEGINS, (booking.run_from.astimezone(zone).date(),))
    return LeftOut(booking.id, Why.BOOKING_ENDED)
