"""The door for what sources give: HTML and text made harmless once, and never again on the way out.

Both kinds of cleaning are idempotent: what they gave comes back unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urljoin, urlsplit

import nh3

from content.blank import is_blank
from content.markup import regular
from content.plain_markup import is_clean

TAGS = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col", "colgroup"),
        *("dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4"),
        *("h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt"),
        *("ruby", "s", "samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr"),
    }
)
"""What an article's text may be made of."""

LONGEST_ADDRESS = 2_000
"""Characters of a link; a longer one is dropped and its text stays."""

_NUMBER = re.compile(r"-?[0-9]{1,4}")
_SPAN = re.compile(r"[1-9][0-9]{0,2}")
_VALUES: Mapping[str, re.Pattern[str]] = {
    "lang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,6}"),
    "dir": re.compile("ltr|rtl|auto"),
    "width": _NUMBER,
    "height": _NUMBER,
    "start": _NUMBER,
    "value": _NUMBER,
    "span": _SPAN,
    "colspan": _SPAN,
    "rowspan": _SPAN,
    "type": re.compile("[1aAiI]"),
    "scope": re.compile("row|col|rowgroup|colgroup"),
    "datetime": re.compile(r"[0-9A-Z:.+ \-]{1,40}"),
}
"""The values that an attribute may have; href, src, alt and title are looked at apart."""

_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset({"href", "title"}),
    "abbr": frozenset({"title"}),
    "dfn": frozenset({"title"}),
    "img": frozenset({"src", "alt", "title", "width", "height"}),
    "ol": frozenset({"start", "type"}),
    "li": frozenset({"value"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
    "del": frozenset({"datetime"}),
    "ins": frozenset({"datetime"}),
}
_ANYWHERE = frozenset({"lang", "dir"})
_ALLOWED = {tag: {*_ATTRIBUTES.get(tag, ()), *_ANYWHERE} for tag in TAGS}
_LINK_SCHEMES = frozenset({"http", "https", "mailto"})
_IMAGE_SCHEMES = frozenset({"http", "https"})

# C0 but for tab, line feed, form feed and carriage return; DEL and C1; surrogates; every noncharacter; and
# the two overrides of direction, with which one headline turns round all that follows it.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]+"
)
_LINE_ENDS = re.compile("\r\n?|\x85|\u2028|\u2029")
# Not the spaces that typography sets on purpose: no-break, narrow, ideographic.
_SPACE = re.compile("[ \t\n\x0c\r\x85\u2028\u2029]+")
# How `<`, `>` and `&` of a text pass the sanitiser, which takes the square of their number for references.
# No text holds noncharacters of its own by then.
_MARKS = str.maketrans("<>&", "\ufdd2\ufdd3\ufdd4")
_REFERENCES = {"\ufdd2": "&lt;", "\ufdd3": "&gt;", "\ufdd4": "&amp;"}
_PRE_START = re.compile("(<pre[^>]*>)\n+")
_ODD = re.compile(r"""[\s"<>\\^`{|}]""")
_IN_ADDRESS = re.compile("[\t\n\x0c\r]+")


def clean_html(html: str, base: str = "") -> str:
    """`html` as an article's text may be: known elements, balanced and 60 deep at most, safe addresses.

    Links may be http, https or mailto and pictures http or https; relative ones are made absolute by
    `base`, the article's own address, and dropped without one. An element that is dropped leaves its text,
    but for scripts, styles, forms' fields, players, and what is `hidden`. Takes time in proportion to its
    input.
    """
    return html if is_clean(html) else cleaned(html, base)


def cleaned(html: str, base: str = "") -> str:
    """What `clean_html` gives, without a look whether it has anything to do."""
    balanced = regular(_plain(html), _attributes_by(base), _marked)
    clean = nh3.clean(
        balanced,
        tags=set(TAGS),
        attributes=_ALLOWED,
        attribute_filter=_safe,
        url_schemes=set(_LINK_SCHEMES),
        link_rel=None,
        strip_comments=True,
    )
    for mark, reference in _REFERENCES.items():
        clean = clean.replace(mark, reference)
    return _PRE_START.sub(r"\1", clean).strip()


def clean_line(text: str) -> str:
    """`text` as one line of plain text: without control characters, its white space folded; empty where
    nobody would see anything of it.

    Markup and references are left as they are: they are text here, and escaped wherever it is shown.
    """
    # No control character, noncharacter or space but the common one is printable.
    is_plain = text.isprintable() and "  " not in text
    line = (text if is_plain else _SPACE.sub(" ", _HARMFUL.sub("", text))).strip()
    return line if line.isascii() or not is_blank(line) else ""


def clean_text(text: str) -> str:
    """`text` as plain text of several lines: each cleaned as `clean_line` does, one empty line at most."""
    lines = [clean_line(line) for line in _plain(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_address(address: str, base: str = "", *, is_image: bool = False) -> str | None:
    """`address` as an absolute URL that may stand in public, or None where there is none in it."""
    text = _IN_ADDRESS.sub("", _HARMFUL.sub("", address)).strip()
    if not text or len(text) > LONGEST_ADDRESS:
        return None
    try:
        if not urlsplit(text).scheme:
            text = urljoin(base, text)
        parts = urlsplit(text)
        # Reading the port is what checks it.
        if parts.port == 0 or _ODD.search(parts.netloc):
            return None
    except ValueError:
        return None
    if parts.scheme not in (_IMAGE_SCHEMES if is_image else _LINK_SCHEMES):
        return None
    if not (parts.path if parts.scheme == "mailto" else parts.hostname):
        return None
    # What has no place in a URL is escaped; escapes that are there stay.
    return _ODD.sub(lambda odd: quote(odd[0], safe=""), text)


def _marked(text: str) -> str:
    # A reference may have named what must not stand here.
    return _plain(text).translate(_MARKS)


def _plain(text: str) -> str:
    return _LINE_ENDS.sub("\n", _HARMFUL.sub("", text))


def _attributes_by(base: str) -> Callable[[str, Mapping[str, str]], Mapping[str, str] | None]:
    def kept(tag: str, given: Mapping[str, str]) -> Mapping[str, str] | None:
        if tag not in TAGS:
            return None
        found: dict[str, str] = {}
        for name, value in given.items():
            if name in _ALLOWED[tag]:
                clean = _value(name, value, base)
                if clean is not None:
                    found[name] = clean
        if tag == "img":
            found.setdefault("alt", "")
            return found if "src" in found else None
        if (tag == "a" and "href" not in found) or (tag == "span" and not found):
            return None
        return found

    return kept


def _value(name: str, value: str, base: str) -> str | None:
    if name in ("href", "src"):
        return clean_address(value, base, is_image=name == "src")
    if name in ("alt", "title"):
        return clean_line(value) or None
    value = value.strip()
    return value if _VALUES[name].fullmatch(value) else None


def _safe(_tag: str, name: str, value: str) -> str | None:
    """The sanitiser's last look at each attribute: addresses by themselves, without a base."""
    return clean_address(value, is_image=name == "src") if name in ("href", "src") else value
