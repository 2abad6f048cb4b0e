"""Editions whose stories are corrected afterwards: a newsroom with two newsletters, and letters that say what
was in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Engine

from content.corrected import Corrected
from content.teaser import Teaser
from newsletter import editions
from newsletter.correction_book import Question, owed_to
from newsletter.corrections import KEPT, standing
from newsletter.delivery.post import Post
from newsletter.edition import Block, Composition, Selection, Story, edition_key
from newsletter.providers import Batch
from newsletter.rendering.letter import Letter, Slot
from newsletter.variant import Variant
from newsroom.database import writing
from newsroom.masthead import Offer, SectionKind
from tests import samples
from tests.newsletter.delivering import DAY, NOW, Clock, Desk, FakeProvider, House

TITLES = {"daily": "The Morning Quay", "weekly": "The Quay on Sunday"}
SECTIONS = {"bridge": "politics", "ferry": "politics", "cello": "culture", "bells": "culture"}


@dataclass
class Paper(Desk):
    """What the newsroom has corrected, by story, and when."""

    corrections: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    provider: str = "fake"

    @property
    def post(self) -> Post:
        return replace(super().post, letter=_letter, owed_to=self._owed_to, standing=self._standing)

    def teaser(self, name: str) -> Teaser:
        words, _ = self.corrections.get(name, ("", NOW))
        return samples.teaser(name, sections=(SECTIONS[name],), correction=words)

    def corrected(self) -> list[Corrected]:
        """As the store has them now."""
        now = self.clock()
        found = [
            Corrected(self.teaser(name), at)
            for name, (_, at) in self.corrections.items()
            if now - KEPT <= at <= now and name not in self.withdrawn
        ]
        return sorted(found, key=lambda one: (one.at, one.teaser.id))

    def _owed_to(self, connection: Connection, key: str) -> Any:
        newsletter = key.partition("-")[0]
        return owed_to(connection, Question(self.corrected(), TITLES, self.provider, key, newsletter))

    def _standing(self, _: Connection, variant: Variant) -> Variant:
        there = {self.teaser(name).id for name in SECTIONS if name not in self.withdrawn}
        return replace(variant, corrections=standing(variant.corrections, there))


@dataclass
class Press:
    """One newsroom's editions, day after day."""

    engine: Engine
    paper: Paper = field(default_factory=Paper)
    days: int = 0

    def correct(self, name: str, words: str) -> None:
        self.paper.corrections[name] = (words, self.paper.clock())

    def on(self, **period: float) -> None:
        self.paper.clock.now += timedelta(**period)

    def edition(self, *names: str, newsletter: str = "daily", provider: FakeProvider | None = None) -> House:
        """The next day's edition, composed and due."""
        day = DAY + timedelta(days=self.days)
        self.days += 1
        lead, *rest = [Story(self.paper.teaser(name)) for name in names]
        value = Selection(
            newsletter=newsletter,
            local_date=day,
            slot="",
            composed=self.paper.clock(),
            subject=lead.teaser.headline,
            preheader="",
            lead=lead,
            blocks=(Block("mixed", "Mixed", SectionKind.EDITORIAL, tuple(rest)),) if rest else (),
            offer=Offer(),
        )
        with writing(self.engine) as connection:
            editions.create(
                connection, newsletter, NOW, Composition(value, (), len(names)), value.composed, "run"
            )
        key = edition_key(newsletter, day)
        provider = provider or FakeProvider(batch_size=3)
        return House(self.engine, provider, self.paper, self.paper.clock, key)

    def sent(self, *names: str, **more: Any) -> House:
        """The same, handed over to a provider that takes everything."""
        house = self.edition(*names, **more)
        house.run()
        return house


def _letter(value: Selection, variant: Variant) -> Letter:
    said = {
        "stories": {story.teaser.slug: story.teaser.correction for story in value.stories},
        "box": [
            [line.article_id.rpartition("/")[2], line.words, line.day.isoformat(), line.title]
            for line in variant.corrections
        ],
    }
    return Letter(value.subject, (json.dumps(said), Slot.UNSUBSCRIBE_URL), ("text",), "en")


def stories(batch: Batch) -> dict[str, str]:
    """The correction of each story in a batch's letter."""
    return dict(json.loads(str(batch.letter.html[0]))["stories"])


def box(batch: Batch) -> list[list[str]]:
    """(story, words, day, title) of each line in a batch's box."""
    return list(json.loads(str(batch.letter.html[0]))["box"])


def boxes(house: House) -> dict[int, list[str]]:
    """The words that each reader who was handed the edition was told."""
    return {
        recipient.delivery: [words for _, words, _, _ in box(batch)]
        for batch in house.provider.batches
        for recipient in batch.recipients
    }
