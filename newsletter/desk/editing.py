"""What an editor changes in a composed edition, from the shell or by the preview's links: each change is a
new revision, with who made it and when.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from content import catalogue
from content.sanitise import clean_html
from content.teaser import Teaser
from newsletter import editions, holds
from newsletter.composition.difference import moved
from newsletter.composition.revise import revised, taken_out
from newsletter.composition.subject import WRITTEN_LIMIT
from newsletter.desk import absent, choices
from newsletter.desk.changes import Others, logged
from newsletter.desk.deciding import Given, decided
from newsletter.edition import Edition, EditionState, Edits, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsroom.errors import ConfigurationError, MisuseError
from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings

SUBJECT_LIMIT = WRITTEN_LIMIT
"""Characters of a subject that is written by hand."""

NOTE_LIMIT = 5_000
"""Characters of a note as it is written, from the shell or on the page."""

_LINK = re.compile(r"<a\s[^>]*\bhref\b")
_PICTURE = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
"""As the sanitiser writes one."""


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
    others: Others = field(default_factory=Others)
    """What became of stories that nobody named."""

    @property
    def gave_way(self) -> tuple[str, ...]:
        """The ids of the stories that lost their room to another; they wait for the next edition."""
        return self.others.gave_way

    @property
    def came_back(self) -> tuple[str, ...]:
        """The ids of those that had lost it before, and have it again."""
        return self.others.came_back


def open_edition(connection: Connection, key: str) -> Edition:
    """The edition, locked, which still takes every change. Raises MisuseError."""
    edition = editions.locked(connection, key)
    if edition.state is EditionState.STOPPED:
        raise MisuseError(f"{key} is stopped: it takes no changes; `resume {key}` comes first")
    if not edition.is_open:
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
    """Make the edits a new revision: what it becomes is `decided`. What came from the store since the last
    revision comes along, and the edition's log tells the two apart.

    Raises MisuseError where the edition takes none or would have no story left, ImpossibleError where a
    choice cannot come true.
    """
    edition = open_edition(connection, key)
    before = editions.selection_of(connection, key, edition.revision)
    edits = choices.with_words(edits, before)
    given = _given(connection, settings, edition, before, edits, now)
    edits = replace(edits, restored=edits.restored | given.back.ids)
    done = decided(given, edits)
    after = done.selection
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

    fit = fitted(after, settings.newsroom, given.newsletter)
    still_out = _still_out(editions.left_out_of(connection, key, edition.revision), after)
    away = taken_out(before, after, edits, given.live)
    shown = {story.teaser.id for story in fit.selection.stories}
    others = Others(
        gave_way=tuple(one.article_id for one in away if one.why is Why.GAVE_WAY),
        came_back=tuple(id_ for id_ in done.came_back if id_ in shown),
        moved=moved(done.fresh, fit.selection, but=dict(edits.places)),
    )
    what = logged(edits, before, done.fresh, fit.selection, given.live, others)
    editions.add_revision(connection, key, fit.selection, (*still_out, *away, *fit.left_out), by, what, now)
    return Changed(editions.get(connection, key), fit.selection, what, fit.shortened, others)


def _given(
    connection: Connection,
    settings: Settings,
    edition: Edition,
    before: Selection,
    edits: Edits,
    now: datetime,
) -> Given:
    """All that there is to decide from. Raises ImpossibleError where a choice cannot come true."""
    hour = max(now, edition.due)
    back = absent.back_for(connection, settings, edition, before, edits, hour)
    gave_way = absent.gave_way(connection, edition, back.ids)
    others = [story for _, story in (*back.stories, *gave_way)]
    live = current(connection, settings.newsroom, (*before.stories, *others), hour)
    there = [live[story.teaser.id] for story in others if story.teaser.id in live]
    elsewhere = absent.elsewhere(connection, settings, edition, there)
    # What is not out when it goes stays in it all the same: a hold gives an edition its hour back.
    goes = max(now, edition.goes)
    out = {id_: teaser for id_, teaser in live.items() if teaser.published <= goes}
    choices.check(edits, settings.newsroom, out, back.ids & elsewhere)
    return Given(
        settings.newsroom,
        newsletter_of(settings, edition),
        before,
        live,
        now,
        edition.due,
        back,
        tuple(one for one in gave_way if one[1].teaser.id in out and one[1].teaser.id not in elsewhere),
    )


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
    """A note in Markdown as sanitised HTML, without pictures. Raises MisuseError where it is too long."""
    if len(text) > NOTE_LIMIT:
        raise MisuseError(f"a note of {len(text):,} characters; allowed: {NOTE_LIMIT:,}")
    # An article's text has no heading above the second level.
    html = clean_html(_rendered(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>"))
    return _PICTURE.sub("", html)


def lost_of(text: str) -> tuple[str, ...]:
    """What is in a note in Markdown and in no mail: "picture", which no note has, and "link" for one without
    an address of its own, whose words stay."""
    made = _rendered(text)
    links, kept = (len(_LINK.findall(html)) for html in (made, clean_html(made)))
    lost = {"picture": "<img" in made, "link": kept < links}
    return tuple(what for what, is_lost in lost.items() if is_lost)


def _rendered(text: str) -> str:
    # What reads Markdown takes a while to import.
    from markdown_it import MarkdownIt

    return str(MarkdownIt().render(text))


def _still_out(left_out: Sequence[LeftOut], after: Selection) -> Iterable[LeftOut]:
    shown = {story.teaser.id for story in after.stories}
    return (one for one in left_out if one.article_id not in shown)
