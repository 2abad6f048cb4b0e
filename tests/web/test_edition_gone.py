"""What an edition was composed with and is not in it any more, as its controls say it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import writing
from tests.newsletter.delivering import NOW
from tests.web.editing import BRIDGE, CELLO, FERRY, Room, desk


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine) as value:
        yield value


def gone_of(page: httpx2.Response) -> dict[str, str]:
    """What the page says is not in it any more, with why."""
    _, is_there, rest = page.text.partition("<h2>Not in it any more</h2>")
    tree = LexborHTMLParser(rest.partition("</ul>")[0] if is_there else "")
    names, whys = tree.css("li bdi"), tree.css("li .soft")
    return {name.text(): why.text() for name, why in zip(names, whys, strict=True)}


def test_what_was_withdrawn_or_put_off_is_not_in_it_and_the_page_says_so(room: Room, engine: Engine) -> None:
    assert gone_of(room.opened()) == {}
    room.press(f"drop {CELLO}")
    with writing(engine) as connection:
        there = sa.update(articles)
        connection.execute(there.where(articles.c.id.in_([BRIDGE, CELLO])).values(withdrawn=NOW))
        later = NOW + timedelta(days=1)
        connection.execute(there.where(articles.c.id == FERRY).values(published=later))
    said = {
        "The bridge reopens": "Withdrawn",
        "The ferry reopens": "Not published before Wednesday, March 11, 2026, 1:00\u202fPM",
    }
    page = room.opened()
    assert gone_of(page) == said
    assert page.text.count("The bridge reopens") == page.text.count("The ferry reopens") == 1
    # What an editor left out has nothing to be taken back any more.
    assert "The cello reopens" not in page.text.partition("Who did what")[0]
    # Also once another press has made a revision without them.
    assert gone_of(room.press("save", note="Good morning")) == said
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=None, published=NOW))
    page = room.opened()
    assert gone_of(page) == dict.fromkeys(said, "Is there again")
    assert "withdrawn before it went out" not in page.text.partition("Who did what")[0]


def test_a_story_that_is_not_out_when_the_edition_is_sent_early_is_not_in_it(
    room: Room, engine: Engine
) -> None:
    with writing(engine) as connection:
        out = NOW + timedelta(minutes=10)
        connection.execute(sa.update(articles).where(articles.c.id == FERRY).values(published=out))
    assert gone_of(room.opened()) == {}
    room.press("now", page=room.press("now"), sure="yes")
    assert list(gone_of(room.opened())) == ["The ferry reopens"]
