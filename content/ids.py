"""Ids written into the files that have none, so that an article stays itself however its file is treated."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sqlalchemy.engine import Engine

from content import store
from content.sources.front_matter import FrontMatterError, split
from newsroom.database import reading
from newsroom.files import write_whole
from newsroom.settings import SourceSettings

_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*---[ \t]*(\r\n|\r|\n)")


def write_ids(engine: Engine, source: SourceSettings) -> int:
    """Write `id:` into every known article's file that has none; returns how many were written.

    A line is added after the first one, and not another byte changes. Sync first: a file that is not known
    yet, cannot be read, or may be either of two articles is left alone. Raises PublishError where a file
    cannot be written.
    """
    with reading(engine) as connection:
        known = store.known(connection, source.key)
        also = dict(store.source_state(connection, source.key).state.get("also", {}))
    ids: dict[str, set[str]] = {}
    for one in known.values():
        if one.withdrawn is None:
            ids.setdefault(one.reference, set()).add(one.id)
    for reference, id_ in also.items():
        if id_ in known:
            ids.setdefault(reference, set()).add(id_)
    written = 0
    for reference, there in sorted(ids.items()):
        id_, *more = there
        if more:
            # One of them left for a place that cannot be used, and is known here until that is mended.
            continue
        # A link stays one: what it leads to is written.
        path = Path(os.path.realpath(source.path / reference))
        data = path.read_bytes() if path.is_file() else b""
        stamped = with_id(data, id_)
        if stamped is not None:
            write_whole(path, stamped, mode=path.stat().st_mode & 0o777)
            written += 1
    return written


def with_id(data: bytes, id_: str) -> bytes | None:
    """The file `data` with `id:` in its front matter; None where it has one, or cannot take it."""
    opening = _OPENING.match(data)
    if opening is None:
        return None
    stamped = data[: opening.end()] + f"id: {id_}".encode() + opening[1] + data[opening.end() :]
    try:
        fields, body = split(data.decode())
        after, body_after = split(stamped.decode())
    except (FrontMatterError, UnicodeDecodeError):
        return None
    names = [key.value for key, _ in fields.fields]
    # Read back: an id that YAML takes for something else, or braces around the keys, would spoil the file.
    is_sound = ["id", *names] == [key.value for key, _ in after.fields] and body == body_after
    return stamped if is_sound and "id" not in names else None
