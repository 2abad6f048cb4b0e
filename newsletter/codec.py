"""A selection as JSON and back, exactly: what an edition's revision is stored as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from newsletter.edition import Selection
from newsroom.errors import StoreError

VERSION = 1
"""Counted up when an old selection can no longer be read as it is; a new field with a default needs none."""


def to_json(selection: Selection) -> dict[str, Any]:
    """The selection as plain JSON values. Instants are in UTC; sets are sorted."""
    value = _encoded(selection)
    return {"v": VERSION, **value}


def from_json(value: Mapping[str, Any]) -> Selection:
    """The selection that `to_json` wrote. Raises StoreError for a version or a shape not known here."""
    if value.get("v") != VERSION:
        raise StoreError(
            f"a stored selection has version {value.get('v')!r}, this release reads {VERSION}: "
            "run the release that wrote it, or a newer one"
        )
    try:
        selection = _decoded(Selection, {key: part for key, part in value.items() if key != "v"})
    except (KeyError, TypeError, ValueError) as error:
        # Only the kind of error: its text could quote an embargoed headline.
        raise StoreError(f"a stored selection cannot be read ({type(error).__name__})") from None
    assert isinstance(selection, Selection)  # noqa: S101 - tells the type checker what _decoded made
    return selection


def _encoded(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_encoded(part) for part in value]
    if is_dataclass(value):
        return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    return value


def _decoded(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _decoded(next(part for part in get_args(kind) if part is not NoneType), value)
    if origin is tuple:
        return _decoded_tuple(get_args(kind), value)
    if origin is frozenset:
        return frozenset(_decoded(get_args(kind)[0], part) for part in value)
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    if is_dataclass(kind):
        return _decoded_dataclass(kind, value)
    if issubclass(kind, StrEnum):
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError
    return value


def _decoded_tuple(kinds: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_decoded(kinds[0], part) for part in value)
    return tuple(_decoded(kind, part) for kind, part in zip(kinds, value, strict=True))


def _decoded_dataclass(kind: Any, value: Mapping[str, Any]) -> Any:
    given = {}
    for field in fields(kind):
        if field.name in value:
            given[field.name] = _decoded(_hints(kind)[field.name], value[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(field.name)
    return kind(**given)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
