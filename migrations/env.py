"""Alembic's way into the database: `newsroom.schema` hands it the connection."""

import importlib

from alembic import context

from newsroom.database import metadata

for package in ("content", "feeds", "newsletter", "newsroom", "readership"):
    importlib.import_module(f"{package}.tables")

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
