"""One article that two sources have: whose it is, and under which id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from content.article import Article
from content.holdings import KnownArticle
from content.sources import Found


@dataclass(frozen=True, slots=True)
class Twins:
    """What a source has, but for what a source before it has as well."""

    found: tuple[Found, ...]
    taken_over: Mapping[str, KnownArticle] = field(default_factory=dict)
    """By id, articles known at another place, or to another source, that are this one's now."""
    elsewhere: int = 0
    """How many articles were left to a source before it."""


def new_urls(found: Collection[Found], known: Mapping[str, KnownArticle]) -> tuple[str, ...]:
    """The addresses of what is new at its place: there may be an article that has it already."""
    places = {one.reference for one in known.values()}
    return tuple(one.article.url for one in found if one.article and one.entry.reference not in places)


def wanted_ids(found: Collection[Found], known: Mapping[str, KnownArticle]) -> set[str]:
    """Ids that are not known and that something found names, or might get: another source may have them."""
    places = {one.reference for one in known.values()}
    ids = {one.claim for one in found if one.claim}
    ids |= {one.entry.default_id for one in found if not one.claim and one.entry.reference not in places}
    return ids - known.keys()


def twins(
    found: Sequence[Found],
    known: Mapping[str, KnownArticle],
    at_urls: Mapping[str, Sequence[KnownArticle]],
    source: str,
    order: Sequence[str],
    *,
    own: bool = True,
) -> Twins:
    """`found` of `source`, where articles with the same canonical address (`at_urls`) are one.

    It is the one's whose key comes first in `order`, the sources as newsroom.toml has them; it keeps the id
    that it has, also where that one has taken it back. With `own` an article of this very source that came to
    another place is the same one too.
    """
    places = {one.reference for one in known.values()}
    kept: list[Found] = []
    taken_over: dict[str, KnownArticle] = {}
    elsewhere = 0
    for one in found:
        if one.article is None or one.withdrawn or one.entry.reference in places:
            kept.append(one)
            continue
        before = _before(one.article, at_urls, source, own=own)
        if before is None or before.id in taken_over:
            kept.append(one)
        elif before.source != source and _holds(before) and _first(before, source, order):
            elsewhere += 1
        else:
            taken_over[before.id] = before
            kept.append(replace(one, claim=before.id))
    return Twins(tuple(kept), taken_over, elsewhere)


def _before(
    article: Article, at_urls: Mapping[str, Sequence[KnownArticle]], source: str, *, own: bool
) -> KnownArticle | None:
    same = [one for one in at_urls.get(article.url, ()) if own or one.source != source]
    ours = [one for one in same if one.source == source]
    return next(iter(ours or same), None)


def _holds(other: KnownArticle) -> bool:
    """What another source has taken back it has said its word on; what is only gone there may come anew."""
    return other.withdrawn is None or bool(other.taken_back)


def _first(other: KnownArticle, source: str, order: Sequence[str]) -> bool:
    """True where the other article's source comes before; one that is gone from the file comes last."""
    return other.source in order and order.index(other.source) < order.index(source)
