"""A new newsroom's folder: every file of it, or none."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from commands.new_sections import NewSection, words_of
from commands.new_source import KEY, SECRET, NewSource
from commands.questions import host_of
from newsroom.errors import ConfigurationError, PublishError
from newsroom.masthead import SectionKind
from newsroom.settings import load

TEMPLATES = Path(__file__).parent.parent / "templates" / "init"
IGNORED = "secrets.env\nstandfirst.db*\noutbox/\npublic/\nbackups/\npreview/\nstandfirst.log\n"


def found(directory: Path, answers: Mapping[str, Any], sections: tuple[NewSection, ...]) -> None:
    """Write the newsroom into `directory`, which is empty or is made.

    Raises PublishError where a file cannot be written, ConfigurationError where the settings are not sound
    after all. Whatever fails, nothing is left behind: there are secrets in the folder, and a second try must
    find it empty.
    """
    with _all_or_nothing(directory) as beside:
        for name, text in _files(answers, sections, datetime.now(ZoneInfo(answers["zone"]))).items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _write_secrets(beside / "secrets.env", answers["source"].secret)
        # Without the environment: another newsroom's variables say nothing about this one.
        load(beside / "newsroom.toml", {})


@contextmanager
def _all_or_nothing(directory: Path) -> Iterator[Path]:
    """A folder to fill; what is in it then stands in `directory`, or, if anything fails, nothing does."""
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    beside = directory / ".init"
    moved: list[Path] = []
    try:
        beside.mkdir(parents=True)
        yield beside
        for path in sorted(beside.iterdir()):
            path.rename(directory / path.name)
            moved.append(directory / path.name)
        beside.rmdir()
    except BaseException as error:
        for path in (beside, *moved):
            _remove(path)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            raise PublishError(
                f"init: {directory}: cannot be written: {reason}; nothing was made, name another folder or "
                "mend this one"
            ) from error
        if isinstance(error, ConfigurationError):
            raise ConfigurationError(*(f"init: {line}" for line in error.problems)) from error
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _files(answers: Mapping[str, Any], sections: tuple[NewSection, ...], now: datetime) -> Mapping[str, str]:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (TOML, YAML and CSV: escaped by the filters below)
    )
    environment.filters["toml"] = _toml
    environment.filters["yaml"] = lambda text: json.dumps(text, ensure_ascii=False)
    domain, words = host_of(answers["site"]), words_of(answers["language"])
    name = answers["name"]
    first = next(section.key for section in sections if section.kind is SectionKind.EDITORIAL)
    source: NewSource = answers["source"]
    values = {
        **answers,
        "sections": sections,
        "first": first,
        "source_key": KEY,
        "secret_name": SECRET,
        "domain": domain,
        "authority": f"{domain},{now.year}",
        "newsletter": words["newsletter"].format(name=name),
        "thanks": words["thanks"].format(name=name),
    }
    article = {
        **words["welcome"],
        "headline": words["welcome"]["headline"].format(name=name),
        "published": (now - timedelta(hours=1)).isoformat(timespec="minutes"),
    }
    welcome = environment.get_template("welcome.md.j2").render(article)
    reader = {"address": answers["sender"], "today": now.date().isoformat()}
    return {
        "newsroom.toml": environment.get_template("newsroom.toml.j2").render(values),
        **({f"articles/{first}/welcome.md": welcome} if source.kind == "folder" else {}),
        **({f"articles/{first}/.gitkeep": ""} if source.kind == "none" else {}),
        "readers.csv": environment.get_template("readers.csv.j2").render(reader),
        ".gitignore": IGNORED,
    }


def _write_secrets(path: Path, of_source: str) -> None:
    key = f"{datetime.now(UTC):k%Y%m}:{secrets.token_hex(32)}"
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(private, "w", encoding="utf-8") as file:
        file.write(
            "# Signs the links in your mails. A lost key breaks every unsubscribe link sent with it.\n"
            f"STANDFIRST_SECRET_KEY={key}\n"
            "# Recognises addresses without storing them twice. Never change it.\n"
            f"STANDFIRST_ADDRESS_KEY={secrets.token_hex(32)}\n"
        )
        file.write(
            "# Signs straight-in links, where [straight_in] is on. Its public half: /.well-known/jwks.json.\n"
            f"STANDFIRST_LINK_KEY={datetime.now(UTC):l%Y%m}:{secrets.token_hex(32)}\n"
        )
        if of_source:
            file.write(f"# Asks the site for its articles.\n{SECRET}={of_source}\n")


def _toml(value: object) -> str:
    # A JSON string or list of strings is a TOML one too, but for DEL, which JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
