"""A Maildir on a real disk: nothing is lost, nothing is read twice."""

from __future__ import annotations

import mailbox
import os
from pathlib import Path

import pytest

from newsletter.returns.maildir import ASIDE, Maildir
from newsroom.errors import ProviderError


def delivered(root: Path, count: int = 3) -> Maildir:
    """A Maildir as Python's own module makes it, with so many mails."""
    box = mailbox.Maildir(root / "bounced")
    for number in range(count):
        box.add(f"Subject: {number}\n\nText.\n".encode())
    return Maildir(root / "bounced")


def test_what_is_new_is_read_and_moved(tmp_path: Path) -> None:
    here = delivered(tmp_path)
    (tmp_path / "bounced" / "new" / ".hidden").touch()
    some = here.waiting(10)
    assert [here.read(path, 10) for path in some] == [
        f"Subject: {number}"[:10].encode() for number in range(3)
    ]
    here.noted(some[:2])
    assert here.waiting(10) == some[2:]
    assert sorted(path.name for path in (tmp_path / "bounced" / "cur").iterdir()) == sorted(
        f"{path.name}:2,S" for path in some[:2]
    )
    assert len(mailbox.Maildir(tmp_path / "bounced")) >= 3


def test_what_is_no_file_is_set_aside_and_nothing_is_written_over(tmp_path: Path) -> None:
    here = delivered(tmp_path, 0)
    new, aside = tmp_path / "bounced" / "new", tmp_path / "bounced" / ASIDE / "new"
    secret = tmp_path / "secret"
    secret.write_text("no mail")
    for _ in range(2):
        (new / "folder").mkdir()
        (new / "folder" / "inside").touch()
        os.mkfifo(new / "pipe")
        (new / "link").symlink_to(secret)
        (new / "lost").symlink_to(tmp_path / "nowhere")
        some = here.waiting(10)
        assert [path.name for path in some] == ["folder", "link", "lost", "pipe"]
        assert [here.read(path, 10) for path in some] == [None] * 4
        for path in some:
            here.set_aside(path)
        assert here.waiting(10) == []
    names = sorted(path.name for path in aside.iterdir())
    assert names == sorted(
        f"{name}{more}" for name in ("folder", "link", "lost", "pipe") for more in ("", ".2")
    )
    assert (aside / "folder.2" / "inside").exists()
    assert secret.read_text() == "no mail"


def test_no_more_than_asked_for_and_the_oldest_first(tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for second in (30, 10, 20):
        (new / f"17000000{second}.M1P1.host").touch()
    assert [path.name[8:10] for path in Maildir(tmp_path).waiting(2)] == ["10", "20"]


def test_what_went_away_meanwhile_is_nothing(tmp_path: Path) -> None:
    here = delivered(tmp_path, 1)
    (one,) = here.waiting(10)
    one.unlink()
    assert here.read(one, 10) == b""
    here.noted([one])


def test_what_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    here = delivered(tmp_path, 1)
    (one,) = here.waiting(10)
    assert here.read(one.parent, 10) is None
    here.set_aside(one)
    assert here.waiting(10) == []
    assert (tmp_path / "bounced" / ASIDE / "new" / one.name).read_bytes() == b"Subject: 0\n\nText.\n"


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    missing = Maildir(tmp_path / "nowhere")
    with pytest.raises(ProviderError, match="cannot be read: No such file"):
        missing.waiting(1)
    assert "mkdir -p" in missing.fault()
    here = delivered(tmp_path, 1)
    assert here.fault() == ""
    (tmp_path / "bounced" / "cur").rmdir()
    with pytest.raises(ProviderError, match="cur: not there"):
        here.noted(here.waiting(1))
    assert "cur: not there" in here.fault()
    assert len(here.waiting(9)) == 1
    (tmp_path / "bounced" / "cur").touch()
    with pytest.raises(ProviderError, match="cannot be moved there: Not a directory"):
        here.noted(here.waiting(1))
