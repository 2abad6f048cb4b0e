"""What stands where on the front and beside an article. Pure: teasers in, teasers out, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from content.teaser import Teaser
from newsletter.rendering.phrases import is_opinion

OF_SECTION, FEATURES, BRIEFS, LATEST, SPONSORED = 4, 4, 6, 6, 6
"""The most in each list."""
OF_SPONSOR = 2
"""The most of one sponsor."""


@dataclass(frozen=True, slots=True)
class Front:
    """The front page's stories."""

    lead: Teaser | None
    sections: tuple[tuple[str, tuple[Teaser, ...]], ...]
    """Section key and stories; none without a story."""
    briefs: tuple[Teaser, ...]
    latest: tuple[Teaser, ...]
    sponsored: tuple[Teaser, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """What stands behind an article."""

    features: tuple[Teaser, ...]
    briefs: tuple[Teaser, ...]
    latest: tuple[Teaser, ...]
    sponsored: tuple[Teaser, ...]


def front_of(
    sections: Mapping[str, Sequence[Teaser]],
    briefs: Sequence[Teaser],
    latest: Sequence[Teaser],
    bookings: Sequence[Teaser],
    zone: ZoneInfo,
) -> Front:
    """The front page of these stories, each list the newest first.

    An editor's own lead leads; else the first story of the first section that has one of the newest day,
    unless it is sensitive: that is an editor's to choose. Beside a sensitive lead nothing sponsored stands.
    """
    order = _by_prominence(zone)
    arranged = {key: sorted(stories, key=order) for key, stories in sections.items()}
    lead = _lead(list(arranged.values()), zone)
    taken = {lead.id} if lead else set()
    shown = []
    for key, stories in arranged.items():
        some = _fresh(stories, taken, OF_SECTION)
        if some:
            shown.append((key, some))
    return Front(
        lead=lead,
        sections=tuple(shown),
        briefs=_fresh(briefs, taken, BRIEFS),
        latest=_fresh(latest, taken, LATEST),
        sponsored=() if lead and lead.sensitive else _sponsored(bookings, ""),
    )


def related_to(
    article: Teaser, news: Sequence[Teaser], briefs: Sequence[Teaser], bookings: Sequence[Teaser]
) -> Related:
    """What stands behind `article`: features (what has a label, opinions apart), briefs, the latest news, and
    sponsored stories, none of them behind a sensitive one."""
    taken = {article.id}
    return Related(
        features=_fresh([one for one in news if one.label and not is_opinion(one.label)], taken, FEATURES),
        briefs=_fresh(briefs, taken, BRIEFS),
        latest=_fresh(news, taken, LATEST),
        sponsored=() if article.sensitive else _sponsored(bookings, article.id),
    )


def _by_prominence(zone: ZoneInfo) -> Callable[[Teaser], tuple[int, int, float, str]]:
    """The newest day first, an editor's rank within it, then the newest."""

    def order(teaser: Teaser) -> tuple[int, int, float, str]:
        day = teaser.published.astimezone(zone).toordinal()
        rank = 1_000_000 if teaser.rank is None else teaser.rank
        return -day, rank, -teaser.published.timestamp(), teaser.id

    return order


def _lead(sections: Sequence[Sequence[Teaser]], zone: ZoneInfo) -> Teaser | None:
    everything = [one for stories in sections for one in stories]
    if not everything:
        return None
    newest = max(one.published.astimezone(zone).date() for one in everything)
    today = [one for one in everything if one.published.astimezone(zone).date() == newest]
    pinned = sorted((one for one in today if one.pinned), key=lambda one: one.sticky)
    return next(iter([*pinned, *(one for one in today if not one.sensitive)]), None)


def _fresh(teasers: Iterable[Teaser], taken: set[str], most: int) -> tuple[Teaser, ...]:
    """The first `most` that are not taken yet; they are then."""
    found: list[Teaser] = []
    for one in teasers:
        if len(found) == most:
            break
        if one.id not in taken:
            taken.add(one.id)
            found.append(one)
    return tuple(found)


def _sponsored(bookings: Sequence[Teaser], but: str) -> tuple[Teaser, ...]:
    """The first bookings, few of one sponsor, so that each has its turn."""
    counted: dict[str, int] = {}
    found = []
    for one in bookings:
        counted[one.sponsor] = counted.get(one.sponsor, 0) + 1
        if one.id != but and counted[one.sponsor] <= OF_SPONSOR:
            found.append(one)
    return tuple(found[:SPONSORED])
