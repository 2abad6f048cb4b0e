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
    # True once a person let it go after its hour: it goes out however late that was.
    sa.Column("released", sa.Boolean, nullable=False, default=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    # How many readers were looked at: NULL before it is planned.
    sa.Column("candidates", sa.Integer),
    sa.Column("fresh", sa.Integer, nullable=False, default=0),
    # What it was first handed over to: the outbox gives way to a real provider.
    sa.Column("provider", sa.String(20), nullable=False, default=""),
    # When it may go, where that is not its hour: its editors' window is later, or a person sent it at once.
    sa.Column("goes", Instant),
    # Under which name the provider can be told not to send what it still keeps.
    sa.Column("recall", sa.String(100), nullable=False, default=""),
    # When it was told so last.
    sa.Column("recalled", Instant),
    # Why it was not told so yet, of one that was stopped while it keeps something; empty: it has not to be.
    sa.Column("not_recalled", sa.Text, nullable=False, default=""),
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
    sa.Index("ix_edition_stories_article_id", "article_id"),
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

previews = sa.Table(
    "previews",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("editor", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("put", Instant, nullable=False),
    # The number of its letter while that waits; no foreign key: the letter goes first.
    sa.Column("letter", sa.Integer, index=True),
    sa.Column("taken", sa.Boolean, nullable=False, default=False),
    # Why it was refused; empty where it was not.
    sa.Column("refused", sa.Text, nullable=False, default=""),
    comment="Which editor (the key of the address) was mailed which revision to look at.",
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
    comment="Stored letters (newsletter.rendering.letter.Letter), slots marked.",
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
    # The run that handed it over: while that run lives, nobody else settles the batch.
    sa.Column("owner", sa.String(64), nullable=False, default=""),
    sa.Column("provider", sa.String(20), nullable=False, default=""),
    sa.Column("reference", sa.String(200), nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    # How many readers it was handed over with, or waits with.
    sa.Column("size", sa.Integer, nullable=False),
    # True: asked for by hand, goes out with the stored render it names, whatever came since.
    sa.Column("resend", sa.Boolean, nullable=False, default=False),
    # Until when the provider was asked to keep it; NULL: it sends at once.
    sa.Column("send_at", Instant),
    # When the first of the provider's events of it came; NULL: none yet.
    sa.Column("heard", Instant),
    # When it was handed over, of one that was planned again since.
    sa.Column("handed_before", Instant),
    sa.Index("ix_batches_edition_state", "edition", "state"),
    sa.Index("ix_batches_handed", "handed"),
    sqlite_autoincrement=True,
)

variants = sa.Table(
    "variants",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    # What `newsletter.variant` needs to make it again: audience, language, chosen sections, corrections.
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
    # Days left of a trial on the edition's date, for the letter's slot.
    sa.Column("trial_days", sa.Integer),
    sa.UniqueConstraint("edition", "recipient_key"),
    sa.Index("ix_deliveries_batch", "batch"),
    # The few that fared otherwise than their batch. The migration gives PostgreSQL's the same condition; said
    # here, every run on SQLite would import that dialect.
    sa.Index(
        "ix_deliveries_own",
        "state",
        "batch",
        sqlite_where=sa.text("state IS NOT NULL"),
    ),
    # The primary key is the table: a third of the bytes and of the time of a million inserts.
    sqlite_with_rowid=False,
)

delivery_history = sa.Table(
    "delivery_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), nullable=False),
    sa.Column("reader_id", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("batch", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("handed", Instant),
    sa.Column("settled", Instant),
    # When that was written over, by whom, and with what.
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("then", sa.Text, nullable=False),
    sa.Index("ix_delivery_history_edition_reader_id", "edition", "reader_id"),
    comment="What the ledger had of a delivery before a person or the events said otherwise.",
)

exclusions = sa.Table(
    "exclusions",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("reader_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sqlite_with_rowid=False,
)

exclusion_sums = sa.Table(
    "exclusion_sums",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("reason", sa.String(60), primary_key=True),
    sa.Column("readers", sa.Integer, nullable=False),
    comment="Exclusions of editions older than `keep_days`, which are no longer kept one by one.",
)

ramps = sa.Table(
    "ramps",
    metadata,
    sa.Column("newsletter", sa.String(100), primary_key=True),
    sa.Column("started", sa.Date, nullable=False),
    # The most readers on each day of sending, in order.
    sa.Column("days", sa.JSON, nullable=False),
    comment="Newsletters whose sending domain is being warmed up; a row goes when that is over.",
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("reader_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(20), primary_key=True),
    # `newsletter.returns.event.event_key`: a copy of an event is the same row.
    sa.Column("key", sa.String(32), primary_key=True),
    # The one it was handed over in: the reader may be in another one by now.
    sa.Column("batch", sa.Integer, nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("is_permanent", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # Of the few that are bad news: which address it was told of. The delivery may be planned anew since, for
    # another address or for nobody. Empty: of any other event.
    sa.Column("recipient_key", sa.String(64), nullable=False, default=""),
    # The few that are bad news. The condition as for `ix_deliveries_own`; who asks says it word for word.
    sa.Index(
        "ix_events_returned",
        "edition",
        "is_permanent",
        "reader_id",
        "recipient_key",
        sqlite_where=sa.text("kind IN ('bounce', 'dropped')"),
    ),
    sa.Index(
        "ix_events_recipient_key",
        "recipient_key",
        sqlite_where=sa.text("kind IN ('bounce', 'dropped')"),
    ),
    # Beside each other what belongs together: a reader's story, and an edition's sum without sorting.
    sqlite_with_rowid=False,
    comment="What the provider told of each message after it took it.",
)

event_sums = sa.Table(
    "event_sums",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("fate", sa.String(40), primary_key=True),
    sa.Column("readers", sa.Integer, nullable=False),
    comment="What became of editions older than `keep_days`, whose events are no longer kept one by one.",
)

bounce_holds = sa.Table(
    "bounce_holds",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("since", Instant, nullable=False),
    # How many readers came back when it was held.
    sa.Column("readers", sa.Integer, nullable=False),
    # What a person decided: `stop`, `ignore`, or nothing yet.
    sa.Column("decided", sa.String(10), nullable=False, default=""),
    comment="Editions of which so much came back that it stops nobody before a person has looked.",
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    # A digest of server, user and folder.
    sa.Column("place", sa.String(32), primary_key=True),
    # UIDVALIDITY (RFC 3501, 2.3.1.1): another one, and the numbers below mean nothing any more.
    sa.Column("validity", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    comment="How far the mailboxes were read that bounces come to, by the largest UID.",
)

mail_counts = sa.Table(
    "mail_counts",
    metadata,
    sa.Column("outcome", sa.String(20), primary_key=True),
    sa.Column("mails", sa.BigInteger, nullable=False),
    comment="What became of the mails that came back and were read, counted.",
)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(40), nullable=False),
    # Whose sender it comes from.
    sa.Column("newsletter", sa.String(100), nullable=False),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("message_id", sa.String(300), nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Index("ix_letters_not_before", "not_before"),
    sqlite_autoincrement=True,
    comment="Letters to one person on their way; a row goes with its letter.",
)
