"""The demo from each kind of source that it can make itself: the same edition as from its folder."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

import demo.__main__ as program
from demo.dates import ZONE
from demo.origins import chosen
from demo.origins.chosen import ORIGINS, Choice, choice_of
from demo.origins.site import PortTakenError, serving
from demo.pictures import draw
from newsroom.errors import SourceError

MADE_HERE = [one.name for one in ORIGINS.values() if not one.is_elsewhere]
NAMES = [
    "articles",
    "feeds",
    "edition",
    "subject",
    "readers",
    "paid words",
    "next",
    "took",
    "look at",
    "then",
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's pictures, drawn once, at half their size: five newsrooms publish them."""
    folder = tmp_path_factory.mktemp("pictures")
    for path in draw(folder):
        with Image.open(path) as picture:
            picture.reduce(2).save(path)
    return folder


@dataclass(frozen=True, slots=True)
class Run:
    """The demo's folder after its first run from a source, and what it said."""

    folder: Path
    said: str


Runs = Callable[[str], Run]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Runs:
    """The finished run from a source, by its name; each is made once."""
    made: dict[str, Run] = {}

    def copied(folder: Path) -> None:
        shutil.copytree(pictures, folder, dirs_exist_ok=True)

    def run_of(name: str) -> Run:
        if name not in made:
            folder = tmp_path_factory.mktemp("demo") / "run"
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as told:
                patch.setattr(program, "RUN", folder)
                patch.setattr(chosen, "draw", copied)
                patch.setattr("demo.setting.draw", copied)
                assert program.demo(Choice(name)) == 0
            made[name] = Run(folder, told.getvalue())
        return made[name]

    return run_of


def _said(text: str) -> dict[str, str]:
    """The ten lines of a run, by their names."""
    found = re.findall(r"^  (\S.{9}) (.*)$", text, re.MULTILINE)
    return {name.strip(): line for name, line in found}


def _edition(run: Path) -> dict[str, str]:
    """Where each story stands in the edition, by its slug: those left out for room stand nowhere."""
    with closing(sqlite3.connect(run / "standfirst.db")) as connection:
        query = "SELECT slug, place FROM edition_stories JOIN articles ON id = article_id"
        return dict(connection.execute(query).fetchall())


def _items(run: Path, feed: str) -> dict[str, dict[str, object]]:
    """A feed's items by their address, without what another system cannot know: our own ids."""
    items = json.loads((run / "public" / "feeds" / f"{feed}.json").read_bytes())["items"]
    return {one.pop("url"): {name: one[name] for name in one if name != "id"} for one in items}


def _published(run: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (run / "public").rglob("*")}


@pytest.mark.parametrize("name", MADE_HERE)
def test_a_second_look_sends_nothing_and_writes_nothing(
    name: str,
    runs: Runs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = runs(name).folder
    first = _said(runs(name).said)
    assert list(first) == NAMES
    assert first["readers"].startswith("120 = 108 into the outbox + 12 left out")
    assert first["paid words"].startswith("0 of 19 planted ones found")
    assert first["subject"] == "The night the council decided to keep the Korenbrug"
    written = _published(run)
    assert len(written) > 80

    monkeypatch.setattr(program, "RUN", run)
    assert program.demo(Choice(name)) == 0
    second = _said(capsys.readouterr().out)
    assert list(second) == NAMES
    assert second["edition"].endswith("sent before, and not again")
    assert ": 0 files written" in second["feeds"]
    assert _published(run) == written
    assert len(list((run / "outbox").rglob("*.eml"))) == 108
    assert '"level": "error"' not in (run / "standfirst.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["sql", "html"])
def test_a_kind_that_can_say_all_gives_the_folders_feeds_and_edition(name: str, runs: Runs) -> None:
    run, folder = runs(name).folder, runs("").folder
    assert _edition(run) == _edition(folder)
    for feed in ("all", "town", "briefs", "partners"):
        assert _items(run, feed) == _items(folder, feed)


def test_pages_have_the_folders_headlines_though_nobody_ranks_them(runs: Runs) -> None:
    run, folder = runs("pages").folder, runs("").folder
    assert _edition(run).keys() == _edition(folder).keys()
    for feed in ("culture", "opinion", "briefs", "partners"):
        assert _items(run, feed) == _items(folder, feed)


def test_feeds_have_the_folders_headlines_but_for_the_sponsors(runs: Runs) -> None:
    run, folder = runs("feed").folder, runs("").folder
    news = {slug for slug, place in _edition(folder).items() if place != "partners"}
    assert _edition(run).keys() == news
    assert _items(run, "briefs") == _items(folder, "briefs")
    assert _items(run, "partners") == {}


def test_another_source_begins_anew_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr(program, "RUN", run)
    # Setting up alone: the rest is tested above.
    morning = program.Morning([{"step": "sync"}], 0, datetime.now(ZONE))
    monkeypatch.setattr(program, "_run", lambda *_: morning)
    monkeypatch.setattr(program, "_tell", lambda *_, **__: None)
    monkeypatch.setattr(chosen, "draw", lambda _: None)
    monkeypatch.setattr("demo.setting.draw", lambda _: None)
    said = []
    for name in ("html", "html", "sql", ""):
        program.demo(Choice(name))
        said.append(capsys.readouterr().out.split("Setting up")[0])
    assert said == [
        "",
        "",
        "The last run had SOURCE=html, so this one begins anew.\n",
        "The last run had SOURCE=sql, so this one begins anew.\n",
    ]
    assert choice_of(run) == Choice()


def test_only_what_is_not_as_before_is_said() -> None:
    assert Choice().unlike(Choice(database="postgresql")) == "DATABASE=sqlite"
    assert Choice("sql", database="postgresql").unlike(Choice()) == "SOURCE=sql DATABASE=postgresql"
    assert Choice("pages", "https://a.example").unlike(Choice("pages", "https://b.example")) == "SOURCE=pages"


def test_a_set_up_that_failed_is_said_and_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        raise SourceError("http://127.0.0.1:9: not found")

    monkeypatch.setattr(program, "RUN", tmp_path / "run")
    monkeypatch.setattr(program, "ORIGINS", {"sql": chosen.Origin("sql", "in a database", refused)})
    monkeypatch.setattr(chosen, "draw", lambda _: None)
    for _ in range(2):
        assert program.demo(Choice("sql")) == 1
        found = capsys.readouterr()
        assert found.err == "http://127.0.0.1:9: not found\n"
        assert "Setting up" in found.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["atom"], "invalid choice: 'atom'"),
        (["wordpress"], "wordpress needs the address of a site"),
        (["sql", "--site", "https://a.example"], "sql has no use for the address of a site"),
    ],
)
def test_what_cannot_be_is_said(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        program.choice_of_words(words)
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_a_choice_is_what_was_typed() -> None:
    assert program.choice_of_words([]) == program.choice_of_words(["folder"]) == Choice()
    assert program.choice_of_words(["ghost", "--site", "http://127.0.0.1:2368/"]) == Choice(
        "ghost", "http://127.0.0.1:2368"
    )


def test_the_demos_site_says_when_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(PortTakenError, match=f"port {port} of this machine"),
            serving(tmp_path, f"http://127.0.0.1:{port}"),
        ):
            pass


def test_the_demos_site_shows_its_files_and_no_list_of_them(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "bridge").write_text("<h1>Ö</h1>", encoding="utf-8")
    with serving(tmp_path) as address:
        page = httpx2.get(f"{address}/articles/bridge")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.text == "<h1>Ö</h1>"
        assert httpx2.get(f"{address}/articles/").status_code == 404
        assert httpx2.get(f"{address}/../../etc/passwd").status_code == 404
