"""Letters about what a reader asked for in the preferences: to confirm it, or that it was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from newsletter.letters.letter_queue import put
from newsletter.letters.personal import personal, typeset
from newsletter.letters.sign_in_letters import sender_for
from newsletter.rendering.letter import Letter
from newsroom.masthead import Newsletter
from newsroom.settings import Settings
from readership.preferences import HOLDS
from readership.reader import Reader, Subscription


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that is not in the queue yet."""

    kind: str
    newsletter: Newsletter
    address: str
    letter: Letter

    def put(self, connection: Connection, now: datetime) -> None:
        """Put it into the queue."""
        put(connection, self.kind, self.newsletter, self.address, self.letter, now, now + HOLDS)


def written(
    settings: Settings,
    kind: str,
    reader: Reader,
    subscriptions: Mapping[str, Subscription],
    *,
    to: str = "",
    path: str = "",
    **values: str,
) -> Written | None:
    """The letter of this kind to the reader, or to another address (`to`), with a link to `path`.

    None where there is no newsletter, in whose name it could be sent. `values` fill its phrases.
    """
    newsletter = sender_for({one.key: one for one in settings.newsletters}, subscriptions)
    if newsletter is None:
        return None
    newsroom = settings.newsroom
    language = reader.language or newsletter.language
    url = f"{newsroom.public_url}{path}" if path else ""
    hours = str(int(HOLDS.total_seconds()) // 3600)
    letter = personal(kind, language, {"name": newsroom.name, "hours": hours, **values}, url=url)
    made = typeset(letter, newsroom, newsletter, language)
    return Written(kind, newsletter, to or reader.address, made)
