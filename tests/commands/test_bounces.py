"""Mail that comes back to a newsroom: sent by SMTP, bounced into a Maildir or a mailbox, read by a run."""

from __future__ import annotations

import mailbox
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.commands.house import House, Run, built
from tests.newsletter import notifications as mails
from tests.servers.imap import PASSWORD, in_a_folder
from tests.servers.imap import Server as Imap
from tests.servers.postfix import running as running_postfix
from tests.servers.smtp import ALL, Got, Server

KEY = "daily-2026-03-10"
SIX, SEVEN = "2026-03-10T06:01", "2026-03-10T07:00"
OTHERS = [f"reader{number}@example.org" for number in (1, 3, 4, 5)]
AT = datetime(2026, 3, 10, 5, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.deliver.answers", lambda *_: None)


def newsroom(root: Path, port: int, bounces: str) -> House:
    more = (
        f'[delivery]\nprovider = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\n'
        f"[bounces]\n{bounces}\n"
    )
    house = built(root / "quay", more=more)
    if "imap" in bounces:
        with (house.root / "secrets.env").open("a", encoding="utf-8") as file:
            file.write(f"STANDFIRST_IMAP_PASSWORD={PASSWORD}\n")
    house.article("bridge")
    house.readers(*(f"reader{number}@example.org,paid," for number in range(1, 6)))
    return house


def maildir(root: Path) -> mailbox.Maildir:
    return mailbox.Maildir(root / "bounced")


def message_id(got: Got) -> str:
    found = re.search(rb"^Message-ID: <([^>]+)>", got.text, re.MULTILINE)
    assert found is not None
    return found[1].decode()


def bounced(got: Got, *groups: str) -> bytes:
    """What a mail server sends back to the envelope sender of this message."""
    said = groups or (mails.recipient("failed", "5.1.1", "smtp; 550 5.1.1 nobody here", to=got.recipient),)
    return mails.report(*said, to=got.sender, message_id=message_id(got), sent=AT)


def status(house: House, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    from commands.main import main

    capsys.readouterr()
    main(["--config", str(house.config), "--now", SEVEN, "status", *arguments])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("verp", ["true", "false"])
def test_a_bounce_in_the_maildir_stops_its_reader_in_the_next_run(
    tmp_path: Path, verp: str, capsys: pytest.CaptureFixture[str]
) -> None:
    box = maildir(tmp_path)
    with Server((*ALL, "DSN")) as server:
        house = newsroom(tmp_path, server.port, f'maildir = "../bounced"\nverp = {verp}')
        assert house.run(now=SIX).status == 0
        assert len(server.got) == 5
        assert len({got.sender for got in server.got}) == (5 if verp == "true" else 1)
        second = next(got for got in server.got if got.recipient == "reader2@example.org")
        full = mails.recipient("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", to="reader3@example.org")
        third = next(got for got in server.got if got.recipient == "reader3@example.org")
        away = mails.plain("I am away.", Auto_Submitted="auto-replied")
        for raw in (bounced(second), bounced(third, full), away):
            box.add(raw)
        run = house.run(now=SEVEN)
        assert run.status == 0
        said = run.step("bounces")
        expected = {"source": "maildir", "mails": 3, "bounce": 1, "soft": 1, "stopped": 1, "automatic": 1}
        assert {name: said.get(name) for name in expected} == expected
        assert "reader2" not in str(run.lines)
        assert not house.run(now=SEVEN).steps("bounces")
        assert sum(path.is_file() for path in (tmp_path / "bounced" / "cur").iterdir()) == 3
        assert "bounced 2 accepted, and nothing heard 3" in status(house, capsys, KEY)
        assert "5.1.1 550 5.1.1 nobody here" in status(house, capsys, KEY, "--reader", "reader2@example.org")
        server.got.clear()
        house.article("market", published="2026-03-11T05:00:00+01:00")
        assert house.run(now="2026-03-11T06:01").status == 0
        assert sorted(got.recipient for got in server.got) == OTHERS


def test_what_is_forged_stops_nobody(tmp_path: Path) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"\nverp = true')
        house.run(now=SIX)
    one, other = server.got[:2]
    box.add(mails.report(mails.failed(), to=one.sender[:-20] + other.sender[-20:], sent=AT))
    # Out of a copy that a reader passed on: it has the Message-ID, and not the envelope sender.
    box.add(mails.report(mails.failed(), message_id=message_id(one), sent=AT))
    said = house.run(now=SEVEN).step("bounces")
    assert (said["mails"], said["unclear"], said["of_nothing_of_ours"]) == (2, 1, 1)
    assert "stopped" not in said


def test_a_mail_that_cannot_be_read_is_set_aside_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"')
        house.run(now=SIX)
    names = [box.add(bounced(got)) for got in server.got[:2]]
    broken = tmp_path / "bounced" / "new" / names[0]
    monkeypatch.setattr("newsletter.returns.maildir.Maildir.read", _denied(broken))
    run = house.run(now=SEVEN)
    assert run.status == 1
    assert run.step("bounces")["stopped"] == 1
    (problem,) = run.problems
    assert problem.startswith("1 mail cannot be read, and moved to ")
    assert (tmp_path / "bounced" / ".Unreadable" / "new" / names[0]).is_file()
    assert house.run(now=SEVEN).status == 0


def test_what_is_no_mail_in_the_maildir_is_set_aside_and_told_once(tmp_path: Path) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"')
        house.run(now=SIX)
    box.add(bounced(server.got[0]))
    new = tmp_path / "bounced" / "new"
    (new / "folder").mkdir()
    (new / "link").symlink_to(house.config)
    run = house.run(now=SEVEN)
    assert (run.status, run.step("bounces")["stopped"]) == (1, 1)
    (problem,) = run.problems
    assert problem.startswith("2 mails cannot be read, and moved to ")
    assert not list(new.iterdir())
    assert house.config.is_file()
    assert house.run(now=SEVEN).status == 0


def _denied(path: Path) -> object:
    from newsletter.returns.maildir import Maildir

    real = Maildir.read
    return lambda self, one, most: None if one.name == path.name else real(self, one, most)


def test_a_place_that_fails_is_told_and_the_edition_goes_out(tmp_path: Path) -> None:
    with Server() as server:
        nobody = 'imap = { host = "127.0.0.1", port = 9, security = "plain", user = "u", timeout = 1 }'
        house = newsroom(tmp_path, server.port, f'maildir = "../nowhere"\n{nobody}')
        run = house.run(now=SIX)
        assert run.status == 1
        assert len(server.got) == 5
    assert [
        "Maildir" in told or "cannot be reached" in told for told in run.problems if "bounces" not in told
    ]
    assert len(run.problems) >= 2
    checked = house.run("doctor", now=SEVEN)
    told = [line["message"] for line in checked.steps("bounces") if "message" in line]
    assert any("nowhere/new: not there; make the Maildir" in one for one in told)
    assert any("cannot be reached" in one for one in told)
    assert any("without bounces.verp" in one for one in told)


def test_a_dry_run_leaves_what_came_back_alone(tmp_path: Path) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"')
        house.run(now=SIX)
    box.add(bounced(server.got[0]))
    assert not house.run("--dry-run", now=SEVEN).steps("bounces")
    assert house.run(now=SEVEN).step("bounces")["stopped"] == 1


def test_a_copy_of_the_newsroom_takes_no_mail_away_from_it(tmp_path: Path) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"')
        house.run(now=SIX)
    box.add(bounced(server.got[0]))
    shutil.copytree(house.root, tmp_path / "copy")
    copied = House(tmp_path / "copy").run(now=SEVEN)
    assert "witness" in copied.step("bounces")["skipped"]
    assert house.run(now=SEVEN).step("bounces")["stopped"] == 1


def test_no_more_than_so_many_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"\nmost_mails = 3')
        house.run(now=SIX)
    for got in server.got:
        box.add(bounced(got))
    assert house.run(now=SEVEN).step("bounces")["mails"] == 3
    assert house.run(now=SEVEN).step("bounces")["mails"] == 2
    assert not house.run(now=SEVEN).steps("bounces")


def test_a_run_that_is_cut_off_before_it_moves_what_it_noted_notes_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = maildir(tmp_path)
    with Server() as server:
        house = newsroom(tmp_path, server.port, 'maildir = "../bounced"')
        house.run(now=SIX)
    box.add(bounced(server.got[0]))
    with monkeypatch.context() as patch:
        patch.setattr(
            "newsletter.returns.maildir.Maildir.noted", lambda *_: (_ for _ in ()).throw(OSError("cut off"))
        )
        assert house.run(now=SEVEN).status == 1
    said = house.run(now=SEVEN).step("bounces")
    assert (said["mails"], said["known_already"]) == (1, 1)
    assert "stopped" not in said


@pytest.fixture(scope="module")
def imap() -> Iterator[Imap]:
    with in_a_folder() as value:
        yield value


def _cut_off(*_: object) -> None:
    raise OSError("cut off")


def stopped(run: Run) -> int:
    return sum(line.get("stopped", 0) for line in run.steps("bounces"))


@pytest.mark.parametrize("noted", ["", "Noted"])
def test_a_bounce_in_a_mailbox_stops_its_reader(
    tmp_path: Path, imap: Imap, noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = f"bounces{noted}"
    table = f'{{ host = "127.0.0.1", port = {imap.plain}, security = "plain", user = "{user}"'
    table += f', noted = "{noted}" }}'
    with Server() as server:
        house = newsroom(tmp_path, server.port, f"verp = true\nimap = {table}")
        if noted:
            told = [line.get("message") for line in house.run("doctor", now=SIX).steps("bounces")]
            assert told == ['mailbox 127.0.0.1: no folder "Noted" (bounces.imap.noted); make it']
            imap.put(user=user, folder=noted)
        assert house.run("doctor", now=SIX).step("bounces")["ok"] == "yes"
        house.run(now=SIX)
    imap.put(*(bounced(got) for got in server.got[:3]), user=user)
    run = house.run(now=SEVEN)
    assert (run.status, stopped(run)) == (0, 3)
    imap.put(bounced(server.got[3]), user=user)
    with monkeypatch.context() as patch:
        patch.setattr("newsletter.returns.imap_mailbox.Mailbox.noted", _cut_off)
        assert stopped(house.run(now=SEVEN)) == 0
    # Cut off between the two, it is noted once, and where it is to be moved, that is made good.
    assert stopped(house.run(now=SEVEN)) == 0
    imap.put(bounced(server.got[4]), user=user)
    assert stopped(house.run(now=SEVEN)) == 1
    assert not house.run(now=SEVEN).steps("bounces")
    left = imap.flags(user)
    assert left == [] if noted else sum(r"\Seen" in flags for flags in left) == 4
    assert len(imap.flags(user, noted or "INBOX")) == 5


POSTFIX = """
recipient_delimiter = +
virtual_mailbox_domains = quay.example
virtual_mailbox_maps = inline:{{ {{bounces@quay.example = bounces/}} }}
virtual_mailbox_base = {mails}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""


def test_the_lines_of_the_documentation_are_those_that_are_tested() -> None:
    page = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")
    lines = POSTFIX.format(mails="/srv/newsroom", uid="UID", gid="GID").strip().splitlines()
    assert all(line in page for line in lines)


@pytest.mark.parametrize("verp", ["true", "false"])
def test_postfix_itself_sends_back_what_stops_its_reader(verp: str) -> None:
    root = Path(tempfile.mkdtemp(prefix="sf", dir="/tmp"))
    root.chmod(0o755)
    # The readers' own mail server: whoever comes second is not there, and the third has a full mailbox.
    plan = {("RCPT", 2): "550 5.1.1 nobody here", ("RCPT", 3): "552 5.2.2 over quota"}
    try:
        with Server(plan=plan) as theirs, running_postfix(root, theirs.port, POSTFIX) as ours:
            house = newsroom(root, ours.port, f'maildir = "{ours.maildir}"\nverp = {verp}')
            text = house.config.read_text(encoding="utf-8")
            sender = 'sender = "digest@quay.example"'
            more = f'{sender}\nenvelope_sender = "bounces@quay.example"'
            house.config.write_text(text.replace(sender, more), encoding="utf-8")
            assert [
                "there; make the Maildir" in one
                for one in house.run("doctor", now=SIX).problems
                if "Maildir" in one
            ]
            for name in ("new", "cur", "tmp"):
                (ours.maildir / name).mkdir(parents=True)
                shutil.chown(ours.maildir / name, "postfix", "postfix")
            shutil.chown(ours.maildir, "postfix", "postfix")
            assert house.run(now=SIX).status == 0
            ours.await_mails(2)
            said = house.run(now=SEVEN).step("bounces")
            expected = {"mails": 2, "bounce": 1, "soft": 1, "stopped": 1}
            assert {name: said.get(name) for name in expected} == expected
            until = time.monotonic() + 30
            while len(theirs.got) < 3 and time.monotonic() < until:
                time.sleep(0.1)  # Those who are there get theirs when Postfix likes.
            own = len({got.sender for got in theirs.got})
            assert (len(theirs.got), own) == (3, 3 if verp == "true" else 1)
    finally:
        shutil.rmtree(root)
