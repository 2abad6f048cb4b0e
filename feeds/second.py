"""A second process that publishes a part of many feeds: feedgen works in one thread a process.

It stands or falls by itself: what it did not say that it did, the first process does.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy.engine import Engine

from feeds.report import PublishReport
from newsroom.database import engine_for, sqlite_file
from newsroom.masthead import Newsroom

WORTH = 1_000
"""Feeds below which starting a process costs more than it gives."""


@dataclass(frozen=True, slots=True)
class Task:
    """What it is to do."""

    database_url: str
    newsroom: Newsroom
    folder: Path
    now: datetime
    names: tuple[str, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Second:
    """The process at work, and where its report comes from; it ends with the `with` block."""

    process: BaseProcess
    pipe: Pipe

    def __enter__(self) -> Second:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()
        self.pipe.close()

    def report(self) -> PublishReport | None:
        """Its report, waited for; None where it did not come to its end."""
        try:
            found = self.pipe.recv()
        except (EOFError, OSError):
            found = None
        self.process.join()
        return found if isinstance(found, PublishReport) else None


def share(names: Sequence[str], engine: Engine) -> int:
    """How many of the feeds a second process is given: half of many, where it has a core and the database."""
    is_shared = engine.dialect.name != "sqlite" or sqlite_file(engine) is not None
    return len(names) // 2 if len(names) >= WORTH and is_shared and _cores() > 1 else 0


def start(task: Task) -> Second:
    """Begin with it, in a process of its own."""
    # Not a fork: the lock's heartbeat is a thread.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, theirs), daemon=True)
    process.start()
    theirs.close()
    return Second(process, ours)


def _work(task: Task, pipe: Pipe) -> None:
    # Ctrl-C is the first process's to hear: without it this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from feeds.writing import write_feeds

    parent = multiprocessing.parent_process()
    engine = engine_for(task.database_url)
    report = PublishReport()
    try:
        for _ in write_feeds(
            engine, task.newsroom, task.folder, task.now, task.names, report, dry_run=task.dry_run
        ):
            if parent is not None and not parent.is_alive():
                return
        pipe.send(report)
    except Exception:  # noqa: BLE001 (the first process does the work then, and says what is wrong with it)
        pipe.send(None)
    finally:
        engine.dispose()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
