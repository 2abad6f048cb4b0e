"""A sponsored item of a list: whose it is, and what its headline is, though both stand in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from content.sources.pages_html import Node, line_of

# What a label says before the name, or alone.
_WORDS = re.compile(
    r"(?:(?:paid|brand(?:ed)?|partner|advertiser)\s+(?:post|content|partner(?:ship)?)|advertisement|advertorial"
    r"|sponsor(?:ed|s)?(?:\s+content)?|anzeige|werbung|gesponsert|gesponsord|advertentie|contenu\s+sponsorisé"
    r"|sponsorisé|publicité|(?:contenido\s+)?patrocinado|publicidad|sponsorizzato"
    r"|(?:in\s+partnership|presented)(?=\s+(?:by|with)))"
    r"(?:\s+(?:by|with|from|von|door|par|por|da))?\s*(?:[:|–—-]\s*|(?=\s|$))",
    re.IGNORECASE,
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | {"div", "p", "li", "header", "footer", "section", "ul", "ol", "br"}
_MOST_WORDS = 6


def name_of(text: str) -> str:
    """A sponsor's name without the words that say that it is one; empty where there are no others."""
    text = text.strip()
    found = _WORDS.match(text)
    return text[found.end() :].strip(" :|–—-\t") if found else text.strip(" :|–—-")


def by_boundary(node: Node) -> tuple[str, str]:
    """Sponsor and headline of a line whose first element is the sponsor's; empty where none is for sure.

    It is one where it is set apart from what follows, as a block, or run together with it, without a space;
    and where it is no longer than the rest, for some have the headline first.
    """
    while (only := _only_element(node)) is not None:
        node = only
    rest = line_of(node)
    parts = [one for one in node.iter(include_text=True) if one.tag == "br" or one.text(deep=True).strip()]
    for index, part in enumerate(parts[:-1]):
        if not part.is_element_node or part.tag in _HEADINGS or not _is_apart(part, parts[index + 1]):
            break
        line = line_of(part)
        rest = rest.removeprefix(line).strip()
        sponsor = name_of(line)
        if sponsor:
            words = len(sponsor.split())
            is_sure = words <= _MOST_WORDS and words <= len(rest.split())
            return (sponsor, rest) if is_sure else ("", "")
    return "", ""


def by_name(text: str, sponsors: Iterable[str]) -> tuple[str, str]:
    """Sponsor and headline of a line that begins with a name of `sponsors`; the longest that does."""
    text = name_of(text)
    for name in sorted(sponsors, key=len, reverse=True):
        rest = text[len(name) :]
        if text.casefold().startswith(name.casefold()) and rest.strip(" :|–—-"):
            return name, rest.strip(" :|–—-")
    return "", ""


def without_sponsor(headline: str, sponsor: str) -> str:
    """A headline that some pages have behind their sponsor's name, alone."""
    return by_name(headline, [sponsor])[1] if sponsor and _runs_together(headline, sponsor) else headline


def _runs_together(headline: str, sponsor: str) -> bool:
    rest = headline[len(sponsor) :]
    return headline.casefold().startswith(sponsor.casefold()) and bool(re.match(r"[^\W_]|\s*[:|–—-]\s", rest))


def _is_apart(part: Node, following: Node) -> bool:
    """Whether a browser sets the two apart, or a page's author forgot to."""
    if part.tag in _BLOCKS or following.tag in _BLOCKS:
        return True
    beside = part.next
    between = (beside.text(deep=True) if beside is not None else "")[:1]
    return not (part.text(deep=True)[-1:].isspace() or between.isspace())


def _only_element(node: Node) -> Node | None:
    """The one child that has all of a node's text."""
    shown: Sequence[Node] = [one for one in node.iter(include_text=True) if one.text(deep=True).strip()]
    return shown[0] if len(shown) == 1 and shown[0].is_element_node else None
