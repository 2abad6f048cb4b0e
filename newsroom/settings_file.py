"""The model of `newsroom.toml`: what may stand in it, key by key. The reference is made from it."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
RESERVED = ("all", "index")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PERIOD = re.compile(r"(\d{1,5})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _key(text: str) -> str:
    if text in RESERVED:
        raise ValueError(f"a key other than {' and '.join(RESERVED)}, which name files of their own")
    if not _KEY.fullmatch(text):
        raise ValueError("lower-case letters, digits and hyphens, at most 64")
    return text


def _line(text: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("one line without control characters")
    return text


def _web(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\"'<>\\]", text):
        raise ValueError("a web address: https://www.example.org")
    return text.rstrip("/")


def _public(text: str) -> str:
    text = _web(text)
    parts = urlsplit(text)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("an https address, or http on a loopback address for a trial")
    return text


def _zone(text: str) -> str:
    if text not in available_timezones():
        from difflib import get_close_matches

        near = get_close_matches(text, sorted(available_timezones()), 3, 0.5)
        raise ValueError(f"a time zone such as {', '.join(near) or 'Europe/Berlin'}")
    ZoneInfo(text)
    return text


def _language(text: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError("a language tag: en, de, pt-BR") from error
    return text


def _mailbox(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError("an address: name@example.org") from error


def _allowed(text: str) -> str:
    if text.startswith("@") and "." in text and not re.search(r"\s", text):
        return text.lower()
    return _mailbox(text)


def _hour(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    if isinstance(value, time) and value.tzinfo is None:
        return value.replace(microsecond=0)
    raise ValueError('an hour: "06:00"')


def _period(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _PERIOD.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a period: "45m", "3h" or "7d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _subject(text: str) -> str:
    unknown = [name for name in re.findall(r"\{([^}]*)\}", text) if name not in SUBJECT_FIELDS]
    if unknown or text.count("{") != text.count("}"):
        raise ValueError(f"words and {', '.join('{' + name + '}' for name in SUBJECT_FIELDS)}")
    return _line(text)


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("a colour as #rrggbb")
    return text


def _fonts(text: str) -> str:
    if not re.fullmatch(r"[\w ,'\"-]+", text) or text.count("'") % 2 or text.count('"') % 2:
        raise ValueError("names of fonts, quoted or not, and commas")
    return text


SUBJECT_FIELDS = ("lead", "second", "name", "title", "date")

Key = Annotated[str, AfterValidator(_key)]
Line = Annotated[str, AfterValidator(_line)]
Words = Annotated[Line, Field(min_length=1)]
Web = Annotated[str, AfterValidator(_web)]
Public = Annotated[str, AfterValidator(_public)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Allowed = Annotated[str, AfterValidator(_allowed)]
Hour = Annotated[time, BeforeValidator(_hour)]
Period = Annotated[timedelta, BeforeValidator(_period)]
Subject = Annotated[str, AfterValidator(_subject)]
Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[str, AfterValidator(_fonts)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Table(BaseModel):
    """A table of the file: no key but those named."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewsroomTable(Table):
    """Who you are, and where things are. Paths are relative to the file."""

    name: Words = Field(description="The publication's name.")
    about: Line = Field("", description="One sentence about it.")
    site_url: Web = Field(description="Where its articles are read.")
    public_url: Public = Field(
        description="Where readers reach what `serve` answers; https, but for a trial on a loopback address."
    )
    language: Language = Field("en", description="The language it is written in.")
    time_zone: Zone = Field(description="The zone of its hours and of dates without one.")
    authority: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?$")] = Field(
        description="Names the articles' ids for good (a tag authority, RFC 4151): a domain of yours and the "
        "year, `example.org,2026`. Never change it."
    )
    accent: Colour = Field("#9b1c1c", description="The colour of labels, links and the button.")
    accent_dark: Colour = Field("#f08a80", description="The same in dark mode.")
    logo_url: Web | Literal[""] = Field("", description="A logo instead of the name in the mail's head.")
    logo_dark_url: Web | Literal[""] = Field("", description="The logo in dark mode.")
    headline_font: Fonts = Field('Georgia, "Times New Roman", serif', description="The headlines' fonts.")
    text_font: Fonts = Field(
        '-apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif', description="The text's fonts."
    )
    feed_entries: Annotated[int, Field(ge=1, le=500)] = Field(50, description="Articles in a feed.")
    database: Line = Field("sqlite:///standfirst.db", description="The database's address.")
    public: Line = Field("public", description="The folder of feeds and pictures.")
    outbox: Line = Field("outbox", description="The folder of the outbox provider.")
    secrets: Line = Field("", description="A file with secrets as NAME=value, readable by its owner alone.")
    keep_days: Annotated[int, Field(ge=1)] = Field(
        90, description="How long exclusions are kept one by one; then as sums."
    )


class PaywallTable(Table):
    """What of a paid article is public beside its teaser."""

    public_paragraphs: Annotated[int, Field(ge=0, le=20)] = Field(
        0, description="Its first paragraphs after the teaser; never more than a quarter of its words."
    )


class OfferTable(Table):
    """What somebody who does not pay is shown. What is empty is left out."""

    thanks: Line = Field("", description="A word of thanks.")
    trial: Line = Field("", description="The trial: `Try it free for 30 days.`")
    price_year: Line = Field("", description="The price of a year.")
    price_month: Line = Field("", description="The price of a month.")
    cancel: Line = Field("", description="How to end it: `Cancel at any time.`")
    about: Line = Field("", description="Who you are, in a sentence.")
    why: Line = Field("", description="Why to subscribe.")
    contact: Line = Field("", description="For groups, companies and students.")
    button: Line = Field("", description="The words on the button.")
    subscribe_url: Web | Literal[""] = Field("", description="Where to subscribe.")
    terms_url: Web | Literal[""] = Field("", description="The terms.")
    login_url: Web | Literal[""] = Field("", description="Where subscribers log in.")
    account_url: Web | Literal[""] = Field("", description="Where they manage or cancel it.")


class SectionTable(Table):
    """A section: a list of articles with feeds of its own."""

    key: Key = Field(description="Names its files and addresses; it never changes.")
    title: Words = Field(description="What readers see.")
    kind: Literal["editorial", "briefs", "sponsored", "latest"] = Field(
        "editorial", description="`latest` is made of the newest headlines and has the feed `all`."
    )
    former_keys: list[Key] = Field(default=[], description="Keys it had before: their feeds are redirected.")


class SourceTable(Table):
    """Where articles come from."""

    key: Key = Field(description="Part of the ids of its articles; it never changes.")
    kind: Literal["folder"] = Field("folder", description="A folder of Markdown files with front matter.")
    path: Words = Field(description="The folder.")
    access: Literal["free", "registered", "paid"] = Field(
        "paid", description="Who may read an article that does not say so itself."
    )
    language: Language | Literal[""] = Field("", description="Its articles' language; else the newsroom's.")


class PlaceTable(Table):
    """One block of a newsletter."""

    section: str = Field(description="A section's key.")
    stories: Annotated[int, Field(ge=1, le=100)] = Field(description="The most stories it takes.")


class NewsletterTable(Table):
    """A digest."""

    key: Key = Field(description="Names its editions; it never changes.")
    title: Words = Field(description="What readers see.")
    at: Hour = Field(description="Its local hour.")
    days: Annotated[list[Day], Field(min_length=1)] = Field(list(DAYS), description="Its days.")
    sections: Annotated[list[PlaceTable], Field(min_length=1)] = Field(
        description="Its blocks in order; the lead comes out of the first that has a story."
    )
    sender: Mailbox = Field(description="The address it comes from.")
    sender_name: Line = Field("", description="The name it comes from; else the newsroom's.")
    reply_to: Mailbox | Literal[""] = Field("", description="Where answers go; else the sender.")
    envelope_sender: Mailbox | Literal[""] = Field("", description="Where bounces go; else the sender.")
    subject: Subject = Field("{lead}", description="May hold {lead}, {second}, {name}, {title} and {date}.")
    postal_address: Words = Field(description="Your postal address, in the footer.")
    language: Language | Literal[""] = Field("", description="Its language; else the newsroom's.")
    empty: Literal["skip", "hold"] = Field("skip", description="What happens when nothing is new.")
    latest: Period = Field(timedelta(hours=3), description="How long after its hour it is still sent.")
    carry_over: Period = Field(
        timedelta(days=7), description="How long a story left out for room stays eligible."
    )
    sponsored_max: Annotated[int, Field(ge=0, le=50)] = Field(12, description="The most sponsored stories.")
    sponsored_per_sponsor: Annotated[int, Field(ge=1, le=50)] = Field(
        3, description="The most of one sponsor."
    )
    max_variants: Annotated[int, Field(ge=3, le=100_000)] = Field(
        2000, description="Above this, readers with rare choices of sections get the whole edition."
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
    silence_means_not_sent: Period | None = Field(
        None,
        description="After this time without any event an uncertain batch counts as not sent. The risk: if "
        "it was sent after all, its readers get it twice. Off unless you set it.",
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
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds.")


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


class ImportTable(Table):
    """How a reader list's columns are named, where it is not one that Standfirst knows."""

    columns: dict[str, Line] = Field(default={}, description='Our name = the list\'s: `plan = "Abo-Typ"`.')


class File(Table):
    """The whole file."""

    newsroom: NewsroomTable
    paywall: PaywallTable = Field(default_factory=PaywallTable)
    offer: OfferTable = Field(default_factory=OfferTable)
    section: Annotated[list[SectionTable], Field(min_length=1)]
    source: Annotated[list[SourceTable], Field(min_length=1)]
    newsletter: list[NewsletterTable] = Field(default=[])
    delivery: DeliveryTable = Field(default_factory=DeliveryTable)
    smtp: SmtpTable = Field(default_factory=SmtpTable)
    sendgrid: SendGridTable = Field(default_factory=SendGridTable)
    alerts: AlertsTable = Field(default_factory=AlertsTable)
    import_: ImportTable = Field(default_factory=ImportTable, alias="import")
