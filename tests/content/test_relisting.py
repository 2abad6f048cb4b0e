"""Feeds by rule: articles are listed as they are stored, and all of them anew when the rules change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content import catalogue, relisting, store
from content.article import Access, Article, Booking
from content.feed_rules import RuleBook
from content.relisting import relist
from content.sync import Wish, sync_source
from content.tables import article_sections, feed_rules, section_changes
from newsroom.database import reading, writing
from newsroom.errors import SourceError, StoreError
from newsroom.masthead import FeedRule, Paywall
from newsroom.settings import SourceSettings
from tests import samples
from tests.samples import NOON, article

HOUR = timedelta(hours=1)
WATER = FeedRule("water", "Water", tags=("Sea wall", "floods"))
FREE = FeedRule("free", "Free", access="free")
BOOK = RuleBook((WATER, FREE))


class Shelf:
    """A store, and what its feeds by rule list."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, *some: Article, book: RuleBook = BOOK) -> None:
        with writing(self.engine) as connection:
            for one in some:
                store.insert(connection, one, "h", NOON, book)

    def edit(self, one: Article, hours: int = 1) -> None:
        with writing(self.engine) as connection:
            store.update(connection, one, "i", NOON + hours * HOUR, BOOK, changed=True)

    def list(self, key: str) -> list[str]:
        with reading(self.engine) as connection:
            found = catalogue.newest(connection, [f"feed:{key}"], NOON + 9 * HOUR, 50, Paywall())
        return [one.slug for one in found]

    def marks(self) -> dict[str, int]:
        """The hours after noon at which lists changed."""
        with reading(self.engine) as connection:
            rows = connection.execute(sa.select(section_changes))
            return {row.section: round((row.changed - NOON) / HOUR) for row in rows}

    def known(self) -> set[str]:
        with reading(self.engine) as connection:
            return set(connection.execute(sa.select(feed_rules.c.key)).scalars())

    def rows(self) -> int:
        query = sa.select(sa.func.count()).where(article_sections.c.section.like("feed:%"))
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one()


@pytest.fixture
def shelf(engine: Engine) -> Shelf:
    return Shelf(engine)


def test_an_article_is_listed_as_it_is_stored(shelf: Shelf) -> None:
    one = article("a", tags=("floods",))
    shelf.add(one, article("b", access=Access.FREE), article("c"))
    assert (shelf.list("water"), shelf.list("free")) == (["a"], ["b"])
    assert shelf.marks() == {"politics": 0, "feed:water": 0, "feed:free": 0}
    shelf.edit(replace(one, tags=(), access=Access.FREE))
    assert (shelf.list("water"), shelf.list("free")) == ([], ["a", "b"])
    assert shelf.marks() == {"politics": 1, "feed:water": 1, "feed:free": 1}
    with writing(shelf.engine) as connection:
        store.withdraw(connection, [one.id], NOON + 2 * HOUR, BOOK)
    assert shelf.list("free") == ["b"]
    assert shelf.marks() == {"politics": 2, "feed:water": 1, "feed:free": 2}
    shelf.edit(replace(one, tags=("sea-wall",)), hours=3)
    assert (shelf.list("water"), shelf.list("free")) == (["a"], ["b"])


def test_a_booking_is_in_none(shelf: Shelf) -> None:
    shelf.add(
        article("ad", tags=("floods",), sections=("partners",), booking=Booking("Kaap")), book=RuleBook()
    )
    relist(shelf.engine, (WATER,), NOON)
    assert shelf.rows() == 0


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_new_rules_list_what_is_there(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(relisting, "_AT_ONCE", at_once)
    some = [article(name, tags=("sea-wall",)) for name in "abc"]
    shelf.add(*some, article("d"), article("f", access=Access.FREE), book=RuleBook())
    later = article("e", tags=("floods",), published=NOON + 2 * HOUR, updated=NOON + 2 * HOUR)
    shelf.add(later, book=RuleBook())
    with writing(shelf.engine) as connection:
        store.withdraw(connection, [some[2].id], NOON)
    assert shelf.rows() == 0
    assert relist(shelf.engine, (WATER, FREE), NOON + HOUR) == 2
    assert (shelf.list("water"), shelf.list("free")) == (["e", "a", "b"], ["f"])
    assert shelf.marks() == {"politics": 0, "feed:water": 1, "feed:free": 1}
    assert relist(shelf.engine, (WATER, FREE), NOON + 2 * HOUR) == 0
    # Another title is no other rule.
    assert relist(shelf.engine, (replace(WATER, title="The sea"), FREE), NOON + 2 * HOUR) == 0


def test_other_conditions_list_anew_and_mark_what_differs(shelf: Shelf) -> None:
    shelf.add(article("a", tags=("floods",)), article("b", tags=("quiz",)))
    relist(shelf.engine, (WATER, FREE), NOON)
    assert relist(shelf.engine, (replace(WATER, tags=("Quiz",)), FREE), NOON + HOUR) == 1
    assert shelf.list("water") == ["b"]
    assert shelf.marks() == {"politics": 0, "feed:water": 1}
    # Others that come to the same change no feed.
    same = replace(WATER, tags=("quiz", "never"))
    assert relist(shelf.engine, (same, FREE), NOON + 2 * HOUR) == 1
    assert shelf.marks()["feed:water"] == 1


def test_a_dropped_rule_leaves_no_list(shelf: Shelf) -> None:
    shelf.add(article("a", tags=("floods",), access=Access.FREE))
    relist(shelf.engine, (WATER, FREE), NOON)
    assert relist(shelf.engine, (FREE,), NOON + HOUR) == 1
    assert (shelf.list("water"), shelf.list("free"), shelf.known()) == ([], ["a"], {"free"})


def test_a_pass_that_is_cut_off_is_made_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add(article("a", tags=("floods",)), article("b", tags=("floods",)), book=RuleBook())
    monkeypatch.setattr(relisting, "_AT_ONCE", 1)
    real, seen = relisting._list_anew, []

    def killed(*given: object) -> set[str]:
        seen.append(given)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(relisting, "_list_anew", killed)
    with pytest.raises(KeyboardInterrupt):
        relist(shelf.engine, (WATER,), NOON)
    monkeypatch.setattr(relisting, "_list_anew", real)
    assert shelf.rows() == 1
    assert shelf.known() == {"water"}
    # A rule that is dropped meanwhile leaves nothing of it, and one that stays is listed whole.
    assert relist(shelf.engine, (), NOON) == 1
    assert (shelf.rows(), shelf.known()) == (0, set())
    assert relist(shelf.engine, (WATER,), NOON) == 1
    assert shelf.list("water") == ["a", "b"]


SOURCE = SourceSettings("articles", "folder", Path("/nowhere/at/all"))


def test_a_sync_lists_by_the_rules_even_where_its_source_is_gone(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add(article("a", tags=("floods",)), book=RuleBook())
    room = samples.newsroom(rules=(WATER,))
    with pytest.raises(SourceError):
        sync_source(shelf.engine, SOURCE, room, tmp_path, NOON, Wish(stores=False, allow_withdrawals=True))
    assert shelf.list("water") == []
    with pytest.raises(SourceError):
        sync_source(shelf.engine, SOURCE, room, tmp_path, NOON, Wish(allow_withdrawals=True))
    assert shelf.list("water") == ["a"]


def test_a_sync_lists_what_it_finds(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "politics").mkdir()
    file = tmp_path / "politics" / "a.md"
    file.write_text("---\nheadline: A\npublished: 2026-03-10\ntags: [Floods]\n---\nText.\n")
    room = samples.newsroom(rules=(WATER, FREE))
    source = replace(SOURCE, path=tmp_path)
    sync_source(shelf.engine, source, room, tmp_path, NOON)
    assert (shelf.list("water"), shelf.list("free")) == (["a"], [])
    file.write_text("---\nheadline: A\npublished: 2026-03-10\naccess: free\n---\nText.\n")
    sync_source(shelf.engine, source, room, tmp_path, NOON + HOUR)
    assert (shelf.list("water"), shelf.list("free")) == ([], ["a"])
    file.unlink()
    sync_source(shelf.engine, source, room, tmp_path, NOON + HOUR, Wish(allow_withdrawals=True))
    assert shelf.rows() == 0


def test_a_database_that_fails_is_told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def failing(_: Engine) -> Iterator[None]:
        raise StoreError("the disk is full")
        yield

    monkeypatch.setattr(relisting, "writing", failing)
    with pytest.raises(StoreError):
        relist(shelf.engine, (WATER,), NOON)
    monkeypatch.undo()
    assert relist(shelf.engine, (WATER,), NOON) == 1
