"""Readers synced from real databases and addresses: whom it adds, changes, ends, and whom it never starts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsroom.database import engine_for, metadata, reading, writing
from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from readership import erasure, store
from readership.address import recipient_key
from readership.import_csv import ImportRules, import_file
from readership.reader import GONE, Plan, Reader, Subscription, SubscriptionStatus, SuppressionReason
from readership.record import record
from readership.row import Rules
from readership.sources.chosen import reader_source_for
from readership.suppression import suppress
from readership.sync import SyncReport, SyncRules, sync_readers
from readership.tables import reader_sources, readers, subscriptions
from tests import samples
from tests.readership.registered import ADDRESS_KEY
from tests.servers.http import Answer, HttpServer

ZONE = ZoneInfo("Europe/Brussels")
ROWS = Rules(ZONE, frozenset({"politics", "culture"}), frozenset({"daily", "weekly"}))
ACTIVE, STOPPED = SubscriptionStatus.ACTIVE, SubscriptionStatus.UNSUBSCRIBED
Row = dict[str, Any]


@dataclass
class Desk:
    """A newsroom's database, and the places that its readers come from."""

    folder: Path
    engine: Engine
    now: datetime = samples.NOON
    places: tuple[str, ...] = ("crm", "shop")

    def sql(self, *rows: Row, key: str = "crm", **more: Any) -> SyncReport:
        """Sync from a database whose table has exactly these rows."""
        names = list(dict.fromkeys(name for row in rows for name in row)) or ["id", "address"]
        path = self.folder / f"{key}.db"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as made, made:
            made.execute(f"CREATE TABLE people ({', '.join(names)})")
            marks = ",".join("?" * len(names))
            made.executemany(
                f"INSERT INTO people VALUES ({marks})",  # noqa: S608 (a test's own names)
                [[row.get(name) for name in names] for row in rows],
            )
        settings = ReadersSettings(
            key, "sql", self.folder, query="SELECT * FROM people", secret=f"sqlite:///{key}.db"
        )
        return self.sync(settings, **more)

    def sync(self, settings: ReadersSettings, **more: Any) -> SyncReport:
        self.now += timedelta(hours=1)
        plans = more.pop("plans", {"Supporter": "paid"})
        settings = replace(settings, **{"plans": plans, "newsletters": ("daily",), **more.pop("changes", {})})
        source = reader_source_for(settings, ZONE)
        rules = SyncRules(ROWS, ADDRESS_KEY, self.places, **more)
        return sync_readers(self.engine, settings, source, rules, self.now)

    def csv(self, text: str) -> None:
        path = self.folder / "list.csv"
        path.write_text(text, encoding="utf-8")
        import_file(self.engine, path, ImportRules(ROWS, ("daily",), {}, ADDRESS_KEY), self.now)

    def reader(self, address: str) -> Reader | None:
        with reading(self.engine) as connection:
            return store.find(connection, recipient_key(ADDRESS_KEY, address))

    def subscription(self, address: str, newsletter: str = "daily") -> Subscription | None:
        reader = self.reader(address)
        assert reader is not None
        with reading(self.engine) as connection:
            return store.subscriptions_of(connection, [reader.id]).get(reader.id, {}).get(newsletter)

    def status(self, address: str, newsletter: str = "daily") -> SubscriptionStatus | None:
        found = self.subscription(address, newsletter)
        return found.status if found else None

    def stop(self, address: str, newsletter: str | None = "daily") -> None:
        reader = self.reader(address)
        if reader is not None:
            with writing(self.engine) as connection:
                store.unsubscribe(connection, reader.id, newsletter, self.now)

    def forget(self, address: str) -> None:
        reader = self.reader(address)
        if reader is not None:
            with writing(self.engine) as connection:
                erasure.forget(connection, reader, self.now)

    def mailed(self) -> set[str]:
        """The addresses that the daily would go to now."""
        with reading(self.engine) as connection:
            found = store.candidates(connection, "daily", None, 1_000)
        return {
            one.reader.address
            for one in found
            if one.subscription.status is ACTIVE and one.suppressed is None
        }

    def everything(self) -> list[Any]:
        with reading(self.engine) as connection:
            return [
                list(connection.execute(sa.select(table).order_by(*table.primary_key)).all())
                for table in (readers, subscriptions, reader_sources)
            ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    yield Desk(tmp_path, engine)
    engine.dispose()


def row(number: int, address: str = "", **more: Any) -> Row:
    return {"id": number, "address": address or f"r{number}@example.org", **more}


def test_new_readers_come_with_their_consent_and_again_nothing_changes(desk: Desk) -> None:
    report = desk.sql(row(1, "Ann@Example.org", plan="Supporter", consent_at="2026-01-02"), row(2, plan=None))
    assert (report.listed, report.new, report.bad) == (2, 2, 0)
    ann = desk.reader("ann@example.org")
    assert ann is not None
    assert (ann.address, ann.plan) == ("Ann@example.org", Plan.PAID)
    first, second = desk.subscription("ann@example.org"), desk.subscription("r2@example.org")
    assert first is not None
    assert second is not None
    assert (first.consent_source, first.consent_at) == (
        "agreed at crm, as it says",
        datetime(2026, 1, 2, tzinfo=ZONE),
    )
    assert (second.consent_source, second.consent_at) == ("agreed at crm, first seen there then", desk.now)
    before = desk.everything()
    again = desk.sql(row(1, "Ann@Example.org", plan="Supporter", consent_at="2026-01-02"), row(2, plan=None))
    assert (again.same, again.new, again.changed) == (2, 0, 0)
    assert desk.everything() == before


def test_what_changes_there_changes_here(desk: Desk) -> None:
    desk.sql(row(1, plan="Supporter", language="en", sections="politics"), row(2), row(3))
    number = desk.reader("r1@example.org")
    report = desk.sql(
        row(1, "new@example.org", plan="free", plan_until=None, language="nl", sections="culture"),
        row(2),
        row(3),
    )
    assert (report.changed, report.moved) == (1, 1)
    reader = desk.reader("new@example.org")
    assert reader is not None
    assert number is not None
    assert (reader.id, reader.plan, reader.language) == (number.id, Plan.FREE, "nl")
    assert desk.reader("r1@example.org") is None
    found = desk.subscription("new@example.org")
    assert found is not None
    assert found.sections == {"culture"}


def test_a_plan_that_ended_is_free(desk: Desk) -> None:
    desk.sql(row(1, plan="group"), row(2, plan="Supporter", plan_until="2026-12-31"))
    desk.sql(row(1, plan=None), row(2, plan="Supporter", plan_until="2026-01-31"))
    one, two = desk.reader("r1@example.org"), desk.reader("r2@example.org")
    assert one is not None
    assert two is not None
    assert one.plan is Plan.FREE
    assert two.plan_on(desk.now.date()) is Plan.FREE


def test_who_is_gone_there_gets_no_mail_and_who_comes_back_does(desk: Desk) -> None:
    three = [row(1, plan="paid"), row(2), row(3)]
    desk.sql(*three)
    report = desk.sql(*three[1:])
    assert (report.gone, report.ended, report.held) == (1, 1, "")
    found, reader = desk.subscription("r1@example.org"), desk.reader("r1@example.org")
    assert found is not None
    assert reader is not None
    assert (found.status, found.ended_by, reader.plan) == (STOPPED, GONE, Plan.FREE)
    assert desk.sql(*three[1:]).gone == 0
    assert desk.sql(*three).changed == 1
    assert desk.mailed() == {f"r{number}@example.org" for number in (1, 2, 3)}


@pytest.mark.parametrize("left", [0, 1])
def test_a_source_that_lost_most_is_held(desk: Desk, left: int) -> None:
    rows = [row(number) for number in range(4)]
    desk.sql(*rows)
    report = desk.sql(*rows[:left])
    assert "nobody's mail was ended" in report.held
    assert len(desk.mailed()) == 4
    assert desk.sql(*rows[:left], allow_gone=True).gone == 4 - left
    assert len(desk.mailed()) == left


def test_a_stop_made_there_ends_and_may_be_taken_back_there(desk: Desk) -> None:
    desk.sql(row(1, status="subscribed"))
    desk.sql(row(1, status="unsubscribed"))
    assert desk.mailed() == set()
    desk.sql(row(1, status="subscribed"))
    assert desk.mailed() == {"r1@example.org"}


@pytest.mark.parametrize("how", ["link", "csv", "bounced", "erased"])
def test_a_stop_made_here_is_never_undone_there(desk: Desk, how: str) -> None:
    desk.sql(row(1, status="subscribed"), row(2))
    # First it ended there: what the reader says to us later counts for good all the same.
    if how in ("link", "csv"):
        desk.sql(row(1, status="unsubscribed"), row(2))
    match how:
        case "link":
            desk.stop("r1@example.org")
        case "csv":
            desk.csv("address,status\nr1@example.org,unsubscribed\n")
        case "bounced":
            with writing(desk.engine) as connection:
                key = recipient_key(ADDRESS_KEY, "r1@example.org")
                suppress(connection, {key: SuppressionReason.BOUNCED}, desk.now, "a test")
        case _:
            desk.forget("r1@example.org")
    desk.sql(row(1, status="subscribed", language="nl"), row(2))
    desk.sql(row(2), row(3), row(4), allow_gone=True)
    report = desk.sql(row(1, status="subscribed", language="fr"), row(2), allow_gone=True)
    assert "r1@example.org" not in desk.mailed()
    assert report.kept_stopped == 1
    if how != "bounced":
        # Not even with another address: it is known by its id.
        desk.sql(row(1, "elsewhere@example.org", status="subscribed"), row(2))
        assert desk.mailed() == {"r2@example.org"}


def test_who_started_again_with_us_is_not_stopped_by_an_old_word(desk: Desk) -> None:
    desk.sql(row(1, status="unsubscribed"))
    found, reader = desk.subscription("r1@example.org"), desk.reader("r1@example.org")
    assert found is not None
    assert reader is not None
    with writing(desk.engine) as connection:
        store.save_subscriptions(connection, [(reader.id, replace(found, status=ACTIVE))], desk.now)
    desk.sql(row(1, status="unsubscribed", language="nl"))
    assert desk.mailed() == {"r1@example.org"}


def test_two_sources_may_know_one_reader(desk: Desk) -> None:
    desk.sql(row(1, plan="paid"), row(2), row(3))
    desk.sql(row(77, "r1@example.org", plan="free"), row(78), row(79), key="shop")
    reader = desk.reader("r1@example.org")
    assert reader is not None
    assert reader.plan is Plan.PAID
    desk.sql(row(2), row(3))
    reader = desk.reader("r1@example.org")
    assert reader is not None
    assert reader.plan is Plan.FREE
    assert "r1@example.org" in desk.mailed()
    desk.sql(row(78), row(79), key="shop")
    assert "r1@example.org" not in desk.mailed()
    # Who is new at the other place only starts again.
    desk.sql(row(1), row(2), row(3))
    assert "r1@example.org" in desk.mailed()


def test_a_place_that_is_no_longer_set_up_keeps_nobody(desk: Desk) -> None:
    desk.sql(row(1), row(2), row(3), key="shop")
    desk.sql(row(1), row(2), row(3))
    desk.places = ("crm",)
    desk.sql(row(1), row(2))
    assert desk.mailed() == {"r1@example.org", "r2@example.org"}


def test_ids_that_change_and_addresses_that_are_exchanged_lose_nobody(desk: Desk) -> None:
    desk.sql(row(1), row(2), row(3))
    assert desk.sql(*(row(number, f"r{number - 10}@example.org") for number in (11, 12, 13))).gone == 0
    assert len(desk.mailed()) == 3
    desk.stop("r3@example.org")
    desk.sql(row(11, "r2@example.org"), row(12, "r1@example.org"), row(13, "r3@example.org"))
    assert desk.mailed() == {"r1@example.org", "r2@example.org"}
    # A chain: each takes the address that another one leaves, in both orders.
    desk.sql(row(12, "r2@example.org"), row(11, "other@example.org"), row(13, "r1@example.org"))
    assert desk.mailed() >= {"r2@example.org", "other@example.org"}
    assert "r3@example.org" not in desk.mailed()
    desk.sql(row(13, "last@example.org"), row(11, "other@example.org"), row(12, "r1@example.org"))
    # Whoever stopped had this address too, if not for long: nobody else is signed up for it by a list.
    assert desk.mailed() == {"other@example.org"}


def test_each_may_take_the_address_that_another_one_leaves(desk: Desk) -> None:
    desk.sql(*map(row, range(1, 9)))
    numbers = [one.id for number in range(1, 9) if (one := desk.reader(f"r{number}@example.org"))]
    report = desk.sql(row(1, "r0@example.org"), *(row(one, f"r{one - 1}@example.org") for one in range(2, 9)))
    assert (report.moved, report.gone) == (8, 0)
    now = [one.id for number in range(8) if (one := desk.reader(f"r{number}@example.org"))]
    assert now == numbers


def test_an_id_twice_counts_once_and_an_address_twice_is_one_reader(desk: Desk) -> None:
    report = desk.sql(row(1), row(1, "x@example.org"), row(2, "R1@example.org", plan="paid"), row(3))
    assert (report.new, report.twice) == (2, 1)
    reader = desk.reader("r1@example.org")
    assert reader is not None
    assert reader.plan is Plan.PAID
    desk.sql(row(1), row(3))
    assert desk.mailed() == {"r1@example.org", "r3@example.org"}


def test_a_bad_line_is_named_by_its_id_and_leaves_what_is_known(desk: Desk) -> None:
    desk.sql(row(1, plan="paid"), row(2))
    report = desk.sql(
        row(1, "no address", plan="paid"), row(2, plan="Gold"), row(3, "a@b@c"), {"id": None, "address": "x"}
    )
    assert report.bad == 4
    assert desk.mailed() == {"r1@example.org", "r2@example.org"}
    told = {problem.partition(":")[0]: problem for problem in report.problems}
    assert set(told) == {"id 1", "id 2", "id 3", "number 4"}
    assert "say in `plans`" in told["id 2"]
    assert "@e" not in "".join(report.problems)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT address FROM people", "no column id"),
        ("SELECT id FROM people", "no column of addresses"),
        ("DELETE FROM people", "no SELECT"),
        ("SELECT id, address FROM nobody", "no such table"),
    ],
)
def test_a_query_that_cannot_be_used_says_why(desk: Desk, query: str, words: str) -> None:
    desk.sql(row(1))
    with pytest.raises(SourceError, match=words) as caught:
        desk.sql(row(1), changes={"query": query})
    assert "its readers stay as they were at 2026-" in str(caught.value)
    assert desk.mailed() == {"r1@example.org"}


def test_a_dry_sync_stores_nothing_and_counts_the_same(desk: Desk) -> None:
    desk.sql(row(1), row(2), row(3))
    before = desk.everything()
    dry = desk.sql(row(1, "n@example.org"), row(2), row(4), stores=False)
    assert desk.everything() == before
    wet = desk.sql(row(1, "n@example.org"), row(2), row(4))
    assert dry == wet
    assert (wet.moved, wet.new, wet.gone) == (1, 1, 1)


def test_all_that_is_kept_is_shown_and_erased(desk: Desk) -> None:
    desk.sql(row(1), row(2))
    key = recipient_key(ADDRESS_KEY, "r1@example.org")
    with reading(desk.engine) as connection:
        kept = record(connection, key)
    assert kept is not None
    assert [(one["source"], one["source_id"]) for one in kept["sources"]] == [("crm", "1")]
    desk.forget("r1@example.org")
    with reading(desk.engine) as connection:
        assert connection.execute(sa.select(reader_sources.c.source_id)).scalars().all() == ["2"]


def test_who_stopped_everything_is_not_signed_up_for_a_new_newsletter(desk: Desk) -> None:
    desk.sql(row(1), row(2))
    desk.stop("r1@example.org")
    desk.sql(row(1), row(2), changes={"newsletters": ("daily", "weekly")})
    assert desk.status("r1@example.org", "weekly") is None
    assert desk.status("r2@example.org", "weekly") is ACTIVE


# From an address, as JSON.


@pytest.mark.parametrize("back", [False, True])
def test_a_stop_holds_at_the_former_address_as_well(desk: Desk, back: bool) -> None:
    desk.sql(row(1, "shop1@example.org"), row(2))
    desk.stop("shop1@example.org")
    desk.sql(row(1, "shop1b@example.org"), row(2))
    after = (
        [row(1, "shop1@example.org")]
        if back
        else [row(1, "shop1b@example.org"), row(501, "shop1@example.org")]
    )
    report = desk.sql(*after, row(2))
    assert (report.kept_stopped, report.new) == (1, int(not back))
    assert desk.mailed() == {"r2@example.org"}


def test_a_stop_holds_at_the_former_address_in_one_sync_as_well(desk: Desk) -> None:
    desk.sql(row(1, "shop1@example.org"), row(2))
    desk.stop("shop1@example.org")
    desk.sql(row(1, "shop1b@example.org"), row(501, "shop1@example.org"), row(2))
    assert desk.mailed() == {"r2@example.org"}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as value:
        yield value


def answer(*people: Row, following: str | None = None, **headers: str) -> Answer:
    body = json.dumps({"readers": list(people), "next": following}).encode()
    return Answer(200, {"Content-Type": "application/json", **headers}, body)


def person(number: int, **more: Any) -> Row:
    return {"id": str(number), "address": f"r{number}@example.org", **more}


def place(server: HttpServer, **more: Any) -> ReadersSettings:
    values = {"url": f"{server.url}/readers", "secret": "open-sesame", "timeout": 10.0, **more}
    return ReadersSettings("crm", "json", **values)


def test_pages_are_followed_to_the_end_with_the_key(desk: Desk, server: HttpServer) -> None:
    server.answers += [answer(person(1, plan="Supporter"), following="/readers?page=2"), answer(person(2))]
    assert desk.sync(place(server)).new == 2
    assert [one.path for one in server.requests] == ["/readers", "/readers?page=2"]
    assert {one.headers["authorization"] for one in server.requests} == {"Bearer open-sesame"}


def test_a_list_that_is_unchanged_is_not_read(desk: Desk, server: HttpServer) -> None:
    server.answers += [answer(person(1), ETag='"a"'), Answer(304), answer(person(1), person(2), ETag='"b"')]
    desk.sync(place(server))
    assert desk.sync(place(server)).listed == 0
    assert server.requests[1].headers["if-none-match"] == '"a"'
    assert desk.mailed() == {"r1@example.org"}
    assert desk.sync(place(server)).new == 1
    # Read in another way, everything is asked for.
    server.answers.append(answer(person(1), person(2)))
    desk.sync(place(server), plans={"Supporter": "group"})
    assert "if-none-match" not in server.requests[3].headers


def test_a_plan_that_is_left_out_is_over_where_there_was_one(desk: Desk, server: HttpServer) -> None:
    desk.csv("address,plan\nr2@example.org,paid\n")
    paid = person(1, plan="Supporter", plan_until="2027-01-01")
    server.answers += [answer(paid, person(2)), answer(person(1), person(2, name="Bo"))]
    desk.sync(place(server))
    desk.sync(place(server))
    found = [desk.reader(f"r{number}@example.org") for number in (1, 2)]
    # What an import said of a reader of whose plan the list never spoke stays.
    assert [one and (one.plan, one.plan_until) for one in found] == [(Plan.FREE, None), (Plan.PAID, None)]


def test_the_tag_of_a_first_page_is_no_word_on_the_others(desk: Desk, server: HttpServer) -> None:
    server.answers += [
        answer(person(1), following="?page=2", ETag='"a"'),
        answer(person(2)),
        answer(person(1)),
    ]
    desk.sync(place(server))
    server.answers.append(answer(person(2)))
    desk.sync(place(server))
    assert "if-none-match" not in server.requests[2].headers


HTML = Answer(200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")
CUT = Answer(200, {"Content-Type": "application/json"}, b'{"readers": [{"id": "1", "address": "secret@exam')
LATIN = Answer(
    200, {"Content-Type": "application/json"}, '{"readers": [{"name": "Zo\u00eb"}]}'.encode("latin-1")
)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Answer(401), r"refused \(401\)"),
        (Answer(403), r"refused \(403\)"),
        (Answer(404), r"not found \(404\)"),
        (Answer(429, {"Retry-After": "7200"}), "asked to wait until"),
        (Answer(500), r"the server failed \(500\)"),
        (HTML, "a page instead of JSON"),
        (CUT, "cut off"),
        (LATIN, "not JSON"),
        (Answer(200, body=b'{"people": []}'), "not a list of readers"),
        (answer(person(9), following="https://elsewhere.example/"), "at another host"),
        (answer(person(9), following="/readers"), "in a circle"),
    ],
)
def test_what_goes_wrong_in_the_middle_ends_nobodys_mail(
    desk: Desk, server: HttpServer, bad: Answer, words: str
) -> None:
    server.answers.append(answer(*map(person, range(4))))
    desk.sync(place(server))
    server.answers += [answer(person(0), person(8), following="/readers?page=2"), bad]
    with pytest.raises(SourceError, match=words) as caught:
        desk.sync(place(server))
    assert "its readers stay as they were at" in str(caught.value)
    assert "@" not in str(caught.value)
    assert "sesame" not in str(caught.value)
    # What the pages before it had is in.
    assert desk.mailed() >= {f"r{number}@example.org" for number in (0, 1, 2, 3, 8)}


def test_odd_values_are_bad_lines_and_an_empty_list_is_a_stop(desk: Desk, server: HttpServer) -> None:
    server.answers.append(
        answer(person(1), person(2, plan=7), person(3, newsletters=[]), {"address": "x@example.org"}, "x")  # type: ignore[arg-type]
    )
    report = desk.sync(place(server))
    assert (report.new, report.bad) == (2, 3)
    assert desk.mailed() == {"r1@example.org"}


def test_a_key_does_not_travel_in_the_open(desk: Desk) -> None:
    settings = ReadersSettings("crm", "json", url="http://crm.example.org/readers", secret="open-sesame")
    with pytest.raises(SourceError, match="without encryption"):
        desk.sync(settings)


# Whatever happens, in whatever order.

PEOPLE = ("a@example.org", "b@example.org", "c@example.org")
listings = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(PEOPLE), st.sampled_from(["subscribed", "unsubscribed", "pending"])
    ),
    max_size=4,
)
events = st.one_of(
    st.tuples(st.just("crm"), listings),
    st.tuples(st.just("shop"), listings),
    st.tuples(st.just("stop"), st.sampled_from(PEOPLE)),
    st.tuples(
        st.just("csv"), st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["subscribed", "unsubscribed"]))
    ),
    st.tuples(st.just("bounce"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("forget"), st.sampled_from(PEOPLE)),
)


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(events, max_size=9))
def test_a_stopped_reader_stays_stopped_and_nobody_is_lost(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("newsroom")
    engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")
    metadata.create_all(engine)
    desk = Desk(folder, engine)
    stopped: set[str] = set()
    said: list[tuple[str, int, str, str]] = []
    for kind, what in happened:
        match kind:
            case "stop":
                stopped |= {what} if desk.reader(what) else set()
                desk.stop(what)
            case "csv":
                address, status = what
                stopped |= {address} if status == "unsubscribed" else set()
                desk.csv(f"address,status\n{address},{status}\n")
            case "bounce":
                stopped.add(what)
                with writing(engine) as connection:
                    key = recipient_key(ADDRESS_KEY, what)
                    suppress(connection, {key: SuppressionReason.BOUNCED}, desk.now, "a test")
            case "forget":
                stopped |= {what} if desk.reader(what) else set()
                desk.forget(what)
            case _:
                rows = [row(number, address, status=status) for number, address, status in what]
                desk.sql(*rows, key=kind, allow_gone=True)
                said += [(kind, *line) for line in what]
                assert _sure(kind, what, said, stopped) <= desk.mailed(), (kind, what)
        assert not desk.mailed() & stopped, (kind, what)
    engine.dispose()


def _sure(
    source: str,
    listed: list[tuple[int, str, str]],
    said: list[tuple[str, int, str, str]],
    stopped: set[str],
) -> set[str]:
    """Addresses that this source has subscribed and nobody ever stopped, by an id that was nobody else's."""
    doubted = {address for _, _, address, status in said if status != "subscribed"} | stopped
    owners: dict[tuple[str, int], set[str]] = {}
    for key, number, address, _ in said:
        owners.setdefault((key, number), set()).add(address)
    shared = {address for some in owners.values() if len(some) > 1 for address in some}
    return {address for number, address, _ in listed} - doubted - shared
