"""Who gets a body."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from content.article import Access
from content.entitlement import Viewer, body_for
from tests.samples import NOON, stored

NOBODY = Viewer()
REGISTERED = Viewer(registered=True)
PAYING = Viewer(registered=True, paying=True)
MAPS = replace(PAYING, products=frozenset({"maps"}))
MAPS_UNPAID = Viewer(registered=True, products=frozenset({"maps"}))


@pytest.mark.parametrize(
    ("access", "products", "readers"),
    [
        (Access.FREE, (), (NOBODY, REGISTERED, PAYING, MAPS, MAPS_UNPAID)),
        (Access.REGISTERED, (), (REGISTERED, PAYING, MAPS, MAPS_UNPAID)),
        (Access.PAID, (), (PAYING, MAPS)),
        (Access.PAID, ("maps", "wine"), (MAPS,)),
        (Access.PAID, ("wine",), ()),
    ],
)
@pytest.mark.parametrize("viewer", [NOBODY, REGISTERED, PAYING, MAPS, MAPS_UNPAID])
def test_who_reads_what(access, products, readers, viewer):
    article = stored(access=access, products=frozenset(products))
    expected = article.article.body if viewer in readers else None
    assert body_for(article, viewer, NOON) == expected


@pytest.mark.parametrize("access", list(Access))
def test_nobody_reads_an_embargoed_or_a_withdrawn_article(access):
    article = stored(access=access)
    published = article.article.published
    assert body_for(article, MAPS, published - timedelta(microseconds=1)) is None
    assert body_for(article, MAPS, published) is not None
    assert body_for(replace(article, withdrawn=NOON), MAPS, NOON) is None
