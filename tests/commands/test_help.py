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
