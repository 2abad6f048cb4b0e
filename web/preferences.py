"""A reader's preferences, behind the link that every mail has: no password, and no more than a mail may open.

Whoever has a mail has its link, also somebody it was forwarded to. So the link shows and changes what comes:
newsletters, sections, language, pauses. The address is not on its page, and what cannot be taken back, or
shows more, is asked for here and confirmed out of the mailbox (`web.preference_requests`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from babel.dates import format_date
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from newsletter.letters.preference_letters import written
from newsletter.rendering.phrases import phrases
from newsroom.database import reading, writing
from newsroom.errors import ReaderError
from newsroom.log import step
from newsroom.masthead import Newsletter
from readership import store, tokens
from readership.address import mailable, recipient_key
from readership.limits import take
from readership.preferences import (
    LONGEST_PAUSE,
    PER_READER,
    Choice,
    changes,
    gets,
    is_paused_for_good,
    pause_of,
)
from readership.reader import Reader, Subscription
from readership.sign_up import sections_of
from readership.tokens import NOBODY, read_preferences, request_token, unsubscribe_token
from web.forms import Form, form_of, token_of
from web.front import hours
from web.house import House
from web.preference_requests import Requests, redirected
from web.session import PROOF, SignedIn, csrf, is_own, signed_in
from web.sign_up_form import offered
from web.standing import Standing
from web.words import dates

ASKS = ("export", "erase", "address")
"""What the page may only ask for."""
_NOTHING = Form()
_LONGEST_ADDRESS, _LONGEST_DATE = 254, 10
"""Signs of what was typed amiss that are shown again."""


def routes(house: House) -> list[BaseRoute]:
    """/preferences and what the letters about it lead to."""
    return [Route("/preferences/{token:path}", Preferences(house).__call__, methods=["GET", "POST"])]


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose page it is, as the database has them now."""

    reader: Reader
    subscriptions: Mapping[str, Subscription]
    is_suppressed: bool
    who: SignedIn | None
    """The reader, signed in, in this browser."""


@dataclass(frozen=True, slots=True)
class Line:
    """One newsletter of the form."""

    key: str
    title: str
    hours: str
    gets: bool
    sections: tuple[tuple[str, str, bool], ...]
    """Key, title and whether it is chosen; none where there is nothing to choose from."""


class Preferences:
    """Answers /preferences/TOKEN."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.languages = offered(house.newsroom, house.newsletters).languages
        self.requests = Requests(house)

    async def __call__(self, request: Request) -> Response:
        """The page for GET, what was chosen or asked for by POST."""
        token = token_of(request)
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self.answer, request, token, form)

    def answer(self, request: Request, token: str, form: Form | None) -> Response:
        """What is shown or done. Raises StoreError."""
        asked = tokens.read_request(self.house.signing_keys, token)
        if asked is not None:
            return self.requests.answer(request, asked, is_deed=form is not None)
        said = read_preferences(self.house.signing_keys, token)
        if said is None:
            return self._notice("unknown", 404)
        if said == NOBODY:
            return self._notice("test", 200)
        with reading(self.house.engine) as connection:
            reader = store.by_id(connection, said)
            if reader is None:
                return self._notice("former", 410)
            theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
            stopped = store.suppressed(connection, [reader.key])
        who = signed_in(self.house, request)
        who = who if who is not None and who.reader.id == reader.id else None
        seen = Seen(reader, theirs, bool(stopped), who)
        if form is None:
            return self._page(seen)
        if form.get("action") in ASKS:
            return self._ask(seen, form)
        return self._save(seen, form) if form.get("action") == "save" else self._page(seen)

    def _save(self, seen: Seen, form: Form) -> Response:
        choice = self._choice(form)
        if choice is None:
            return self._page(seen, "preferences_mistake", bad="pause", typed=form, status=422)
        now = self.house.now()
        with writing(self.house.engine) as connection:
            # As it is now: a stop by one click, or a sync, may have come since the page was drawn.
            reader = store.by_id(connection, seen.reader.id)
            if reader is None or reader.key != seen.reader.key:
                return self._notice("former", 410)
            theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
            is_suppressed = bool(store.suppressed(connection, [reader.key]))
            done = changes(
                reader,
                theirs,
                choice,
                self.house.newsroom,
                self.house.newsletters,
                now,
                may_start=not is_suppressed,
            )
            if done.reader is not None:
                store.save_readers(connection, [done.reader], now)
            store.save_choices(connection, reader, done.subscriptions, now)
        if done.subscriptions or done.reader is not None:
            step(
                "web", preferences_of_reader=reader.id, newsletters=[o.newsletter for o in done.subscriptions]
            )
        after = {**theirs, **{one.newsletter: one for one in done.subscriptions}}
        stopped = [one.title for key, one in self.house.newsletters.items() if _ends(theirs, after, key)]
        then = Seen(done.reader or reader, after, is_suppressed, seen.who)
        return self._page(then, "preferences_saved", stopped=stopped)

    def _choice(self, form: Form) -> Choice | None:
        """What was chosen; None for a pause that is no date, over already, or longer than a year."""
        today, text = self.house.today, form.get("pause")
        until = None
        if text:
            try:
                until = date.fromisoformat(text)
            except ValueError:
                return None
            if not today <= until <= today + LONGEST_PAUSE:
                return None
        language = form.get("language")
        return Choice(
            newsletters=frozenset(form.all("newsletter")),
            sections={key: frozenset(form.all(f"section-{key}")) for key in self.house.newsletters},
            # What is not offered is nobody's choice.
            language=language if language in dict(self.languages) else "",
            paused_until=until,
            is_same_pause=text == form.get("pause_was"),
            stays_paused=form.get("paused") == "yes",
        )

    def _ask(self, seen: Seen, form: Form) -> Response:
        """Mail the link that does it to the address on file; whoever is signed in goes there at once, but for
        another address: who has a browser for a minute must not have the account for good."""
        kind, now, reader = form.get("action"), self.house.now(), seen.reader
        secrets, address = self.house.settings.secrets, ""
        if kind == "address":
            try:
                address = mailable(form.get("address")[:1_000])
                key = recipient_key(secrets.address_key, address)
            except ReaderError:
                return self._page(seen, "preferences_mistake", bad="address", typed=form, status=422)
            if key == reader.key:
                if seen.who is not None:
                    return self._page(seen, "preferences_same_address")
                # Whoever has a forwarded mail is not told whose it is: a mail says it.
                kind = "same"
        asked = tokens.Request(kind, reader.id, reader.key, now, address)
        path = "" if kind == "same" else f"/preferences/{request_token(self.house.signing_keys, asked)}"
        if seen.who is not None:
            if not is_own(self.house, seen.who, form):
                return self._page(seen, "account_once_more", status=403)
            if kind != "address":
                return redirected(path)
        letter = written(self.house.settings, kind, reader, seen.subscriptions, path=path, address=address)
        with writing(self.house.engine) as connection:
            may = take(connection, PER_READER, secrets.address_key, str(reader.id), now)
            if may and letter is not None:
                letter.put(connection, now)
        return self._page(seen, "preferences_mailed" if may else "preferences_many")

    def _page(
        self,
        seen: Seen,
        note: str = "",
        *,
        bad: str = "",
        typed: Form = _NOTHING,
        status: int = 200,
        stopped: Sequence[str] = (),
    ) -> Response:
        """The page, with a `note` of what was done. `stopped` are titles of what was switched off just now.

        With a `bad` field, its form shows what was `typed`, so that nothing has to be chosen again.
        """
        reader, today = seen.reader, self.house.today
        tongue = self.house.language_of(seen.reader)
        pause = pause_of(list(seen.subscriptions.values()), today)
        first = next((key for key, one in self.house.newsletters.items() if gets(self._of(seen, one))), "")
        values: dict[str, Any] = {
            "note": note,
            "bad": bad,
            "lines": [self._line(seen, one) for one in self.house.newsletters.values()],
            "languages": self.languages,
            "selected": reader.language if reader.language in dict(self.languages) else "",
            "pause": pause.isoformat() if pause else "",
            "pause_typed": pause.isoformat() if pause else "",
            "stays_paused": True,
            "saved": self._saved(seen, pause, stopped) if note == "preferences_saved" else (),
            "today": today.isoformat(),
            "latest": (today + LONGEST_PAUSE).isoformat(),
            "endless": is_paused_for_good(list(seen.subscriptions.values())),
            "is_suppressed": seen.is_suppressed,
            "address": reader.address if seen.who else "",
            "proof_name": PROOF,
            "proof": csrf(self.house, seen.who) if seen.who else "",
            "stop": f"/unsubscribe/{unsubscribe_token(self.house.signing_keys, reader.id, first)}"
            if first
            else "",
            "contact": self.house.contact,
            "going_on": Standing(reader).going_on(today),
        }
        if bad == "pause":
            values |= self._typed(seen, typed)
        values["typed_address"] = typed.get("address")[:_LONGEST_ADDRESS] if bad == "address" else ""
        return self.house.pages.page("preferences", "preferences_title", tongue, status=status, **values)

    def _saved(self, seen: Seen, pause: date | None, stopped: Sequence[str]) -> list[str]:
        """What holds now that it is saved, in sentences."""
        tongue = self.house.language_of(seen.reader)
        said = []

        def say(key: str, **values: str) -> None:
            said.append(self.house.pages.phrase(key, tongue, **values))

        if stopped:
            say("preferences_gets_no_more", newsletters=phrases(tongue).titles(stopped))
        going = [one.title for one in self.house.newsletters.values() if gets(self._of(seen, one))]
        if pause:
            say("preferences_until", until=format_date(pause, "full", locale=dates(tongue)))
        elif not going:
            say("preferences_gets_none")
        elif not seen.is_suppressed and not is_paused_for_good(list(seen.subscriptions.values())):
            say("preferences_gets", newsletters=phrases(tongue).titles(going))
        return said

    def _typed(self, seen: Seen, typed: Form) -> dict[str, Any]:
        """What the form had chosen that could not be saved, by the template's names."""
        wanted, language = typed.all("newsletter"), typed.get("language")
        lines = []
        for newsletter in self.house.newsletters.values():
            line, chosen = self._line(seen, newsletter), typed.all(f"section-{newsletter.key}")
            sections = tuple((key, title, key in chosen) for key, title, _ in line.sections)
            lines.append(replace(line, gets=line.key in wanted, sections=sections))
        return {
            "lines": lines,
            "selected": language if language in dict(self.languages) else "",
            "pause_typed": typed.get("pause")[:_LONGEST_DATE],
            "stays_paused": typed.get("paused") == "yes",
        }

    def _line(self, seen: Seen, newsletter: Newsletter) -> Line:
        there = self._of(seen, newsletter)
        chosen = there.sections if there else frozenset()
        own = sections_of(self.house.newsroom, newsletter)
        sections = tuple((one.key, one.title, one.key in chosen) for one in own) if len(own) > 1 else ()
        when = hours(newsletter, self.house.language_of(seen.reader))
        return Line(newsletter.key, newsletter.title, when, gets(there), sections)

    def _of(self, seen: Seen, newsletter: Newsletter) -> Subscription | None:
        return seen.subscriptions.get(newsletter.key)

    def _notice(self, key: str, status: int) -> Response:
        return self.house.pages.page(
            "preferences_notice",
            f"preferences_{key}_title",
            self.house.newsroom.language,
            status=status,
            text=f"preferences_{key}_text",
            contact=self.house.contact,
        )


def _ends(before: Mapping[str, Subscription], after: Mapping[str, Subscription], newsletter: str) -> bool:
    return gets(before.get(newsletter)) and not gets(after.get(newsletter))
