"""The real command, `python send.py --config ...`, in a whole newsroom, as the process that is to fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from newsroom.database import engine_for
from readership.tokens import probe_answer
from tests.commands.house import TOML, built
from tests.crash.child import Orders
from tests.crash.scene import READERS, ROOT, Postgres, Template, empty_database, rested
from tests.servers.loopback import Loopback

KEYS = (("k1", bytes.fromhex("ab" * 32)),)
SIX = datetime(2026, 3, 10, 6, 1)  # noqa: DTZ001 - the newsroom's own time, as `--now` has it
SITE = Path(__file__).parent / "site"

DELIVERY = {
    "outbox": "",
    "smtp": '[delivery]\nprovider = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\n'
    "connections = {connections}\nwindow = {batch_size}\n",
    "sendgrid": '[delivery]\nprovider = "sendgrid"\n[sendgrid]\nbase_url = "http://127.0.0.1:{port}"\n'
    "connections = {connections}\n",
}


class _Public(BaseHTTPRequestHandler):
    """What `public_url` has to answer before any real mail goes out."""

    def do_GET(self) -> None:
        answer = (probe_answer(KEYS, self.path.rpartition("/")[2]) or "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


def newsroom(folder: Path, server: Postgres | None = None) -> Template:
    """A whole newsroom with a story and readers, for the evening before its first edition."""
    place = folder / "newsroom"
    database = empty_database(place, server)
    place.rmdir()
    house = built(place)
    _configure(place, database, "")
    house.article("bridge")
    plans = ("paid", "free")
    house.readers(*(f"reader{number}@example.org,{plans[number % 2]}," for number in range(1, READERS + 1)))
    rested(engine_for(database))
    return Template(place, server)


def _configure(folder: Path, database: str, more: str, public_url: str = "http://127.0.0.1:8080") -> None:
    text = TOML.format(more=more, public_url=public_url)
    text = text.replace("[newsroom]", f'[newsroom]\ndatabase = "{database}"', 1)
    (folder / "newsroom.toml").write_text(text, encoding="utf-8")


class Command:
    """Starts the command, as cron does: `with Command() as command`."""

    def __enter__(self) -> Command:
        self._public = Loopback(_Public)
        self._public.__enter__()
        self.said = ""
        return self

    def __exit__(self, *_: object) -> None:
        self._public.__exit__()

    def run(self, orders: Orders) -> int:
        """As a `Runner` of `tests.crash.scene` does."""
        process = self.started(orders)
        limit = threading.Timer(120, process.kill)
        limit.start()
        self.said, _ = process.communicate()
        limit.cancel()
        return process.returncode

    def started(self, orders: Orders) -> subprocess.Popen[str]:
        """The process that follows the orders."""
        folder = Path(orders.folder)
        _configure(
            folder, orders.database, DELIVERY[orders.provider].format(**asdict(orders)), self._public.url
        )
        now = (SIX + timedelta(minutes=orders.minutes)).isoformat(timespec="minutes")
        environment = {
            **os.environ,
            "PYTHONPATH": f"{SITE}:{ROOT}",
            "STANDFIRST_TEST_ORDERS": json.dumps(asdict(orders)),
            "STANDFIRST_SENDGRID_API_KEY": "SG.none-of-theirs",
        }
        return subprocess.Popen(
            [
                sys.executable,
                "send.py",
                "--config",
                str(folder / "newsroom.toml"),
                "--log",
                "json",
                "--now",
                now,
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
