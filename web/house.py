"""What every page of one newsroom needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings
from readership.tokens import SigningKeys
from web.pages import Pages


@dataclass(frozen=True, slots=True)
class House:
    """The newsroom, its database, its looks and its clock."""

    settings: Settings
    engine: Engine
    pages: Pages
    now: Callable[[], datetime]

    @property
    def newsroom(self) -> Newsroom:
        return self.settings.newsroom

    @property
    def newsletters(self) -> Mapping[str, Newsletter]:
        """By key, in the order of newsroom.toml."""
        return {one.key: one for one in self.settings.newsletters}

    @property
    def signing_keys(self) -> SigningKeys:
        return self.settings.secrets.signing_keys

    @property
    def is_https(self) -> bool:
        """False for a trial on a loopback address."""
        return self.newsroom.public_url.startswith("https://")

    def address(self, path: str) -> str:
        """Where readers reach `path`: made of `public_url`, never of what a client calls us."""
        return f"{self.newsroom.public_url}{path}"
