"""HTML that is clean as it stands: a look at it saves the work of cleaning.

Known are paragraphs, headings, lists and quotations without attributes, emphasis and links to plain
addresses in them, and text without odd characters: what cleaning gives back letter by letter.
"""

from __future__ import annotations

import re

_TEXT = "[^<>&]++|&(?:amp|lt|gt);"
# Without dots or hyphens side by side, and with letters at its host's end: to nobody it means anything else.
_ADDRESS = "https?://(?:[A-Za-z0-9]{1,60}+[.-]){1,9}+[A-Za-z]{2,20}(?:/[A-Za-z0-9_/-]{0,500}+(?:[.][A-Za-z0-9_/-]{1,90}+){0,9}+)?"


def _within(tag: str, content: str, attributes: str = "") -> str:
    return f"<{tag}{attributes}>(?:{content})*+</{tag}>"


_MARKED = "|".join(_within(tag, _TEXT) for tag in ("em", "strong", "b", "i"))
_LINK = _within("a", f"{_TEXT}|{_MARKED}", f' href="{_ADDRESS}"')
_SPANS = "|".join(_within(tag, f"{_TEXT}|{_MARKED}") for tag in ("em", "strong"))
_LINE = f"{_TEXT}|{_SPANS}|{_MARKED}|{_LINK}|<br>"
_PARAGRAPH = _within("p", _LINE)
_ITEM = _within("li", _LINE)
_BLOCKS = "|".join(
    (
        _PARAGRAPH,
        *(_within(tag, f"{_TEXT}|{_MARKED}") for tag in ("h2", "h3", "h4")),
        *(_within(tag, rf"{_ITEM}|\n") for tag in ("ul", "ol")),
        _within("blockquote", rf"{_PARAGRAPH}|\n"),
    )
)
_CLEAN = re.compile(rf"(?:{_BLOCKS}|\n)*+")


def is_clean(html: str) -> bool:
    """True where cleaning is known to give this very text back; takes time in proportion to it."""
    # What is printable has no control character, line separator, noncharacter or space but the common one.
    return (
        html[:1] == "<"
        and html[-1:] == ">"
        and html.replace("\n", "").isprintable()
        and _CLEAN.fullmatch(html) is not None
    )
