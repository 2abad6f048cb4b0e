"""The window between composing an edition and its hour, in which its editors look at it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsroom.settings import Settings


def goes(due: datetime, composed: datetime, hold: timedelta) -> datetime | None:
    """When an edition composed then may go out; None: at its hour.

    One composed in the first half of its window goes at its hour, since cron comes every few minutes. One
    composed later waits its whole window, beyond its hour: nobody has seen it, what delayed it may have
    harmed it as well, and whoever has looked sends it at once.
    """
    if not hold or composed + hold / 2 <= due:
        return None
    return composed + hold


def kept_for(settings: Settings) -> timedelta:
    """How long the provider keeps what it is handed before it sends it; as long it can be taken back."""
    delay = settings.sendgrid.delay if settings.delivery.provider == "sendgrid" else None
    return delay or timedelta()
