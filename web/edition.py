"""An editor's controls of one edition, behind the link in the preview's mail.

Opening the link shows how things are and changes nothing, whoever or whatever opens it; a button acts, and
leads to a page that says what was done. What a button does is what the commands `edit`, `hold`, `release` and
`stop` do, in the name of the editor whose link it is. Each form says what was the last thing its editor saw:
where somebody else has done something since, it is not done but shown, and nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from content import catalogue, waiting_pictures
from content.gallery import FOLDER
from newsletter import editions, holds
from newsletter.delivery import recalls
from newsletter.desk import absent, early, pictures
from newsletter.desk.editing import NOTE_LIMIT
from newsletter.desk.previews import selection_shown
from newsletter.desk.window import kept_for
from newsletter.edition import BatchState, EditionState, Edits
from newsletter.edition_row import OPEN
from newsletter.tables import batches
from newsroom.database import reading, writing
from newsroom.errors import ProviderError
from newsroom.log import problem, step
from readership.tokens import read_edition_token, recipient_key
from web import edition_deeds as deeds
from web.edition_deeds import ALWAYS, Press, RefusedError
from web.edition_gone import gone
from web.edition_pages import Asked, EditionPages
from web.edition_shown import audience_of, shown
from web.edition_view import Known
from web.forms import Form, form_of, token_of
from web.house import House

LASTS = timedelta(days=1)
"""How long after an edition is over the link still shows what became of it."""


PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
"""Headers of a picture behind the link."""

LONGEST_BODY = 4 * NOTE_LIMIT + 16_384
"""Bytes of a POST that are read. Every button brings the note along, be it one that the shell wrote: to hold
and to stop has to work whatever it is."""


def routes(house: House) -> list[BaseRoute]:
    """/edition/TOKEN, and the pictures behind it that are not published yet."""
    controls = Controls(house)
    return [
        Route("/edition/{token}/media/{name}", controls.picture, methods=["GET"]),
        Route("/edition/{token:path}", controls.__call__, methods=["GET", "POST"]),
    ]


class Controls:
    """Answers /edition/TOKEN."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.pages = EditionPages(house)

    async def __call__(self, request: Request) -> Response:
        """The page for GET, the deed for POST."""
        token = token_of(request)
        form = await form_of(request, LONGEST_BODY) if request.method == "POST" else None
        return await run_in_threadpool(self.answer, token, form, request.query_params.multi_items())

    def picture(self, request: Request) -> Response:
        """A picture of a story that is not out yet; one that is out is led to. Raises StoreError."""
        path = f"{FOLDER}/{request.path_params['name']}"
        with reading(self.house.engine) as connection:
            asked = self._asked(connection, token_of(request))
            data = waiting_pictures.waiting(connection, [path]).get(path) if asked else None
        if asked is None:
            return self.pages.notice("unknown", 404)
        if data is None:
            return RedirectResponse(self.house.address(f"/{path}"), headers=PRIVATE)
        return Response(data, media_type="image/jpeg", headers=PRIVATE)

    def answer(self, token: str, form: Form | None, query: Sequence[tuple[str, str]] = ()) -> Response:
        """What is shown or done. Raises StoreError."""
        with reading(self.house.engine) as connection:
            asked = self._asked(connection, token)
            if asked is None:
                return self.pages.notice("unknown", 404)
            known = self._known(connection, asked)
        if self.house.now() > _end(known) + LASTS:
            return self.pages.notice("old", 410)
        if form is None:
            audience = audience_of(dict(query).get("as", ""))
            if audience and known.has_news:
                link = self.house.address(f"/edition/{token}")
                return shown(self.house, asked, known, audience, link)
            return self.pages.page(asked, known, self.pages.said(asked, known, query))
        form = deeds.only_changed(form)
        press, seen = deeds.press_of(form), _seen(form)
        if press is None:
            return self.pages.refused(asked, known, "edition_unclear", 400, seen, form)
        if press.do == "look":
            return self.pages.page(asked, known, typed=form)
        try:
            asks = self._is_asked_once_more(press, known)
            question = self._sure(asked, known, press, seen, form) if asks else None
            return question or self._act(asked, press, seen, form)
        except RefusedError as refused:
            with reading(self.house.engine) as connection:
                known = self._known(connection, asked)
            return self.pages.refused(asked, known, refused.key, refused.status, seen, form, press)

    def _is_asked_once_more(self, press: Press, known: Known) -> bool:
        """What cannot be taken back: to stop, and to send at once, also by letting go what is late."""
        now = self.house.now()
        match press.do:
            case "stop":
                return known.can_stop
            case "now":
                return known.waits(now)
            case "release":
                return known.is_past(now) and known.has_news
        return False

    def _sure(self, asked: Asked, known: Known, press: Press, seen: int, form: Form) -> Response | None:
        """The question; None where it was answered, and what it showed is what would go out now."""
        is_yes = form.get("sure") == "yes"
        if press.do not in ALWAYS and known.seen != seen:
            raise RefusedError("edition_stale")
        typed, settings, now = deeds.typed_of(form), self.house.settings, self.house.now()
        with reading(self.house.engine) as connection:
            edition = editions.get(connection, asked.key)
            if press.do == "stop" or not known.is_open:
                if is_yes:
                    return None
                new = deeds.unsaved(connection, edition, typed)
                return self.pages.sure(asked, known, press, seen, form if new else None)
            stored = editions.selection_of(connection, edition.key, edition.revision)
            new_words = deeds.new_words(typed, stored)
            found = early.early(connection, settings, asked.newsletter, edition, now, new_words)
        showed = form.get("shown") if is_yes else None
        if showed == deeds.shown_mark(found.now):
            return None
        typed_now = form if new_words != Edits() else None
        return self.pages.sure(asked, known, press, seen, typed_now, found, is_other=is_yes)

    def _act(self, asked: Asked, press: Press, seen: int, form: Form) -> Response:
        """Do it, and lead to the page that says so. Raises RefusedError where nothing was done."""
        typed = deeds.typed_of(form)
        with writing(self.house.engine) as connection:
            edition = editions.locked(connection, asked.key)
            newest = editions.log_lines(connection, asked.key)[-1:]
            # As long as the ledger keeps of a name.
            by = asked.editor[:200]
            at = deeds.Desk(connection, self.house.settings, edition, by, self.house.now())
            is_stale = any(line.number != seen for line in newest)
            done = deeds.done(at, press, typed, is_stale=is_stale)
        step("web", edition=asked.key, did=press.do)
        if press.do == "stop" and not self._taken_back(asked):
            raise RefusedError("edition_not_taken_back", 502)
        with reading(self.house.engine) as connection:
            known = self._known(connection, asked)
        if done.unsaved:
            return self.pages.refused(asked, known, done.unsaved, 200, seen, form, press)
        return self.pages.redirect(press, done, known)

    def _asked(self, connection: Connection, token: str) -> Asked | None:
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
                return Asked(editor, newsletter, edition.key)
        return None

    def _known(self, connection: Connection, asked: Asked) -> Known:
        edition, now = editions.get(connection, asked.key), self.house.now()
        settings = self.house.settings
        selection = (
            selection_shown(connection, settings, asked.newsletter, edition, now)
            if edition.revision
            else None
        )
        left_out = editions.left_out_of(connection, edition.key, edition.revision)
        ids = [one.article_id for one in left_out]
        hour = max(now, edition.goes)
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
            gone=gone(connection, settings, edition, selection, now) if selection else (),
            log=editions.log_lines(connection, edition.key),
            done=done,
            all=everybody,
            is_kept=holds.is_kept(connection, edition, now),
            not_taken_back=next(
                (one for one in recalls.kept(connection, now) if one.edition == edition.key), None
            ),
            delay=kept_for(settings),
            pictures=pictures.waiting(connection, selection) if selection else (),
        )

    def _taken_back(self, asked: Asked) -> bool:
        """Have the provider forget what it keeps still; False where it does not say that it will."""
        try:
            recalls.take_back(self.house.settings, self.house.engine, asked.key, asked.editor, self.house.now)
        except ProviderError as error:
            problem("web", f"{asked.key} is stopped, and not taken back: {error}")
            return False
        return True


def _seen(form: Form) -> int:
    """The number of the last thing that whoever sent the form had seen; 0 where it says none."""
    text = form.get("seen")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


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
