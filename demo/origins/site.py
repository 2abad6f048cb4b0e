"""A small site of the demo's own on this machine, for as long as its run takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsroom.errors import StandfirstError

HOST = "127.0.0.1"
FOLDER = "site"
"""Below the demo's run: the files that are served, each at its path."""
MEDIA = "media"
"""Below that: the pictures."""


class PortTakenError(StandfirstError):
    """Another program listens where the demo's site was."""


@contextmanager
def serving(folder: Path, address: str = "") -> Iterator[str]:
    """Serve the files of `folder` to this machine alone; gives the address.

    That is `address`, or a port that was free where it is empty. Raises PortTakenError.
    """
    port = urlsplit(address).port or 0
    try:
        server = ThreadingHTTPServer((HOST, port), partial(_Files, directory=str(folder)))
    except OSError as error:
        raise PortTakenError(
            f"port {port} of this machine, where the demo's own site was, cannot be had ({error.strerror}); "
            "end the program that has it, or begin anew: make demo-clean"
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Files(SimpleHTTPRequestHandler):
    """The files and no lists of them; a page's address has no ending."""

    extensions_map = {  # noqa: RUF012  # The library has it so.
        "": "text/html; charset=utf-8",
        ".jpg": "image/jpeg",
        ".txt": "text/plain; charset=utf-8",
        ".xml": "application/rss+xml; charset=utf-8",
    }

    def list_directory(self, path: Any) -> None:
        """None is shown."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The library's name for it.
        """Nothing: the run tells what it did."""
