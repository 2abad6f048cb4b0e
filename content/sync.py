"""A sync: a source read, what it changes decided, and that stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from content import holdings, patience, store, waiting_pictures
from content.article import Picture
from content.carry_out import carry_out
from content.feed_rules import RuleBook
from content.gallery import Gallery
from content.holdings import KnownArticle
from content.look import Look, Notes, look_at
from content.named import names_of
from content.relisting import relist
from content.remote_sync import sync_remote
from content.sources import Problem, Source
from content.sources.chosen import is_remote, remote_source_for, source_for
from content.store import SourceState
from content.sync_plan import SyncPlan, plan_sync
from content.sync_report import SyncReport, report_of
from content.twins import Twins, new_urls, twins, wanted_ids
from content.wish import USUAL, Wish
from newsroom.database import reading, writing
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings

__all__ = ["Problem", "SyncReport", "Wish", "sync_source"]


def sync_source(
    engine: Engine,
    source: SourceSettings,
    newsroom: Newsroom,
    public_dir: Path,
    now: datetime,
    wish: Wish = USUAL,
) -> SyncReport:
    """Make the store as `source` is. Pictures are published first, outside of any transaction.

    Whoever calls it holds the sync's lock. Raises SourceError where the source cannot be read at all, and
    StoreError where the database fails; what is known stays in each case.
    """
    wish = replace(wish, book=RuleBook(newsroom.rules))
    if wish.stores:
        relist(engine, newsroom.rules, now)
    with reading(engine) as connection:
        before = store.source_state(connection, source.key)

    def remembered(source_hash: str) -> tuple[Picture, ...] | None:
        with reading(engine) as connection:
            return store.picture(connection, source_hash)

    def waiting(paths: Sequence[str]) -> Mapping[str, bytes]:
        with reading(engine) as connection:
            return waiting_pictures.waiting(connection, paths)

    def gallery() -> Gallery:
        return Gallery(public_dir, remembered, waiting, dry_run=wish.dry_run)

    try:
        late = waiting_pictures.publish_due(engine, public_dir, now) if wish.stores else ()
        if is_remote(source):
            if not wish.full:
                patience.check(source, before.state, now)
            remote = remote_source_for(source, newsroom)
            report = sync_remote(engine, source, remote, gallery, before, now, wish)
        else:
            folder = source_for(source, newsroom)
            report = _sync_folder(engine, source, folder, newsroom.site_url, gallery(), before, now, wish)
        return replace(report, problems=(*late, *report.problems))
    except SourceError as error:
        if wish.stores:
            with writing(engine) as connection:
                # One that is gone for good has changed what is remembered of it.
                known = store.source_state(connection, source.key).state
                state = {**known, **patience.noted(source, error, now)}
                failed = SourceState(before.last_read, str(error), before.held, state)
                store.set_source_state(connection, source.key, failed)
        age = f"; its articles are as of {before.last_read:%Y-%m-%d %H:%M} UTC" if before.last_read else ""
        raise SourceError(f"{error}{age}") from error


def _sync_folder(
    engine: Engine,
    settings: SourceSettings,
    source: Source,
    site_url: str,
    gallery: Gallery,
    before: SourceState,
    now: datetime,
    wish: Wish,
) -> SyncReport:
    with reading(engine) as connection:
        known = holdings.of_source(connection, settings.key)
    notes = Notes.of(before.state)
    look, missing = look_at(source, known, notes, gallery, before.last_read, now, wish.progress)
    if missing and (wish.allow_withdrawals or all(one.withdrawn for one in known.values())):
        raise SourceError(f"{settings.key}: {missing}; mount it, or mend `path` in newsroom.toml")
    found = _twins(engine, settings.key, known, look, wish.order, site_url)
    known |= found.taken_over
    plan = _planned(engine, settings.key, known, found, look, notes, now, missing, wish)
    look.notes.also = plan.also
    if wish.stores:
        due = {} if plan.held else waiting_pictures.by_article(look.waits, plan, known)
        if due:
            with writing(engine) as connection:
                waiting_pictures.keep(connection, due)
        carry_out(engine, plan, gallery.made, now, wish.book)
        state = before.state if plan.held else look.notes.state
        with writing(engine) as connection:
            store.set_source_state(connection, settings.key, SourceState(now, "", plan.held, state))
    report = report_of(settings.key, plan, (*look.problems, *_sharing(engine, settings.key, look)))
    return replace(report, elsewhere=found.elsewhere, names=names_of(plan, known, now))


def _twins(
    engine: Engine,
    key: str,
    known: Mapping[str, KnownArticle],
    look: Look,
    order: tuple[str, ...],
    site_url: str,
) -> Twins:
    """What is found, but for what a source before has.

    A file's address is compared where it was written into it: the usual one comes from the file's name, and
    two files of one name are not one article.
    """
    usual = f"{site_url}/articles/"
    urls = [url for url in new_urls(look.found, known) if not url.startswith(usual)]
    with reading(engine) as connection:
        at_urls = holdings.at_urls(connection, urls)
    return twins(look.found, known, at_urls, key, order, own=False)


def _sharing(engine: Engine, key: str, look: Look) -> Iterator[Problem]:
    """Files of one name in two folders have one address, where only one of them is found."""
    with reading(engine) as connection:
        shared = holdings.sharing(connection, key)
    places = {one.entry.reference: one.entry.place for one in look.found} if shared else {}
    for url, references in shared.items():
        where = sorted({places.get(reference, reference) for reference in references})
        if len(where) < 2:
            # One of them is known at a place that another article has now.
            continue
        message = f"they have one address, {url}, and whoever follows it finds one of them; give one a `slug`"
        yield Problem(", ".join(where), message, "warning")


def _planned(
    engine: Engine,
    key: str,
    known: Mapping[str, KnownArticle],
    found: Twins,
    look: Look,
    notes: Notes,
    now: datetime,
    missing: str,
    wish: Wish,
) -> SyncPlan:
    with reading(engine) as connection:
        elsewhere = holdings.elsewhere(connection, key, wanted_ids(found.found, known))
    return plan_sync(
        known,
        found.found,
        look.broken,
        now,
        allow_withdrawals=wish.allow_withdrawals,
        also=notes.also,
        elsewhere=elsewhere,
        missing=missing,
    )
