"""A sample of kills between steps, with real processes and each provider's own protocol.

`python -m tests.crash.many 500` does the same at random, for as long as you like.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.scene import READERS, Nursery, scene, template

CHAINS = {
    "outbox": [
        ("planning", 1), ("unwitnessed", 2), ("claimed", 1), ("handing", 3), ("answered", 1),
        ("recording", 1),
    ],
    "smtp": [
        ("announced", 1), ("claiming", 2), ("handing", 9), ("answered", 1), ("recording", 1), ("recorded", 1),
    ],
    "sendgrid": [
        ("planned", 1), ("witnessed", 1), ("claimed", 1), ("handing", 1), ("recorded", 1), ("concluding", 1),
    ],
}  # fmt: skip
"""For each provider: where its runs die, one after the other."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where processes come from."""
    with Nursery() as value:
        yield value


@pytest.mark.parametrize("provider", CHAINS)
def test_killed_at_each_step_nobody_gets_it_twice_and_nobody_is_missed(
    tmp_path: Path, provider: str, nursery: Nursery
) -> None:
    with scene(tmp_path / "quay", provider, template(tmp_path), nursery) as newsroom:
        for step, time in CHAINS[provider]:
            assert newsroom.run(step, time), f"{step} was not reached"
        newsroom.settled()
        if provider == "outbox":
            assert newsroom.uncertain() == 0
        if provider == "sendgrid":
            # Some certainly not sent, some certainly sent: the provider's log knows which.
            assert 0 < newsroom.uncertain() < READERS
            newsroom.looked_up()
            newsroom.settled()
            assert newsroom.uncertain() == 0
            assert sum(newsroom.taken().values()) == READERS
