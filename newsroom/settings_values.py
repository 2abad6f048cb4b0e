"""The tables of a settings file without mistakes, as the values that the house works with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from newsroom import secrets
from newsroom.masthead import (
    Archive,
    Empty,
    FeedRule,
    Look,
    Newsletter,
    Newsroom,
    Offer,
    Paywall,
    Place,
    Section,
    SectionKind,
)
from newsroom.secrets import Secrets
from newsroom.setting_types import DAYS
from newsroom.settings import (
    AlertSettings,
    BounceSettings,
    BreakerSettings,
    DeliverySettings,
    ImapSettings,
    ListSettings,
    ReadersSettings,
    SendGridSettings,
    Settings,
    SmtpSettings,
    SourceSettings,
    StraightInSettings,
    WebSettings,
)
from newsroom.settings_delivery import BouncesTable, SmtpTable
from newsroom.settings_file import (
    File,
    NewsletterTable,
    ReadersTable,
    SourceTable,
    WebTable,
)


def settings_of(path: Path, file: File, found: Secrets) -> Settings:
    """The settings of the file at `path`, an absolute one: what it names stands beside it."""
    root = path.parent
    table = file.newsroom
    database_url, database_password = _database(root, table.database, found.database_password)
    first_sender = file.newsletter[0].sender if file.newsletter else ""
    alerts = file.alerts
    return Settings(
        path=path,
        root=root,
        newsroom=_newsroom(file),
        newsletters=tuple(_newsletter(one, file) for one in file.newsletter),
        sources=tuple(_source(root, one, table.language, found) for one in file.source),
        secrets=replace(found, database_password=database_password),
        database_url=database_url,
        public_dir=root / table.public,
        outbox_dir=root / table.outbox,
        delivery=DeliverySettings(
            provider=file.delivery.provider,
            max_per_hour=file.delivery.max_per_hour,
            allow_to=tuple(file.delivery.allow_to),
            silence_means_not_sent=file.delivery.silence_means_not_sent,
            breaker=BreakerSettings(**file.delivery.breaker.model_dump()),
        ),
        smtp=_smtp(file.smtp),
        sendgrid=SendGridSettings(**file.sendgrid.model_dump()),
        bounces=_bounces(root, file.bounces),
        alerts=AlertSettings(
            mail=tuple(alerts.mail),
            sender=alerts.sender or first_sender,
            webhook=found.alert_webhook or alerts.webhook,
            heartbeat=alerts.heartbeat,
            smtp=_smtp(alerts.smtp) if alerts.smtp else None,
        ),
        import_columns=dict(file.import_.columns),
        keep_days=table.keep_days,
        readers=tuple(_readers(root, one, file, found) for one in file.readers),
        web=_web(file.web),
        straight_in=StraightInSettings(file.straight_in.on, file.straight_in.lasts),
    )


def _readers(root: Path, table: ReadersTable, file: File, found: Secrets) -> ReadersSettings:
    name = secrets.readers_name(table.key)
    return ReadersSettings(
        key=table.key,
        kind=table.kind,
        path=root,
        url=table.url.rstrip("/") if table.kind in ("wordpress", "ghost") else table.url,
        query=table.query,
        user=table.user,
        of=table.of,
        plans=dict(table.plans),
        newsletters=tuple(table.newsletters or (one.key for one in file.newsletter)),
        names=dict(table.names),
        write_back=table.write_back,
        timeout=table.timeout,
        secret=found.sources.get(name, ""),
        hook_secret=found.sources.get(f"{name}_HOOK", ""),
    )


def _source(root: Path, table: SourceTable, language: str, found: Secrets) -> SourceSettings:
    return SourceSettings(
        key=table.key,
        kind=table.kind,
        path=root / table.path,
        url=table.url.rstrip("/") if table.kind in ("wordpress", "ghost") else table.url,
        access=table.access,
        free=tuple(table.free),
        registered=tuple(table.registered),
        paid=tuple(table.paid),
        sections=dict(table.sections),
        section=table.section,
        language=table.language or language,
        pictures_for=table.pictures_for,
        full_every=table.full_every,
        timeout=table.timeout,
        user=table.user,
        types=tuple(table.types),
        lists=tuple(ListSettings(**one.model_dump()) for one in table.lists),
        select=dict(table.select),
        sponsors=tuple(table.sponsors),
        query=table.query,
        bookings=table.bookings,
        changed=table.changed,
        secret=found.sources.get(secrets.source_name(table.key), ""),
        admin_secret=found.sources.get(f"{secrets.source_name(table.key)}_ADMIN", ""),
    )


def _newsroom(file: File) -> Newsroom:
    table = file.newsroom
    return Newsroom(
        name=table.name,
        about=table.about,
        site_url=table.site_url,
        public_url=table.public_url,
        language=table.language,
        time_zone=ZoneInfo(table.time_zone),
        authority=table.authority,
        sections=tuple(
            Section(one.key, one.title, SectionKind(one.kind), tuple(one.former_keys)) for one in file.section
        ),
        offer=Offer(**file.offer.model_dump()),
        look=Look(
            accent=table.accent,
            accent_dark=table.accent_dark,
            logo_url=table.logo_url,
            logo_dark_url=table.logo_dark_url,
            headline_font=table.headline_font,
            text_font=table.text_font,
        ),
        paywall=Paywall(file.paywall.public_paragraphs),
        feed_entries=table.feed_entries,
        hub=table.hub,
        rules=tuple(
            FeedRule(
                key=one.key,
                title=one.title,
                about=one.about,
                tags=tuple(one.tags),
                not_tags=tuple(one.not_tags),
                sections=tuple(one.sections),
                authors=tuple(one.authors),
                access=one.access,
            )
            for one in file.feed
        ),
    )


def _newsletter(one: NewsletterTable, file: File) -> Newsletter:
    return Newsletter(
        key=one.key,
        title=one.title,
        at=one.at,
        days=frozenset(DAYS.index(day) + 1 for day in one.days),
        places=tuple(Place(place.section, place.stories) for place in one.sections),
        sender=one.sender,
        sender_name=one.sender_name or file.newsroom.name,
        reply_to=one.reply_to or one.sender,
        envelope_sender=one.envelope_sender or one.sender,
        postal_address=one.postal_address,
        subject=one.subject,
        language=one.language or file.newsroom.language,
        empty=Empty(one.empty),
        latest=one.latest,
        carry_over=one.carry_over,
        sponsored_max=one.sponsored_max,
        sponsored_per_sponsor=one.sponsored_per_sponsor,
        max_variants=one.max_variants,
        archive=Archive(one.archive),
        searchable=one.searchable,
        hold=one.hold or timedelta(),
        editors=tuple(dict.fromkeys(one.editors)),
    )


def _smtp(table: SmtpTable) -> SmtpSettings:
    return replace(SmtpSettings(), **table.model_dump())


def _bounces(root: Path, table: BouncesTable) -> BounceSettings:
    return BounceSettings(
        soft=table.soft,
        within=table.within,
        most=table.most,
        verp=table.verp,
        maildir=root / table.maildir if table.maildir else None,
        imap=ImapSettings(**table.imap.model_dump()) if table.imap else None,
        most_mails=table.most_mails,
    )


def _web(table: WebTable) -> WebSettings:
    return WebSettings(
        hosts=tuple(table.hosts),
        proxies=tuple(table.proxies),
        sign_up=table.sign_up,
        sign_ups_per_hour=table.sign_ups_per_hour,
        gate=table.gate,
    )


def _database(root: Path, url: str, password: str) -> tuple[str, str]:
    """The database's whole address, and its password, wherever that was given; "" for none."""
    prefix = "sqlite:///"
    if url.startswith(prefix):
        return (url if url == prefix else prefix + str(root / url.removeprefix(prefix))), ""
    # Most newsrooms have a file.
    from newsroom import postgresql

    address = postgresql.address(url)
    address = address.set(password=password) if password else address
    return address.render_as_string(hide_password=False), str(address.password or "")
