"""What an editor changes in a composed edition, from the shell or by the preview's links: each change is a
new revision, with who made it and when.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from content import catalogue
from content.sanitise import clean_html
from content.teaser import Teaser
from newsletter import editions, holds
from newsletter.composition.revise import DROPPED, revised, taken_out
from newsletter.edition import Edition, EditionState, Edits, LeftOut, Selection, Story
from newsletter.edition_row import OPEN
from newsroom.errors import ConfigurationError, MisuseError
from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings

NOTE_LIMIT = 20_000
"""Characters of a note as it is written."""


class NoStoryLeftError(MisuseError):
    """No story would be left in the edition."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change came to."""

    edition: Edition
    selection: Selection
    what: str
    """For the edition's log: stories by their ids. Empty where nothing changed."""
    shortened: tuple[str, ...] = ()
    """What had to be shortened, a line each."""


def open_edition(connection: Connection, key: str) -> Edition:
    """The edition, locked, which still takes every change. Raises MisuseError."""
    edition = editions.locked(connection, key)
    if edition.state is EditionState.STOPPED:
        raise MisuseError(f"{key} is stopped: it takes no changes; `resume {key}` comes first")
    if edition.state.value not in OPEN:
        raise MisuseError(f"{key} is {edition.state}: it takes no more changes")
    if edition.first_handed is not None:
        raise MisuseError(f"{key} is being handed over: now only `stop` or a withdrawal changes it")
    if edition.revision == 0:
        raise MisuseError(f"{key} has no story to change: {edition.held or edition.note}")
    return edition


def newsletter_of(settings: Settings, edition: Edition) -> Newsletter:
    """The newsletter of an edition. Raises ConfigurationError where it is not set up any more."""
    found = next((one for one in settings.newsletters if one.key == edition.newsletter), None)
    if found is None:
        raise ConfigurationError(f"{settings.path}: the newsletter of {edition.key} is not set up any more")
    return found


def current(
    connection: Connection, newsroom: Newsroom, stories: Iterable[Story], now: datetime
) -> Mapping[str, Teaser]:
    """The stories' articles as they are, by id; those withdrawn, or embargoed beyond `now`, are not in it."""
    return catalogue.by_ids(connection, [story.teaser.id for story in stories], now, newsroom.paywall)


def change(
    connection: Connection, settings: Settings, key: str, edits: Edits, by: str, now: datetime
) -> Changed:
    """Make the edits a new revision. Raises MisuseError where the edition takes none, or would have no story
    left."""
    edition = open_edition(connection, key)
    before = editions.selection_of(connection, key, edition.revision)
    newsroom, newsletter = settings.newsroom, newsletter_of(settings, edition)
    back = dropped_stories(connection, edition, edits.restored)
    hour = max(now, edition.due)
    there = current(connection, newsroom, (*before.stories, *(story for _, story in back)), hour)
    after = revised(before, newsroom, newsletter, there, edits, now, due=edition.due, back=back)
    if after == before:
        return Changed(edition, before, "")
    if not after.has_news:
        raise NoStoryLeftError(
            f"edit: that leaves {key} without a story; to keep it from going out: `hold {key}` or "
            f"`stop {key}`"
        )
    # What renders takes a while to import.
    from newsletter.composition.fit import fitted

    fit = fitted(after, newsroom, newsletter)
    left_out = (
        *_still_out(editions.left_out_of(connection, key, edition.revision), after),
        *taken_out(before, after, edits, there),
        *fit.left_out,
    )
    what = said(edits)
    editions.add_revision(connection, key, fit.selection, left_out, by, what, now)
    return Changed(editions.get(connection, key), fit.selection, what, fit.shortened)


def dropped_stories(
    connection: Connection, edition: Edition, ids: Iterable[str]
) -> Sequence[tuple[str, Story]]:
    """The stories of these ids that editors have dropped, each with the section it stood in last, as an
    earlier revision has them. Ids that no revision has are left out."""
    missing, found = set(ids), []
    for revision in range(edition.revision, 0, -1):
        if not missing:
            break
        selection = editions.selection_of(connection, edition.key, revision)
        placed = [(block.section, story) for block in selection.blocks for story in block.stories]
        if selection.lead is not None:
            placed.append(("", selection.lead))
        for section, story in placed:
            if story.teaser.id in missing:
                missing.discard(story.teaser.id)
                found.append((section, story))
    return found


def dropped(connection: Connection, edition: Edition) -> Sequence[Story]:
    """The stories that editors have dropped from the edition, to be taken back."""
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    ids = [one.article_id for one in left_out if one.reason == DROPPED]
    return [story for _, story in dropped_stories(connection, edition, ids)]


def release(
    connection: Connection, settings: Settings, key: str, by: str, now: datetime, *, at_once: bool = False
) -> Edition:
    """Let a held edition go at its hour; with `at_once` now, held or not. Raises MisuseError where it cannot
    be, or has no story left."""
    before = editions.locked(connection, key)
    if (before.held or at_once) and before.revision and before.first_handed is None:
        selection = editions.selection_of(connection, key, before.revision)
        newsroom, newsletter = settings.newsroom, newsletter_of(settings, before)
        there = current(connection, newsroom, selection.stories, now)
        if not revised(selection, newsroom, newsletter, there, Edits(), now).has_news:
            raise NoStoryLeftError(
                f"{key}: every story of it was withdrawn, so there is nothing to let go: `stop {key}` ends "
                "it, and what is new since goes into the next edition"
            )
    return holds.release(connection, key, by, now, at_once=at_once)


def note_of(text: str) -> str:
    """A note in Markdown as sanitised HTML. Raises MisuseError where it is too long."""
    if len(text) > NOTE_LIMIT:
        raise MisuseError(f"a note of {len(text):,} characters; allowed: {NOTE_LIMIT:,}")
    from markdown_it import MarkdownIt

    return clean_html(str(MarkdownIt().render(text)))


def said(edits: Edits) -> str:
    """What was changed, for the edition's log: stories by their ids."""
    parts = [
        f"lead {edits.lead}" if edits.lead else "",
        f"dropped {len(edits.dropped)}: {', '.join(sorted(edits.dropped))}" if edits.dropped else "",
        f"put back {len(edits.restored)}: {', '.join(sorted(edits.restored))}" if edits.restored else "",
        f"placed {len(edits.places)}: {_placed(edits)}" if edits.places else "",
        "subject" if edits.subject is not None else "",
        "note" if edits.note is not None else "",
    ]
    return "edited: " + "; ".join(filter(None, parts))


def _placed(edits: Edits) -> str:
    return ", ".join(f"{story} in {section}" for story, section in edits.places)


def _still_out(left_out: Sequence[LeftOut], after: Selection) -> Iterable[LeftOut]:
    shown = {story.teaser.id for story in after.stories}
    return (one for one in left_out if one.article_id not in shown)
