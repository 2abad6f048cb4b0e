"""Pictures of articles under embargo: made when the article was read, published when its time has come.

A source that is asked for what changed does not list an article again when its hour strikes; and an editor
sees them before it does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content.holdings import KnownArticle
from content.sources import Problem
from content.sync_plan import SyncPlan
from content.tables import articles, waiting_pictures
from newsroom.database import reading, writing
from newsroom.errors import PublishError
from newsroom.files import write_whole

_INSERT = sa.insert(waiting_pictures)


def keep(connection: Connection, waits: Mapping[str, Mapping[str, bytes]]) -> None:
    """Keep the files of these articles, by id and path, in the place of those that were kept of them."""
    for article_id, files in waits.items():
        forget(connection, article_id)
        rows = [{"article_id": article_id, "path": path, "data": data} for path, data in files.items()]
        if rows:
            connection.execute(_INSERT, rows)


def by_article(
    waits: Mapping[str, Mapping[str, bytes]], plan: SyncPlan, known: Mapping[str, KnownArticle]
) -> dict[str, Mapping[str, bytes]]:
    """Files by the id of their article, where they come by its reference; those of one that is not stored are
    left out."""
    ids = {one.reference: one.id for one in known.values()}
    ids |= {one.article.reference: one.article.id for one in (*plan.insert, *plan.stores)}
    return {ids[reference]: files for reference, files in waits.items() if reference in ids}


def paths_of(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """The paths, below the public folder, of these articles' files that wait."""
    query = sa.select(waiting_pictures.c.path).where(waiting_pictures.c.article_id.in_(ids))
    return frozenset(connection.execute(query).scalars())


def waiting(connection: Connection, paths: Sequence[str]) -> dict[str, bytes]:
    """Those of these paths whose file waits, with its bytes."""
    query = sa.select(waiting_pictures.c.path, waiting_pictures.c.data)
    rows = connection.execute(query.where(waiting_pictures.c.path.in_(paths)))
    return {row.path: row.data for row in rows}


def forget(connection: Connection, article_id: str) -> None:
    """Keep no file of this article."""
    connection.execute(sa.delete(waiting_pictures).where(waiting_pictures.c.article_id == article_id))


def publish_due(engine: Engine, public_dir: Path, now: datetime) -> tuple[Problem, ...]:
    """Publish the files of every article whose time has come, and let go of those that are withdrawn.

    Returns a problem for each article whose files cannot be written: they wait on.
    """
    with reading(engine) as connection:
        # Most runs find none, and ask for nothing more.
        ids = connection.execute(sa.select(waiting_pictures.c.article_id).distinct()).scalars().all()
    problems = []
    for article_id in ids:
        try:
            _publish(engine, public_dir, article_id, now)
        except PublishError as error:
            problems.append(Problem(article_id, f"its picture cannot be published, and waits: {error}"))
    return tuple(problems)


def _publish(engine: Engine, public_dir: Path, article_id: str, now: datetime) -> None:
    with reading(engine) as connection:
        query = sa.select(articles.c.published, articles.c.withdrawn).where(articles.c.id == article_id)
        article = connection.execute(query).first()
        is_out = article is not None and article.withdrawn is None
        if article is not None and is_out and article.published > now:
            return
        mine = sa.select(waiting_pictures.c.path, waiting_pictures.c.data)
        files = connection.execute(mine.where(waiting_pictures.c.article_id == article_id)).all()
    if is_out:
        for path, data in files:
            write_whole(public_dir / path, data)
    with writing(engine) as connection:
        forget(connection, article_id)
