"""`status` as a page: sober, without colour where nobody looks; red only for what a person must do."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.edition_contents import Contents, Named
from commands.waits import Waiting
from newsletter.delivery.ramp import Standing
from newsletter.delivery.sums import Sum
from newsletter.edition import DeliveryState, Edition
from newsletter.reader_moments import Moment
from newsletter.returns.heard import BESIDE, Fate, Heard
from newsletter.status import Line, ReaderLine
from newsroom.log import masked

ACCEPTED = "Accepted is what the provider took; what reached a mailbox, nobody here can know."
DELIVERED = "Accepted is what the provider took; delivered, what its events say that a mail server took."
_WIDTH = 160
"""Columns where the output is no terminal and COLUMNS does not say otherwise."""

_LONGEST_NAME = 36
"""Columns that a story's name may take beside its headline."""


class Page:
    """Prints what `status` shows; times are in `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        is_free = not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdigit()
        self._console = Console(
            file=sys.stdout, highlight=False, markup=False, emoji=False, width=_WIDTH if is_free else None
        )

    def editions(self, title: str, lines: Sequence[Line], heard: Mapping[str, Heard]) -> None:
        """The last editions of one newsletter; `heard`, by key, what the provider's events say of some."""
        self._title(title)
        if not lines:
            self._say("No edition yet.\n")
            return
        table = _table("Edition", "State", "When")
        table.add_column("Readers, or why none", overflow="fold")
        for line in lines:
            edition = line.edition
            table.add_row(
                edition.key,
                _state(edition),
                self._when(edition),
                masked(_outcome(line, heard.get(edition.key))),
            )
        self._console.print(table)
        self._say(f"{DELIVERED if heard else ACCEPTED}\n")

    def edition(self, line: Line, found: Contents, heard: Heard) -> None:
        """One edition in full: its times, its stories, the sum of its readers, and what was heard of them."""
        edition = line.edition
        self._title(edition.key)
        for name, value in (
            ("State", _state(edition)),
            ("Why", Text(masked(edition.held or edition.note))),
            ("Subject", Text(found.subject)),
            ("Revision", Text(str(edition.revision or ""))),
            ("Due", Text(self._local(edition.due))),
            ("Composed", Text(self._local(edition.composed))),
            ("Goes out", Text(self._local(edition.not_before if edition.first_handed is None else None))),
            ("Handed over", Text(self._span(edition.first_handed, edition.finished))),
        ):
            if value.plain:
                self._fact(name, value)
        self._say("")
        self._stories(found)
        self._sum(line.sum, heard)
        if found.batches:
            states = ", ".join(f"{count:,} {state.value}" for state, count in sorted(found.batches.items()))
            self._say(f"Batches: {states}\n")

    def _fact(self, name: str, value: Text) -> None:
        room = max(20, self._console.width - 13)
        first, *more = textwrap.wrap(value.plain, room) or [""]
        self._console.print(f"{name:<13}", Text(first, style=value.style), sep="", soft_wrap=True)
        for part in more:
            self._console.print(" " * 13 + part, soft_wrap=True)

    def _stories(self, found: Contents) -> None:
        everything = [one.name for _, stories in found.places for one in stories]
        column = min(_LONGEST_NAME, max(map(len, everything), default=0))
        for title, stories in found.places:
            self._title(title)
            for one in stories:
                self._story(one, one.headline, column)
        if found.left_out:
            self._title("No room was left for")
            for one in found.left_out:
                self._story(one, f"{one.headline} ({one.why})", column)
        if everything:
            self._say("\nThe first column is what `edit --lead`, `edit --drop` and `why` take.\n")

    def _story(self, one: Named, text: str, column: int) -> None:
        room = max(20, self._console.width - column - 4)
        first, *more = textwrap.wrap(text, room) or [""]
        if len(one.name) > column:
            # Never broken: it is there to be copied.
            self._console.print(f"  {one.name}", soft_wrap=True)
            more = [first, *more]
        else:
            self._console.print(f"  {one.name:<{column}}  {first}", soft_wrap=True)
        for part in more:
            self._console.print(" " * (column + 4) + part, soft_wrap=True)

    def _sum(self, found: Sum, heard: Heard) -> None:
        if found.candidates is None:
            self._say("Its readers are not planned yet.\n")
            return
        table = _table("Readers", right=("",))
        for name, count in _rows(found):
            table.add_row(masked(name), count)
        table.add_section()
        total = sum(found.deliveries.values()) + sum(found.exclusions.values())
        table.add_row("together", f"{total:,}")
        table.add_row("candidates", f"{found.candidates:,}")
        self._console.print(table)
        if not found.is_right:
            self._console.print("The sum is wrong: the ledger was changed from outside.", style="red")
        if heard.total:
            self._heard(found, heard)
        self._say(f"{DELIVERED if heard.total else ACCEPTED}\n")

    def _heard(self, found: Sum, heard: Heard) -> None:
        """What the provider's events say of those whom it has accepted."""
        table = _table("By the provider's events", right=("",))
        for fate in Fate:
            if heard.of(fate):
                table.add_row(f"  {fate.value}" if fate in BESIDE else fate.value, f"{heard.of(fate):,}")
        thrown_away = min(heard.of(Fate.DROPPED), found.of(DeliveryState.REFUSED))
        silent = found.of(DeliveryState.ACCEPTED) + thrown_away - heard.total
        if silent > 0:
            table.add_row("accepted, and nothing heard", f"{silent:,}")
        self._say("")
        self._console.print(table)

    def waiting(self, found: Sequence[Waiting], *, say_none: bool) -> None:
        """What waits, each with what settles it; what a person must do first."""
        if not found:
            if say_none:
                self._say("Nothing waits for you.")
            return
        for title, ones in (
            ("What waits for you", [one for one in found if one.needs_person]),
            ("To be known", [one for one in found if not one.needs_person]),
        ):
            if ones:
                self._title(title)
            for one in ones:
                style = "red" if one.needs_person else ""
                place = Text.assemble(one.place, "  ", (one.trouble, style), self._about(one))
                self._console.print(place, soft_wrap=True)
                self._say(masked(one.reason), indent=4)
                for command in one.commands:
                    self._console.print(f"    python send.py {command}", soft_wrap=True)
        self._say("")

    def _about(self, one: Waiting) -> str:
        said = (
            f"batch {one.batch}" if one.batch is not None else "",
            f"{len(one.batches):,} batches" if one.batches else "",
            "" if one.readers is None else "1 reader" if one.readers == 1 else f"{one.readers:,} readers",
            f"since {self._local(one.since)}" if one.since else "",
            f"tried again {self._local(one.next_at)}" if one.next_at else "",
        )
        return "".join(f", {part}" for part in said if part)

    def reader(self, reader_id: int, story: Sequence[ReaderLine], *, has_events: bool = False) -> None:
        """What became of editions for one reader."""
        self._title(f"Reader {reader_id}")
        if not story:
            self._say("No edition was meant for this reader.")
            return
        table = _table("Edition", "State", "When")
        table.add_column("Why, by what, under which number", overflow="fold")
        for line in story:
            more = (line.reason, line.provider, f"batch {line.batch}" if line.batch else "", line.reference)
            state = line.state.value if line.state else "left out"
            when = self._local(line.settled or line.handed)
            table.add_row(line.edition, state, when, masked(", ".join(filter(None, more))))
        self._console.print(table)
        self._say(DELIVERED if has_events else ACCEPTED)

    def moments(self, story: Sequence[Moment]) -> None:
        """One edition for one reader, by the clock."""
        table = _table("When", "What")
        table.add_column("", overflow="fold")
        for one in story:
            local = one.at.astimezone(self._zone)
            table.add_row(f"{local:%Y-%m-%d %H:%M:%S}", masked(one.what), masked(one.more))
        self._say("")
        self._console.print(table)

    def log(self, entries: Sequence[tuple[datetime, str, str]]) -> None:
        """Who did what to the edition, oldest first."""
        table = _table("When", "Who")
        table.add_column("What", overflow="fold")
        for at, by, what in entries:
            table.add_row(self._local(at), by, masked(what))
        self._console.print(table)

    def warmed_up(self, newsletters: Sequence[Standing]) -> None:
        """The newsletters that go to some of their readers only, while their sending domain is warmed up."""
        for one in newsletters:
            today = f"{one.today:,} readers at most today, day {one.day} of {one.days}"
            others = f"the others are left for another day. `ramp {one.newsletter}` says more."
            self._say(f"{one.newsletter} is warmed up: {today}; {others}\n")

    def coming(self, editions: Sequence[tuple[str, datetime]]) -> None:
        """When each newsletter's next edition is due; the times are local already."""
        table = _table("Next edition", "Due")
        for key, due in editions:
            table.add_row(key, f"{due:%A} {due:%Y-%m-%d %H:%M}")
        self._console.print(table)

    def _title(self, text: str) -> None:
        self._console.print(text, style="bold", soft_wrap=True)

    def _say(self, text: str, indent: int = 0) -> None:
        margin = " " * indent
        for part in text.split("\n"):
            lines = textwrap.wrap(
                part,
                self._console.width,
                initial_indent=margin,
                subsequent_indent=margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in lines or [""]:
                self._console.print(line, soft_wrap=True)

    def _when(self, edition: Edition) -> str:
        """When it went or was due, by the clock alone where the edition's key has the day already."""
        if edition.first_handed is None:
            if edition.not_before is not None and not edition.finished:
                return f"goes {self._local(edition.not_before, edition.local_date)}"
            return "" if edition.finished else f"due {self._local(edition.due, edition.local_date)}"
        return self._span(edition.first_handed, edition.finished, edition.local_date)

    def _span(self, start: datetime | None, end: datetime | None, day: date | None = None) -> str:
        if start is None:
            return ""
        first = self._local(start, day)
        last = self._local(end, start.astimezone(self._zone).date())
        return first if not end or last == first[-5:] else f"{first}-{last}"

    def _local(self, moment: datetime | None, day: date | None = None) -> str:
        """The moment in the newsroom's zone; only the hour where it is on `day`."""
        if moment is None:
            return ""
        local = moment.astimezone(self._zone)
        return local.strftime("%H:%M" if local.date() == day else "%Y-%m-%d %H:%M")


def _state(edition: Edition) -> Text:
    return Text("held", style="red") if edition.held else Text(edition.state.value)


def _outcome(line: Line, heard: Heard | None) -> str:
    """What became of the edition's readers, and what was heard of them; where it has none, why."""
    why = line.edition.held or line.edition.note
    fates = (Fate.DELIVERED, *(fate for fate in Fate if fate is not Fate.DELIVERED))
    counts = [f"{heard.of(fate):,} {fate.value}" for fate in fates if heard.of(fate)] if heard else []
    events = f"by the provider's events {', '.join(counts)}" if counts else ""
    return "; ".join(filter(None, (sum_in_words(line.sum), events, why)))


def sum_in_words(found: Sum) -> str:
    """`120 = 108 accepted + 12 left out`, of each state what there is; "" before it is planned."""
    if found.candidates is None:
        return ""
    waiting = found.of(DeliveryState.PLANNED) + found.of(DeliveryState.HANDED)
    shown = (DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN, DeliveryState.DROPPED)
    counts = (
        *((found.of(state), state.value) for state in shown),
        (waiting, "waiting"),
        (sum(found.exclusions.values()), "left out"),
    )
    parts = " + ".join(f"{count:,} {name}" for count, name in counts if count)
    return f"{found.candidates:,}" + (f" = {parts}" if parts else " readers")


def _rows(found: Sum) -> Iterator[tuple[str, str]]:
    for state in DeliveryState:
        if found.of(state):
            yield state.value, f"{found.of(state):,}"
        if state is DeliveryState.DROPPED:
            yield from ((f"  {reason}", f"({count:,})") for reason, count in sorted(found.dropped.items()))
    yield from ((f"left out: {reason}", f"{count:,}") for reason, count in sorted(found.exclusions.items()))


def _table(*whole: str, right: Sequence[str] = ()) -> Table:
    """A table whose first columns are never broken: they are there to be copied."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="", show_edge=False)
    for name in whole:
        table.add_column(name, no_wrap=True, overflow="ignore")
    for name in right:
        table.add_column(name, justify="right")
    return table
