"""What may be read of the articles: live ones whose time has come, as teasers.

Every function but `find` keeps to articles that are not withdrawn and were published by `now`. What is
newest comes first; among equal dates the id decides, so that one state has one order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.article import Body, StoredArticle
from content.entitlement import Viewer, body_for
from content.row import stored
from content.tables import article_sections, articles, list_withdrawals, section_changes
from content.teaser import Teaser, teaser_of
from newsroom.database import Instant
from newsroom.masthead import Paywall
from newsroom.portions import portions

_AT_ONCE = 500
"""Articles that are held together while all of them are gone through."""

# Up to here each section's own range is read; past it the walk goes along all articles, newest first.
_FEW_SECTIONS = 12

# Nearly every article is news: the empty text added keeps SQLite from reading all of them by the sponsors'
# index, where the date would lead to a few.
_IS_NEWS = articles.c.sponsor + "" == ""
_IS_BOOKING = articles.c.sponsor > ""
_IS_LIVE = articles.c.withdrawn.is_(None)
_NEWEST_FIRST = (articles.c.published.desc(), articles.c.id)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An article that lists showed until it was taken back."""

    id: str
    withdrawn: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many articles there are. The first four are apart from each other and make up `known`."""

    news: int
    """The newsroom's own, live and past their embargo."""
    sponsored: int
    """Bookings, live and past their embargo, whether or not they run now."""
    embargoed: int
    withdrawn: int
    running: int
    """Those of the bookings that run now."""

    @property
    def usable(self) -> int:
        """News and bookings that are live and past their embargo."""
        return self.news + self.sponsored

    @property
    def known(self) -> int:
        """Every article that the store has."""
        return self.usable + self.embargoed + self.withdrawn


def newest(
    connection: Connection, sections: Sequence[str], now: datetime, limit: int, paywall: Paywall
) -> list[Teaser]:
    """The newest `limit` news articles of `sections`; one that stands in several of them comes once.

    Bookings are not news: `running` has them.
    """
    if len(sections) > _FEW_SECTIONS:
        ids = _newest_of_many(connection, sections, now, limit)
    else:
        ids = _newest_of_few(connection, sections, now, limit)
    return list(by_ids(connection, ids, now, paywall).values())


def everything(connection: Connection, now: datetime, paywall: Paywall) -> Iterator[Teaser]:
    """Every article, bookings included, by id; a few at a time, however many there are."""
    last = ""
    while True:
        query = (
            sa.select(articles)
            .where(_IS_LIVE, articles.c.published <= now, articles.c.id > last)
            .order_by(articles.c.id)
            .limit(_AT_ONCE)
        )
        found = _teasers(connection, query, paywall)
        yield from found
        if len(found) < _AT_ONCE:
            return
        last = found[-1].id


def running(connection: Connection, section: str | None, now: datetime, paywall: Paywall) -> list[Teaser]:
    """The bookings that run now, in one section or in all."""
    query = sa.select(articles).where(_IS_LIVE, *_runs(now))
    if section is not None:
        inside = sa.select(article_sections.c.article_id).where(article_sections.c.section == section)
        query = query.where(articles.c.id.in_(inside))
    # By the bookings' own index to a few: asked for a date or an order, SQLite would go along all articles.
    found = [teaser for teaser in _teasers(connection, query, paywall) if teaser.published <= now]
    return sorted(sorted(found, key=attrgetter("id")), key=attrgetter("published"), reverse=True)


def published_between(
    connection: Connection, after: datetime, until: datetime, paywall: Paywall
) -> list[Teaser]:
    """The news published later than `after` and not later than `until`: now, or the hour at which they are
    mailed and by which they are out."""
    query = sa.select(articles).where(
        _IS_LIVE, _IS_NEWS, articles.c.published > after, articles.c.published <= until
    )
    return _teasers(connection, query.order_by(*_NEWEST_FIRST), paywall)


def readmitted(connection: Connection, now: datetime, paywall: Paywall) -> list[Teaser]:
    """The developing stories: news that an earlier edition's having used it does not keep out."""
    query = sa.select(articles).where(
        articles.c.again.is_(True), _IS_LIVE, _IS_NEWS, articles.c.published <= now
    )
    return _teasers(connection, query.order_by(*_NEWEST_FIRST), paywall)


def by_ids(connection: Connection, ids: Iterable[str], now: datetime, paywall: Paywall) -> dict[str, Teaser]:
    """Those of `ids` that may be shown, by id and in the order given; bookings whether or not they run."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Teaser] = {}
    for some in portions(wanted):
        query = sa.select(articles).where(articles.c.id.in_(some), _IS_LIVE, articles.c.published <= now)
        found |= {teaser.id: teaser for teaser in _teasers(connection, query, paywall)}
    return {wanted_id: found[wanted_id] for wanted_id in wanted if wanted_id in found}


def bodies(connection: Connection, ids: Iterable[str], viewer: Viewer, now: datetime) -> dict[str, Body]:
    """The whole texts of those of `ids` that `viewer` may read at `now`, by id."""
    found: dict[str, Body] = {}
    for some in portions(dict.fromkeys(ids)):
        for row in connection.execute(sa.select(articles).where(articles.c.id.in_(some))).mappings():
            one = stored(row)
            body = body_for(one, viewer, now)
            if body is not None:
                found[one.article.id] = body
    return found


def find(connection: Connection, text: str) -> list[StoredArticle]:
    """The articles with this id, slug or reference, embargoed and withdrawn ones too: for operators alone."""
    query = (
        sa.select(articles)
        .where(sa.or_(articles.c.id == text, articles.c.slug == text, articles.c.reference == text))
        .order_by(*_NEWEST_FIRST)
    )
    return [stored(row) for row in connection.execute(query).mappings()]


def list_changed(connection: Connection, sections: Sequence[str], now: datetime) -> datetime | None:
    """When the list of `sections` last changed; None where it never had anything.

    Edits, moves and withdrawals count, and what time alone does: an embargo's end, a booking's beginning
    and end. It never goes back while the clock does not.
    """
    moments = list(_marks(connection, sections, now))
    moments += _booking_moments(connection, sections, now)
    moments += _last_embargo(connection, sections, now)
    return max(moments, default=None)


def touched_sections(connection: Connection, since: datetime, now: datetime) -> frozenset[str]:
    """The sections whose lists changed later than `since` and not later than `now`.

    A booking's last moment is its own: one that runs until `since` had not ended then.
    """
    marked = sa.select(section_changes.c.section).where(
        section_changes.c.changed > since, section_changes.c.changed <= now
    )
    passed = sa.select(article_sections.c.section).where(
        article_sections.c.published > since, article_sections.c.published <= now
    )
    turned = (
        sa.select(article_sections.c.section)
        .join(articles, articles.c.id == article_sections.c.article_id)
        .where(
            _IS_BOOKING,
            sa.or_(
                sa.and_(articles.c.run_from > since, articles.c.run_from <= now),
                sa.and_(articles.c.run_until >= since, articles.c.run_until < now),
            ),
        )
    )
    return frozenset(connection.execute(sa.union(marked, passed, turned)).scalars())


def withdrawals(
    connection: Connection, sections: Sequence[str], now: datetime, limit: int, since: datetime | None
) -> list[Withdrawal]:
    """What was last taken back out of the lists of `sections`, at most `limit`, the newest first.

    Only what was published from `since` on, where that is given; an article that is back is none of them.
    """
    table = list_withdrawals.c
    query = (
        sa.select(table.article_id, table.withdrawn)
        .distinct()
        .where(table.withdrawn <= now)
        .order_by(table.withdrawn.desc(), table.article_id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(table.published >= since)
    if len(sections) > _FEW_SECTIONS:
        # Along all withdrawals, newest first, as `_newest_of_many` goes along the articles.
        rows = list(connection.execute(query.where((table.section + "").in_(sections))))
    else:
        parts = (query.where(table.section == section) for section in dict.fromkeys(sections))
        rows = [row for part in parts for row in connection.execute(part)]
    found = {row.article_id: row.withdrawn for row in rows}
    ids = sorted(sorted(found), key=found.__getitem__, reverse=True)
    return [Withdrawal(id_, found[id_]) for id_ in ids[:limit]]


def counts(connection: Connection, now: datetime) -> Counts:
    """How many articles there are of each kind."""
    usable = sa.and_(_IS_LIVE, articles.c.published <= now)
    kinds = {
        "news": sa.and_(usable, _IS_NEWS),
        "sponsored": sa.and_(usable, _IS_BOOKING),
        "embargoed": sa.and_(_IS_LIVE, articles.c.published > now),
        "withdrawn": articles.c.withdrawn.is_not(None),
        "running": sa.and_(usable, *_runs(now)),
    }
    query = sa.select(*(sa.func.count().filter(kind).label(name) for name, kind in kinds.items()))
    return Counts(**connection.execute(query.select_from(articles)).mappings().one())


def _teasers(connection: Connection, query: sa.Select[tuple[object, ...]], paywall: Paywall) -> list[Teaser]:
    return [teaser_of(stored(row), paywall) for row in connection.execute(query).mappings()]


def _runs(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """`content.article.Booking.runs`, for the database."""
    return (
        _IS_BOOKING,
        sa.or_(articles.c.run_from.is_(None), articles.c.run_from <= now),
        sa.or_(articles.c.run_until.is_(None), articles.c.run_until >= now),
    )


def _newest_of_few(connection: Connection, sections: Sequence[str], now: datetime, limit: int) -> list[str]:
    found: dict[str, datetime] = {}
    for section in dict.fromkeys(sections):
        query = (
            sa.select(article_sections.c.article_id, article_sections.c.published)
            .join(articles, articles.c.id == article_sections.c.article_id)
            .where(article_sections.c.section == section, article_sections.c.published <= now, _IS_NEWS)
            .order_by(article_sections.c.published.desc(), article_sections.c.article_id)
            .limit(limit)
        )
        found.update((row.article_id, row.published) for row in connection.execute(query))
    # Sorted twice, the second time stably: newest first, and by id among equal dates.
    ids = sorted(sorted(found), key=found.__getitem__, reverse=True)
    return ids[:limit]


def _newest_of_many(
    connection: Connection, sections: Collection[str], now: datetime, limit: int
) -> list[str]:
    # The empty text added keeps SQLite off the sections' key, by which it would read each of them whole.
    inside = sa.exists().where(
        article_sections.c.article_id == articles.c.id, (article_sections.c.section + "").in_(sections)
    )
    query = (
        sa.select(articles.c.id)
        .where(articles.c.published <= now, _IS_LIVE, _IS_NEWS, inside)
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _marks(connection: Connection, sections: Iterable[str], now: datetime) -> Iterable[datetime]:
    for some in portions(dict.fromkeys(sections)):
        query = sa.select(sa.func.max(section_changes.c.changed)).where(
            section_changes.c.section.in_(some), section_changes.c.changed <= now
        )
        mark = connection.execute(query).scalar()
        if mark is not None:
            yield mark


def _booking_moments(connection: Connection, sections: Collection[str], now: datetime) -> list[datetime]:
    """When bookings of `sections` last began to be shown, and last ended."""
    if len(sections) > _FEW_SECTIONS:
        # By the bookings, of which there are fewer than of the sections' articles.
        among = (article_sections.c.section + "").in_(sections), _IS_BOOKING
    else:
        among = article_sections.c.section.in_(sections), articles.c.sponsor + "" > ""
    published, run_from, run_until = articles.c.published, articles.c.run_from, articles.c.run_until
    begins = sa.case((run_from > published, run_from), else_=published)
    begun = sa.and_(begins <= now, sa.or_(run_until.is_(None), run_until >= begins))
    ended = sa.and_(run_until >= begins, run_until < now)
    query = (
        sa.select(
            sa.func.max(sa.case((begun, begins)), type_=Instant),
            sa.func.max(sa.case((ended, run_until)), type_=Instant),
        )
        .join_from(article_sections, articles, articles.c.id == article_sections.c.article_id)
        .where(*among)
    )
    return [moment for moment in connection.execute(query).one() if moment is not None]


def _last_embargo(connection: Connection, sections: Sequence[str], now: datetime) -> list[datetime]:
    """When the newest of the list came out, whether or not anything was recorded then."""
    if len(sections) > _FEW_SECTIONS:
        ids = _newest_of_many(connection, sections, now, 1)
    else:
        ids = _newest_of_few(connection, sections, now, 1)
    query = sa.select(articles.c.published).where(articles.c.id.in_(ids))
    return list(connection.execute(query).scalars())
