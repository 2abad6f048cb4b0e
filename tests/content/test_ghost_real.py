"""Articles out of a real Ghost into a real store.

It is started by ../shared/cms/ghost.sh beside the checkout; where one that it has started runs already, its
folder is in STANDFIRST_GHOST. conftest.py says when these tests are run.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy.engine import Engine

from content.article import Access
from newsroom.errors import SourceError
from newsroom.ghost_key import parsed_key, token
from tests.content.real_cms import Runs, started

HTML = "<p>Words.</p>"


class Real:
    """A Ghost that runs, and its administrator."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        ids = json.loads((folder / "ids.json").read_text())
        self.keys: dict[str, str] = ids["keys"]
        self.posts: dict[str, str] = ids["posts"]

    def call(self, route: str, body: object = None, method: str = "POST", **query: str) -> Any:
        key = parsed_key(self.keys["admin"])
        assert key is not None
        headers = {"Authorization": f"Ghost {token(*key, time.time())}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        path = f"/ghost/api/admin/{route}/?{urlencode(query)}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 300, text
        return json.loads(text) if text else None

    def put(self, **fields: Any) -> str:
        post = {"status": "published", "html": HTML, "tags": ["News"], **fields}
        return str(self.call("posts", {"posts": [post]}, source="html")["posts"][0]["id"])

    def edit(self, number: str, **fields: Any) -> None:
        one = self.call(f"posts/{number}", method="GET")["posts"][0]
        body = {"posts": [{"updated_at": one["updated_at"], **fields}]}
        self.call(f"posts/{number}", body, "PUT")

    def bulk(self, numbers: list[str], action: str, **meta: Any) -> None:
        """What an editor does to several posts in their list."""
        bulk = {"bulk": {"action": action, "meta": meta}}
        self.call("posts/bulk", bulk, "PUT", filter=f"id:[{','.join(numbers)}]")

    def rename(self, slug: str, name: str, new_slug: str) -> None:
        one = self.call(f"tags/slug/{slug}", method="GET")["tags"][0]
        tags = [{"name": name, "slug": new_slug, "updated_at": one["updated_at"]}]
        self.call(f"tags/{one['id']}", {"tags": tags}, "PUT")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    if running := os.environ.get("STANDFIRST_GHOST"):
        settings = json.loads((Path(running) / "ghost" / "config.development.json").read_text())
        yield Real(Path(running), settings["server"]["port"])
        return
    folder = tmp_path_factory.mktemp("ghost")
    for port in started("ghost", folder, 900):
        yield Real(folder, port)


class Run(Runs):
    """Runs of a newsroom that has this Ghost."""

    def __init__(self, real: Real, engine: Engine, root: Path, **settings: Any) -> None:
        super().__init__(
            engine, root, "ghost", url=real.url, **{"sections": {"news": "politics"}, **settings}
        )

    def live(self) -> set[str]:
        return self.numbers()


@pytest.fixture(params=["stranger", "editor"])
def run(real: Real, engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    admin = real.keys["admin"] if request.param == "editor" else ""
    return Run(real, engine, tmp_path, secret=real.keys["content"], admin_secret=admin)


def test_every_awkward_post_as_it_should_be(real: Real, run: Run) -> None:
    run.sync()
    posts = real.posts
    hidden = {posts["draft"], posts["scheduled"]}
    assert run.live() >= {posts[name] for name in ("public", "paid", "paid_wall", "entities", "featured")}
    assert not run.live() & hidden
    is_editor = bool(run.settings.admin_secret)
    assert run.article(posts["entities"]).headline == 'A & B <em>x</em> "q" \'s – <tag> 5 < 6 😀 𝒜 日本'
    public = run.article(posts["public"])
    assert (public.access, public.sections, public.teaser) == (
        Access.FREE,
        ("politics",),
        "Hand-written excerpt",
    )
    assert public.body.html == "<p>Public body 😀 𝒜 &amp; co</p>" and public.authors == ("Owner One",)
    assert public.image is not None
    assert (public.image.alt, public.image.caption) == ("Alt text", "Caption by Ana & co")
    assert (run.article(posts["members"]).access, run.article(posts["members"]).tags) == (
        Access.REGISTERED,
        ("internal", "news"),
    )
    paid = run.article(posts["paid"])
    assert (paid.access, paid.teaser, paid.opening) == (Access.PAID, "Paid custom excerpt", "")
    assert paid.body.html == ("<p>Paid secret body</p>" if is_editor else "")
    assert run.article(posts["paid_noexcerpt"]).teaser == ""
    walled = run.article(posts["paid_wall"])
    assert walled.opening == "<p>Free preview text.</p>"
    assert ("PAID SECRET" in walled.body.html) is is_editor
    assert "PAID SECRET" in run.article(posts["public_wall"]).body.html
    assert "<script" not in run.article(posts["featured"]).body.html
    assert not run.article(posts["featured"]).pinned


def test_flags_tiers_and_blocks_for_members(real: Real, run: Run) -> None:
    tier = real.call("tiers", method="GET", filter="type:paid")["tiers"][0]
    block = "<!--kg-card-begin: html--><div>Members alone</div><!--kg-card-end: html-->"
    number = real.put(
        title="For a tier",
        visibility="tiers",
        tiers=[{"id": tier["id"]}],
        tags=["News", "#digest-lead", "#sensitive"],
        html=f"<p>Open.</p>{block}",
    )
    gated = {
        "type": "html",
        "version": 1,
        "html": "<div>Members alone</div>",
        "visibility": {
            "web": {"nonMember": False, "memberSegment": "status:-free"},
            "email": {"memberSegment": "status:-free"},
        },
    }
    root = {"children": [gated], "direction": "ltr", "format": "", "indent": 0, "type": "root", "version": 1}
    free = real.call(
        "posts", {"posts": [{"title": "Free", "status": "published", "lexical": json.dumps({"root": root})}]}
    )
    run.sync()
    article = run.article(number)
    assert (article.access, article.products) == (Access.PAID, {tier["slug"]})
    assert (article.pinned, article.sensitive, article.tags) == (
        True,
        True,
        ("digest-lead", "news", "sensitive"),
    )
    assert "Members alone" not in run.article(free["posts"][0]["id"]).body.html


def test_edits_and_removals_are_seen_by_the_next_run(real: Real, run: Run) -> None:
    names = ("edited", "moved", "draft", "bulk", "deleted", "closed", "sold")
    posts = {name: real.put(title=f"To be {name}") for name in names}
    run.sync()
    assert set(posts.values()) <= run.live()
    assert run.sync().found == 0
    real.edit(posts["edited"], title="Edited & <told>")
    # None of these moves the post's date.
    real.edit(posts["moved"], tags=["Elsewhere"])
    real.bulk([posts["bulk"]], "unpublish")
    real.bulk([posts["sold"]], "access", visibility="paid")
    real.edit(posts["draft"], status="draft")
    real.call(f"posts/{posts['deleted']}", method="DELETE")
    real.edit(posts["closed"], visibility="members")
    run.sync()
    assert run.live() & set(posts.values()) == {posts[name] for name in ("edited", "moved", "closed", "sold")}
    assert run.article(posts["edited"]).headline == "Edited & <told>"
    assert run.article(posts["moved"]).sections == ("culture",)
    assert run.article(posts["closed"]).access is Access.REGISTERED
    assert run.article(posts["sold"]).access is Access.PAID
    assert run.sync().found == 0


def test_a_tag_with_another_name_and_what_comes_dated_back(real: Real, run: Run) -> None:
    stamp = f"t{time.monotonic_ns()}"
    number = real.put(title="Tagged", tags=[stamp])
    run.sync()
    assert run.article(number).tags == (stamp,)
    real.rename(stamp, "News again", f"{stamp}-again")
    run.sync()
    assert run.article(number).tags == (f"{stamp}-again",)
    backdated = real.put(title="Of old", published_at="2020-01-01T00:00:00.000Z")
    run.sync()
    assert backdated in run.live()
    assert run.later().withdrawn == 0


def test_a_planned_post_is_seen_when_it_comes(real: Real, run: Run) -> None:
    planned = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    number = real.put(title="Planned", status="scheduled", published_at=planned)
    run.sync()
    assert number not in run.live()
    real.edit(number, status="published", published_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    run.sync()
    assert number in run.live()


@pytest.mark.parametrize(
    ("name", "value"), [("secret", "0" * 26), ("admin_secret", f"{'0' * 24}:{'0' * 64}")]
)
def test_a_wrong_key(real: Real, engine: Engine, tmp_path: Path, name: str, value: str) -> None:
    run = Run(real, engine, tmp_path, **{"secret": real.keys["content"], name: value})
    with pytest.raises(SourceError, match=r"the key is not taken \(40[13], \w+\)"):
        run.sync()
    assert run.live() == set()
