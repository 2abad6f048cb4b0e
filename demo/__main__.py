"""The demo: the newsroom's whole morning, on SQLite and the outbox, told in ten lines."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commands.main import main
from content import catalogue
from demo import database
from demo.dates import ZONE, planned
from demo.leaks import found, published
from demo.origins import Origin
from demo.origins.chosen import ORIGINS, Choice, choice_of, set_up_from, site_of
from demo.setting import RUN, day_of_run, finish, planted_words, set_up
from newsletter import editions
from newsletter.delivery.sums import Sum, sum_of
from newsletter.edition import DeliveryState
from newsletter.tables import batches, renders
from newsroom.database import engine_for, reading
from newsroom.errors import SourceError, StandfirstError
from newsroom.settings import load

EDITION = "daily-{day}"


@dataclass(frozen=True, slots=True)
class Morning:
    """What the run said of itself, step by step."""

    steps: list[dict[str, object]]
    status: int
    now: datetime

    def of(self, step: str) -> dict[str, object]:
        """The last line of this step; empty where it said none."""
        return next(
            (line for line in reversed(self.steps) if line["step"] == step and "message" not in line), {}
        )


def demo(choice: Choice = Choice()) -> int:  # noqa: B008  # A value that nobody can change.
    """Set the newsroom up where that is needed, run it, and say what happened; returns the exit status."""
    for name in [name for name in os.environ if name.startswith("STANDFIRST_")]:
        # Another newsroom's secrets are not the demo's.
        del os.environ[name]
    now = datetime.now(ZONE)
    origin = ORIGINS.get(choice.name)
    stands, last = day_of_run(RUN), choice_of(RUN)
    plan = planned(now, stands if last == choice else None)
    if stands and last != choice:
        sys.stdout.write(f"The last run had {last.unlike(choice)}, so this one begins anew.\n")
    try:
        with site_of(origin, RUN, again=plan.again) as address:
            if not plan.again:
                _set_up(origin, plan.day, choice.site or address, choice.database)
            with database.answering(RUN):
                if not plan.again:
                    _prepare(plan.day)
                begun = time.monotonic()
                morning = _run(RUN, plan.acts.isoformat())
                _tell(morning, EDITION.format(day=plan.day), time.monotonic() - begun, again=plan.again)
    except StandfirstError as error:
        # The demo's site has no port, somebody's own could not be filled or read, or there is no PostgreSQL.
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return morning.status


def _set_up(origin: Origin | None, day: date, address: str, kind: str) -> None:
    """The newsroom's files, and where it keeps its data."""
    words = "articles" if origin is None else f"articles {origin.words}"
    sys.stdout.write(f"Setting up a newsroom in demo/run for {day}: {words}, pictures, 120 readers ...\n")
    sys.stdout.flush()
    if origin is None:
        set_up(RUN, day)
    else:
        set_up_from(origin, RUN, day, address)
    database.choose(RUN, kind)


def _prepare(day: date) -> None:
    """The newsroom as it stands at half past five, with its readers."""
    if not _run(RUN, f"{day}T05:30", "sync").of("sync"):
        raise SourceError("no article could be read: demo/run/standfirst.log says why")
    _run(RUN, f"{day}T05:31", "readers", "import", str(RUN / "readers.csv"))
    finish(RUN, day)


def _run(folder: Path, now: str, *arguments: str) -> Morning:
    """One call of the command, its log kept in the folder."""
    path = folder / "standfirst.log"
    start = path.stat().st_size if path.exists() else 0
    with path.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        status = main(["--config", str(folder / "newsroom.toml"), "--log", "json", "--now", now, *arguments])
    with path.open(encoding="utf-8") as file:
        file.seek(start)
        steps = [json.loads(line) for line in file if line.startswith("{")]
    return Morning(steps, status, datetime.fromisoformat(now).replace(tzinfo=ZONE))


def _tell(morning: Morning, key: str, seconds: float, *, again: bool) -> None:
    engine = engine_for(load(RUN / "newsroom.toml", os.environ).database_url)
    files = published(RUN)
    leaks = found(planted_words(), files)
    with reading(engine) as connection:
        counts = catalogue.counts(connection, morning.now)
        total = sum_of(connection, key)
        letters, kilobytes, subject = _letters(connection, key)
        _, selection = editions.current(connection, key)
    engine.dispose()
    feeds, twice = morning.of("feeds"), morning.of("sync").get("twice", 0)
    lines = {
        "articles": f"{counts.usable} usable ({counts.sponsored} of them sponsored), "
        f"{counts.embargoed} embargoed, {counts.withdrawn} withdrawn, {twice} listed twice",
        "feeds": f"{feeds.get('feeds')} feeds: {feeds.get('written')} files written, "
        f"{feeds.get('unchanged')} as they were",
        "edition": f"{key}: {len(selection.stories)} stories, {letters}, at most {kilobytes} KB of HTML"
        + ("; sent before, and not again" if again else ""),
        "subject": subject,
        "readers": _readers(total),
        "paid words": f"{len(leaks)} of {len(planted_words())} planted ones found in {len(files)} files",
        "next": _next(morning),
        "took": f"{seconds:.1f} s; every step is in demo/run/standfirst.log",
        "look at": f"demo/run/outbox/{key}/ and demo/run/public/feeds/index.html",
        "then": "make preview, make serve, make status; your own: python send.py init DIR",
    }
    for name, line in lines.items():
        sys.stdout.write(f"  {name:<11}{line}\n")
    for word, paths in leaks.items():
        sys.stdout.write(f"  LEAK       {word}: {paths[0]}, and {len(paths) - 1} files more\n")


def _letters(connection: Connection, key: str) -> tuple[str, int, str]:
    """For how many plans in how many variants, the size of the largest letter in KB, and the subject."""
    query = (
        sa.select(batches.c.plan_order, batches.c.variant, renders.c.html, renders.c.subject)
        .join(batches, batches.c.render == renders.c.hash)
        .where(batches.c.edition == key)
    )
    rows = connection.execute(query).all()
    plans, variants = len({row.plan_order for row in rows}), len({row.variant for row in rows})
    kilobytes = max((round(len(row.html.encode()) / 1024) for row in rows), default=0)
    return f"{plans} plans in {variants} variants", kilobytes, rows[0].subject if rows else ""


def _readers(total: Sum) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(total.exclusions.items()))
    left_out = sum(total.exclusions.values())
    sent = total.of(DeliveryState.ACCEPTED)
    return f"{total.candidates} = {sent} into the outbox + {left_out} left out ({reasons})"


def _next(morning: Morning) -> str:
    due = datetime.fromisoformat(str(morning.of("next")["at"]))
    return f"{due:%A} at {due:%H:%M}; until then a run sends nothing and rewrites no feed"


def choice_of_words(words: Sequence[str]) -> Choice:
    """What a command line names. Exits with 2 where that is no origin, or one without its site."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="The demo newsroom's morning.")
    names = ("folder", *ORIGINS)
    parser.add_argument(
        "source", nargs="?", default="folder", choices=names, help="where its articles come from"
    )
    parser.add_argument("--site", default="", metavar="ADDRESS", help="the WordPress or Ghost to fill")
    parser.add_argument(
        "--database", default="sqlite", choices=database.KINDS, help="where the newsroom keeps its data"
    )
    given = parser.parse_args(words)
    if given.source == "folder":
        return Choice(database=given.database)
    if ORIGINS[given.source].is_elsewhere != bool(given.site):
        need = "needs" if ORIGINS[given.source].is_elsewhere else "has no use for"
        parser.error(f"{given.source} {need} the address of a site: make demo SOURCE=... SITE=https://...")
    return Choice(given.source, given.site.rstrip("/"), given.database)


if __name__ == "__main__":
    sys.exit(demo(choice_of_words(sys.argv[1:])))
