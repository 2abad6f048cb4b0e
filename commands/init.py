"""`init DIR`: a newsroom to start from, by questions or by flags."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import typer

from commands.new_newsroom import found
from commands.new_sections import WHAT, NewSection, WrongAnswerError, agreed, completed, unsettled
from commands.questions import NO_POSTAL_ADDRESS, Answers, Question, questions
from newsroom.errors import ConfigurationError
from newsroom.masthead import SectionKind

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make; it may exist and be empty.")
    ],
    name: Annotated[str | None, typer.Option(help="The publication's name.")] = None,
    site: Annotated[str | None, typer.Option(help="Its address: https://...")] = None,
    sections: Annotated[
        str | None,
        typer.Option(help='Titles, in order: "Politics, Culture"; a kind stands behind: "Shorts=briefs".'),
    ] = None,
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
    given = {
        "name": name,
        "site": site,
        "sections": sections,
        "zone": zone,
        "at": at,
        "days": days,
        "language": language,
        "sender": sender,
        "postal_address": postal_address,
        "public_url": public_url,
    }
    answers = _answers(directory, given, yes=yes, asks=sys.stdin.isatty() and not yes)
    whole = completed(answers["sections"], answers["language"])
    found(directory, answers, whole)
    _say_what_was_made(directory, answers, whole)
    _say_what_next(directory, answers)


def _answers(directory: Path, given: Mapping[str, str | None], *, yes: bool, asks: bool) -> dict[str, Any]:
    """What the flags say, and what is asked or taken for the rest.

    Raises ConfigurationError with every mistake of the flags at once, before anything is asked.
    """
    answers: dict[str, Any] = {}
    mistakes = _directory(directory)
    asked = questions(_local_zone())
    for question in asked:
        text = given[question.name]
        if text is not None:
            answers[question.name] = _flag(question, text, mistakes, yes=yes, asks=asks)
    missing = ", ".join(question.flag for question in asked if question.name not in answers)
    if missing and not yes and not asks:
        mistakes.append(
            f"init: {missing}: missing, and nobody is here to ask; say it, or --yes for all defaults"
        )
    if mistakes:
        raise ConfigurationError(*mistakes)
    for question in asked:
        if question.name not in answers:
            answers[question.name] = _asked(question, answers) if asks else _taken(question, answers)
    if asks:
        answers["sections"] = _confirmed(next(one for one in asked if one.name == "sections"), answers)
    return answers


def _directory(directory: Path) -> list[str]:
    if directory.is_dir() and any(directory.iterdir()):
        return [f"init: {directory}: not empty; `init` makes a new folder or fills an empty one"]
    if directory.exists() and not directory.is_dir():
        return [f"init: {directory}: is a file; name a folder"]
    return []


def _flag(question: Question, text: str, mistakes: list[str], *, yes: bool, asks: bool) -> Any:
    """A flag's value; what is wrong with it goes into `mistakes`."""
    try:
        value = _checked(question, text)
        if question.name == "sections" and not asks:
            if not yes and (said := unsettled(value)):
                raise WrongAnswerError(said)
            value = agreed(value)
    except WrongAnswerError as error:
        mistakes.append(f"init: {question.flag}: {error}")
        return None
    return value


def _checked(question: Question, text: str) -> Any:
    answer = " ".join(text.split())
    if not answer:
        raise WrongAnswerError("nothing was said; allowed: some words")
    return question.check(answer)


def _taken(question: Question, answers: Answers) -> Any:
    default = question.default(answers)
    return question.check(default) if default else question.placeholder


def _asked(question: Question, answers: Answers) -> Any:
    """Ask until the answer can be taken; what is wrong with one is said."""
    while True:
        try:
            return _checked(
                question, str(typer.prompt(question.words, default=question.default(answers) or None))
            )
        except WrongAnswerError as error:
            typer.echo(f"  {error}")


def _confirmed(question: Question, answers: Answers) -> tuple[NewSection, ...]:
    """Ask of each section that reads like another kind whether it is one, and again where none is left."""
    sections: Sequence[NewSection] = answers["sections"]
    while True:
        try:
            return agreed(
                [one if one.meant is None or _is_meant(one) else _ordinary(one) for one in sections]
            )
        except WrongAnswerError as error:
            typer.echo(f"  {error}")
            sections = _asked(question, answers)


def _is_meant(section: NewSection) -> bool:
    what = WHAT[section.meant or section.kind]
    return typer.confirm(f'"{section.title}": of kind {section.meant} ({what})?', default=True)


def _ordinary(section: NewSection) -> NewSection:
    return replace(section, meant=None)


def _local_zone() -> str:
    name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return name if name in available_timezones() else "Europe/Brussels"


def _say_what_was_made(directory: Path, answers: Answers, sections: Sequence[NewSection]) -> None:
    typer.echo(f"Made {directory}: newsroom.toml, articles/, readers.csv, secrets.env.")
    for one in sections:
        if one.kind is not SectionKind.EDITORIAL:
            typer.echo(f"  section {one.key}: {one.title}, kind {one.kind}")
    if answers["postal_address"] == NO_POSTAL_ADDRESS:
        typer.echo("  Still to be said in newsroom.toml: your postal_address. Every mail shows it.")
    typer.echo("  Before real mail, look at [offer] in newsroom.toml: prices and promises are yours to say.")


def _say_what_next(directory: Path, answers: Answers) -> None:
    config = (directory / "newsroom.toml").resolve()
    house = Path(__file__).resolve().parent.parent
    typer.echo(f"\nNext, in {house}:")
    typer.echo(f"  export STANDFIRST_CONFIG={shlex.quote(str(config))}")
    commands = (
        (f"readers import {shlex.quote(str(config.with_name('readers.csv')))}", "your readers"),
        ("preview --open", "the edition as each plan sees it; nothing is stored"),
        ("digest daily --extra first", "an edition now, beside those of every day"),
        ("", "read, publish the feeds, hand over what is due: into outbox/"),
        ("status", "what went out, what comes next"),
    )
    width = max(len(command) for command, _ in commands)
    for command, meaning in commands:
        typer.echo(f"  python send.py {command:<{width}}  # {meaning}")
    python = shlex.quote(sys.executable)
    typer.echo(
        f"\nThe regular edition comes at its hour ({answers['at']}, {', '.join(answers['days'])}), by cron:\n"
        f"  */5 * * * * cd {shlex.quote(str(house))} && {python} send.py --config {shlex.quote(str(config))}"
        f" --log json >> {shlex.quote(str(config.with_name('standfirst.log')))} 2>&1"
    )
