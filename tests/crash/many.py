"""Disasters at random: `python -m tests.crash.many 500 [SEED]`. Says what it did; fails at the first fault.

Most editions are delivered by processes that are forked, which is fast; one in `WHOLE` by the real command in
a whole newsroom, `python send.py`, as cron starts it, killed at its own steps too.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from demo.postgres import programs
from tests.crash.child import PROVIDERS, RUN_STEPS, STEPS
from tests.crash.command import Command, newsroom
from tests.crash.scene import POSTGRES, Nursery, Postgres, Runner, Scene, Template, scene, template

WHOLE = 10
"""One edition in so many is the real command's."""

STEP_TIMES = (1, 1, 1, 1, 1, 2, 2, 3)
"""How many times a step is passed before it comes to grief there."""


@dataclass(frozen=True)
class Kind:
    """How editions are delivered."""

    name: str
    runner: Runner
    templates: tuple[Template, ...]
    steps: tuple[str, ...]
    longest_ms: int
    """So long a run takes at most until it is killed wherever it is."""


def story(there: Scene, kind: Kind, chance: random.Random) -> None:
    """One edition, its runs coming to grief up to seven times, then settled."""
    for _ in range(chance.randint(3, 7)):
        if there.is_over:
            break
        lot = chance.random()
        step, times = chance.choice(kind.steps), chance.choice(STEP_TIMES)
        if lot < 0.06:
            there.run(step, times, act="full")
        elif lot < 0.11:
            there.run(step, times, act="gone")
        elif lot < 0.15:
            there.run(step, times, act="back")
        elif lot < 0.2:
            there.run(step, times, back=65)
        elif lot < 0.4:
            there.run(after_ms=chance.randint(1, kind.longest_ms))
        else:
            there.run(step, times)
    there.settled()


def kinds(folder: Path, ends: ExitStack) -> tuple[Kind, Kind]:
    """The forked processes, and the real command."""
    servers: list[Postgres | None] = [None]
    if programs() is not None:
        place = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
        place.chmod(0o711)
        servers.append(ends.enter_context(Postgres(place / "s", POSTGRES)))
    command, nursery = ends.enter_context(Command()), ends.enter_context(Nursery())
    places = [(folder / ("postgresql" if server else "sqlite"), server) for server in servers]
    editions = tuple(template(place, server) for place, server in places)
    houses = tuple(newsroom(place, server) for place, server in places)
    whole = Kind("the command", command, houses, (*STEPS, *RUN_STEPS), _length(folder, houses[0], command))
    return Kind("forked", nursery, editions, tuple(STEPS), 400), whole


def _length(folder: Path, house: Template, command: Command) -> int:
    """How long the command takes here where nothing happens to it, in milliseconds."""
    with scene(folder / "measured", "outbox", house, command) as there:
        begun = time.monotonic()
        there.settled()
        return round((time.monotonic() - begun) * 1_000)


def main(kills: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same kills
    counted: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        forked, whole = kinds(Path(folder), ends)
        while counted["kills"] < kills:
            number = counted["editions"]
            kind = whole if number % WHOLE == WHOLE - 1 else forked
            made, provider = chance.choice(kind.templates), chance.choice(list(PROVIDERS))
            database = "postgresql" if made.server else "sqlite"
            with scene(Path(folder) / f"quay-{number}", provider, made, kind.runner) as there:
                story(there, kind, chance)
                counted["editions"] += 1
                for name in ("all", kind.name, provider, database):
                    counted[f"{name}: kills"] += there.killed
                    counted[f"{name}: failed otherwise"] += there.broken
                    counted[f"{name}: messages"] += sum(there.taken().values())
                    counted[f"{name}: uncertain"] += there.uncertain()
                counted["kills"] = counted["all: kills"]
            if made.server is not None:
                made.server.call("dropdb", "--force", f"{made.folder.name}_quay_{number}")
            if counted["editions"] % 10 == 0:
                sys.stdout.write(f"{counted['kills']} kills in {counted['editions']} editions\n")
                sys.stdout.flush()
    sys.stdout.write(said(counted, seed, time.monotonic() - begun))


def said(counted: Counter[str], seed: int, seconds: float) -> str:
    """The figures, as docs/delivery.md shows them."""
    lines = [
        f"\nseed {seed}, {counted['editions']} editions, {seconds / 60:.0f} minutes: 0 twice, 0 missed\n",
        "| | kills | failed otherwise | messages | uncertain |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in ("forked", "the command", *PROVIDERS, "sqlite", "postgresql", "all"):
        what = ("kills", "failed otherwise", "messages", "uncertain")
        lines.append(f"| {name} | " + " | ".join(f"{counted[f'{name}: {one}']:,}" for one in what) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
