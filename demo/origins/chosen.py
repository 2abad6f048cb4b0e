"""The origin that `make demo SOURCE=...` names, and the demo's folder set up for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from demo.database import KINDS, kind_of
from demo.dates import SIX, ZONE
from demo.into_ghost import GHOST
from demo.into_wordpress import WORDPRESS
from demo.origins import Filled, Job, Origin
from demo.origins.feed import FEED
from demo.origins.html import HTML
from demo.origins.pages import PAGES
from demo.origins.site import FOLDER, serving
from demo.origins.sql import SQL
from demo.pictures import draw
from demo.setting import begin
from demo.stories import stories

ORIGINS: Mapping[str, Origin] = {one.name: one for one in (SQL, FEED, PAGES, HTML, WORDPRESS, GHOST)}
"""By name. Another one is a file and its name in this line; the folder of Markdown is none of them."""

_CHOICE = "source.txt"
_FOLDER_TABLE = re.compile(
    r"^# Where the articles come from: .*?(?=^\[\[newsletter\]\])", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to run the demo from; without a name it is the folder."""

    name: str = ""
    site: str = ""
    """The address of their own system, where it is one."""
    database: str = KINDS[0]

    def unlike(self, other: Choice) -> str:
        """What of it is not as in the other one, as a sentence names it."""
        source = (
            f"SOURCE={self.name or 'folder'}" if (self.name, self.site) != (other.name, other.site) else ""
        )
        database = f"DATABASE={self.database}" if self.database != other.database else ""
        return f"{source} {database}".strip()


def choice_of(folder: Path) -> Choice:
    """What the folder was set up for last."""
    database = kind_of(folder)
    try:
        name, site = (folder / _CHOICE).read_text(encoding="utf-8").split("\n")[:2]
    except (OSError, ValueError):
        return Choice(database=database)
    return Choice(name, site if name in ORIGINS and ORIGINS[name].is_elsewhere else "", database)


@contextmanager
def site_of(origin: Origin | None, folder: Path, *, again: bool) -> Iterator[str]:
    """Let the demo's own site answer, where the origin has one; gives its address. Raises PortTakenError."""
    if origin is None or not origin.serves:
        yield ""
        return
    known = (folder / _CHOICE).read_text(encoding="utf-8").split("\n")[1] if again else ""
    with serving(folder / FOLDER, known) as address:
        yield address


def set_up_from(origin: Origin, folder: Path, today: date, address: str) -> None:
    """Make the folder anew, with the articles of `today` in what `origin` is, at `address`."""
    begin(folder, today)
    told = stories(today)
    draw(folder / origin.pictures)
    filled = origin.fill(Job(folder, address, told, datetime.combine(today, SIX, ZONE)))
    _write_tables(folder / "newsroom.toml", filled)
    with (folder / "secrets.env").open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={secret}\n" for name, secret in filled.secrets.items())
    (folder / _CHOICE).write_text(f"{origin.name}\n{address}\n", encoding="utf-8")


def _write_tables(path: Path, filled: Filled) -> None:
    text, found = _FOLDER_TABLE.subn(lambda _: f"{filled.tables}\n", path.read_text(encoding="utf-8"))
    if found != 1:
        raise AssertionError(f"{path.name}: the table of the demo's folder is not where it was")
    path.write_text(text, encoding="utf-8")
