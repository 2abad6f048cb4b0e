"""The source of readers that a table of `newsroom.toml` describes, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from zoneinfo import ZoneInfo

from newsroom.errors import ConfigurationError
from newsroom.settings import ReadersSettings
from readership.sources import ReaderSource

_KINDS: Mapping[str, tuple[str, str]] = {
    "sql": ("readership.sources.sql", "Sql"),
    "json": ("readership.sources.json_address", "JsonAddress"),
    "ghost": ("readership.sources.ghost", "Ghost"),
    "wordpress": ("readership.sources.wordpress", "WordPress"),
}
"""By kind, the module and its class. Another kind is another line here."""


def reader_source_for(settings: ReadersSettings, zone: ZoneInfo) -> ReaderSource:
    """The source, ready to be asked. Raises ConfigurationError for a kind that there is not."""
    if settings.kind not in _KINDS:
        raise ConfigurationError(
            f'readers {settings.key}: "{settings.kind}" is not a kind; allowed: {", ".join(_KINDS)}'
        )
    module, name = _KINDS[settings.kind]
    # Each brings a client of its own that the others have no need of.
    made: Callable[[ReadersSettings, ZoneInfo], ReaderSource] = getattr(import_module(module), name)
    return made(settings, zone)
