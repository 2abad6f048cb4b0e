"""Kills at random: `python -m tests.crash.many 500 [SEED]`. Says what it did; fails at the first fault."""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.crash.child import PROVIDERS, STEPS
from tests.crash.scene import Nursery, Scene, scene, template


def story(newsroom: Scene, chance: random.Random) -> None:
    """One edition, its runs killed up to four times, then settled."""
    for _ in range(chance.randint(1, 4)):
        if chance.random() < 0.3:
            newsroom.run(after_ms=chance.randint(1, 400))
        else:
            newsroom.run(chance.choice(list(STEPS)), chance.choice([1, 1, 1, 2, 2, 3, 4, 7, 12]))
    newsroom.settled()


def main(kills: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same kills
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, Nursery() as nursery:
        database = template(Path(folder))
        while counted["kills"] < kills:
            provider = chance.choice(list(PROVIDERS))
            place = Path(folder) / f"quay-{counted['editions']}"
            with scene(place, provider, database, nursery) as newsroom:
                story(newsroom, chance)
                counted["editions"] += 1
                counted["kills"] += newsroom.killed
                counted[f"{provider}: kills"] += newsroom.killed
                counted[f"{provider}: uncertain"] += newsroom.uncertain()
                counted[f"{provider}: messages"] += sum(newsroom.taken().values())
            if counted["editions"] % 10 == 0:
                sys.stdout.write(f"{counted['kills']} kills in {counted['editions']} editions\n")
                sys.stdout.flush()
    sys.stdout.write(f"seed {seed}: 0 twice, 0 missed\n")
    for name in sorted(counted):
        sys.stdout.write(f"  {name}: {counted[name]:,}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
