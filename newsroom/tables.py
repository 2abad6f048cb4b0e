"""The ground floor's tables: the installation, its locks, the problems it has told the operator of."""

from __future__ import annotations

import sqlalchemy as sa

from newsroom.database import Instant, metadata

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("created", Instant, nullable=False),
    # How often the witness was told of an edition: see newsroom/witness.py.
    sa.Column("hand_overs", sa.Integer, nullable=False, default=0),
    sa.Column("last_edition", sa.String(200), nullable=False, default=""),
    # How many stops were written down beside it: see newsroom/stop_file.py.
    sa.Column("stops", sa.Integer, nullable=False, default=0),
    # When it was found to be a restored one; NULL once a person has looked.
    sa.Column("restored", Instant),
    # When its last backup was begun: a copy that is put back was saved then, or later.
    sa.Column("saved", Instant),
    comment="One row: this installation.",
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("host", sa.String(200), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("taken", Instant, nullable=False),
    sa.Column("heartbeat", Instant, nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("told", Instant),
    comment="Open problems, so that each is told once; a row goes when its problem does.",
)
