"""Alembic's way into the database: `newsroom.schema` hands it the connection."""

from alembic import context

import content.tables
import feeds.tables
import newsletter.tables
import newsroom.tables
import readership.tables  # noqa: F401
from newsroom.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
