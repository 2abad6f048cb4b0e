"""The log of an edition, as its editors read it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from newsletter.editions import LogLine
from tests.newsletter.delivering import NOW
from web.edition_known import Known
from web.edition_view import deeds

BRIDGE = "tag:quay.example,2026:articles/bridge"
HEADLINES = {BRIDGE: "The bridge", f"{BRIDGE}-opens": "The bridge opens", f"{BRIDGE}2": "Another bridge"}


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        (f"dropped 2: {BRIDGE}, {BRIDGE}-opens", 'dropped 2: "The bridge", "The bridge opens"'),
        (f"lead {BRIDGE}2 instead of {BRIDGE}", 'lead "Another bridge" instead of "The bridge"'),
        (f"dropped 1: {BRIDGE}-closes", f"dropped 1: {BRIDGE}-closes"),
        ("held: by hand", "held: by hand"),
    ],
)
def test_stories_are_named_by_their_headlines_and_by_no_others(what: str, shown: str) -> None:
    known: Any = SimpleNamespace(headlines=HEADLINES, log=(LogLine(1, NOW, "nele", what),))
    (deed,) = deeds(cast(Known, known), 0, {}, Locale("en"), ZoneInfo("UTC"))
    assert deed.what == shown
