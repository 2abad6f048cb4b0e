"""What an editor changes in a composed edition, from the shell or by the preview's links: each change is a
new revision, with who made it and when.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from content import catalogue
from content.sanitise import clean_html
from content.teaser import Teaser
from newsletter import editions, holds
from newsletter.composition.revise import pushed_out, revised, taken_out
from newsletter.composition.subject import WRITTEN_LIMIT
from newsletter.desk import absent, choices
from newsletter.desk.absent import Back
from newsletter.desk.changes import logged
from newsletter.edition import Edition, EditionState, Edits, LeftOut, Selection, Story
from newsletter.edition_row import OPEN
from newsletter.left_out import Why
from newsroom.errors import ConfigurationError, MisuseError
from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings

SUBJECT_LIMIT = WRITTEN_LIMIT
"""Characters of a subject that is written by hand."""

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
    gave_way: tuple[str, ...] = ()
    """The ids of the stories that lost their room to another; they wait for the next edition."""
    came_back: tuple[str, ...] = ()
    """The ids of those that had lost it to one that is dropped again now."""


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
    """Make the edits a new revision. A story that is taken in where its section is full takes the room of the
    section's last one, which stands among the latest headlines only where it takes nobody's room there; where
    it is dropped again, that one comes back.

    Raises MisuseError where the edition takes none or would have no story left, ImpossibleError where a
    choice cannot come true.
    """
    edition = open_edition(connection, key)
    before = editions.selection_of(connection, key, edition.revision)
    edits = choices.with_words(edits, before)
    newsletter, hour = newsletter_of(settings, edition), max(now, edition.due)
    back = absent.back_for(connection, settings, edition, before, edits, hour)
    edits = replace(edits, restored=edits.restored | back.ids)
    gave = absent.gave_way_for(connection, edition, edits.dropped)
    stories = (*before.stories, *(story for _, story in (*back.stories, *gave)))
    there = current(connection, settings.newsroom, stories, hour)
    # What is not out when it goes stays in it all the same: a hold gives an edition its hour back.
    goes = max(now, edition.goes)
    out = {id_: teaser for id_, teaser in there.items() if teaser.published <= goes}
    choices.check(edits, settings.newsroom, out)

    def made(back: Back) -> Selection:
        return _edited(settings.newsroom, newsletter, before, there, edits, back, now, edition.due)

    after, came_back = _filled(made, back, gave)
    edits = replace(edits, restored=edits.restored | set(came_back))
    if after == before:
        return Changed(edition, before, "")
    if not after.has_news:
        raise NoStoryLeftError(
            f"edit: that leaves {key} without a story; to keep it from going out: `hold {key}` or "
            f"`stop {key}`"
        )
    choices.check_done(edits, after)
    # What renders takes a while to import.
    from newsletter.composition.fit import fitted

    fit = fitted(after, settings.newsroom, newsletter)
    still_out = _still_out(editions.left_out_of(connection, key, edition.revision), after)
    away = taken_out(before, after, edits, there)
    gave_way = tuple(one.article_id for one in away if one.why is Why.GAVE_WAY)
    what = logged(edits, before, fit.selection, gave_way)
    editions.add_revision(connection, key, fit.selection, (*still_out, *away, *fit.left_out), by, what, now)
    return Changed(editions.get(connection, key), fit.selection, what, fit.shortened, gave_way, came_back)


def _filled(
    made: Callable[[Back], Selection], back: Back, gave: Sequence[tuple[str, Story]]
) -> tuple[Selection, tuple[str, ...]]:
    """(the selection, the ids of those of `gave` that are in it): each where it has room beside all others,
    and changes no lead. Pure."""
    after, came_back = made(back), []
    for one in gave:
        id_ = one[1].teaser.id
        more = replace(back, dropped=(*back.dropped, one))
        tried = made(more)
        stays = {story.teaser.id for story in after.stories} | {id_}
        if stays == {story.teaser.id for story in tried.stories} and tried.lead == after.lead:
            after, back = tried, more
            came_back.append(id_)
    return after, tuple(came_back)


def _edited(
    newsroom: Newsroom,
    newsletter: Newsletter,
    before: Selection,
    there: Mapping[str, Teaser],
    edits: Edits,
    back: Back,
    now: datetime,
    due: datetime,
) -> Selection:
    """The selection after the edits, with room made for what they take back. Pure."""

    def made(edits: Edits, waiting: Collection[str] = ()) -> Selection:
        current = {id_: teaser for id_, teaser in there.items() if id_ not in waiting}
        return revised(before, newsroom, newsletter, current, edits, now, due=due, back=back.stories)

    comes_on_top = {story for story, _ in edits.places} | {story.teaser.id for _, story in back.without_room}
    if comes_on_top and before.lead and not before.edits.lead and not edits.lead:
        lead = before.lead.teaser.id
        # Where nobody has chosen the lead, what comes on top of the first section would lead.
        edits = replace(edits, lead=None if lead in {*comes_on_top, *edits.dropped} else lead)
    after = made(edits)
    full = choices.missing(edits.restored, after)
    if full and after.has_news:
        own = absent.rooms(newsroom, newsletter, back, full)
        edits = replace(edits, places=(*edits.places, *own))
        after = made(edits)
    waiting = pushed_out(before, after, edits, there)
    return made(edits, waiting) if waiting else after


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

    # An article's text has no heading above the second level.
    html = str(MarkdownIt().render(text)).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return clean_html(html)


def _still_out(left_out: Sequence[LeftOut], after: Selection) -> Iterable[LeftOut]:
    shown = {story.teaser.id for story in after.stories}
    return (one for one in left_out if one.article_id not in shown)
