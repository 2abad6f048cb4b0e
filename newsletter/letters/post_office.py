"""The queue of personal letters, drained by whoever has the settings: a run, or `serve` in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.engine import Connection, Engine

from newsletter.desk import previews, seen
from newsletter.desk.previews import put_previews
from newsletter.letters.correspondence import Drained, drain, personal_envelope
from newsletter.letters.sign_in_letters import answer_sign_ins
from newsletter.letters.sign_up_letters import answer_sign_ups
from newsletter.providers import Envelope, Provider
from newsletter.providers.chosen import house_provider, provider_for
from newsletter.tables import letters
from newsroom import witness
from newsroom.errors import StandfirstError
from newsroom.log import problem
from newsroom.settings import Settings

PAUSE = 2.0
"""Seconds between two looks at the queue."""
TROUBLED = 60.0
"""Seconds until the next look where one has failed."""


def drained(
    settings: Settings,
    engine: Engine,
    clock: Callable[[], datetime],
    is_over: Callable[[], bool] = lambda: False,
) -> Drained:
    """Answer the sign-ups and sign-ins that wait, write the previews that editors are to get, and hand over
    the letters that are due until `is_over`.

    Raises HeldError where the database is another installation's or an old one, so that nobody is written to
    twice by a copy of the machine; StoreError where it fails.
    """
    newsletters = {one.key: one for one in settings.newsletters}

    def envelope(key: str, moment: datetime) -> Envelope | None:
        return personal_envelope(newsletters[key], moment) if key in newsletters else None

    answer_sign_ups(settings, engine, clock)
    answer_sign_ins(settings, engine, clock)
    put_previews(settings, engine, clock)

    def provider(own: Callable[[], Provider]) -> Callable[[], Provider]:
        def checked() -> Provider:
            # Asked for only where a letter waits.
            witness.check(engine, settings.witness_path)
            return own()

        return checked

    readers = provider(lambda: provider_for(settings))
    settled = partial(_settled, settings)
    if settings.alerts.smtp is None:
        return drain(engine, readers, envelope, settings.delivery.allow_to, clock, is_over, None, settled)
    # The house's own mail goes by another way, so that it comes where the editions' provider is what fails.
    house = provider(lambda: house_provider(settings))
    is_house = letters.c.kind == previews.KIND
    first = drain(engine, house, envelope, settings.delivery.allow_to, clock, is_over, is_house, settled)
    return first + drain(engine, readers, envelope, settings.delivery.allow_to, clock, is_over, ~is_house)


def _settled(
    settings: Settings, connection: Connection, letter: int, reason: str | None, now: datetime
) -> str:
    return seen.settle(connection, settings, letter, reason, now)


class PostOffice:
    """Drains the queue in the background, for as long as a `with` lasts."""

    def __init__(self, settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="letters", daemon=True)

    def __enter__(self) -> PostOffice:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.wait(0.1)

    def end(self) -> None:
        """Hand over no further letter; the one that is on its way is finished."""
        self._ends.set()

    def wait(self, seconds: float) -> None:
        """Wait until that one is gone. Where it takes longer, it is due again, and comes twice at worst."""
        self._thread.join(seconds)

    def _work(self) -> None:
        pause = PAUSE
        while not self._ends.wait(pause):
            pause = PAUSE
            try:
                drained(self._settings, self._engine, self._clock, self._ends.is_set)
            except StandfirstError as error:
                problem("letters", f"no letter can be sent now: {error}")
                pause = TROUBLED
            except Exception as error:  # noqa: BLE001 - a thread that has died tells nobody
                # Its text may hold anything.
                problem("letters", f"no letter can be sent now: {type(error).__name__}")
                pause = TROUBLED
