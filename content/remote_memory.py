"""What a sync of a remote source remembers for the next one: how far it read, and why it waits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine

from content import store
from content.patience import forgotten
from content.store import SourceState
from newsroom.database import writing
from newsroom.settings import SourceSettings


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of one source as the last sync left it, and the way to leave another one."""

    engine: Engine
    settings: SourceSettings
    before: SourceState

    @property
    def of_source(self) -> Mapping[str, Any]:
        """What the source itself noted."""
        noted: Mapping[str, Any] = self.before.state.get("source", {})
        return noted

    def is_full_pass_due(self, now: datetime) -> bool:
        """True where a full pass is due: after `full_every`, and where the source is set up otherwise."""
        last = self.before.state.get("full")
        if last is None or self.before.state.get("settings") != self._print:
            return True
        return now - datetime.fromisoformat(last) >= self.settings.full_every

    def keep(self, noted: Mapping[str, Any], held: str, read: datetime | None, *, full: bool) -> None:
        """Remember how far the source was read, and when (`read`)."""
        state = {
            "source": dict(noted),
            "full": read.isoformat() if full and read else self.before.state.get("full"),
            "settings": self._print,
        }
        self._store(SourceState(read, "", held, state))

    def keep_held(self, why: str, now: datetime, *, full: bool, doubted: bool, lost: bool) -> None:
        """Remember why it waits, and nothing of the pass: the next one meets the same, until it is decided.

        Only a full one sees what is `lost`.
        """
        state = forgotten(self.before.state)
        if doubted:
            state["source"] = {**state.get("source", {}), "doubted": True}
            state |= {"full": now.isoformat()} if full else {}
        if lost:
            state["full"] = None
        self._store(SourceState(self.before.last_read, "", why, state))

    def _store(self, state: SourceState) -> None:
        with writing(self.engine) as connection:
            store.set_source_state(connection, self.settings.key, state)

    @property
    def _print(self) -> str:
        return hashlib.sha256(repr(self.settings).encode()).hexdigest()
