"""Pictures of stories that come out by the hour: an editor sees them before anybody else may."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.engine import Connection

from content import waiting_pictures
from newsletter.edition import Selection


def waiting(connection: Connection, selection: Selection) -> frozenset[str]:
    """The paths, below the public folder, of the edition's pictures that are not published yet."""
    return waiting_pictures.paths_of(connection, [story.teaser.id for story in selection.stories])


def behind(html: str, paths: Collection[str], public_url: str, url: str) -> str:
    """The mail's HTML with these pictures behind the editor's own link `url`. Pure."""
    for path in paths:
        html = html.replace(f"{public_url}/{path}", f"{url}/{path}")
    return html
