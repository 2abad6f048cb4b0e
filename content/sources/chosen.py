"""The source that a table of `newsroom.toml` describes, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from content.sources import Source
from content.sources.folder import Folder
from content.sources.remote import RemoteSource
from newsroom.errors import ConfigurationError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings

_REMOTE: Mapping[str, tuple[str, str]] = {
    "wordpress": ("content.sources.wordpress", "WordPress"),
    "ghost": ("content.sources.ghost", "Ghost"),
    "feed": ("content.sources.feed", "RemoteFeed"),
    "pages": ("content.sources.pages", "Pages"),
    "sql": ("content.sources.sql", "Sql"),
}
"""By kind, the module and its class. Another source is another line here."""


def is_remote(settings: SourceSettings) -> bool:
    """Whether the source is asked for a part of its articles at a time."""
    return settings.kind in _REMOTE


def remote_source_for(settings: SourceSettings, newsroom: Newsroom) -> RemoteSource:
    """The source itself, ready to be asked. Raises ConfigurationError for a kind that there is not."""
    if settings.kind not in _REMOTE:
        raise ConfigurationError(
            f'source {settings.key}: "{settings.kind}" is not a kind of source; allowed: '
            f"{', '.join(('folder', *_REMOTE))}"
        )
    module, name = _REMOTE[settings.kind]
    # Each brings parsers of its own that the others have no need of.
    made: Callable[[SourceSettings, Newsroom], RemoteSource] = getattr(import_module(module), name)
    return made(settings, newsroom)


def source_for(settings: SourceSettings, newsroom: Newsroom) -> Source:
    """The source itself, ready to be read. Raises ConfigurationError for a kind that there is not."""
    if settings.kind == "folder":
        return Folder(settings, newsroom)
    raise ConfigurationError(
        f'source {settings.key}: "{settings.kind}" is not a kind of source; allowed: folder'
    )
