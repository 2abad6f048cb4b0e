"""Who may read a whole article: the only way to a body."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from content.article import Access, Body, StoredArticle


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks to read, as far as that decides what they may. Nobody in particular may read what is free."""

    registered: bool = False
    """Known to the newsroom, whatever the plan."""
    paying: bool = False
    """On a paid or a group plan, or in a trial, today."""
    products: frozenset[str] = field(default=frozenset())


def body_for(stored: StoredArticle, viewer: Viewer, now: datetime) -> Body | None:
    """The article's body if `viewer` may read it at `now`, else None.

    Nobody reads what is withdrawn or still under embargo. A paid article with products wants one of them.
    """
    article = stored.article
    if stored.withdrawn is not None or article.published > now:
        return None
    if article.access is Access.FREE:
        allowed = True
    elif article.access is Access.REGISTERED:
        allowed = viewer.registered or viewer.paying
    else:
        allowed = viewer.paying and (not article.products or bool(article.products & viewer.products))
    return article.body if allowed else None
