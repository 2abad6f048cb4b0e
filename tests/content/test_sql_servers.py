"""Articles out of real database servers, whose addresses STANDFIRST_TEST_POSTGRESQL and _MYSQL have.

Both are of an empty database that the tests may fill. tests/content/conftest.py says when they are run.
"""

from __future__ import annotations

import gc
import os
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from newsroom.errors import SourceError
from newsroom.sql_database import Database
from tests.content.newsdesk import Newsdesk

SIX = datetime(2026, 3, 10, 5, tzinfo=UTC)
TYPES = {
    "postgresql": "id bigint, headline text, published timestamptz, section text, body text,"
    " updated timestamp, lead boolean, rank numeric, authors text[], tags jsonb, grows timestamptz",
    "mysql": "id bigint, headline text, published timestamp null, section text, body text, updated datetime,"
    " lead bit(1), `rank` decimal(9,2), authors text, tags json, grows datetime(6)",
}  # fmt: skip
QUERIES = {
    "postgresql": "SELECT id, headline, published, section, body::text AS body, updated, lead, rank, authors,"
    " tags, grows FROM stories WHERE headline NOT LIKE '%none%' AND ':name' <> '%s'",
    "mysql": "SELECT id, headline, published, section, body, updated, lead, `rank`, authors, tags, grows"
    " FROM stories WHERE headline NOT LIKE '%none%' AND ':name' <> '%s'",
}  # fmt: skip


@pytest.fixture(params=["postgresql", "mysql"])
def desk(request, engine, tmp_path):
    name = f"STANDFIRST_TEST_{request.param.upper()}"
    address = os.environ.get(name)
    if not address:
        pytest.skip(f"{name} names no database")
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}[request.param]
    url = sa.make_url(address).set(drivername=driver).render_as_string(hide_password=False)
    value = Newsdesk(engine, tmp_path, url, query=QUERIES[request.param])
    value.kind = request.param
    yield value
    value.tell("DROP TABLE IF EXISTS stories")
    value.theirs.dispose()


def _stories(desk, *stories):
    published = "2026-03-10 06:00:00+01:00" if desk.kind == "postgresql" else "2026-03-10 05:00:00"
    desk.stories(*({"published": published, **story} for story in stories), columns=TYPES[desk.kind])


def test_the_servers_own_kinds_of_values(desk):
    is_postgresql = desk.kind == "postgresql"
    authors = ["Jo Peeters", "Nele, V."] if is_postgresql else '["Jo Peeters", "Nele, V."]'
    story = {
        "id": 2**40, "headline": "橋 🌉 100% 'x' :y", "updated": "2026-03-10 07:00:00", "lead": True,
        "rank": 2, "authors": authors, "tags": '["sensitive"]', "grows": "2026-03-10 06:00:00",
    }  # fmt: skip
    _stories(desk, story)
    desk.set_up(changed="grows")
    report = desk.sync()
    assert (report.inserted, report.problems) == (1, ())
    one = desk.find(f"articles/{2**40}").article
    assert (one.headline, one.pinned, one.rank, one.sensitive) == (story["headline"], True, 2, True)
    assert (one.published, one.updated) == (SIX, SIX + timedelta(hours=1))
    assert one.authors == ("Jo Peeters", "Nele, V.")


def test_what_changed_is_read_and_equal_values_again(desk):
    _stories(desk, *({"grows": f"2026-03-10 06:00:0{number}.5"} for number in range(3)))
    desk.set_up(changed="GROWS")
    assert desk.sync().inserted == 3
    assert desk.sync().unchanged == 1
    desk.tell("UPDATE stories SET headline = 'Mended', grows = '2026-03-10 06:00:02.5' WHERE id = 1")
    desk.tell("UPDATE stories SET headline = 'Not told of' WHERE id = 2")
    report = desk.sync()
    assert (report.updated, report.unchanged) == (1, 1)


def test_numbers_may_grow_as_well(desk):
    _stories(desk, {}, {}, {})
    desk.set_up(changed="id")
    assert desk.sync().inserted == 3
    assert desk.sync().unchanged == 1


def test_rows_are_fetched_some_hundred_at_a_time(desk):
    _stories(desk, *({} for _ in range(1_300)))
    database = Database(desk.settings, desk.newsroom.time_zone)
    rows = database.rows("query", desk.settings.query)
    next(rows)
    (cursor,) = [one for one in gc.get_objects() if type(one).__name__ in ("ServerCursor", "SSCursor")]
    assert cursor.rowcount in (-1, 500, 2**64 - 1)
    assert sum(1 for _ in rows) == 1_299
    database.close()
    assert desk.sync().inserted == 1_300


WRITES = (
    "WITH x AS (DELETE FROM stories RETURNING *) SELECT * FROM x",
    "SELECT id, headline, published, section, nextval('counted') AS rank FROM stories",
)


@pytest.mark.parametrize("query", WRITES)
def test_a_query_that_writes_fails_and_says_so(desk, query):
    if desk.kind == "mysql":
        query = "SELECT id, headline, published, section, written() AS `rank` FROM stories"
        desk.tell("DROP FUNCTION IF EXISTS written")
        desk.tell("CREATE FUNCTION written() RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN "
                  "DELETE FROM stories; RETURN 1; END")  # fmt: skip
    else:
        desk.tell("CREATE SEQUENCE IF NOT EXISTS counted")
    _stories(desk, {})
    desk.set_up(query=query)
    with pytest.raises(SourceError, match="source desk: `query` writes, and a source is only read"):
        desk.sync()
    with desk.theirs.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM stories")).scalar() == 1


def test_no_transaction_of_the_connection_writes(desk):
    _stories(desk, {})
    database = Database(desk.settings, desk.newsroom.time_zone)
    connection = database._open()
    connection.commit()
    with pytest.raises(sa.exc.DBAPIError, match=r"(?i)read.only transaction"):
        connection.execute(sa.text("DELETE FROM stories"))
    database.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "hunter3"}, "it refuses the user or the password of STANDFIRST_SOURCE_DESK"),
        ({"username": "hunter3"}, "it refuses the user or the password of STANDFIRST_SOURCE_DESK"),
        ({"database": "hunter3"}, "no database of the name in STANDFIRST_SOURCE_DESK|refuses the user"),
        ({"port": 9}, "it cannot be reached; see whether it runs"),
        ({"host": "hunter3.invalid"}, "its host is not found"),
        ({"query": {"hunter3": "x"}}, "an option"),
    ],
)
def test_a_server_that_refuses_is_told_and_never_shown(desk, change, message):
    url = sa.make_url(desk.settings.secret).set(**change)
    desk.set_up(secret=url.render_as_string(hide_password=False))
    with pytest.raises(SourceError, match=message) as caught:
        desk.sync()
    for word in ("hunter", url.host, url.username):
        assert word not in str(caught.value).replace("STANDFIRST_SOURCE_DESK", "").replace("source desk", "")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT id, headline, colour FROM stories", "`query` is refused: .*colour"),
        ("SELECT * FROM articels", "`query` is refused: .*articels"),
        ("SELECT id,, FROM stories", "`query` is refused: .*syntax"),
        ("SELECT id, headline FROM stories", "`query`: it gives no column published"),
    ],
)
def test_a_query_that_is_wrong_says_how(desk, query, message):
    _stories(desk, {})
    desk.set_up(query=query)
    with pytest.raises(SourceError, match=message) as caught:
        desk.sync()
    assert "newsroom" not in str(caught.value)


def test_a_value_that_breaks_a_query_is_not_shown(desk):
    _stories(desk, {"headline": "Secret words"})
    cast = "headline::int" if desk.kind == "postgresql" else "ST_GeomFromText(headline)"
    desk.set_up(query=f"SELECT id, headline, published, section, {cast} AS body FROM stories")  # noqa: S608
    try:
        message = str(desk.sync().problems)
    except SourceError as error:
        message = str(error)
        assert "`query` failed (" in message
    assert "Secret" not in message


@pytest.mark.parametrize("desk", ["postgresql"], indirect=True)
def test_postgresql_may_have_dates_that_python_has_not(desk):
    moments = ("infinity", "20260-01-01", "2026-03-10 00:00:00-05:00")
    _stories(desk, *({"published": moment} for moment in moments))
    desk.set_up(changed="grows")
    report = desk.sync()
    assert (report.inserted, [one.place for one in report.problems]) == (
        1,
        ["desk/articles/1", "desk/articles/2"],
    )
    assert desk.find("articles/3").article.published == SIX


@pytest.mark.parametrize("desk", ["mysql"], indirect=True)
@pytest.mark.parametrize("zone", ["+00:00", "+05:00", "SYSTEM"])
def test_mysql_shows_a_timestamp_in_the_sessions_zone(desk, zone):
    _stories(desk, {"updated": "2026-03-10 06:00:00"})
    with desk.theirs.begin() as connection:
        connection.execute(sa.text("SET time_zone = '+00:00'"))
        connection.execute(sa.text("UPDATE stories SET published = '2026-03-10 05:00:00'"))
    desk.set_up(secret=f"{desk.settings.secret}&init_command=SET%20time_zone='{quote(zone)}'")
    assert desk.sync().inserted == 1
    one = desk.find().article
    assert (one.published, one.updated) == (SIX, SIX)


def test_a_table_that_somebody_locks_is_waited_for_no_longer_than_the_settings_say(desk):
    _stories(desk, {"grows": "2026-03-10 06:00:00"})
    desk.set_up(timeout=1.0)
    lock = {
        "postgresql": "LOCK TABLE stories IN ACCESS EXCLUSIVE MODE",
        "mysql": "LOCK TABLES stories WRITE",
    }[desk.kind]
    begun = time.monotonic()
    with desk.theirs.connect() as connection:
        connection.execute(sa.text(lock))
        with pytest.raises(SourceError, match="did not answer in time"):
            desk.sync()
        if desk.kind == "mysql":
            connection.execute(sa.text("UNLOCK TABLES"))
    assert time.monotonic() - begun < 10
    assert desk.sync().inserted == 1
