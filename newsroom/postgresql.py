"""PostgreSQL as the newsroom's database: how it is opened, who writes, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from newsroom.errors import ConfigurationError

DRIVER = "postgresql+psycopg"
PACKAGE = "pip install 'psycopg[binary]'"

WRITERS = 0x57A7D1F1
"""The advisory lock of those who write, in each database: any number does, if nobody else has it."""
MIGRATING = 0x57A7D1F2
"""That of the one who brings the schema to a release, for as long as its backup takes."""

CONNECTING_SECONDS = 10
IDLE_MINUTES = 5
"""A transaction that asks nothing for so long is ended: its machine went to sleep, and others wait for it."""

DISK_FULL = "53100"
"""The SQLSTATE of a server that finds no room."""

REPEATABLE = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""How a connection reads one state of the database throughout, and can change nothing."""


def is_address(url: str) -> bool:
    """Whether the address is one of PostgreSQL's."""
    return re.match(r"postgres(ql)?(\+\w+)?:", url) is not None


def address(url: str) -> URL:
    """The address, with the driver that there is. Raises ConfigurationError, which shows nothing of it."""
    try:
        found = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigurationError(
            "newsroom.database is no address; write postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if "@" in f"{found.host}{found.database}":
        # What stands there is the end of a password, and every message would name it as a host.
        raise ConfigurationError(
            "the password in newsroom.database has an @ or a / in it; write %40 for @, %2F for /, %3A for : "
            "and %25 for %"
        )
    return found.set(drivername=DRIVER)


def arguments(url: URL) -> dict[str, Any]:
    """What the driver is given beside the address."""
    return {} if "connect_timeout" in url.query else {"connect_timeout": CONNECTING_SECONDS}


def shown(url: URL) -> str:
    """The address without its password, wherever in it that stands."""
    where = {name: value for name, value in url.query.items() if name in ("host", "port")}
    return url.set(query=where).render_as_string(hide_password=True)


def client(url: URL) -> tuple[str, dict[str, str]]:
    """How PostgreSQL's own programs are told of the database: what --dbname is given, and the password in
    their environment, for everybody on the machine may see a program's arguments."""
    from psycopg.conninfo import make_conninfo

    _, options = sa.create_engine(url, poolclass=sa.NullPool).dialect.create_connect_args(url)
    options.pop("context", None)
    password = options.pop("password", None)
    return make_conninfo("", **options), {"PGPASSWORD": str(password)} if password else {}


def prepare(connection: Any, busy_seconds: int) -> None:
    """Set up a new connection of the driver's."""
    settings = {
        "lock_timeout": f"{busy_seconds}s",
        "idle_in_transaction_session_timeout": f"{IDLE_MINUTES}min",
        # A machine that is gone keeps its locks no longer than this; the usual is two hours.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        # What was handed over is known after a power failure too, however the server is set for others.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def begin_writing(connection: Connection, within: float | None) -> None:
    """Wait until nobody else writes, `within` seconds where that is given, and begin.

    One writes at a time, as on SQLite: so what was looked up stays as it was until it is written, nothing is
    handed over twice, and no two wait for each other. The isolation has to be READ COMMITTED: each statement
    sees what was committed before it, and the first one after the wait all that those before wrote. A
    stricter one would see the database as it was before the wait.
    """
    if within is None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")
        return
    # 0 would be for ever.
    milliseconds = max(1, round(within * 1000))
    connection.exec_driver_sql(
        f"SELECT set_config('lock_timeout', '{milliseconds}', true), pg_advisory_xact_lock({WRITERS})"
    )


def refusing(connection: Connection, least: int) -> tuple[str, str] | None:
    """What is the matter in a word or two, and in full, where the database takes no writing or has less than
    `least` bytes left on its disk; None where nothing is, as far as a look can tell.

    Nothing is written: the server is given so much to sort that it has to put it on its disk for a moment.
    Where it cannot, the connection's transaction is over.
    """
    query = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'"
    if connection.exec_driver_sql(query).scalar():
        return "read-only", f"it takes no writing: {_READ_ONLY}"
    # Beside the tables, wherever else its sorting is done.
    connection.exec_driver_sql("SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = ''")
    try:
        connection.execute(_SPILLING, {"lines": least // 1024})
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != DISK_FULL:
            return None
        return "full", f"less than {least >> 20} MB are left to it: nothing can be written; {_FULL}"
    return None


_SPILLING = sa.text(
    "SELECT max(length(line)) FROM (SELECT repeat(md5(number::text), 32) AS line "
    "FROM generate_series(1, :lines) AS number ORDER BY 1 OFFSET 0) AS spilled"
)
"""Sorts lines of a kilobyte."""


def refusal(error: sa.exc.DBAPIError) -> str | None:
    """What the database refuses and what to do about it; None for a mistake of ours.

    It holds no value of a row: of what the server says, its first line alone, and of kinds that have none.
    """
    reason = error.orig
    state = str(getattr(reason, "sqlstate", None) or "")
    remedy = _BY_STATE.get(state) or _BY_STATE.get(state[:2])
    if remedy is None and state:
        return None
    if remedy is None and not isinstance(error, sa.exc.OperationalError):
        return None
    said = getattr(getattr(reason, "diag", None), "message_primary", None) or str(reason)
    words = " ".join(str(said).split())
    if state == DISK_FULL:
        # Which of its files it was is another one each time, and one reason.
        words = words.rpartition(": ")[2]
    if remedy is None:
        remedy = next((remedy for part, remedy in _BY_WORDS if part in words), _UNREACHED)
    return f"{words}; {remedy}"


_UNREACHED = "see whether it runs and can be reached; the next run goes on"
_AGAIN = "run it again"
_FULL = "its disk is full: free some room there"
_READ_ONLY = "it is a standby, or its disk is full: look which server newsroom.database names"
_BUSY = "another program keeps it for itself: look which one, and end it"
_MANY = "end some of its other clients, or raise its max_connections"
_RIGHTS = "give the user of newsroom.database the database: ALTER DATABASE NAME OWNER TO USER"
_DAMAGED = "it is damaged: restore a backup"
_WENT = "it went away in the middle; the next run goes on where this one was"
_TABLES = "its tables are not there, or not in the user's search_path: run `migrate`"

_BY_STATE = {
    "08": _WENT,
    "25006": _READ_ONLY,
    "25P03": "this process did nothing for too long in the middle of a transaction; the next run goes on",
    "3F000": _RIGHTS,
    "40": _AGAIN,
    "42501": _RIGHTS,
    "42P01": _TABLES,
    DISK_FULL: _FULL,
    "53200": "its machine is out of memory",
    "53300": _MANY,
    "53": "its machine is short of something; see its log",
    "55P03": _BUSY,
    "57014": "it ended the query, for its statement_timeout is too short: let the user have none",
    "57": _WENT,
    "58": "its disk is faulty or full: look at it, and at the server's log",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
"""What to do by SQLSTATE, or by the class that its first two characters are."""

_BY_WORDS = (
    ("password authentication failed", "see the user and the password in newsroom.database"),
    ("no password supplied", "newsroom.database has no password, and there is none in ~/.pgpass"),
    ("Peer authentication failed", "it wants the machine's user of that name, or a password over HOST"),
    ("no pg_hba.conf entry", "its pg_hba.conf lets this user in from nowhere here"),
    ("too many", _MANY),
    ("remaining connection slots", _MANY),
    ("does not exist", "make it: CREATE ROLE, CREATE DATABASE; or mend newsroom.database"),
    ("starting up", _UNREACHED),
    ("shutting down", _UNREACHED),
    ("invalid connection option", "an option of newsroom.database means nothing to it"),
    ("closed", _WENT),
    ("terminat", _WENT),
    ("connection unexpectedly", _WENT),
)
"""What a part of the driver's own message means, where there is no SQLSTATE; the first that is found."""
