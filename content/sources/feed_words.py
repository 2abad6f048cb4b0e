"""Texts of feeds as plain lines, right to the letter, and which of them an editor's teaser is."""

from __future__ import annotations

import re
from html import escape, unescape

from content.prose import blocks, plain
from content.sanitise import clean_html, clean_line, clean_text

LONGEST_TEASER = 600
"""Characters past which a summary is taken for the text itself."""

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|p|q|s|small|span|strike|strong"
    "|sub|sup|tt|u"
)
_END_TAG = re.compile(rf"</({_INLINE})\s*>", re.IGNORECASE)
_ANY_TAG = re.compile(rf"</?({_INLINE})(?:\s[^<>]*)?>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|wbr)\s*/?>", re.IGNORECASE)
_IMAGE = re.compile("<img [^<>]*>", re.IGNORECASE)
_SMILEY = re.compile(r"""class=["'][^"']*\b(?:wp-smiley|emoji)\b|/images/core/emoji/""")
_ALT = re.compile(r"""\salt=(?:"([^"]*)"|'([^']*)')""")
_ANCHOR = re.compile(r'<a href="([^"]*)"[^>]*>.*?</a>', re.DOTALL)
_CUT_OFF = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|\(\s*(?:…|\.\.\.)\s*\)|…|\.\.\.)$")


def line_of_html(html: str) -> str:
    """`html` as one line, as a browser shows it: without tags, its references read once."""
    return clean_line(plain(clean_html(html)))


def line_of_either(text: str) -> str:
    """A title of RSS, where nobody says whether it is text or HTML, as one line of text.

    Character references that end in a semicolon are read once; tags go that are known in HTML, for parts of
    a line, and are closed somewhere. Everything else is what somebody wrote: ` < `, `List<T>`, `AT&T`.
    """
    closed = {name.lower() for name in _END_TAG.findall(text)}
    text = _ANY_TAG.sub(lambda tag: "" if tag[1].lower() in closed else tag[0], text)
    text = _BREAK.sub(" ", text)
    return clean_line(_REFERENCE.sub(lambda reference: unescape(reference[0]), text))


def without_smileys(html: str) -> str:
    """`html` with its emoji as characters: WordPress's feeds have pictures of them."""
    return _IMAGE.sub(_smiley, html) if "emoji" in html or "smiley" in html else html


def html_of_text(text: str) -> str:
    """Plain text as HTML: empty lines part paragraphs."""
    paragraphs = re.split(r"\n\s*\n", clean_text(text))
    return "".join(
        f"<p>{escape(one.strip()).replace(chr(10), '<br>')}</p>" for one in paragraphs if one.strip()
    )


def text_and_teaser(
    body: str, summary: str, link: str, base: str, *, is_short: bool = False
) -> tuple[str, str]:
    """What of an item is the article's whole text, as HTML, and what its teaser, as plain text.

    Beside a `body` the `summary` (HTML as well) is the teaser, unless it is long, the body once more, or a
    part of it that a machine cut off. Alone it is the text; with `is_short`, which says that it is known to
    be a summary, the teaser, where it is not long.
    """
    body, summary = without_smileys(body), without_smileys(summary)
    if not summary:
        return body, ""
    teaser = _short(summary, link, base)
    if body:
        return body, "" if _is_of(teaser, body) else teaser
    return ("", teaser) if is_short and teaser else (summary, "")


def _short(summary: str, link: str, base: str) -> str:
    """The text of a summary without what leads to the article; empty where it is too long."""
    found: list[str] = []
    for block in blocks(clean_html(summary, base or link)):
        html = block.html
        leads_on = any(_is_at(unescape(address), link) for address in _ANCHOR.findall(html))
        if leads_on and found:
            # "The post ... appeared first on ...", "Read on".
            continue
        if leads_on:
            html = _ANCHOR.sub(lambda one: "" if _is_at(unescape(one[1]), link) else one[0], html)
        found.append(clean_line(plain(html)))
    text = " ".join(filter(None, found))
    return text if len(text) <= LONGEST_TEASER else ""


def _smiley(image: re.Match[str]) -> str:
    alt = _ALT.search(image[0])
    return (alt[1] or alt[2] or "") if alt and _SMILEY.search(image[0]) else image[0]


def _is_at(address: str, link: str) -> bool:
    return bool(link) and re.split("[?#]", address)[0] == re.split("[?#]", link)[0]


def _is_of(teaser: str, body: str) -> bool:
    """Whether it is the body, most of it, or a part of it broken off."""
    start, whole = _letters(_CUT_OFF.sub("", teaser)), _letters(plain(clean_html(body)))
    if not start or not whole:
        return False
    # Its end may be half a word, or the address of a film that the body shows.
    is_part = start[: len(start) * 9 // 10] in whole or whole in start
    return is_part and (bool(_CUT_OFF.search(teaser)) or 2 * len(start) > len(whole))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
