"""The pages of an edition's controls, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from content.teaser import Teaser
from newsletter.composition.subject import cut
from newsletter.desk import briefing, editing
from newsletter.desk.early import Early
from newsletter.edition import RUN, Selection
from newsletter.letters.personal import words_of
from newsletter.variant import Audience
from newsroom.masthead import Archive, Newsletter
from web import edition_done
from web import edition_view as view
from web.edition_deeds import (
    CUT,
    GONE,
    OTHER_LEAD,
    REFUSALS,
    TOP,
    WORDS,
    Done,
    lost_of,
    not_saved,
    shown_mark,
    wrong_boxes,
)
from web.edition_form import BOXES, Press, mark_of
from web.edition_known import Known
from web.edition_said import (
    LEAD_GONE,
    SAYS_WHAT_IS_NEW,
    Refusal,
    Said,
    as_things_are,
    ended_by,
    refusal,
)
from web.forms import Form
from web.house import House
from web.words import dates, words

_NOTHING = Form()
_SHORT = 300
"""Characters of a note that a question shows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and for which edition."""

    editor: str
    newsletter: Newsletter
    key: str

    @property
    def language(self) -> str:
        return self.newsletter.language


@dataclass(frozen=True, slots=True)
class EditionPages:
    """Draws them for one newsroom."""

    house: House

    def page(
        self,
        asked: Asked,
        known: Known,
        said: Said | None = None,
        *,
        typed: Form = _NOTHING,
        status: int = 200,
    ) -> Response:
        """The edition and its buttons; `typed` has what stands in the boxes instead of what the edition has,
        and for which lead it was typed. Where the edition takes none any more it is there to be copied."""
        now, zone = self.house.now(), self.house.newsroom.time_zone
        ours, locale = words(asked.language), dates(asked.language)
        standing, fillings = view.standing(known, now, ours, locale, zone)
        selection = known.selection
        subject = (selection.edits.subject or "") if selection else ""
        note = view.note_text(selection)
        parts = view.parts(known, now, ours, locale, zone)
        values: dict[str, Any] = {
            **fillings,
            **self._named(asked, known),
            "said": said,
            "said_in": _part(said, known, parts),
            "standing": standing,
            "is_open": known.is_open,
            "is_held": bool(known.edition.held),
            "has_news": known.has_news,
            "waits": known.waits(now),
            "can_stop": known.can_stop,
            "until": "edition_until_kept" if known.delay else "edition_until",
            "seen": known.seen,
            "parts": parts,
            "gone": view.gone(known, ours, locale, zone),
            "dropped": view.dropped(known),
            "left_out": view.left_out(known, words_of(briefing.REASONS, locale.language), locale, zone),
            "deeds": view.deeds(known, said.since if said else 0, ours, locale, zone),
            "subject_now": selection.subject if selection and known.has_news else "",
            "subject": typed.get("subject") if "subject" in typed.single else subject,
            "text": typed.single.get("note", "") if "note" in typed.single else note,
            "was_subject": mark_of(subject),
            "was_note": mark_of(note),
            "was_lead": typed.single.get("was_lead", selection.leading if selection else ""),
            "most": editing.NOTE_LIMIT,
            "longest": editing.SUBJECT_LIMIT,
            "who": asked.editor,
            "copied": [] if known.takes_words else [(one, typed.single[one]) for one in _kept(typed, known)],
            "audiences": [one.value for one in Audience] if known.edition.is_open and known.has_news else [],
            "archived": self._archived(asked, known),
        }
        return self.house.pages.page("edition", "edition_title", asked.language, status=status, **values)

    def refused(
        self,
        asked: Asked,
        known: Known,
        key: str,
        status: int,
        seen: int,
        typed: Form,
        press: Press | None = None,
        *,
        is_pressed: bool = False,
    ) -> Response:
        """The page with why nothing was done; what was typed is still there. To hold is done all the same:
        with it `key` says why what was typed is not saved. With `is_pressed` it is the answer to a press: it
        leads to a page that can be gone back to, where nothing that was typed has to be kept."""
        kept = _kept(typed, known)
        if is_pressed and not kept and not typed.is_cut and key in REFUSALS:
            return self._led([("not", key), ("line", str(known.seen)), ("since", str(seen))], "#done")
        # Who says to have seen what was never there has seen nothing.
        seen = seen if seen <= known.seen else 0
        led = typed.single.get("was_lead", "")
        key = as_things_are(key, asked.editor, known, seen, led, press)
        leads_anew = bool(led) and known.takes_words and known.leading not in ("", led)
        is_told = leads_anew and key in SAYS_WHAT_IS_NEW
        wrong, has_copy = wrong_boxes(typed, kept), bool(kept) and not known.takes_words
        of = Refusal(key, press, kept, wrong, seen, leads_anew, typed.is_cut, has_copy)
        if is_told or key in (OTHER_LEAD, LEAD_GONE) or "subject" not in kept:
            # Who presses once more has read which story leads now; what is yet to be typed is for that one.
            words_alone = {name: text for name, text in typed.single.items() if name in BOXES}
            typed = replace(typed, single=words_alone)

        def phrase(one: str) -> str:
            return self._phrase(asked, known, one, seen, led)

        said = refusal(of, phrase)
        return self.page(asked, known, said, typed=typed, status=status)

    def sure(
        self,
        asked: Asked,
        known: Known,
        press: Press,
        seen: int,
        typed: Form | None,
        early: Early | None = None,
        *,
        is_other: bool = False,
    ) -> Response:
        """Ask once more: of what the editor has seen, and nothing that came since. `early` is what becomes of
        an edition that is sent before its hour; `typed` has what was typed and is not saved yet. With
        `is_other` it was asked before, and showed something else."""
        selection = early.now if early else known.selection
        given = typed.single if typed else {}
        lost = lost_of(given.get("note", ""), known.selection) if early else ()
        without = [*(f"edition_did_{one}" for one in lost), *([CUT] if typed and typed.is_cut else [])]
        phrase, most = self.house.pages.phrase, editing.NOTE_LIMIT
        later = early.at_its_hour if early else None
        kept = "kept" if known.delay and press.do != "stop" else "text"
        if press.do == "release" and known.is_half_out:
            kept = "rest"
        if press.do == "stop" and not known.has_news:
            # Nor is its last subject any more, which may quote what was withdrawn.
            kept, selection = "gone", None
        return self.house.pages.page(
            "edition_sure",
            f"edition_sure_{press.do}_title",
            asked.language,
            status=409 if is_other and typed else 200,
            is_other=is_other,
            shown=shown_mark(early.now) if early else "",
            do=press.do,
            text=f"edition_sure_{press.do}_{kept}",
            seen=seen,
            subject=selection.subject if selection else "",
            lead=_lead(selection),
            note=cut(view.note_text(early.now), _SHORT) if early else "",
            subject_then=later.subject if later else "",
            lead_then=_lead(later),
            lost=[self._lost(one, asked) for one in (early.lost if early else ())],
            is_sent=early is not None,
            typed=[(name, given[name]) for name in BOXES if name in given],
            # What goes with it to the page that "No" leads back to.
            was_lead=given.get("was_lead", ""),
            without=[phrase(one, asked.language, most=most) for one in without],
            **self._named(asked, known),
        )

    def redirect(self, press: Press, done: Done, known: Known) -> Response:
        """To the page that says what was done, at the part of it where the button stood: asked for again it
        does nothing again."""
        asked = [("did", press.do), ("line", str(known.seen)), ("in", done.where)]
        asked += [("of", press.story)] if press.story else []
        asked += [("moved", one) for one in done.moved]
        asked += [("gave", one) for one in done.gave_way]
        asked += [("came", one) for one in done.came_back]
        asked += [("also", one) for one in done.besides]
        asked += [("text", "1")] if done.has_words else []
        return self._led(asked, "#done")

    def ask(self, press: Press, seen: int, *, is_other: bool = False) -> Response:
        """To the page that asks once more; with `is_other` it says that it was asked before."""
        return self._led([("ask", press.do), ("seen", str(seen)), *([("again", "1")] if is_other else [])])

    def _led(self, asked: Sequence[tuple[str, str]], part: str = "") -> Response:
        headers = {**self.house.pages.headers, "X-Robots-Tag": "noindex"}
        return RedirectResponse(f"?{urlencode(asked)}{part}", 303, headers)

    def said(self, asked: Asked, known: Known, query: Sequence[tuple[str, str]]) -> Said | None:
        """What the page that a press led to says; None for another one, and once something was done since."""

        def phrase(key: str, **values: str) -> str:
            return self.house.pages.phrase(key, asked.language, **values)

        return edition_done.done(query, known, phrase)

    def notice(self, key: str, status: int) -> Response:
        """A page for a link that leads to no edition."""
        return self.house.pages.notice(f"edition_{key}", status=status)

    def _phrase(self, asked: Asked, known: Known, key: str, seen: int, led: str) -> str:
        ours, locale = words(asked.language), dates(asked.language)
        line = ended_by(known)
        begun = line.at if line else known.edition.first_handed
        values: Mapping[str, Any] = {
            "by": (ours["edition_by_run"] if line.by == RUN else line.by) if line else "",
            "at": briefing.moment(begun, locale, self.house.newsroom.time_zone) if begun else "",
            "changed_by": view.changed_by(known, seen, ours, locale),
            "most": editing.NOTE_LIMIT,
            "longest": editing.SUBJECT_LIMIT,
            "was": known.headlines.get(led, ""),
            "headline": _lead(known.selection),
        }
        return self.house.pages.phrase(key, asked.language, **values)

    def _named(self, asked: Asked, known: Known) -> dict[str, Any]:
        locale = dates(asked.language)
        return {
            "paper": asked.newsletter.title,
            "day": view.day(known.edition.local_date, locale),
            "delay": briefing.period(known.delay, locale) if known.delay else "",
            "done": known.done,
            "all": known.all,
        }

    def _archived(self, asked: Asked, known: Known) -> str:
        """Where everybody may read it; empty where nobody may, or it is not there yet."""
        is_open = asked.newsletter.archive is Archive.EVERYONE
        return f"/archive/{asked.key}" if is_open and known.is_archived else ""

    def _lost(self, story: Teaser, asked: Asked) -> tuple[str, str]:
        """(headline, when it is published); no hour for what runs later for another reason."""
        if story.published <= self.house.now():
            return story.headline, ""
        time = briefing.clock(story.published, dates(asked.language), self.house.newsroom.time_zone)
        return story.headline, words(asked.language)["edition_embargoed"].format(time=time)


def _kept(typed: Form, known: Known) -> tuple[str, ...]:
    """The boxes that hold what is not saved; where it can only be copied, those with something in them."""
    kept = not_saved(typed, known.selection)
    return tuple(one for one in kept if known.takes_words or typed.single[one].strip())


def _lead(selection: Selection | None) -> str:
    return selection.lead.teaser.headline if selection and selection.lead else ""


def _part(said: Said | None, known: Known, parts: Sequence[view.Part]) -> str:
    """The part of the page that has what is said: the one that the button stood in, while it is there."""
    if said is None:
        return ""
    there = {part.key for part in parts}
    there |= {WORDS} if known.is_open else set()
    there |= {GONE} if known.gone else set()
    there |= {"dropped"} if known.dropped else set()
    there |= {"left-out"} if known.left_out_by_rules else set()
    return said.where if said.where in there else TOP
