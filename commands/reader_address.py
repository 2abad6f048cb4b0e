"""The address by which an operator names a reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from commands.context import Context
from newsroom.errors import ConfigurationError, ReaderError
from readership.address import recipient_key


@contextmanager
def used_by(command: str) -> Iterator[None]:
    """A list that cannot be read and an address that is none are wrong use, of this command."""
    try:
        yield
    except ReaderError as error:
        raise ConfigurationError(*(f"{command}: {line}" for line in error.problems)) from error


def key_of(room: Context, address: str, command: str) -> str:
    """The recipient key of an address given to `command`. Raises ConfigurationError where it is none."""
    with used_by(command):
        return recipient_key(room.settings.secrets.address_key, address)
