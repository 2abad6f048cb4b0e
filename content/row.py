"""An article as a row of the database, there and back; and the two hashes that say what an edit touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import RowMapping

from content.article import Access, Article, Body, Booking, LeadImage, Picture, StoredArticle
from newsroom.errors import ArticleError

_SORTED = json.JSONEncoder(sort_keys=True)
"""Made once: `json.dumps` makes one each time that it is told how."""


def columns(article: Article) -> dict[str, Any]:
    """The columns that hold `article` itself; those of its history are the store's.

    Raises ArticleError for a booking without a sponsor, which would be stored as news.
    """
    booking, details = article.booking, _details(article)
    if booking and not booking.sponsor:
        raise ArticleError(f"{article.reference}: a sponsored article needs the name of its sponsor")
    return {
        "id": article.id,
        "source": article.source,
        "reference": article.reference,
        "slug": article.slug,
        "url": article.url,
        "headline": article.headline,
        "published": article.published,
        "updated": article.updated,
        "access": article.access.value,
        "sponsor": booking.sponsor if booking else "",
        "run_from": booking.run_from if booking else None,
        "run_until": booking.run_until if booking else None,
        "again": article.again,
        "details": {
            **details,
            "reader_hash": reader_hash(article),
            "record_hash": _record_hash(article, details),
        },
        "body": article.body.html,
    }


def stored(row: RowMapping | Mapping[str, Any]) -> StoredArticle:
    """The article that a whole row of `articles` holds."""
    details = row["details"]
    article = Article(
        id=row["id"],
        source=row["source"],
        reference=row["reference"],
        slug=row["slug"],
        url=row["url"],
        headline=row["headline"],
        published=row["published"],
        updated=row["updated"],
        sections=tuple(details["sections"]),
        body=Body(row["body"]),
        teaser=details["teaser"],
        label=details["label"],
        authors=tuple(details["authors"]),
        language=details["language"],
        rank=details["rank"],
        pinned=details["pinned"],
        sticky=details.get("sticky", False),
        place=details["place"],
        access=Access(row["access"]),
        products=frozenset(details["products"]),
        image=_image(details["image"]),
        booking=Booking(row["sponsor"], row["run_from"], row["run_until"]) if row["sponsor"] else None,
        correction=details["correction"],
        sensitive=details["sensitive"],
        again=row["again"],
        opening=details["opening"],
        no_digest=details["no_digest"],
        tags=tuple(details["tags"]),
        words=details["words"],
    )
    return StoredArticle(
        article, row["revision"], row["changed"], first_seen=row["first_seen"], withdrawn=row["withdrawn"]
    )


def reader_hash(article: Article) -> str:
    """SHA-256 of what a reader reads: where it differs, the article was updated."""
    return _hash(
        article.headline,
        article.label,
        article.teaser,
        article.body.html,
        _image_details(article.image),
        article.access.value,
        article.correction,
    )


def record_hash(article: Article) -> str:
    """SHA-256 of everything but where the source has it: where it differs, something changed."""
    return _record_hash(article, _details(article))


def _record_hash(article: Article, details: Mapping[str, Any]) -> str:
    booking = article.booking
    return _hash(
        article.id,
        article.slug,
        article.url,
        article.headline,
        article.published.timestamp(),
        article.updated.timestamp(),
        article.body.html,
        article.access.value,
        article.again,
        [
            booking.sponsor,
            booking.run_from and booking.run_from.timestamp(),
            booking.run_until and booking.run_until.timestamp(),
        ]
        if booking
        else None,
        details,
    )


def _details(article: Article) -> dict[str, Any]:
    """Every field that has no column of its own."""
    return {
        "sections": list(dict.fromkeys(article.sections)),
        "teaser": article.teaser,
        "label": article.label,
        "authors": list(article.authors),
        "language": article.language,
        "rank": article.rank,
        "pinned": article.pinned,
        "place": article.place,
        "products": sorted(article.products),
        "image": _image_details(article.image),
        "correction": article.correction,
        "sensitive": article.sensitive,
        "opening": article.opening,
        "no_digest": article.no_digest,
        "tags": list(article.tags),
        "words": article.words,
        # Only where it is so: every other article stays as it is stored.
        **({"sticky": True} if article.sticky else {}),
    }


def _image_details(image: LeadImage | None) -> dict[str, Any] | None:
    if image is None:
        return None
    sizes = [[size.path, size.width, size.height, size.bytes, size.media_type] for size in image.sizes]
    return {"sizes": sizes, "alt": image.alt, "caption": image.caption, "credit": image.credit}


def _image(details: Mapping[str, Any] | None) -> LeadImage | None:
    if details is None:
        return None
    sizes = tuple(Picture(*size) for size in details["sizes"])
    return LeadImage(sizes, details["alt"], details["caption"], details["credit"])


def _hash(*values: object) -> str:
    return hashlib.sha256(_SORTED.encode(values).encode()).hexdigest()
