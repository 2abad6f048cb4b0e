"""A real CMS, started by a script beside the checkout, and runs of a newsroom that has it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from content import catalogue, holdings
from content.article import Article
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.settings import SourceSettings
from tests import samples

SCRIPTS = Path(__file__).parents[3] / "shared" / "cms"


def started(name: str, folder: Path, seconds: int) -> Iterator[int]:
    """Yields the port of the CMS that the script of this name has started in the folder, then ends it."""
    script = SCRIPTS / f"{name}.sh"
    if not script.exists():
        pytest.skip(f"needs ../shared/cms/{name}.sh, beside the checkout")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    run = subprocess.run(
        [str(script), str(folder), str(port)], capture_output=True, text=True, timeout=seconds
    )
    try:
        if run.returncode:
            pytest.skip(f"{name} did not start: {(run.stderr or run.stdout).strip()[-200:]}")
        yield port
    finally:
        if (folder / "pid").exists():
            os.killpg(int((folder / "pid").read_text()), signal.SIGTERM)


class Runs:
    """Runs, one after the other, of a newsroom whose source `site` is a CMS."""

    def __init__(self, engine: Engine, root: Path, kind: str, **settings: Any) -> None:
        self.engine, self.root = engine, root
        self.settings = SourceSettings("site", kind, **{"section": "culture", **settings})

    def sync(self, **wish: Any) -> SyncReport:
        now = datetime.now(UTC)
        return sync_source(self.engine, self.settings, samples.newsroom(), self.root, now, Wish(**wish))

    def later(self) -> SyncReport:
        """A run of the next day: a full pass."""
        now = datetime.now(UTC) + timedelta(days=1, minutes=1)
        return sync_source(self.engine, self.settings, samples.newsroom(), self.root, now, Wish())

    def numbers(self) -> set[str]:
        """The CMS's own ids of what is live."""
        with reading(self.engine) as connection:
            found = holdings.live_references(connection, "site")
            return {reference.rpartition("/")[2] for _, reference in found}

    def article(self, number: int | str) -> Article:
        with reading(self.engine) as connection:
            known = holdings.at_references(connection, "site", [f"posts/{number}"])
            (one,) = catalogue.find(connection, next(iter(known)))
        return one.article
