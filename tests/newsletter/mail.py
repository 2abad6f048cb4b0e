"""Sample letters, envelopes and batches for the tests of messages and providers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from newsletter.providers import Batch, Envelope, Recipient
from newsletter.rendering.letter import Letter, Slot
from tests import samples


def letter(**changes: Any) -> Letter:
    """A short letter in English with each slot in both of its parts."""
    value = Letter(
        subject="The bridge reopens",
        html=(
            '<p>The bridge reopens.</p><a href="',
            Slot.UNSUBSCRIBE_URL,
            '">Unsubscribe</a><p>',
            Slot.TRIAL,
            '</p><a href="',
            Slot.PREFERENCES_URL,
            '">Preferences</a>',
        ),
        text=("The bridge reopens.\n\n", Slot.TRIAL, "\n", Slot.UNSUBSCRIBE_URL, "\n", Slot.PREFERENCES_URL),
        language="en",
    )
    return replace(value, **changes)


def envelope(**changes: Any) -> Envelope:
    """The Quay's envelope at NOON."""
    value = Envelope(
        sender="digest@quay.example",
        sender_name="The Quay",
        reply_to="editors@quay.example",
        envelope_sender="bounces@quay.example",
        list_id="The Morning Quay <daily.quay.example>",
        date=samples.NOON,
        one_click=True,
        category="daily",
    )
    return replace(value, **changes)


def recipient(number: int = 1, **changes: Any) -> Recipient:
    """Reader `number`, with values of their own."""
    value = Recipient(
        delivery=number,
        address=f"reader{number}@example.org",
        message_id=f"{number:040x}@quay.example",
        values={
            Slot.UNSUBSCRIBE_URL: f"https://feeds.quay.example/unsubscribe/{number:064x}u",
            Slot.PREFERENCES_URL: f"https://feeds.quay.example/preferences/{number:080x}o",
            Slot.TRIAL: f"Your trial ends in {number} days.",
        },
        name=f"Reader {number}",
    )
    return value._replace(**changes)


def batch(readers: int = 3, **changes: Any) -> Batch:
    """The daily's first batch, for readers 1 to `readers`."""
    value = Batch(
        edition="daily-2026-03-10",
        number=1,
        letter=letter(),
        envelope=envelope(),
        recipients=tuple(recipient(number) for number in range(1, readers + 1)),
    )
    return replace(value, **changes)
