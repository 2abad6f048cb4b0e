"""Files written whole or not at all, also on a full disk, also for root."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from newsroom.errors import PublishError
from newsroom.files import write_whole

HOUSE = Path(__file__).resolve().parent.parent.parent
FULL = """
import resource, signal, sys
from pathlib import Path
from newsroom.errors import PublishError
from newsroom.files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"x" * 5000)
except PublishError as error:
    print(error)
"""


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "all.rss"
    write_whole(path, b"one")
    write_whole(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["all.rss"]


def test_the_mode_is_the_one_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "all.rss", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "all.rss").stat().st_mode) == 0o644


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "all.rss"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=HOUSE, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{path}: cannot be written: ")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["all.rss"]


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "feeds").write_text("")
    with pytest.raises(
        PublishError, match=r"feeds/all\.rss: cannot be written: .*; free the disk or its rights"
    ):
        write_whole(tmp_path / "feeds" / "all.rss", b"x")


def test_a_folder_where_the_file_should_be_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "all.rss" / "x").mkdir(parents=True)
    with pytest.raises(PublishError, match="cannot be written"):
        write_whole(tmp_path / "all.rss", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["all.rss"]


def test_a_name_that_is_too_long_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="cannot be written: File name too long"):
        write_whole(tmp_path / ("a" * 300), b"x")


def test_the_folder_of_a_private_file_is_private_too(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "private", b"", mode=0o600)
    write_whole(tmp_path / "public" / "c", b"")
    modes = [stat.S_IMODE((tmp_path / one).stat().st_mode) for one in ("a", "a/b", "a/b/private")]
    assert modes == [0o700, 0o700, 0o600]
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) & 0o055
