"""A mailbox on a real IMAP server, and on servers that fail in every way."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from newsletter.returns.imap_mailbox import AT_ONCE, Mailbox, Mails, Mark, mark_of, set_mark
from newsroom.database import reading, writing
from newsroom.errors import ProviderError
from newsroom.settings import ImapSettings
from tests.servers.imap import PASSWORD, Server, in_a_folder

NUMBERS = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with in_a_folder() as value:
        yield value


def settings(server: Server, security: str = "plain", **more: Any) -> ImapSettings:
    """Settings of a mailbox that no other test has."""
    port = server.tls if security == "tls" else server.plain
    values = {
        "host": "127.0.0.1",
        "user": f"u{next(NUMBERS)}",
        "port": port,
        "security": security,
        "timeout": 10,
    }
    return ImapSettings(**values | more)


def mail(number: int, size: int = 10) -> bytes:
    return f"Subject: {number}\r\n\r\n{'x' * size}\r\n".encode()


def all_of(mailbox: Mailbox, mark: Mark = Mark(), octets: int = 10) -> list[Mails]:  # noqa: B008 (a value)
    """Everything behind the mark, noted portion by portion."""
    found = []
    while (some := mailbox.after(mark, octets)) is not None:
        mailbox.noted(some.uids)
        found.append(some)
        mark = some.mark
    return found


def texts(some: list[Mails]) -> list[bytes]:
    return [text for one in some for text in one.texts]


def test_what_is_new_is_read_marked_and_not_read_again(server: Server) -> None:
    where = settings(server)
    server.put(mail(1), mail(2), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        (some,) = all_of(mailbox)
        assert some.texts == (b"Subject: 1", b"Subject: 2")
        assert all_of(mailbox, some.mark) == []
    assert all(r"\Seen" in flags for flags in server.flags(where.user))
    server.put(mail(3), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        assert texts(all_of(mailbox, some.mark)) == [b"Subject: 3"]
        assert texts(all_of(mailbox)) == [b"Subject: 1", b"Subject: 2", b"Subject: 3"]


def test_a_full_mailbox_is_read_in_portions(server: Server) -> None:
    where = settings(server)
    server.put(*(mail(number) for number in range(AT_ONCE * 2 + 5)), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        found = all_of(mailbox)
        assert [len(some.uids) for some in found] == [AT_ONCE, AT_ONCE, 5]
        assert texts(found) == [f"Subject: {number}"[:10].encode() for number in range(AT_ONCE * 2 + 5)]
        middle = Mark(mailbox.validity, found[0].uids[6])
        assert texts(all_of(mailbox, middle))[0] == b"Subject: 7"


def test_what_was_noted_is_moved_where_a_folder_is_named(server: Server) -> None:
    where = settings(server, noted="Noted ones")
    server.put(*(mail(number) for number in range(AT_ONCE + 3)), user=where.user)
    server.put(user=where.user, folder='"Noted ones"')
    with Mailbox(where, PASSWORD) as mailbox:
        found = all_of(mailbox)
        assert sum(len(some.uids) for some in found) == AT_ONCE + 3
    assert server.flags(where.user) == []
    assert len(server.flags(where.user, '"Noted ones"')) == AT_ONCE + 3


def test_another_program_may_remove_mails_meanwhile(server: Server) -> None:
    where = settings(server)
    server.put(*(mail(number) for number in range(8)), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        first = mailbox.after(Mark(), 10)
        assert first is not None
        mark = Mark(mailbox.validity, first.uids[3])
        folder = server.root / "mails" / where.user
        # By what is in them: of two files of one second the name does not say which came first.
        for path in (*folder.glob("new/*"), *folder.glob("cur/*")):
            if re.search(rb"Subject: [0-4]\b", path.read_bytes()):
                path.unlink()
    with Mailbox(where, PASSWORD) as mailbox:
        assert texts(all_of(mailbox, mark)) == [b"Subject: 5", b"Subject: 6", b"Subject: 7"]


def test_numbers_that_mean_nothing_any_more_are_forgotten(server: Server) -> None:
    where = settings(server)
    server.put(mail(1), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        assert texts(all_of(mailbox, Mark(mailbox.validity + 1, 10_000))) == [b"Subject: 1"]
        assert all_of(mailbox, Mark(mailbox.validity, 10_000)) == []


def test_of_a_huge_mail_no_more_than_its_beginning_is_read(server: Server) -> None:
    where = settings(server)
    server.put(mail(1, 3_000_000), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        (some,) = all_of(mailbox, octets=1_000)
    assert len(some.texts[0]) == 1_000


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_it_encrypts_and_trusts_who_it_was_told_to(server: Server, security: str) -> None:
    where = settings(server, security)
    trusting = ssl.create_default_context(cafile=str(server.root / "127.0.0.1.pem"))
    with Mailbox(where, PASSWORD, trusting) as mailbox:
        assert all_of(mailbox) == []
    with (
        pytest.raises(ProviderError, match="its certificate is not accepted: self-signed"),
        Mailbox(where, PASSWORD),
    ):
        pass


def test_a_wrong_password_and_folders_that_are_not_there_are_told(server: Server) -> None:
    where = settings(server, noted="Nowhere")
    with pytest.raises(ProviderError) as caught, Mailbox(where, "hunter2-wrong"):
        pass
    assert "check it and STANDFIRST_IMAP_PASSWORD" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    with (
        pytest.raises(ProviderError, match='the folder "Gone" cannot be opened'),
        Mailbox(settings(server, folder="Gone"), PASSWORD),
    ):
        pass
    server.put(mail(1), user=where.user)
    with Mailbox(where, PASSWORD) as mailbox:
        some = mailbox.after(Mark(), 10)
        assert some is not None
        with pytest.raises(ProviderError, match='cannot be moved to the folder "Nowhere"'):
            mailbox.noted(some.uids)
    assert len(server.flags(where.user)) == 1


ANSWERS: dict[str, tuple[str, ...]] = {
    "CAPABILITY": ("* CAPABILITY IMAP4rev1",),
    "LOGIN": (),
    "SELECT": ("* 2 EXISTS", "* OK [UIDVALIDITY 7]", "* OK [UIDNEXT 10]"),
    "FETCH": ("* 1 FETCH (UID 5)", "* 2 FETCH (UID 6)"),
    "UID FETCH 5,6": ("* 1 FETCH (UID 5 BODY[]<0> {3}", "one)", "* 2 FETCH (BODY[]<0> {3}", "two UID 6)"),
    "UID STORE": (),
    "UID COPY": (),
    "LOGOUT": ("* BYE",),
}


@contextmanager
def scripted(
    answers: Mapping[str, tuple[str, ...] | None], greeting: str | None = "* OK hello"
) -> Iterator[tuple[int, list[str]]]:
    """A server that answers each command as it is told: a line that begins with NO or BAD ends it so, `None`
    says nothing any more, and `CLOSE` hangs up. Gives its port, and what it was asked."""
    asked: list[str] = []
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as file:
            if greeting is None:
                over.wait(20)
                return
            connection.sendall(f"{greeting}\r\n".encode())
            for line in file:
                tag, _, said = line.decode().strip().partition(" ")
                asked.append(said)
                name = max((key for key in answers if said.startswith(key)), key=len, default="")
                reply = answers.get(name, ("BAD what?",))
                if reply is None:
                    over.wait(20)
                    return
                if "CLOSE" in reply:
                    return
                end = next((one for one in reply if one.startswith(("NO", "BAD"))), "OK done")
                lines = [one for one in reply if not one.startswith(("NO", "BAD"))]
                connection.sendall("".join(f"{one}\r\n" for one in (*lines, f"{tag} {end}")).encode())

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        over.set()
        listener.close()
        thread.join(5)


def read_from(port: int, **more: Any) -> list[Mails]:
    where = ImapSettings("127.0.0.1", "u", **{"port": port, "security": "plain", "timeout": 20, **more})
    with Mailbox(where, "secret-word") as mailbox:
        return all_of(mailbox)


def test_an_old_server_copies_and_marks_as_deleted(server: Server) -> None:
    with scripted(ANSWERS) as (port, asked):
        (some,) = read_from(port, noted="Noted")
    assert (some.uids, some.texts, some.unreadable) == ((5, 6), (b"one", b"two"), 0)
    changes = [one for one in asked if one.startswith("UID") and "FETCH" not in one]
    # Removing for good what is marked would remove what others marked.
    assert changes == ['UID COPY 5,6 "Noted"', r"UID STORE 5,6 +FLAGS.SILENT (\Deleted \Seen)"]


def test_a_mail_that_the_server_cannot_read_is_passed_over_and_counted() -> None:
    one = {"UID FETCH 5": ("* 1 FETCH (UID 5 BODY[]<0> {3}", "one)"), "UID FETCH 6": ("NO it is broken",)}
    with scripted(ANSWERS | {"UID FETCH 5,6": ("NO it is broken",)} | one) as (port, _):
        (some,) = read_from(port)
    assert (some.uids, some.texts, some.unreadable, some.mark) == ((5,), (b"one",), 1, Mark(7, 6))


FAILURES: dict[str, tuple[Mapping[str, tuple[str, ...] | None], str]] = {
    "no answer to the login": ({"LOGIN": None}, "no answer in time"),
    "a login that is refused": ({"LOGIN": ("NO u and secret-word are wrong",)}, "bounces.imap.user"),
    "hangs up at the login": ({"LOGIN": ("CLOSE",)}, "does not let bounces.imap.user in"),
    "no folder": ({"SELECT": ("NO nothing here",)}, 'the folder "INBOX" cannot be opened'),
    "hangs up at the folder": ({"SELECT": ("CLOSE",)}, 'the folder "INBOX" cannot be opened'),
    "a folder that may not be changed": (
        {"SELECT": (*ANSWERS["SELECT"], "* OK [READ-ONLY]")},
        "cannot be opened",
    ),
    "no numbers": ({"FETCH": ("NO tired",)}, "cannot be read"),
    "hangs in the midst": ({"UID FETCH 5,6": None}, "no answer in time"),
    "hangs up in the midst": ({"UID FETCH 5,6": ("CLOSE",)}, "cannot be read"),
    "half a mail": ({"UID FETCH 5,6": ("* 1 FETCH (UID 5 BODY[]<0> {300}", "one)")}, "no answer in time"),
    "nonsense": ({"SELECT": ("* x EXISTS", "* OK [UIDVALIDITY x]")}, "cannot be opened"),
    "cannot mark": ({"UID STORE": ("NO it is full",)}, "what was read cannot be marked"),
}


@pytest.mark.parametrize(("answers", "said"), FAILURES.values(), ids=FAILURES)
def test_whatever_a_server_does_is_told_in_words(
    answers: Mapping[str, tuple[str, ...] | None], said: str
) -> None:
    is_silent = said == "no answer in time"
    with scripted(ANSWERS | answers) as (port, _), pytest.raises(ProviderError) as caught:
        read_from(port, timeout=0.3 if is_silent else 20)
    assert said in str(caught.value)
    assert f"mailbox 127.0.0.1:{port}: " in str(caught.value)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("greeting", [None, "* BYE go away", "220 mx.example ESMTP", ""])
def test_a_server_that_does_not_greet_is_told(greeting: str | None) -> None:
    with scripted(ANSWERS, greeting) as (port, _), pytest.raises(ProviderError, match="cannot be reached"):
        read_from(port, timeout=20 if greeting else 0.3)
    with pytest.raises(ProviderError, match=r"cannot be reached \(Connection refused"):
        read_from(port)


def test_a_secret_of_other_letters_can_be_sent_or_is_told(server: Server) -> None:
    with pytest.raises(ProviderError, match="check it and"), Mailbox(settings(server), "pässwörd"):
        pass
    with scripted(ANSWERS) as (port, _), pytest.raises(ProviderError, match="cannot be sent"):
        where = ImapSettings("127.0.0.1", "u", port=port, security="plain")
        with Mailbox(where, "pässwörd"):
            pass


def test_how_far_it_was_read_is_remembered(engine: Engine) -> None:
    one, other = (Mailbox(ImapSettings("mx.example", user), "").place for user in ("u", "v"))
    assert one != other
    with writing(engine) as connection:
        assert mark_of(connection, one) == Mark()
        set_mark(connection, one, Mark(2**32 - 1, 2**32 - 1))
        set_mark(connection, one, Mark(2**32 - 1, 7))
    with reading(engine) as connection:
        assert (mark_of(connection, one), mark_of(connection, other)) == (Mark(2**32 - 1, 7), Mark())
