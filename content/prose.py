"""A body read as prose: its blocks, how many words they have, and where their sentences end.

What comes in is sanitised HTML, balanced as `content.markup` leaves it; what goes out of it is so too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape

from content.markup import VOID

ASIDES = frozenset({"figure", "h2", "h3", "h4", "h5", "h6", "hr", "img"})
"""Blocks beside the running text."""

_TOKEN = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>"']++|"[^"]*"|'[^']*')*+)>|([^<]+|<)""")
_KEPT = re.compile(r"""\s(?:(?:lang|dir)="[A-Za-z0-9-]*"|href="(?:https?|mailto):[^"<>]*")""")
# What a paragraph shown in public may hold: of attributes only a link, a language and a direction.
_INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "bdi",
            "bdo",
            "br",
            "cite",
            "code",
            "del",
            "dfn",
            "em",
            "i",
            "ins",
            "kbd",
            "mark",
        ),
        *("q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var"),
        "wbr",
    }
)
_LOOSE = _INLINE | {"img"}
_TAG_END = r"""(?![a-zA-Z0-9])(?:[^>"']++|"[^"]*"|'[^']*')*+>"""
_JOINING = re.compile(f"</?(?:{'|'.join(sorted(_LOOSE - {'br'}))}){_TAG_END}")
_PARTING = re.compile(f"</?[a-zA-Z][a-zA-Z0-9]*{_TAG_END}")
_WRAPPERS = frozenset({"div", "section"})

# Thai, Lao, Burmese, Khmer, Chinese and Japanese set no space between words: each character counts as one.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_CLOSERS = "\"'”’»›)\\]」』）】》〉"
_SENTENCE_END = re.compile(
    rf"(?P<mark>[.!?…]+)[{_CLOSERS}]*(?=\s|$)"
    # Marks that end a sentence with or without a space: Chinese, Japanese, Arabic, Urdu, Hindi, Ethiopic,
    # Armenian, Burmese, Khmer.
    rf"|[。！？｡؟۔।॥።։။។]+[{_CLOSERS}]*"
)
_ABBREVIATIONS = frozenset(
    {
        *("approx", "art", "bros", "bzw", "ca", "capt", "cf", "co", "col", "dept", "dr", "ed", "eds", "etc"),
        *("fig", "gen", "gov", "hon", "inc", "jr", "lt", "ltd", "maj", "max", "min", "mlle", "mme", "mr"),
        *("mrs", "ms", "mt", "nr", "no", "pp", "prof", "rep", "rev", "sen", "sgt", "sr", "st", "ste", "vgl"),
        *("vol", "vs"),
    }
)
# Initials (J., U.S.), and ordinals as in German or Danish (3. März).
_NO_END = re.compile(r"\W*(?:\w|(?:\w\.)+\w|[0-9]{1,2})")


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """One block of a body. It may be a subscriber's alone, so its repr shows nothing of it."""

    tag: str
    """Its element; `p` for text that stands in none."""
    html: str
    """What is inside of the element."""
    text: str

    def __repr__(self) -> str:
        return f"<Block {self.tag} of {len(self.text)} characters>"

    __str__ = __repr__

    @property
    def words(self) -> int:
        """How many words it has."""
        return word_count(self.text)


def blocks(html: str) -> Iterator[Block]:
    """The blocks of `html` in their order, those inside of plain wrappers too. All but asides have text."""
    inside: list[str] = []
    tag, depth = "", 0
    for token in _TOKEN.finditer(html):
        closing, name, _, text = token.groups()
        if text is not None:
            inside.append(text)
            continue
        if depth == 0 and not tag and name not in _LOOSE:
            # What stood loose before it is over; a wrapper's two tags do no more than that.
            yield from _block("p", inside)
            if not closing and name not in _WRAPPERS:
                tag, depth = name, int(name not in VOID)
        else:
            depth += 0 if name in VOID else -1 if closing else 1
            if not tag or depth > 0:
                inside.append(token[0])
        if tag and depth == 0:
            yield from _block(tag, inside)
            tag = ""
    yield from _block(tag or "p", inside)


def _block(tag: str, inside: list[str]) -> Iterator[Block]:
    """The block that is made of `inside`, which is empty then; none where it has nothing to show."""
    html = "".join(inside)
    inside.clear()
    text = plain(html)
    if text.strip() or tag in ASIDES:
        yield Block(tag, html, text)


def opening(block: Block, words: int) -> tuple[str, int]:
    """The paragraph's beginning, as HTML, in whole sentences of `words` words at most; and how many it has.

    Empty where not even one sentence fits. Pictures, and attributes but for links, are left out.
    """
    end, used = 0, 0
    for stop in (*sentence_ends(block.text), len(block.text)):
        more = word_count(block.text[end:stop])
        if used + more > words:
            break
        end, used = stop, used + more
    return (f"<p>{_cut(block.html, end)}</p>", used) if used else ("", 0)


def following(block: Block, beginning: str) -> str:
    """The inside of the paragraph that comes after `beginning`, its text's first words; as HTML, balanced.

    Spaces do not count. Elements that are empty by then, pictures among them, are left out.
    """
    out: list[str] = []
    open_: list[str] = []
    left = len("".join(beginning.split()))
    for token in _TOKEN.finditer(block.html):
        closing, name, _, text = token.groups()
        if left <= 0:
            out.append(token[0])
        elif text is not None:
            piece = unescape(text)
            end = 0
            while end < len(piece) and left > 0:
                left -= not piece[end].isspace()
                end += 1
            if left <= 0:
                out += [*open_, escape(piece[end:].lstrip(), quote=False)]
        elif closing:
            open_.pop()
        elif name not in VOID:
            open_.append(token[0])
    found = "".join(out)
    return found if plain(found).strip() else ""


def sentence_ends(text: str) -> Iterator[int]:
    """Where sentences of `text` end, the closing quotes with them; abbreviations and initials are none."""
    for match in _SENTENCE_END.finditer(text):
        rest = text[match.end() : match.end() + 10].lstrip()
        if match["mark"] and rest:
            start = text[max(0, match.start() - 20) : match.start()]
            word = re.split(r"\s", start)[-1].strip(_CLOSERS + "([«“„‘")
            is_short = bool(_NO_END.fullmatch(word)) or word.lower() in _ABBREVIATIONS
            if rest[0].islower() or (is_short and match["mark"] == "."):
                continue
        yield match.end()


def word_count(text: str) -> int:
    """How many words `text` has: what stands between spaces, or each character where words have none."""
    return len((text if text.isascii() else _UNSPACED.sub(" x ", text)).split())


def shortened(text: str, length: int) -> str:
    """`text` in whole sentences of `length` characters at most; a longer first sentence is cut at a word."""
    if len(text) <= length:
        return text
    end = max((stop for stop in sentence_ends(text) if stop <= length), default=0)
    if end:
        return text[:end]
    start = text[: length - 1]
    return (start.rsplit(None, 1)[0] if " " in start else start).rstrip() + "…"


def plain(html: str) -> str:
    """The text of `html`, a line end for each tag that parts words: those of blocks, items and breaks."""
    return unescape(_PARTING.sub("\n", _JOINING.sub("", html)))


def _cut(html: str, length: int) -> str:
    """The first `length` characters of the text of `html`, with its inline elements closed."""
    out: list[str] = []
    open_: list[str] = []
    left = length
    for token in _TOKEN.finditer(html):
        name = token[2]
        if token[4] is not None:
            piece = unescape(token[4])
            out.append(escape(piece[:left], quote=False))
            left -= len(piece)
        elif name in _INLINE and not token[1]:
            out.append(f"<{name}{''.join(_KEPT.findall(token[3]))}>")
            if name not in VOID:
                open_.append(name)
        elif name in open_ and token[1]:
            out.append(f"</{open_.pop()}>")
        if name is not None and (name not in _LOOSE or name == "br"):
            left -= 1
        if left <= 0:
            break
    return "".join(out).rstrip() + "".join(f"</{name}>" for name in reversed(open_))
