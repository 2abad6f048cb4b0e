"""When an article's correction came, and which are still to be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.engine import Engine

from content import store
from content.corrected import corrected_since, live
from newsroom.database import reading, writing
from newsroom.masthead import Paywall
from tests import samples
from tests.samples import NOON

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def _found(engine: Engine, now: object = NOON + 5 * HOUR) -> list[tuple[str, object]]:
    with reading(engine) as connection:
        found = corrected_since(connection, NOON - WEEK, now, Paywall())  # type: ignore[arg-type]
    return [(one.teaser.correction, one.at) for one in found]


def _update(engine: Engine, hours: int, **changes: object) -> None:
    with writing(engine) as connection:
        article = replace(samples.article(), **changes)  # type: ignore[arg-type]
        store.update(connection, article, f"{hours}", NOON + hours * HOUR, changed=True)


def test_the_moment_is_that_of_the_words_and_no_other_edit_moves_it(engine: Engine) -> None:
    with writing(engine) as connection:
        store.insert(connection, samples.article(), "0", NOON)
    assert _found(engine) == []
    _update(engine, 1, correction="It was 870.")
    _update(engine, 2, correction="It was 870.", headline="Another one")
    assert _found(engine) == [("It was 870.", NOON + HOUR)]
    _update(engine, 3, correction="It was 871.")
    assert _found(engine) == [("It was 871.", NOON + 3 * HOUR)]
    _update(engine, 4, correction="")
    assert _found(engine) == []


def test_one_that_came_with_its_article_corrects_nothing_that_anybody_had(engine: Engine) -> None:
    with writing(engine) as connection:
        store.insert(connection, samples.article(correction="It was 870."), "0", NOON)
    assert _found(engine) == []


def test_neither_withdrawn_nor_under_embargo_nor_of_a_week_ago(engine: Engine) -> None:
    with writing(engine) as connection:
        store.insert(connection, samples.article(), "0", NOON)
    _update(engine, 1, correction="It was 870.")
    id_ = samples.article().id
    assert _found(engine, NOON + 2 * HOUR) != []
    with reading(engine) as connection:
        late = corrected_since(connection, NOON + 2 * HOUR, NOON + WEEK, Paywall())
        assert late == []
        assert live(connection, [id_, "tag:other"], NOON + HOUR) == {id_}
        assert live(connection, [id_], NOON - 2 * HOUR) == frozenset()
    _update(engine, 2, correction="It was 870.", published=NOON + 9 * HOUR)
    assert _found(engine) == []
    with writing(engine) as connection:
        store.withdraw(connection, [id_], NOON + 10 * HOUR)
    assert _found(engine, NOON + 11 * HOUR) == []
