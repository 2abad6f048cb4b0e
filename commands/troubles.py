"""What went wrong in a run: said at once, remembered for the alert and for the exit status."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from newsroom import alerts, log, unforeseen
from newsroom.errors import ExitStatus, StandfirstError
from newsroom.locks import LockBusyError

NOTICE = alerts.NOTICE
"""How the key of a problem begins that waits for nobody: an edition that was missed, say."""

NOT_NOTED = "not noted, for the same reason"
"""What is said of an alert that nothing will remember: it is told all the same."""

SAME = "not done, for the same reason"
"""What is said of a step that fails by what another one has failed by in this run."""

_GRAVITY = (ExitStatus.DONE, ExitStatus.FAILED, ExitStatus.HELD, ExitStatus.MISUSE)
"""Which status a run ends with when several hold: what no later run can mend by itself comes last."""

_LONGEST_KEY = 160
"""Characters: the table of alerts takes 200."""


@dataclass(slots=True)
class Troubles:
    """The problems of one run, by a key that stays the same while a problem lasts."""

    messages: dict[str, str] = field(default_factory=dict)
    status: ExitStatus = ExitStatus.DONE
    left: dict[str, str] = field(default_factory=dict)
    """The steps that were left to another run, and to which, in words."""
    told: frozenset[str] = frozenset()
    """What was said in full before this: of an edition's sources that are asked again, say."""
    warnings: int = 0
    """What was said and is not told to anybody else."""

    @property
    def skipped(self) -> bool:
        """A step was left to another run, so what this run did not see may be there still."""
        return bool(self.left)

    def add(
        self,
        step: str,
        key: str,
        message: str,
        status: ExitStatus = ExitStatus.FAILED,
        *,
        level: Literal["warning", "error"] = "error",
        same: str = SAME,
    ) -> None:
        """Say a problem and remember it; with status DONE it is a notice, which waits for nobody. `same` is
        said instead of a message that was said before in this run."""
        # What keeps every step from working is said in full once.
        is_said = message in self.told or message in self.messages.values()
        log.problem(step, same if is_said else message, level=level)
        prefix = NOTICE if status is ExitStatus.DONE else ""
        self._remember(_short(f"{prefix}{step}:{key}"), message)
        self.worsen(status)

    def warn(self, step: str, message: str) -> None:
        """Say what is odd and stops nothing."""
        log.problem(step, message, level="warning")
        self.warnings += 1

    def worsen(self, status: ExitStatus) -> None:
        """End with this status, unless it is a graver one already."""
        self.status = max(self.status, status, key=_GRAVITY.index)

    @contextmanager
    def caught(self, step: str, key: str = "", *, same: str = SAME) -> Iterator[None]:
        """Turn an error of this step into a problem, so that the run's other steps go on.

        A step that another run is doing is said and skipped: nothing is wrong. Of an error that nobody
        foresaw only its kind and place are said.
        """
        try:
            yield
        except LockBusyError as busy:
            self.left[step] = str(busy)
            log.step(step, skipped=str(busy))
        except StandfirstError as error:
            for line in error.problems:
                # The key is the message's beginning: the same failure tomorrow is not told again.
                self.add(step, key or line[:100], line, error.exit_status, same=same)
        except Exception as error:  # noqa: BLE001 (the last catch: the other steps go on, and it is told)
            self.add(step, f"{key}:{type(error).__name__}", unforeseen.said(error))
            unforeseen.show(error)

    def _remember(self, key: str, message: str) -> None:
        # Two mistakes in one file are two problems.
        taken = self.messages.get(key, message)
        self.messages[key if taken == message else f"{key}#{_digest(message)}"] = message


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}#{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
