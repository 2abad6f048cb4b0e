"""The one door from an article to anything public: a Teaser has no body, so a leak is a type error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from content.article import Access, Article, LeadImage, StoredArticle
from content.prose import ASIDES, blocks, following, opening, plain, shortened, word_count
from newsroom.masthead import Paywall

WORDS_A_MINUTE = 200
"""How fast people read."""

LONGEST_TEASER = 300
"""Characters of a teaser that is made of a free article's first paragraph."""

_PARAGRAPH = re.compile(r"<p(?:\s[^<>]*)?>$")


@dataclass(frozen=True, slots=True)
class Teaser:
    """What anyone may read of an article. Plain text, but for `public_html`."""

    id: str
    revision: int
    slug: str
    url: str
    headline: str
    label: str
    teaser: str
    """At most a few sentences; empty where the article has only a headline to show."""
    public_html: str
    """The public first paragraphs after the teaser, sanitised HTML; often empty."""
    authors: tuple[str, ...]
    language: str
    published: datetime
    updated: datetime
    changed: datetime
    """The newest recorded change, moves included: what a feed's own date is made of."""
    sections: tuple[str, ...]
    rank: int | None
    pinned: bool
    place: str
    access: Access
    products: frozenset[str]
    image: LeadImage | None
    sponsor: str
    """The sponsor's name; empty for the newsroom's own articles."""
    run_from: datetime | None
    run_until: datetime | None
    correction: str
    sensitive: bool
    again: bool
    no_digest: bool
    minutes: int
    """How long the whole article takes to read; 0 where it has no body."""
    sticky: bool = False
    """Pinned, and who is pinned for the digest leads before it. Older editions do not say it."""

    @property
    def is_sponsored(self) -> bool:
        """True for paid content, which is labelled so wherever it stands."""
        return bool(self.sponsor)

    @property
    def is_closed(self) -> bool:
        """True where not everybody may read the body."""
        return self.access is not Access.FREE


def teaser_of(stored: StoredArticle, paywall: Paywall) -> Teaser:
    """What anyone may read of `stored`. Whether its time has come is for whoever asks to know.

    A closed article has the editor's own teaser or none, and in `public_html` what `paywall` allows: its
    first paragraphs, but for one that repeats the teaser, of a quarter of its words at most. Where the editor
    put a wall into it, everything before that is public instead, but for what the teaser says of it. A free
    article without a teaser, or one with a wall of its own, has the beginning of its first paragraph.
    """
    article = stored.article
    booking = article.booking
    is_open = article.access is Access.FREE
    words = article.teaser or _beginning(article.body.html if is_open else article.opening)
    before_wall = _after_teaser(article.opening, words)
    return Teaser(
        id=article.id,
        revision=stored.revision,
        slug=article.slug,
        url=article.url,
        headline=article.headline,
        label=article.label,
        teaser=words,
        public_html=""
        if is_open
        else before_wall
        if article.opening
        else _public_html(article, paywall.public_paragraphs),
        authors=article.authors,
        language=article.language,
        published=article.published,
        updated=article.updated,
        changed=stored.changed,
        sections=article.sections,
        rank=article.rank,
        pinned=article.pinned,
        place=article.place,
        access=article.access,
        products=article.products,
        image=article.image,
        sponsor=booking.sponsor if booking else "",
        run_from=booking.run_from if booking else None,
        run_until=booking.run_until if booking else None,
        correction=article.correction,
        sensitive=article.sensitive,
        again=article.again,
        no_digest=article.no_digest,
        minutes=-(-article.words // WORDS_A_MINUTE) if article.body.html else 0,
        sticky=article.sticky,
    )


def _beginning(public: str) -> str:
    """The first paragraph in whole sentences, as one line."""
    first = next((block for block in blocks(public) if block.tag == "p"), None)
    return shortened(_joined(first.text), LONGEST_TEASER) if first else ""


def _after_teaser(public: str, teaser: str) -> str:
    """`public` without what the teaser says already: its first paragraph, or the beginning of that."""
    first = next((block for block in blocks(public) if block.tag == "p"), None)
    said = teaser.rstrip(".…")
    text = _joined(first.text) if first else ""
    if first is None or not said or not text.startswith(said) or text[len(said) :][:1].isalnum():
        return public
    rest = "" if _same(first.text, teaser) else following(first, teaser.rstrip("…"))
    start = public.index(first.html)
    end = start + len(first.html)
    tag = _PARAGRAPH.search(public, 0, start)
    if not rest and tag and public.startswith("</p>", end):
        start, end = tag.start(), end + len("</p>")
    return public[:start] + rest + public[end:]


def _public_html(article: Article, paragraphs: int) -> str:
    if paragraphs <= 0:
        return ""
    running = (block for block in blocks(article.body.html) if block.tag not in ASIDES)
    first, second = next(running, None), next(running, None)
    if first is None or second is None:
        # A brief: any of it is most of it.
        return ""
    left = word_count(plain(article.body.html)) // 4
    rest = chain((first, second), running)
    if _same(first.text, article.teaser):
        left -= first.words
        next(rest)
    out: list[str] = []
    for block in islice(rest, paragraphs):
        html, words = opening(block, left) if block.tag == "p" else ("", 0)
        out.append(html)
        left -= words
        if words < block.words:
            break
    return "".join(out)


def _joined(text: str) -> str:
    return " ".join(text.split())


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".…")
