"""What gave way for a story comes back when that is left out again, and the page says so."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from newsroom.masthead import Place
from tests.web.editing import QUARRY, desk, status


def test_what_gave_way_is_back_and_said_where_the_other_is_left_out_again(
    tmp_path: Path, engine: Engine
) -> None:
    places = (Place("politics", 2), Place("culture", 3), Place("partners", 3))
    with desk(tmp_path, engine, places=places) as room:
        slugs = room.slugs
        assert "“The tram reopens” gave way for it" in status(room.press(f"back {QUARRY}"))
        page = room.press(f"drop {QUARRY}")
        assert status(page) == "Done: “The quarry reopens” is left out. Done: “The tram reopens” is in."
        assert room.slugs == slugs
