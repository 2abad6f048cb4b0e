"""One-click unsubscribe (RFC 8058) and the page behind the same address.

GET changes nothing: mail scanners open every link. POST needs no cookie and no other token, is never
redirected, and answers 200 whatever has become of the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.rendering.phrases import phrases
from newsroom.database import reading, writing
from newsroom.errors import StoreError
from newsroom.log import problem, step
from newsroom.masthead import Newsletter
from readership import store
from readership.reader import SubscriptionStatus
from readership.tokens import (
    NOBODY,
    SigningKeys,
    Undo,
    Unsubscribe,
    preferences_token,
    probe_answer,
    read_undo,
    read_unsubscribe,
    undo_token,
)
from web.forms import form_of, token_of
from web.pages import Pages
from web.standing import Standing, standing_of
from web.words import words

AGAIN = "the page behind the unsubscribe link"
"""Where the consent of a reader comes from who starts a stopped newsletter again."""

_BUSY = {"Retry-After": "60"}
_MOST_STEPS = 10
"""Stops that one page may take back."""


@dataclass(frozen=True, slots=True)
class Door:
    """Answers /unsubscribe/TOKEN."""

    engine: Engine
    pages: Pages
    signing_keys: SigningKeys
    newsletters: Mapping[str, Newsletter]
    now: Callable[[], datetime]

    async def __call__(self, request: Request) -> Response:
        """The page for GET and HEAD, the deed for POST."""
        token = token_of(request)
        if request.method != "POST":
            return await run_in_threadpool(self.show, token)
        fields = (await form_of(request)).single
        return await run_in_threadpool(self.act, token, fields)

    def show(self, token: str) -> Response:
        """What a person or a scanner sees; reads at most."""
        proof = probe_answer(self.signing_keys, token)
        try:
            if proof is not None:
                return self._prove(proof)
            asked = read_unsubscribe(self.signing_keys, token)
            if asked is None:
                return self._unknown()
            if asked.reader_id == NOBODY:
                return self._notice("test", asked)
            with reading(self.engine) as connection:
                standing = standing_of(connection, asked.reader_id)
        except (StoreError, sa.exc.TimeoutError) as error:
            return self._busy(error)
        if standing.gets(asked.newsletter):
            return self._page(
                "ask",
                "ask_title",
                asked,
                going_on=standing.going_on(self._today()),
                preferences=self._preferences(standing),
            )
        return self._done(asked, standing, again=self._may_start(asked, standing))

    def act(self, token: str, fields: Mapping[str, str]) -> Response:
        """Unsubscribe, from one or all, take it back, or start it again. Without a form's `action` it is a
        one-click."""
        action = fields.get("action", "")
        asked = read_unsubscribe(self.signing_keys, token)
        try:
            if asked is None:
                return self._unknown() if action else self._said("done_unknown", None)
            if asked.reader_id == NOBODY:
                return self._notice("test", asked) if action else self._said("test_text", asked)
            if action == "undo":
                return self._undo(asked, fields.get("undo", ""))
            if action == "again":
                return self._again(asked)
            undo, standing = self._stop(asked, every=action == "all")
            # What this visit had stopped before is taken back with it.
            undone = self._undos(asked, fields.get("undo", "") if action == "all" else "")
        except (StoreError, sa.exc.TimeoutError) as error:
            return self._busy(error)
        if not action:
            return self._said("done_short", asked)
        if action == "all":
            return self._done(asked, standing, (*undone, undo), every=True)
        return self._done(asked, standing, (undo,), again=self._may_start(asked, standing))

    def _stop(self, asked: Unsubscribe, *, every: bool) -> tuple[Undo | None, Standing]:
        """Stop it; returns what may be taken back exactly, and how the reader stands then."""
        now = self.now()
        with writing(self.engine) as connection:
            before = standing_of(connection, asked.reader_id).subscriptions
            changed = store.unsubscribe(
                connection, asked.reader_id, None if every else asked.newsletter, now, self.newsletters
            )
            standing = standing_of(connection, asked.reader_id)
        if not changed:
            return None, standing
        step("web", unsubscribed_reader=asked.reader_id, newsletter="all" if every else asked.newsletter)
        stopped = tuple(
            one.newsletter
            for one in before.values()
            if one.status is SubscriptionStatus.ACTIVE and (every or one.newsletter == asked.newsletter)
        )
        return (Undo(asked.reader_id, stopped, now) if stopped else None), standing

    def _may_start(self, asked: Unsubscribe, standing: Standing) -> bool:
        return asked.newsletter in self.newsletters and standing.may_start(asked.newsletter)

    def _again(self, asked: Unsubscribe) -> Response:
        """Start what the reader has stopped: the link came by mail, so it is the reader's own word."""
        now = self.now()
        with writing(self.engine) as connection:
            standing = standing_of(connection, asked.reader_id)
            may = self._may_start(asked, standing)
            if may:
                started = replace(
                    standing.subscriptions[asked.newsletter],
                    status=SubscriptionStatus.ACTIVE,
                    # The consent given before was taken back by the stop; this is the one that counts now.
                    consent_at=now,
                    consent_source=AGAIN,
                )
                if standing.reader is not None:
                    store.save_choices(connection, standing.reader, [started], now)
        if may:
            step("web", subscribed_again_reader=asked.reader_id, newsletter=asked.newsletter)
        elif not standing.gets(asked.newsletter):
            return self._notice("undo_late", asked)
        return self._page(
            "notice", "undone_title", asked, text="again_text", contact="", ways=self._ways(standing)
        )

    def _undo(self, asked: Unsubscribe, text: str) -> Response:
        now, undos = self.now(), self._undos(asked, text)
        back: set[str] = set()
        with writing(self.engine) as connection:
            for undo in undos:
                for one in undo.newsletters:
                    if store.resubscribe(connection, undo.reader_id, (one,), undo.stopped, now):
                        back.add(one)
            standing = standing_of(connection, asked.reader_id)
        if not back:
            return self._notice("undo_late", asked, self._ways(standing))
        step("web", subscribed_again_reader=asked.reader_id, newsletters=sorted(back))
        language = self._language(asked)
        titles = [one.title for key, one in self.newsletters.items() if key in back]
        return self.pages.notice(
            "undone",
            status=200,
            language=language,
            contact=self._contact(asked),
            ways=self._ways(standing),
            # One that has ended since it was sent has no title any more.
            newsletters=phrases(language).titles(titles or [self.pages.newsroom.name]),
        )

    def _undos(self, asked: Unsubscribe, text: str) -> tuple[Undo, ...]:
        """What a page of this reader's may take back: one token for each step, most recent last."""
        found = (read_undo(self.signing_keys, token) for token in text.split()[:_MOST_STEPS])
        return tuple(one for one in found if one is not None and one.reader_id == asked.reader_id)

    def _prove(self, proof: str) -> Response:
        # The proof is worth something only if the door could be opened as well.
        with reading(self.engine) as connection:
            store.by_id(connection, 0)
        return self._plain(proof)

    def _said(self, key: str, asked: Unsubscribe | None) -> Response:
        return self._plain(words(self._language(asked))[key] + "\n")

    def _plain(self, text: str) -> Response:
        return PlainTextResponse(text, headers={**self.pages.headers, "X-Robots-Tag": "noindex"})

    def _done(
        self,
        asked: Unsubscribe,
        standing: Standing,
        undos: Sequence[Undo | None] = (),
        *,
        every: bool = False,
        again: bool = False,
    ) -> Response:
        key = "all_done" if every else "done"
        tokens = (undo_token(self.signing_keys, one) for one in undos if one is not None)
        token = " ".join(filter(None, map(_short_enough, tokens)))
        return self._page(
            "done",
            f"{key}_title",
            asked,
            text=f"{key}_text",
            undo=token,
            again=again and not token,
            offer_all=standing.gets_another_than(asked.newsletter),
            going_on=standing.going_on(self._today()),
            preferences=self._preferences(standing),
        )

    def _preferences(self, standing: Standing) -> str:
        """Where the reader chooses sections or a pause instead; empty for one who was erased."""
        reader = standing.reader
        if reader is None:
            return ""
        return f"/preferences/{preferences_token(self.signing_keys, reader.id)}"

    def _ways(self, standing: Standing) -> tuple[tuple[str, str], ...]:
        """The way to the preferences, where there are any."""
        address = self._preferences(standing)
        return ((address, "preferences_title"),) if address else ()

    def _today(self) -> date:
        return self.now().astimezone(self.pages.newsroom.time_zone).date()

    def _page(self, template: str, title: str, asked: Unsubscribe, **values: Any) -> Response:
        newsletter = self.newsletters.get(asked.newsletter)
        language = self._language(asked)
        name = phrases(language).title(newsletter.title) if newsletter else self.pages.newsroom.name
        return self.pages.page(template, title, language, newsletter=name, **values)

    def _notice(
        self, key: str, asked: Unsubscribe | None = None, ways: Sequence[tuple[str, str]] = ()
    ) -> Response:
        return self.pages.notice(
            key, status=200, language=self._language(asked), contact=self._contact(asked), ways=ways
        )

    def _unknown(self) -> Response:
        return self._notice("unknown")

    def _busy(self, error: Exception) -> Response:
        problem("web", f"an unsubscribe could not be saved: {error}")
        return self.pages.notice("busy", status=503, headers=_BUSY)

    def _language(self, asked: Unsubscribe | None) -> str:
        newsletter = self.newsletters.get(asked.newsletter) if asked else None
        return newsletter.language if newsletter else self.pages.newsroom.language

    def _contact(self, asked: Unsubscribe | None) -> str:
        own = self.newsletters.get(asked.newsletter) if asked else None
        some: Sequence[Newsletter] = [own] if own else list(self.newsletters.values())
        return next((one.reply_to or one.sender for one in some), "")


def _short_enough(token: str) -> str:
    """The token, or nothing where it would be longer than one that is read."""
    return token if len(token) <= 600 else ""
