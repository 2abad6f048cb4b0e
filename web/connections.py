"""Connections that are bounded: in number, and in how long one may take.

uvicorn closes a kept connection on which nothing comes, but waits for ever for the rest of a request that has
begun, and for a client that does not take its answer. A few hundred such clients, and nobody else is served.
"""

from __future__ import annotations

import asyncio

from web.headers import SAFE
from web.wire import Wire

MOST = 900
"""Connections at once; one more is closed without a word. Below the usual 1,024 files of a process."""
ASKING = 20.0
"""Seconds in which a request must have come whole, from its first byte, or the connection's first moment."""
TAKING = 30.0
"""Seconds in which a client must take some of its answer."""


LAST = 1.0
"""Seconds that a new connection gets for its first request when the server ends: it may be on its way."""


class BoundedConnection(Wire):
    """One client's connection."""

    _asking: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _is_last = False
    """The server ends: one request more, and no other."""
    _is_coming = False
    """A request has begun, and is not whole yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As theirs.
        """Wait for a request; where there are too many connections already, end this one."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._is_whole()
        self._is_taken()

    def data_received(self, data: bytes) -> None:
        """Take in what comes: more of it gives a client no more time."""
        super().data_received(data)
        if self._asking is None and not self.transport.is_closing() and (self._is_coming or self._is_idle()):
            self._wait()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_coming = True

    def on_message_complete(self) -> None:
        """The request is whole: from here on the application is waited for, not the client."""
        super().on_message_complete()
        self._is_coming = False
        self._is_whole()

    def shutdown(self) -> None:
        """Finish, as the server ends. A connection on which nothing was asked yet may still ask, once."""
        if self.cycle is not None or self.transport.is_closing():
            super().shutdown()
            return
        self._is_last = True
        self.loop.call_later(LAST, self._end_silent)

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def _end_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client is behind with its answer."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKING, self._end)

    def resume_writing(self) -> None:
        """It has taken some."""
        super().resume_writing()
        self._is_taken()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read gets an answer that is as safe as every other."""
        if self.transport.is_closing():
            return
        if not self._is_idle():
            # In the midst of another answer, this one would be taken for a part of it.
            self.transport.abort()
            return
        body = f"{msg}\n".encode()
        head = [
            b"HTTP/1.1 400 Bad Request",
            b"content-type: text/plain; charset=utf-8",
            b"content-length: " + str(len(body)).encode(),
            b"connection: close",
            *(name + b": " + value for name, value in SAFE),
        ]
        self.transport.write(b"\r\n".join([*head, b"", body]))
        self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._asking = self.loop.call_later(ASKING, self._end)

    def _is_whole(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _is_taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _end(self) -> None:
        self._asking = self._taking = None
        self.transport.abort()
