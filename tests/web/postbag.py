"""The letters to one person that wait in the queue, taken out and read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.tables import letters


@dataclass(frozen=True)
class Mail:
    """A letter in the queue."""

    kind: str
    address: str
    subject: str
    text: str
    language: str
    newsletter: str
    expires: Any

    @property
    def link(self) -> str:
        """Its path."""
        found = re.search(r"https://feeds\.quay\.example(/\S+)", self.text)
        assert found
        return found[1]

    @property
    def code(self) -> str:
        """The six digits of a sign-in."""
        found = re.search(r"^    (\d{6})$", self.text, re.M)
        assert found
        return found[1]


def emptied(engine: Engine) -> list[Mail]:
    """Every letter in the queue, which is empty then."""
    names = [letters.c[name] for name in Mail.__dataclass_fields__]
    with engine.begin() as connection:
        found = [Mail(*row) for row in connection.execute(sa.select(*names).order_by(letters.c.id))]
        connection.execute(sa.delete(letters))
    return found
