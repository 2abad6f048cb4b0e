"""The outbox on a real disk, with faults that bite for root as well."""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.providers import Answer
from newsletter.providers.outbox import Outbox
from newsroom.errors import ProviderError
from tests import samples
from tests.newsletter import mail

NOBODY = 65534


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """`folder` read-only, and for somebody whom that stops."""
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def test_each_reader_gets_a_file_without_an_address_in_its_name(tmp_path: Path) -> None:
    outcome = Outbox(tmp_path).hand_over(mail.batch(3))
    assert (outcome.answer, outcome.own) == (Answer.ACCEPTED, {})
    folder = tmp_path / "daily-2026-03-10"
    assert names(folder) == ["00000001.eml", "00000002.eml", "00000003.eml"]
    message = email.message_from_bytes((folder / "00000002.eml").read_bytes(), policy=email.policy.default)
    assert message["To"] == "Reader 2 <reader2@example.org>"


def test_one_bad_address_stops_nobody_else(tmp_path: Path) -> None:
    readers = (
        mail.recipient(1),
        mail.recipient(2, address="a@b@c"),
        mail.recipient(3, address="Žo@example.org"),
    )
    outcome = Outbox(tmp_path).hand_over(mail.batch(recipients=readers))
    assert outcome.answer is Answer.ACCEPTED
    assert {delivery: answer for delivery, (answer, _) in outcome.own.items()} == {2: Answer.REFUSED}
    assert "a@b" not in outcome.own[2][1]
    assert names(tmp_path) == ["00000001.eml", "00000003.eml"]


def test_writing_again_replaces(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.hand_over(mail.batch(2))
    outbox.hand_over(mail.batch(2, number=7, letter=mail.letter(subject="Mended")))
    assert names(tmp_path) == ["00000001.eml", "00000002.eml"]
    assert b"Subject: Mended" in (tmp_path / "daily-2026-03-10" / "00000001.eml").read_bytes()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "daily-2026-03-10"
    folder.mkdir()
    (folder / ".00000002.eml.part").symlink_to("/dev/full")
    outcome = Outbox(tmp_path).hand_over(mail.batch(3))
    assert (outcome.answer, outcome.own) == (Answer.NOT_NOW, {})
    assert "No space left on device" in outcome.reason
    assert str(folder) in outcome.reason
    assert names(folder) == [], "no file, whole or begun"


def test_a_read_only_folder_is_not_now(tmp_path: Path) -> None:
    with without_rights(tmp_path):
        outcome = Outbox(tmp_path).hand_over(mail.batch(3))
    assert (outcome.answer, outcome.own) == (Answer.NOT_NOW, {})
    assert "Permission denied" in outcome.reason
    assert Outbox(tmp_path).hand_over(mail.batch(3)).answer is Answer.ACCEPTED


def test_a_name_that_is_taken_is_not_now_and_those_in_place_are_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "daily-2026-03-10"
    (folder / "00000002.eml").mkdir(parents=True)
    outcome = Outbox(tmp_path).hand_over(mail.batch(3))
    assert outcome.answer is Answer.NOT_NOW
    assert outcome.own == {1: (Answer.ACCEPTED, "")}
    assert names(folder) == ["00000001.eml"]


def test_a_file_in_the_folders_place_is_not_now(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("")
    outbox = Outbox(tmp_path / "outbox")
    assert outbox.hand_over(mail.batch(1)).answer is Answer.NOT_NOW
    evidence = outbox.evidence(mail.batch(1))
    assert evidence is not None
    assert evidence.answer is Answer.NOT_NOW


def test_evidence_is_what_is_there_to_the_byte(tmp_path: Path) -> None:
    outbox, batch, folder = Outbox(tmp_path), mail.batch(5), tmp_path / "daily-2026-03-10"
    outbox.hand_over(batch)
    (folder / "00000002.eml").unlink()
    (folder / "00000003.eml").rename(folder / ".00000003.eml.part")
    whole = (folder / "00000004.eml").read_bytes()
    (folder / "00000004.eml").write_bytes(whole[:-1])
    evidence = outbox.evidence(batch)
    assert evidence is not None
    assert evidence.answer is Answer.NOT_NOW
    assert evidence.own == {1: (Answer.ACCEPTED, ""), 5: (Answer.ACCEPTED, "")}


def test_an_earlier_hand_over_is_no_evidence_of_a_later_one(tmp_path: Path) -> None:
    outbox, batch = Outbox(tmp_path), mail.batch(1)
    outbox.hand_over(batch)
    later = replace(batch, envelope=mail.envelope(date=samples.NOON.replace(hour=13)))
    evidence = outbox.evidence(later)
    assert evidence is not None
    assert evidence.own == {}


def test_evidence_before_anything_was_written(tmp_path: Path) -> None:
    evidence = Outbox(tmp_path / "outbox").evidence(mail.batch(2))
    assert evidence is not None
    assert (evidence.answer, evidence.own) == (Answer.NOT_NOW, {})


def test_no_evidence_from_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "daily-2026-03-10"
    (folder / "00000001.eml").mkdir(parents=True)
    assert Outbox(tmp_path).evidence(mail.batch(1)) is None


@pytest.mark.parametrize("key", ["../daily", "a/b", "", ".hidden", "a\n", "x" * 300])
def test_an_edition_never_leaves_the_outbox(tmp_path: Path, key: str) -> None:
    with pytest.raises(ProviderError, match="cannot name a folder"):
        Outbox(tmp_path).hand_over(mail.batch(edition=key))
    assert names(tmp_path) == []


def test_what_it_writes_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Outbox(tmp_path / "outbox").hand_over(mail.batch(1))
    finally:
        os.umask(before)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "outbox", *tmp_path.rglob("outbox/*"))
    }
    assert modes == {"outbox": 0o700, "daily-2026-03-10": 0o700}
    assert (tmp_path / "outbox/daily-2026-03-10/00000001.eml").stat().st_mode & 0o777 == 0o600
