"""From the file's tables to the settings: every mistake found, a line each, before anything is used."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsroom import secrets
from newsroom.contradictions import contradictions
from newsroom.errors import ConfigurationError
from newsroom.settings import Settings
from newsroom.settings_file import File
from newsroom.settings_mistakes import mistakes
from newsroom.settings_values import settings_of


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
        lines += mistakes(error)
    problems = [f"{path}: {line}" for line in (*lines, *contradictions(tables))] + problems
    found = secrets.secrets_of(texts, _needed(tables), problems, root / wanted if wanted else None)
    if file is None or found is None or problems:
        raise ConfigurationError(*problems)
    return settings_of(path.resolve(), file, found)


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
