"""Somebody at a terminal who types answers to `init`."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def on_a_terminal(folder: Path, words: list[str], *flags: str) -> str:
    """What is said when somebody types these words, a line each."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as keys:
        keys.write("".join(f"{word}\n" for word in words).encode())
        done = subprocess.run(
            [sys.executable, "send.py", "init", str(folder), *flags],
            cwd=CHECKOUT,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    os.close(theirs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
