"""Why a story was left out is said on the edition's page in its own language."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.edition import LeftOut
from newsletter.left_out import Values, Why
from newsletter.tables import edition_revisions
from newsroom.database import writing
from tests.newsletter.delivering import NOW
from tests.web.editing import QUARRY, Room, desk
from web.words import words

SAID = [
    ("en", "Politics is full: 2 of 2"),
    ("de", "Politics ist voll: 2 von 2"),
    ("de-AT", "Politics ist voll: 2 von 2"),
    ("fr", "La rubrique Politics est pleine\u00a0: 2 sur 2"),
    ("es", "La sección Politics está llena: 2 de 2"),
    ("nl", "Politics is vol: 2 van 2"),
    ("ar", "قسم \u2068Politics\u2069 ممتلئ: 2 من 2"),
    ("sv", "Politics is full: 2 of 2"),
]


def left_out(room: Room) -> str:
    """What the page says of what the rules left out; empty where it has nothing of that."""
    text, heading = unescape(room.opened().text), words(room.paper.language)["edition_left_out"]
    return text.partition(f"<h2>{heading}</h2>")[2].partition("</ul>")[0]


@pytest.mark.parametrize(("language", "said"), SAID)
def test_why_a_story_was_left_out_is_said_in_the_pages_language(
    tmp_path: Path, engine: Engine, language: str, said: str
) -> None:
    with desk(tmp_path, engine, language=language) as room:
        part = left_out(room)
        assert f'The quarry reopens</bdi> <span class="soft">{said}</span>' in part
        assert 'lang="en"' not in part


@pytest.mark.parametrize(
    ("why", "values", "is_there"),
    [
        (Why.SENSITIVE_LEAD, (), True),
        (Why.UNPUBLISHED, (), True),
        (Why.USED, (), False),
        (Why.OLD, (NOW, NOW), False),
        (Why.DROPPED, (), False),
        (Why.WITHDRAWN, (), False),
    ],
)
def test_what_nobody_expected_and_what_editors_know_is_not_in_that_list(
    tmp_path: Path, engine: Engine, why: Why, values: Values, is_there: bool
) -> None:
    with desk(tmp_path, engine) as room:
        with writing(engine) as connection:
            row = sa.update(edition_revisions).values(left_out=[LeftOut(QUARRY, why, values).stored])
            connection.execute(row)
        assert ("The quarry reopens" in left_out(room)) is is_there
