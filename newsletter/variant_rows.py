"""An edition's variants in the database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.tables import variants
from newsletter.variant import Variant, variant_from_json
from newsroom.database import inserting


def store(connection: Connection, edition: str, variant: Variant) -> None:
    """Store the variant unless it is there. Wants a writing transaction."""
    row = {"edition": edition, "key": variant.key, "spec": variant.to_json()}
    connection.execute(inserting(connection, variants).values(row).on_conflict_do_nothing())


def spec_of(connection: Connection, edition: str, key: str) -> Variant:
    """The edition's variant with this key, which is there."""
    query = sa.select(variants.c.spec).where(variants.c.edition == edition, variants.c.key == key)
    return variant_from_json(connection.execute(query).scalar_one())
