"""The articles that an operator names: by id, by slug, or by the file as `sync` prints it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sqlalchemy.engine import Connection

from commands.context import Context
from content import catalogue
from content.article import StoredArticle
from newsroom.settings import SourceSettings


def named(connection: Connection, room: Context, text: str) -> list[StoredArticle]:
    """Every article that `text` may mean; none where there is no such article.

    The store knows a file by its path inside the source's folder; `sync` and people put the folder before it.
    """
    found = {one.article.id: one for one in catalogue.find(connection, text)}
    for source in room.settings.sources:
        for folder in _names(room, source):
            inside = text.removeprefix("./").removeprefix(f"{folder}/")
            if inside in (text, ""):
                continue
            for one in catalogue.find(connection, inside):
                if one.article.source == source.key:
                    found[one.article.id] = one
    return list(found.values())


def _names(room: Context, source: SourceSettings) -> Iterator[str]:
    """What stands before a path inside the source when somebody names it."""
    yield source.key
    if source.path.name:
        yield from (source.path.name, str(source.path), os.path.relpath(source.path, room.settings.root))
