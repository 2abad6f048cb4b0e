"""`init DIR`: a newsroom to start from, by questions or by flags."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import typer

from commands.init_source import chosen, completed_source, terms_of
from commands.new_newsroom import found
from commands.new_sections import WHAT, NewSection, WrongAnswerError, agreed, completed, unsettled
from commands.new_source import NAMES, NewSource, left_out
from commands.questions import NO_POSTAL_ADDRESS, Answers, Assumed, Question, questions
from commands.source_flags import Manner, Wanted, mistakes_of
from newsroom.errors import ConfigurationError
from newsroom.masthead import SectionKind

MOST_SHOWN = 10
"""Of the site's own lists that become no section, how many are named."""
STRAIGHT_IN = (
    "May links in paying readers' mails open articles on the site without signing in? It must check them"
)
GATE = "Are the articles read there as well, at `serve`? The site then needs no other software"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make; it may exist and be empty.")
    ],
    name: Annotated[str | None, typer.Option(help="The publication's name.")] = None,
    site: Annotated[
        str | None, typer.Option(help="Its website, which is looked at first: https://...")
    ] = None,
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
    source: Annotated[
        str | None,
        typer.Option(help="What its articles are read from: wordpress, ghost, feed, pages, folder or none."),
    ] = None,
    source_url: Annotated[
        str | None, typer.Option(help="Where that is, if not at the site: the feed's or CMS's address.")
    ] = None,
    paid: Annotated[
        str | None,
        typer.Option(
            help="Which articles are paid: all, none, page (as each says), or category:plus, tag:vip, more."
        ),
    ] = None,
    descriptions: Annotated[
        Literal["teaser", "text"] | None,
        typer.Option(help="What a feed has where it has descriptions alone."),
    ] = None,
    take_key: Annotated[
        bool | None,
        typer.Option("--take-key/--no-take-key", help="Take the Content API key that a Ghost's pages carry."),
    ] = None,
    straight_in: Annotated[
        bool | None,
        typer.Option(
            "--straight-in/--no-straight-in",
            help="Whether paying readers' mails open articles on the site without signing in.",
        ),
    ] = None,
    gate: Annotated[
        bool | None,
        typer.Option(
            "--gate/--no-gate", help="Whether articles are read at `serve` itself; --public-url is the site."
        ),
    ] = None,
    no_look: Annotated[bool, typer.Option("--no-look", help="Ask nothing of the site itself.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take the defaults for what is not said.")
    ] = False,
) -> None:
    """Start a newsroom in DIR: its newsroom.toml, where its articles are, a reader list, its secrets."""
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
    if source_url and "://" not in source_url:
        source_url = Assumed(f"https://{source_url}")
    wanted = Wanted(source or "", source_url or "", paid, take_key, descriptions, not no_look)
    manner = Manner(asks=sys.stdin.isatty() and not yes, yes=yes)
    answers = _answers(directory, given, wanted, manner)
    answers["gate"] = _gate(gate, answers, manner)
    answers["straight_in"] = _straight_in(straight_in, manner)
    whole: Sequence[NewSection] = answers["whole"]
    found(directory, answers, tuple(whole))
    _say_what_was_made(directory, answers, whole)
    _say_what_next(directory, answers)


def _answers(
    directory: Path, given: Mapping[str, str | None], wanted: Wanted, manner: Manner
) -> dict[str, Any]:
    """What the flags say, and what is asked or taken for the rest; `whole` has every section, `source` where
    the articles are, `found` the site's own words on itself.

    Raises ConfigurationError with every mistake of the flags at once, before anything is asked.
    """
    answers: dict[str, Any] = {}
    mistakes = _directory(directory)
    asked = questions(_local_zone())
    for question in asked:
        text = given[question.name]
        if text is not None:
            answers[question.name] = _flag(question, text, mistakes, manner)
    missing = ", ".join(question.flag for question in asked if question.name not in answers)
    if missing and not manner.yes and not manner.asks:
        mistakes.append(
            f"init: {missing}: missing, and nobody is here to ask; say it, or --yes for all defaults"
        )
    mistakes += mistakes_of(wanted, given["site"], manner)
    if mistakes:
        raise ConfigurationError(*mistakes)
    for question in asked:
        if question.name not in answers:
            answers[question.name] = (_asked if manner.asks else _taken)(question, answers)
        if question.name == "site":
            choice = chosen(answers["site"], wanted, manner)
            answers["found"], answers["site"] = choice.found, choice.site or answers["site"]
        if question.name == "sections":
            terms = terms_of(choice, wanted, manner)
    if manner.asks:
        answers["sections"] = _confirmed(next(one for one in asked if one.name == "sections"), answers)
    answers["whole"] = completed(answers["sections"], answers["language"])
    answers["source"] = completed_source(choice, answers["whole"], terms)
    return answers


def _gate(said: bool | None, answers: Answers, manner: Manner) -> bool:
    """Whether articles are read here: only where the site is what `serve` answers, and then unless denied."""
    is_same = answers["site"] == answers["public_url"]
    if said and not is_same:
        raise ConfigurationError(
            f"init: --gate: articles are read at {answers['public_url']}, but the site is {answers['site']}; "
            "give --site and --public-url the same address"
        )
    if said is not None or not is_same or not manner.asks:
        return is_same and said is not False
    return typer.confirm(GATE, default=True)


def _straight_in(said: bool | None, manner: Manner) -> bool:
    """Whether links in the mails of who pays have tokens: no, unless somebody says so."""
    if said is not None or not manner.asks:
        return bool(said)
    return typer.confirm(STRAIGHT_IN, default=False)


def _directory(directory: Path) -> list[str]:
    if directory.is_dir() and any(directory.iterdir()):
        return [f"init: {directory}: not empty; `init` makes a new folder or fills an empty one"]
    if directory.exists() and not directory.is_dir():
        return [f"init: {directory}: is a file; name a folder"]
    return []


def _flag(question: Question, text: str, mistakes: list[str], manner: Manner) -> Any:
    """A flag's value; what is wrong with it goes into `mistakes`."""
    try:
        value = _checked(question, text)
        if question.name == "sections" and not manner.asks:
            if not manner.yes and (said := unsettled(value)):
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
    value: Any = question.check(default) if default else question.placeholder
    return agreed(value) if question.name == "sections" else value


def _asked(question: Question, answers: Answers) -> Any:
    """Ask until the answer can be taken; what is wrong with one is said."""
    default, is_told = question.default(answers), False
    while True:
        # With nothing as its default the library would ask again without a word.
        said = str(typer.prompt(question.words, default=default, show_default=bool(default)))
        if question.placeholder and not said.strip():
            if is_told:
                return question.placeholder
            typer.echo(f"  {question.why}.")
            is_told = True
            continue
        try:
            return _checked(question, said)
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
    source: NewSource = answers["source"]
    articles = "" if source.is_remote else "articles/, "
    typer.echo(f"Made {directory}: newsroom.toml, {articles}readers.csv, secrets.env.")
    for one in sections:
        if one.kind is not SectionKind.EDITORIAL:
            typer.echo(f"  section {one.key}: {one.title}, kind {one.kind}")
    if answers["found"] is not None:
        _say_what_is_read(source, answers, sections)
    if answers["gate"]:
        typer.echo("  Articles are read at `serve` itself (the gate): docs/web.md.")
    if answers["straight_in"]:
        typer.echo("  Links in paying readers' mails carry a token; how the site checks it: docs/web.md.")
    if answers["postal_address"] == NO_POSTAL_ADDRESS:
        typer.echo("  Still to be said in newsroom.toml: your postal_address. Every mail shows it.")
    typer.echo("  Before real mail, look at [offer] in newsroom.toml: prices and promises are yours to say.")


def _say_what_is_read(source: NewSource, answers: Answers, sections: Sequence[NewSection]) -> None:
    place = source.url or source.lists[0][0]
    typer.echo(f"  Articles are read from {NAMES[source.kind]} at {place}; {source.who_pays}.")
    if source.section:
        typer.echo(f"  All of them stand in the section {source.section}, unless newsroom.toml says more.")
    left = left_out(answers["found"], source, sections)
    if left:
        names = ", ".join(f"{one.title} ({one.count})" for one in left[:MOST_SHOWN])
        more = f" and {len(left) - MOST_SHOWN} more" if left[MOST_SHOWN:] else ""
        typer.echo(f"  In no section of yours, so left out: {names}{more}; see [[source]] in newsroom.toml.")


def _say_what_next(directory: Path, answers: Answers) -> None:
    config = (directory / "newsroom.toml").resolve()
    house = Path(__file__).resolve().parent.parent
    typer.echo(f"\nNext, in {house}:")
    typer.echo(f"  export STANDFIRST_CONFIG={shlex.quote(str(config))}")
    source: NewSource = answers["source"]
    commands = [
        *([("sync --dry-run", "what would be read; nothing is stored")] if source.is_remote else []),
        (f"readers import {shlex.quote(str(config.with_name('readers.csv')))}", "your readers"),
        ("preview --open", "the edition as each plan sees it; nothing is stored"),
        ("digest daily --extra first", "an edition now, beside those of every day"),
        ("", "read, publish the feeds, hand over what is due: into outbox/"),
        ("status", "what went out, what comes next"),
    ]
    width = max(len(command) for command, _ in commands)
    for command, meaning in commands:
        typer.echo(f"  python send.py {command:<{width}}  # {meaning}")
    python = shlex.quote(sys.executable)
    typer.echo(
        f"\nThe regular edition comes at its hour ({answers['at']}, {', '.join(answers['days'])}), by cron:\n"
        f"  */5 * * * * cd {shlex.quote(str(house))} && {python} send.py --config {shlex.quote(str(config))}"
        f" --log json >> {shlex.quote(str(config.with_name('standfirst.log')))} 2>&1"
    )
