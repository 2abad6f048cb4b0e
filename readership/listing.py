"""A source's line in our words: its names of plans and newsletters as newsroom.toml has them. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from newsroom.errors import ReaderError
from newsroom.settings import ReadersSettings
from readership.reader import DELIVERY_ORDER, Plan
from readership.row import Row, Rules, understood
from readership.sources import Listed

LONGEST_ID = 200
READING = "2"
"""Another one has every line read anew."""


class Words:
    """Reads the lines of one source."""

    def __init__(self, settings: ReadersSettings, rules: Rules, address_key: bytes) -> None:
        self._plans = {name.casefold().strip(): plan for name, plan in settings.plans.items()}
        self._names = dict(settings.names)
        self._rules = rules
        self._address_key = address_key
        self._prefix = f"source\0{settings.key}\0".encode()
        read_by = (READING, settings.plans, settings.newsletters, settings.names, sorted(rules.sections))
        # It is a name for the addresses in it, so it is keyed, too.
        self._hash = hashlib.blake2b(repr(read_by).encode(), digest_size=16, key=address_key[:64])

    def link(self, source_id: str) -> str:
        """The key of the link to who has this id there: an HMAC, 64 hex digits."""
        return hmac.digest(self._address_key, self._prefix + source_id.encode(), hashlib.sha256).hex()

    def digest(self, listed: Listed) -> str:
        """What is the same as long as the source says the same and it is read in the same way."""
        found = self._hash.copy()
        found.update("\0".join((*listed.cells, *listed.cells.values())).encode("utf-8", "surrogatepass"))
        return found.hexdigest()

    def row(self, listed: Listed) -> Row:
        """The line, understood. Raises ReaderError with every mistake; no word of it is an address."""
        if listed.problem:
            raise ReaderError(listed.problem)
        cells = dict(listed.cells)
        if "plan" in cells:
            cells["plan"] = self._plan(cells["plan"])
        if cells.get("newsletters") and self._names:
            text = cells["newsletters"]
            parts = [part.strip() for part in re.split(r"\n" if "\n" in text else r"[,;|]", text)]
            cells["newsletters"] = ",".join(self._names.get(part, part) for part in parts if part)
        return understood(cells, self._rules)

    def _plan(self, text: str) -> str:
        """Ours; several, a line each, are the best of them. What has none is free: a plan that ended."""
        names = [name for part in text.split("\n") if (name := part.strip())]
        found = [self._plans.get(name.casefold(), name.casefold()) for name in names]
        order: Mapping[str, int] = {plan.value: place for place, plan in enumerate(DELIVERY_ORDER)}
        unknown = next((name for name in found if name not in order), None)
        if unknown is not None:
            shown = "an address" if "@" in unknown else repr(unknown[:60])
            raise ReaderError(f"plan {shown} is not known; say in `plans` which of ours it is")
        return min(found, key=lambda name: order[name], default=Plan.FREE.value)
