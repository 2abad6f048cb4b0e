"""`init DIR`: a newsroom to start from, by questions or by flags."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsroom.errors import ConfigurationError, PublishError
from newsroom.settings import load

app = typer.Typer(pretty_exceptions_enable=False)

TEMPLATES = Path(__file__).parent.parent / "templates" / "init"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STORIES = {"editorial": 4, "briefs": 6, "latest": 6, "sponsored": 12}


@dataclass(frozen=True, slots=True)
class NewSection:
    """One section of the new newsroom."""

    key: str
    title: str
    kind: str

    @property
    def stories(self) -> int:
        """How many stories the digest takes of it to begin with."""
        return STORIES[self.kind]


@app.command()
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make; it may exist and be empty.")
    ],
    name: Annotated[str | None, typer.Option(help="The publication's name.")] = None,
    site: Annotated[str | None, typer.Option(help="Its address: https://...")] = None,
    sections: Annotated[str | None, typer.Option(help='Titles, in order: "Politics, Culture".')] = None,
    zone: Annotated[str | None, typer.Option(help="Its time zone: Europe/Brussels.")] = None,
    at: Annotated[str | None, typer.Option(help="The digest's local hour: 06:00.")] = None,
    days: Annotated[
        str | None, typer.Option(help='The digest\'s days: "mon,tue,wed,thu,fri" or "daily".')
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The language it is written in: en-GB, de, ar.")
    ] = None,
    sender: Annotated[str | None, typer.Option(help="The address the digest comes from.")] = None,
    postal_address: Annotated[str | None, typer.Option(help="The postal address in the footer.")] = None,
    public_url: Annotated[
        str, typer.Option(help="Where readers will reach `serve`.")
    ] = "http://127.0.0.1:8080",
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take the defaults for what is not said.")
    ] = False,
) -> None:
    """Start a newsroom in DIR: its newsroom.toml, a first article, a reader list, its secrets."""
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory}: not empty; `init` makes a new folder or fills an empty one")
    ask = _Asker(yes=yes)
    name = ask("The publication's name", name, "The Daily", flag="--name")
    site = _site(ask("Its address", site, "https://www.example.org", flag="--site"))
    titles = ask("Its sections, in order", sections, "News, Culture, Opinion", flag="--sections")
    zone = _zone(ask("Its time zone", zone, _local_zone(), flag="--zone"))
    at = _hour(ask("The digest goes out at", at, "06:00", flag="--at"))
    day_list = _days(ask("On these days", days, "mon,tue,wed,thu,fri,sat", flag="--days"))
    language = ask("The language it is written in", language, _language(zone), flag="--language")
    host = urlsplit(site).hostname or "example.org"
    domain = host.removeprefix("www.")
    sender = ask("The digest comes from", sender, f"digest@{domain}", flag="--sender")
    postal = ask(
        "Its postal address", postal_address, f"{name}, Main Street 1, 1000 Town", flag="--postal-address"
    )
    values = {
        "name": name,
        "about": f"{name} is independent and lives on its subscribers.",
        "site": site,
        "public_url": public_url.rstrip("/"),
        "language": language,
        "zone": zone,
        "authority": f"{domain},{datetime.now(UTC).year}",
        "contact": f"subscriptions@{domain}",
        "sections": _sections(titles),
        "newsletter": f"{name}: the morning digest",
        "at": at,
        "days": day_list,
        "sender": sender,
        "reply_to": f"editors@{domain}",
        "postal_address": postal,
    }
    _write(directory, values, ZoneInfo(zone))
    load(directory / "newsroom.toml", os.environ)
    _say_what_next(directory, at, day_list)


class _Asker:
    """Asks what no flag has said; where nobody can answer, says which flag would."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes

    def __call__(self, question: str, given: str | None, default: str, *, flag: str) -> str:
        if given is not None:
            answer = given
        elif self.yes:
            answer = default
        elif not sys.stdin.isatty():
            raise ConfigurationError(
                f"init: {flag} is missing, and nobody is here to ask; say it, or --yes for all defaults"
            )
        else:
            answer = str(typer.prompt(question, default=default))
        answer = " ".join(answer.split())
        if not answer:
            raise ConfigurationError(f"init: {flag}: nothing was said; allowed: some words")
        return answer


def _site(text: str) -> str:
    site = text if "://" in text else f"https://{text}"
    parts = urlsplit(site)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f'init: --site: "{text}" is not a web address; allowed: https://www.example.org'
        )
    return site.rstrip("/")


def _zone(text: str) -> str:
    if text in available_timezones():
        return text
    near = sorted(zone for zone in available_timezones() if text.lower() in zone.lower())[:4]
    hint = ", ".join(near) or "Europe/Berlin, America/New_York, ..."
    raise ConfigurationError(f'init: --zone: "{text}" is not a time zone; allowed: {hint}')


def _language(zone: str) -> str:
    """The day and the month stand in another order on the other side of the Atlantic."""
    return "en" if zone.startswith("America/") else "en-GB"


def _local_zone() -> str:
    name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return name if name in available_timezones() else "Europe/Brussels"


def _hour(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ConfigurationError(f'init: --at: "{text}" is not an hour; allowed: 06:00')
    return text


def _days(text: str) -> list[str]:
    if text.strip().lower() in ("daily", "all", "every day"):
        return list(DAYS)
    found = [day.strip().lower()[:3] for day in text.split(",") if day.strip()]
    wrong = [day for day in found if day not in DAYS]
    if wrong or not found:
        raise ConfigurationError(
            f'init: --days: "{text}" is not a list of days; allowed: {",".join(DAYS)} or daily'
        )
    return [day for day in DAYS if day in found]


def _sections(text: str) -> list[NewSection]:
    """The sections as asked for, then briefs, latest and a sponsored one, to be filled or removed."""
    made = [NewSection(section_key(title), title, "editorial") for title in _titles(text)]
    taken = {section.key for section in made}
    for key, title, kind in (
        ("briefs", "In brief", "briefs"),
        ("latest", "Latest", "latest"),
        ("partners", "Stakeholders' highlights", "sponsored"),
    ):
        if key not in taken:
            made.append(NewSection(key, title, kind))
    return made


def _titles(text: str) -> list[str]:
    titles = list(dict.fromkeys(title.strip() for title in text.split(",") if title.strip()))
    for title in titles:
        if not section_key(title) or section_key(title) in ("all", "index"):
            raise ConfigurationError(
                f'init: --sections: no key can be made of "{title}"; allowed: a name with letters'
            )
    return titles


def section_key(title: str) -> str:
    """A section's key made of its title: lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")


def _write(directory: Path, values: Mapping[str, object], zone: ZoneInfo) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (TOML, YAML and CSV: escaped by the filters below)
    )
    environment.filters["toml"] = _toml
    environment.filters["inner"] = lambda text: _toml(text)[1:-1]
    environment.filters["yaml"] = lambda text: json.dumps(text, ensure_ascii=False)
    now = datetime.now(zone)
    first = values["sections"]
    section = first[0].key if isinstance(first, list) else "news"
    article = {
        "headline": f"{values['name']} sends its first morning mail",
        "teaser": "Every edition starts with a story worth getting up for. This one says how yours are made.",
        "author": "The editors",
        "published": (now - timedelta(hours=1)).isoformat(timespec="minutes"),
    }
    files = {
        "newsroom.toml": environment.get_template("newsroom.toml.j2").render(values),
        f"articles/{section}/welcome.md": environment.get_template("welcome.md.j2").render(article),
        "readers.csv": environment.get_template("readers.csv.j2").render(
            address=values["reply_to"], today=now.date().isoformat()
        ),
        ".gitignore": "secrets.env\nstandfirst.db*\noutbox/\npublic/\nbackups/\npreview/\n",
    }
    key = f"{datetime.now(UTC):k%Y%m}:{secrets.token_hex(32)}"
    try:
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        private = os.open(directory / "secrets.env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(private, "w", encoding="utf-8") as file:
            file.write(
                "# Signs the links in your mails. A lost key breaks every unsubscribe link sent with it.\n"
                f"STANDFIRST_SECRET_KEY={key}\n"
                "# Recognises addresses without storing them twice. Never change it.\n"
                f"STANDFIRST_ADDRESS_KEY={secrets.token_hex(32)}\n"
            )
    except OSError as error:
        raise PublishError(f"{error.filename or directory}: cannot be written: {error.strerror}") from error


def _toml(value: object) -> str:
    # A JSON string or list of strings is a TOML one too, but for DEL, which JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _say_what_next(directory: Path, at: str, days: list[str]) -> None:
    config = (directory / "newsroom.toml").resolve()
    door = Path(__file__).parent.parent / "send.py"
    python = Path(sys.executable)
    typer.echo(f"Made {directory}: newsroom.toml, articles/, readers.csv, secrets.env.\n")
    typer.echo("Next:")
    typer.echo(f"  export STANDFIRST_CONFIG={config}")
    for command, meaning in (
        (f"readers import {directory / 'readers.csv'}", "your readers"),
        ("preview --open", "the edition, before anything is sent"),
        ("digest daily", "compose today's edition now"),
        ("", "do what is due: read, publish, send"),
        ("status", "what went out, what comes next"),
    ):
        typer.echo(f"  {f'python send.py {command}'.strip():<58} # {meaning}")
    typer.echo(f"\nWhen it is right, let cron do it (the digest goes out at {at}, {', '.join(days)}):")
    typer.echo(
        f"  */5 * * * * cd {door.parent} && {python} send.py --config {config} --log json"
        f" >> {config.parent}/standfirst.log 2>&1"
    )
