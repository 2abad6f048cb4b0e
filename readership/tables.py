"""The readers' tables."""

from __future__ import annotations

import sqlalchemy as sa

from newsroom.database import Instant, metadata

readers = sa.Table(
    "readers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(300), nullable=False, default=""),
    sa.Column("plan", sa.String(20), nullable=False),
    # 0 group, 1 paid, 2 trial, 3 free: the order of delivery (`readership.reader.DELIVERY_ORDER`).
    sa.Column("plan_order", sa.Integer, nullable=False),
    sa.Column("plan_until", sa.Date),
    sa.Column("products", sa.JSON, nullable=False, default=list),
    sa.Column("language", sa.String(35), nullable=False, default=""),
    sa.Column("created", Instant, nullable=False),
    sa.Column("updated", Instant, nullable=False),
    sa.Index("ix_readers_plan_order_id", "plan_order", "id"),
    sqlite_autoincrement=True,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("newsletter", sa.String(100), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("sections", sa.JSON, nullable=False, default=list),
    sa.Column("paused_until", sa.Date),
    sa.Column("consent_at", Instant),
    sa.Column("consent_source", sa.String(300), nullable=False, default=""),
    sa.Column("updated", Instant, nullable=False),
    sa.Index("ix_subscriptions_newsletter_status", "newsletter", "status"),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    # The recipient key: the address itself is not kept here.
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("origin", sa.String(300), nullable=False, default=""),
)
