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
from newsletter import archived, editions, holds
from newsletter.composition.room_now import as_it_is
from newsletter.delivery import recalls
from newsletter.desk import absent, early, pictures
from newsletter.desk.previews import selection_shown
from newsletter.desk.window import kept_for
from newsletter.edition import BatchState, EditionState, Edits
from newsletter.tables import batches
from newsroom.database import reading, writing
from newsroom.errors import HeldError, ProviderError
from newsroom.log import problem, step
from readership.address import recipient_key
from readership.tokens import read_edition_token
from web import edition_deeds as deeds
from web.edition_deeds import ALWAYS, CUT, REFUSALS, STALE, RefusedError
from web.edition_form import Press, only_changed, press_of, typed_of
from web.edition_gone import gone
from web.edition_known import Known
from web.edition_pages import Asked, EditionPages
from web.edition_shown import audience_of, shown
from web.forms import Form, start_of_form, token_of
from web.headers import NEVER_KEPT
from web.house import House

LASTS = timedelta(days=1)
"""How long after an edition is over the link still shows what became of it."""


PRIVATE = {"Cache-Control": NEVER_KEPT, "X-Robots-Tag": "noindex"}
"""Headers of a picture behind the link."""

LONGEST_BODY = 1_048_576
"""Bytes of a POST that are read. Every button brings the note along, be it far too long: that is to be said,
with all of it still there. Of more than that only what stands before the note is known."""


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
        form = await start_of_form(request, LONGEST_BODY) if request.method == "POST" else None
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
            return self._opened(token, asked, known, query)
        form = only_changed(form)
        press, seen = press_of(form), _number(form.get("seen"))
        if form.is_cut and (press is None or press.do not in ALWAYS):
            return self.pages.refused(asked, known, CUT, 413, seen, form, press)
        if press is None:
            return self.pages.refused(asked, known, "edition_unclear", 400, seen, form)
        if press.do == "look":
            return self.pages.refused(asked, known, "edition_unsaved", 200, known.seen, form)
        try:
            asks = self._is_asked_once_more(press, known)
            question = self._sure(asked, known, press, seen, form) if asks else None
            return question or self._act(asked, press, seen, form)
        except RefusedError as refused:
            with reading(self.house.engine) as connection:
                known = self._known(connection, asked)
            return self.pages.refused(
                asked, known, refused.key, refused.status, seen, form, press, is_pressed=True
            )

    def _opened(self, token: str, asked: Asked, known: Known, query: Sequence[tuple[str, str]]) -> Response:
        """What an address shows: the edition as its mail, the question of a press, or the controls."""
        got = dict(query)
        audience = audience_of(got.get("as", ""))
        if audience and known.has_news:
            return shown(self.house, asked, known, audience, self.house.address(f"/edition/{token}"))
        not_done = got.get("not", "")
        if not_done in REFUSALS and got.get("line") == str(known.seen):
            since = _number(got.get("since", ""))
            return self.pages.refused(asked, known, not_done, REFUSALS[not_done], since, Form())
        press, seen = Press(got.get("ask", "")), _number(got.get("seen", ""))
        try:
            asks = self._is_asked_once_more(press, known)
            question = self._sure(asked, known, press, seen, None, is_other="again" in got) if asks else None
        except RefusedError as refused:
            return self.pages.refused(asked, known, refused.key, refused.status, seen, Form(), press)
        return question or self.pages.page(asked, known, self.pages.said(asked, known, query))

    def _is_asked_once_more(self, press: Press, known: Known) -> bool:
        """What cannot be taken back: to stop, and to send at once, also by letting go what is late."""
        now = self.house.now()
        match press.do:
            case "stop":
                return known.can_stop
            case "now":
                return known.waits(now)
            case "release":
                return known.has_news and (known.is_past(now) or known.is_half_out)
        return False

    def _sure(
        self,
        asked: Asked,
        known: Known,
        press: Press,
        seen: int,
        form: Form | None,
        *,
        is_other: bool = False,
    ) -> Response | None:
        """The question, or the way to it: a press leads to a page of its own, which can be gone back to, but
        where it brings what was typed, which stands in no address. None where the question was answered, and
        what it showed is what would go out now."""
        sent = form or Form()
        is_yes = sent.get("sure") == "yes"
        if press.do not in ALWAYS and known.seen != seen:
            raise RefusedError(STALE)
        typed, settings, now = typed_of(sent), self.house.settings, self.house.now()
        found = None
        with reading(self.house.engine) as connection:
            edition = editions.get(connection, asked.key)
            if press.do == "stop" or not known.is_open:
                if is_yes:
                    return None
                is_new = deeds.unsaved(connection, edition, typed)
            else:
                stored = editions.selection_of(connection, edition.key, edition.revision)
                new_words = deeds.new_words(typed, stored)
                found = early.early(connection, settings, asked.newsletter, edition, now, new_words)
                if is_yes and sent.get("shown") == deeds.shown_mark(found.now):
                    return None
                is_new = new_words != Edits()
        if form is not None and not is_new:
            return self.pages.ask(press, seen, is_other=is_yes)
        new = form if is_new else None
        return self.pages.sure(asked, known, press, seen, new, found, is_other=is_other or is_yes)

    def _act(self, asked: Asked, press: Press, seen: int, form: Form) -> Response:
        """Do it, and lead to the page that says so. Raises RefusedError where nothing was done."""
        typed = typed_of(form)
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
            # No 502: a proxy may show a page of its own for that, and nobody would press once more.
            raise RefusedError("edition_not_taken_back")
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
        left_out = as_it_is(left_out, selection) if selection else left_out
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
            is_archived=archived.find(connection, edition.key, settings.delivery.provider) is not None,
        )

    def _taken_back(self, asked: Asked) -> bool:
        """Have the provider forget what it keeps still; False where it does not say that it will."""
        try:
            recalls.take_back(self.house.settings, self.house.engine, asked.key, asked.editor, self.house.now)
        except (HeldError, ProviderError) as error:
            problem("web", f"{asked.key} is stopped, and not taken back: {error}")
            return False
        return True


def _number(text: str) -> int:
    """The number of a line of the edition's log; 0 where it is none."""
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def _end(known: Known) -> datetime:
    """When the edition was over; far ahead while it is not."""
    edition = known.edition
    if edition.is_open:
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
