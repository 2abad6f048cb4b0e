"""The outbox: a folder of messages as they would have been sent, one RFC 5322 file a reader."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.mail.message import Prepared
from newsletter.providers import Answer, Batch, Outcome, Recipient
from newsroom.errors import ProviderError, ReaderError
from newsroom.files import private_folder

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_BEGUN = ".part"
"""The ending of a file that is not whole yet."""


@dataclass(frozen=True, slots=True)
class _File:
    delivery: int
    path: Path

    @property
    def begun(self) -> Path:
        return self.path.with_name(f".{self.path.name}{_BEGUN}")


class Outbox:
    """Writes `FOLDER/EDITION/DELIVERY.eml`. A file is there whole or not at all, and a batch's are on the
    disk before it is accepted. The same delivery written again replaces its file."""

    name = "outbox"
    batch_size = first_batch = 500
    connections = 1
    is_real = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hand_over(self, batch: Batch) -> Outcome:
        """Write the batch. NOT_NOW for a full disk or a read-only folder, with those already in place
        accepted. Raises ProviderError for an edition's key that is no folder's name."""
        folder = self._folder_of(batch)
        files: list[_File] = []
        own: dict[int, tuple[Answer, str]] = {}
        placed: list[_File] = []
        try:
            private_folder(folder)
            prepared = Prepared(batch.letter, batch.envelope)
            for file, recipient in _files(folder, batch):
                try:
                    data = prepared.message(recipient)
                except ReaderError as error:
                    own[file.delivery] = (Answer.REFUSED, str(error))
                    continue
                files.append(file)
                _write(file.begun, data)
            _flush(folder, [file.begun for file in files])
            for file in files:
                file.begun.replace(file.path)
                placed.append(file)
            _flush(folder, [])
        except OSError as error:
            _remove(files)
            own |= {file.delivery: (Answer.ACCEPTED, "") for file in placed}
            return Outcome(Answer.NOT_NOW, _why(folder, error), own=own)
        return Outcome(Answer.ACCEPTED, own=own)

    def evidence(self, batch: Batch) -> Outcome | None:
        """What is there, to the byte: a whole file was taken, any other was not. None where the folder
        cannot be read."""
        prepared = Prepared(batch.letter, batch.envelope)
        own: dict[int, tuple[Answer, str]] = {}
        for file, recipient in _files(self._folder_of(batch), batch):
            try:
                if file.path.read_bytes() == prepared.message(recipient):
                    own[file.delivery] = (Answer.ACCEPTED, "")
            except (FileNotFoundError, NotADirectoryError, ReaderError):
                continue
            except OSError:
                return None
        return Outcome(Answer.NOT_NOW, "not in the outbox", own=own)

    def stop(self) -> None:
        """A batch is written in a moment."""

    def close(self) -> None:
        """There is nothing to give back."""

    def _folder_of(self, batch: Batch) -> Path:
        if not _FOLDER_NAME.fullmatch(batch.edition):
            raise ProviderError(
                f"outbox: the edition {batch.edition!r} cannot name a folder; allowed: letters, digits, . _ -"
            )
        return self._folder / batch.edition


def _files(folder: Path, batch: Batch) -> Iterator[tuple[_File, Recipient]]:
    for recipient in batch.recipients:
        yield _File(recipient.delivery, folder / f"{recipient.delivery:08d}.eml"), recipient


def _write(path: Path, data: bytes) -> None:
    """Its owner's alone: it holds a reader's address and links."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _flush(folder: Path, files: list[Path]) -> None:
    """Have `files` and the folder's list of names on the disk before going on."""
    for path in [*files, folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(files: list[_File]) -> None:
    for file in files:
        with contextlib.suppress(OSError):  # In place already, or in a folder that takes no change.
            file.begun.unlink()


def _why(folder: Path, error: OSError) -> str:
    return f"outbox: {folder}: cannot be written: {error.strerror or error}; free the disk or its rights"
