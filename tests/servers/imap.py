"""Dovecot on loopback: a real IMAP server with its mails in a folder of the test's own."""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.certificate import certificate as made

USER, PASSWORD = "bounces", "correct-horse"

_CONFIGURATION = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {me}
default_login_user = {me}
default_internal_group = {group}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = maildir:{root}/mails/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/home allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running Dovecot. Whoever logs in with the password has a mailbox of their own."""

    plain: int
    """The port that speaks in the clear, and STARTTLS."""
    tls: int
    root: Path

    def put(self, *mails: bytes, user: str = USER, folder: str = "INBOX") -> None:
        """Add these to the folder."""
        with imaplib.IMAP4("127.0.0.1", self.plain, timeout=10) as client:
            client.login(user, PASSWORD)
            if folder != "INBOX":
                client.create(folder)
            for mail in mails:
                status, said = client.append(folder, "", "", mail)
                assert status == "OK", said

    def flags(self, user: str = USER, folder: str = "INBOX") -> list[str]:
        """The flags of each mail in the folder, in order; a mail that is there and marked counts."""
        with imaplib.IMAP4("127.0.0.1", self.plain, timeout=10) as client:
            client.login(user, PASSWORD)
            status, found = client.select(folder, readonly=True)
            if status != "OK" or not int(found[0] or b"0"):
                return []
            _, lines = client.fetch("1:*", "(FLAGS)")
            return [" ".join(flag.decode() for flag in imaplib.ParseFlags(line)) for line in lines]  # type: ignore[arg-type]


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def in_a_folder() -> Iterator[Server]:
    """Dovecot in a folder of its own, which is gone afterwards."""
    # Short, for the names of its sockets, and open to the user who has the mails.
    root = Path(tempfile.mkdtemp(prefix="sf", dir="/tmp"))
    root.chmod(0o755)
    try:
        with running(root, made(root)) as value:
            yield value
    finally:
        shutil.rmtree(root)


@contextmanager
def running(root: Path, certificate: Path) -> Iterator[Server]:
    """Dovecot in `root`, a folder that is emptied by whoever made it. Skips where there is no Dovecot."""
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if program is None:
        pytest.skip("dovecot is missing: apt-get install --no-install-recommends dovecot-imapd")
    # None of its own processes, and nobody's mails, may be root's.
    owner = pwd.getpwnam("nobody" if os.getuid() == 0 else getpass.getuser())
    for name in ("mails", "home"):
        (root / name).mkdir()
        os.chown(root / name, owner.pw_uid, owner.pw_gid)
    server = Server(_free(), _free(), root)
    configuration = root / "dovecot.conf"
    values = {
        "root": root,
        "certificate": certificate,
        "password": PASSWORD,
        "me": owner.pw_name,
        "group": grp.getgrgid(owner.pw_gid).gr_name,
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
        "plain": server.plain,
        "tls": server.tls,
    }
    configuration.write_text(_CONFIGURATION.format(**values))
    with subprocess.Popen([program, "-F", "-c", str(configuration)]) as process:
        try:
            _await(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.plain), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    log = server.root / "log"
    raise AssertionError(log.read_text() if log.exists() else "dovecot did not start")
