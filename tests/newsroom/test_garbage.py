"""Garbage is looked for seldom, and afterwards as before."""

from __future__ import annotations

import gc
import weakref

import pytest

from newsroom.garbage import SELDOM, seldom_collected


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.self = self


def test_it_is_looked_for_seldom_until_it_ends() -> None:
    was = gc.get_threshold()
    with seldom_collected():
        with seldom_collected():
            assert gc.get_threshold() == (SELDOM, *was[1:])
        assert gc.get_threshold() == (SELDOM, *was[1:])
    assert gc.get_threshold() == was


def test_circles_made_meanwhile_are_found() -> None:
    with seldom_collected():
        first = weakref.ref(Ring())
        kept = [Ring() for _ in range(2 * SELDOM)]
        assert first() is None
        assert kept


def test_a_failure_leaves_nothing_behind() -> None:
    was = gc.get_threshold()
    with pytest.raises(ValueError, match="no"), seldom_collected():
        raise ValueError("no")
    assert gc.get_threshold() == was
