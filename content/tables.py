"""The content side's tables."""

from __future__ import annotations

import sqlalchemy as sa

from newsroom.database import Instant, metadata

articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", sa.String(500), primary_key=True),
    sa.Column("source", sa.String(100), nullable=False),
    sa.Column("reference", sa.String(1000), nullable=False),
    sa.Column("slug", sa.String(300), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("published", Instant, nullable=False),
    sa.Column("updated", Instant, nullable=False),
    sa.Column("access", sa.String(20), nullable=False),
    sa.Column("sponsor", sa.String(300), nullable=False, default=""),
    sa.Column("run_from", Instant),
    sa.Column("run_until", Instant),
    sa.Column("again", sa.Boolean, nullable=False, default=False),
    # Everything else that `content.article.Article` holds, but for the body.
    sa.Column("details", sa.JSON, nullable=False),
    # SHA-256 of what the source gave: unchanged means nothing to do.
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("changed", Instant, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("withdrawn", Instant),
    # When its correction last came or got other words; NULL where it came with the article.
    sa.Column("corrected", Instant),
    # Last, so that whoever needs everything else never reads through the pages of a long text.
    sa.Column("body", sa.Text, nullable=False),
    # Not unique: a withdrawn article keeps the reference that its successor took over.
    sa.Index("ix_articles_source", "source"),
    sa.Index("ix_articles_reference", "reference"),
    sa.Index("ix_articles_url", "url"),
    sa.Index("ix_articles_published", "published"),
    sa.Index("ix_articles_slug", "slug"),
    sa.Index("ix_articles_again", "again"),
    sa.Index("ix_articles_sponsor_run_until", "sponsor", "run_until"),
    # The few that were corrected. The migration gives PostgreSQL's the same condition.
    sa.Index("ix_articles_corrected", "corrected", sqlite_where=sa.text("corrected IS NOT NULL")),
)

article_sections = sa.Table(
    "article_sections",
    metadata,
    sa.Column("section", sa.String(100), primary_key=True),
    sa.Column("published", Instant, primary_key=True),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index("ix_article_sections_article_id", "article_id"),
    sa.Index("ix_article_sections_published", "published"),
    comment="Live articles only, newest last in key order, so that a section's newest are one range. "
    "A feed by rule has a list of its own, feed:KEY.",
)

list_withdrawals = sa.Table(
    "list_withdrawals",
    metadata,
    sa.Column("section", sa.String(100), primary_key=True),
    sa.Column("withdrawn", Instant, primary_key=True),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("published", Instant, nullable=False),
    sa.Index("ix_list_withdrawals_article_id", "article_id"),
    sa.Index("ix_list_withdrawals_withdrawn", "withdrawn"),
    comment="What lists showed at the moment when it was withdrawn; gone once it is back.",
)

former_slugs = sa.Table(
    "former_slugs",
    metadata,
    sa.Column("slug", sa.String(300), primary_key=True),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    sa.Index("ix_former_slugs_article_id", "article_id"),
    comment="Slugs that articles had before: their pages' old addresses lead to the new ones.",
)

feed_rules = sa.Table(
    "feed_rules",
    metadata,
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    comment="By which conditions the live articles were listed last; empty while they are being listed.",
)

section_changes = sa.Table(
    "section_changes",
    metadata,
    sa.Column("section", sa.String(100), primary_key=True),
    sa.Column("changed", Instant, nullable=False),
    comment="The newest recorded change of a section's list: it never goes back.",
)

retired_feeds = sa.Table(
    "retired_feeds",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("moved_to", sa.String(100), nullable=False, default=""),
    sa.Column("retired", Instant, nullable=False),
    comment="Feeds of dropped section keys (410) and of renamed ones (301).",
)

source_states = sa.Table(
    "source_states",
    metadata,
    sa.Column("source", sa.String(100), primary_key=True),
    sa.Column("last_read", Instant),
    sa.Column("last_error", sa.Text, nullable=False, default=""),
    sa.Column("held", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.JSON, nullable=False, default=dict),
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("source_hash", sa.String(64), primary_key=True),
    sa.Column("sizes", sa.JSON, nullable=False),
    sa.Column("made", Instant, nullable=False),
    comment="Which published sizes a source picture was made into.",
)

waiting_pictures = sa.Table(
    "waiting_pictures",
    metadata,
    sa.Column("article_id", sa.String(500), primary_key=True),
    sa.Column("path", sa.String(300), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    comment="Pictures of articles under embargo, made but in no public place before their time.",
)
