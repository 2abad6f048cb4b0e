"""Editions that have gone out, with their articles in the store: what an archive shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import Connection, Engine

from content import store
from content.article import Booking
from content.tables import articles
from content.teaser import Teaser
from newsletter import editions as edition_store
from newsletter.edition import Composition, Selection
from newsletter.tables import batches, editions
from newsroom.database import writing
from tests import samples
from tests.newsletter import editions as sample_editions

NOON = samples.NOON
MARK = "a paid word 8d1f"


def keep(connection: Connection, teaser: Teaser) -> None:
    """Store an article that has this teaser, unless one with its id is there."""
    if connection.execute(sa.select(articles.c.id).where(articles.c.id == teaser.id)).first():
        return
    body = f"<p>{MARK}, first.</p><p>{MARK}, second.</p>"
    article = samples.article(
        teaser.slug,
        id=teaser.id,
        url=teaser.url,
        headline=teaser.headline,
        label=teaser.label,
        teaser=teaser.teaser,
        authors=teaser.authors,
        language=teaser.language,
        sections=teaser.sections,
        access=teaser.access,
        image=teaser.image,
        correction=teaser.correction,
        published=teaser.published,
        body=replace(samples.article().body, html=body),
        booking=Booking(teaser.sponsor) if teaser.sponsor else None,
    )
    store.insert(connection, article, teaser.id, teaser.published)


def went_out(
    engine: Engine,
    value: Selection | None = None,
    *,
    newsletter: str = "daily",
    handed: datetime = NOON,
    provider: str = "fake",
    **changes: Any,
) -> str:
    """An edition whose first batch was handed over; returns its key."""
    value = replace(value or sample_editions.selection(), newsletter=newsletter, **changes)
    with writing(engine) as connection:
        for story in value.stories:
            keep(connection, story.teaser)
        edition, _ = edition_store.create(
            connection, newsletter, handed, Composition(value, (), 1), value.composed, "run"
        )
        hand(connection, edition.key, handed, provider)
    return edition.key


def hand(connection: Connection, key: str, handed: datetime, provider: str = "fake") -> None:
    """Note that a batch of the edition was handed over."""
    row = {"edition": key, "variant": "x", "plan_order": 0, "state": "accepted", "attempts": 0, "size": 1}
    more = {"revision": 1, "handed": handed, "provider": provider, "reference": "", "reason": "", "owner": ""}
    connection.execute(sa.insert(batches).values(**row, **more, resend=False))
    values = {"first_handed": handed, "state": "sending", "provider": provider}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))


def days(count: int, first: date = date(2026, 1, 1)) -> list[date]:
    """That many days in a row."""
    return [date.fromordinal(first.toordinal() + number) for number in range(count)]


def pictures(public: Path) -> None:
    """The files of the sample edition's pictures."""
    folder = public / "media"
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in (("quay", (1200, 800)), ("ferry", (1200, 800)), ("binder", (900, 1200))):
        for part in (1, 2):
            scaled = (size[0] // part, size[1] // part)
            Image.new("RGB", scaled, "#567").save(folder / f"{name}-{scaled[0]}.jpg")
