"""The model of `newsroom.toml`: what may stand in it, key by key. The reference is made from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from newsroom.setting_types import (
    DAYS,
    Colour,
    Database,
    Day,
    Fonts,
    Host,
    Hour,
    Hub,
    Key,
    Language,
    Line,
    Mailbox,
    Network,
    Page,
    Period,
    Public,
    Rule,
    Site,
    Subject,
    Table,
    Web,
    Words,
    Zone,
    bounded,
)
from newsroom.settings_delivery import AlertsTable, BouncesTable, DeliveryTable, SendGridTable, SmtpTable


class NewsroomTable(Table):
    """Who you are, and where things are. Paths are relative to the file."""

    name: Words = Field(description="The publication's name.")
    about: Line = Field("", description="One sentence about it.")
    site_url: Site = Field(description="Where its articles are read.")
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
    hub: Hub | Literal[""] = Field(
        "", description="A WebSub hub: feeds name it, and it is told of each that changed."
    )
    database: Database = Field(
        "sqlite:///standfirst.db",
        description="SQLite's file, or `postgresql://USER@HOST/NAME` (docs/server.md says what that needs).",
    )
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


class FeedTable(Table):
    """A feed by rule: the news that meets every condition given; of a list's values one is enough."""

    key: Key = Field(description="Names its files and addresses; it never changes, and no section has it.")
    title: Words = Field(description="What readers see.")
    about: Line = Field("", description="One sentence about it; else the newsroom's.")
    tags: list[Words] = Field(default=[], description="Tags, one of which an article has.")
    not_tags: list[Words] = Field(default=[], description="Tags, none of which it has.")
    sections: list[Key] = Field(default=[], description="Sections, in one of which it stands.")
    authors: list[Words] = Field(default=[], description="Authors, one of whom wrote it.")
    access: Literal["free", "registered", "paid", ""] = Field("", description="Who may read it.")


class ListTable(Table):
    """A page that lists articles, of a source of kind `pages`."""

    url: Page = Field(description="The page, or a news sitemap.")
    section: Key = Field(description="The section that its articles stand in.")
    select: Line = Field("", description="A CSS selector of one item; else every link to an article.")
    sponsor: Line = Field("", description="A CSS selector, inside an item, of its sponsor's name.")
    headline: Line = Field("", description="A CSS selector, inside an item, of its headline.")


class SourceTable(Table):
    """Where articles come from. One that two sources have is the first one's. Secrets: see below."""

    key: Key = Field(description="Part of the ids of its articles; it never changes.")
    kind: Literal["folder", "wordpress", "ghost", "feed", "pages", "sql"] = Field(
        "folder", description="What it is; docs/sources.md has a page for each."
    )
    path: Line = Field("", description="folder: the folder, of Markdown or HTML files.")
    url: Page | Literal[""] = Field(
        "", description="wordpress, ghost: the site; feed: the feed; sql: where pictures are, if elsewhere."
    )
    access: Literal["free", "registered", "paid"] = Field(
        "paid", description="Who may read an article that neither says so itself nor meets a rule below."
    )
    free: list[Rule] = Field(default=[], description="Rules; one that is met makes an article free.")
    registered: list[Rule] = Field(default=[], description="Rules that make it one for who has signed in.")
    paid: list[Rule] = Field(
        default=[],
        description="Rules that make it paid, and win: `category:plus`, `tag:premium`, `meta:paid=1`, "
        "`visibility:paid`, `more` (there is a wall in its text).",
    )
    sections: dict[str, Key] = Field(
        default={}, description='Its names = your keys: `"city-hall" = "politics"`; equal ones need none.'
    )
    section: Key | Literal[""] = Field(
        "", description="Where an article of none of them stands; empty leaves it out."
    )
    language: Language | Literal[""] = Field("", description="Its articles' language; else the newsroom's.")
    pictures_for: Period = Field(
        timedelta(days=30), description="How old an article may be for its picture to be fetched."
    )
    full_every: Period = Field(
        timedelta(days=1), description="How often everything is looked at, not only what is new."
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds, for a request.")
    user: Line = Field("", description="wordpress: who the application password belongs to.")
    types: list[Key] = Field(default=["posts"], description="wordpress: the REST bases that are read.")
    lists: list[ListTable] = Field(default=[], alias="list", description="pages: see below.")
    select: dict[str, Line] = Field(
        default={},
        description="pages: a CSS selector by field, where the page itself does not say. feed: "
        '`{ teaser = "description" }` where a description alone is no more than a summary.',
    )
    sponsors: list[Words] = Field(
        default=[], description="pages: names that stand before a sponsored headline."
    )
    query: str = Field("", description="sql: gives the articles; its columns are named as our fields.")
    bookings: str = Field("", description="sql: gives sponsored articles, likewise.")
    changed: Line = Field("", description="sql: the column that grows with each change.")


class ReadersTable(Table):
    """Where readers already are; see docs/readers.md. Secrets: see below."""

    key: Key = Field(description="Names it, and whom it knows; it never changes.")
    kind: Literal["sql", "ghost", "wordpress", "json"] = Field(description="What it is.")
    url: Web | Literal[""] = Field("", description="ghost, wordpress: the site; json: the list.")
    query: str = Field("", description="sql: gives a row a reader; its columns are named as an import's.")
    user: Line = Field("", description="wordpress: who the application password belongs to.")
    of: Literal["users", "subscriptions"] = Field(
        "users", description="wordpress: its users, or WooCommerce's subscriptions."
    )
    plans: dict[str, Literal["free", "trial", "paid", "group"]] = Field(
        default={}, description='Its tier, role or status = our plan: `{ "Supporter" = "paid" }`.'
    )
    newsletters: list[Key] = Field(
        default=[], description="Your newsletters that somebody gets of whom it names none; else all."
    )
    names: dict[str, Key] = Field(
        default={}, description='Its names of newsletters = your keys: `{ "weekly-letter" = "weekly" }`.'
    )
    write_back: Web | Literal["", "source"] = Field(
        "", description="Where stops are told: `source` (ghost), or an address that is POSTed to."
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds, for a request.")


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
    archive: Literal["everyone", "nobody"] = Field(
        "nobody", description="Who may read its editions on the web, teasers alone, under /archive/."
    )
    searchable: bool = Field(True, description="Whether search engines may list what is in its archive.")
    hold: Annotated[Period, bounded(most="12h")] | None = Field(
        None, description="How long before its hour it is composed, for its editors to look at; at most 12h."
    )
    editors: Annotated[list[Mailbox], Field(max_length=50)] = Field(
        default=[], description="Who gets a preview of each edition, with links to change, hold or send it."
    )


class WebTable(Table):
    """What `serve` answers, and to whom it listens."""

    hosts: list[Host] = Field(
        default=[], description="Names beside that of `public_url` under which it may be asked."
    )
    proxies: list[Network] = Field(
        default=["127.0.0.0/8", "::1/128"],
        description="Networks of your own proxies: they alone are believed who a client is.",
    )
    sign_up: bool = Field(True, description="Whether anybody may sign up.")
    sign_ups_per_hour: Annotated[int, Field(ge=1)] = Field(
        1000, description="The most sign-ups that are answered by mail, from everywhere together."
    )
    gate: bool = Field(
        False, description="Whether articles are read here: for a newsroom without a site of its own."
    )


class StraightInTable(Table):
    """Links in paying readers' digests that open their article on your site without signing in."""

    on: bool = Field(False, description="Whether they do; docs/web.md says how your site checks them.")
    lasts: Annotated[Period, bounded("1h", "7d")] = Field(
        timedelta(hours=72), description="How long one works; whoever has it can read that article."
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
    feed: list[FeedTable] = Field(default=[])
    source: Annotated[list[SourceTable], Field(min_length=1)]
    newsletter: list[NewsletterTable] = Field(default=[])
    readers: list[ReadersTable] = Field(default=[])
    delivery: DeliveryTable = Field(default_factory=DeliveryTable)
    smtp: SmtpTable = Field(default_factory=SmtpTable)
    sendgrid: SendGridTable = Field(default_factory=SendGridTable)
    bounces: BouncesTable = Field(default_factory=BouncesTable)
    alerts: AlertsTable = Field(default_factory=AlertsTable)
    web: WebTable = Field(default_factory=WebTable)
    straight_in: StraightInTable = Field(default_factory=StraightInTable)
    import_: ImportTable = Field(default_factory=ImportTable, alias="import")
