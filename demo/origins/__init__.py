"""Where the demo's articles may come from instead of its folder: one of each kind of source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demo.origins.site import FOLDER, MEDIA
from demo.stories import Story

FRONT = "town"
"""The section that leads the demo's edition."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What newsroom.toml and its secrets have to say of a system that was filled."""

    tables: str
    """The `[[source]]` tables, as text."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """What a system is to be filled with."""

    folder: Path
    """The demo's run."""
    address: str
    """Of the site: the demo's own, which serves what is in `folder`/site, or somebody's."""
    stories: Sequence[Story]
    at: datetime
    """The hour of the edition: a site shows then what is out by then."""

    @property
    def listed(self) -> list[Story]:
        """What a site shows, newest first: nothing under embargo, and nothing that was taken back before."""
        out = (one for one in self.stories if not one.withdrawn and one.published <= self.at)
        return sorted(out, key=lambda one: one.published, reverse=True)

    def flags(self, story: Story) -> tuple[str, ...]:
        """The tags that are an editor's word to the digest.

        The front's first story is made the lead by one: a place inside a section is nothing that tags say.
        """
        front = (one for one in self.stories if one.section == FRONT and one.rank == 1)
        said = {
            "digest-lead": story.lead or story is next(front, None),
            "digest-no": story.no_digest,
            "digest-again": story.again,
            "sensitive": story.sensitive,
        }
        return tuple(tag for tag, is_said in said.items() if is_said)


Fill = Callable[[Job], Filled]


@dataclass(frozen=True, slots=True)
class Origin:
    """One kind of system that has the demo's articles."""

    name: str
    """As `make demo SOURCE=...` has it."""
    words: str
    """Where the articles are, for the first line that the demo says."""
    fill: Fill
    serves: bool = False
    """Whether a site of the demo's own answers while its run takes place: below `folder`/site."""
    is_elsewhere: bool = False
    """Whether it is somebody's own system, at an address that has to be named."""
    pictures: str = f"{FOLDER}/{MEDIA}"
    """Where the pictures are drawn, below the demo's run."""
