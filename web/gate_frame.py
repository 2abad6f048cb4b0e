"""What every page of the gate has around its text."""

from __future__ import annotations

from typing import Any

from newsroom.masthead import Newsroom, Section, SectionKind
from web.front import feeds_of, foot, of_the_house
from web.gate_shelves import MOST_SECTIONS
from web.house import House


def frame(house: House, here: str, *, is_front: bool = False) -> dict[str, Any]:
    """The values of a page's head, the sections and the key of the one it belongs to, and of its foot."""
    newsroom, settings = house.newsroom, house.settings
    ways = foot(settings.newsletters, settings.public_dir / "feeds", is_open=settings.web.sign_up)
    shown = [one for one in newsroom.sections if one.kind is SectionKind.EDITORIAL]
    return {
        "sections": shown[:MOST_SECTIONS],
        "here": here,
        "is_front": is_front,
        "foot": of_the_house(ways) if is_front else ways,
    }


def title_of(newsroom: Newsroom, kind: SectionKind, otherwise: str) -> str:
    """The title of the one section of this kind; where there are none or several, `otherwise`."""
    found = [one.title for one in newsroom.sections if one.kind is kind]
    return found[0] if len(found) == 1 else otherwise


def files_of(house: House, section: Section | None) -> tuple[tuple[str, str], ...]:
    """Kind and address of the section's feeds that there are."""
    if section is None:
        return ()
    there = feeds_of(house.newsroom, house.settings.public_dir / "feeds")
    wanted = f"/feeds/{section.feed}."
    return next((one.files for one in there if one.files[0][1].startswith(wanted)), ())
