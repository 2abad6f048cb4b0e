"""The subject and the preheader: what an inbox shows of an edition."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace

from content.blank import is_blank
from content.teaser import Teaser
from newsletter.edition import Selection, SubjectRule
from newsletter.rendering.lines import closed, first_direction, isolated
from newsletter.rendering.phrases import is_opinion

SUBJECT_LIMIT = 60
"""A subject made by rule is shorter than this, in characters."""
WRITTEN_LIMIT = 300
"""Characters of a subject that is written by hand, as it is typed and filled in."""
PREHEADER_LIMIT = 150

_ELLIPSIS = "…"
_FIELD = re.compile(r"\{(lead|second|name|title|date)\}")
_BRACED = re.compile(r"\{[^{}]*\}?|\}")
_LEFT_OVER = " \t-–—|·:;,/("
_MARKS_ALONE = str.maketrans(dict.fromkeys(_LEFT_OVER))
# Embeddings, overrides and isolates would reach out of the piece that a cut leaves.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ZERO_WIDTH_JOINER = "\u200d"


def plain_headline(teaser: Teaser) -> str:
    """The headline as plain text shows it: an opinion is called so before it."""
    if is_opinion(teaser.label):
        return f"{teaser.label.strip()}: {teaser.headline}"
    return teaser.headline


def headlines(selection: Selection) -> tuple[str, ...]:
    """What subject and preheader may quote, in reading order: no sensitive and no sponsored headline."""
    quotable = (
        story.teaser
        for story in selection.stories
        if not story.teaser.sensitive and not story.teaser.is_sponsored
    )
    return tuple(one_line(plain_headline(teaser)) for teaser in quotable)


def subject_of(rule: SubjectRule, quotable: Iterable[str], limit: int = SUBJECT_LIMIT - 1) -> str:
    """The subject by rule, in at most `limit` characters.

    Where the rule wants a headline and there is none to quote, or where nothing but marks would be left, it
    is title and date, or as much of that as is whole within the limit.
    """
    lead, second, *_ = *quotable, "", ""
    if not lead and "{lead}" in rule.template:
        return _quiet_subject(rule)
    values = {"lead": lead, "second": second, "name": rule.name, "title": rule.title, "date": rule.date}
    said = _filled(one_line(rule.template), values).strip(_LEFT_OVER)
    says_nothing = is_blank(said.translate(_MARKS_ALONE))
    return _quiet_subject(rule) if says_nothing else _within(said, limit)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """`template` with its fields filled in, and kept apart what runs the other way than the line.

    The line runs as the template's own words do, or where it has none as an inbox takes it.
    """
    pieces = {name: one_line(value) for name, value in values.items()}
    text = " ".join(_FIELD.sub(lambda field: pieces[field[1]], template).split())
    direction = first_direction(_FIELD.sub("", template)) or first_direction(text)
    if not direction or text.strip(_LEFT_OVER) in pieces.values():
        return text
    return " ".join(_FIELD.sub(lambda field: isolated(pieces[field[1]], direction), template).split())


def has_fields(subject: str) -> bool:
    """Whether something is filled in, so that it is made anew from the stories there are."""
    return _FIELD.search(subject) is not None


def unknown_field(subject: str) -> str:
    """The first thing in braces that nothing fills in, or that is not closed; "" where all is right."""
    return next((one[0] for one in _BRACED.finditer(subject) if not _FIELD.fullmatch(one[0])), "")


def _quiet_subject(rule: SubjectRule) -> str:
    """The subject that quotes nothing. The date is what tells two mornings apart; the sender's name stands
    beside it in the inbox."""
    wordings = [f"{rule.title or rule.name}, {rule.date}", f"{rule.name}, {rule.date}", rule.date, rule.title]
    whole = [one_line(wording).strip(_LEFT_OVER) for wording in wordings]
    fitting = (wording for wording in whole if wording and len(wording) < SUBJECT_LIMIT)
    return next(fitting, cut(whole[0], SUBJECT_LIMIT - 1))


def preheader_of(quotable: Iterable[str]) -> str:
    """The second and the third headline."""
    _, *following = *quotable, ""
    said = [headline for headline in following[:2] if headline]
    direction = first_direction(" ".join(said))
    if direction and len(said) > 1:
        said = [isolated(headline, direction) for headline in said]
    return _within(" · ".join(said), PREHEADER_LIMIT)


def entitled(selection: Selection) -> Selection:
    """The selection with subject and preheader for its stories; an editor's subject stays, filled in where it
    has fields as the rule has: as long as it may be by hand, for what comes after a field was meant too."""
    quotable = headlines(selection)
    chosen = one_line(selection.edits.subject or "")
    if has_fields(chosen):
        chosen = subject_of(replace(selection.rule, template=chosen), quotable, WRITTEN_LIMIT)
    return replace(
        selection,
        subject=subject_of(selection.rule, quotable) if is_blank(chosen) else chosen,
        preheader=preheader_of(quotable),
    )


def one_line(text: str) -> str:
    """`text` in one line, without control characters: safe in a header."""
    spaced = " ".join(_DIRECTION.sub("", text).split())
    line = "".join(character for character in spaced if unicodedata.category(character) not in ("Cc", "Cs"))
    return " ".join(line.split())


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters: whole, or cut after a word, with an ellipsis.

    Where no word ends in the last two thirds (Chinese, Japanese, Thai, a very long compound) it is cut
    between two graphemes; an accent or a joined emoji is never torn from what it belongs to.
    """
    if len(text) <= limit:
        return text
    end = limit - len(_ELLIPSIS)
    space = text.rfind(" ", 0, end + 1)
    if space >= limit // 3:
        end = space
    else:
        while end > 0 and not _is_boundary(text, end):
            end -= 1
    return text[:end].rstrip(" ,;:.·-–—([{«“„‘\"'") + _ELLIPSIS


def _within(text: str, limit: int) -> str:
    """`cut`, with what is kept apart ended before the limit."""
    short = closed(cut(text, limit))
    return short if len(short) <= limit else closed(cut(text, 2 * limit - len(short)))


def _is_boundary(text: str, at: int) -> bool:
    """True where a grapheme may end before `text[at]`: UAX 29's extended clusters, as far as headlines go."""
    before, after = text[at - 1], text[at]
    if _extends(after) or before == _ZERO_WIDTH_JOINER:
        return False
    if _is_flag(before) and _is_flag(after):
        run = len(text[:at]) - len(text[:at].rstrip("".join(chr(code) for code in range(0x1F1E6, 0x1F200))))
        return run % 2 == 0
    return not (_is_jamo(before) and _is_jamo(after))


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or character in (_ZERO_WIDTH_JOINER, "\u200c")
        or 0x1F3FB <= ord(character) <= 0x1F3FF  # skin tones
        or 0xE0020 <= ord(character) <= 0xE007F  # the tags of a region's flag
    )


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _is_jamo(character: str) -> bool:
    return 0x1100 <= ord(character) <= 0x11FF
