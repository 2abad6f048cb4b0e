"""What went wrong in a run: said at once, remembered for the alert and for the exit status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from newsroom import log
from newsroom.errors import ExitStatus, StandfirstError
from newsroom.locks import LockBusyError

_GRAVITY = (ExitStatus.DONE, ExitStatus.FAILED, ExitStatus.HELD, ExitStatus.MISUSE)
"""Which status a run ends with when several hold: what no later run can mend by itself comes last."""


@dataclass(slots=True)
class Troubles:
    """The problems of one run, by a key that stays the same while a problem lasts."""

    messages: dict[str, str] = field(default_factory=dict)
    status: ExitStatus = ExitStatus.DONE
    skipped: bool = False
    """A step was left to another run, so what this run did not see may be there still."""

    def add(self, step: str, key: str, message: str, status: ExitStatus = ExitStatus.FAILED) -> None:
        """Say a problem and remember it."""
        log.problem(step, message)
        self.messages[f"{step}:{key}"] = message
        self.worsen(status)

    def worsen(self, status: ExitStatus) -> None:
        """End with this status, unless it is a graver one already."""
        self.status = max(self.status, status, key=_GRAVITY.index)

    @contextmanager
    def caught(self, step: str, key: str = "") -> Iterator[None]:
        """Turn an error of this step into a problem, so that the run's other steps go on.

        A step that another run is doing is said and skipped: nothing is wrong.
        """
        try:
            yield
        except LockBusyError as busy:
            self.skipped = True
            log.step(step, skipped=str(busy))
        except StandfirstError as error:
            for line in error.problems:
                # The key is the message's beginning: the same failure tomorrow is not told again.
                self.add(step, key or line[:100], line, error.exit_status)
