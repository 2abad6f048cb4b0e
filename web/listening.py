"""What `serve` listens on: sockets of its own, or such as were handed to it (by systemd or by itself)."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import MutableMapping, Sequence
from contextlib import suppress

from newsroom.errors import ConfigurationError

_FIRST = 3
"""The number of the first socket that is handed over: sd_listen_fds(3)."""
_HIGH = 64
"""Above what is handed over, so that one is not laid over another."""


def listening(host: str, port: int, option: str = "--host and --port") -> socket.socket:
    """A socket that listens there. Raises ConfigurationError, with the `option` that chooses another."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return _quick(socket.create_server((host, port), family=family, backlog=256))
    except OSError as error:
        # Python says the address a second time behind the reason.
        reason = str(error.strerror or error).partition(" (while")[0]
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {reason}; {_remedy(error, port)} with {option}"
        ) from error


def _remedy(error: OSError, port: int) -> str:
    if error.errno in (errno.EACCES, errno.EPERM) and port < 1024:
        return "ports below 1024 are for root: leave it to nginx or systemd's socket, or choose another"
    return "end what listens there, or choose another address"


def handed_over(environ: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that were handed to this very process, in their order; what says so is taken
    out of the environment. Raises ConfigurationError where one is no listening TCP socket."""
    ours = environ.pop("LISTEN_PID", "") == str(pid)
    count = environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not ours or not count.isdecimal():
        return []
    found = []
    for number in range(_FIRST, _FIRST + int(count)):
        try:
            one = socket.socket(fileno=number)
            is_ours = one.family in (socket.AF_INET, socket.AF_INET6) and bool(
                one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            )
        except OSError:
            is_ours = False
        if not is_ours:
            raise ConfigurationError(
                "what was handed over to listen on is no TCP socket; in standfirst-web.socket write "
                "ListenStream=127.0.0.1:8080"
            )
        # What this process starts has no part in it.
        os.set_inheritable(number, False)
        found.append(_quick(one))
    return found


def hand_over(kept: Sequence[int], environ: MutableMapping[str, str], pid: int) -> None:
    """Hand these sockets, by number, to the program that this process becomes next."""
    high = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH) for number in kept]
    for place, number in enumerate(high, _FIRST):
        os.dup2(number, place, inheritable=True)
    environ["LISTEN_FDS"], environ["LISTEN_PID"] = str(len(high)), str(pid)


def _quick(one: socket.socket) -> socket.socket:
    # Connections inherit it, and asyncio sets it for none of these: else an answer in two parts waits
    # 40 ms for the acknowledgement of the first.
    with suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one
