"""The one door from an article to anything public: a Teaser has no body, so a leak is a type error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from content.article import Access, LeadImage, StoredArticle
from newsroom.masthead import Paywall


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
    minutes: int
    """How long the whole article takes to read; 0 where it has no body."""

    @property
    def is_sponsored(self) -> bool:
        """True for paid content, which is labelled so wherever it stands."""
        return bool(self.sponsor)

    @property
    def is_closed(self) -> bool:
        """True where not everybody may read the body."""
        return self.access is not Access.FREE


def teaser_of(stored: StoredArticle, paywall: Paywall) -> Teaser:
    """What anyone may read of `stored`. Whether its time has come is for whoever asks to know."""
    article = stored.article
    booking = article.booking
    return Teaser(
        id=article.id,
        revision=stored.revision,
        slug=article.slug,
        url=article.url,
        headline=article.headline,
        label=article.label,
        teaser=article.teaser,
        public_html="",
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
        minutes=-(-article.words // 200),
    )
