"""The command line: one file a command, imported when it is asked for."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from commands.ending import SAID, Ended, endable
from commands.invocation import ConfigOption, DryRunOption, Given, LogOption, NowOption
from newsroom.errors import ExitStatus, MisuseError, StandfirstError

COMMANDS = {
    "init": ("init", "Start a newsroom, by questions or flags."),
    "sync": ("sync", "Read the content sources."),
    "feeds": ("feeds", "Publish the feeds that changed."),
    "digest": ("digest", "Compose the editions that are due, or one by name."),
    "deliver": ("deliver", "Hand over what is composed and due."),
    "preview": ("preview", "The edition as files, nothing stored."),
    "test": ("test_message", "Real messages to yourself, outside the ledger."),
    "edit": ("edit", "Change an edition: lead, stories, subject, note."),
    "hold": ("hold", "Keep an edition from going out."),
    "release": ("release", "Let a held edition go, or accept a restored database."),
    "stop": ("stop", "End an edition, unless it is resumed."),
    "resume": ("resume", "Let a stopped edition go on."),
    "resend": ("resend", "Hand over again to those who were refused, or to one reader."),
    "ramp": ("ramp", "Warm a new sending domain up, some more readers each day."),
    "status": ("status", "What went out, what is held, what comes next."),
    "why": ("why", "Why a story was or was not in an edition."),
    "resolve": ("resolve", "Settle an uncertain batch: sent, or not."),
    "readers": ("readers", "Import, sync, export, show or forget readers."),
    "doctor": ("doctor", "Check everything, and say how to mend it."),
    "adopt": ("adopt", "Keep the ids of articles that move to another source."),
    "backup": ("backup", "Copy the database and its witness."),
    "migrate": ("migrate", "Bring the database to this release."),
    "move-here": ("move_here", "Say that the newsroom lives on this machine now."),
    "serve": ("serve", "Answer readers: unsubscribe pages, feeds, pictures."),
}
"""Name → module and short help. The modules are heavy, so only the one that is called is imported."""


LOOKS = frozenset({"preview", "status", "why", "doctor", "readers show"})
"""The commands that change nothing, so that a dry run of them is what they are."""


class Commands(TyperGroup):
    """The group of all commands; each is read from its file when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of a newsroom's day."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, short = COMMANDS[cmd_name]
        loaded = importlib.import_module(f"commands.{module}")
        command = typer.main.get_command(loaded.app)
        command.name = cmd_name
        command.short_help = short
        # Typer takes each file for a program of its own; the completion is the whole command's.
        command.params = [param for param in command.params if param.name not in _COMPLETION]
        for one in (command, *getattr(command, "commands", {}).values()):
            _plain_flags(one.get_params(ctx))
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called. Raises MisuseError where its words contradict each other."""
        name, command, rest = super().resolve_command(ctx, args)
        inner = getattr(command, "commands", {}).get(rest[0]) if rest else None
        params = getattr(inner or command, "params", ())
        path = f"{name} {rest[0]}" if inner else name
        if path in LOOKS:
            # It changes nothing as it is, and looks at what is there instead of at a copy.
            ctx.params["dry_run"] = False
        elif ctx.params.get("dry_run") and not any(param.name == "dry_run" for param in params):
            raise MisuseError(f"{path} has no --dry-run: it would act all the same, and nothing was done")
        both = _contradiction(params, rest)
        if both:
            raise MisuseError(f"{path}: {both[0]} and {both[1]} contradict each other; say one of them")
        taken = _taken_for_a_value(params, rest)
        if taken:
            raise MisuseError(
                f"{path}: {taken[0]} needs a value, and {taken[1]} behind it is an option; nothing was done"
            )
        return name, command, rest

    def get_params(self, ctx: Any) -> Any:
        """The options before a command's name."""
        return _plain_flags(super().get_params(ctx))


_COMPLETION = ("install_completion", "show_completion")
_HELP = "--help"


def _contradiction(params: Any, words: Sequence[str]) -> tuple[str, str] | None:
    """A flag and its opposite, where both are said; Typer would take the last one. Pure."""
    said = list(itertools.takewhile(lambda word: word != "--", words))
    for param in params:
        ways = [
            next((word for word in said if word in some), "") for some in (param.opts, param.secondary_opts)
        ]
        if all(ways):
            return ways[0], ways[1]
    return None


def _taken_for_a_value(params: Any, words: Sequence[str]) -> tuple[str, str] | None:
    """An option whose value was forgotten, and the option behind it, which would be taken for that. Pure.

    `--why=--dry-run` says what it means.
    """
    names = {param: (*param.opts, *param.secondary_opts) for param in params}
    options = {name for some in names.values() for name in some if name.startswith("-")}
    flags = {name for param, some in names.items() if getattr(param, "is_flag", False) for name in some}
    said = itertools.takewhile(lambda word: word != "--", words)
    for word in said:
        if word in options - flags and (value := next(said, "")).partition("=")[0] in {*options, _HELP}:
            return word, value
    return None


def _plain_flags(params: Any) -> Any:
    """The options, flags without the `<bool>` that Typer 0.29 writes beside them in its Rich help alone."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


app = typer.Typer(
    cls=Commands,
    invoke_without_command=True,
    no_args_is_help=False,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def due(
    context: typer.Context,
    config: ConfigOption = None,
    log: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Do what is due: read the sources, publish the feeds, send the editions that are due. Nothing twice."""
    context.obj = Given(config, log, now, dry_run)
    if context.invoked_subcommand is None:
        from commands.run import run

        raise typer.Exit(run(context))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status (newsroom.errors.ExitStatus)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with endable():
            app(args=arguments, prog_name="send.py")
    except StandfirstError as error:
        complain(error, json=_wants_json(arguments))
        return int(error.exit_status)
    except Exception as error:  # noqa: BLE001 (the last catch: nobody reads a traceback, and it may hold anything)
        from newsroom import unforeseen

        complain(StandfirstError(unforeseen.said(error)), json=_wants_json(arguments))
        unforeseen.show(error)
        return int(ExitStatus.FAILED)
    except Ended:
        complain(StandfirstError(SAID), json=_wants_json(arguments))
        return int(ExitStatus.FAILED)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _wants_json(arguments: list[str]) -> bool:
    return "--log=json" in arguments or ("--log", "json") in itertools.pairwise(arguments)


def complain(error: StandfirstError, *, json: bool) -> None:
    """One line for each problem, on the standard error or, with `--log json`, in the log."""
    if json:
        from newsroom import log

        # What went wrong before the settings were read comes before the log was set up, too.
        log.speak("json")
        for line in error.problems:
            log.problem("command", line)
        return
    for line in error.problems:
        sys.stderr.write(f"{line}\n")
