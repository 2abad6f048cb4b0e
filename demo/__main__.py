"""The demo: the newsroom's whole morning, on SQLite and the outbox, told in ten lines."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from commands.main import main
from demo.dates import ZONE
from demo.leaks import found, published
from demo.setting import RUN, day_of_run, planted_words, set_up
from newsletter.letter import Slot, filled, parts_of
from newsletter.sums import Sum, sum_of
from newsletter.tables import batches, renders
from newsroom.database import engine_for, reading

EDITION = "daily-{day}"


@dataclass(frozen=True, slots=True)
class Morning:
    """What the run said of itself, step by step."""

    steps: list[dict[str, object]]
    status: int

    def of(self, step: str) -> dict[str, object]:
        """The last line of this step; empty where it said none."""
        return next((line for line in reversed(self.steps) if line["step"] == step and "message" not in line), {})


def demo() -> int:
    """Set the newsroom up where that is needed, run it, and say what happened; returns the exit status."""
    for name in [name for name in os.environ if name.startswith("STANDFIRST_")]:
        # Another newsroom's secrets are not the demo's.
        del os.environ[name]
    today = datetime.now(ZONE).date()
    if day_of_run(RUN) != today:
        print("Setting up a newsroom in demo/run: articles, pictures, 120 readers ...", flush=True)
        set_up(RUN, today)
        _run(RUN, f"{today}T05:30", "sync")
        _run(RUN, f"{today}T05:31", "readers", "import", str(RUN / "readers.csv"))
        again = False
    else:
        again = True
    begun = time.monotonic()
    morning = _run(RUN, f"{today}T06:{'25' if again else '10'}")
    _tell(morning, EDITION.format(day=today), time.monotonic() - begun, again=again)
    return morning.status


def _run(folder: Path, now: str, *arguments: str) -> Morning:
    """One call of the command, its log kept in the folder."""
    path = folder / "standfirst.log"
    start = path.stat().st_size if path.exists() else 0
    with path.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        status = main(
            ["--config", str(folder / "newsroom.toml"), "--log", "json", "--now", now, *arguments]
        )
    with path.open(encoding="utf-8") as file:
        file.seek(start)
        return Morning([json.loads(line) for line in file if line.startswith("{")], status)


def _tell(morning: Morning, key: str, seconds: float, *, again: bool) -> None:
    engine = engine_for(f"sqlite:///{RUN / 'standfirst.db'}")
    files = published(RUN)
    leaks = found(planted_words(), files)
    with reading(engine) as connection:
        counts = catalogue_counts(connection, key)
        total = sum_of(connection, key)
        size, subject, stories = _edition(connection, key)
    engine.dispose()
    feeds = morning.of("feeds")
    lines = {
        "articles": counts,
        "feeds": f"{feeds.get('feeds', 0)} feeds, {feeds.get('written', 0)} files written, "
        f"{feeds.get('unchanged', 0)} as they were",
        "edition": f"{key}: {stories} stories, {size} KB of HTML" + (", sent before: nothing twice" if again else ""),
        "subject": subject,
        "readers": _readers(total),
        "paid words": f"{len(leaks)} of {len(planted_words())} planted ones found in {len(files)} published files",
        "next": f"{morning.of('next').get('edition', 'nothing')}",
        "took": f"{seconds:.1f} s; every step is in demo/run/standfirst.log",
        "look at": f"demo/run/outbox/{key}/  demo/run/public/feeds/index.html",
        "then": "make preview, make serve, make status; your own: python send.py init DIR",
    }
    for name, line in lines.items():
        print(f"  {name:<11}{line}")
    for word, paths in leaks.items():
        print(f"  LEAK       {word}: {paths[0]} and {len(paths) - 1} more")


if __name__ == "__main__":
    sys.exit(demo())
