"""`status` as tables: sober, without colour where nobody looks; red only for what a person must do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.edition import DeliveryState, Edition
from newsletter.status import Line, Problem, ReaderLine, Trouble
from newsletter.sums import Sum
from newsroom.log import masked

ACCEPTED = "Accepted is what the provider took; what reached a mailbox, nobody here can know."
_WIDTH = 160
"""Columns where the output is no terminal."""

_SHOWN = (
    DeliveryState.ACCEPTED,
    DeliveryState.REFUSED,
    DeliveryState.UNCERTAIN,
    DeliveryState.DROPPED,
)
_ACTS = (Trouble.HELD, Trouble.UNCERTAIN, Trouble.CUT_OFF)
"""What no later run settles."""


class Page:
    """Prints what `status` shows; times are in `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        is_terminal = sys.stdout.isatty()
        self._console = Console(
            file=sys.stdout, highlight=False, markup=False, width=None if is_terminal else _WIDTH
        )

    def editions(self, title: str, lines: Sequence[Line]) -> None:
        """The last editions of one newsletter."""
        self._console.print(title, style="bold")
        if not lines:
            self._console.print("No edition yet.\n")
            return
        names = ("Readers", *(state.value.capitalize() for state in _SHOWN), "Waiting", "Left out")
        table = _table("Edition", "State", right=names)
        table.add_column("Handed over")
        for line in lines:
            table.add_row(line.edition.key, self._state(line.edition), *_numbers(line.sum), self._when(line))
        self._console.print(table)
        self._console.print(f"{ACCEPTED}\n")

    def edition(self, line: Line) -> None:
        """One edition in full: its times, and the sum of its readers."""
        edition = line.edition
        self._console.print(edition.key, style="bold")
        facts = _table("", "")
        facts.show_header = False
        for name, value in (
            ("State", self._state(edition)),
            ("Note", Text(masked(edition.note))),
            ("Revision", Text(str(edition.revision) if edition.revision else "")),
            ("Due", Text(self._local(edition.due))),
            ("Composed", Text(self._local(edition.composed))),
            ("First handed over", Text(self._local(edition.first_handed))),
            ("All handed over", Text(self._local(edition.finished))),
        ):
            if value.plain:
                facts.add_row(name, value)
        self._console.print(facts)
        self._sum(line.sum)

    def _sum(self, found: Sum) -> None:
        if found.candidates is None:
            self._console.print("Its readers are not planned yet.\n")
            return
        table = _table("Readers", right=("",))
        for state in DeliveryState:
            if found.of(state):
                table.add_row(state.value, f"{found.of(state):,}")
            if state is DeliveryState.DROPPED:
                for reason, count in sorted(found.dropped.items()):
                    table.add_row(f"  {masked(reason)}", f"({count:,})")
        for reason, count in sorted(found.exclusions.items()):
            table.add_row(f"left out: {masked(reason)}", f"{count:,}")
        table.add_section()
        total = sum(found.deliveries.values()) + sum(found.exclusions.values())
        table.add_row("together", f"{total:,}")
        table.add_row("candidates", f"{found.candidates:,}")
        self._console.print(table)
        if not found.is_right:
            self._console.print("The sum is wrong: the ledger was changed from outside.", style="red")
        self._console.print(f"{ACCEPTED}\n")

    def problems(self, found: Sequence[Problem], *, say_none: bool) -> None:
        """What waits for a person, each with the commands that settle it."""
        if not found:
            if say_none:
                self._console.print("Nothing waits for you.")
            return
        self._console.print("What waits", style="bold")
        table = _table("Edition", "", "Why", "Readers", "Since, or until", "What to do")
        for problem in found:
            style = "red" if problem.trouble in _ACTS else ""
            until = f"tried again {self._local(problem.next_at)}" if problem.next_at else ""
            table.add_row(
                problem.edition,
                Text(problem.trouble.value, style=style),
                masked(problem.reason),
                "" if problem.readers is None else f"{problem.readers:,}",
                until or self._local(problem.since),
                " or\n".join(problem.commands),
            )
        self._console.print(table)
        self._console.print()

    def reader(self, reader_id: int, story: Sequence[ReaderLine]) -> None:
        """What became of editions for one reader."""
        self._console.print(f"Reader {reader_id}", style="bold")
        if not story:
            self._console.print("No edition was meant for this reader.")
            return
        table = _table(
            "Edition", "State", "Why", "Batch", "Handed over", "Answered", "By", "Its number there"
        )
        for line in story:
            table.add_row(
                line.edition,
                line.state.value if line.state else "left out",
                masked(line.reason),
                "" if line.batch is None else str(line.batch),
                self._local(line.handed),
                self._local(line.settled),
                line.provider,
                masked(line.reference),
            )
        self._console.print(table)
        self._console.print(ACCEPTED)

    def log(self, entries: Sequence[tuple[datetime, str, str]]) -> None:
        """Who did what to the edition, oldest first."""
        table = _table("When", "Who", "What")
        for at, by, what in entries:
            table.add_row(self._local(at), by, masked(what))
        self._console.print(table)

    def coming(self, editions: Sequence[tuple[str, datetime]]) -> None:
        """When each newsletter's next edition is due; the times are local already."""
        table = _table("Newsletter", "Next edition")
        for key, due in editions:
            table.add_row(key, f"{due:%A} {due:%Y-%m-%d %H:%M}")
        self._console.print(table)

    def _state(self, edition: Edition) -> Text:
        if edition.held:
            return Text("held", style="red")
        return Text(edition.state.value)

    def _when(self, line: Line) -> str:
        edition = line.edition
        if edition.first_handed is None:
            return f"due {self._local(edition.due)}" if edition.finished is None else masked(edition.note)
        end = "" if edition.finished is None else f"-{edition.finished.astimezone(self._zone):%H:%M}"
        return f"{self._local(edition.first_handed)}{end}"

    def _local(self, moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def _numbers(found: Sum) -> list[str]:
    if found.candidates is None:
        return [""] * (len(_SHOWN) + 3)
    waiting = found.of(DeliveryState.PLANNED) + found.of(DeliveryState.HANDED)
    counts = (
        found.candidates,
        *(found.of(state) for state in _SHOWN),
        waiting,
        sum(found.exclusions.values()),
    )
    return [f"{count:,}" for count in counts]


def _table(*left: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="", show_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right")
    return table
