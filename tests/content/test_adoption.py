"""Which article of a new source is which of an old one, and that it keeps its id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from content import holdings, store
from content.adoption import Moving, adopt, moving, propose
from newsroom.database import reading, writing
from tests.samples import NOON, article

DAY = datetime(2026, 3, 10, 6, tzinfo=UTC)


def one(name: str, **changes: Any) -> Moving:
    values = {
        "id": f"tag:{name}",
        "reference": f"old/{name}",
        "url": f"https://quay.example/{name}",
        "slug": name,
        "headline": f"The {name} story",
        "published": DAY,
    } | changes
    return Moving(**values)


def test_by_address_then_slug_then_headline_and_day() -> None:
    old = [one("a"), one("b"), one("c"), one("d"), one("e")]
    new = [
        one("a", reference="new/1", slug="x", url="http://quay.example/a/"),
        one("b", reference="new/2", url="https://quay.example/2026/b"),
        one(
            "c",
            reference="new/3",
            url="https://quay.example/3",
            slug="three",
            published=DAY + timedelta(hours=3),
        ),
        one("z", reference="new/4", headline="The d story", published=DAY + timedelta(days=2)),
    ]
    found = propose(old, new)
    assert [(match.article.slug, match.reference, match.by) for match in found.matches] == [
        ("a", "new/1", "address"),
        ("b", "new/2", "slug"),
        ("c", "new/3", "headline and day"),
    ]
    assert [left.slug for left in found.left] == ["d", "e"]
    assert [new.reference for new in found.new] == ["new/4"]


def test_two_of_a_kind_are_left_to_a_person() -> None:
    old = [one("a", url="https://quay.example/", headline="Weather"), one("b", url="", headline="Weather")]
    new = [one("x", reference="new/1", url="", slug="c", headline="Weather")]
    found = propose(old, new)
    assert found.matches == ()
    assert len(found.left) == 2


def test_an_adopted_article_keeps_its_id_and_is_read_anew(engine: Engine) -> None:
    with writing(engine) as connection:
        for name in ("a", "b"):
            store.insert(connection, article(name), "hash", NOON)
    with reading(engine) as connection:
        old = moving(connection, article("a").source)
    match, _ = propose(old, [one(each.slug, reference=f"posts/{each.slug}") for each in old]).matches
    with writing(engine) as connection:
        assert adopt(connection, [match], "ghost") == 1
    with reading(engine) as connection:
        (known,) = holdings.of_source(connection, "ghost").values()
    assert (known.id, known.reference, known.content_hash) == (match.article.id, match.reference, "")
