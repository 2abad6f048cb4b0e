"""One edition, handed over by a real provider to a server of ours that fails, and run again until it is over.

What the server truly took is counted there, by reader.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from unittest import mock

from sqlalchemy.engine import Engine

from newsletter import status
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import DeliveryState, EditionState
from newsletter.providers import Provider
from newsletter.providers.outbox import Outbox
from newsletter.providers.sendgrid import SendGrid
from newsletter.providers.smtp import Smtp
from newsroom.database import reading
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter.delivering import KEY, Clock, House, composed, many
from tests.servers.http import Answer, HttpServer
from tests.servers.smtp import PASSWORD, Server

READERS = 6
BATCH = 3
"""So the edition has two batches: what fails is in the first, the second shows whether the rest goes on."""

HURRIED, PATIENT = 0.3, 20.0
"""Seconds until silence counts, where a server keeps silent and where none does."""

_MAYBE_TAKEN = frozenset({200, 201, 202, 204, 500, 502, 504, 522})
"""Of a request answered so nobody knows: here it was taken, so that another one would be a second mail."""


class Carrier(Protocol):
    """A server, or a folder, with a way to it; for as long as a `with` lasts."""

    def provider(self, timeout: float) -> Provider:
        """The way to it, as a run makes it."""
        ...

    def mend(self) -> None:
        """Nothing fails any more."""
        ...

    def taken(self) -> Counter[int]:
        """How many messages of each reader it truly took."""
        ...


Fails = Callable[[Path], AbstractContextManager[Carrier]]
"""Sets up a carrier that fails; given a folder."""


@dataclass(frozen=True)
class Result:
    """What became of the edition."""

    first: str
    """The states of its readers after the run in which something failed, as `6 accepted`."""
    last: str
    """The same, after the runs that followed."""
    exit: int
    """The status of the first of these runs."""
    stopped_by: StoppedBy | None
    said: str
    """What the operator reads after it."""
    taken: Mapping[int, int]
    states: Mapping[int, DeliveryState | str]
    waited: float
    """Seconds that the first run waited."""


@dataclass
class Post:
    """SendGrid, as `HttpServer` plays it."""

    server: HttpServer
    url: str = ""
    """Another address than the server's, until it is mended."""
    trusted: Path | None = None
    """Whose certificates are believed, instead of the system's."""
    mended: Path | None = None
    """The same, once it is mended."""

    def provider(self, timeout: float) -> Provider:
        secrets = Secrets((("k", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.none-of-theirs")
        settings = SendGridSettings(base_url=self.url or self.server.url, timeout=timeout)
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.trusted)} if self.trusted else {}):
            made = SendGrid(settings, secrets)
        made.batch_size = made.first_batch = BATCH
        return made

    def mend(self) -> None:
        self.server.answers.clear()
        self.url, self.trusted = "", self.mended or self.trusted

    def taken(self) -> Counter[int]:
        return Counter(
            number_of(one["to"][0]["email"])
            for request in self.server.requests
            if request.answered in _MAYBE_TAKEN
            for one in request.json["personalizations"]
        )


@dataclass
class MailServer:
    """SMTP, as `Server` speaks it."""

    server: Server
    settings: Mapping[str, Any] = field(default_factory=dict)
    mended: Mapping[str, Any] = field(default_factory=dict)
    """What is other in the settings once it is mended."""
    password: str = PASSWORD
    trusted: Any = None

    def provider(self, timeout: float) -> Provider:
        usual = {"security": "plain", "connections": 1, "window": BATCH, "port": self.server.port}
        settings = SmtpSettings(**{"host": "127.0.0.1", "timeout": timeout, **usual, **self.settings})
        return Smtp(settings, Secrets((), b"", smtp_password=self.password), self.trusted)

    def mend(self) -> None:
        self.server.plan, self.server.most = {}, 0
        self.settings = {**self.settings, **self.mended}
        self.password = PASSWORD

    def taken(self) -> Counter[int]:
        return Counter(number_of(got.recipient) for got in self.server.got)


@dataclass
class Folder:
    """An outbox."""

    folder: Path
    spoil: Callable[[Path], None]
    repair: Callable[[Path], None]

    def provider(self, timeout: float) -> Provider:
        made: Any = Outbox(self.folder)
        made.batch_size = made.first_batch = BATCH
        return made  # type: ignore[no-any-return] # the real one

    def mend(self) -> None:
        self.repair(self.folder)

    def taken(self) -> Counter[int]:
        return Counter(int(path.stem) for path in (self.folder / KEY).glob("*.eml") if path.is_file())


def number_of(address: str) -> int:
    """Which of the sample readers has this address."""
    return int(address.partition("@")[0].removeprefix("reader"))


@contextmanager
def time_of(clock: Clock) -> Iterator[None]:
    """Have a provider's own waiting follow the clock, so that nobody really waits."""
    instead = SimpleNamespace(monotonic=lambda: clock.now.timestamp())
    # What a server asked for is waited in full; how long it may think about a message is not.
    with (
        mock.patch("newsletter.providers.sendgrid.time", instead),
        mock.patch("newsletter.providers.smtp_dialogue.PATIENCE", 1),
        mock.patch("newsletter.providers.sendgrid_client.PATIENCE", 1.5),
    ):
        yield


def tried(engine: Engine, fails: Fails, folder: Path, *, silence: bool = False) -> Result:
    """Hand an edition over to what fails, then, mended, again each hour until nothing changes any more."""
    composed(engine)
    many(engine, READERS)
    house = House(engine)
    with fails(folder) as carrier, time_of(house.clock):
        begun = house.clock.now
        report = _run(house, carrier, HURRIED if silence else PATIENT)
        waited = (house.clock.now - begun).total_seconds()
        first, said = _counted(house), _said(house, report)
        carrier.mend()
        for _ in range(4):
            house.clock.now += timedelta(hours=1)
            if house.edition.state is EditionState.SENT:
                break
            _run(house, carrier, PATIENT)
        assert house.sum.is_right
        return Result(
            first=first,
            last=_counted(house),
            exit=int(report.exit_status),
            stopped_by=report.stopped_by,
            said=said,
            taken=carrier.taken(),
            states=house.states(),
            waited=waited,
        )


def _run(house: House, carrier: Carrier, timeout: float) -> DeliveryReport:
    provider: Any = carrier.provider(timeout)
    house.provider = provider
    try:
        return house.run()
    finally:
        provider.close()


def _counted(house: House) -> str:
    found = Counter(str(state) for state in house.states().values())
    return ", ".join(f"{found[state.value]} {state.value}" for state in DeliveryState if found[state.value])


def _said(house: House, report: DeliveryReport) -> str:
    with reading(house.engine) as connection:
        waiting = status.problems(connection, house.clock.now - timedelta(days=1), KEY)
    return " | ".join((*(one.message for one in report.problems), *(one.reason for one in waiting)))


def check(result: Result) -> None:
    """What holds whatever fails: nobody twice, nobody missed, and the ledger knows who."""
    assert max(result.taken.values(), default=0) <= 1, f"twice: {result}"
    assert len(result.states) == READERS
    for reader, state in result.states.items():
        if state is DeliveryState.ACCEPTED:
            assert result.taken.get(reader) == 1, f"missed: {result}"
        elif state is DeliveryState.REFUSED:
            assert not result.taken.get(reader), f"refused, and taken: {result}"
        else:
            assert state is DeliveryState.UNCERTAIN, f"left behind: {result}"
    assert "@example" not in result.said
    assert PASSWORD not in result.said
    assert "SG." not in result.said


@contextmanager
def sendgrid(
    *answers: Answer,
    url: AbstractContextManager[str] | None = None,
    tls: Any = None,
    trusted: Path | None = None,
    mended: Path | None = None,
) -> Iterator[Carrier]:
    """One that answers its first requests so, or is asked at another address at first."""
    with HttpServer(tls=tls) as http, url or nullcontext("") as elsewhere:
        http.answers.extend(answers)
        yield Post(http, elsewhere, trusted, mended)


@contextmanager
def smtp(plan: Mapping[Any, Any] | None = None, **options: Any) -> Iterator[Carrier]:
    """One that follows the plan; options of `MailServer` and of `Server`."""
    own = {
        name: options.pop(name) for name in ("settings", "mended", "password", "trusted") if name in options
    }
    with Server(plan=plan or {}, **options) as server:
        yield MailServer(server, **own)


@contextmanager
def outbox(
    folder: Path, spoil: Callable[[Path], None], repair: Callable[[Path], None] = lambda _: None
) -> Iterator[Carrier]:
    """One whose folder was spoilt."""
    made = Folder(folder / "outbox", spoil, repair)
    spoil(made.folder)
    yield made


def full_disk(*readers: int) -> Callable[[Path], None]:
    """Have the disk be full where these readers' files are written."""

    def spoil(folder: Path) -> None:
        (folder / KEY).mkdir(parents=True)
        for number in readers:
            (folder / KEY / f".{number:08d}.eml.part").symlink_to("/dev/full")

    return spoil
