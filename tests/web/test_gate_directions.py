"""An Arabic newsroom's pages: what it says of itself and sells runs as it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from newsroom.settings import WebSettings
from tests import samples
from tests.web.gating import article, gated, put
from tests.web.serving import Site, served

LATIN, ARABIC = "News of a harbour, owned by those who write it.", "أخبار الميناء."


@pytest.fixture(params=[LATIN, ARABIC])
def about(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gate(tmp_path: Path, engine: Engine, about: str) -> Iterator[Site]:
    value = gated(tmp_path, language="ar", about=about)
    with served(replace(value, newsletters=(samples.newsletter(language="ar"),)), engine) as site:
        yield site


def test_what_the_newsroom_says_of_itself(gate: Site, about: str) -> None:
    said = LexborHTMLParser(gate.client.get("/").text).css_first("bdi")
    assert (said.text(), said.attributes["dir"]) == (about, "ltr" if about == LATIN else "rtl")


def test_so_on_a_front_without_articles(tmp_path: Path, engine: Engine, about: str) -> None:
    value = replace(gated(tmp_path, language="ar", about=about), web=WebSettings())
    with served(value, engine) as site:
        said = LexborHTMLParser(site.client.get("/").text).css_first(".about bdi")
        assert (said.text(), said.attributes["dir"]) == (about, "ltr" if about == LATIN else "rtl")


def test_an_offer_in_latin_letters_beneath_an_article(gate: Site) -> None:
    put(gate, article())
    wall = LexborHTMLParser(gate.client.get("/articles/bridge").text).css_first(".wall")
    assert wall.css_first("div").attributes.get("dir") == "ltr"
    terms = wall.css_first('a[href$="terms"]')
    assert terms.attributes.get("dir") == "rtl"
