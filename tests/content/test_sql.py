"""Articles out of a newsroom's own SQLite file: what each column becomes, and what is wrong with it."""

from __future__ import annotations

import re
import sqlite3
import time
import tomllib
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import sqlalchemy as sa

from content.article import Access
from newsroom.errors import SourceError
from newsroom.settings_file import SourceTable
from newsroom.sql_database import Database
from tests.content.newsdesk import QUERY, Newsdesk
from tests.servers.loopback import Loopback

DAY = timedelta(days=1)
SIX = datetime(2026, 3, 10, 5, tzinfo=UTC)
"""Six in the morning in Brussels."""


@pytest.fixture
def desk(engine, tmp_path):
    value = Newsdesk(engine, tmp_path, f"sqlite:///{tmp_path / 'newsroom.db'}")
    yield value
    value.theirs.dispose()


def test_every_column_has_its_place_in_the_article(desk):
    desk.stories(
        {
            "id": "a-7", "label": "Feature", "standfirst": "What all may read.", "opening": "<p>Words</p>",
            "updated": "2026-03-10T07:30:00+01:00", "sections": '["culture", "politics"]',
            "authors": "Jo Peeters, N. V.", "access": "PAID", "products": "plus,archive",
            "language": "nl-BE", "url": "/2026/bridge", "slug": "the-bridge", "rank": 2.0, "lead": 1,
            "sensitive": "yes", "again": True, "digest": "f", "correction": "It was March.",
            "place": "culture",
        }
    )  # fmt: skip
    desk.set_up(query="SELECT id, headline, published, body, label, standfirst, opening, updated, sections, "
                "authors, access, products, language, url, slug, rank, lead, sensitive, again, digest, "
                "correction, place FROM stories;")  # fmt: skip
    report = desk.sync()
    assert (report.inserted, report.problems) == (1, ())
    stored = desk.find("articles/a-7")
    one = stored.article
    assert one.id == "tag:quay.example,2026:desk/articles/a-7"
    assert (one.headline, one.label, one.teaser) == ("The bridge reopens", "Feature", "What all may read.")
    assert (one.body.html, one.opening) == ("<p>Words behind the wall.</p>", "<p>Words</p>")
    assert (one.published, one.updated) == (SIX, SIX + timedelta(minutes=90))
    assert (one.sections, one.place) == (("culture", "politics"), "culture")
    assert (one.authors, one.products) == (("Jo Peeters", "N. V."), {"plus", "archive"})
    assert (one.access, one.language, one.rank) == (Access.PAID, "nl-BE", 2)
    assert (one.url, one.slug) == ("https://quay.example/2026/bridge", "the-bridge")
    assert (one.pinned, one.sensitive, one.again, one.no_digest) == (True, True, True, True)
    assert one.correction == "It was March."


def test_a_row_of_nulls_is_an_article_with_defaults(desk):
    names = ("teaser", "updated", "authors", "access", "rank", "lead", "image", "url", "tags", "body")
    desk.stories(dict.fromkeys(names))
    report = desk.sync()
    assert (report.inserted, report.problems) == (1, ())
    one = desk.find().article
    assert (one.teaser, one.authors, one.rank, one.image, one.access) == ("", (), None, None, Access.PAID)
    assert one.url == "https://quay.example/articles/1"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Fish & chips < 3 > 2", "Fish & chips < 3 > 2"),
        ("Fish &amp; chips&#8217;s &quot;day&quot;", "Fish & chips’s \"day\""),
        ("How to write &amp;lt;", "How to write &lt;"),
        ("R&D, &copy and a <b> tag", "R&D, &copy and a <b> tag"),
        ("<em>Vivid</em> &amp; <strong>wild</strong>", "Vivid & wild"),
        ("橋が開く 🌉 الجسر %s :name", "橋が開く 🌉 الجسر %s :name"),
        ("  two\tspaces \n", "two spaces"),
    ],
)  # fmt: skip
def test_a_headline_is_right_to_the_letter(desk, given, shown):
    desk.stories({"headline": given})
    assert not desk.sync().problems
    assert desk.find().article.headline == shown


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-10 06:00:00",
        "2026-03-10T06:00:00.000",
        "2026-03-10T05:00:00Z",
        "2026-03-10 00:00:00-05:00",
        "Tue, 10 Mar 2026 06:00:00 +0100",
        "20260310060000",
        20260310060000,
        1773118800,
        1773118800.0,
        "1773118800",
        1773118800000,
        1773118800000000,
        b"2026-03-10 06:00",
    ],
)
def test_a_date_in_any_form_is_the_same_moment(desk, given):
    desk.stories({"published": given})
    assert not desk.sync().problems
    assert desk.find().article.published == SIX


@pytest.mark.parametrize(
    "given",
    ["10/03/2026", "2026-02-30 06:00", "yesterday", "9" * 17, 10**16, "9999-12-31", "infinity", 20269999],
)
def test_a_date_that_is_none_is_named_and_the_rest_goes_on(desk, given):
    desk.stories({"published": given}, {})
    report = desk.sync()
    assert report.inserted == 1
    (problem,) = report.problems
    assert (problem.place, problem.severity) == ("desk/articles/1", "error")
    assert str(given) not in problem.message


@pytest.mark.parametrize("given", [None, "", 0, "0000-00-00 00:00:00"])
def test_a_date_that_is_left_open_is_none(desk, given):
    desk.stories({"updated": given})
    assert not desk.sync().problems
    assert desk.find().article.updated == SIX


def test_an_embargo_is_kept(desk):
    desk.stories({"published": "2026-03-11"})
    assert desk.sync().embargoed == 1
    assert desk.find().article.published == datetime(2026, 3, 10, 23, tzinfo=UTC)


def test_sections_by_list_by_join_and_by_the_map(desk):
    desk.stories({"section": "city, culture"}, {"section": "nowhere"})
    desk.set_up(sections={"city": "politics"})
    report = desk.sync()
    assert (report.inserted, dict(report.unplaced)) == (1, {"nowhere": 1})
    assert desk.find().article.sections == ("politics", "culture")
    desk.tell("CREATE TABLE placed (story, name)")
    desk.tell("INSERT INTO placed VALUES (1, 'culture'), (2, 'city'), (1, 'briefs'), (2, 'politics')")
    desk.set_up(query="""
        SELECT s.id, headline, published, body, p.name AS section
        FROM stories s JOIN placed p ON p.story = s.id ORDER BY s.id, p.name DESC
    """)  # fmt: skip
    report = desk.sync()
    assert (report.inserted, report.updated, report.problems) == (1, 1, ())
    assert desk.find().article.sections == ("briefs", "culture")
    assert desk.find("articles/2").article.sections == ("politics",)


def test_tags_are_an_editors_flags(desk):
    desk.stories({"tags": "Digest Lead, sensitive, ?, Sea wall"})
    assert not desk.sync().problems
    one = desk.find().article
    assert (one.pinned, one.sensitive, one.no_digest) == (True, True, False)
    assert "sea-wall" in one.tags


def test_bookings_run_beside_the_articles(desk):
    desk.stories({})
    desk.tell("CREATE TABLE ads (id, headline, published, sponsor, run_from, run_until)")
    desk.tell(
        "INSERT INTO ads VALUES (2, 'Nobody paid', '2026-03-01', '', NULL, NULL),"
        "(1, 'A dry cellar', '2026-03-01', 'Kade Bank', '2026-03-05', '2026-03-12')"
    )
    desk.set_up(bookings="SELECT *, 'partners' AS section FROM ads", changed="")
    report = desk.sync()
    assert report.inserted == 2
    assert [one.place for one in report.problems] == ["desk/bookings/2"]
    one = desk.find("bookings/1").article
    assert (one.booking.sponsor, one.access, one.sections) == ("Kade Bank", Access.FREE, ("partners",))
    assert one.booking.run_until == datetime(2026, 3, 12, 22, 59, 59, 999999, tzinfo=UTC)
    assert one.url != desk.find().article.url


def test_what_is_withdrawn_or_a_draft_is_taken_back(desk):
    desk.stories({"withdrawn": 0, "draft": 0}, {"withdrawn": 0, "draft": 0}, {"withdrawn": 0, "draft": 1})
    assert desk.sync().inserted == 2
    desk.tell("UPDATE stories SET withdrawn = 1 WHERE id = 1")
    desk.tell("UPDATE stories SET draft = 1 WHERE id = 2")
    assert desk.sync().withdrawn == 2
    desk.tell("UPDATE stories SET withdrawn = 0")
    assert desk.sync().restored == 1


def test_without_a_column_that_grows_every_pass_sees_all(desk):
    desk.stories({}, {}, {}, {})
    assert desk.sync().inserted == 4
    desk.tell("DELETE FROM stories WHERE id = 3")
    desk.tell("UPDATE stories SET headline = 'Mended' WHERE id = 2")
    report = desk.sync()
    assert (report.withdrawn, report.updated, report.unchanged) == (1, 1, 2)


@pytest.mark.parametrize(
    "moments", [(1, 2, 3), (1.5, 2.5, 3.5), ("2026-03-10 06:00:01", "2026-03-10 06:00:02", "2026-03-11")]
)
def test_with_one_what_changed_is_read_and_equal_values_again(desk, moments):
    first, second, third = moments
    desk.stories({"Grows": first}, {"Grows": second}, {"Grows": second})
    desk.set_up(changed="grows")
    assert desk.sync().inserted == 3
    assert desk.sync().unchanged == 2
    # Two that were written in the moment that was read last, one after the reading.
    desk.tell(
        "INSERT INTO stories SELECT 4, headline, published, section, body, Grows FROM stories WHERE id = 3"
    )
    desk.tell("UPDATE stories SET headline = 'Mended', Grows = :it WHERE id = 1", {"it": third})
    desk.tell("UPDATE stories SET headline = 'Not told of' WHERE id = 2")
    desk.tell("DELETE FROM stories WHERE id = 3")
    report = desk.sync()
    assert (report.inserted, report.updated, report.withdrawn) == (1, 2, 0)
    assert desk.sync().found == 1
    report = desk.sync(DAY)
    assert (report.found, report.withdrawn) == (3, 1)
    desk.tell("UPDATE stories SET headline = 'Anew' WHERE id = 4")
    assert desk.sync().updated == 0
    assert desk.sync(full=True).updated == 1


def test_the_bookings_may_have_no_column_that_grows(desk):
    desk.stories({"grows": 1})
    desk.tell("CREATE TABLE ads AS SELECT id, headline, published, 'partners' AS section, 'Bank' AS sponsor "
              "FROM stories")  # fmt: skip
    desk.set_up(changed="grows", bookings="SELECT * FROM ads")
    assert desk.sync().inserted == 2
    desk.tell("UPDATE ads SET headline = 'Mended'")
    assert desk.sync().updated == 1


def test_a_column_that_grows_has_one_kind_of_values(desk):
    desk.stories({"grows": 1}, {"grows": "2026-03-10"})
    desk.set_up(changed="grows")
    with pytest.raises(SourceError, match="source desk: the column grows holds values of several kinds"):
        desk.sync()
    desk.stories({"grows": b"\x01"})
    with pytest.raises(SourceError, match="or of one that has no order"):
        desk.sync()


def test_the_first_failure_in_the_middle_keeps_what_came(desk):
    desk.stories(*({"grows": number} for number in range(1_200)))
    desk.tell("UPDATE stories SET grows = 'none' WHERE id = 1150")
    desk.set_up(changed="grows")
    with pytest.raises(SourceError):
        desk.sync()
    assert len(desk.live()) == 1_000
    desk.tell("UPDATE stories SET grows = 5 WHERE id = 1150")
    assert desk.sync().inserted == 200


def test_a_column_that_nobody_reads_is_told_once_with_a_guess(desk):
    desk.stories({"heading": "x", "authro": "y", "mood": "z"}, {"heading": "x", "authro": "y", "mood": "z"})
    problems = desk.sync().problems
    assert [(one.place, one.severity) for one in problems] == [("desk: query", "warning")] * 3
    assert "column heading;" in problems[0].message
    assert problems[1].message == 'nobody reads the column authro; did you mean "author"?'
    assert problems[2].message.startswith("nobody reads the column mood; see docs/")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT headline, published, section FROM stories",
         "`query`: it gives no column id; there are: headline, published, section"),
        ("SELECT id, headline, section FROM stories", "`query`: it gives no column published; there"),
        ("SELECT id, headline, published FROM stories", "`query`: it gives no column sections"),
        ("SELECT id, headline, section, published, published AS date FROM stories",
         "`query`: it gives published twice"),
        ("SELECT id, headline, section, published, colour FROM stories",
         "`query` is refused: no such column: colour"),
        ("SELECT * FROM articels", "`query` is refused: no such table: articels"),
        ("SELECT * FROM stories WHERE id = :who", "`query` has a place for a value in it, such as :name"),
        ("SELECT id,, FROM stories", '`query` is refused: near ",": syntax error'),
        ("SELECT * FROM stories; SELECT 1", '`query` is refused: near ";": syntax error'),
        ("", "`query` is no SELECT"),
    ],
)  # fmt: skip
def test_a_query_that_is_wrong_says_how(desk, query, message):
    desk.stories({})
    desk.set_up(query=query or ";")
    with pytest.raises(SourceError) as caught:
        desk.sync()
    assert message in str(caught.value)


def test_a_booking_needs_its_sponsor_and_changed_its_column(desk):
    desk.stories({})
    desk.set_up(bookings=QUERY)
    with pytest.raises(SourceError, match="source desk: `bookings`: it gives no column sponsor"):
        desk.sync()
    desk.set_up(bookings="", changed="modified")
    with pytest.raises(
        SourceError, match="it gives no column modified, which `changed` names; there are: id"
    ):
        desk.sync()


def test_a_section_may_be_the_sources(desk):
    desk.stories({})
    desk.set_up(query="SELECT id, headline, published, body FROM stories", section="culture")
    assert desk.sync().inserted == 1
    assert desk.find().article.sections == ("culture",)


def test_rows_that_are_no_article_are_named_and_the_rest_goes_on(desk):
    desk.stories(
        {"id": None}, {"id": ""}, {"id": "a\nb"}, {"id": "x" * 201}, {"id": 5},
        {"id": 6, "headline": "One"}, {"id": 6, "headline": "Two"},
        {"id": 7, "body": "Secret wörds".encode("latin-1")}, {"id": 8, "section": b"\xff"},
        {"id": 9, "headline": ""}, {"id": 10, "section": "[politics"}, {"id": 11, "body": "Straße".encode()},
    )  # fmt: skip
    report = desk.sync()
    assert desk.live() == {"articles/5", "articles/11"}
    assert [(one.place, one.message) for one in report.problems] == [
        ("desk/articles/10", "sections begins like a JSON list and is none"),
        ("desk/articles/6", "2 rows have its id, and differ in headline"),
        ("desk/articles/7", "body is no UTF-8; convert it in the query"),
        ("desk/articles/8", "sections is no UTF-8; convert it in the query"),
        ("desk/articles/9", "no headline; its column headline is empty; mend the row, or the query"),
        ("desk/articles/row 1", "it has no id"),
        ("desk/articles/row 2", "it has no id"),
        ("desk/articles/row 3", "its id is no line of at most 200 characters"),
        ("desk/articles/row 4", "its id is no line of at most 200 characters"),
    ]


def test_text_that_is_no_utf_8_stops_nothing_and_shows_nothing(desk):
    desk.stories({}, {}, columns="id, headline TEXT, published TEXT, section TEXT, body TEXT")
    desk.tell("UPDATE stories SET body = CAST(x'536563726574e9' AS TEXT) WHERE id = 1")
    report = desk.sync()
    assert (report.inserted, len(report.problems)) == (1, 1)
    assert "Secret" not in str(report.problems)


def test_what_was_known_stays_while_its_row_is_broken(desk):
    desk.stories({}, {}, {}, {})
    desk.sync()
    desk.tell("UPDATE stories SET body = x'ff'")
    report = desk.sync()
    assert (report.withdrawn, len(desk.live()), len(report.problems)) == (0, 4, 4)


def test_rows_that_come_long_after_their_article_are_left_out_and_told(desk):
    desk.stories(*({} for _ in range(600)))
    desk.set_up(
        query="""
        SELECT id, headline, published, body, section FROM stories
        UNION ALL SELECT id, headline, published, body, 'culture' FROM stories WHERE id < 15
    """
    )
    report = desk.sync()
    assert report.inserted == 600
    assert len(report.problems) == 11
    assert any(one.message.startswith("4 more rows come long after") for one in report.problems)


def test_rows_that_changed_in_one_moment_come_together(desk):
    desk.stories(*({"grows": 1} for _ in range(600)))
    desk.set_up(
        query="""
            SELECT id, headline, published, body, section, grows FROM stories
            UNION ALL SELECT id, headline, published, body, 'culture', grows FROM stories ORDER BY id
        """,
        changed="grows",
    )
    assert desk.sync().inserted == 600
    desk.tell("UPDATE stories SET grows = 2")
    report = desk.sync()
    assert (report.unchanged, report.problems) == (600, ())
    assert desk.find("articles/600").article.sections == ("culture", "politics")


def test_an_article_may_be_spread_over_parts_of_the_reading(desk):
    desk.stories(*({"id": number // 3} for number in range(3, 3_003)))
    for section in ("culture", "briefs"):
        remainder = 1 if section == "culture" else 2
        desk.tell("UPDATE stories SET section = :section WHERE (rowid - 1) % 3 = :remainder",
                  {"section": section, "remainder": remainder})  # fmt: skip
    report = desk.sync()
    assert (report.inserted, report.problems) == (1_000, ())
    assert all(
        desk.find(f"articles/{number}").article.sections == ("briefs", "culture", "politics")
        for number in (1, 166, 167, 333, 334, 500, 501, 1_000)
    )


def test_a_query_that_writes_is_refused(desk, tmp_path):
    desk.stories({})
    for query in ("DELETE FROM stories RETURNING *", "UPDATE stories SET id = 1", "-- SELECT\nDROP TABLE x"):
        desk.set_up(query=query)
        with pytest.raises(SourceError, match="source desk: `query` is no SELECT, and a source is only read"):
            desk.sync()
    desk.set_up(query="WITH x AS (SELECT 1) DELETE FROM stories RETURNING *")
    with pytest.raises(SourceError, match="source desk: `query`"):
        desk.sync()
    connection = sqlite3.connect(tmp_path / "newsroom.db")
    assert connection.execute("SELECT count(*) FROM stories").fetchone() == (1,)
    connection.close()


def test_the_file_is_opened_to_read_alone(desk):
    desk.stories({})
    database = Database(desk.settings, desk.newsroom.time_zone)
    with pytest.raises(sa.exc.OperationalError, match="readonly"):
        database._open().execute(sa.text("DELETE FROM stories"))
    database.close()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "no database is named; set STANDFIRST_SOURCE_DESK to sqlite:///FILE"),
        ("not an address hunter2", "STANDFIRST_SOURCE_DESK is no database address; write sqlite:///FILE"),
        (
            "postgresql://u:p@hunter2/wd@h/d",
            "password in STANDFIRST_SOURCE_DESK has an @ or a / in it; write %40",
        ),
        (
            "mysql://u:p@hunter2@h/d",
            "the password in STANDFIRST_SOURCE_DESK has an @ or a / in it; write %40",
        ),
        ("postgresql://u:hunter2@h:port/d", "STANDFIRST_SOURCE_DESK is no database address"),
        ("oracle://u:hunter2@h/d", "is the address of no database that is read"),
        ("sqlite:///nowhere/hunter2.db", "its file is not there, or may not be read"),
        ("sqlite:///hunter2.txt", "its file is no SQLite database"),
        ("sqlite://", "STANDFIRST_SOURCE_DESK names no file; write sqlite:///FILE"),
    ],
)
def test_an_address_that_is_wrong_is_told_and_never_shown(desk, tmp_path, address, message):
    Path(tmp_path / "hunter2.txt").write_text("hunter2 " * 999)
    desk.set_up(secret=address)
    with pytest.raises(SourceError) as caught:
        desk.sync()
    assert str(caught.value).startswith("source desk: ")
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None or "hunter2" not in repr(caught.value.__cause__)


def test_a_relative_file_is_beside_newsroom_toml(desk):
    desk.stories({})
    desk.set_up(secret="sqlite:///newsroom.db")
    assert desk.sync().inserted == 1


def test_a_source_that_is_empty_is_held(desk):
    desk.stories({}, {})
    desk.sync()
    desk.tell("DELETE FROM stories")
    assert desk.sync().held
    assert len(desk.live()) == 2


def test_a_hostile_row_is_an_ordinary_one(desk):
    id_ = "../../etc'; DROP TABLE stories; --"
    desk.stories(
        {"id": id_, "headline": "<script>alert(1)</script>\x00\u202e", "url": "/x",
         "body": "<p onclick=x>Hello<script>bad()</script><iframe>"},
        {"url": "javascript:alert(1)"},
    )  # fmt: skip
    report = desk.sync()
    assert [one.message for one in report.problems] == [
        "not an address; write it with https://, or from / on"
    ]
    one = desk.find(f"articles/{id_}").article
    assert (one.headline, one.body.html) == ("<script>alert(1)</script>", "<p>Hello</p>")


def test_an_old_picture_is_not_fetched_and_nobody_is_warned(desk):
    desk.stories({"image_url": "/a.jpg", "image_alt": "A bridge", "published": "2025-01-01"})
    report = desk.sync()
    assert (report.inserted, report.problems) == (1, ())


def test_a_picture_is_asked_for_at_its_whole_address(desk, monkeypatch):
    asked = []

    def get(self, address, **_):
        asked.append(address)
        raise SourceError("not today")

    monkeypatch.setattr("newsroom.web.Web.get", get)
    desk.stories({"image_url": "/a.jpg", "image_alt": "A bridge"})
    report = desk.sync()
    assert (report.inserted, len(report.problems)) == (1, 1)
    assert asked == ["https://quay.example/a.jpg"]


def test_pictures_may_be_on_a_private_machine_that_the_table_names_and_on_no_other(desk, monkeypatch):
    asked = []

    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr("time.sleep", lambda _: None)
    desk.stories({"image_url": "/a.jpg", "image_alt": "A bridge"})
    with Loopback(Pictures) as named, Loopback(Pictures) as other:
        desk.set_up(url=named.url)
        desk.sync()
        desk.set_up(url=other.url)
        desk.stories({"id": "2", "image_url": f"{named.url}/b.jpg", "image_alt": "A bridge"})
        (problem,) = desk.sync().problems
    assert asked == ["/a.jpg"]
    assert "a host that is not trusted" in problem.message


_THEIRS = """
CREATE TABLE sections (id INTEGER, slug TEXT);
INSERT INTO sections VALUES (1, 'city-hall'), (2, 'culture');
CREATE TABLE articles (id INTEGER, headline, intro, html, published_at, modified_at, section_id, byline,
                       address, premium, status);
INSERT INTO articles VALUES
    (1, 'A bridge', 'Open at last.', '<p>It is open.</p>', '2026-03-10 06:00', '2026-03-10 06:01', 1, 'Jo',
     'https://quay.example/bridge', 1, 'published'),
    (2, 'A play', NULL, '<p>It was good.</p>', '2026-03-10 06:00', '2026-03-10 06:02', 2, NULL, '/play', 0,
     'published');
CREATE TABLE bookings (id INTEGER, title, starts, ends, client, landing_page, paid_for);
INSERT INTO bookings VALUES (1, 'A dry cellar', '2026-03-01', '2026-03-31', 'Kade Bank', '/cellar', 1);
"""


def test_what_the_documents_show_can_be_pasted(desk, tmp_path):
    blocks = re.findall("```toml\n(.*?)```", Path("docs/sources/sql.md").read_text("utf-8"), re.DOTALL)
    (table,) = tomllib.loads("".join(blocks))["source"]
    connection = sqlite3.connect(tmp_path / "newsroom.db")
    connection.executescript(_THEIRS)
    connection.close()
    read = SourceTable.model_validate(table)
    desk.set_up(
        **{name: getattr(read, name) for name in ("query", "bookings", "changed", "access", "sections")}
    )
    report = desk.sync()
    assert (report.inserted, report.problems) == (3, ())
    assert desk.find("articles/1").article.access is Access.PAID
    assert desk.find("articles/2").article.access is Access.FREE
    assert desk.find("bookings/1").article.booking.sponsor == "Kade Bank"
    desk.tell("UPDATE articles SET status = 'draft', modified_at = '2026-03-10 12:00' WHERE id = 1")
    assert desk.sync().withdrawn == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"published": None},
        {"headline": ""},
        {"url": "javascript:alert(1)"},
        {"section": "nowhere"},
        {"rank": "first"},
        {"published": 10**16 * 9.0},
    ],
)
@pytest.mark.parametrize("how", ["withdrawn", "draft"])
def test_what_is_taken_back_needs_no_more_than_its_id(desk, how, wrong):
    usual = {how: 0, "url": None, "rank": None}
    desk.stories(usual, usual)
    desk.sync()
    desk.stories({**usual, how: 1, **wrong}, usual)
    report = desk.sync()
    assert (report.withdrawn, report.problems) == (1, ())
    assert desk.live() == {"articles/2"}


def test_a_date_of_change_that_is_to_come_hides_no_later_change(desk):
    desk.set_up(query="SELECT * FROM stories", changed="grows", full_every=DAY)
    stories = [{"grows": f"2026-03-0{number} 06:00:00", "withdrawn": 0} for number in (1, 2, 3)]
    desk.stories({**stories[0], "grows": "2199-01-01 06:00:00"}, *stories[1:])
    (problem,) = desk.sync().problems
    assert (problem.severity, "1 rows have a date in grows that is still to come" in problem.message) == (
        "warning",
        True,
    )
    desk.tell("UPDATE stories SET withdrawn = 1, grows = '2026-03-04 06:00:00' WHERE id = 2")
    assert desk.sync().withdrawn == 1
    desk.tell("UPDATE stories SET withdrawn = 1 WHERE id = 1")
    assert desk.sync().withdrawn == 1


def test_a_mark_that_is_still_to_come_is_none(tmp_path, desk):
    desk.stories({"grows": "2026-03-01"}, {"grows": "2026-03-02"})
    database = Database(desk.settings, desk.newsroom.time_zone)
    assert len(list(database.rows("query", QUERY, "grows", "2199-01-01"))) == 2
    assert database.mark == "2026-03-02"
    database.close()


def test_a_new_row_without_a_date_of_change_comes_with_the_next_run(desk):
    desk.set_up(query="SELECT * FROM stories", changed="grows", full_every=DAY)
    desk.stories({"grows": "2026-03-01 06:00:00"})
    desk.sync()
    desk.tell("INSERT INTO stories SELECT 2, headline, published, section, body, NULL FROM stories")
    assert desk.sync().inserted == 1


def test_a_query_has_no_more_time_than_the_settings_give(desk):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000)"
    desk.stories({})
    query = f"{endless} SELECT s.*, (SELECT max(x) FROM n) AS rank FROM stories s"  # noqa: S608 - ours
    desk.set_up(query=query, timeout=0.3)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="did not answer in time; look at its load, or raise `timeout`"):
        desk.sync()
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("wrong", [{"published": "soon"}, {"headline": ""}, {"published": 10**16 * 9.0}])
def test_what_cannot_be_used_is_open_to_no_more_than_it_says(desk, wrong):
    desk.stories({"access": "free"}, {"access": "free"}, {"access": "registered"})
    desk.sync()
    desk.stories({"access": "paid", **wrong}, {"access": "free", **wrong}, {"access": "free", **wrong})
    for _ in range(2):
        report = desk.sync()
        assert (len(report.problems), report.withdrawn) == (3, 0)
        access = [desk.find(f"articles/{number}").article.access for number in (1, 2, 3)]
        assert access == [Access.PAID, Access.FREE, Access.REGISTERED]
    assert desk.find().article.headline == "The bridge reopens"
    desk.stories({"access": "free"}, {"access": "free"}, {"access": "registered"})
    desk.sync()
    assert desk.find().article.access is Access.FREE


def test_one_mistake_in_the_query_is_one_problem(desk):
    desk.stories(*[{"access": "premium"}] * 3)
    (problem,) = desk.sync().problems
    assert problem.place == "desk/articles/1"
    assert problem.message.startswith('the column access has "premium" in 3 rows, this one first, and')


@pytest.mark.parametrize("wrong", ["headline = ''", "published = '-'", "section = x'ff'"])
def test_a_row_that_cannot_be_used_is_named_by_every_run(desk, wrong):
    desk.set_up(changed="grows", full_every=DAY)
    desk.stories(*[{"grows": f"2026-03-0{number} 06:00:00"} for number in (1, 2, 3)])
    desk.sync()
    desk.tell(f"UPDATE stories SET {wrong}, grows = '2026-03-04 06:00:00' WHERE id = 1")  # noqa: S608 - ours
    desk.tell("UPDATE stories SET body = 'New.', grows = '2026-03-05 06:00:00' WHERE id = 2")
    assert [len(desk.sync().problems) for _ in range(3)] == [1, 1, 1]
    desk.tell(
        "UPDATE stories SET headline = 'Mended', published = '2026-03-10', section = 'politics' WHERE id = 1"
    )
    assert (desk.sync().updated, desk.sync().problems) == (1, ())


@pytest.mark.parametrize("changed", ["", "grows"])
def test_where_every_id_is_another_one_nothing_comes_twice(desk, changed):
    desk.set_up(changed=changed, full_every=DAY)
    desk.stories(*[{"grows": "2026-03-01 06:00:00", "url": f"/{number}"} for number in range(6)])
    desk.sync()
    known = desk.live()
    desk.tell("UPDATE stories SET id = 'z' || id, url = url || '-z', grows = '2026-03-02 06:00:00'")
    for full in (True, False, False):
        report = desk.sync(full=full)
        assert "none of its 6 articles" in report.held
        assert (report.inserted, report.withdrawn, desk.live()) == (0, 0, known)
    report = desk.sync(allow_withdrawals=True)
    assert (report.inserted, report.withdrawn, report.held) == (6, 6, "")
    assert desk.live() == {f"articles/z{number}" for number in range(1, 7)}
    assert desk.sync().held == ""


def test_what_is_new_comes_beside_what_is_gone(desk):
    desk.stories({}, {}, {}, {})
    desk.sync()
    desk.tell("DELETE FROM stories WHERE id = 1")
    desk.tell("INSERT INTO stories SELECT id + 10, headline, published, section, body FROM stories")
    report = desk.sync()
    assert (report.inserted, report.withdrawn, report.found) == (3, 1, 6)
