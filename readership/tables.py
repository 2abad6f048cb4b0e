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
    # Who ended it: see `readership.reader.Subscription`.
    sa.Column("ended_by", sa.String(100), nullable=False, default=""),
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

lifts = sa.Table(
    "lifts",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("at", Instant, primary_key=True),
    sa.Column("by", sa.String(200), nullable=False),
    # The suppression that was lifted.
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("origin", sa.String(300), nullable=False),
    comment="Who lifted the suppression of which recipient key; what came back before stops nobody again.",
)

reader_sources = sa.Table(
    "reader_sources",
    metadata,
    # An HMAC of the source and its own id for somebody: what stays after an erasure, in place of the id.
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("source", sa.String(100), nullable=False),
    sa.Column("source_id", sa.String(200), nullable=False),
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), nullable=False),
    # The recipient key of the address that the source last had for them.
    sa.Column("said", sa.String(64), nullable=False),
    # What the source last said, so that what it says again costs nothing.
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("newsletters", sa.JSON, nullable=False, default=list),
    sa.Column("plan", sa.String(20), nullable=False, default=""),
    sa.Column("plan_until", sa.Date),
    # The stops made with us that the source was told of: `newsletter@moment` (`readership.write_back`).
    sa.Column("told", sa.JSON, nullable=False, default=list),
    sa.Column("gone", Instant),
    sa.Column("updated", Instant, nullable=False),
    sa.Index("ix_reader_sources_reader_id", "reader_id"),
    sa.Index("ix_reader_sources_source", "source"),
    comment="Whom a source of readers knows, by its own ids: two sources may know one reader.",
)

reader_source_states = sa.Table(
    "reader_source_states",
    metadata,
    sa.Column("source", sa.String(100), primary_key=True),
    sa.Column("last_read", Instant),
    sa.Column("state", sa.JSON, nullable=False, default=dict),
)

limits = sa.Table(
    "limits",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    # Never an address or a network itself: an HMAC of it.
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("begins", Instant, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Index("ix_limits_begins", "begins"),
    comment="How often something was asked for in a stretch of time; forgotten a day later.",
)

sign_ups = sa.Table(
    "sign_ups",
    metadata,
    # By chance: it stands in the link that confirms.
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("newsletters", sa.JSON, nullable=False),
    sa.Column("sections", sa.JSON, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("asked", Instant, nullable=False),
    # Cut so that it names no single person.
    sa.Column("network", sa.String(64), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    # The page of ours that the reader came from; empty for none.
    sa.Column("next", sa.String(500), nullable=False),
    # The hash of what the browser that asked holds in a cookie; empty where it was given none.
    sa.Column("browser", sa.String(64), nullable=False),
    # When its letter was put into the queue; NULL before.
    sa.Column("answered", Instant),
    sa.Index("ix_sign_ups_answered_asked", "answered", "asked"),
    sa.Index("ix_sign_ups_asked", "asked"),
    sa.Index("ix_sign_ups_key", "key"),
    comment="Who asked for a newsletter and has not confirmed it; forgotten after a week.",
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("sign_up", sa.String(32), nullable=False),
    sa.Column("newsletter", sa.String(100), nullable=False),
    sa.Column("sections", sa.JSON, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("asked", Instant, nullable=False),
    sa.Column("asked_network", sa.String(64), nullable=False),
    # The words that were shown, as they were shown.
    sa.Column("asked_words", sa.Text, nullable=False),
    sa.Column("confirmed", Instant, nullable=False),
    sa.Column("confirmed_network", sa.String(64), nullable=False),
    sa.Column("confirmed_words", sa.Text, nullable=False),
    sa.Index("ix_consents_reader_id", "reader_id"),
    sa.Index("ix_consents_sign_up", "sign_up"),
    comment="The proof of each sign-up that its reader has confirmed; it goes with the reader.",
)

feed_addresses = sa.Table(
    "feed_addresses",
    metadata,
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    # The one generation of the reader's feed addresses that is good; 0 for whoever has no row here.
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("revoked", Instant),
    sa.Column("changed", Instant, nullable=False),
    comment="Whose private feeds have new addresses, or none any more. No address is kept.",
)

feed_uses = sa.Table(
    "feed_uses",
    metadata,
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    # The family of programs alone ("Feedly", "newsboat"), never the whole of what it calls itself.
    sa.Column("agent", sa.String(40), primary_key=True),
    # An HMAC of the network, another one for each reader; empty for a service, which comes from anywhere.
    sa.Column("network", sa.String(32), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("first", Instant, nullable=False),
    sa.Column("last", Instant, nullable=False),
    # How many subscribers a service says to have for one address.
    sa.Column("subscribers", sa.Integer, nullable=False),
    sa.Index("ix_feed_uses_day", "day"),
    comment="How private feeds were fetched in the last seven days.",
)

sessions = sa.Table(
    "sessions",
    metadata,
    # By chance: names the session in forms. Its cookie holds something else, of which only the hash is kept.
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("reader_id", sa.ForeignKey("readers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("begun", Instant, nullable=False),
    # To the day: it is not written at every request.
    sa.Column("seen", Instant, nullable=False),
    # The family alone ("Firefox, Windows"), and a network cut so that it names no single person.
    sa.Column("browser", sa.String(60), nullable=False),
    sa.Column("network", sa.String(64), nullable=False),
    sa.Index("ix_sessions_reader_id", "reader_id"),
    sa.Index("ix_sessions_seen", "seen"),
    comment="In which browsers readers are signed in; forgotten 90 days after the last visit.",
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    # By chance: it stands in the link that signs in, and nowhere else.
    sa.Column("id", sa.String(32), primary_key=True),
    # The hash of what the browser that asked holds in a cookie.
    sa.Column("browser", sa.String(64), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    # The page of ours that the reader came from.
    sa.Column("next", sa.String(500), nullable=False),
    sa.Column("asked", Instant, nullable=False),
    # How many codes were typed.
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("answered", Instant),
    sa.Index("ix_sign_ins_answered_asked", "answered", "asked"),
    sa.Index("ix_sign_ins_asked", "asked"),
    sa.Index("ix_sign_ins_browser", "browser"),
    sa.Index("ix_sign_ins_key", "key"),
    comment="Who asked to be signed in, reader or not; forgotten after 15 minutes.",
)
