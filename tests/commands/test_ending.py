"""A command that is told to end before it hands anything over: one line, status 1, nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import commands.run
from commands.context import Context
from commands.ending import ASKED, SAID
from tests.commands.house import built

ROOT = Path(__file__).resolve().parent.parent.parent

RUN = """
import os, signal, sys
import commands.{module}
from commands.main import main

def asked(*_, **__):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Exception:
        print("a step has taken it for its own")

commands.{module}.{step} = asked
sys.exit(main(["--config", sys.argv[1], "--now", "2026-03-10T06:01", *sys.argv[2:]]))
"""


@pytest.mark.parametrize(
    ("module", "step", "words"),
    [("run", "sync_step", []), ("run", "opened", []), ("sync", "sync_step", ["sync"])],
)
@pytest.mark.parametrize("log", ["text", "json"])
def test_it_says_that_it_was_told_to_end(
    tmp_path: Path, module: str, step: str, words: list[str], log: str
) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("paid@example.org,paid,")
    code = RUN.format(module=module, step=step)
    done = subprocess.run(
        [sys.executable, "-c", code, str(house.config), "--log", log, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done
    (line,) = (done.stdout + done.stderr).splitlines()
    assert SAID in line
    # The next one does all of it.
    assert house.run(now="2026-03-10T06:06").step("deliver")["accepted"] == 1


@pytest.mark.parametrize("is_asked", [False, True])
def test_who_is_asked_to_end_while_mail_goes_out_begins_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    house = built(tmp_path / "quay")
    steps: list[str] = []

    def delivers(_: Context) -> None:
        steps.append("deliver")
        if is_asked:
            ASKED.set()

    monkeypatch.setattr(commands.run, "_deliver", delivers)
    for name in ("letters_step", "hub_step"):
        monkeypatch.setattr(commands.run, name, lambda _, name=name: steps.append(name))
    try:
        assert house.run(now="2026-03-10T06:01").steps("next")
    finally:
        ASKED.clear()
    assert steps == (["deliver"] if is_asked else ["deliver", "letters_step", "hub_step"])
