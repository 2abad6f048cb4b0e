"""Telling the operator: each problem once, by mail or webhook, and a heartbeat while all is well."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import log
from newsroom.database import reading, writing
from newsroom.errors import StoreError
from newsroom.settings import Settings, SmtpSettings
from newsroom.tables import alerts

TIMEOUT = 10.0

NOTICE = "notice:"
"""How the key of a message begins that is to be known, and of which nothing waits for a person."""

MOST = 10
"""Messages in one alert: who gets more reads none."""

_WAITS = "What waits for a person: python send.py status --problems"


def settle(
    engine: Engine, settings: Settings, problems: Mapping[str, str], now: datetime, *, all_seen: bool
) -> tuple[str, ...]:
    """Tell the problems that were not told yet, all in one message; returns the keys of those.

    `problems` has each problem's message by a key that stays the same while it lasts. With `all_seen` (a run
    that did every step) those that are not among them any more are over and forgotten. Raises StoreError
    where that cannot be noted; nobody is told then.
    """
    with reading(engine) as connection:
        known = _known(connection)
    if not problems and not (known and all_seen):
        return ()
    with writing(engine) as connection:
        known = _known(connection)  # Again: another run may have noted the same problem meanwhile.
        _note(connection, known, problems, now, all_seen=all_seen)
    untold = {
        key: message for key, message in problems.items() if key not in known or known[key].told is None
    }
    if not untold or not tell(settings, untold, now):
        return ()
    try:
        with writing(engine) as connection:
            connection.execute(sa.update(alerts).where(alerts.c.key.in_(list(untold))).values(told=now))
    except StoreError as error:
        log.problem("alert", f"told, and not noted, so the next run tells it again: {error}", level="warning")
    return tuple(untold)


def note(engine: Engine, problems: Mapping[str, str], is_of: Callable[[str], bool], now: datetime) -> None:
    """Note what one step by itself has met, and forget what it had met before (`is_of` its key).

    Nobody is told: who ran it reads it. Raises StoreError where it cannot be noted.
    """
    with reading(engine) as connection:
        known = _known(connection)
    over = [key for key in known if is_of(key) and key not in problems]
    if not problems and not over:
        return
    with writing(engine) as connection:
        _note(connection, _known(connection), problems, now, all_seen=False)
        connection.execute(sa.delete(alerts).where(alerts.c.key.in_(over)))


@dataclass(frozen=True, slots=True)
class Noted:
    """A problem that runs have met and that is not over, as far as they know."""

    key: str
    message: str
    first_seen: datetime
    told: datetime | None


def noted(connection: Connection) -> tuple[Noted, ...]:
    """What the last runs noted, the oldest first."""
    query = sa.select(alerts).order_by(alerts.c.first_seen, alerts.c.key)
    return tuple(Noted(row.key, row.message, row.first_seen, row.told) for row in connection.execute(query))


def _known(connection: Connection) -> dict[str, Noted]:
    return {one.key: one for one in noted(connection)}


def _note(
    connection: Connection,
    known: Mapping[str, Noted],
    problems: Mapping[str, str],
    now: datetime,
    *,
    all_seen: bool,
) -> None:
    if all_seen:
        over = [key for key in known if key not in problems]
        connection.execute(sa.delete(alerts).where(alerts.c.key.in_(over)))
    for key, message in problems.items():
        if key not in known:
            connection.execute(sa.insert(alerts).values(key=key, message=message, first_seen=now))
        elif known[key].message != message:
            # The same problem in other words (13 readers instead of 12): no news, but what is shown.
            connection.execute(sa.update(alerts).where(alerts.c.key == key).values(message=message))


def is_set_up(settings: Settings) -> bool:
    """True where there is a way to tell the operator."""
    return bool(settings.alerts.webhook or (settings.alerts.mail and _server(settings) is not None))


def tell(settings: Settings, messages: Mapping[str, str], now: datetime, *, end: str = "") -> bool:
    """Send the messages by every way that is set up, `end` behind them; True where one of the ways worked.
    `messages` has each by its key; a mail of notices alone does not say how to see what waits.

    A way that fails is logged: an alert never fails a run.
    """
    ways = []
    text = "\n\n".join(filter(None, (in_one(messages.values()), end)))
    if settings.alerts.webhook:
        ways.append(_post(settings, text))
    if settings.alerts.mail and _server(settings) is not None:
        waits = any(not key.startswith(NOTICE) for key in messages)
        ways.append(_mail(settings, text, _WAITS if waits else "", now))
    return any(ways)


def in_one(messages: Iterable[str]) -> str:
    """One text of the messages, masked: each once, at most MOST of them, and how many there are besides."""
    said = list(dict.fromkeys(log.masked(message) for message in messages))
    more = len(said) - MOST
    end = [f"and {more} more: python send.py status --problems"] if more > 0 else []
    return "\n\n".join([*said[:MOST], *end])


def heartbeat(settings: Settings) -> None:
    """Call the heartbeat's address, where one is set: only after a run that went well."""
    if settings.alerts.heartbeat:
        _request(settings.alerts.heartbeat, "heartbeat", None)


def _post(settings: Settings, text: str) -> bool:
    return _request(settings.alerts.webhook, "alert", {"text": f"{settings.newsroom.name}: {text}"})


def _request(url: str, name: str, body: Mapping[str, str] | None) -> bool:
    # Most runs tell nobody anything, and the library takes a while to import.
    import httpx2

    try:
        answer = (
            httpx2.get(url, timeout=TIMEOUT) if body is None else httpx2.post(url, json=body, timeout=TIMEOUT)
        )
        answer.raise_for_status()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        log.problem(
            name, f"{name}s cannot be delivered: {type(error).__name__}; look at [alerts]", level="warning"
        )
        return False
    return True


def _server(settings: Settings) -> SmtpSettings | None:
    if settings.alerts.smtp is not None:
        return settings.alerts.smtp
    return settings.smtp if settings.delivery.provider == "smtp" else None


def _mail(settings: Settings, text: str, end: str, now: datetime) -> bool:
    server = _server(settings)
    if server is None:
        return False
    own = settings.alerts.smtp is not None
    password = settings.secrets.alert_smtp_password if own else settings.secrets.smtp_password
    message = EmailMessage()
    message["From"] = settings.alerts.sender or settings.alerts.mail[0]
    message["To"] = ", ".join(settings.alerts.mail)
    first = " ".join(text.split())
    message["Subject"] = f"{settings.newsroom.name}: {first[:70]}{'…' if len(first) > 70 else ''}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=message["From"].rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(filter(None, (text, end))) + "\n")
    try:
        with _connected(server) as connection:
            if server.user:
                connection.login(server.user, password)
            connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        log.problem(
            "alert", f"alerts cannot be mailed: {type(error).__name__}; look at [alerts]", level="warning"
        )
        return False
    return True


def _connected(server: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    if server.security == "starttls":
        try:
            connection.starttls(context=context)
        except (OSError, smtplib.SMTPException):
            connection.close()
            raise
    return connection
