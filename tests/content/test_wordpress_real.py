"""Articles out of a real WordPress into a real store.

It is started by ../shared/cms/wordpress.sh beside the checkout; conftest.py says when these tests are run.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from sqlalchemy.engine import Engine

from content import store
from content.article import Access
from newsroom.database import writing
from newsroom.errors import SourceError
from tests.content.real_cms import Runs, started


class Real:
    """A WordPress that runs, and its administrator."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.password = (folder / "app_password").read_text().strip()
        self.ids = json.loads((folder / "ids.json").read_text())
        self.posts: dict[str, int] = self.ids["posts"]

    def call(self, route: str, body: object = None, method: str = "POST") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        key = base64.b64encode(f"admin:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        connection.request(method, f"/wp-json/wp/v2/{route}", json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        data = json.loads(answer.read())
        connection.close()
        assert answer.status < 300, data
        return data

    def put(self, **fields: Any) -> int:
        return int(self.call("posts", {"status": "publish", "content": "<p>Words.</p>", **fields})["id"])

    def edit(self, number: int, **fields: Any) -> None:
        self.call(f"posts/{number}", fields)

    def remove(self, number: int, *, for_good: bool = False) -> None:
        self.call(f"posts/{number}{'?force=true' if for_good else ''}", method="DELETE")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("wordpress")
    for port in started("wordpress", folder, 300):
        one = Real(folder, port)
        # The rule names it: where a paid one's tag is not there, nothing is taken.
        one.call("tags", {"name": "premium"})
        yield one


class Run(Runs):
    """Runs of a newsroom that has this WordPress."""

    def __init__(self, real: Real, engine: Engine, root: Path, **settings: Any) -> None:
        wanted = {"sections": {"politics": "politics"}, **settings}
        super().__init__(engine, root, "wordpress", url=real.url, **wanted)

    def live(self) -> set[int]:
        return set(map(int, self.numbers()))


@pytest.fixture(params=["stranger", "editor"])
def run(real: Real, engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    secret = {"user": "admin", "secret": real.password} if request.param == "editor" else {}
    return Run(real, engine, tmp_path, paid=("more", "tag:premium"), access="free", **secret)


def test_every_awkward_post_as_it_should_be(real: Real, run: Run) -> None:
    run.sync()
    posts = real.posts
    hidden = {posts[name] for name in ("password", "future", "draft", "private")}
    assert run.live() >= set(posts.values()) - hidden and not run.live() & hidden
    assert run.article(posts["entities"]).headline == "A & B x “q” ‘s – it’s <tag> 5 < 6 😀 𝒜 日本"
    more = run.article(posts["more"])
    assert (more.opening, more.access) == ("<p>Before the fold.</p>", Access.PAID)
    image = run.article(posts["image"]).image
    assert image is not None and (image.alt, image.caption) == ("Alt text", "Caption by Ana & co")
    assert run.article(posts["image"]).authors == ("Ana Pérez",)
    assert run.article(posts["excerpt"]).teaser == "Manual excerpt & more 😀"
    assert {run.article(posts[name]).teaser for name in ("long", "more", "pages", "entities")} == {""}
    pages = run.article(posts["pages"]).body.html
    assert "Page one." in pages and "Page two." in pages and "<!--" not in pages


def test_more_than_ten_tags_and_nested_categories(real: Real, run: Run) -> None:
    stamp = time.monotonic_ns()
    tags = [real.call("tags", {"name": f"Tag & {stamp} {number}"})["id"] for number in range(12)]
    tags.append(real.call("tags", {"name": f"ZZ {stamp}", "slug": f"zz-{stamp}"})["id"])
    child = real.call("categories", {"name": f"Child {stamp}", "parent": real.ids["cats"][0]})["id"]
    number = real.put(title="Many", tags=tags, categories=[child])
    settings = {"paid": (f"tag:zz-{stamp}",), "access": "free"}
    many = Run(real, run.engine, run.root, **settings)
    many.sync()
    assert many.article(number).access is Access.PAID
    assert many.article(number).sections == ("politics",)


def test_edits_and_removals_are_seen(real: Real, run: Run) -> None:
    names = ("edited", "trashed", "private", "deleted", "closed")
    posts = {name: real.put(title=f"To be {name}") for name in names}
    run.sync()
    assert set(posts.values()) <= run.live()
    assert run.sync().found == 0
    real.edit(posts["edited"], title="Edited &amp; told")
    real.remove(posts["trashed"])
    real.edit(posts["private"], status="private")
    real.remove(posts["deleted"], for_good=True)
    real.edit(posts["closed"], password="s3cret")
    run.sync()
    assert run.live() & set(posts.values()) == {posts["edited"]}
    assert run.article(posts["edited"]).headline == "Edited & told"
    backdated = real.put(title="Of old", date_gmt="2020-01-01T00:00:00")
    run.later()
    assert backdated in run.live()


def test_a_planned_post_is_seen_when_its_moment_has_come(real: Real, run: Run) -> None:
    # What is planned for the coming minute is published at once.
    soon = datetime.now(UTC) + timedelta(seconds=63)
    planned = f"{soon:%Y-%m-%dT%H:%M:%S}"
    coming = real.put(title="Planned", status="future", date_gmt="2035-01-01T00:00:00")
    real.edit(coming, date_gmt=planned)
    run.sync()
    assert coming not in run.live()
    # As if it had been written two days ago.
    with writing(run.engine) as connection:
        state = store.source_state(connection, "site")
        since = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%S}"
        if run.settings.user:
            state.state["source"]["types"]["posts"]["since"] = since
        store.set_source_state(connection, "site", state)
    run.sync()
    assert coming not in run.live()
    time.sleep((soon - datetime.now(UTC)).total_seconds() + 1)
    urlopen(f"{real.url}/wp-cron.php?doing_wp_cron", timeout=30).close()
    assert real.call(f"posts/{coming}", method="GET")["status"] == "publish"
    run.sync()
    assert coming in run.live()


def test_old_ones_that_go_are_seen_at_once_or_by_the_full_pass(real: Real, run: Run) -> None:
    old = [real.put(title=f"Old {number}", date_gmt="2021-01-01T00:00:00") for number in range(2)]
    run.sync()
    real.remove(old[0])
    real.remove(old[1], for_good=True)
    run.sync()
    assert (old[0] in run.live()) is not bool(run.settings.user)
    run.later()
    assert not run.live() & set(old)


def test_a_wrong_password(real: Real, engine: Engine, tmp_path: Path) -> None:
    run = Run(real, engine, tmp_path, user="admin", secret="never right")
    with pytest.raises(SourceError, match="password is not taken"):
        run.sync()
    assert run.live() == set()


def test_a_reader_with_an_account_of_their_own(real: Real, engine: Engine, tmp_path: Path) -> None:
    name = f"reader{time.monotonic_ns()}"
    account = {
        "username": name,
        "email": f"{name}@quay.example",
        "password": "x" * 20,
        "roles": ["subscriber"],
    }
    number = real.call("users", account)["id"]
    secret = real.call(f"users/{number}/application-passwords", {"name": "feeds"})["password"]
    run = Run(real, engine, tmp_path, user=name, secret=secret)
    run.sync()
    assert real.posts["long"] in run.live() and real.posts["draft"] not in run.live()
    assert run.sync().found == 0
