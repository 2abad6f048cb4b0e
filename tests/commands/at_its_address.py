"""A newsroom's `serve`, where its newsroom.toml says that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from newsroom.database import engine_for
from newsroom.settings import load
from tests.commands.house import House
from tests.web.serving import Site, served


@contextmanager
def at_its_address(house: House) -> Iterator[Site]:
    """Serve the house, and have its `public_url` say where, until the `with` ends."""
    values = load(house.config, {})
    engine = engine_for(values.database_url)
    with served(values, engine) as site:
        text = house.config.read_text(encoding="utf-8")
        address = f'public_url = "http://127.0.0.1:{site.client.base_url.port}"'
        house.config.write_text(re.sub(r'public_url = ".*"', address, text), encoding="utf-8")
        yield site
    engine.dispose()
