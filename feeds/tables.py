"""The feeds' table."""

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
