"""An edition as one group of readers sees it: their audience, language and sections, and what they are told
was wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from content.article import Access
from newsletter.corrections import Box, correction_from_json
from newsletter.edition import Selection, Story
from newsletter.remainder import remainder
from readership.reader import Plan, Reader, Subscription


class Audience(StrEnum):
    """What a reader is shown beside the stories."""

    FREE = "free"
    """Locks and the offer."""
    TRIAL = "trial"
    """The days left, and the offer."""
    MEMBER = "member"
    """Neither: the way to their account. Paid and group plans."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One group. Two choices of sections that show the same stories are the same variant."""

    audience: Audience
    language: str = ""
    """The readers' language; empty for the newsletter's own."""
    sections: frozenset[str] = frozenset()
    """All that these readers see of the edition; empty for the whole of it."""
    corrections: Box = ()
    """What they are told was wrong in earlier editions."""
    products: frozenset[str] = frozenset()
    """Those of their products that a straight-in link names; empty where links have none."""

    @property
    def key(self) -> str:
        """Hex SHA-256, unique among an edition's variants."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    @property
    def whole(self) -> Variant:
        """The same readers without their choice of sections, for an edition with too many variants. What only
        some products open is then reached by signing in."""
        return replace(self, sections=frozenset(), products=frozenset())

    def to_json(self) -> dict[str, Any]:
        """What `variant_from_json` makes it from again."""
        told = {"corrections": [line.to_json() for line in self.corrections]} if self.corrections else {}
        return {
            "audience": self.audience.value,
            "language": self.language,
            "sections": sorted(self.sections),
            **told,
            **({"products": sorted(self.products)} if self.products else {}),
        }


def variant_from_json(value: Mapping[str, Any]) -> Variant:
    """The variant that `Variant.to_json` described."""
    return Variant(
        Audience(value["audience"]),
        value["language"],
        frozenset(value["sections"]),
        tuple(map(correction_from_json, value.get("corrections", ()))),
        frozenset(value.get("products", ())),
    )


def variant_for(
    reader: Reader,
    subscription: Subscription,
    day: date,
    selection: Selection,
    language: str = "",
    *,
    straight_in: bool = False,
) -> Variant | None:
    """The reader's variant on `day`, or None where none of their sections has a story in the edition.

    `language` is the newsletter's: a reader of the same language, whatever the country, has no other. With
    `straight_in` those of the reader's products matter that only some articles of the edition are open to.
    """
    sections = _chosen(selection, subscription.sections)
    if sections is None:
        return None
    audience = _audience(reader.plan_on(day))
    products = (
        reader.products & _asked_for(selection)
        if straight_in and audience is Audience.MEMBER and reader.products
        else frozenset()
    )
    return Variant(audience, _language(reader.language, language), sections, products=products)


def narrowed(selection: Selection, variant: Variant) -> Selection:
    """The selection as the variant's readers see it.

    News stays that is in one of their sections, by itself or by its place; sponsored stories stay beside
    it. `has_news` is false where withdrawals have left nothing of theirs: they get no mail then.
    """
    if not variant.sections:
        return selection
    return remainder(
        selection,
        lambda story, place: (
            story.teaser.is_sponsored or not variant.sections.isdisjoint(_keys(story, place))
        ),
    )


def _asked_for(selection: Selection) -> frozenset[str]:
    """The products that its stories are open to, where not every paying reader may read them."""
    return frozenset().union(
        *(
            story.teaser.products
            for story in selection.stories
            if story.teaser.access is Access.PAID and not story.teaser.is_sponsored
        )
    )


def _audience(plan: Plan) -> Audience:
    return {Plan.FREE: Audience.FREE, Plan.TRIAL: Audience.TRIAL}.get(plan, Audience.MEMBER)


def _language(own: str, newsletters: str) -> str:
    tag = own.replace("_", "-").lower()
    return "" if tag.partition("-")[0] == newsletters.lower().partition("-")[0] else tag


def _chosen(selection: Selection, chosen: frozenset[str]) -> frozenset[str] | None:
    """The most sections that show no more than the chosen ones: the same for all who see the same.

    Empty where that is the whole edition, None where it is nothing.
    """
    if not chosen:
        return frozenset()
    stories = [_keys(story, place) for story, place in _news(selection)]
    shown = [keys for keys in stories if keys & chosen]
    if not shown:
        return None
    if len(shown) == len(stories):
        return frozenset()
    hidden = frozenset().union(*(keys for keys in stories if not keys & chosen))
    return frozenset().union(*shown) - hidden


def _news(selection: Selection) -> Iterable[tuple[Story, str]]:
    if selection.lead:
        yield selection.lead, ""
    for block in selection.blocks:
        for story in block.stories:
            if not story.teaser.is_sponsored:
                yield story, block.section


def _keys(story: Story, place: str) -> frozenset[str]:
    return frozenset(story.teaser.sections) | ({place, story.teaser.place} - {""})
