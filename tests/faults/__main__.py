"""`python -m tests.faults`: does every fault to every provider, on each database there is, and prints the
table that docs/delivery.md shows. Fails where one of them comes to anything else."""

from __future__ import annotations

import importlib
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from sqlalchemy.engine import Engine

from demo.postgres import Server, programs
from newsroom.database import engine_for, metadata
from tests.faults.bench import check, tried
from tests.faults.cases import CASES
from tests.faults.matrix import matrix
from tests.servers.postgres import QUICK, Postgres


def main() -> None:
    for package in ("content", "feeds", "newsletter", "newsroom", "readership"):
        importlib.import_module(f"{package}.tables")
    with ExitStack() as ends:
        place = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
        place.chmod(0o711)
        there = None
        if programs() is not None:
            server = ends.enter_context(Server(place / "s", QUICK))
            there = ends.enter_context(closing(Postgres(server)))
        for number, case in enumerate(CASES):
            folder = place / str(number)
            folder.mkdir()
            engines = [_sqlite(folder)] + ([there.emptied()] if there else [])
            for engine in engines:
                inside = folder / engine.dialect.name
                inside.mkdir()
                result = tried(engine, case.fails, inside, silence=case.is_silent)
                check(result)
                came = (result.first, result.last, result.exit)
                assert came == (case.first, case.last, case.exit), f"{case.name}: {came}: {result.said}"
            engines[0].dispose()
    databases = "SQLite and PostgreSQL" if there else "SQLite"
    sys.stdout.write(
        f"{len(CASES)} faults on {databases}, each as it is to be: nobody twice, nobody missed\n\n"
    )
    sys.stdout.write(matrix(CASES))


def _sqlite(folder: Path) -> Engine:
    engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")
    metadata.create_all(engine)
    return engine


if __name__ == "__main__":
    main()
