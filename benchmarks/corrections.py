"""Planning an edition for a million readers with a box of corrections for most of them, and without.

`python -m benchmarks.corrections [READERS]`, in a folder on the disk that is measured (TMPDIR).
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from benchmarks.ledger import BATCH, READERS, fill, measured, peak
from content.corrected import Corrected
from newsletter import editions
from newsletter.correction_book import Question, owed_to
from newsletter.corrections import OwedTo, nobody
from newsletter.delivery import planning
from newsletter.tables import batches
from newsletter.tables import editions as editions_table
from newsroom.database import engine_for, writing
from tests import samples
from tests.newsletter.delivering import KEY, NOW, Desk, composed, other_day, selection

CORRECTED = ("bridge", "ferry", "cello")


def plan(engine: Engine, key: str, question: Question | None = None) -> planning.Planned:
    """Plan the edition; with a question, the box of what it asks for."""
    with writing(engine) as connection:
        owed: OwedTo = nobody if question is None else owed_to(connection, question)
        return planning.plan(
            connection,
            editions.get(connection, key),
            planning.pages(connection, "daily"),
            Desk().post.variant_of(selection()),
            batch_size=BATCH,
            owed_to=owed,
        )


def hand_over(engine: Engine, key: str) -> None:
    """As if every batch of the edition had been taken."""
    taken = {"state": "accepted", "revision": 1, "provider": "instant", "handed": NOW}
    with writing(engine) as connection:
        connection.execute(sa.update(batches).where(batches.c.edition == key).values(taken))
        ours = editions_table.c.key == key
        connection.execute(
            sa.update(editions_table).where(ours).values(state="sent", first_handed=NOW, provider="instant")
        )


def main(readers: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standfirst.db"
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(path, readers))
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit("the newsroom could not be filled")
        engine = engine_for(f"sqlite:///{path}")
        plan(engine, KEY)
        hand_over(engine, KEY)
        at = NOW - timedelta(minutes=1)
        corrected = [Corrected(samples.teaser(name, correction=f"Not {name}."), at) for name in CORRECTED]
        for number, (what, asked) in enumerate(
            (
                ("without corrections", []),
                ("with two, for everybody", corrected[:2]),
                ("with one more, told of two", corrected),
            ),
            1,
        ):
            day, key = other_day(number)
            composed(engine, replace(selection(("other", "politics")), local_date=day))
            question = Question(asked, {"daily": "Daily"}, "instant", key, "daily")
            with measured(f"planning {readers:,} readers {what}", readers):
                began = time.process_time()
                made = plan(engine, key, question)
                spent = time.process_time() - began
            hand_over(engine, key)
            sys.stdout.write(
                f"  {spent:.2f} s of the processor; {made.told:,} are told; memory: {peak():.0f} MB at most\n"
            )
        engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else READERS)
