"""Whether a page can be parsed in a time that its size allows for. It is asked before anything is parsed.

HTML's rules make every parser look through all open elements with each block that begins, and repeat in each
paragraph whatever bold or italics was never closed: a few megabytes of these take hours and all memory.
"""

from __future__ import annotations

import re
from collections import defaultdict

MOST_OPEN = 500
"""Elements that are begun and not ended, as far as their tags alone tell."""
MOST_REPEATED = 1_000_000
"""Elements that a parser would put in anew, because others end before they do."""

_TAG = re.compile("<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# These end by themselves: with the next of their kind, or at once.
_SHORT = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source"),
        *("track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option"),
        *("optgroup", "rt", "rp", "a", "button", "nobr", "html", "head", "body", "colgroup", "path"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_FORMATTING = frozenset({"b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"})


def is_sound(html: str) -> bool:
    """Whether nothing in it is open that makes it grow."""
    opened: defaultdict[str, int] = defaultdict(int)
    total = formatting = repeated = 0
    for closing, name in _TAG.findall(html):
        kind = name.lower()
        if closing:
            if opened[kind]:
                opened[kind] -= 1
                total -= 1
                formatting -= kind in _FORMATTING
        elif kind not in _SHORT:
            opened[kind] += 1
            total += 1
            formatting += kind in _FORMATTING
        repeated += formatting
        if total > MOST_OPEN or repeated > MOST_REPEATED:
            return False
    return True
