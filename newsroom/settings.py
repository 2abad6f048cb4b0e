"""A newsroom's settings: `newsroom.toml` and the secrets beside it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from newsroom.masthead import Newsletter, Newsroom
from newsroom.secrets import Secrets

ProviderName = Literal["outbox", "smtp", "sendgrid"]


@dataclass(frozen=True, slots=True)
class ListSettings:
    """A page that lists articles, with CSS selectors."""

    url: str
    section: str
    select: str = ""
    sponsor: str = ""
    headline: str = ""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One content source. `path` is absolute; what another kind of source needs is empty."""

    key: str
    kind: str
    path: Path = Path()
    url: str = ""
    access: str = "paid"
    """Who may read the body of an article that does not say so itself: free, registered or paid."""
    free: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    """Rules as in newsroom.toml: `tag:premium`. One that is met decides, the strictest first."""
    sections: Mapping[str, str] = field(default_factory=dict)
    """Our section keys by the source's own names."""
    section: str = ""
    """Where an article of none of them stands; empty leaves it out."""
    language: str = ""
    pictures_for: timedelta = timedelta(days=30)
    full_every: timedelta = timedelta(days=1)
    timeout: float = 30.0
    user: str = ""
    types: tuple[str, ...] = ("posts",)
    lists: tuple[ListSettings, ...] = ()
    select: Mapping[str, str] = field(default_factory=dict)
    sponsors: tuple[str, ...] = ()
    query: str = ""
    bookings: str = ""
    changed: str = ""
    secret: str = field(default="", repr=False)
    """Its password, key or, for sql, address: STANDFIRST_SOURCE_ and the key."""
    admin_secret: str = field(default="", repr=False)
    """Ghost's Admin API key: the same name with _ADMIN."""


@dataclass(frozen=True, slots=True)
class ReadersSettings:
    """One place where readers already are. `path` is where an SQLite file is looked for, absolute."""

    key: str
    kind: str
    path: Path = Path()
    url: str = ""
    query: str = ""
    user: str = ""
    of: str = "users"
    plans: Mapping[str, str] = field(default_factory=dict)
    """Our plans by the source's own names."""
    newsletters: tuple[str, ...] = ()
    """Ours that somebody gets of whom it names none; never empty once there is a newsletter."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Our newsletters by the source's own names."""
    write_back: str = ""
    """`source`, an address, or empty for no."""
    timeout: float = 30.0
    changed: str = ""
    """None: a list of readers is always read whole."""
    secret: str = field(default="", repr=False)
    """Its password, key or, for sql, address: STANDFIRST_READERS_ and the key."""
    hook_secret: str = field(default="", repr=False)
    """What signs what is told to an address: the same name with _HOOK."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When an edition is far bigger than the ones before it: see newsletter/breaker.py."""

    story_factor: float = 4.0
    story_floor: int = 40
    reader_factor: float = 3.0
    reader_floor: int = 1_000
    first_stories: int = 200
    first_readers: int = 10_000


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How editions are handed over."""

    provider: ProviderName = "outbox"
    max_per_hour: int | None = None
    allow_to: tuple[str, ...] = ()
    """For staging: only these addresses, or domains as "@example.org", get mail. Empty lets everybody."""
    silence_means_not_sent: timedelta | None = None
    breaker: BreakerSettings = field(default_factory=BreakerSettings)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A mail server. `window` is how many messages of a connection are committed together."""

    host: str = "localhost"
    port: int = 587
    security: Literal["starttls", "tls", "plain"] = "starttls"
    user: str = ""
    connections: int = 4
    window: int = 100
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """Where and how SendGrid is asked. An empty `base_url` is SendGrid's own, of the EU where `eu` is set."""

    base_url: str = ""
    eu: bool = False
    connections: int = 4
    timeout: float = 30.0
    delay: timedelta | None = None
    """How long SendGrid keeps what it is handed before it sends it."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A mailbox that what comes back is read from; what was noted goes to the folder `noted`, if named."""

    host: str
    user: str
    port: int = 993
    security: Literal["tls", "starttls", "plain"] = "tls"
    folder: str = "INBOX"
    noted: str = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class BounceSettings:
    """When mail that comes back stops a reader: see newsletter/returns/stops.py."""

    soft: int = 5
    """So many editions that came back for a while; 0 for never."""
    within: timedelta = timedelta(days=30)
    most: float = 0.1
    """The share of an edition of which more has to come back for it to be held, and to stop nobody."""
    verp: bool = False
    """Each message sent by SMTP has an envelope sender of its own."""
    maildir: Path | None = None
    imap: ImapSettings | None = None
    most_mails: int = 5000
    """So many mails a run reads of each."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How the operator is told. `smtp`, where it is set, is another way than the edition's own provider."""

    mail: tuple[str, ...] = ()
    sender: str = ""
    webhook: str = field(default="", repr=False)
    """Its address may be a secret itself."""
    heartbeat: str = ""
    smtp: SmtpSettings | None = None


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What `serve` answers, and to whom it listens."""

    hosts: tuple[str, ...] = ()
    """Names beside that of `public_url` under which it may be asked."""
    proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks whose word on the client's address is taken."""
    sign_up: bool = True
    sign_ups_per_hour: int = 1_000
    """The most that are answered by mail, all newsletters and networks together."""
    gate: bool = False


@dataclass(frozen=True, slots=True)
class StraightInSettings:
    """Whether paying readers' digests open articles without signing in, and for how long."""

    on: bool = False
    lasts: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `newsroom.toml` and the environment say. Paths are absolute."""

    path: Path
    root: Path
    newsroom: Newsroom
    newsletters: tuple[Newsletter, ...]
    sources: tuple[SourceSettings, ...]
    secrets: Secrets
    database_url: str = field(repr=False)
    """It may hold a password."""
    public_dir: Path
    outbox_dir: Path
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    sendgrid: SendGridSettings = field(default_factory=SendGridSettings)
    bounces: BounceSettings = field(default_factory=BounceSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    import_columns: Mapping[str, str] = field(default_factory=dict)
    """A reader list's own column names, by ours."""
    keep_days: int = 90
    readers: tuple[ReadersSettings, ...] = ()
    web: WebSettings = field(default_factory=WebSettings)
    straight_in: StraightInSettings = field(default_factory=StraightInSettings)

    @property
    def witness_path(self) -> Path:
        """The witness stands beside `newsroom.toml`, outside of the database."""
        return self.root / "standfirst.witness"

    @property
    def stops_path(self) -> Path:
        """What readers ended, a line each, beside the witness."""
        return self.root / "standfirst.stops"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of the newsroom at `path`.

    Raises ConfigurationError with every mistake at once, a line each: file, key, what was found, what is
    allowed.
    """
    from newsroom.settings_reader import read

    return read(path, environ)
