"""What a publication of the feeds did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PublishReport:
    """What was published, or with a dry run would be."""

    feeds: int = 0
    """How many there are."""
    due: int = 0
    """How many of them were made anew."""
    written: list[str] = field(default_factory=list)
    """Files whose bytes changed, by name."""
    removed: list[str] = field(default_factory=list)
    """Files of feeds that are no more, by name."""
    unchanged: int = 0
    """Files that are as they should be."""
    problems: list[str] = field(default_factory=list)
    """A line for each file or article that failed."""

    def add(self, other: PublishReport) -> None:
        """Count what another process wrote as well."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.problems += other.problems

    @property
    def files(self) -> int:
        """How many files there are."""
        return len(self.written) + self.unchanged
