"""What `--help` shows, of every command."""

from __future__ import annotations

import pytest

from commands.main import COMMANDS, main


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS), ["readers", "import"]], ids=" ".join)
def test_a_flag_asks_for_no_value(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--help" in shown
    assert "bool" not in shown


def test_the_completion_is_installed_once_and_not_by_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert "--install-completion" in capsys.readouterr().out
    main(["sync", "--help"])
    assert "completion" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "resolve 79 --sent --not-sent",
            "resolve: --sent and --not-sent contradict each other; say one of them",
        ),
        (
            "readers bounces daily-2026-03-10 --ignore --dry-run --stop",
            "readers bounces: --stop and --ignore contradict each other; say one of them",
        ),
        ("init . --gate --no-gate", "init: --gate and --no-gate contradict each other; say one of them"),
        ("ramp --start --stop", "ramp: --start and --stop: one of them"),
        (
            "preview --last --at 2026-03-10T06:00",
            "preview: --last and --at: the newest edition is as it is; say one",
        ),
        ("status --problems --reader a@quay.example", "status: --reader and --problems: say one of them"),
        ("test a@quay.example --all --plan paid", "test: --all and --plan: say one of them"),
        ("readers import list.csv --reason bounced", "readers import: --reason goes with --suppress"),
        (
            "edit daily-2026-03-10 --subject --dry-run",
            "edit: --subject needs a value, and --dry-run behind it is an option; nothing was done",
        ),
        ("stop daily-2026-03-10 --why --dry-run", "stop: --why needs a value, and --dry-run behind it"),
        (
            "edit daily-2026-03-10 --note --lead=bridge",
            "edit: --note needs a value, and --lead=",
        ),
        (
            "readers import list.csv --reason --dry-run",
            "readers import: --reason needs a value, and --dry-run",
        ),
        ("hold daily-2026-03-10 --why --help", "hold: --why needs a value, and --help behind it"),
        ("--dry-run test a@quay.example", "test has no --dry-run: it would act all the same"),
        ("--dry-run readers export list.csv", "readers export has no --dry-run"),
        ("--dry-run backup", "backup has no --dry-run"),
        ("--dry-run serve", "serve has no --dry-run"),
    ],
)
def test_what_contradicts_itself_is_wrong_use(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith(said), error
    assert error.count("\n") == 1


def test_a_flag_said_twice_and_what_stands_behind_two_hyphens_contradict_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in ("resolve 79 --sent --sent", "resolve 79 --sent -- --not-sent"):
        main(["--config", "/nowhere/newsroom.toml", *words.split()])
        assert "contradict" not in capsys.readouterr().err


def test_an_option_that_is_meant_as_a_value_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        "hold daily --why=--dry-run",
        "hold daily --dry-run --why x",
        "hold daily --why x --dry-run",
    ):
        main(["--config", "/nowhere/newsroom.toml", *words.split()])
        assert "needs a value" not in capsys.readouterr().err
