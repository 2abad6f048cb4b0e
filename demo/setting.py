"""The demo's own folder: the newsroom's files moved to the day it runs, with secrets and pictures."""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import date
from pathlib import Path

from demo.dates import DEMO_DAY, shifted
from demo.pictures import draw

HERE = Path(__file__).resolve().parent
RUN = HERE / "run"
_DAY = "day.txt"


def day_of_run(folder: Path) -> date | None:
    """The day the folder was set up for; None where it is not."""
    try:
        return date.fromisoformat((folder / _DAY).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None


def begin(folder: Path, today: date) -> None:
    """Make the folder anew: the newsroom's settings, secrets and readers as of `today`, and no article."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(HERE / "newsroom.toml", folder / "newsroom.toml")
    _write_moved(HERE / "readers.csv", folder / "readers.csv", (today - DEMO_DAY).days)
    write_secrets(folder / "secrets.env")


def finish(folder: Path, today: date) -> None:
    """Note that the folder stands for `today`; one that was not finished is made anew by the next run."""
    (folder / _DAY).write_text(today.isoformat(), encoding="ascii")


def set_up(folder: Path, today: date) -> None:
    """Make the folder anew, as the newsroom stands on `today` at half past five, its articles in files."""
    begin(folder, today)
    write_articles(folder, today)
    draw(folder / "articles" / "pictures")


def write_articles(folder: Path, today: date) -> None:
    """The articles' files below `folder`, moved to `today`; their pictures are no part of it."""
    for path in sorted((HERE / "articles").rglob("*.md")):
        _write_moved(path, folder / path.relative_to(HERE), (today - DEMO_DAY).days)


def planted_words() -> tuple[str, ...]:
    """The words that stand in paid bodies and nowhere else."""
    return tuple((HERE / "planted.txt").read_text(encoding="utf-8").split())


def _write_moved(source: Path, target: Path, days: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(shifted(source.read_text(encoding="utf-8"), days), encoding="utf-8")


def write_secrets(path: Path) -> None:
    """Keys of the folder's own, made by chance; only its owner may read the file."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"STANDFIRST_SECRET_KEY=demo:{secrets.token_hex(32)}\n")
        file.write(f"STANDFIRST_ADDRESS_KEY={secrets.token_hex(32)}\n")
