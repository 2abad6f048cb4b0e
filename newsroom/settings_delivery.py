"""The model of `newsroom.toml`, the tables of what carries mail, and of what comes back of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from newsroom.setting_types import (
    Allowed,
    Folder,
    Line,
    Mailbox,
    Period,
    Port,
    Table,
    Web,
    Words,
    bounded,
)


class BreakerTable(Table):
    """When an edition is held because it is far bigger than the ones before it."""

    story_factor: Annotated[float, Field(gt=1)] = Field(4.0, description="Times the most new stories lately.")
    story_floor: Annotated[int, Field(ge=0)] = Field(40, description="Fewer new stories never hold it.")
    reader_factor: Annotated[float, Field(gt=1)] = Field(3.0, description="Times the most readers lately.")
    reader_floor: Annotated[int, Field(ge=0)] = Field(1000, description="Fewer readers never hold it.")
    first_stories: Annotated[int, Field(ge=0)] = Field(200, description="The most in a first edition.")
    first_readers: Annotated[int, Field(ge=0)] = Field(10_000, description="The most for a first edition.")


class DeliveryTable(Table):
    """How editions are handed over."""

    provider: Literal["outbox", "smtp", "sendgrid"] = Field(
        "outbox", description="`outbox` writes files and sends nothing."
    )
    max_per_hour: Annotated[int, Field(ge=1)] | None = Field(None, description="The most messages an hour.")
    allow_to: list[Allowed] = Field(
        default=[],
        description="For staging: only these addresses or @domains get mail; empty lets everybody.",
    )
    silence_means_not_sent: Annotated[Period, bounded("2h", why="events may be that late")] | None = Field(
        None,
        description="SendGrid only: an uncertain batch counts as not sent when after this time, 2h or more, "
        "none of its events has come, while those of the batches around it have. The risk: if it was sent "
        "after all, its readers get it twice. Off unless you set it.",
    )
    breaker: BreakerTable = Field(default_factory=BreakerTable, description="See below.")


class SmtpTable(Table):
    """Your mail server. Its password: STANDFIRST_SMTP_PASSWORD."""

    host: Words = Field("localhost", description="Its name.")
    port: Port = Field(587, description="Its port.")
    security: Literal["starttls", "tls", "plain"] = Field("starttls", description="`plain` on loopback only.")
    user: Line = Field("", description="The user to log in as; empty for none.")
    connections: Annotated[int, Field(ge=1, le=50)] = Field(4, description="How many at once.")
    window: Annotated[int, Field(ge=1, le=1000)] = Field(
        100,
        description="Messages of a connection committed together: the most that a crash leaves uncertain.",
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds.")


class SendGridTable(Table):
    """SendGrid. Its key: STANDFIRST_SENDGRID_API_KEY."""

    eu: bool = Field(False, description="Use the host in the EU.")
    base_url: Web | Literal[""] = Field("", description="Another host, for a test.")
    connections: Annotated[int, Field(ge=1, le=50)] = Field(4, description="Requests at once.")
    delay: Annotated[Period, bounded("15m", "71h")] | None = Field(
        None,
        description="How long SendGrid keeps what it is handed before it sends it, 15m to 71h. Until ten "
        "minutes before that `stop` takes it back; without it everything is sent at once.",
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds.")


class ImapTable(Table):
    """A mailbox that what comes back is read from. Its password: STANDFIRST_IMAP_PASSWORD."""

    host: Words = Field(description="The mail server's name.")
    port: Port = Field(993, description="Its port; 143 is usual with starttls.")
    security: Literal["tls", "starttls", "plain"] = Field("tls", description="`plain` on loopback only.")
    user: Words = Field(description="The user to log in as.")
    folder: Folder = Field("INBOX", description="The folder that is read, as the server names it.")
    noted: Folder | Literal[""] = Field(
        "", description="A folder that what was noted is moved to; else it stays, marked as read."
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds.")


class BouncesTable(Table):
    """What mail that comes back does. A hard bounce or a complaint stops its reader at once."""

    soft: Annotated[int, Field(ge=0, le=100)] = Field(
        5, description="So many editions that came back for a while (a full mailbox) stop a reader; 0: never."
    )
    within: Period = Field(timedelta(days=30), description="The time in which they have to come back.")
    most: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1,
        description="When more than this share of an edition comes back, it stops nobody before you have "
        "looked: something is wrong with your server or your domain.",
    )
    verp: bool = Field(
        False,
        description="smtp: each message has an envelope sender of its own, NAME+TRACE@DOMAIN; "
        "docs/delivery.md says how your mail server takes it.",
    )
    maildir: Line = Field("", description="smtp: the Maildir that what comes back is delivered to.")
    imap: ImapTable | None = Field(None, description="smtp: the mailbox that what comes back is read from.")
    most_mails: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        5000, description="The most mails that a run reads of each."
    )


class AlertsTable(Table):
    """Who is told when something fails, once a problem."""

    mail: list[Mailbox] = Field(default=[], description="These addresses.")
    sender: Mailbox | Literal[""] = Field("", description="The alerts' sender; else the first newsletter's.")
    webhook: Web | Literal[""] = Field("", description='POSTed to as JSON: `{"text": ...}`.')
    heartbeat: Web | Literal[""] = Field(
        "", description="Called after each run that went well, and only then."
    )
    smtp: SmtpTable | None = Field(
        None, description="A mail server of the alerts' own, so that they come by another way."
    )
