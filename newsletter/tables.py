"""The ledger's tables: see promise 2 in docs/design.md."""

from __future__ import annotations

import sqlalchemy as sa

from newsroom.database import Instant, metadata

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("newsletter", sa.String(100), nullable=False),
    sa.Column("local_date", sa.Date, nullable=False),
    sa.Column("slot", sa.String(80), nullable=False, default=""),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("due", Instant, nullable=False),
    sa.Column("composed", Instant),
    sa.Column("first_handed", Instant),
    sa.Column("finished", Instant),
    sa.Column("held", sa.Text, nullable=False, default=""),
    sa.Column("released", sa.Boolean, nullable=False, default=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("candidates", sa.Integer),
    sa.Column("fresh", sa.Integer, nullable=False, default=0),
    sa.Column("provider", sa.String(20), nullable=False, default=""),
    sa.UniqueConstraint("newsletter", "local_date", "slot"),
)

edition_revisions = sa.Table(
    "edition_revisions",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("selection", sa.JSON, nullable=False),
    sa.Column("left_out", sa.JSON, nullable=False, default=list),
    sa.Column("made", Instant, nullable=False),
    sa.Column("by", sa.String(200), nullable=False, default=""),
    sa.Column("why", sa.Text, nullable=False, default=""),
)

edition_stories = sa.Table(
    "edition_stories",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("article_id", sa.String(500), primary_key=True),
    sa.Column("newsletter", sa.String(100), nullable=False),
    sa.Column("article_revision", sa.Integer, nullable=False),
    sa.Column("place", sa.String(100), nullable=False),
    # False: it was eligible and left out for room.
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Index("ix_edition_stories_newsletter_article_id", "newsletter", "article_id"),
    comment="The current revision's stories; used once the edition's first batch was handed over.",
)

edition_log = sa.Table(
    "edition_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("edition", sa.String(200), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
)

renders = sa.Table(
    "renders",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("made", Instant, nullable=False),
    comment="Stored letters (newsletter.letter.Letter), slots marked.",
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), nullable=False),
    sa.Column("variant", sa.String(64), nullable=False),
    sa.Column("plan_order", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("render", sa.ForeignKey("renders.hash")),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", Instant),
    sa.Column("handed", Instant),
    sa.Column("settled", Instant),
    sa.Column("provider", sa.String(20), nullable=False, default=""),
    sa.Column("reference", sa.String(200), nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Index("ix_batches_edition_state", "edition", "state"),
    sqlite_autoincrement=True,
)

variants = sa.Table(
    "variants",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    # What `newsletter.variant` needs to make it again: audience and chosen sections.
    sa.Column("spec", sa.JSON, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("reader_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("recipient_key", sa.String(64), nullable=False),
    sa.Column("batch", sa.ForeignKey("batches.id"), nullable=False),
    # NULL: its batch's state.
    sa.Column("state", sa.String(20)),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    # The last day of a trial as it stood at planning, for the letter's slot.
    sa.Column("trial_until", sa.Date),
    sa.UniqueConstraint("edition", "recipient_key"),
    sa.Index("ix_deliveries_batch", "batch"),
)

exclusions = sa.Table(
    "exclusions",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("reader_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.String(60), nullable=False),
)
