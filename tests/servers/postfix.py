"""Postfix on loopback: a real mail server that relays, and sends back what it cannot deliver."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = {owner}
setgid_group = postdrop
maillog_file = {root}/log
maillog_file_prefixes = {root}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.quay.example
mydestination =
mynetworks = 127.0.0.0/8
default_transport = smtp:[127.0.0.1]:{next}
smtp_tls_security_level = none
smtpd_tls_security_level = none
minimal_backoff_time = 300s
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running Postfix."""

    port: int
    maildir: Path
    """Where what comes back to bounces@quay.example is delivered."""

    def await_mails(self, count: int) -> None:
        """Wait until so many have come back."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if len(list((self.maildir / "new").glob("*"))) >= count:
                return
            time.sleep(0.1)
        raise AssertionError((self.maildir.parent.parent / "log").read_text())


@contextmanager
def running(root: Path, next_port: int, more: str) -> Iterator[Server]:
    """Postfix in `root`, which hands everything on to `next_port`; `more` are lines of its main.cf, in which
    `{{mails}}`, `{{uid}}` and `{{gid}}` are filled in. Skips where it cannot be started."""
    program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.getuid() != 0:
        pytest.skip("needs Debian's postfix, and root to start it")
    owner = pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data", "mails"):
        (root / name).mkdir()
    for name in ("data", "mails"):
        os.chown(root / name, owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(int(listener.getsockname()[1]), root / "mails" / "bounces")
    lines = _MAIN.format(root=root, owner=owner.pw_name, next=next_port)
    lines += more.format(mails=root / "mails", uid=owner.pw_uid, gid=owner.pw_gid)
    (root / "etc" / "main.cf").write_text(lines)
    (root / "etc" / "master.cf").write_text(_MASTER.format(port=server.port))
    command = [program, "-c", str(root / "etc")]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    try:
        yield server
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=False)
