"""A selection as JSON and back, exactly: what an edition's revision is stored as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, partial
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
        selection = _decoder(Selection)({key: part for key, part in value.items() if key != "v"})
    except (KeyError, TypeError, ValueError) as error:
        # Only the kind of error: its text could quote an embargoed headline.
        raise StoreError(f"a stored selection cannot be read ({type(error).__name__})") from None
    assert isinstance(selection, Selection)  # noqa: S101 - tells the type checker what _decoder makes
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


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What reads a value of this type. An edition has thousands of values of a dozen types: what a type is
    made of is found out once."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        some = _decoder(next(part for part in parts if part is not NoneType))
        return lambda value: None if value is None else some(value)
    if origin is tuple:
        return _tuple_decoder(parts)
    if origin is frozenset:
        one = _decoder(parts[0])
        return lambda value: frozenset(map(one, value))
    if kind in (datetime, date):
        return kind.fromisoformat  # type: ignore[no-any-return]
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    return kind if issubclass(kind, StrEnum) else partial(_as_it_is, kind)


def _as_it_is(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _tuple_decoder(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    decoders = [_decoder(kind) for kind in kinds if kind is not Ellipsis]
    if kinds[-1] is Ellipsis:
        return lambda value: tuple(map(decoders[0], value))
    return lambda value: tuple(decode(part) for decode, part in zip(decoders, value, strict=True))


def _dataclass_decoder(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    decoders = [(field.name, _decoder(hints[field.name]), _is_needed(field)) for field in fields(kind)]

    def decoded(value: Mapping[str, Any]) -> Any:
        given = {}
        for name, decode, is_needed in decoders:
            if name in value:
                given[name] = decode(value[name])
            elif is_needed:
                raise KeyError(name)
        return kind(**given)

    return decoded


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
