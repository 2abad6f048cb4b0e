"""A PostgreSQL of one's own: in a folder, on a Unix socket there, gone when the block ends.

The demo and the tests have no use for a server that others use, and nobody else gets to this one.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

from newsroom.errors import ConfigurationError, StoreError

USER = "standfirst"
PACKAGE = "on Debian and Ubuntu: apt-get install postgresql"
LONGEST_SOCKET = 80
"""Bytes of the folder's path: a Unix socket's whole address has at most 107."""
PATIENCE = 60.0
"""Seconds for starting and for stopping; each takes a fraction of one."""

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def programs() -> Path | None:
    """The folder of PostgreSQL's own programs, the newest there is; None where it is not installed."""
    # Debian keeps them out of the PATH, a folder a release.
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: (len(folder.parent.name), folder.parent.name))
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


class Server:
    """A server in `folder`, which is its own; begun with the `with` block, stopped at its end.

    `settings` are of postgresql.conf. Raises ConfigurationError where there is no PostgreSQL, or where it
    cannot live in that folder; StoreError where it does not start.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        self._folder = folder.resolve()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = programs()

    @property
    def folder(self) -> Path:
        """Where it lives: its socket, and its data in `data`."""
        return self._folder

    @property
    def log(self) -> Path:
        """What it says of itself."""
        return self._folder / "log"

    @property
    def bin(self) -> Path:
        """The folder of its programs. Raises ConfigurationError where there are none."""
        if self._programs is None:
            raise ConfigurationError(f"PostgreSQL is not installed; {PACKAGE}")
        return self._programs

    @property
    def pid(self) -> int:
        """The server's process. Raises StoreError where it does not run."""
        if self._process is None:
            raise StoreError(f"{self._folder}: the PostgreSQL there does not run")
        return self._process.pid

    def url(self, database: str = USER, user: str = USER) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{user}@/{database}?host={self._folder}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and make it first where it is not there yet. One that answers already is somebody else's:
        it is used, and not stopped."""
        if len(os.fsencode(self._folder)) > LONGEST_SOCKET:
            raise ConfigurationError(f"{self._folder}: a socket's path is too long here; take another folder")
        is_new = not (self._folder / "data" / "PG_VERSION").exists()
        if is_new:
            self._make()
        elif self._answers():
            return
        server = (self.bin / "postgres", "-D", self._folder / "data", "-k", self._folder)
        given = {"listen_addresses": "", "unix_socket_permissions": "0700", **self._settings}
        # Others than the server's user get in as root does; who cannot read the folder gets nowhere.
        if _other_user() is not None:
            given["unix_socket_permissions"] = "0777"
        options = [f"--{name}={value}" for name, value in given.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # Programs of the system's, no shell.
                [*_as_user(follow=True), *map(str, server), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                # Ctrl+C is for those who use it: it is stopped after them.
                start_new_session=True,
            )
        self._wait()
        if is_new:
            self.call("createdb", USER)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: at once, clients or not, and whole; with SIGQUIT or SIGKILL as in a power failure."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE)

    def call(self, program: str, *arguments: str) -> str:
        """Run one of its programs, as its user, on this server; returns what it said."""
        command = [*_as_user(), str(self.bin / program), *arguments]
        place = {"PGHOST": str(self._folder), "PGUSER": USER}
        done = subprocess.run(command, env=os.environ | place, cwd="/", capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise StoreError(f"{self._folder}: {program} failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    def _make(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        if (user := _other_user()) is not None:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        form = ("--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        try:
            self.call("initdb", "-D", str(self._folder / "data"), *form)
        except StoreError as error:
            if "ermission denied" not in str(error):
                raise
            raise ConfigurationError(
                f"{self._folder}: PostgreSQL does not run as root, and its user cannot get to that folder; "
                "run this as another user, or from a folder that everybody may enter"
            ) from error

    def _answers(self) -> bool:
        try:
            self.call("pg_isready", "--quiet")
        except StoreError:
            return False
        return True

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        said = self.log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"{self._folder}: PostgreSQL did not start: {said[-300:]}")


def _other_user() -> pwd.struct_passwd | None:
    """Whom root has it run as, for it never runs as root; None for everybody else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ConfigurationError("PostgreSQL does not run as root, and there is no user postgres; make one")


def _as_user(*, follow: bool = False) -> Sequence[str]:
    """What comes before a program; with `follow` it is stopped when whoever started it dies."""
    user, setpriv = _other_user(), shutil.which("setpriv")
    if setpriv is None:
        if user is None:
            return ()
        raise ConfigurationError("run this as another user than root: there is no `setpriv` to change it")
    who = () if user is None else (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    dies = ("--pdeathsig=INT",) if follow and sys.platform == "linux" else ()
    return (setpriv, *who, *dies) if who or dies else ()
