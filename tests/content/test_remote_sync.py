"""A source that is asked for a part of its articles at a time, and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content import catalogue, holdings, store
from content.article import Access, StoredArticle
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from tests import samples
from tests.content.pictures import picture
from tests.content.remote import Far
from tests.servers.http import Answer, HttpServer

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Wire:
    """A newsroom and its far source."""

    def __init__(self, engine: Engine, root: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.engine = engine
        self.public = root / "public"
        self.settings = SourceSettings("site", "wordpress", url="https://quay.example", **settings)
        self.newsroom = samples.newsroom()
        self.far = Far(self.settings, self.newsroom)
        self.now = NOW
        monkeypatch.setattr("content.sync.remote_source_for", lambda *_: self.far)

    def sync(self, after: timedelta = timedelta(minutes=5), **wish: Any) -> SyncReport:
        self.now += after
        return sync_source(self.engine, self.settings, self.newsroom, self.public, self.now, Wish(**wish))

    def find(self, name: str) -> StoredArticle:
        with reading(self.engine) as connection:
            (one,) = catalogue.find(connection, name)
        return one

    def live(self) -> set[str]:
        with reading(self.engine) as connection:
            return {
                reference.rpartition("/")[2] for _, reference in holdings.live_references(connection, "site")
            }


@pytest.fixture
def wire(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(engine, tmp_path, monkeypatch)


def test_what_changed_is_read_and_nothing_else(wire: Wire) -> None:
    for name in "abcde":
        wire.far.put(name)
    report = wire.sync()
    assert (report.inserted, report.found, report.problems) == (5, 5, ())
    wire.far.reads.clear()
    assert wire.sync().found == 0
    wire.far.put("b", html="<p>Other words.</p>")
    report = wire.sync()
    assert (report.updated, wire.far.reads) == (1, ["posts/b"])
    assert wire.far.passes == [True, False, False]
    assert wire.find("b").article.body.html == "<p>Other words.</p>"
    assert wire.find("b").article.id == "tag:quay.example,2026:site/posts/b"


def test_a_full_pass_now_and_then_sees_what_is_gone(wire: Wire) -> None:
    for name in "abcde":
        wire.far.put(name)
    wire.sync()
    del wire.far.items["c"]
    assert wire.sync().withdrawn == 0
    report = wire.sync(DAY)
    assert (report.withdrawn, report.unchanged) == (1, 4)
    assert wire.live() == set("abde")
    wire.far.put("c")
    assert wire.sync().restored == 1


def test_what_is_there_as_it_was_need_not_be_given_again(wire: Wire) -> None:
    for name in "abcde":
        wire.far.put(name)
    wire.sync()
    wire.far.same = set("abcx")
    del wire.far.items["d"]
    report = wire.sync(DAY)
    assert (report.found, report.unchanged, report.withdrawn) == (4, 4, 1)
    assert wire.live() == set("abce")


def test_a_full_pass_that_is_asked_for_takes_nothing_as_known(wire: Wire) -> None:
    wire.far.put("a")
    wire.sync()
    wire.sync(DAY)
    assert wire.far.noted == {"passes": 1}
    wire.sync(full=True)
    assert wire.far.noted == {}


def test_what_the_source_takes_back_is_withdrawn_at_once(wire: Wire) -> None:
    for name in "abc":
        wire.far.put(name)
    wire.sync()
    wire.far.changed.add("b")
    del wire.far.items["b"]
    assert wire.sync().withdrawn == 1
    assert wire.sync().withdrawn == 0


@pytest.mark.parametrize("left", [0, 2])
def test_a_source_that_has_lost_most_is_held(wire: Wire, left: int) -> None:
    for name in "abcdef":
        wire.far.put(name)
    wire.sync()
    wire.far.items = {name: item for name, item in wire.far.items.items() if name in "ab"[:left]}
    report = wire.sync(DAY)
    assert report.held and report.withdrawn == 0
    assert wire.live() == set("abcdef")
    assert wire.sync(allow_withdrawals=True).withdrawn == 6 - left


def test_a_failure_in_the_middle_keeps_what_came_and_says_how_old_it_is(wire: Wire) -> None:
    wire.far.put("a")
    wire.sync()
    for name in "bcde":
        wire.far.put(name)
    wire.far.fails_after = 1
    with pytest.raises(
        SourceError, match="500; look at its log; its articles are as of 2026-03-10 12:05 UTC"
    ):
        wire.sync()
    assert wire.live() == set("abc")
    wire.far.fails_after = None
    assert wire.sync().inserted == 2


def test_one_that_is_gone_for_good_is_remembered_as_such(wire: Wire) -> None:
    wire.far.put("a")
    wire.sync()
    wire.far.is_gone = True
    for _ in range(2):
        with pytest.raises(SourceError, match=r"gone for good \(410\); its articles are as of .* 12:05 UTC"):
            wire.sync()
    assert wire.far.noted == {"passes": 2}
    assert wire.live() == {"a"}
    with reading(wire.engine) as connection:
        assert store.source_state(connection, "site").last_error.endswith("(410)")


def test_other_settings_are_a_reason_for_a_full_pass(wire: Wire) -> None:
    wire.far.put("a")
    wire.sync()
    wire.settings = replace(wire.settings, paid=("tag:plus",))
    wire.sync()
    assert wire.far.passes == [True, True]


def test_sections_access_flags_and_the_wall(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(
        engine, tmp_path, monkeypatch,
        sections={"city-hall": "politics"}, access="free",
        paid=("tag:plus", "more"), registered=("category:culture",),
    )  # fmt: skip
    wire.far.put("a", sections=("city-hall", "nowhere", "culture"))
    wire.far.put("b", sections=("nowhere",))
    wire.far.put("c", tags=("plus", "digest-lead", "sensitive", "digest-no"))
    wire.far.put("d", opening="<p>Open.</p>", html="<p>Open.</p><p>Closed words.</p>")
    report = wire.sync()
    assert (report.inserted, dict(report.unplaced), report.problems) == (3, {"nowhere": 1}, ())
    one = wire.find("a").article
    assert (one.sections, one.access) == (("politics", "culture"), Access.REGISTERED)
    one = wire.find("c").article
    assert (one.access, one.pinned, one.sensitive, one.no_digest) == (Access.PAID, True, True, True)
    assert one.tags == ("digest-lead", "digest-no", "plus", "sensitive")
    one = wire.find("d").article
    assert (one.access, one.opening) == (Access.PAID, "<p>Open.</p>")
    wire.far.put("c", sections=("nowhere",))
    assert wire.sync().withdrawn == 1


def test_one_that_cannot_be_used_is_named_and_the_others_go_on(wire: Wire) -> None:
    wire.far.put("a", fields={"headline": ""})
    wire.far.put("b", fields={"published": "31 February"})
    wire.far.put("c")
    wire.far.put("d", fields={"published": ""})
    report = wire.sync()
    assert report.inserted == 1
    assert [one.place for one in report.problems] == ["post a", "post b", "post d"]


def test_another_reference_with_the_same_address_is_the_same_article(wire: Wire) -> None:
    wire.far.put("a")
    wire.sync()
    before = wire.find("a")
    item = wire.far.items.pop("a")
    wire.far.items["z"] = replace(item, reference="posts/z")
    wire.far.changed.add("z")
    report = wire.sync()
    assert (report.inserted, report.moved) == (0, 1)
    after = wire.find(before.article.id)
    assert (after.article.reference, after.revision) == ("posts/z", before.revision)


# Pictures under embargo


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as site:
        yield site


def embargoed(wire: Wire, server: HttpServer, name: str, after: timedelta) -> None:
    published = (NOW + after).isoformat()
    wire.far.put(name, fields={"published": published, "image": {"file": f"{server.url}/{name}.jpg"}})


def files(wire: Wire) -> set[str]:
    return {str(path.relative_to(wire.public)) for path in wire.public.rglob("*") if path.is_file()}


def paths(wire: Wire, name: str) -> set[str]:
    image = wire.find(name).article.image
    assert image is not None
    return {size.path for size in image.sizes}


def waiting_rows(wire: Wire) -> int:
    with reading(wire.engine) as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM waiting_pictures")).scalar_one())


def test_an_embargos_picture_is_published_with_it_though_nobody_lists_it_again(
    wire: Wire, server: HttpServer
) -> None:
    server.answers += [Answer(200, {"Content-Type": "image/jpeg"}, picture())]
    embargoed(wire, server, "a", timedelta(hours=1))
    assert wire.sync().inserted == 1
    assert (files(wire), waiting_rows(wire)) == (set(), 3)
    wire.sync(timedelta(hours=1), dry_run=True, stores=False)
    assert files(wire) == set()
    wire.sync(timedelta(0))
    assert (files(wire), waiting_rows(wire)) == (paths(wire, "a"), 0)
    assert (wire.far.reads, len(server.requests)) == (["posts/a"], 1)


def test_an_embargo_that_is_lifted_early_asks_for_no_picture_again(wire: Wire, server: HttpServer) -> None:
    server.answers += [Answer(200, {"Content-Type": "image/jpeg"}, picture())]
    embargoed(wire, server, "a", timedelta(days=2))
    wire.sync()
    wire.sync(DAY)
    assert (files(wire), waiting_rows(wire)) == (set(), 3)
    embargoed(wire, server, "a", timedelta(days=1))
    wire.sync()
    assert (files(wire), len(server.requests)) == (paths(wire, "a"), 1)


def test_what_is_withdrawn_before_its_time_leaves_no_picture(wire: Wire, server: HttpServer) -> None:
    server.answers += [Answer(200, {"Content-Type": "image/jpeg"}, picture())]
    embargoed(wire, server, "a", timedelta(hours=1))
    wire.sync()
    del wire.far.items["a"]
    wire.far.changed.add("a")
    assert wire.sync().withdrawn == 1
    wire.sync(timedelta(hours=2))
    assert (files(wire), waiting_rows(wire)) == (set(), 0)


def test_a_picture_that_cannot_be_written_at_its_time_is_named_and_waits(
    wire: Wire, server: HttpServer
) -> None:
    server.answers += [Answer(200, {"Content-Type": "image/jpeg"}, picture())]
    embargoed(wire, server, "a", timedelta(hours=1))
    wire.sync()
    wire.public.write_text("in the way")
    (problem,) = wire.sync(timedelta(hours=2)).problems
    assert "its picture cannot be published, and waits" in problem.message
    wire.public.unlink()
    assert wire.sync().problems == ()
    assert files(wire) == paths(wire, "a")


def test_one_deleted_and_made_again_at_its_address_goes_on(wire: Wire) -> None:
    for name in "abc":
        wire.far.put(name)
    wire.sync()
    id_ = wire.find("b").article.id
    del wire.far.items["b"]
    wire.far.put("bb", fields={"url": "https://quay.example/b", "slug": "b"})
    wire.far.changed = {"b", "bb"}
    report = wire.sync()
    assert (report.moved, report.withdrawn) == (1, 0)
    assert wire.live() == {"a", "bb", "c"}
    assert wire.find("b").article.id == id_


def with_rules(wire: Wire, **settings: Any) -> None:
    """The same source and its items, under other rules."""
    items = wire.far.items
    wire.settings = replace(wire.settings, **settings)
    wire.far = Far(wire.settings, wire.newsroom)
    wire.far.items = items


def test_a_change_that_opens_most_of_what_is_closed_is_held_until_somebody_allows_it(wire: Wire) -> None:
    with_rules(wire, access="free", paid=("tag:plus",))
    for name in "abcdef":
        wire.far.put(name, tags=("plus",) if name < "e" else ())
    wire.sync()
    with_rules(wire, paid=("tag:pluss",))
    wire.far.put("g", tags=("plus",))
    for _ in range(2):
        report = wire.sync()
        assert "4 of its 4 articles that are not for everybody would be open" in report.held
        assert {name: wire.find(name).article.access for name in "abcde"} == {
            **dict.fromkeys("abcd", Access.PAID),
            "e": Access.FREE,
        }
        assert wire.live() == set("abcdef")
    with reading(wire.engine) as connection:
        assert "--allow-opening" in store.source_state(connection, "site").held
    report = wire.sync(allow_opening=True)
    assert (report.held, report.updated, report.inserted) == ("", 4, 1)
    assert wire.find("a").article.access is Access.FREE
    assert not wire.sync().held


def test_rules_that_are_mended_open_nothing_and_let_the_rest_come(wire: Wire) -> None:
    with_rules(wire, access="free", paid=("tag:plus",))
    for name in "ab":
        wire.far.put(name, tags=("plus",))
    wire.sync()
    with_rules(wire, paid=("tag:pluss",))
    wire.far.put("c", tags=("plus",))
    assert wire.sync().held
    with_rules(wire, paid=("tag:plus",))
    # As nothing of the pass was remembered.
    wire.far.changed = {"c"}
    report = wire.sync()
    assert (report.held, report.inserted) == ("", 1)
    assert wire.find("c").article.access is Access.PAID


def test_an_article_that_an_editor_opens_is_opened(wire: Wire) -> None:
    with_rules(wire, access="free", paid=("tag:plus",))
    for name in "abc":
        wire.far.put(name, tags=("plus",))
    wire.sync()
    wire.far.put("b", tags=())
    wire.far.put("d")
    report = wire.sync()
    assert (report.held, report.updated, report.inserted) == ("", 1, 1)
    assert wire.find("b").article.access is Access.FREE


def test_of_a_feed_what_is_open_in_the_newest_is_held_against_the_newest(wire: Wire) -> None:
    with_rules(wire, access="free", paid=("tag:plus",))
    wire.far.lists_all = False
    for name in "abcdefgh":
        wire.far.put(name, tags=("plus",))
    wire.sync()
    for name in "ab":
        wire.far.put(name, tags=("other",))
    wire.far.changed = {"a", "b"}
    assert "2 of its 2" in wire.sync().held


def test_a_pass_that_its_source_doubts_stores_nothing_but_what_is_gone(wire: Wire) -> None:
    for name in "abcde":
        wire.far.put(name)
    wire.sync()
    wire.far.doubted = "the site has no x"
    del wire.far.items["b"]
    wire.far.put("a", html="<p>Other words.</p>")
    wire.far.put("f")
    report = wire.sync(DAY)
    assert (report.held, report.withdrawn, report.inserted, report.updated) == ("the site has no x", 1, 0, 0)
    assert wire.live() == set("acde")
    wire.far.changed = {"a", "f"}
    assert wire.sync().held
    assert wire.far.noted == {"passes": 1, "doubted": True}
    assert wire.far.passes[-1] is False
    wire.far.doubted, wire.far.changed = "", {"a", "f"}
    report = wire.sync()
    assert (report.held, report.inserted, report.updated) == ("", 1, 1)
