"""A run's problems: none hides another, and a mistake of ours shows its place and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from commands.troubles import Troubles
from newsroom import log
from newsroom.errors import ConfigurationError, ExitStatus, HeldError
from newsroom.locks import LockBusyError


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("text", stream=stream)
    yield stream
    log.configure("text")


def test_two_problems_of_one_place_are_both_remembered(said: io.StringIO) -> None:
    troubles = Troubles()
    for message in ("a.md: no date", "a.md: no headline", "a.md: no date"):
        troubles.add("sync", "a.md", message)
    assert sorted(troubles.messages.values()) == ["a.md: no date", "a.md: no headline"]
    assert said.getvalue().count("a.md: no date") == 1
    assert said.getvalue().count("not done, for the same reason") == 1
    # The same ones have the same keys in the next run.
    again = Troubles()
    for message in ("a.md: no date", "a.md: no headline"):
        again.add("sync", "a.md", message)
    assert again.messages == troubles.messages


def test_a_long_place_fits_into_the_table_and_stays_apart(said: io.StringIO) -> None:
    troubles = Troubles()
    for end in "ab":
        troubles.add("sync", "x" * 300 + end, end)
    assert len(troubles.messages) == 2
    assert max(map(len, troubles.messages)) < 200


def test_what_nobody_foresaw_is_told_by_its_place_alone(said: io.StringIO) -> None:
    troubles = Troubles()
    with troubles.caught("digest", "daily"):
        raise ValueError("ann@example.org pays for The merger")
    assert troubles.status is ExitStatus.FAILED
    (message,) = troubles.messages.values()
    assert "ValueError at tests/commands/test_troubles.py:" in message
    assert "merger" not in said.getvalue() + message


def test_shown_whole_where_somebody_asks(
    said: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDFIRST_DEBUG", "1")
    with Troubles().caught("digest"):
        raise ValueError("the whole of it")
    assert "the whole of it" in capsys.readouterr().err


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_an_end_is_an_end(said: io.StringIO, end: type[BaseException]) -> None:
    with pytest.raises(end), Troubles().caught("digest"):
        raise end


def test_the_gravest_status_wins_and_notices_have_none(said: io.StringIO) -> None:
    troubles = Troubles()
    with troubles.caught("a"):
        raise ConfigurationError("wrong")
    with troubles.caught("b"):
        raise HeldError("held")
    troubles.add("c", "x", "was missed", ExitStatus.DONE)
    troubles.warn("d", "odd")
    with troubles.caught("e"):
        raise LockBusyError("e: another run has it (process 1)")
    assert troubles.status is ExitStatus.MISUSE
    assert (troubles.skipped, troubles.warnings, len(troubles.messages)) == (True, 1, 3)
    assert [key for key in troubles.messages if key.startswith("notice:")] == ["notice:c:x"]


def test_what_was_said_in_full_before_is_not_said_in_full_again(said: io.StringIO) -> None:
    first = Troubles()
    first.add("sync", "a", "the database failed")
    again = Troubles(told=frozenset(first.messages.values()))
    again.add("sync", "a", "the database failed")
    again.add("sync", "b", "another thing")
    assert said.getvalue().count("the database failed") == 1
    assert list(again.messages.values()) == ["the database failed", "another thing"]
