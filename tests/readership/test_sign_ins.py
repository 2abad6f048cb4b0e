"""Wrong codes are counted by network too, and a session ends by its age."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.engine import Connection, Engine

from newsroom.database import writing
from readership import sessions, sign_ins
from readership.sign_ins import SignIn
from readership.tokens import sign_in_code
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register


def _guess(
    connection: Connection, key: str, number: int, network: str, *, right: bool = False
) -> bool | None:
    asked = SignIn(f"{number:032x}", f"{number:064x}", key, "a@quay.example", "en", "", samples.NOON)
    if sign_ins.find(connection, asked.id, samples.NOON) is None:
        # Asked for in another browser each time, as those do who guess.
        connection.execute(
            sign_ins.sign_ins.insert().values(**{n: getattr(asked, n) for n in SignIn.__slots__})
        )
    code = sign_in_code(ADDRESS_KEY, asked.id)
    typed = code if right else f"{(int(code) + 1) % 1_000_000:06d}"
    return sign_ins.try_code(connection, asked, typed, ADDRESS_KEY, network, samples.NOON)


def _guesses(connection: Connection, key: str, network: str, first: int) -> int:
    """How many wrong codes are taken from the network."""
    taken = 0
    for number in range(first, first + 100):
        if _guess(connection, key, number, network) is None:
            break
        taken += 1
    return taken


def test_one_network_locks_nobody_in_another_out(engine: Engine) -> None:
    reader = register(engine, samples.reader(1), samples.subscription(1))
    with writing(engine) as connection:
        assert _guesses(connection, reader.key, "203.0.113.0/24", 0) == 10
        assert _guess(connection, reader.key, 1_000, "203.0.113.0/24", right=True) is None
        assert _guess(connection, reader.key, 1_001, "198.51.100.0/24", right=True) is True


def test_all_networks_together_guess_less_than_one_in_ten_thousand_of_an_addresss_codes(
    engine: Engine,
) -> None:
    reader = register(engine, samples.reader(1), samples.subscription(1))
    with writing(engine) as connection:
        sessions.begin(connection, 1, "Firefox", "192.0.2.0/24", samples.NOON)
        strange = sum(
            _guesses(connection, reader.key, f"203.0.{number}.0/24", number * 1_000) for number in range(12)
        )
        # Where the reader is known, the code can still be typed.
        assert _guess(connection, reader.key, 90_000, "192.0.2.0/24", right=True) is True
        known = _guesses(connection, reader.key, "192.0.2.0/24", 100_000)
        assert (strange, known) == (60, 15)
        assert (strange + known) / 1_000_000 < 1 / 10_000


def test_a_session_ends_by_its_age_however_often_it_is_seen(engine: Engine) -> None:
    register(engine, samples.reader(1), samples.subscription(1))
    with writing(engine) as connection:
        own = sessions.begin(connection, 1, "Firefox", "192.0.2.0/24", samples.NOON)
        end = samples.NOON + timedelta(days=400)
        found = sessions.find(connection, own, samples.NOON)
        assert found is not None
        sessions.seen(connection, found.id, end - timedelta(days=1))
        assert sessions.find(connection, own, end - timedelta(seconds=1)) is not None
        assert sessions.find(connection, own, end) is None
        assert sessions.of_reader(connection, 1, end) == []
        assert sessions.is_any_expired(connection, end)
        assert sessions.forget_expired(connection, end) == 1
