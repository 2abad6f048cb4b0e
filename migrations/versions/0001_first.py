"""Every table of the first release.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from newsroom.database import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("told", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alerts")),
        comment="Open problems, so that each is told once; a row goes when its problem does.",
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=1000), nullable=False),
        sa.Column("slug", sa.String(length=300), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("published", Instant(), nullable=False),
        sa.Column("updated", Instant(), nullable=False),
        sa.Column("access", sa.String(length=20), nullable=False),
        sa.Column("sponsor", sa.String(length=300), nullable=False),
        sa.Column("run_from", Instant(), nullable=True),
        sa.Column("run_until", Instant(), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed", Instant(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("withdrawn", Instant(), nullable=True),
        sa.Column("corrected", Instant(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
    )
    op.create_index("ix_articles_again", "articles", ["again"], unique=False)
    op.create_index(
        "ix_articles_corrected",
        "articles",
        ["corrected"],
        unique=False,
        sqlite_where=sa.text("corrected IS NOT NULL"),
        postgresql_where=sa.text("corrected IS NOT NULL"),
    )
    op.create_index("ix_articles_published", "articles", ["published"], unique=False)
    op.create_index("ix_articles_reference", "articles", ["reference"], unique=False)
    op.create_index("ix_articles_url", "articles", ["url"], unique=False)
    op.create_index("ix_articles_slug", "articles", ["slug"], unique=False)
    op.create_index("ix_articles_source", "articles", ["source"], unique=False)
    op.create_index("ix_articles_sponsor_run_until", "articles", ["sponsor", "run_until"], unique=False)
    op.create_table(
        "edition_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_log")),
    )
    op.create_index(op.f("ix_edition_log_edition"), "edition_log", ["edition"], unique=False)
    op.create_table(
        "editions",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("composed", Instant(), nullable=True),
        sa.Column("first_handed", Instant(), nullable=True),
        sa.Column("finished", Instant(), nullable=True),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=True),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("goes", Instant(), nullable=True),
        sa.Column("recall", sa.String(length=100), nullable=False),
        sa.Column("recalled", Instant(), nullable=True),
        sa.Column("not_recalled", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_editions")),
        sa.UniqueConstraint(
            "newsletter", "local_date", "slot", name=op.f("uq_editions_newsletter_local_date_slot")
        ),
    )
    op.create_table(
        "feed_marks",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_marks")),
        comment="How far each feed was published, and by which release and configuration.",
    )
    op.create_table(
        "feed_rules",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_feed_rules")),
        comment="By which conditions the live articles were listed last; empty while they are being listed.",
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("hand_overs", sa.Integer(), nullable=False),
        sa.Column("last_edition", sa.String(length=200), nullable=False),
        sa.Column("stops", sa.Integer(), nullable=False),
        sa.Column("restored", Instant(), nullable=True),
        sa.Column("saved", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        comment="One row: this installation.",
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("message_id", sa.String(length=300), nullable=False),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("expires", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        comment="Letters to one person on their way; a row goes with its letter.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_letters_not_before", "letters", ["not_before"], unique=False)
    op.create_table(
        "lifts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("key", "at", name=op.f("pk_lifts")),
        comment="Who lifted the suppression of which recipient key; what came back before stops nobody again.",
    )
    op.create_table(
        "limits",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("begins", Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "begins", name=op.f("pk_limits")),
        comment="How often something was asked for in a stretch of time; forgotten a day later.",
    )
    op.create_index("ix_limits_begins", "limits", ["begins"], unique=False)
    op.create_table(
        "locks",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("taken", Instant(), nullable=False),
        sa.Column("heartbeat", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )
    op.create_table(
        "pictures",
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("made", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source_hash", name=op.f("pk_pictures")),
        comment="Which published sizes a source picture was made into.",
    )
    op.create_table(
        "waiting_pictures",
        sa.Column("article_id", sa.String(length=500), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "path", name=op.f("pk_waiting_pictures")),
        comment="Pictures of articles under embargo, made but in no public place before their time.",
    )
    op.create_table(
        "pings",
        sa.Column("feed", sa.String(length=1000), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_pings")),
        comment="Addresses of changed feeds of which the WebSub hub was not told yet.",
    )
    op.create_table(
        "readers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("plan_order", sa.Integer(), nullable=False),
        sa.Column("plan_until", sa.Date(), nullable=True),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("updated", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readers")),
        sa.UniqueConstraint("key", name=op.f("uq_readers_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_readers_plan_order_id", "readers", ["plan_order", "id"], unique=False)
    op.create_table(
        "renders",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("made", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_renders")),
        comment="Stored letters (newsletter.rendering.letter.Letter), slots marked.",
    )
    op.create_table(
        "retired_feeds",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("moved_to", sa.String(length=100), nullable=False),
        sa.Column("retired", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retired_feeds")),
        comment="Feeds of dropped section keys (410) and of renamed ones (301).",
    )
    op.create_table(
        "section_changes",
        sa.Column("section", sa.String(length=100), nullable=False),
        sa.Column("changed", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("section", name=op.f("pk_section_changes")),
        comment="The newest recorded change of a section's list: it never goes back.",
    )
    op.create_table(
        "source_states",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("last_read", Instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_states")),
    )
    op.create_table(
        "suppressions",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "article_sections",
        sa.Column("section", sa.String(length=100), nullable=False),
        sa.Column("published", Instant(), nullable=False),
        sa.Column("article_id", sa.String(length=500), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_sections_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("section", "published", "article_id", name=op.f("pk_article_sections")),
        comment="Live articles only, newest last in key order, so that a section's newest are one range. "
        "A feed by rule has a list of its own, feed:KEY.",
    )
    op.create_index("ix_article_sections_article_id", "article_sections", ["article_id"], unique=False)
    op.create_index("ix_article_sections_published", "article_sections", ["published"], unique=False)
    op.create_table(
        "list_withdrawals",
        sa.Column("section", sa.String(length=100), nullable=False),
        sa.Column("withdrawn", Instant(), nullable=False),
        sa.Column("article_id", sa.String(length=500), nullable=False),
        sa.Column("published", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_list_withdrawals_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("section", "withdrawn", "article_id", name=op.f("pk_list_withdrawals")),
        comment="What lists showed at the moment when it was withdrawn; gone once it is back.",
    )
    op.create_index("ix_list_withdrawals_article_id", "list_withdrawals", ["article_id"], unique=False)
    op.create_index("ix_list_withdrawals_withdrawn", "list_withdrawals", ["withdrawn"], unique=False)
    op.create_table(
        "former_slugs",
        sa.Column("slug", sa.String(length=300), nullable=False),
        sa.Column("article_id", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_former_slugs_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_slugs")),
        comment="Slugs that articles had before: their pages' old addresses lead to the new ones.",
    )
    op.create_index("ix_former_slugs_article_id", "former_slugs", ["article_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("variant", sa.String(length=64), nullable=False),
        sa.Column("plan_order", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("render", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("handed", Instant(), nullable=True),
        sa.Column("settled", Instant(), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("resend", sa.Boolean(), nullable=False),
        sa.Column("send_at", Instant(), nullable=True),
        sa.Column("heard", Instant(), nullable=True),
        sa.Column("handed_before", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_batches_edition"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["render"], ["renders.hash"], name=op.f("fk_batches_render")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batches_edition_state", "batches", ["edition", "state"], unique=False)
    op.create_index("ix_batches_handed", "batches", ["handed"], unique=False)
    op.create_table(
        "previews",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("put", Instant(), nullable=False),
        sa.Column("letter", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_previews_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "editor", "revision", name=op.f("pk_previews")),
        comment="Which editor (the key of the address) was mailed which revision to look at.",
    )
    op.create_index(op.f("ix_previews_letter"), "previews", ["letter"], unique=False)
    op.create_table(
        "ramps",
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("started", sa.Date(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("newsletter", name=op.f("pk_ramps")),
        comment="Newsletters whose sending domain is being warmed up; a row goes when that is over.",
    )
    op.create_table(
        "event_sums",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("fate", sa.String(length=40), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_event_sums_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "fate", name=op.f("pk_event_sums")),
        comment="What became of editions older than `keep_days`, whose events are no longer kept one by one.",
    )
    op.create_table(
        "bounce_holds",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("decided", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_bounce_holds_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_bounce_holds")),
        comment="Editions of which so much came back that it stops nobody before a person has looked.",
    )
    op.create_table(
        "mailboxes",
        sa.Column("place", sa.String(length=32), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_mailboxes")),
        comment="How far the mailboxes were read that bounces come to, by the largest UID.",
    )
    op.create_table(
        "mail_counts",
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("outcome", name=op.f("pk_mail_counts")),
        comment="What became of the mails that came back and were read, counted.",
    )
    op.create_table(
        "events",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("is_permanent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_events_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "reader_id", "kind", "key", name=op.f("pk_events")),
        comment="What the provider told of each message after it took it.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_events_returned",
        "events",
        ["edition", "is_permanent", "reader_id", "recipient_key"],
        unique=False,
        sqlite_where=sa.text("kind IN ('bounce', 'dropped')"),
        postgresql_where=sa.text("kind IN ('bounce', 'dropped')"),
    )
    op.create_index(
        "ix_events_recipient_key",
        "events",
        ["recipient_key"],
        unique=False,
        sqlite_where=sa.text("kind IN ('bounce', 'dropped')"),
        postgresql_where=sa.text("kind IN ('bounce', 'dropped')"),
    )
    op.create_table(
        "delivery_history",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("handed", Instant(), nullable=True),
        sa.Column("settled", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("then", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_delivery_history_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_history")),
        comment="What the ledger had of a delivery before a person or the events said otherwise.",
    )
    op.create_index(
        "ix_delivery_history_edition_reader_id", "delivery_history", ["edition", "reader_id"], unique=False
    )
    op.create_table(
        "edition_revisions",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("made", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_edition_revisions_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "revision", name=op.f("pk_edition_revisions")),
    )
    op.create_table(
        "edition_stories",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("article_id", sa.String(length=500), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("article_revision", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_edition_stories_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "article_id", name=op.f("pk_edition_stories")),
        comment="The current revision's stories; used once the edition's first batch was handed over.",
    )
    op.create_index("ix_edition_stories_article_id", "edition_stories", ["article_id"], unique=False)
    op.create_index(
        "ix_edition_stories_newsletter_article_id",
        "edition_stories",
        ["newsletter", "article_id"],
        unique=False,
    )
    op.create_table(
        "exclusion_sums",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_exclusion_sums_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "reason", name=op.f("pk_exclusion_sums")),
        comment="Exclusions of editions older than `keep_days`, which are no longer kept one by one.",
    )
    op.create_table(
        "exclusions",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_exclusions_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "reader_id", name=op.f("pk_exclusions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscriptions",
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("consent_at", Instant(), nullable=True),
        sa.Column("consent_source", sa.String(length=300), nullable=False),
        sa.Column("ended_by", sa.String(length=100), nullable=False),
        sa.Column("updated", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_subscriptions_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader_id", "newsletter", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "reader_sources",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("source_id", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("newsletters", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("plan_until", sa.Date(), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("gone", Instant(), nullable=True),
        sa.Column("updated", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_reader_sources_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reader_sources")),
        comment="Whom a source of readers knows, by its own ids: two sources may know one reader.",
    )
    op.create_index("ix_reader_sources_reader_id", "reader_sources", ["reader_id"], unique=False)
    op.create_index("ix_reader_sources_source", "reader_sources", ["source"], unique=False)
    op.create_table(
        "feed_addresses",
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("revoked", Instant(), nullable=True),
        sa.Column("changed", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_feed_addresses_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_feed_addresses")),
        comment="Whose private feeds have new addresses, or none any more. No address is kept.",
    )
    op.create_table(
        "feed_uses",
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent", sa.String(length=40), nullable=False),
        sa.Column("network", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first", Instant(), nullable=False),
        sa.Column("last", Instant(), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_feed_uses_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader_id", "day", "agent", "network", name=op.f("pk_feed_uses")),
        comment="How private feeds were fetched in the last seven days.",
    )
    op.create_index("ix_feed_uses_day", "feed_uses", ["day"], unique=False)
    op.create_table(
        "reader_source_states",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("last_read", Instant(), nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_reader_source_states")),
    )
    op.create_index(
        "ix_subscriptions_newsletter_status", "subscriptions", ["newsletter", "status"], unique=False
    )
    op.create_table(
        "variants",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_variants_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "key", name=op.f("pk_variants")),
    )
    op.create_table(
        "deliveries",
        sa.Column("edition", sa.String(length=200), nullable=False),
        sa.Column("reader_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient_key", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_deliveries_batch")),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.key"], name=op.f("fk_deliveries_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "reader_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("edition", "recipient_key", name=op.f("uq_deliveries_edition_recipient_key")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deliveries_batch", "deliveries", ["batch"], unique=False)
    op.create_index(
        "ix_deliveries_own",
        "deliveries",
        ["state", "batch"],
        unique=False,
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    )
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("newsletters", sa.JSON(), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("asked", Instant(), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("next", sa.String(length=500), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("answered", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        comment="Who asked for a newsletter and has not confirmed it; forgotten after a week.",
    )
    op.create_index("ix_sign_ups_answered_asked", "sign_ups", ["answered", "asked"], unique=False)
    op.create_index("ix_sign_ups_asked", "sign_ups", ["asked"], unique=False)
    op.create_index("ix_sign_ups_key", "sign_ups", ["key"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("sign_up", sa.String(length=32), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("asked", Instant(), nullable=False),
        sa.Column("asked_network", sa.String(length=64), nullable=False),
        sa.Column("asked_words", sa.Text(), nullable=False),
        sa.Column("confirmed", Instant(), nullable=False),
        sa.Column("confirmed_network", sa.String(length=64), nullable=False),
        sa.Column("confirmed_words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_consents_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        comment="The proof of each sign-up that its reader has confirmed; it goes with the reader.",
    )
    op.create_index("ix_consents_reader_id", "consents", ["reader_id"], unique=False)
    op.create_index("ix_consents_sign_up", "consents", ["sign_up"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("begun", Instant(), nullable=False),
        sa.Column("seen", Instant(), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], name=op.f("fk_sessions_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("key", name=op.f("uq_sessions_key")),
        comment="In which browsers readers are signed in; forgotten 90 days after the last visit.",
    )
    op.create_index("ix_sessions_reader_id", "sessions", ["reader_id"], unique=False)
    op.create_index("ix_sessions_seen", "sessions", ["seen"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("next", sa.String(length=500), nullable=False),
        sa.Column("asked", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answered", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        comment="Who asked to be signed in, reader or not; forgotten after 15 minutes.",
    )
    op.create_index("ix_sign_ins_answered_asked", "sign_ins", ["answered", "asked"], unique=False)
    op.create_index("ix_sign_ins_asked", "sign_ins", ["asked"], unique=False)
    op.create_index("ix_sign_ins_browser", "sign_ins", ["browser"], unique=False)
    op.create_index("ix_sign_ins_key", "sign_ins", ["key"], unique=False)
