"""The one hierarchy of errors. Every message says what failed, where, and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """What a run's exit status means to cron and to the operator."""

    DONE = 0
    """Everything due was done, nothing was due, or it waits within a planned hold."""
    FAILED = 1
    """Something failed and the next run tries it again."""
    MISUSE = 2
    """Wrong use or configuration: no later run mends it by itself."""
    HELD = 3
    """Held until a person decides."""


class StandfirstError(Exception):
    """Any failure that Standfirst foresees.

    `problems` has one line each; the command prints every one of them.
    """

    exit_status = ExitStatus.FAILED

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigurationError(StandfirstError):
    """`newsroom.toml`, the environment or a command's arguments are wrong."""

    exit_status = ExitStatus.MISUSE


class MisuseError(StandfirstError):
    """What was asked for does not fit what there is: an edition nobody composed, a batch that is settled."""

    exit_status = ExitStatus.MISUSE


class SourceError(StandfirstError):
    """A content source as a whole could not be read; what is known from it stays."""


class ArticleError(StandfirstError):
    """One article cannot be used; the others go on."""


class RenderError(StandfirstError):
    """A template or a picture could not be rendered."""


class StoreError(StandfirstError):
    """The database refused, is missing, or belongs to another release."""


class NotThereError(StoreError):
    """What a command was given by name is not in the database."""

    exit_status = ExitStatus.MISUSE


class PublishError(StandfirstError):
    """A file could not be written where it belongs."""


class ProviderError(StandfirstError):
    """A mail provider cannot do what is asked of it, whatever the message."""


class UnansweredError(ProviderError):
    """A mail provider was asked, and nobody knows whether it did it."""


class ReaderError(StandfirstError):
    """One row or address of a reader list cannot be used; the others go on."""


class HeldError(StandfirstError):
    """Going on would be wrong until a person has looked."""

    exit_status = ExitStatus.HELD
