"""An edition in its editors' window, served: articles in the store, two editors with their links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
from sqlalchemy.engine import Engine

from content import catalogue
from newsletter import editions
from newsletter.edition import Block, Composition, Edition, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsroom.database import reading, writing
from newsroom.masthead import Newsletter, SectionKind
from readership.address import recipient_key
from readership.tokens import edition_token
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, many
from tests.readership.registered import ADDRESS_KEY
from tests.web.archives import keep
from tests.web.serving import KEYS, Site, served, settings

NELE, ANA = "nele@quay.example", "ana@quay.example"
DUE = NOW + timedelta(minutes=20)
BRIDGE, FERRY, TRAM, CELLO, LOCK, QUARRY = (
    f"tag:quay.example,2026:articles/{name}"
    for name in ("bridge", "ferry", "tram", "cello", "lock", "quarry")
)
"""The last one had no room."""
STORIES = (("bridge", "politics"), ("ferry", "politics"), ("tram", "politics"), ("cello", "culture"))


@dataclass(frozen=True)
class Room:
    """The served newsroom, and its edition."""

    site: Site
    paper: Newsletter

    @property
    def edition(self) -> Edition:
        with reading(self.site.engine) as connection:
            return editions.get(connection, KEY)

    @property
    def selection(self) -> Selection:
        with reading(self.site.engine) as connection:
            return editions.current(connection, KEY)[1]

    @property
    def slugs(self) -> list[str]:
        return [story.teaser.slug for story in self.selection.stories]

    @property
    def log(self) -> list[tuple[str, str]]:
        with reading(self.site.engine) as connection:
            return [(by, what) for _, by, what in editions.log_of(connection, KEY)]

    def link(self, editor: str = NELE) -> str:
        return f"/edition/{edition_token(KEYS, KEY, recipient_key(ADDRESS_KEY, editor))}"

    def opened(self, editor: str = NELE) -> httpx2.Response:
        return self.site.client.get(self.link(editor))

    def press(
        self, do: str, *, editor: str = NELE, page: httpx2.Response | None = None, **fields: str
    ) -> httpx2.Response:
        """Press a button of a page, by default one that was opened just now, and go where that leads."""
        answer = self.pressed(do, editor=editor, page=page, **fields)
        if answer.status_code != 303:
            return answer
        there = urljoin(self.link(editor), answer.headers["location"].partition("#")[0])
        return self.site.client.get(there)

    def pressed(
        self, do: str, *, editor: str = NELE, page: httpx2.Response | None = None, **fields: str
    ) -> httpx2.Response:
        """The answer to the press itself."""
        page = page or self.opened(editor)
        data = {"seen": seen(page), "do": do, **hidden(page), **fields}
        return self.site.client.post(self.link(editor), data=data)


def seen(page: httpx2.Response) -> str:
    """What the page's form says was seen; 0 where it has none any more."""
    found = re.search(r'name="seen" value="(\d+)"', page.text)
    return found[1] if found else "0"


def hidden(page: httpx2.Response) -> dict[str, str]:
    """What the page's form says of what it showed."""
    return dict(re.findall(r'<input type="hidden" name="(was_\w+|shown)" value="([^"]*)"', page.text))


def boxes(page: httpx2.Response) -> dict[str, str]:
    """What stands in the page's two boxes, as a browser sends it with every button."""
    subject = re.search(r'name="subject"[^>]*? value="([^"]*)"', page.text)
    note = re.search(r'<textarea[^>]* name="note"[^>]*>\n([^<]*)</textarea>', page.text)
    assert subject and note
    return {"subject": unescape(subject[1]), "note": unescape(note[1]).replace("\n", "\r\n")}


def status(page: httpx2.Response) -> str:
    """What the page says of what was done."""
    found = re.search(r'<div id="done" role="status"[^>]*>(.*?)</div>', page.text)
    return unescape(" ".join(re.findall("<p[^>]*>([^<]*)</p>", found[1]))) if found else ""


@contextmanager
def desk(
    root: Path,
    engine: Engine,
    *,
    language: str = "en",
    held: str = "",
    delay: timedelta | None = None,
    **changes: Any,
) -> Iterator[Room]:
    """An edition of four stories, composed twenty minutes before its hour, with two editors and 3 readers;
    with `delay` SendGrid keeps it so long."""
    paper = samples.newsletter(hold=timedelta(minutes=20), editors=(NELE, ANA), language=language, **changes)
    made = [Story(samples.teaser(name, sections=(section,))) for name, section in STORIES]
    made.append(Story(samples.teaser("lock", sections=("partners",), sponsor="Port of Ghent")))
    with writing(engine) as connection:
        for story in made:
            keep(connection, story.teaser)
        keep(connection, samples.teaser("quarry", sections=("politics",)))
        # As the store has them: what it has otherwise would count as changed with the first press.
        ids = [story.teaser.id for story in made]
        live = catalogue.by_ids(connection, ids, NOW, samples.newsroom().paywall)
        made = [Story(live[id_]) for id_ in ids]
    selection = Selection(
        newsletter="daily",
        local_date=DAY,
        slot="",
        composed=NOW,
        subject=made[0].teaser.headline,
        preheader="",
        lead=made[0],
        blocks=(
            Block("politics", "Politics", SectionKind.EDITORIAL, tuple(made[1:3])),
            Block("culture", "Culture", SectionKind.EDITORIAL, tuple(made[3:4])),
            Block("partners", "Partners", SectionKind.SPONSORED, tuple(made[4:])),
        ),
        offer=samples.newsroom().offer,
    )
    left_out = (LeftOut("tag:quay.example,2026:articles/quarry", Why.FULL, ("Politics", 2), for_room=True),)
    many(engine, 3)
    with writing(engine) as connection:
        composition = Composition(selection, left_out, fresh=len(made))
        editions.create(connection, "daily", DUE, composition, NOW, "run", held=held)
    values = settings(root, newsletters=(paper,))
    if delay:
        kept = replace(values.sendgrid, delay=delay)
        values = replace(values, sendgrid=kept, delivery=replace(values.delivery, provider="sendgrid"))
    with served(values, engine) as site:
        yield Room(site, paper)
