"""`serve`, as an operator starts and ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.commands.house import built

HOUSE = Path(__file__).resolve().parent.parent.parent


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_it_says_where_it_answers_before_anybody_asks(tmp_path: Path) -> None:
    house, port = built(tmp_path / "quay"), _free()
    command = [sys.executable, "send.py", "--config", str(house.config), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE, text=True, env={**os.environ}) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        run.send_signal(signal.SIGTERM)
    assert line.startswith("serve ")
    for said in (f"http://127.0.0.1:{port}", "feeds", "unsubscribe", "http://127.0.0.1:8080", "Ctrl+C"):
        assert said in line


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = house.run("serve", "--port", str(port), now="2026-03-10T06:00")
    assert run.status == 2
    (said,) = run.problems
    assert said.startswith(
        f"cannot listen on 127.0.0.1:{port}: Address already in use; end what listens there"
    )
    assert said.endswith("--host and --port")
    assert run.steps("serve") == []
