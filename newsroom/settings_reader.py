"""From the file's tables to the settings: every mistake found, a line each, before anything is used."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from newsroom import secrets
from newsroom.contradictions import contradictions
from newsroom.errors import ConfigurationError
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
from newsroom.settings_file import (
    BouncesTable,
    File,
    NewsletterTable,
    ReadersTable,
    SmtpTable,
    SourceTable,
    WebTable,
)


def read(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings at `path`. Raises ConfigurationError with every mistake at once."""
    tables = _tables(path)
    problems: list[str] = []
    root = path.resolve().parent
    wanted = _secrets_file(tables)
    texts = secrets.values(root, wanted, environ, problems)
    file: File | None = None
    lines: list[str] = []
    try:
        file = File.model_validate(tables)
    except ValidationError as error:
        lines += _lines(error)
    problems = [f"{path}: {line}" for line in (*lines, *contradictions(tables))] + problems
    found = secrets.secrets_of(texts, _needed(tables), problems, root / wanted if wanted else None)
    if file is None or found is None or problems:
        raise ConfigurationError(*problems)
    return _settings(path.resolve(), file, found)


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path}: not there; name it with --config or STANDFIRST_CONFIG, or make one with `init`"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from error


def _secrets_file(tables: Mapping[str, Any]) -> str:
    newsroom = tables.get("newsroom")
    name = newsroom.get("secrets", "") if isinstance(newsroom, dict) else ""
    return name if isinstance(name, str) else ""


def _needed(tables: Mapping[str, Any]) -> dict[str, str]:
    needed = {secrets.SECRET_KEY: "always needed", secrets.ADDRESS_KEY: "always needed"}
    provider = _inner(tables, "delivery", "provider")
    if provider == "sendgrid":
        needed[secrets.SENDGRID_API_KEY] = 'delivery.provider is "sendgrid"'
    if provider == "smtp" and _inner(tables, "smtp", "user"):
        needed[secrets.SMTP_PASSWORD] = "smtp.user is set"
    if _inner(tables, "straight_in", "on") is True:
        needed[secrets.LINK_KEY] = "straight_in.on is true"
    for source in _listed(tables, "source"):
        key, kind = source.get("key"), source.get("kind")
        if isinstance(key, str) and kind in ("ghost", "sql"):
            name = secrets.source_name(key)
            needed[name] = "its kind needs one"
        elif isinstance(key, str) and source.get("user"):
            needed[secrets.source_name(key)] = "its user is set"
    for place in _listed(tables, "readers"):
        key, hook = place.get("key"), place.get("write_back")
        if isinstance(key, str) and place.get("kind") in ("ghost", "sql", "wordpress"):
            needed[secrets.readers_name(key)] = "its kind needs one"
        if isinstance(key, str) and hook and hook != "source":
            needed[f"{secrets.readers_name(key)}_HOOK"] = "its write_back is an address"
    if _inner(tables, "bounces", "imap"):
        needed[secrets.IMAP_PASSWORD] = "bounces.imap is set"
    if _inner(tables, "alerts", "smtp", "user"):
        needed[secrets.ALERT_SMTP_PASSWORD] = "alerts.smtp.user is set"
    return needed


def _listed(tables: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = tables.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _inner(tables: Mapping[str, Any], *names: str) -> object:
    value: object = tables
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        place = _place(problem["loc"])
        found = _shown(problem.get("input"))
        match problem["type"]:
            case "extra_forbidden":
                lines.append(f"{place}: no such key{_meant(problem['loc'])}")
            case "missing":
                lines.append(f"{place}: missing; give it")
            case "value_error":
                lines.append(f"{place}: {found} is wrong; allowed: {problem['ctx']['error']}")
            case "literal_error":
                if problem["ctx"]["expected"] == "''":
                    continue
                lines.append(f"{place}: {found} is wrong; allowed: {problem['ctx']['expected']}")
            case "string_pattern_mismatch":
                lines.append(f"{place}: {found} is wrong; allowed: example.org,2026")
            case _:
                lines.append(f"{place}: {found} is wrong; allowed: {_allowed(problem['msg'])}")
    return lines


def _allowed(message: str) -> str:
    return message.removeprefix("Input should be ").removeprefix("a valid ")


def _place(loc: Sequence[str | int]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith(("function-", "constrained-", "literal", "str")):
            text += f".{part}" if text else part
    return text


def _shown(value: object) -> str:
    if isinstance(value, (str, bool, int, float, list, dict)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = f'"{value}"'
    return text if len(text) <= 80 else f"{text[:77]}..."


def _meant(loc: Sequence[str | int]) -> str:
    model: type[BaseModel] | None = File
    for part in loc[:-1]:
        if isinstance(part, str) and model is not None:
            model = _model_of(model, part)
    if model is None:
        return ""
    names = [field.alias or name for name, field in model.model_fields.items()]
    near = get_close_matches(str(loc[-1]), names, 1)
    return f'; did you mean "{near[0]}"?' if near else f"; allowed: {', '.join(names)}"


def _model_of(model: type[BaseModel], part: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if part in (name, field.alias):
            return _model_in(field.annotation)
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _settings(path: Path, file: File, found: Secrets) -> Settings:
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
