"""A Maildir that bounces are delivered to: what is new is read, and what was noted is moved to `cur`."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import chain, count, islice
from pathlib import Path

from newsroom.errors import ProviderError

ASIDE = ".Unreadable"
"""The folder inside the Maildir for what could not be read; mail programs show it as one."""

_SEEN = ":2,S"
_SORTED = 100_000
"""Of more than so many in the folder, those that the disk has first are taken: sorting all takes long."""


class Maildir:
    """A Maildir. What it hands out is there until `noted` is told of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def waiting(self, most: int) -> list[Path]:
        """At most so many new mails, the oldest first, and what else lies there: `read` says what is none.
        Raises ProviderError where there is no Maildir."""
        new = self.folder / "new"
        try:
            with os.scandir(new) as entries:
                mails = (entry.name for entry in entries if not entry.name.startswith("."))
                # Names begin with the time of delivery.
                return [new / name for name in nsmallest(most, islice(mails, _SORTED))]
        except OSError as error:
            raise ProviderError(
                f"{new}: cannot be read: {error.strerror}; bounces.maildir has to name a Maildir that your "
                "mail server delivers to"
            ) from error

    def read(self, path: Path, most: int) -> bytes | None:
        """The first `most` octets; empty where it has gone meanwhile, None where it cannot be read or is no
        file: a pipe would never end, and what a link leads to was not delivered here."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(most)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def noted(self, paths: Iterable[Path]) -> None:
        """Move these to `cur`. Raises ProviderError where that cannot be done: they are read once more."""
        current = self.folder / "cur"
        for path in paths:
            name = path.name if ":2," in path.name else path.name + _SEEN
            _move(path, current / name)

    def set_aside(self, path: Path) -> None:
        """Move one, whatever it is, to the folder `ASIDE`, where nothing reads it again; nothing there is
        written over. Raises ProviderError."""
        folder = self.folder / ASIDE
        with _told(folder):
            for name in ("cur", "new", "tmp"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        _move(path, _free(folder / "new" / path.name))

    def fault(self) -> str:
        """Why it cannot be used; empty where it can."""
        for name in ("new", "cur", "tmp"):
            path = self.folder / name
            if not path.is_dir():
                return f"{path}: not there; make the Maildir with `mkdir -p {self.folder}/{{new,cur,tmp}}`"
            if name != "tmp" and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                return f"{path}: this user may not read it and move mails out of it; give it the right"
        return ""


def _free(path: Path) -> Path:
    """A path like this one at which nothing lies."""
    names = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(one for one in chain([path], names) if not os.path.lexists(one))


def _move(path: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError), _told(target.parent):
        path.rename(target)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        if folder.is_dir():
            raise
        raise ProviderError(
            f"{folder}: not there, so mails that were read cannot be moved; make it"
        ) from None
    except OSError as error:
        raise ProviderError(
            f"{folder}: mails that were read cannot be moved there: {error.strerror}; give it the right"
        ) from error
