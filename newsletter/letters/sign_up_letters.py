"""Sign-ups answered by mail: with what is true of whoever has the address, and of nobody else's business.

The page that took a sign-up knows nothing of this, so neither its words nor its time tell who is a reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy.engine import Connection, Engine

from newsletter.letters.letter_queue import put
from newsletter.letters.personal import personal, typeset
from newsletter.rendering.letter import Letter
from newsletter.rendering.phrases import phrases
from newsroom.database import reading, writing
from newsroom.log import step
from newsroom.masthead import Newsletter
from newsroom.settings import Settings
from readership import limits, sign_up_store
from readership.change import Known
from readership.sign_up import KEPT, Answer, Reply, SignUp, answer
from readership.tokens import NOBODY, confirm_token, preferences_token, unsubscribe_token

_PORTION = 50
"""Letters that are written, and noted together."""


@dataclass(frozen=True, slots=True)
class _Written:
    sign_up: SignUp
    answer: Answer
    letter: Letter | None


def answer_sign_ups(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Put a letter into the queue for each sign-up that waits for one, and forget what was not confirmed in
    time; returns how many were answered, some of them with silence. Several may do it beside each other.

    Raises StoreError.
    """
    newsletters = {one.key: one for one in settings.newsletters}
    _forget(engine, clock())
    total: Counter[Reply] = Counter()
    while True:
        with reading(engine) as connection:
            written = [
                _written(settings, newsletters, one, sign_up_store.known_of(connection, one.key))
                for one in sign_up_store.unanswered(connection, _PORTION)
            ]
        if not written:
            break
        with writing(engine) as connection:
            total += _noted(connection, newsletters, written, clock())
    if total:
        # Not how many were already readers: a log is read by more people than the list is.
        step("sign_ups", answered=total.total())
    return total.total()


def _written(
    settings: Settings, newsletters: Mapping[str, Newsletter], sign_up: SignUp, known: Known
) -> _Written:
    said = answer(known, sign_up, newsletters)
    if said.reply is Reply.NOTHING:
        return _Written(sign_up, said, None)
    sender = newsletters[said.newsletters[0]]
    language = sign_up.language or sender.language
    titles = phrases(language).titles([newsletters[one].title for one in said.newsletters])
    values, base, keys = {"titles": titles}, settings.newsroom.public_url, settings.secrets.signing_keys
    links: dict[str, str] = {}
    if said.reply is Reply.CONFIRM:
        path = f"/confirm/{confirm_token(keys, sign_up.id, sign_up.asked)}"
        values["days"] = str(KEPT.days)
    else:
        reader_id = known.reader.id if known.reader else NOBODY
        # The link signs nobody in: that takes a mail which the browser itself has asked for.
        path = "/sign-in" + (f"?next={quote(sign_up.next, safe='')}" if sign_up.next else "")
        links = {
            "preferences": f"{base}/preferences/{preferences_token(keys, reader_id)}",
            "stop": f"{base}/unsubscribe/{unsubscribe_token(keys, reader_id, sender.key)}",
        }
    letter = personal(said.reply.value, language, values, url=base + path, links=links)
    return _Written(sign_up, said, typeset(letter, settings.newsroom, sender, language))


def _noted(
    connection: Connection, newsletters: Mapping[str, Newsletter], written: list[_Written], now: datetime
) -> Counter[Reply]:
    total: Counter[Reply] = Counter()
    for one in written:
        sign_up, said = one.sign_up, one.answer
        waits = said.reply is Reply.CONFIRM
        if not sign_up_store.answered(connection, sign_up.id, now, waits=waits):
            continue
        total[said.reply] += 1
        if one.letter is not None:
            sender = newsletters[said.newsletters[0]]
            put(connection, said.reply.value, sender, sign_up.address, one.letter, now, sign_up.expires())
    return total


def _forget(engine: Engine, now: datetime) -> None:
    with reading(engine) as connection:
        if not sign_up_store.is_any_expired(connection, now) and not limits.is_any_old(connection, now):
            return
    with writing(engine) as connection:
        sign_up_store.forget_expired(connection, now)
        limits.forget(connection, now)
