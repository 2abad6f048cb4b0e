"""What an article's page gets: the teaser for all, the body for whoever may read it, and where it went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Engine

from content import opening, store
from content.article import Access, Booking
from content.entitlement import Viewer
from content.opening import Moved, Opened, Withdrawn
from newsroom.masthead import Paywall
from tests.samples import NOON, article

PAYING = Viewer(registered=True, paying=True)
LATER = NOON + timedelta(days=1)


def put(engine: Engine, name: str = "bridge", **changes: Any) -> None:
    with engine.begin() as connection:
        store.insert(connection, article(name, **changes), "hash", NOON - timedelta(hours=2))


def change(engine: Engine, name: str = "bridge", **changes: Any) -> None:
    with engine.begin() as connection:
        store.update(connection, article(name, **changes), "other", NOON, changed=True)


def at(engine: Engine, slug: str, viewer: Viewer = Viewer(), now: Any = NOON) -> Any:  # noqa: B008
    with engine.connect() as connection:
        return opening.opened(connection, slug, lambda _: viewer, now, Paywall())


def test_the_body_is_there_for_whoever_may_read_it_alone(engine: Engine) -> None:
    put(engine)
    assert at(engine, "bridge").body is None
    assert at(engine, "bridge", Viewer(registered=True)).body is None
    assert "Second paragraph" in at(engine, "bridge", PAYING).body.html
    assert "paragraph" not in repr(at(engine, "bridge", PAYING))


def test_the_viewer_is_asked_for_with_the_article(engine: Engine) -> None:
    put(engine)
    put(engine, "tower")

    def one(teaser: Any) -> Viewer:
        return PAYING if teaser.slug == "tower" else Viewer()

    with engine.connect() as connection:
        found = {slug: opening.opened(connection, slug, one, NOON, Paywall()) for slug in ("bridge", "tower")}
    assert [isinstance(each, Opened) and each.body is not None for each in found.values()] == [False, True]


def test_what_is_under_embargo_never_was(engine: Engine) -> None:
    put(engine, published=LATER, updated=LATER)
    assert at(engine, "bridge", PAYING) is None
    assert isinstance(at(engine, "bridge", PAYING, LATER), Opened)
    assert at(engine, "nothing") is None
    assert at(engine, "brid\0ge") is None
    assert at(engine, "x" * 1_000_000) is None


def test_what_was_withdrawn_was_here_unless_nobody_could_read_it(engine: Engine) -> None:
    put(engine)
    put(engine, "secret", published=LATER, updated=LATER)
    with engine.begin() as connection:
        store.withdraw(connection, ["bridge", "secret"], NOON)
        ids = [article(name).id for name in ("bridge", "secret")]
        store.withdraw(connection, ids, NOON)
    assert at(engine, "bridge", PAYING) == Withdrawn()
    assert at(engine, "secret", PAYING, LATER) is None


def test_a_former_slug_leads_to_the_new_one(engine: Engine) -> None:
    put(engine)
    change(engine, slug="the-bridge")
    assert at(engine, "bridge") == Moved("the-bridge")
    change(engine, slug="bridges")
    assert at(engine, "bridge") == Moved("bridges")
    assert at(engine, "the-bridge") == Moved("bridges")
    change(engine)
    assert isinstance(at(engine, "bridge"), Opened)
    with engine.begin() as connection:
        store.withdraw(connection, [article().id], NOON)
    assert at(engine, "bridges") == Withdrawn()


def test_a_former_slug_of_what_is_under_embargo_says_nothing(engine: Engine) -> None:
    put(engine, published=LATER, updated=LATER)
    change(engine, slug="the-bridge", published=LATER, updated=LATER)
    assert at(engine, "bridge") is None


def test_of_two_with_one_slug_the_one_that_may_be_shown(engine: Engine) -> None:
    put(engine)
    put(engine, "again", slug="bridge", published=LATER, updated=LATER)
    assert at(engine, "bridge").teaser.id == article().id


def test_a_section_is_listed_in_pages_without_its_bookings(engine: Engine) -> None:
    for number in range(5):
        put(engine, f"a{number}", published=NOON - timedelta(minutes=number), access=Access.FREE)
    put(engine, "ad", booking=Booking("Lumen"))
    put(engine, "elsewhere", sections=("culture",))
    with engine.connect() as connection:
        pages = [
            opening.listed(connection, "politics", NOON, Paywall(), skip=skip, limit=2) for skip in (0, 2, 4)
        ]
    assert [[one.slug for one in page] for page in pages] == [["a0", "a1"], ["a2", "a3"], ["a4"]]
