"""The source that a table of `newsroom.toml` describes, by its kind."""

from __future__ import annotations

from content.sources import Source
from content.sources.folder import Folder
from newsroom.errors import ConfigurationError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings


def source_for(settings: SourceSettings, newsroom: Newsroom) -> Source:
    """The source itself, ready to be read. Raises ConfigurationError for a kind that there is not."""
    if settings.kind == "folder":
        return Folder(settings, newsroom)
    raise ConfigurationError(
        f'source {settings.key}: "{settings.kind}" is not a kind of source; allowed: folder'
    )
