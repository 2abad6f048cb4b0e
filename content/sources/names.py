"""What `newsroom.toml` names and a source does not have: a section, category or tag that is spelt otherwise.

For who looks after the newsroom, not for a sync: it asks for each name by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from content.sources.closing import tag_slugs
from content.sources.feed import ACCEPT, LARGEST_FEED, parsed
from content.sources.feed_story import names_of
from content.sources.ghost_api import Api as GhostApi
from content.sources.sql_columns import Kind, UnusableError, read_columns, values_of
from content.sources.wordpress_api import Api as WordPressApi
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.sql_database import Database
from newsroom.web import Web
from newsroom.web_address import shown

MOST = 200
"""Names that are asked for."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUERIES: Mapping[Kind, str] = {"articles": "query", "bookings": "bookings"}


def unknown_names(settings: SourceSettings, newsroom: Newsroom) -> Iterator[str]:
    """A line for each name that the source does not have. Raises SourceError where it cannot be asked.

    Of a feed these are the names in the rules that close articles: what it lists today is no more than its
    newest, so no section of it is missed.
    """
    check = _CHECKS.get(settings.kind)
    return iter(()) if check is None else check(settings, newsroom)


def _wordpress(settings: SourceSettings, _newsroom: Newsroom) -> Iterator[str]:
    with _web(settings) as web:
        api = WordPressApi(settings, web)
        api.find()
        for where, name in _named(settings):
            kind, colon, slug = name.partition(":")
            if not colon:
                # Other taxonomies have terms as well, and nobody says which there are.
                found = api.has_term("categories", name) or api.has_term("tags", name)
                missing = "category or tag"
            elif kind in ("category", "tag"):
                found = api.has_term("categories" if kind == "category" else "tags", slug)
                missing = kind
            elif kind == "type":
                if slug not in settings.types:
                    yield _line(where, name, "`types` does not name it")
                continue
            else:
                continue
            if not found:
                yield _line(where, name, f"the site has no {missing} of this name; give it by its slug")


def _ghost(settings: SourceSettings, _newsroom: Newsroom) -> Iterator[str]:
    with _web(settings) as web:
        api = GhostApi(settings, web)
        for where, name in _named(settings):
            kind, colon, slug = name.partition(":")
            if colon and kind not in ("tag", "category"):
                continue
            slugs = tag_slugs(kind if where != "sections" else "", slug if colon else name)
            if not any(map(api.has_tag, slugs)):
                yield _line(where, name, "no published post has this tag; give it by its slug")


def _sql(settings: SourceSettings, newsroom: Newsroom) -> Iterator[str]:
    if not settings.sections:
        return
    database = Database(settings, newsroom.time_zone)
    found: set[str] = set()
    try:
        for kind, setting in _QUERIES.items():
            query = settings.query if kind == "articles" else settings.bookings
            if query.strip():
                names = _sections_in(database, kind, setting, query, newsroom)
                if names is None:
                    return
                found |= names
    finally:
        database.close()
    for name in settings.sections:
        if name not in found:
            yield _line("sections", name, "no row of the query stands in it")


def _sections_in(
    database: Database, kind: Kind, setting: str, query: str, newsroom: Newsroom
) -> set[str] | None:
    """Where the rows of a query stand, in the source's own words; None where that cannot be asked for."""
    columns = database.columns(setting, query)
    try:
        names = read_columns(columns, kind, has_section=True, changed="").names
    except UnusableError:
        return None
    if "sections" not in names:
        return set()
    place = names.index("sections")
    if not _PLAIN.fullmatch(columns[place]):
        return None
    whole = f"SELECT DISTINCT q.{columns[place]} FROM ({query.strip().rstrip(';')}\n) q"  # noqa: S608 - theirs
    only = read_columns(
        ("id", "headline", "published", "sections", "sponsor"), kind, has_section=True, changed=""
    )
    found: set[str] = set()
    for row in database.rows(setting, whole):
        try:
            found.update(values_of(only, [(1, "", "", row[0], "")], newsroom.time_zone).get("sections", ()))
        except UnusableError:
            continue
    return found


def _pages(settings: SourceSettings, _newsroom: Newsroom) -> Iterator[str]:
    listed = {one.section for one in settings.lists}
    for where, name in _named(settings):
        kind, _, value = name.rpartition(":")
        if kind in ("", "category") and value not in listed:
            yield _line(where, name, "no list has it as its `section`")


def _feed(settings: SourceSettings, _newsroom: Newsroom) -> Iterator[str]:
    rules = [
        (where, name) for where, name in _named(settings) if where in ("paid", "registered") and ":" in name
    ]
    if not rules:
        return
    with _web(settings) as web:
        answer = web.get(settings.url, headers={"accept": ACCEPT}, largest=LARGEST_FEED)
    try:
        stories = parsed(answer, summaries=False).stories
    except SourceError as error:
        raise SourceError(f"{shown(answer.url)}: {error}") from error
    names = {name for story in stories for name in names_of(story.categories)}
    for where, name in rules:
        if name.partition(":")[2] not in names:
            yield _line(where, name, "no article in the feed has it now, so it closes none; is it spelt so?")


_CHECKS: Mapping[str, Callable[[SourceSettings, Newsroom], Iterator[str]]] = {
    "wordpress": _wordpress,
    "ghost": _ghost,
    "feed": _feed,
    "sql": _sql,
    "pages": _pages,
}


def _named(settings: SourceSettings) -> list[tuple[str, str]]:
    """Each name with the setting that it stands in."""
    rules = {"free": settings.free, "registered": settings.registered, "paid": settings.paid}
    found = [("sections", name) for name in settings.sections]
    found += [(where, name) for where, names in rules.items() for name in names if ":" in name]
    return found[:MOST]


def _line(where: str, name: str, words: str) -> str:
    return f'{where}: "{name}": {words}'


def _web(settings: SourceSettings) -> Web:
    netloc = urlsplit(settings.url).netloc
    trusted = (netloc,) if netloc and "@" not in netloc else ()
    return Web(trusted=trusted, timeout=settings.timeout)
