"""What `doctor` says of the provider's events: how to have them, and whether any came."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter.returns.heard import last_heard
from newsletter.returns.silence import TELLING
from newsletter.tables import batches
from newsroom import log
from newsroom.database import reading
from newsroom.secrets import SENDGRID_EVENT_KEY

PATIENCE = timedelta(hours=1)
"""So long after a hand-over its first event has come, but for an hour when SendGrid is in trouble itself."""

_EVENTS = "Processed, Deferred, Delivered, Bounced, Dropped, Spam Reports, Unsubscribes, Group Unsubscribes"


def check_events(room: Context) -> None:
    """Warn where bounces and complaints are never heard of, and where what is set cannot work."""
    settings = room.settings
    provider, silence = settings.delivery.provider, settings.delivery.silence_means_not_sent
    if silence is not None and provider not in TELLING:
        room.troubles.warn(
            "events",
            f"{settings.path}: delivery.silence_means_not_sent does nothing with {provider}: only SendGrid "
            "tells of each message that it took, so only there silence says something",
        )
    if provider != "sendgrid":
        return
    hook = f"{settings.newsroom.public_url}/hooks/sendgrid"
    if not settings.secrets.sendgrid_event_key:
        room.troubles.warn(
            "events",
            f"{SENDGRID_EVENT_KEY} is not set, so nobody hears of bounces, complaints and what arrived. In "
            f"SendGrid's Settings, Mail Settings, Event Webhooks have {_EVENTS} posted to {hook}, switch "
            "Signature Verification on, put the Verification Key there and start `serve` again",
        )
        return
    with reading(room.engine) as connection:
        heard, unheard = last_heard(connection), _unheard(connection, room)
    if unheard is not None:
        room.troubles.warn(
            "events",
            f"no event came of what was handed over to SendGrid {_local(room, unheard)}: look whether its "
            f"Event Webhook is on and posts to {hook}, and whether `serve` has this {SENDGRID_EVENT_KEY}",
        )
    log.step("events", posted_to=hook, last_heard=heard or "nothing yet")


def _unheard(connection: Connection, room: Context) -> datetime | None:
    """When the newest hand-over to SendGrid was that has had its time, where nothing was heard of it."""
    goes = sa.func.coalesce(batches.c.send_at, batches.c.handed)
    newest = (
        sa.select(batches.c.handed, batches.c.heard)
        .where(batches.c.provider == "sendgrid", goes < room.clock() - PATIENCE)
        .order_by(batches.c.handed.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    return None if row is None or row.heard is not None else row.handed


def _local(room: Context, moment: datetime) -> str:
    return f"{moment.astimezone(room.settings.newsroom.time_zone):on %Y-%m-%d at %H:%M}"
