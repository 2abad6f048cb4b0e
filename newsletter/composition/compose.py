"""An edition made from what is new: a pure function of values, the same for the same material."""

from __future__ import annotations

from datetime import date, datetime

from newsletter.composition.arrangement import Arrangement, arranged
from newsletter.composition.eligibility import Eligible, Material, eligible, window_start
from newsletter.composition.neighbours import Neighbourhood, kept_apart
from newsletter.composition.ranking import misplaced, plan_of
from newsletter.composition.sponsored import SponsoredBlocks, sponsored_blocks
from newsletter.composition.subject import entitled
from newsletter.edition import Composition, Edits, LeftOut, NothingNew, Selection, SubjectRule
from newsletter.left_out import Why, english
from newsroom.masthead import Newsletter, Newsroom

__all__ = ["Edits", "Material", "compose", "window_start"]


def compose(
    newsroom: Newsroom,
    newsletter: Newsletter,
    material: Material,
    edits: Edits,
    now: datetime,
    local_date: date,
    slot: str = "",
    date_words: str = "",
    due: datetime | None = None,
    until: datetime | None = None,
) -> Composition | NothingNew:
    """The edition of `local_date`, or why there is none.

    `date_words` is the date as the newsletter's language says it, for a subject that names it. `due` is the
    edition's hour where that is still to come: its bookings are those that run then. With `until` it may have
    what is published by that moment. Sponsored stories never make an edition, nor do latest headlines beside
    sections that have nothing.
    """
    plan, warnings = plan_of(newsroom, newsletter, edits)
    news = eligible(material, now, newsroom.time_zone, until)
    arrangement = arranged(plan, news.stories, edits)
    if not arrangement.makes_an_edition:
        # Latest headlines may be all there was.
        shown = (story.teaser.id for block in arrangement.blocks for story in block.stories)
        return NothingNew(
            _nothing(newsroom, material, news, arrangement),
            news.left_out
            + arrangement.left_out
            + tuple(LeftOut(id_, Why.HEADLINES_ALONE) for id_ in shown)
            + tuple(LeftOut(booking.id, Why.BOOKING_ALONE) for booking in material.bookings),
        )
    sponsored = sponsored_blocks(
        plan, newsletter, material.bookings, local_date, max(now, due or now), newsroom.time_zone
    )
    selection = Selection(
        newsletter=newsletter.key,
        local_date=local_date,
        slot=slot,
        composed=now,
        subject="",
        preheader="",
        lead=arrangement.lead,
        blocks=arrangement.blocks + sponsored.blocks,
        offer=newsroom.offer,
        note=edits.note or "",
        edits=edits,
        rule=SubjectRule(
            newsletter.subject, newsroom.name, newsletter.title, date_words or local_date.isoformat()
        ),
    )
    neighbourhood = kept_apart(selection)
    if neighbourhood.withheld:
        why = english(neighbourhood.withheld, neighbourhood.values)
        warnings += (f"no sponsored stories and no offer in this edition: {why}",)
    return Composition(
        selection=entitled(neighbourhood.selection),
        left_out=news.left_out + arrangement.left_out + _left_out(sponsored, neighbourhood),
        fresh=sum(1 for story in news.stories if not story.is_carried and plan.shows(story.teaser)),
        warnings=warnings + arrangement.warnings + misplaced(plan, newsletter, news.stories),
    )


def _left_out(sponsored: SponsoredBlocks, neighbourhood: Neighbourhood) -> tuple[LeftOut, ...]:
    why = neighbourhood.withheld
    if why is None:
        return sponsored.left_out
    shown = (story.teaser.id for block in sponsored.blocks for story in block.stories)
    return sponsored.left_out + tuple(LeftOut(article_id, why, neighbourhood.values) for article_id in shown)


def _nothing(newsroom: Newsroom, material: Material, news: Eligible, arrangement: Arrangement) -> str:
    since = material.previous
    reason = "no new story"
    if since is not None:
        reason += f" since {since.astimezone(newsroom.time_zone).strftime('%Y-%m-%d %H:%M')}"
    dropped = sum(1 for left in arrangement.left_out if left.why is Why.DROPPED)
    elsewhere = len(news.stories) - dropped
    parts = [reason]
    if dropped:
        parts.append(f"{dropped} dropped by an editor")
    if elsewhere:
        parts.append(f"{elsewhere} in sections that this newsletter has not")
    if material.bookings:
        count = len(material.bookings)
        parts.append(
            "1 booking alone makes no edition" if count == 1 else f"{count} bookings alone make no edition"
        )
    return "; ".join(parts)
