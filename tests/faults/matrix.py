"""The faults as a table for docs/delivery.md: those that come to the same stand in one row."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.cases import FAILED, Case

_HEAD = (
    "| | what it does | after the run | after the next ones | status | what you do |",
    "| --- | --- | --- | --- | ---: | --- |",
)


def matrix(cases: Iterable[Case]) -> str:
    """The table in Markdown, by provider, in the order of the cases."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for case in cases:
        after = "the same" if case.first == case.last else case.last
        row = (case.provider, case.first, after, str(case.exit), what_to_do(case))
        rows.setdefault(row, []).append(case.fault)
    lines = [
        f"| {provider} | {'; '.join(faults)} | {first} | {after} | {status} | {to_do} |"
        for (provider, first, after, status, to_do), faults in rows.items()
    ]
    return "\n".join((*_HEAD, *lines)) + "\n"


def what_to_do(case: Case) -> str:
    """What the operator does about it."""
    if case.is_ours:
        return "mend what the run says"
    if "uncertain" in case.last:
        return "look into the provider's log, then `resolve`"
    if "refused" in case.last:
        return "`status --problems`: mend the address"
    if case.provider == "outbox":
        return "make room; the next run goes on"
    return "nothing: the next run goes on" if case.exit == FAILED else "nothing"
