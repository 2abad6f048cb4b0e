"""The feeds' tables."""

from __future__ import annotations

import sqlalchemy as sa

from newsroom.database import Instant, metadata

feed_marks = sa.Table(
    "feed_marks",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("until", Instant, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    comment="How far each feed was published, and by which release and configuration.",
)

pings = sa.Table(
    "pings",
    metadata,
    sa.Column("feed", sa.String(1000), primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Instant),
    sa.Column("refused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    comment="Addresses of changed feeds of which the WebSub hub was not told yet.",
)
