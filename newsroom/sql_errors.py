"""What a database refuses, in words that hold no address, no name of a user and no value of a row."""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlalchemy as sa

_OF_QUERIES = re.compile(
    "no such (?:column|table|function)|unknown column|syntax error|error in your sql syntax|ambiguous"
    "|duplicate column|specified more than once|doesn't exist|must appear in|one statement at a time"
    "|(?:column|relation|function|schema|type|operator) .*does not exist",
    re.IGNORECASE,
)
"""A message that is about the query's own words: the database's is the best there is."""
_LONGEST = 160

_WRITES = (
    "read-only transaction",
    "read only transaction",
    "readonly database",
    "data-modifying statement",
)
_REASONS = (
    (
        ("bindings supplied", "value for binding"),
        "{name} has a place for a value in it, such as :name or ?, and nobody fills it in; write the value",
    ),
    (
        ("permission denied for", "command denied"),
        "its user may not read a table that {name} names; grant it SELECT",
    ),
    (
        ("authentication failed", "access denied", "no pg_hba", "no password supplied", 'role "'),
        "it refuses the user or the password of {secret}",
    ),
    (("unknown database", 'database "'), "it has no database of the name in {secret}"),
    (
        ("translate host name", "name or service", "resolve host", "getaddrinfo", "nodename nor servname"),
        "its host is not found; see {secret}",
    ),
    (
        ("timeout", "timed out", "interrupted"),
        "it did not answer in time; look at its load, or raise `timeout`",
    ),
    (
        ("refused", "can't connect", "could not connect", "unreachable", "no route", "is the server running"),
        "it cannot be reached; see whether it runs, and {secret}",
    ),
    (
        ("invalid connection option", "unexpected keyword", "invalid uri"),
        "an option of {secret} means nothing to it",
    ),
    (("unable to open",), "its file is not there, or may not be read with its folder; see {secret}"),
    (("not a database", "malformed", "disk i/o"), "its file is no SQLite database, or a damaged one"),
    (("locked",), "another program keeps it for itself; the next run tries it again"),
    (("cryptography",), "its way of checking passwords needs a package: pip install 'pymysql[rsa]'"),
    (
        ("closed the connection", "connection unexpectedly", "lost connection", "gone away", "terminating"),
        "it went away in the middle; the next run begins anew",
    ),
)
"""What a part of a message means; the first that is found."""


def told(error: Exception, name: str, secret: str, hidden: Collection[str]) -> str:
    """What went wrong with the query of the setting `name`, and what to do.

    `secret` is what holds the address, and `hidden` are its words, which never show.
    """
    reason = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    text = " ".join(str(one) for one in reason.args) or str(reason)
    # A DataError is about a value, and names it.
    is_of_query = isinstance(error, sa.exc.DBAPIError) and not isinstance(error, sa.exc.DataError)
    if is_of_query and _OF_QUERIES.search(text):
        return f"`{name}` is refused: {_shown(text, hidden)}"
    lowered = text.lower()
    if any(part in lowered for part in _WRITES):
        return f"`{name}` writes, and a source is only read; write a SELECT that changes nothing"
    for parts, words in _REASONS:
        if any(part in lowered for part in parts):
            return "the database: " + words.format(name=f"`{name}`", secret=secret)
    if isinstance(error, UnicodeError):
        return f"`{name}` gives text in another encoding than the database says; convert it in the query"
    code = getattr(reason, "sqlstate", None) or next(
        (one for one in reason.args if isinstance(one, int)), None
    )
    kind = type(reason).__name__ + (f" {code}" if code else "")
    return f"`{name}` failed ({kind}); run it by hand to see why: a message may hold words of a row"


def _shown(text: str, hidden: Collection[str]) -> str:
    """The first line of a message, without what the address is made of."""
    line = text.strip().partition("\n")[0]
    for word in sorted(hidden, key=len, reverse=True):
        line = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", line)
    return line[:_LONGEST]
