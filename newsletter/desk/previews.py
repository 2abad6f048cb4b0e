"""The preview of an edition, mailed to its editors: once when it is composed, and once more at most, after
somebody else has changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content import catalogue
from newsletter import editions, history
from newsletter.composition.revise import revised
from newsletter.composition.room_now import as_it_is
from newsletter.desk import pictures
from newsletter.desk.briefing import REASONS, Found, briefing
from newsletter.desk.editing import current
from newsletter.desk.window import kept_for
from newsletter.edition import RUN, Edition, EditionState, Edits, Selection
from newsletter.letters.letter_queue import put
from newsletter.rendering.letter import Letter, Slot, filled, parts_of
from newsletter.rendering.phrases import phrases, trial_phrase
from newsletter.rendering.tongue import set_apart
from newsletter.tables import edition_revisions, previews
from newsletter.variant import Variant
from newsroom.counted import counted
from newsroom.database import inserting, reading, writing
from newsroom.masthead import Archive, Newsletter
from newsroom.settings import Settings
from readership import counts
from readership.address import recipient_key
from readership.tokens import NOBODY, edition_token, preferences_token, unsubscribe_token

KIND = "preview"
"""What these letters are called in the queue."""

QUIET = timedelta(minutes=2)
"""So long nobody must have changed an edition before the others are told: changes come in a row."""

_LONGEST = timedelta(hours=12)
"""After so long the preview of a held edition is not mailed any more."""
_LATE = timedelta(hours=1)
"""After its hour that of any other."""
_TRIAL_DAYS = 9
"""What a trial reader of a preview has left."""


@dataclass(frozen=True, slots=True)
class Due:
    """A preview that is to be mailed."""

    edition: Edition
    newsletter: Newsletter
    editor: str
    key: str
    """The address's key."""
    changed_by: tuple[str, ...] = ()
    """Those others who changed it since the first one; empty for that."""
    revision: int = 0
    """Which one that first preview showed."""
    is_own_too: bool = False
    """Whether this editor has changed it since as well."""


def due(connection: Connection, settings: Settings, now: datetime) -> tuple[Due, ...]:
    """Every preview that is to be mailed now; cheap where there is none."""
    found: list[Due] = []
    for newsletter in settings.newsletters:
        if not newsletter.editors:
            continue
        for edition in history.open_editions(connection, newsletter.key):
            if edition.state is EditionState.COMPOSED and edition.revision and not edition.first_handed:
                found += _due_of(connection, settings, newsletter, edition, now)
    return tuple(found)


def _due_of(
    connection: Connection, settings: Settings, newsletter: Newsletter, edition: Edition, now: datetime
) -> Iterator[Due]:
    seen: dict[str, list[int]] = {}
    query = sa.select(previews.c.editor, previews.c.revision).where(previews.c.edition == edition.key)
    for editor, revision in connection.execute(query):
        seen.setdefault(editor, []).append(revision)
    for address in newsletter.editors:
        key = recipient_key(settings.secrets.address_key, address)
        theirs = seen.get(key, [])
        if not theirs:
            yield Due(edition, newsletter, address, key)
        elif len(theirs) == 1 and edition.revision > theirs[0]:
            names = _changed_since(connection, edition.key, theirs[0], now)
            others = tuple(name for name in names if name != address)
            if others:
                yield Due(edition, newsletter, address, key, others, theirs[0], address in names)


def _changed_since(connection: Connection, key: str, revision: int, now: datetime) -> tuple[str, ...]:
    """Each person who has changed the edition since that revision; nobody while it goes on."""
    query = (
        sa.select(edition_revisions.c.by, edition_revisions.c.made)
        .where(edition_revisions.c.edition == key, edition_revisions.c.revision > revision)
        .order_by(edition_revisions.c.revision)
    )
    rows = connection.execute(query).all()
    if not rows or now - rows[-1].made < QUIET:
        return ()
    return tuple(dict.fromkeys(row.by for row in rows if row.by != RUN))


def put_previews(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Put every preview that is due into the queue of letters; returns how many. Several may do so at once:
    nobody gets one twice. Raises StoreError."""
    with reading(engine) as connection:
        waiting = due(connection, settings, clock())
        letters = dict(_written(connection, settings, waiting, clock())) if waiting else {}
    total = 0
    logged: set[str] = set()
    for one, letter in letters.items():
        with writing(engine) as connection:
            now = clock()
            row = {
                "edition": one.edition.key,
                "editor": one.key,
                "revision": one.edition.revision,
                "put": now,
            }
            there = inserting(connection, previews).values(row).on_conflict_do_nothing()
            if connection.execute(there).rowcount:
                expires = now + _LONGEST if one.edition.held else max(now, one.edition.goes) + _LATE
                number = put(connection, KIND, one.newsletter, one.editor, letter, now, expires)
                ours = sa.and_(*(previews.c[name] == row[name] for name in ("edition", "editor", "revision")))
                connection.execute(sa.update(previews).where(ours).values(letter=number))
                total += 1
                if not one.changed_by and one.edition.key not in logged:
                    # Not of the second ones: whoever has the page open would find it changed.
                    logged.add(one.edition.key)
                    count = sum(1 for each in letters if each.edition.key == one.edition.key)
                    what = f"preview for {counted(count, 'editor')}"
                    editions.log(connection, one.edition.key, now, RUN, what)
    return total


def _written(
    connection: Connection, settings: Settings, waiting: Iterable[Due], now: datetime
) -> Iterator[tuple[Due, Letter]]:
    facts: dict[str, Found | None] = {}
    for one in waiting:
        key = one.edition.key
        if key not in facts:
            facts[key] = _found(connection, settings, one, now)
        found = facts[key]
        if found is not None:
            if one.revision:
                found = _compared(connection, settings, one, found, now)
            yield one, letter(settings, one, found)


def _compared(connection: Connection, settings: Settings, one: Due, found: Found, now: datetime) -> Found:
    """The same with what is otherwise since the first preview of this editor, and who changed it."""
    before = editions.selection_of(connection, one.edition.key, one.revision)
    there = current(connection, settings.newsroom, before.stories, max(now, one.edition.goes))
    return replace(
        found,
        changed_by=one.changed_by,
        is_own_too=one.is_own_too,
        before=before,
        withdrawn=frozenset(story.teaser.id for story in before.stories) - there.keys(),
    )


def _found(connection: Connection, settings: Settings, one: Due, now: datetime) -> Found | None:
    """What there is to tell; None where every story was withdrawn since."""
    edition, newsroom = one.edition, settings.newsroom
    selection = selection_shown(connection, settings, one.newsletter, edition, now)
    if not selection.has_news:
        return None
    left_out = as_it_is(editions.left_out_of(connection, edition.key, edition.revision), selection)
    ids = [left.article_id for left in left_out]
    return Found(
        edition=edition,
        selection=selection,
        left_out=left_out,
        teasers=catalogue.by_ids(connection, ids, max(now, edition.due), newsroom.paywall),
        readers=counts.by_plan(connection, edition.newsletter, edition.local_date),
        delay=kept_for(settings),
        now=now,
        pictures=pictures.waiting(connection, selection),
    )


def letter(settings: Settings, one: Due, found: Found) -> Letter:
    """One editor's mail: what is in the edition, and the edition below it, as most of its readers get it."""
    # What renders takes a while to import, and most looks find nothing to do.
    from newsletter.letters.personal import words_of
    from newsletter.rendering.render import render

    newsroom, newsletter, keys = settings.newsroom, one.newsletter, settings.secrets.signing_keys
    spoken = phrases(newsletter.language)
    words = words_of(KIND, spoken.words.language)
    url = f"{newsroom.public_url}/edition/{edition_token(keys, one.edition.key, one.key)}"
    reasons = words_of(REASONS, spoken.words.language)
    told = briefing(found, words, reasons, spoken.locale, newsroom.time_zone, url)
    variant = Variant(found.audience)
    # The archive has it only once it goes out; this editor may look at it before.
    web_url = None if newsletter.archive is Archive.NOBODY else f"{url}?as={found.audience}"
    made = render(found.selection, variant, newsroom, newsletter, briefing=told, web_url=web_url).letter
    values = nobodys_values(settings, newsletter, made.language)
    subject = words["subject_again" if found.changed_by else "subject"]
    html = pictures.behind(filled(made.html, values, html=True), found.pictures, newsroom.public_url, url)
    return Letter(
        subject.format(subject=set_apart(found.selection.subject, "", newsletter.language)),
        parts_of(html),
        parts_of(filled(made.text, values, html=False)),
        made.language,
    )


def nobodys_values(settings: Settings, newsletter: Newsletter, language: str) -> Mapping[Slot, str]:
    """Values for a letter's slots that belong to no reader."""
    public, keys = settings.newsroom.public_url, settings.secrets.signing_keys
    return {
        Slot.UNSUBSCRIBE_URL: f"{public}/unsubscribe/{unsubscribe_token(keys, NOBODY, newsletter.key)}",
        Slot.PREFERENCES_URL: f"{public}/preferences/{preferences_token(keys, NOBODY)}",
        Slot.TRIAL: trial_phrase(_TRIAL_DAYS, language),
    }


def selection_shown(
    connection: Connection, settings: Settings, newsletter: Newsletter, edition: Edition, now: datetime
) -> Selection:
    """The edition as it would go out, as far as is known at `now`: at its hour, or when somebody sent it."""
    stored = editions.selection_of(connection, edition.key, edition.revision)
    frozen = edition.first_handed is not None
    hour = now if frozen else max(now, edition.goes)
    there = current(connection, settings.newsroom, stored.stories, hour)
    return revised(stored, settings.newsroom, newsletter, there, Edits(), now, frozen, hour)
