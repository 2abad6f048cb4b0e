"""`init`: a newsroom by flags or by questions, every mistake at once, and nothing left where it fails."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands import new_newsroom
from commands.main import main
from commands.new_sections import words_of
from commands.questions import NO_POSTAL_ADDRESS
from newsroom.settings import Settings, load
from tests.commands.house import House
from tests.commands.terminal import CHECKOUT, on_a_terminal


def _init(folder: Path, *flags: str) -> int:
    return main(["init", str(folder), *flags])


def _settings(folder: Path) -> Settings:
    return load(folder / "newsroom.toml", {})


def _kinds(folder: Path) -> dict[str, str]:
    return {one.key: one.kind.value for one in _settings(folder).newsroom.sections}


def test_the_defaults_make_a_newsroom_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "new"
    assert _init(folder, "--yes") == 0
    said = capsys.readouterr().out
    assert (folder / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert (folder / "articles" / "news" / "welcome.md").is_file()
    assert not (folder / ".init").exists()
    settings = _settings(folder)
    assert settings.delivery.provider == "outbox"
    # Nothing invented is shown to readers.
    offer = settings.newsroom.offer
    assert (offer.price_year, offer.price_month, offer.trial, offer.cancel, offer.why) == ("", "", "", "", "")
    assert settings.newsroom.about == ""
    assert settings.newsletters[0].postal_address == NO_POSTAL_ADDRESS
    assert "postal_address" in said
    assert "The regular edition comes at its hour (06:00" in said


def test_the_commands_it_prints_give_an_edition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a quay"
    assert _init(folder, "--yes", "--postal-address", "Graslei 1, 9000 Ghent") == 0
    lines = capsys.readouterr().out.splitlines()
    commands = [line.partition(" #")[0].strip() for line in lines if line.startswith("  python send.py")]
    assert len(commands) == 5
    environment = {**os.environ, "STANDFIRST_CONFIG": str(folder / "newsroom.toml"), "BROWSER": "true"}
    for command in commands:
        words = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(
            words, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    (edition,) = (folder / "outbox").iterdir()
    assert edition.name.endswith("-first")
    (mail,) = House(folder).mails(edition.name).values()
    assert mail["Subject"] == "The Daily sends its first morning mail"
    assert (folder / "public" / "feeds" / "news.rss").is_file()


@pytest.mark.parametrize("language", ["de", "ar", "pl"])
def test_the_first_article_is_in_the_newsrooms_language(tmp_path: Path, language: str) -> None:
    folder = tmp_path / language
    name = "Пристань" if language == "pl" else "Kade {x}"
    assert _init(folder, "--yes", "--language", language, "--name", name) == 0
    (path,) = folder.glob("articles/*/welcome.md")
    _, front, body = path.read_text(encoding="utf-8").split("---\n")
    article = yaml.safe_load(front)
    words = words_of(language)["welcome"]
    assert article["headline"] == words["headline"].replace("{name}", name)
    assert article["language"] == ("en" if language == "pl" else language)
    assert body.strip() == words["body"].strip()


def test_every_mistake_of_the_flags_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    flags = {
        "--site": "not a site",
        "--sections": "All, https://a.example, ,",
        "--at": "25:00",
        "--zone": "Mars",
        "--days": "mon,someday",
        "--language": "zz",
        "--sender": "a@b@c",
        "--postal-address": "  ",
        "--public-url": "http://quay.example",
    }
    assert _init(folder, "--yes", *(word for pair in flags.items() for word in pair)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == [
        f"{flag}:"
        for flag in (
            "--site", "--sections", "--zone", "--at", "--days", "--language", "--sender", "--postal-address",
            "--public-url",
        )
    ]  # fmt: skip
    assert all("newsletter[0]" not in line and "newsroom.toml" not in line for line in lines)
    assert '"All" is reserved' in lines[1]
    assert '"https://a.example" is not a section\'s title' in lines[1]
    assert not folder.exists()


def test_what_is_missing_is_named_where_nobody_can_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert _init(tmp_path / "new", "--name", "X", "--at", "late") == 2
    at, missing = capsys.readouterr().err.splitlines()
    assert at.startswith('init: --at: "late" is wrong')
    assert missing.startswith(
        "init: --site, --sections, --zone, --days, --language, --sender, --postal-address:"
    )


@pytest.mark.parametrize("made", [False, True])
def test_nothing_is_left_behind_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: bool
) -> None:
    folder = tmp_path / "deep" / "new"
    if made:
        folder.mkdir(parents=True)

    def full(path: Path, of_source: str) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_newsroom, "_write_secrets", full)
    assert _init(folder, "--yes") == 1
    assert "No space left on device; nothing was made" in capsys.readouterr().err
    assert list(tmp_path.rglob("*")) == ([folder.parent, folder] if made else [])
    monkeypatch.undo()
    assert _init(folder, "--yes") == 0


def test_what_cannot_be_put_in_place_takes_the_rest_away_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rename, names = tmp_path / "new", Path.rename, []

    def third_fails(path: Path, target: Any) -> Path:
        names.append(path.name)
        if len(names) == 3:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", third_fails)
    assert _init(folder, "--yes") == 1
    assert len(names) == 3
    assert not folder.exists()


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert _init(tmp_path, "--yes") == 2
    assert _init(tmp_path / "mine", "--yes") == 2
    errors = capsys.readouterr().err
    assert "not empty" in errors
    assert "is a file" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_section_that_reads_like_another_kind_needs_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    flags = [
        "--name",
        "X",
        "--site",
        "x.example",
        "--zone",
        "Europe/Brussels",
        "--at",
        "6:00",
        "--days",
        "daily",
    ]
    flags += ["--language", "en", "--sender", "d@x.example", "--postal-address", "Graslei 1"]
    assert _init(folder, *flags, "--sections", "News, Briefs, Sponsored") == 2
    said = capsys.readouterr().err
    assert 'say "Briefs=briefs" for that, or "Briefs=editorial" for an ordinary one' in said
    assert 'say "Sponsored=sponsored" for that, or choose another title' in said
    assert _init(folder, *flags, "--sections", "News, Briefs=editorial, Sponsored=sponsored") == 0
    assert _kinds(folder) == {
        "news": "editorial",
        "briefs": "editorial",
        "sponsored": "sponsored",
        "briefs-2": "briefs",
        "latest": "latest",
    }


def test_yes_agrees_to_the_kinds_and_they_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert _init(folder, "--yes", "--sections", "Nachrichten, Anzeigen, Latest") == 0
    assert "section anzeigen: Anzeigen, kind sponsored" in capsys.readouterr().out
    assert _kinds(folder)["anzeigen"] == "sponsored"
    assert _kinds(folder)["latest"] == "latest"


def test_the_table_of_what_is_written_is_toml_whatever_was_said(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    name = 'The "Quay" \\ {{ 7 * 7 }} رصيف 🌉'
    assert _init(folder, "--yes", "--name", name, "--sections", 'A "B" & C', "--language", "ar") == 0
    tables = tomllib.loads((folder / "newsroom.toml").read_text(encoding="utf-8"))
    assert tables["newsroom"]["name"] == name
    assert tables["section"][0] == {"key": "a-b-c", "title": 'A "B" & C'}
    assert tables["section"][1]["title"] == "موجز الأخبار"


def test_a_wrong_answer_is_asked_again_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    words = [
        "ftp://x",
        "x.example",
        "X",
        ",",
        "News, Latest",
        "Mars",
        "UTC",
        "",
        "",
        "",
        "",
        "",
        "Graslei 1",
        "y",
        "",
    ]
    said = on_a_terminal(folder, words)
    for reason in ('"ftp://x" is wrong', "no section is named", '"Mars" is wrong'):
        assert reason in said
    assert '"Latest": of kind latest' in said
    settings = _settings(folder)
    assert settings.newsroom.site_url == "https://x.example"
    # The empty answer to what only a person knows was asked again.
    assert settings.newsletters[0].postal_address == "Graslei 1"
    assert _kinds(folder)["latest"] == "latest"


@pytest.mark.parametrize(
    ("flag", "on"), [("--straight-in", True), ("--no-straight-in", False), ("--yes", False)]
)
def test_straight_in_links_are_on_where_it_is_said_and_a_key_is_there(
    tmp_path: Path, flag: str, on: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _init(tmp_path / "new", "--yes", flag) == 0
    settings = _settings(tmp_path / "new")
    assert settings.straight_in.on is on
    assert len(settings.secrets.link_keys[0][1]) == 32
    assert ("docs/web.md" in capsys.readouterr().out) is on


OWN = "https://news.quay.example"
SAME = ("--yes", "--site", OWN, "--public-url", OWN, "--no-look")


def test_where_serve_is_the_site_articles_are_read_there_and_no_link_leads_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _init(tmp_path / "new", *SAME) == 0
    assert "(the gate): docs/web.md" in capsys.readouterr().out
    settings = _settings(tmp_path / "new")
    offer = settings.newsroom.offer
    assert settings.web.gate
    assert offer.login_url == f"{OWN}/sign-in"
    assert (offer.subscribe_url, offer.terms_url, offer.account_url) == ("", "", "")
    assert _init(tmp_path / "other", *SAME, "--no-gate") == 0
    assert not _settings(tmp_path / "other").web.gate


def test_there_is_no_gate_at_another_address_than_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _init(tmp_path / "new", "--yes", "--no-look", "--gate") == 2
    assert "give --site and --public-url the same address" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    assert _init(tmp_path / "new", "--yes", "--no-look") == 0
    assert not _settings(tmp_path / "new").web.gate


def test_somebody_is_asked_of_the_gate(tmp_path: Path) -> None:
    words = [*[""] * 8, "Graslei 1", "n", ""]
    said = on_a_terminal(tmp_path / "new", words, *SAME[1:])
    assert "Are the articles read there as well" in said
    assert not _settings(tmp_path / "new").web.gate
