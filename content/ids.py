"""Ids written into the files that have none, so that an article stays itself however its file is treated."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine

from content import holdings, store
from content.sources.fields import Fields
from content.sources.folder import HTML
from content.sources.front_matter import FrontMatterError, split
from newsroom.database import reading
from newsroom.errors import PublishError
from newsroom.files import write_whole
from newsroom.settings import SourceSettings

_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*---[ \t]*(\r\n|\r|\n)")
_HTML_OPENING = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?:<!doctype[^>]{0,500}>\s*)?<!--[ \t]*[\r\n]\s*)?---[ \t]*(\r\n|\r|\n)",
    re.IGNORECASE,
)
_DOCTYPE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<!doctype[^>]{0,500}>\s*|\xef\xbb\xbf", re.IGNORECASE)


class CannotTakeError(ValueError):
    """Says why a file can be given no id by machine."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """How many files were given their article's id, and a line for each that could not be."""

    written: int
    problems: tuple[str, ...] = ()


def write_ids(engine: Engine, source: SourceSettings, *, dry_run: bool = False) -> Stamped:
    """Write `id:` into every known article's file that has none; with `dry_run` count them only.

    A line is added after the first one, in HTML without front matter a comment that has it, and not another
    byte changes. Sync first: a file that is not known
    yet, cannot be read, or may be either of two articles is left alone.
    """
    written = 0
    problems: list[str] = []
    for reference, id_ in sorted(_ids(engine, source).items()):
        # A link stays one: what it leads to is written.
        path = Path(os.path.realpath(source.path / reference))
        try:
            data = path.read_bytes() if path.is_file() else b""
            is_html = reference.lower().endswith(HTML)
            stamped = html_with_id(data, id_) if is_html else with_id(data, id_)
            if stamped is not None and not dry_run:
                write_whole(path, stamped, like=path.stat())
            written += stamped is not None
        except OSError as error:
            problems.append(f"{source.path.name}/{reference}: no id, it cannot be read: {error.strerror}")
        except (CannotTakeError, PublishError) as error:
            problems.append(f"{source.path.name}/{reference}: no id: {error}")
    return Stamped(written, tuple(problems))


def _ids(engine: Engine, source: SourceSettings) -> dict[str, str]:
    """The id of each file that is one article's alone, by its reference."""
    with reading(engine) as connection:
        known = holdings.of_source(connection, source.key)
        also = dict(store.source_state(connection, source.key).state.get("also", {}))
    ids: dict[str, set[str]] = {}
    for one in known.values():
        if one.withdrawn is None:
            ids.setdefault(one.reference, set()).add(one.id)
    for reference, id_ in also.items():
        if id_ in known:
            ids.setdefault(reference, set()).add(id_)
    # Where there are two, one of them left for a place that cannot be used, and is known here until that is
    # mended.
    return {reference: next(iter(there)) for reference, there in ids.items() if len(there) == 1}


def with_id(data: bytes, id_: str) -> bytes | None:
    """The file `data` with `id:` in its front matter; None where it has one already.

    Raises CannotTakeError for one whose front matter is not a plain list of keys.
    """
    opening = _OPENING.match(data)
    if opening is None:
        return None
    stamped = data[: opening.end()] + f"id: {id_}".encode() + opening[1] + data[opening.end() :]
    return stamped if _takes(data, stamped, lambda one: split(one.decode()), id_) else None


def html_with_id(data: bytes, id_: str) -> bytes | None:
    """As `with_id`, for an HTML file: one without front matter gets a comment that has it, at the top."""
    from content.sources.html_file import decoded, front_of

    opening = _HTML_OPENING.match(data)
    if opening is not None:
        line, place, end = f"id: {id_}".encode(), opening.end(), opening[1]
        stamped = data[:place] + line + end + data[place:]
    else:
        doctype = _DOCTYPE.match(data)
        place = doctype.end() if doctype else 0
        stamped = data[:place] + f"<!--\n---\nid: {id_}\n---\n-->\n".encode() + data[place:]

    def read(one: bytes) -> tuple[Fields, str]:
        front, body = front_of(decoded(one))
        return front, "".join(body.split())

    return stamped if _takes(data, stamped, read, id_) else None


def _takes(data: bytes, stamped: bytes, read: Callable[[bytes], tuple[Fields, str]], id_: str) -> bool:
    """Whether the id has its place in what is `stamped`; False where the file has one, or cannot be read.

    Raises CannotTakeError where it would change what else the file says.
    """
    try:
        fields, body = read(data)
    except (FrontMatterError, UnicodeDecodeError):
        # The sync says so.
        return False
    names = [key.value for key, _ in fields.fields]
    if fields.get("id") is not None:
        return False
    try:
        after, body_after = read(stamped)
        names_after = [key.value for key, _ in after.fields]
    except FrontMatterError:
        names_after, body_after = [], ""
    # Read back: an id that YAML takes for something else, or braces around the keys, would spoil the file.
    if ["id", *names] != names_after or body != body_after:
        raise CannotTakeError(f"its keys are indented, in braces, or have an empty id; add `id: {id_}`")
    return True
