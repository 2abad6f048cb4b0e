"""Sign-ins answered by mail: a link and a code for a reader, nothing for anybody else.

A stranger gets no mail: to write to whatever address somebody types in would make us a nuisance to people who
never heard of us, and the page has already said what it means when nothing comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from newsletter.letters.letter_queue import put
from newsletter.letters.personal import personal, typeset
from newsletter.rendering.letter import Letter
from newsroom.database import reading, writing
from newsroom.masthead import Newsletter
from newsroom.settings import Settings
from readership import sessions, sign_ins, store
from readership.reader import Subscription, SubscriptionStatus
from readership.sign_ins import DEAD, HOLDS, SignIn
from readership.tokens import sign_in_code, sign_in_token

_PORTION = 50
"""Letters that are written, and noted together."""

_Written = tuple[SignIn, Newsletter, str, Letter] | None


def answer_sign_ins(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Put a letter into the queue for each sign-in of a reader that waits for one, and forget sign-ins and
    sessions that have ended; returns how many were answered, some with silence. Raises StoreError.
    """
    _forget(engine, clock())
    total = 0
    while True:
        with reading(engine) as connection:
            some = sign_ins.unanswered(connection, clock(), _PORTION)
            written = {one.id: _letter(settings, connection, one) for one in some}
        if not some:
            return total
        with writing(engine) as connection:
            for one in some:
                if sign_ins.answered(connection, one.id, clock()):
                    total += 1
                    _put(connection, written[one.id], clock())


def sender_for(
    newsletters: Mapping[str, Newsletter], subscriptions: Mapping[str, Subscription]
) -> Newsletter | None:
    """Whose sender a reader knows: of a newsletter that comes, else of the first; None without one."""
    active = [
        newsletter
        for key, newsletter in newsletters.items()
        if key in subscriptions and subscriptions[key].status is not SubscriptionStatus.UNSUBSCRIBED
    ]
    return next(iter((*active, *newsletters.values())), None)


def _letter(settings: Settings, connection: Connection, sign_in: SignIn) -> _Written:
    reader = store.find(connection, sign_in.key)
    if reader is None or store.suppressed(connection, [reader.key]).get(reader.key) in DEAD:
        # Setting a letter keeps this process busy for a moment, which whoever asked can measure: it is set
        # for everybody, and thrown away here.
        for first in settings.newsletters[:1]:
            _typeset(settings, first, "", sign_in)
        return None
    theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
    newsletter = sender_for({one.key: one for one in settings.newsletters}, theirs)
    if newsletter is None:
        return None
    letter = _typeset(settings, newsletter, reader.language, sign_in)
    return sign_in, newsletter, reader.address, letter


def _typeset(settings: Settings, newsletter: Newsletter, spoken: str, sign_in: SignIn) -> Letter:
    """The letter to a reader of this language, if they have one; it says nothing else of them."""
    newsroom = settings.newsroom
    token = sign_in_token(settings.secrets.signing_keys, sign_in.id, sign_in.asked)
    code = sign_in_code(settings.secrets.address_key, sign_in.id)
    # Where neither says one, as the mail this reader knows: never the fallback of the words.
    language = spoken or sign_in.language or newsletter.language
    minutes = str(HOLDS.seconds // 60)
    letter = personal(
        "sign_in",
        language,
        {"name": newsroom.name, "code": code, "minutes": minutes},
        url=f"{newsroom.public_url}/sign-in/{token}",
        code=code,
    )
    return typeset(letter, newsroom, newsletter, language)


def _put(connection: Connection, written: _Written, now: datetime) -> None:
    if written is not None:
        sign_in, newsletter, address, letter = written
        put(connection, "sign_in", newsletter, address, letter, now, sign_in.asked + HOLDS)


def _forget(engine: Engine, now: datetime) -> None:
    with reading(engine) as connection:
        if not sign_ins.is_any_expired(connection, now) and not sessions.is_any_expired(connection, now):
            return
    with writing(engine) as connection:
        sign_ins.forget_expired(connection, now)
        sessions.forget_expired(connection, now)
