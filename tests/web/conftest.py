"""A served newsroom for every test of the web."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import content.tables  # noqa: F401  # Retired feeds are asked for.
from newsroom import log
from newsroom.database import engine_for, metadata
from tests.web.serving import Clock, Site, served, settings

# A real WordPress, where somebody asks for it.
_ASKED_FOR = ["test_wordpress_plugin_real.py"]
collect_ignore = [] if os.environ.get("STANDFIRST_REAL_CMS") == "1" else _ASKED_FOR


@pytest.fixture(scope="session")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests on one database: starting it takes longer than any of them."""
    root = tmp_path_factory.mktemp("newsroom")
    if getattr(request, "param", "sqlite") == "sqlite":
        engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
        # Nothing here is about a power failure, and every test empties all tables.
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    else:
        engine = engine_for(request.getfixturevalue("postgres").fresh())
    metadata.create_all(engine)
    with served(settings(root), engine) as value:
        yield value
    engine.dispose()


@pytest.fixture
def site(shop: Site, said: io.StringIO) -> Iterator[Site]:
    """A newsroom with two newsletters, served; nobody reads it yet, and nothing is published."""
    shop.emptied()
    shutil.rmtree(shop.public, ignore_errors=True)
    shop.clock.moment = Clock.moment
    shop.log = said
    yield shop
    shop.left()


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    stream = io.StringIO()
    log.configure("json", stream=stream)
    yield stream
    log.configure("text")
