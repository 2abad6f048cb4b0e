"""What the page that a press led to says of what was done, and of what came with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from web import edition_view as view
from web.edition_deeds import BESIDES, TOP
from web.edition_form import CHOICES
from web.edition_known import Known
from web.edition_said import Said

_DEEDS = ("hold", "release", "now", "stop", "save")
_OTHERS = {"moved": "edition_did_moved", "gave": "edition_did_gave", "came": "edition_did_back"}
"""What became of other stories by a press, and the phrase that says it of one."""
_OF_THE_LEAD = ("leads", "given", "stays")
"""What is said first of all that came with it."""


def done(query: Sequence[tuple[str, str]], known: Known, phrase: Callable[..., str]) -> Said | None:
    """What the address of a page has of a press; None for another page, and once something was done since.
    `phrase` has the words, and fills them in."""
    got = dict(query)
    if got.get("line") != str(known.seen) or got.get("did") not in (*CHOICES, *_DEEDS):
        return None
    names, do, story = known.headlines, got["did"], got.get("of", "")
    key = f"edition_did_{do}" if story in names or do not in CHOICES else "edition_done"
    lines = [
        phrase(key, headline=names.get(story, "")),
        *_besides(query, known, phrase, _OF_THE_LEAD),
        *_others(query, known, phrase),
        *_besides(query, known, phrase, [one for one in BESIDES if one not in _OF_THE_LEAD]),
    ]
    if "text" in got:
        lines.append(phrase("edition_did_text"))
    return Said(tuple(lines), got.get("in", TOP))


def _others(query: Sequence[tuple[str, str]], known: Known, phrase: Callable[..., str]) -> list[str]:
    names, sections = known.headlines, view.titles(known)
    return [
        phrase(_OTHERS[name], headline=names[one], section=sections.get(one, ""))
        for name, one in query
        if name in _OTHERS and one in (sections if name == "moved" else names)
    ]


def _besides(
    query: Sequence[tuple[str, str]], known: Known, phrase: Callable[..., str], which: Sequence[str]
) -> list[str]:
    if known.selection is None or not known.has_news:
        return []
    lead, subject = known.selection.lead, known.selection.subject
    headline = lead.teaser.headline if lead else ""
    return [
        phrase(f"edition_did_{value}", headline=headline, subject=subject)
        for name, value in query
        if name == "also" and value in which
    ]
