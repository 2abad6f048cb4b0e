"""The demo's database: an SQLite file, or a PostgreSQL of its own that runs while it is needed.

`python -m demo.database ARGUMENTS` is `send.py --config demo/run/newsroom.toml ARGUMENTS` beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.main import main
from demo.postgres import Server
from demo.setting import RUN
from newsroom.errors import StandfirstError

KINDS = ("sqlite", "postgresql")
FOLDER = "postgresql"


def kind_of(run: Path) -> str:
    """What the newsroom in this folder was set up with."""
    return KINDS[(run / FOLDER).is_dir()]


def choose(run: Path, kind: str) -> None:
    """Have the newsroom in this folder, set up a moment ago, keep its data there."""
    if kind == KINDS[0]:
        return
    (run / FOLDER).mkdir()
    path = run / "newsroom.toml"
    text = path.read_text(encoding="utf-8")
    line = f'database = "{Server(run / FOLDER).url()}"'
    path.write_text(text.replace("[newsroom]\n", f"[newsroom]\n{line}\n", 1), encoding="utf-8")


@contextmanager
def answering(run: Path) -> Iterator[None]:
    """Have the newsroom's PostgreSQL run meanwhile, where it has one; one that runs already is left alone.

    Raises ConfigurationError where there is none on this machine, StoreError where it does not start.
    """
    if kind_of(run) == KINDS[0]:
        yield
        return
    with Server(run / FOLDER):
        yield


def called(arguments: list[str]) -> int:
    """Call the command on the demo's newsroom; returns its exit status."""
    try:
        with answering(RUN):
            return int(main(["--config", str(RUN / "newsroom.toml"), *arguments]))
    except StandfirstError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status


if __name__ == "__main__":
    sys.exit(called(sys.argv[1:]))
