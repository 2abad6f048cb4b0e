"""Whose feed is asked for, answered by the database as it is: several that wait are asked for at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.engine import Engine

from newsroom.database import reading
from readership.feed_addresses import Holder, holders

_Waiting = list[tuple[int, "asyncio.Future[Holder | None]"]]


class Holders:
    """Asks for readers. Nothing is remembered: an address that is revoked is void for the next request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: _Waiting = []
        self._thread = ThreadPoolExecutor(1, "private-feeds")
        self._asking: asyncio.Task[None] | None = None

    async def find(self, reader_id: int) -> Holder | None:
        """The reader as the database has them after this call. Raises StoreError where it cannot be asked."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Holder | None] = loop.create_future()
        self._waiting.append((reader_id, future))
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        # While one question is under way, the next requests gather for the one after it.
        while self._waiting:
            some, self._waiting = self._waiting, []
            ids = [reader_id for reader_id, _ in some]
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, ids)
            except BaseException as error:
                for _, future in some:
                    if not future.done():
                        future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for reader_id, future in some:
                if not future.done():
                    future.set_result(found.get(reader_id))

    def _ask(self, ids: list[int]) -> dict[int, Holder]:
        with reading(self._engine) as connection:
            return holders(connection, ids)
