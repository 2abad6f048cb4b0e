"""A feed's bytes as text, whatever their encoding is said to be, and as XML that every parser reads."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from html.entities import html5

from newsroom.errors import SourceError

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    # No mark, but `<` in two or four bytes.
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
# As browsers have it: who says the left one mostly means the right one, which can do more.
_MEANT = {
    **dict.fromkeys(("ascii", "iso8859-1"), "windows-1252"),
    "iso8859-9": "windows-1254",
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
# Python knows more codecs than there are character sets: utf_7 and idna would hide what is looked for.
_CHARACTER_SET = re.compile(
    r"ascii|big5|cp\d|euc|gb|hp_roman|hz$|iso|johab|koi8|kz1048|mac[-_]|ptcp|shift|tis|utf-(?:8|16|32)"
)
# They write everything in seven bits, so it would pass for UTF-8.
_SEVEN_BITS = re.compile(r"iso2022|hz$")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]+")

_PROLOG = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE(?:[^>\[\"']++|\"[^\"]*+\"|'[^']*+')*+(?P<end>.)", re.IGNORECASE | re.DOTALL)

_ASIDE = re.compile(r"<!\[CDATA\[|<!--")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_XML_OWN = ("amp;", "lt;", "gt;", "quot;", "apos;")
_BARE_AND = re.compile(r"&(?!(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_BARE_LESS = re.compile(r"<(?![A-Za-z_/!?])")
_WITHOUT_END = re.compile(r"<(br|hr|img|wbr|input)(?=[\s/>])([^<>]*?)/?>(?:\s*</\1>)?", re.IGNORECASE)
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]{0,30}):[A-Za-z_]|\s([A-Za-z_][\w.-]{0,30}):[A-Za-z_][\w.-]*\s*=")
_PREFIX_DECLARED = re.compile(r"\sxmlns:([\w.-]+)\s*=")
_KNOWN_PREFIXES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "atom": "http://www.w3.org/2005/Atom",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
}
ROOT = re.compile(r"<(?:\w+:)?(?:rss|rdf|feed|channel)(?=[\s>])", re.IGNORECASE)
"""Where a feed begins, and any XML declaration before it is over."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document as text."""

    text: str
    is_clean: bool = True
    """False where some of it was not in the encoding that the rest is in."""


def decoded(data: bytes, content_type: str) -> Decoded:
    """`data` as text, without the characters that XML cannot have.

    What is valid UTF-8 is UTF-8, whatever is said of it: that comes about by accident in no other encoding,
    and servers' own settings are wrong more often. Otherwise the header's charset is tried, then the
    document's own. Where neither is right, it is UTF-8 with bytes of Windows-1252 in between.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return Decoded(_NOT_XML.sub("", text).lstrip("\ufeff"), "\ufffd" not in text)
    said = [codec_of(match[1]) for match in (_CHARSET.search(content_type),) if match]
    said += [codec_of(match[1].decode("ascii")) for match in (_DECLARED.match(data),) if match]
    seven_bits = [name for name in said if _SEVEN_BITS.match(name)]
    for encoding in (*seven_bits, "utf-8", *filter(None, said)):
        try:
            return Decoded(_NOT_XML.sub("", data.decode(encoding)))
        except UnicodeDecodeError:
            continue
    return Decoded(_NOT_XML.sub("", data.decode("utf-8", "windows-1252")), is_clean=False)


def without_doctype(text: str) -> str:
    """`text` from its root element on. Raises SourceError, without the address, where it defines entities.

    They are what a bomb is made of, and no feed needs them. A reference to a DTD elsewhere, as RSS 0.91 has
    it, is dropped: nothing is fetched.
    """
    start = _PROLOG.match(text)
    position = start.end() if start else 0
    doctype = _DOCTYPE.match(text, position)
    if doctype is None:
        return text[position:]
    if doctype["end"] != ">":
        raise SourceError(
            "it brings a document type with definitions of its own (DTD), which are not read, for a few "
            "lines of them can fill the memory; have it written without"
        )
    rest = text[doctype.end() :]
    after = _PROLOG.match(rest)
    return rest[after.end() :] if after else rest


def mended(text: str) -> str:
    """`text`, which is not well-formed, without the usual mistakes: what comes out may still have others.

    Junk before the root goes, HTML's named characters become characters, a bare `&` or `<` is text, `<br>` is
    closed, and a prefix that nobody has declared is.
    """
    root = ROOT.search(text)
    text = text[root.start() :] if root else text
    pieces = _pieces(text)
    pieces[::2] = [_mended_markup(piece) for piece in pieces[::2]]
    markup, text = "".join(pieces[::2]), "".join(pieces)
    used = {one or other for one, other in _PREFIX.findall(markup)}
    missing = sorted(used - {"xml", "xmlns", *_PREFIX_DECLARED.findall(markup)})[:100]
    if missing and (root := ROOT.match(text)):
        names = "".join(
            f' xmlns:{prefix}="{_KNOWN_PREFIXES.get(prefix, f"urn:x-unknown:{prefix}")}"'
            for prefix in missing
        )
        text = f"{text[: root.end()]}{names}{text[root.end() :]}"
    return text


def _pieces(text: str) -> list[str]:
    """Markup and, every second one, what none is in: CDATA sections and comments."""
    pieces: list[str] = []
    done = position = 0
    while start := _ASIDE.search(text, position):
        end = "]]>" if start[0] == "<![CDATA[" else "-->"
        position = text.find(end, start.end())
        if position < 0:
            break
        position += len(end)
        pieces += (text[done : start.start()], text[start.start() : position])
        done = position
    return [*pieces, text[done:]]


def _mended_markup(text: str) -> str:
    text = _NAMED.sub(_character, text)
    text = _BARE_AND.sub("&amp;", text)
    text = _BARE_LESS.sub("&lt;", text)
    return _WITHOUT_END.sub(r"<\1\2/>", text)


def _character(reference: re.Match[str]) -> str:
    name = reference[1]
    return reference[0] if name in _XML_OWN else html5.get(name, reference[0])


def codec_of(name: str) -> str:
    """The codec for a character set's name; empty for one that there is not."""
    try:
        found = codecs.lookup(name.lower()).name
    except LookupError:
        return ""
    return _MEANT.get(found, found) if _CHARACTER_SET.match(found) else ""


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """The bytes that are not UTF-8, as Windows-1252 has them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("windows-1252", "replace"), error.end


codecs.register_error("windows-1252", _as_windows)
