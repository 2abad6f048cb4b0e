"""An editor's controls of one edition, behind the link in the preview's mail.

Opening the link shows how things are and changes nothing, whoever or whatever opens it; a button acts. What a
button does is what the commands `edit`, `hold`, `release` and `stop` do, in the name of the editor whose link
it is. Each form says what was the last thing its editor saw: where somebody else has done something since, it
is not done but shown, and nothing that was typed is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from content import catalogue
from content.sanitise import clean_line
from newsletter import editions, holds
from newsletter.delivery import recalls
from newsletter.desk import absent, editing
from newsletter.desk.choices import ImpossibleError
from newsletter.desk.previews import selection_shown
from newsletter.edition import BatchState, Edition, EditionState, Edits, Selection
from newsletter.edition_row import OPEN
from newsletter.tables import batches
from newsroom.database import reading, writing
from newsroom.errors import HeldError, MisuseError, ProviderError
from newsroom.log import problem, step
from newsroom.masthead import Newsletter
from readership.tokens import read_edition_token, recipient_key
from web import edition_view as view
from web.edition_view import Known
from web.forms import Form, form_of, token_of
from web.house import House
from web.words import dates, words

LASTS = timedelta(days=1)
"""How long after an edition is over the link still shows what became of it."""

ALWAYS = ("hold", "stop")
"""What keeps an edition from going out is done, whatever somebody else has done meanwhile."""

SURE = ("now", "stop")
"""What cannot be taken back is asked once more."""

DEEDS = frozenset({"hold", "release", "now", "stop", "lead", "drop", "back", "top", "subject", "note"})
"""What a form may ask for; another one is not of this page."""

NOTE_LIMIT = 5_000
"""Characters of a note that is written here."""
_LONGEST_SUBJECT = 300
_NOTHING = Form()


def routes(house: House) -> list[BaseRoute]:
    """/edition/TOKEN."""
    return [Route("/edition/{token:path}", Controls(house).__call__, methods=["GET", "POST"])]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, and for which edition."""

    editor: str
    newsletter: Newsletter
    key: str


class Controls:
    """Answers /edition/TOKEN."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, request: Request) -> Response:
        """The page for GET, the deed for POST."""
        token = token_of(request)
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self.answer, token, form)

    def answer(self, token: str, form: Form | None) -> Response:
        """What is shown or done. Raises StoreError."""
        with reading(self.house.engine) as connection:
            asked = self._asked(connection, token)
            if asked is None:
                return self._notice("unknown", 404)
            known = self._known(connection, asked)
        if self.house.now() > _end(known) + LASTS:
            return self._notice("old", 410)
        if form is None:
            return self._page(asked, known)
        do, _, what = form.get("do").partition(" ")
        if do not in DEEDS:
            return self._page(asked, known, "edition_unclear", typed=form, status=400)
        if do in SURE and form.get("sure") != "yes":
            seen = _seen(form)
            if do not in ALWAYS and known.seen != seen:
                return self._page(asked, known, "edition_stale", seen, form, 409)
            return self._sure(asked, known, do, seen)
        return self._act(asked, form, do, what)

    def _asked(self, connection: Connection, token: str) -> _Asked | None:
        said = read_edition_token(self.house.signing_keys, token)
        edition = editions.find(connection, said[1]) if said else None
        if said is None or edition is None:
            return None
        newsletter = self.house.newsletters.get(edition.newsletter)
        if newsletter is None:
            return None
        address_key = self.house.settings.secrets.address_key
        for editor in newsletter.editors:
            # Whoever is an editor no more has no way in, whatever mails are still about.
            if recipient_key(address_key, editor).startswith(said[0]):
                return _Asked(editor, newsletter, edition.key)
        return None

    def _known(self, connection: Connection, asked: _Asked) -> Known:
        edition, now = editions.get(connection, asked.key), self.house.now()
        settings = self.house.settings
        selection = (
            selection_shown(connection, settings, asked.newsletter, edition, now)
            if edition.revision
            else None
        )
        left_out = editions.left_out_of(connection, edition.key, edition.revision)
        ids = [one.article_id for one in left_out]
        hour = max(now, edition.due)
        teasers = catalogue.by_ids(connection, ids, hour, settings.newsroom.paywall)
        dropped = absent.dropped(connection, edition) if edition.revision else ()
        done, everybody = _handed(connection, edition.key)
        return Known(
            edition=edition,
            selection=selection,
            left_out=left_out,
            teasers=teasers,
            # Not what was withdrawn since.
            dropped=[story for story in dropped if story.teaser.id in teasers],
            log=editions.log_lines(connection, edition.key),
            done=done,
            all=everybody,
            is_kept=holds.is_kept(connection, edition, now),
        )

    def _act(self, asked: _Asked, form: Form, do: str, what: str) -> Response:
        seen = _seen(form)
        note, status = "edition_done", 200
        with writing(self.house.engine) as connection:
            edition = editions.locked(connection, asked.key)
            newest = editions.log_lines(connection, asked.key)[-1:]
            if do not in ALWAYS and any(line.number != seen for line in newest):
                note, status = "edition_stale", 409
            else:
                note, status = self._done(connection, asked, edition, form, do, what)
        if status == 200 and do == "stop" and not self._taken_back(asked):
            note, status = "edition_not_taken_back", 502
        if status == 200:
            step("web", edition=asked.key, did=do, note=note)
        with reading(self.house.engine) as connection:
            known = self._known(connection, asked)
        seen = seen if note == "edition_stale" else 0
        return self._page(asked, known, note, seen, _NOTHING if status == 200 else form, status)

    def _taken_back(self, asked: _Asked) -> bool:
        """Have the provider forget what it keeps still; False where it does not say that it will."""
        try:
            recalls.take_back(self.house.settings, self.house.engine, asked.key, asked.editor, self.house.now)
        except ProviderError as error:
            problem("web", f"{asked.key} is stopped, and not taken back: {error}")
            return False
        return True

    def _done(
        self, connection: Connection, asked: _Asked, edition: Edition, form: Form, do: str, what: str
    ) -> tuple[str, int]:
        """Do it; returns the key of what the page says, and its status. What cannot be done raises before
        anything of it is written."""
        # As long as the ledger keeps of a name.
        now, key, by = self.house.now(), asked.key, asked.editor[:200]
        settings = self.house.settings
        try:
            match do:
                case "hold":
                    holds.hold(connection, key, "", by, now)
                case "release" | "now":
                    editing.release(connection, settings, key, by, now, at_once=do == "now")
                case "stop":
                    holds.stop(connection, key, "", by, now)
                case _:
                    edits = self._edits(connection, edition, form, do, what)
                    if edits is None:
                        return "edition_not_possible", 409
                    if not editing.change(connection, settings, key, edits, by, now).what:
                        return "edition_same", 200
        except ImpossibleError as error:
            return f"edition_cannot_{error.cannot.name.lower()}", 409
        except editing.NoStoryLeftError:
            return "edition_last_story", 409
        except _TooLongError:
            return "edition_note_long", 422
        except (MisuseError, HeldError):
            return "edition_not_possible", 409
        return "edition_done", 200

    def _edits(
        self, connection: Connection, edition: Edition, form: Form, do: str, what: str
    ) -> Edits | None:
        if not edition.revision:
            return None
        selection = editions.selection_of(connection, edition.key, edition.revision)
        return _edits(form, do, what, selection)

    def _page(
        self,
        asked: _Asked,
        known: Known,
        note: str = "",
        seen: int = 0,
        typed: Form = _NOTHING,
        status: int = 200,
    ) -> Response:
        now, zone = self.house.now(), self.house.newsroom.time_zone
        tongue = asked.newsletter.language
        ours, locale = words(tongue), dates(tongue)
        standing, fillings = view.standing(known, now, locale, zone)
        selection = known.selection
        subject = (selection.edits.subject or "") if selection else ""
        values: dict[str, Any] = {
            **fillings,
            "note": note,
            "standing": standing,
            "is_open": known.is_open,
            "is_held": bool(known.edition.held),
            "waits": known.waits(now),
            "can_stop": known.can_stop,
            "seen": known.seen,
            "parts": view.parts(known, now, ours, locale, zone),
            "dropped": view.dropped(known),
            "left_out": view.left_out(known),
            "deeds": view.deeds(known, seen, ours, locale, zone),
            "changed_by": ", ".join(view.changed_by(known, seen, ours)),
            "subject_now": selection.subject if selection else "",
            "subject": typed.get("subject") if "subject" in typed.single else subject,
            "text": typed.single.get("note", "") if "note" in typed.single else view.note_text(selection),
            "most": NOTE_LIMIT,
            "longest": _LONGEST_SUBJECT,
            "who": asked.editor,
            **self._named(asked, known.edition),
        }
        return self.house.pages.page("edition", "edition_title", tongue, status=status, **values)

    def _sure(self, asked: _Asked, known: Known, do: str, seen: int) -> Response:
        """Ask once more: of what the editor has seen, and nothing that came since."""
        selection = known.selection
        return self.house.pages.page(
            "edition_sure",
            f"edition_sure_{do}_title",
            asked.newsletter.language,
            do=do,
            seen=seen,
            subject=selection.subject if selection else "",
            lead=selection.lead.teaser.headline if selection and selection.lead else "",
            **self._named(asked, known.edition),
        )

    def _named(self, asked: _Asked, edition: Edition) -> dict[str, Any]:
        day = view.day(edition.local_date, dates(asked.newsletter.language))
        return {"paper": asked.newsletter.title, "day": day}

    def _notice(self, key: str, status: int) -> Response:
        return self.house.pages.notice(f"edition_{key}", status=status)


class _TooLongError(MisuseError):
    """A note of more characters than are taken."""


def _seen(form: Form) -> int:
    """The number of the last thing that whoever sent the form had seen; 0 where it says none."""
    text = form.get("seen")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def _edits(form: Form, do: str, what: str, selection: Selection) -> Edits | None:
    """What a button asks for; None where it is nothing that there is. Raises _TooLongError."""
    ids = {story.teaser.id for story in selection.stories}
    match do:
        case "lead" if what in ids:
            return Edits(lead=what)
        case "drop" if what in ids:
            return Edits(dropped=frozenset({what}))
        case "back" if what in selection.edits.dropped:
            return Edits(restored=frozenset({what}))
        case "top":
            section, _, story = what.partition(" ")
            is_there = story in ids and section in {block.section for block in selection.blocks}
            return Edits(places=((story, section),)) if is_there else None
        case "subject":
            return Edits(subject=clean_line(form.get("subject")[:_LONGEST_SUBJECT]))
        case "note":
            text = form.single.get("note", "").replace("\r\n", "\n").strip()
            if len(text) > NOTE_LIMIT:
                raise _TooLongError("note")
            return Edits(note=editing.note_of(text), note_text=text)
    return None


def _end(known: Known) -> datetime:
    """When the edition was over; far ahead while it is not."""
    edition = known.edition
    if edition.state.value in OPEN:
        return datetime.max.replace(tzinfo=edition.due.tzinfo) - 2 * LASTS
    if edition.finished is not None:
        return edition.finished
    stopped = known.log[-1].at if known.log and edition.state is EditionState.STOPPED else edition.due
    return max(edition.due, stopped)


def _handed(connection: Connection, key: str) -> tuple[int, int]:
    """Readers whose batch was handed over, and all whose batch there is."""
    query = (
        sa.select(batches.c.state, sa.func.sum(batches.c.size))
        .where(batches.c.edition == key)
        .group_by(batches.c.state)
    )
    by_state = {state: int(count or 0) for state, count in connection.execute(query)}
    total = sum(by_state.values())
    return total - by_state.get(BatchState.PLANNED.value, 0), total
