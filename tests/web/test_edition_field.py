"""A subject with something in braces that nothing is filled into: the page refuses it in words of its own."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from tests.web.editing import desk, status


def test_a_field_that_nothing_is_filled_into_is_refused(tmp_path: Path, engine: Engine) -> None:
    with desk(tmp_path, engine) as room:
        page = room.press("save", subject="{nope} {date")
        assert page.status_code == 409
        assert status(page).startswith("Not done: in the subject something in braces is not filled in")
        assert "{lead}, {second}, {name}, {title} and {date} are filled in" in status(page)
        assert (room.edition.revision, "{nope} {date" in page.text) == (1, True)
