"""A newsroom that is read behind its own gate, served for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from content import store
from content.article import Article, Body
from newsroom.database import writing
from newsroom.settings import Settings, StraightInSettings, WebSettings
from readership import sessions
from readership.reader import Plan
from tests import samples
from tests.readership.registered import register
from tests.samples import NOON
from tests.web.serving import Site, settings

HOME = "https://feeds.quay.example"
LINK_KEYS = (("l2", bytes(range(32))), ("l1", bytes(range(32, 64))))
MARK = "ZEBRAWORD"
"""Stands in bodies that not everybody may read."""


def gated(root: Path, **changes: Any) -> Settings:
    """Settings of a newsroom whose articles are read at its own `public_url`, with straight-in links."""
    value = settings(root, samples.newsroom(site_url=HOME, **changes))
    return replace(
        value,
        web=WebSettings(gate=True),
        straight_in=StraightInSettings(on=True),
        secrets=replace(value.secrets, link_keys=LINK_KEYS),
    )


def article(name: str = "bridge", **changes: Any) -> Article:
    """A paid article that is read here, with a word in its body that only subscribers may see."""
    body = "".join(f"<p>Paragraph {number} of it. {MARK} stands here.</p>" for number in range(8))
    return samples.article(name, **{"url": f"{HOME}/articles/{name}", "body": Body(body), **changes})


def put(site: Site, *some: Article) -> None:
    """Store the articles as they are read."""
    with writing(site.engine) as connection:
        for one in some:
            store.insert(connection, one, "hash", NOON)


def signed_in(site: Site, number: int = 1, plan: Plan = Plan.PAID, **changes: Any) -> dict[str, str]:
    """The headers of a reader's browser, which has a session."""
    reader = register(site.engine, samples.reader(number, plan, **changes), samples.subscription(number))
    with writing(site.engine) as connection:
        own = sessions.begin(connection, reader.id, "Firefox", "", site.clock())
    return {"Cookie": f"__Host-standfirst={own}"}


def get(site: Site, name: str = "bridge", headers: dict[str, str] | None = None) -> httpx2.Response:
    """The article's page."""
    return site.client.get(f"/articles/{name}", headers=headers)
