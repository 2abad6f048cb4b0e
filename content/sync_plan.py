"""What a sync does, decided from what is known and what a source has: no clock, no database, no disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from content.article import Access, Article
from content.claims import claims, kept
from content.holdings import KnownArticle
from content.row import reader_hash, record_hash
from content.sources import Broken, Found, Problem, given_of, joined_hash

FEW = 4
"""Live articles below which losing more than half is no alarm: all of them, always."""
FRESH = timedelta(hours=24)
"""How old a pinned article is at most to be one of two leads."""
TOGETHER = timedelta(hours=12)
"""How far apart two leads are published at most: each day may have its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """An article as it is to be stored."""

    article: Article
    content_hash: str
    changed: bool = True
    """False where only its place in the source, or its bytes, differ."""
    place: str = ""
    """How a message names it."""


@dataclass(slots=True)
class SyncPlan:
    """What is to be done. When `held` says why, nothing is."""

    insert: list[Change] = field(default_factory=list)
    update: list[Change] = field(default_factory=list)
    move: list[Change] = field(default_factory=list)
    restore: list[Change] = field(default_factory=list)
    touch: list[Change] = field(default_factory=list)
    """Other bytes, the same article: stored, and counted as unchanged."""
    withdraw: list[str] = field(default_factory=list)
    """Ids; one that the source takes back before it was known is inserted as well."""
    taken_back: set[str] = field(default_factory=set)
    """Of those withdrawn the ones that the source itself says are."""
    close: dict[str, Access] = field(default_factory=dict)
    """By id, what cannot be used and says that it is for fewer readers than it is known to be for."""
    unchanged: int = 0
    """Live articles; one that stays withdrawn is not counted at all."""
    twice: int = 0
    """Articles that the source lists in several places."""
    embargoed: int = 0
    held: str = ""
    problems: list[Problem] = field(default_factory=list)
    also: dict[str, str] = field(default_factory=dict)
    """Further places of articles listed twice, all places of those taken back; each with its article's id."""

    @property
    def stores(self) -> tuple[Change, ...]:
        """Every change to a known article."""
        return (*self.update, *self.move, *self.restore, *self.touch)

    @property
    def changes_nothing(self) -> bool:
        """True where the store is as the source."""
        return not (self.insert or self.stores or self.withdraw or self.close)


def plan_sync(
    known: Mapping[str, KnownArticle],
    found: Sequence[Found],
    broken: Collection[Broken],
    now: datetime,
    *,
    allow_withdrawals: bool = False,
    also: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, KnownArticle] | None = None,
    missing: str = "",
    is_part: bool = False,
) -> SyncPlan:
    """What makes the store as the source is.

    `also` is that of the last plan, `elsewhere` the articles of other sources under ids that `found` names or
    might get, `missing` why there is no source. Two that claim one id change nothing of what is known; more
    than half gone, or all, is held unless `allow_withdrawals`. Where this `is_part` of a source, nothing is
    gone that is not there. A plan carried out and made again is empty.
    """
    plan = SyncPlan()
    groups = claims(known, found, broken, also, elsewhere or ())
    staying = set(kept(known, broken, also, groups))
    _close(plan, known, broken, also, groups)
    for id_, group in groups.items():
        other = (elsewhere or {}).get(id_)
        if id_ in staying:
            plan.unchanged += known[id_].withdrawn is None
        elif _is_one(plan, id_, group, other):
            main = _settle(plan, id_, group, known.get(id_) or other, now)
            places = {one.entry.reference for one in group}
            plan.also |= dict.fromkeys(sorted(places - {main}), id_)
        else:
            staying.add(id_)
    plan.also |= {reference: id_ for reference, id_ in (also or {}).items() if id_ in staying}
    live = [one for one in known.values() if one.withdrawn is None]
    is_there = {*groups, *staying}
    gone = [] if is_part else [one for one in live if one.id not in is_there]
    plan.withdraw += sorted(one.id for one in gone)
    plan.held = "" if allow_withdrawals else held(len(live), len(gone), missing)
    _say_renamed(plan, gone)
    _say_leads(plan, live, now)
    plan.embargoed += sum(one.published > now for one in live if one.id in staying)
    return plan


def _close(
    plan: SyncPlan,
    known: Mapping[str, KnownArticle],
    broken: Collection[Broken],
    also: Mapping[str, str] | None,
    groups: Collection[str],
) -> None:
    """What is known of it stays, but not open to more readers than it says."""
    for one in broken:
        for id_ in kept(known, (one,), also, groups) if one.access and one.access.closed else ():
            before = known[id_]
            if before.withdrawn is None and one.access and one.access.closed > Access(before.access).closed:
                plan.close[id_] = one.access


def settled(found: Found, article: Article, before: KnownArticle | None, now: datetime) -> Article:
    """`article` with its dates: `updated` moves with what is read, and `published`, once it has come, only
    into the future, which is an embargo again."""
    is_out = before is not None and before.published <= now
    published = before.published if before and is_out and article.published <= now else article.published
    if article.updated <= now and (before is None or found.updated_given):
        updated = article.updated
    elif before is None or published > now or before.published > now:
        updated = published
    elif reader_hash(article) != before.reader_hash:
        updated = now
    else:
        updated = before.updated
    updated = max(published, updated)
    if (published, updated) == (article.published, article.updated):
        # As nearly all of a first import are: a copy takes longer than to look.
        return article
    return replace(article, published=published, updated=updated)


def _is_one(plan: SyncPlan, id_: str, group: Sequence[Found], other: KnownArticle | None) -> bool:
    """False, and a problem, where it is not one article that this source may call its own."""
    places = ", ".join(one.entry.place for one in group)
    if other is not None and other.withdrawn is None:
        message = f"its id is that of {other.reference} in the source {other.source}; give it another one"
        plan.problems.append(Problem(places, message))
        return False
    if len(group) > 1 and len({_content(one) for one in group}) > 1:
        message = f"these files claim one id and differ ({id_}); give one of them an id of its own"
        plan.problems.append(Problem(places, message))
        return False
    return True


def _content(found: Found) -> str:
    """What two places of one article have in common: everything but the place and its sections."""
    if found.article is None:
        return f"withdrawn {found.withdrawn}"
    bare = replace(found.article, id="", reference="", slug="", url="", sections=())
    return f"{found.withdrawn} {record_hash(bare)}"


def _settle(
    plan: SyncPlan, id_: str, group: Sequence[Found], before: KnownArticle | None, now: datetime
) -> str | None:
    """Plan what becomes of one article; returns the place under which the store will have it.

    None for one that is taken back: the store leaves it where it was, so all its places are to be noted.
    """
    plan.twice += len(group) > 1
    first = next((one for one in group if before and one.entry.reference == before.reference), group[0])
    if first.withdrawn:
        _take_back(plan, id_, first, before, now)
        return None
    if first.article is None:
        plan.unchanged += 1
        plan.embargoed += before is not None and before.published > now
        return first.entry.reference
    whole = first.article
    if len(group) > 1 or whole.id != id_:
        sections = dict.fromkeys(key for one in group if one.article for key in one.article.sections)
        whole = replace(whole, id=id_, sections=tuple(sections))
    article = settled(first, whole, before, now)
    content_hash = joined_hash([one.entry for one in group])
    stays = before is not None and before.withdrawn is None and article.published != whole.published
    # Read again by other rules it says what it said before, and that was told then.
    if before and stays and given_of(content_hash) != given_of(before.content_hash):
        message = (
            f"published moves no more: it has been out since {article.published:%Y-%m-%d %H:%M} UTC, and "
            "stays so; nothing is to be done, but a story that is to be new needs an article of its own"
        )
        plan.problems.append(Problem(first.entry.place, message, "warning"))
    if before is not None and before.withdrawn is None and before.published <= now < article.published:
        message = (
            f"it has been out since {before.published:%Y-%m-%d %H:%M} UTC, and `published` is in the future "
            f"now: nothing shows it before {article.published:%Y-%m-%d %H:%M} UTC"
        )
        plan.problems.append(Problem(first.entry.place, message, "warning"))
    plan.embargoed += article.published > now
    _sort(plan, Change(article, content_hash, place=first.entry.place), before)
    return first.entry.reference


def _take_back(plan: SyncPlan, id_: str, found: Found, before: KnownArticle | None, now: datetime) -> None:
    plan.taken_back.add(id_)
    if before is None and found.article is not None:
        # So that its id is remembered, and that the operator sees it counted.
        article = settled(found, replace(found.article, id=id_), None, now)
        plan.insert.append(Change(article, found.entry.content_hash, place=found.entry.place))
        plan.withdraw.append(id_)
    elif before is not None and before.withdrawn is None:
        plan.withdraw.append(id_)


def _sort(plan: SyncPlan, change: Change, before: KnownArticle | None) -> None:
    article = change.article
    if before is None:
        plan.insert.append(change)
        return
    changed = replace(change, changed=record_hash(article) != before.record_hash)
    if before.withdrawn is not None:
        plan.restore.append(changed)
    elif article.reference != before.reference:
        plan.move.append(changed)
    elif changed.changed:
        plan.update.append(changed)
    else:
        plan.unchanged += 1
        if change.content_hash != before.content_hash:
            plan.touch.append(changed)


def held(live: int, gone: int, missing: str = "") -> str:
    """Why nothing is withdrawn where `gone` of `live` articles are not there; empty where they may go."""
    advice = "bring them back, or let them go with `sync --allow-withdrawals`"
    if missing and live:
        return f"{missing}; the {live} articles known stay; mount it, or mend its `path` in newsroom.toml"
    if live and gone == live:
        return f"it has none of its {live} articles any more, and nothing was changed; {advice}"
    if live >= FEW and 2 * gone > live:
        return f"{gone} of its {live} articles are gone, and nothing was changed; {advice}"
    return ""


def _say_renamed(plan: SyncPlan, gone: Sequence[KnownArticle]) -> None:
    """Warn where a new article looks like one that is gone: renamed and rewritten at once, or given an id."""
    alike: dict[object, KnownArticle] = {}
    moments = Counter((*(old.published for old in gone), *(one.article.published for one in plan.insert)))
    for old in gone:
        alike |= dict.fromkeys((old.reference, ("headline", old.headline), (old.slug, old.published)), old)
        if moments[old.published] == 2:
            # One that went and one that came at the same moment: more than chance.
            alike[old.published] = old
    for change in plan.insert:
        new = change.article
        looks = (new.reference, ("headline", new.headline), (new.slug, new.published), new.published)
        was = next((alike[look] for look in looks if look in alike), None)
        if was is not None:
            message = f"new, and {was.reference} is gone; if that is the same article, give it `id: {was.id}`"
            plan.problems.append(Problem(change.place, message, "warning"))


def _say_leads(plan: SyncPlan, live: Sequence[KnownArticle], now: datetime) -> None:
    """Warn where an article comes, or is edited, and is pinned as the lead like another of these hours."""
    changes = sorted((*plan.insert, *plan.stores), key=lambda one: one.changed)
    touched = {*plan.withdraw, *(change.article.id for change in changes)}
    leads = {one.reference: one.published for one in live if one.pinned and one.id not in touched}
    gone = set(plan.withdraw)
    for change in changes:
        article = change.article
        if not article.pinned or article.id in gone:
            continue
        near = (place for place, at in leads.items() if abs(at - article.published) <= TOGETHER)
        is_news = change.changed and article.published > now - FRESH
        other = next(near, None) if is_news else None
        if other is not None:
            # In a file, in a CMS by its tag, in WordPress that alone.
            marks = "`lead: true`, the tag digest-lead, or sticky"
            message = (
                f"{other} is to lead as well ({marks}), and one story leads; take that away from one of them"
            )
            plan.problems.append(Problem(change.place, message, "warning"))
        leads[article.reference] = article.published
