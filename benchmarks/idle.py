"""A run with nothing due, as a process, against a Python that only imports the libraries it stands on."""

from __future__ import annotations

import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.commands.house import built

RUNS = 9
_PROBE = """
import pathlib, sys
if sys.argv[1:]:
    from commands.main import main
    assert main(sys.argv[1:]) == 0
else:
    import sqlalchemy.engine, typer, pydantic
    pydantic.create_model("Nothing")
# The peak of this very program: what the operating system sums up for a child counts its parent in.
status = pathlib.Path("/proc/self/status").read_text()
print(next(line for line in status.splitlines() if line.startswith("VmHWM")), file=sys.stderr)
"""
GOAL_SECONDS, GOAL_MB = 0.4, 80


def main() -> None:
    """Print medians of RUNS runs, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        house = built(Path(folder) / "quay")
        for number in range(60):
            house.article(f"story-{number}", published="2026-03-09T05:00:00+01:00")
        # What a sync wrote in the last ten minutes is looked at again; the run measured is one past that.
        for minute in ("12:00", "12:20"):
            house.run(now=f"2026-03-09T{minute}")
        idle = shlex.join(["--config", str(house.config), "--now", "2026-03-09T12:40"])
        ours, peers = [], []
        for _ in range(RUNS):
            ours.append(_measured(idle))
            peers.append(_measured(""))
    seconds, megabytes = (statistics.median(values) for values in zip(*ours, strict=True))
    base, base_mb = (statistics.median(values) for values in zip(*peers, strict=True))
    print(f"a run with nothing due: {seconds:.2f} s, {megabytes:.0f} MB (goal {GOAL_SECONDS} s, {GOAL_MB})")
    print(f"Python importing SQLAlchemy, Typer and Pydantic alone: {base:.2f} s, {base_mb:.0f} MB")
    print(f"ratio: {seconds / base:.2f} in time, {megabytes / base_mb:.2f} in memory")


def _measured(arguments: str) -> tuple[float, float]:
    """Seconds of the whole process, and the most memory it had, in MB."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *shlex.split(arguments)], capture_output=True, check=True, text=True
    )
    seconds = time.perf_counter() - begun
    return seconds, int(done.stderr.split()[-2]) / 1024


if __name__ == "__main__":
    main()
