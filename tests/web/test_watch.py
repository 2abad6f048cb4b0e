"""What has a serving process start again, and how its listening sockets are handed on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.engine import Engine

from newsroom.database import engine_for, reading, sqlite_file, writing
from newsroom.errors import ConfigurationError, StoreError
from newsroom.settings import load
from tests.commands.house import built
from web.listening import handed_over, listening
from web.watch import Watch

HOUSE = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    house = built(tmp_path / "quay")
    settings = load(house.config, os.environ)
    return Watch(settings, engine_for(settings.database_url), lambda: None)


def test_edited_settings_are_taken_once_they_rest_and_only_where_they_say_something_else(
    watch: Watch,
) -> None:
    path = watch._settings.path
    whole = path.read_text()
    assert [watch.reason(), watch.reason()] == ["", ""]
    path.write_text(whole + "\n# A remark.\n")
    assert [watch.reason(), watch.reason(), watch.reason()] == ["", "", ""]
    path.write_text(whole.replace('title = "', 'title = "New ', 1))
    # Half of it may be written.
    assert [watch.reason(), watch.reason()] == ["", "the settings or secrets were changed"]


def test_unsound_settings_are_said_once_and_change_nothing(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = watch._settings.path
    path.write_text(path.read_text() + "\nnonsense = 1\n[\n")
    assert [watch.reason() for _ in range(4)] == [""] * 4
    said = "".join(capsys.readouterr())
    assert said.count("not sound") == 1
    assert str(path) in said
    assert watch.reason(is_asked=True) == ""


def test_a_replaced_database_is_opened_anew_and_a_missing_one_waited_for(
    tmp_path: Path, engine: Engine
) -> None:
    file = sqlite_file(engine)
    assert file is not None
    settings = load(built(tmp_path / "quay").config, os.environ)
    watch = Watch(settings, engine, lambda: None)
    with reading(engine):
        pass
    copy = shutil.copyfile(file, tmp_path / "copy.db")
    file.unlink()
    for _ in range(2):
        with pytest.raises(StoreError, match="deleted or moved"), writing(engine):
            pass
        with pytest.raises(StoreError, match="deleted or moved"), reading(engine):
            pass
        assert watch.reason() == ""
    # None was made in its place.
    assert not file.exists()
    # Written anew: a disk likes to give the number of the one before again.
    shutil.copyfile(copy, file)
    assert [watch.reason(), watch.reason()] == ["", "the database's file was replaced"]
    watch.let_go()
    with reading(engine):
        pass


def test_one_replaced_at_a_stroke_takes_no_write(tmp_path: Path, engine: Engine) -> None:
    file = sqlite_file(engine)
    assert file is not None
    with reading(engine):
        pass
    Path(shutil.copyfile(file, tmp_path / "copy.db")).rename(file)
    with pytest.raises(StoreError, match="was replaced"), writing(engine):
        pass
    with writing(engine):
        pass


def test_sockets_are_taken_by_the_process_they_were_meant_for() -> None:
    assert handed_over({"LISTEN_FDS": "1", "LISTEN_PID": "1"}, 2) == []
    assert handed_over({}, 2) == []
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "web"}
    handed_over(environ, 2)
    assert environ == {}


def test_what_is_no_listening_socket_is_refused() -> None:
    program = (
        "import os; from web.listening import handed_over\n"
        "environ = {'LISTEN_FDS': '1', 'LISTEN_PID': '7'}\n"
        "os.dup2(os.open('/dev/null', os.O_RDONLY), 3)\n"
        "handed_over(environ, 7)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert "ListenStream=127.0.0.1:8080" in run.stderr
    assert ConfigurationError.__name__ in run.stderr


def test_a_port_for_root_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refused)
    with pytest.raises(ConfigurationError, match="below 1024 are for root"):
        listening("127.0.0.1", 80)


def test_asked_by_a_signal_it_starts_again_and_turns_nobody_away(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as ours:
        port = ours.getsockname()[1]
        # As systemd does it: the socket is number 3, and its owner keeps it too.
        program = (
            "import os, sys; from web.listening import hand_over\n"
            f"hand_over([{ours.fileno()}], os.environ, os.getpid())\n"
            f"command = ['send.py', '--config', {str(house.config)!r}, 'serve']\n"
            "os.execv(sys.executable, [sys.executable, *command])"
        )
        environ = {**os.environ, "PYTHONPATH": str(HOUSE)}
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=HOUSE, stdout=subprocess.PIPE, text=True, env=environ,
            pass_fds=[ours.fileno()],
        ) as run:  # fmt: skip
            assert run.stdout is not None
            try:
                first = run.stdout.readline()
                address = f"http://127.0.0.1:{port}"
                title = "The Quay, Evening Edition"
                assert title not in httpx2.get(address, trust_env=False).text
                text = house.config.read_text()
                name = text.partition('name = "')[2].partition('"')[0]
                house.config.write_text(text.replace(f'name = "{name}"', f'name = "{title}"', 1))
                run.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + 20
                while title not in httpx2.get(address, trust_env=False, timeout=20).text:
                    assert time.monotonic() < deadline
                assert httpx2.get(f"{address}/readyz", trust_env=False).status_code == 200
            finally:
                run.send_signal(signal.SIGTERM)
                rest = run.stdout.read()
        assert run.returncode == 0
    assert address in first
    assert "the settings or secrets were changed" in rest
    assert rest.count(address) >= 1


def test_handing_over_lays_no_socket_over_another() -> None:
    program = (
        "import os, socket; from web.listening import hand_over, handed_over\n"
        "one, two = (socket.create_server(('127.0.0.1', 0)) for _ in range(2))\n"
        "ports = [two.getsockname()[1], one.getsockname()[1]]\n"
        "environ = {}\n"
        "hand_over([two.fileno(), one.fileno()], environ, 7)\n"
        "one.detach(), two.detach()\n"
        "assert [each.getsockname()[1] for each in handed_over(environ, 7)] == ports\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=HOUSE, check=True)
