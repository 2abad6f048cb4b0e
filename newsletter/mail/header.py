"""Header lines of a message (RFC 5322): any text in, lines out that no text can break."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LITERAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What stands for itself in an encoded word, wherever it is (RFC 2047, 5 (3))."""
_Q = [chr(byte) if byte in _LITERAL else "_" if byte == 0x20 else f"={byte:02X}" for byte in range(256)]

_ROOM = 52
"""Characters of an encoded word between its `=?utf-8?q?` and `?=`: 64 in all, so that the longest name of
a header fits before the first one on a line of 76."""
_PLAIN_LINE = 60
"""Up to here an ordinary text needs no folding, whatever the header's name."""
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_SOUND_URL = re.compile(r"[!#-;=?-Z\[\]_a-z~]+")
_SOUND_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
"""Visible ASCII but for `<`, `>` and `@` on both sides: to name what is not there took thrice as long."""


def line(name: str, value: str) -> bytes:
    """One header with its line end. `value` comes from the functions below, or is ASCII of our own."""
    return f"{name}: {value}\r\n".encode()


def one_line(text: str) -> str:
    """`text` without what could end a header or be no text at all: each run of it becomes a space."""
    return _CONTROLS.sub(" ", text) if _CONTROLS.search(text) else text


def unstructured(text: str) -> str:
    """The value of a header such as Subject, in encoded words (RFC 2047) unless it is short plain ASCII."""
    text = one_line(text)
    is_plain = text.isascii() and len(text) <= _PLAIN_LINE and "=?" not in text and text == text.strip()
    return text if is_plain else encoded_words(text)


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, as From, To and List-Id have it. The address has to be sound already."""
    name = one_line(name).strip()
    if not name:
        return f"<{address}>"
    if not name.isascii() or len(name) > _PLAIN_LINE or "=?" in name:
        return f"{encoded_words(name)}\r\n <{address}>"
    phrase = name if _ATOMS.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    fold = "\r\n " if len(phrase) + len(address) > _PLAIN_LINE else " "
    return f"{phrase}{fold}<{address}>"


def list_id(value: str) -> str:
    """A List-Id's value (RFC 2919), its phrase encoded where it has to be."""
    value = one_line(value).strip()
    phrase, bracket, identifier = value.rpartition("<")
    if not bracket:
        return f"<{_visible(value)}>"
    return mailbox(_unquoted(phrase.strip()), _visible(identifier))


def url(text: str) -> str:
    """`<text>`, whatever cannot stand in a header's address percent-encoded (RFC 2369, 2)."""
    return f"<{text if _SOUND_URL.fullmatch(text) else quote(one_line(text), safe=_URL_SAFE)}>"


def message_id(text: str) -> str:
    """`<text>`; what cannot stand in a Message-ID is left out."""
    return f"<{text if _SOUND_ID.fullmatch(text) else _visible(text)}>"


def encoded_words(text: str) -> str:
    """`text` in as many encoded words as it takes, folded, each of whole characters (RFC 2047, 5)."""
    raw = text.encode()
    spelled = sum(byte not in _LITERAL and byte != 0x20 for byte in raw)
    # Q stays legible for languages with a few accents; B is the shorter one for all the others.
    words = _q_words(text) if spelled * 6 <= len(raw) else _b_words(text)
    return "\r\n ".join(words)


def _q_words(text: str) -> list[str]:
    words, word = [], ""
    for character in text:
        spelled = "".join(_Q[byte] for byte in character.encode())
        if len(word) + len(spelled) > _ROOM:
            words.append(word)
            word = ""
        word += spelled
    return [f"=?utf-8?q?{word}?=" for word in (*words, word)]


def _b_words(text: str) -> list[str]:
    words, word = [], b""
    for character in text:
        raw = character.encode()
        if len(word) + len(raw) > _ROOM // 4 * 3:
            words.append(word)
            word = b""
        word += raw
    return [f"=?utf-8?b?{b64encode(word).decode()}?=" for word in (*words, word)]


def _unquoted(phrase: str) -> str:
    if len(phrase) > 1 and phrase[0] == phrase[-1] == '"':
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return phrase


def _visible(text: str) -> str:
    return "".join(character for character in text if "!" <= character <= "~" and character not in "<>")
