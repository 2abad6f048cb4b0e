"""What the ledger needs to make letters and messages, handed to it by whoever knows the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from newsletter.corrections import OwedTo, nobody
from newsletter.delivery.planning import VariantOf
from newsletter.delivery.recipients import Addressed
from newsletter.edition import Selection
from newsletter.providers import Batch, Envelope, Recipient
from newsletter.rendering.budget import Fitted, uncut
from newsletter.rendering.letter import Letter, Slot
from newsletter.variant import Variant

# Named once: Python 3.11 calls a function for each member that is looked up in its class.
_UNSUBSCRIBE_URL, _PREFERENCES_URL, _TRIAL = Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.TRIAL


@dataclass(frozen=True, slots=True)
class Post:
    """The parts of a message that are made elsewhere. Those that take a connection read
    what there is now, `announce` writes, and all others are pure."""

    variant_of: Callable[[Selection], VariantOf]
    """For a selection: which variant of it a candidate gets. It depends on plan, sections and language."""
    letter: Callable[[Selection, Variant], Letter]
    """The rendered letter of a selection that is narrowed to the variant already."""
    envelope: Callable[[datetime], Envelope]
    """The envelope of messages handed over at that moment."""
    unsubscribe_url: Callable[[int], str]
    """A reader's own unsubscribe address."""
    preferences_url: Callable[[int], str]
    """A reader's own address to change what comes, or to pause it."""
    trial_phrase: Callable[[int, str], str]
    """(days left, language): what a trial reader is told."""
    message_id: Callable[[str, int], str]
    """(edition, reader): the Message-ID, without angle brackets."""
    revise: Callable[[Connection, Selection, bool], Selection]
    """The selection as it should go out now; with True only without what was withdrawn since. The
    connection reads."""
    announce: Callable[[str], None]
    """Tell the witness, before anybody gets it, that this edition is handed over; raises HeldError where
    that would be wrong. Called outside any transaction."""
    advanced: Callable[[str], None] = lambda _: None
    """Tell the witness that this edition comes further: before a run goes on with it, and after each that
    handed something over. Called outside any transaction; raises nothing where only the witness cannot be
    written."""
    trace: Callable[[str, int, int], str] = lambda *_: ""
    """(edition, batch, reader): what tells whose a mail is that comes back."""
    fit: Callable[[Selection], Fitted] = uncut
    """A new revision's selection as far as a mail has room for it. Pure."""
    owed_to: Callable[[Connection, str], OwedTo] = lambda *_: nobody
    """For the edition of this key: whom its box tells of which corrections. The connection reads."""
    standing: Callable[[Connection, Variant], Variant] = lambda _, variant: variant
    """The variant without corrections of what is withdrawn by now. The connection reads."""

    def batch(
        self,
        edition: str,
        number: int,
        letter: Letter,
        readers: Sequence[Addressed],
        date: datetime,
    ) -> Batch:
        """The provider's batch for `readers`."""
        return Batch(
            edition=edition,
            number=number,
            letter=letter,
            envelope=self.envelope(date),
            recipients=tuple(self._recipient(edition, number, one, letter.language) for one in readers),
        )

    def _recipient(self, edition: str, number: int, one: Addressed, language: str) -> Recipient:
        reader_id, days, address, name = one
        return Recipient(
            delivery=reader_id,
            address=address,
            message_id=self.message_id(edition, reader_id),
            values={
                _UNSUBSCRIBE_URL: self.unsubscribe_url(reader_id),
                _PREFERENCES_URL: self.preferences_url(reader_id),
                _TRIAL: "" if days is None else self.trial_phrase(days, language),
            },
            name=name,
            trace=self.trace(edition, number, reader_id),
        )
