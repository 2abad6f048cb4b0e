"""A folder of Markdown and HTML files, looked through with its sub-folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from content.article import Access
from content.sources import Broken, Entry, Listing, Problem, PublishPicture, Reading, content_hash
from content.sources import illustrations as pictures
from content.sources.illustrations import Illustrations
from content.sources.rules import Rules, tag_id
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings

MARKDOWN = ".md"
HTML = (".html", ".htm")
LARGEST = 5_000_000
"""Bytes of the largest file that is read."""
LONGEST_PATH = 500
"""Characters of the longest path below the folder."""

# Raise it when the same file gives another article than before: every file is then read once more.
_VERSION = "3"


@dataclass(slots=True)
class _Look:
    """What one walk through the folder has seen."""

    entries: list[Entry] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Folder:
    """The articles below a folder. Hidden files and folders are left alone, and nothing is written."""

    def __init__(self, settings: SourceSettings, newsroom: Newsroom) -> None:
        self._root = settings.path
        self._settings = settings
        self._rules = Rules(
            newsroom, settings.key, Access(settings.access), settings.language or newsroom.language
        )
        self._reading = _reading(self._rules)

    def listing(self) -> Listing:
        """Every file's path and hash. Raises SourceError where the folder or one inside cannot be read."""
        look = _Look()
        inside = os.path.realpath(self._root) + os.sep
        try:
            is_there = stat.S_ISDIR(self._root.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            is_there = False
        except OSError as error:
            raise SourceError(f"{self._root}: cannot be read: {error.strerror}") from error
        if not is_there:
            return Listing(missing=f"{self._root}: there is no such folder")
        for name, one in self._files():
            if not _is_text(name):
                self._leave(look, name.encode(errors="replace").decode(), "a file name that is not UTF-8")
            elif one.is_symlink() and _is_folder(one):
                message = "a linked folder is not looked into; put the folder itself there"
                look.problems.append(Problem(self.place(name), message, "warning"))
            elif one.is_symlink() and not os.path.realpath(one.path).startswith(inside):
                message = "a link that leads out of the source's folder; put the file itself there"
                self._leave(look, name, message)
            elif len(name) > LONGEST_PATH:
                message = f"a path of {len(name)} characters; {LONGEST_PATH} at most"
                look.problems.append(Problem(f"{self._root.name}/{name[:80]}...", message))
            else:
                self._list(look, name, one.path)
        return Listing(tuple(look.entries), tuple(look.broken), tuple(look.problems))

    def read(self, entry: Entry, publish: PublishPicture) -> Reading:
        """The article in one file; where it cannot be used, every reason that could be found at once."""
        # Parsers take a while to import, and most runs find every file as it was.
        from content.sources.front_matter import FrontMatterError

        place = self.place(entry.reference)
        try:
            data = (self._root / entry.reference).read_bytes()
            shown = Illustrations(self._root, entry.reference, publish)
            if entry.reference.lower().endswith(HTML):
                return self._html(entry, place, data, shown)
            return self._markdown(entry, place, data, shown)
        except OSError as error:
            return self._broken(entry, place, f"cannot be read: {error.strerror}")
        except FrontMatterError as error:
            return self._broken(entry, f"{place}:{error.line}:{error.column}", str(error))
        except SourceError as error:
            return self._broken(entry, place, str(error))

    def _markdown(self, entry: Entry, place: str, data: bytes, shown: Illustrations) -> Reading:
        from content.sources.article_reader import ArticleReader
        from content.sources.front_matter import split

        try:
            front, markdown = split(data.decode())
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"not UTF-8: byte {error.start:,} cannot be read; save the file as UTF-8"
            return self._broken(entry, f"{place}:{line}", message)
        return ArticleReader(entry, place, front, self._rules, shown).read(markdown)

    def _html(self, entry: Entry, place: str, data: bytes, shown: Illustrations) -> Reading:
        from content.sources.html_article import HtmlArticleReader
        from content.sources.html_file import html_file

        file = html_file(data, entry.reference, self._settings, self._rules)
        return HtmlArticleReader(entry, place, file, self._rules, shown).read(file.text)

    def stamp(self, name: str) -> str:
        """The size and time of a picture below the folder; empty where there is none."""
        return pictures.stamp(self._root, name)

    def place(self, reference: str) -> str:
        """How a message names the file."""
        return f"{self._root.name}/{reference}"

    def _files(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Each article, and each linked folder, with its path below the root."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._root / folder) as scan:
                    found = sorted(scan, key=lambda one: one.name)
            except OSError as error:
                raise SourceError(f"{self._root / folder}: cannot be read: {error.strerror}") from error
            for one in found:
                if one.name.startswith("."):
                    continue
                if one.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{one.name}/")
                elif one.name.lower().endswith((MARKDOWN, *HTML)) or (one.is_symlink() and _is_folder(one)):
                    yield f"{folder}{one.name}", one

    def _list(self, look: _Look, name: str, path: str) -> None:
        try:
            data = _bytes(path)
        except OSError as error:
            self._leave(look, name, f"cannot be read: {error.strerror}")
            return
        if data is None:
            self._leave(look, name, "not a file")
        elif len(data) > LARGEST:
            size = max(Path(path).stat().st_size, len(data)) / 1e6
            self._leave(look, name, f"it has {size:.1f} MB; {LARGEST // 1_000_000} MB at most")
        else:
            # Beside a Markdown file may lie an HTML file of the same name, and they are two articles.
            bare = name[: -len(MARKDOWN)] if name.lower().endswith(MARKDOWN) else name
            default_id = tag_id(self._rules.newsroom.authority, f"{self._rules.source}/{bare}")
            look.entries.append(Entry(name, self.place(name), content_hash(data, self._reading), default_id))

    def _leave(self, look: _Look, name: str, message: str) -> None:
        look.broken.append(Broken(name))
        look.problems.append(Problem(self.place(name), message))

    def _broken(self, entry: Entry, place: str, message: str) -> Reading:
        return Reading(Broken(entry.reference), (Problem(place, message),))


def _bytes(path: str) -> bytes | None:
    """The beginning of a file, one byte more than may be; None for a pipe, which would never end."""
    # Opened without waiting for who writes into it, and only then asked what it is.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        parts = []
        left = LARGEST + 1
        while left and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _is_folder(link: os.DirEntry[str]) -> bool:
    """Whether the link leads to a folder; one that leads in a circle, or to where we may not go, does not."""
    try:
        return link.is_dir()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reading(rules: Rules) -> str:
    """Everything but its bytes that decides what article a file is."""
    newsroom = rules.newsroom
    sections = [(one.key, one.kind.value, one.former_keys) for one in newsroom.sections]
    addresses = (newsroom.site_url, newsroom.public_url, newsroom.authority)
    return repr((_VERSION, sections, addresses, newsroom.time_zone.key, rules.access.value, rules.language))
