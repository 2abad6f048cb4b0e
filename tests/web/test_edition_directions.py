"""The controls of an edition: a headline runs as its article does, in a page of either direction."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import writing
from tests.web.editing import BRIDGE, CELLO, FERRY, QUARRY, TRAM, Room, desk

MIXED, ARABIC = "ليلى reads: “A harbour”", "الجسر"


def directions(room: Room) -> dict[str, str]:
    """Each headline of the page with how it runs."""
    found = re.findall(r'<bdi(?: class="title")? dir="(\w+)">([^<]*)</bdi>', room.opened().text)
    return {unescape(headline): direction for direction, headline in found}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_each_headline_runs_as_its_own_language_does(tmp_path: Path, engine: Engine, language: str) -> None:
    with desk(tmp_path, engine, language=language) as room:
        with writing(engine) as connection:
            for id_, headline in ((CELLO, MIXED), (QUARRY, f"{MIXED} again"), (FERRY, ARABIC)):
                connection.execute(sa.update(articles).where(articles.c.id == id_).values(headline=headline))
        shown = directions(room)
        assert shown[MIXED] == shown[f"{MIXED} again"] == shown["The bridge reopens"] == "ltr"
        assert shown[ARABIC] == "rtl"
        # As the edition had it before.
        room.press(f"drop {TRAM}")
        room.press(f"drop {CELLO}")
        assert directions(room)[MIXED] == "ltr"
        assert BRIDGE in room.opened().text


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_a_subject_of_both_runs_as_the_page(
    tmp_path: Path, engine: Engine, language: str, direction: str
) -> None:
    with desk(tmp_path, engine, language=language) as room:
        room.press("save", subject=f"{ARABIC}: 118 herons", note="")
        assert directions(room)[f"{ARABIC}: 118 herons"] == direction
        # Where it is asked whether it may go, and above the mail as it goes out.
        asked = room.press("now").text
        assert f'dir="{direction}">{ARABIC}: 118 herons<' in asked
        shown = room.site.client.get(room.link(), params={"as": "free"}).text
        assert f'<b dir="{direction}">{ARABIC}: 118 herons</b>' in shown
