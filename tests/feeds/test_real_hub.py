"""A change that reaches a subscriber by way of a real hub: that of the package flask-websub.

conftest.py says when this is run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from feeds.hub import tell
from tests.feeds.desk import HOUR, Desk
from tests.samples import NOON, article
from tests.servers.http import Answer, HttpServer

HUB = """
import sys
from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage

port, database = int(sys.argv[1]), sys.argv[2]
app = Flask(__name__)
app.config.update(PUBLISH_SUPPORTED=True, SERVER_NAME=f"127.0.0.1:{port}")
celery = Celery("hub", broker="memory://")
celery.conf.update(task_always_eager=True, task_eager_propagates=True)
hub = Hub(SQLite3HubStorage(database), celery, **app.config)
app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
app.run(port=port, threaded=True)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """The address of a hub that runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    python = os.environ["STANDFIRST_REAL_HUB"]
    with (tmp_path / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-c", HUB, str(port), str(tmp_path / "hub.db")], stdout=log, stderr=log
        )
    try:
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/hub"
    finally:
        process.terminate()
        process.wait(10)


class Subscriber(BaseHTTPRequestHandler):
    """Says yes to what the hub asks back by repeating its challenge (5.3), and keeps what it is sent."""

    sent: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        self._answer(parse_qs(urlsplit(self.path).query)["hub.challenge"][0].encode())

    def do_POST(self) -> None:
        self.sent.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_change_reaches_a_subscriber(desk: Desk, hub: str) -> None:
    subscriber = ThreadingHTTPServer(("127.0.0.1", 0), Subscriber)
    threading.Thread(target=subscriber.serve_forever, daemon=True).start()
    with HttpServer() as site:
        site.otherwise = Answer(200, {"Link": f'<{hub}>; rel="hub", <{site.url}/x>; rel="self"'}, b"feed")
        desk.newsroom = replace(desk.newsroom, hub=hub, public_url=site.url)
        one = article()
        desk.add(one)
        desk.publish()
        report = tell(desk.engine, hub, NOON)
        assert report is not None
        assert (report.told, report.reason) == (15, "")
        form = {
            "hub.mode": "subscribe",
            "hub.topic": f"{site.url}/feeds/politics.atom",
            "hub.callback": f"http://127.0.0.1:{subscriber.server_port}/",
            "hub.lease_seconds": "3600",
        }
        assert httpx2.post(hub, data=form, trust_env=False).status_code == 202
        desk.now += HOUR
        desk.edit(replace(one, headline="The bridge sinks"))
        desk.publish()
        changed = (desk.feeds / "politics.atom").read_bytes()
        site.otherwise = replace(site.otherwise, body=changed)
        tell(desk.engine, hub, desk.now)
    subscriber.shutdown()
    subscriber.server_close()
    assert Subscriber.sent == [changed]
    assert b"The bridge sinks" in changed
