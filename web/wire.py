"""How requests are read from the wire: quickly, and with a bound to what comes before their body."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes of a request's line and headers, about: whoever sends more would fill the memory with it."""


class Wire(HttpToolsProtocol):
    """uvicorn's quick reader of HTTP/1.1, which by itself reads a request's head without an end."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._is_in_head = False
        self._began = False
        self._head = 0

    def data_received(self, data: bytes) -> None:
        """Read on, and hang up on a head that is too long."""
        was_in_head, self._began = self._is_in_head, False
        super().data_received(data)
        # What came with a head's beginning may be other requests' before it: at most what is read at once.
        if was_in_head and not self._began:
            self._head += len(data)
            if self._is_in_head and self._head > LONGEST_HEAD:
                self.send_400_response("The request's head is too long.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_in_head = self._began = True
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is whole. One that is too long may have come at a stroke."""
        self._is_in_head = False
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > LONGEST_HEAD:
            # The parser stops, and the client is told.
            raise ValueError("the request's head is too long")
        super().on_headers_complete()
