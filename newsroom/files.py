"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from newsroom.errors import PublishError


def write_whole(path: Path, data: bytes, *, mode: int = 0o644, like: os.stat_result | None = None) -> None:
    """Write `data` to `path` so that after any crash the file is the old one or the new one.

    Written beside it, fsynced, renamed, and the folder fsynced. Raises PublishError, which names the file,
    for a full disk, a read-only folder and the like; the old file is left as it was. It gets `mode`, or the
    rights and the owner of another file (`like`).
    """
    try:
        if mode & 0o077:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            private_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise PublishError(
            f"{path}: cannot be written: {error.strerror}; free the disk or its rights"
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), like.st_mode & 0o7777 if like else mode)
            if like and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fsync(file.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):  # It may be renamed already, or gone with its folder.
            Path(name).unlink()
        raise PublishError(
            f"{path}: cannot be written: {error.strerror}; free the disk or its rights"
        ) from error


def private_folder(path: Path) -> None:
    """Make the folder, and those above it that are not there, their owner's alone. Raises OSError.

    One that is there keeps its rights: somebody may have given them.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        # Another process may make it meanwhile.
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
