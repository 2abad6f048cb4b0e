"""What every page of one newsroom needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.engine import Engine

from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings
from readership.reader import Reader
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

    @property
    def today(self) -> date:
        """The newsroom's own date at this moment."""
        return self.now().astimezone(self.newsroom.time_zone).date()

    @property
    def contact(self) -> str:
        """Whom a reader may write to: the first newsletter's address for answers; empty without one."""
        return next((one.reply_to or one.sender for one in self.settings.newsletters), "")

    def language_of(self, reader: Reader) -> str:
        """In which language a reader's pages are: the reader's own, else the newsroom's."""
        return reader.language or self.newsroom.language

    def address(self, path: str) -> str:
        """Where readers reach `path`: made of `public_url`, never of what a client calls us."""
        return f"{self.newsroom.public_url}{path}"
