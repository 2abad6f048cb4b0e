"""The WordPress plugin for straight-in links, in a real WordPress whose paywall shows a paragraph alone."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from newsletter.rendering.straight_in import public_keys, signed, with_token
from tests import samples
from tests.content.real_cms import started
from tests.web.gating import LINK_KEYS

PLUGIN = Path(__file__).parents[2] / "deploy" / "wordpress" / "standfirst-straight-in.php"
WHOLE = "Paragraph 3 of story"
WALL = "Subscribe to read on."
THEME = """<?php
while (have_posts()) { the_post(); echo '<article>'; the_content(); echo '</article>'; }
"""
PAYWALL = """<?php
foreach (['template', 'stylesheet'] as $name) {
    add_filter("pre_option_$name", function () { return 'plain'; });
}
add_filter('the_content', function ($text) {
    return preg_replace('~</p>.*~s', '</p>', $text, 1) . '<p>%s</p>';
}, 100);
add_action('standfirst_straight_in_opened', function ($post) {
    file_put_contents(WP_CONTENT_DIR . '/opened.txt', "$post\\n", FILE_APPEND);
});
"""


class _Keys(BaseHTTPRequestHandler):
    keys = LINK_KEYS[1:]
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        body = json.dumps(public_keys(self.keys)).encode()
        self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Blog:
    url: str
    opened: Path
    ids: dict[str, int]

    def forget(self) -> None:
        """As an hour later."""
        httpx2.get(f"{self.url}/?forget=1", timeout=60, trust_env=False)

    def get(self, path: str, token: str = "") -> httpx2.Response:
        address = f"{self.url}{path}"
        return httpx2.get(with_token(address, token) if token else address, timeout=60, trust_env=False)

    def token(self, path: str, key: int = 1, host: str = "", hours: float = 72) -> str:
        teaser = samples.teaser(url=f"{self.url}{path}")
        until = datetime.now(UTC) + timedelta(hours=hours)
        return signed(LINK_KEYS[key], host or self.url.removeprefix("http://"), teaser, frozenset(), until)


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    folder = tmp_path_factory.mktemp("wordpress")
    with HTTPServer(("127.0.0.1", 0), _Keys) as keys:
        threading.Thread(target=keys.serve_forever, daemon=True).start()
        for port in started("wordpress", folder, 300):
            content = folder / "site" / "wp-content"
            config = folder / "site" / "wp-config.php"
            said = f"<?php\ndefine('STANDFIRST_PUBLIC_URL', 'http://127.0.0.1:{keys.server_port}');\n"
            config.write_text(said + config.read_text().removeprefix("<?php"))
            (content / "mu-plugins").mkdir()
            (content / "themes" / "plain").mkdir(parents=True)
            (content / "themes" / "plain" / "style.css").write_text("/* Theme Name: Plain */")
            (content / "themes" / "plain" / "index.php").write_text(THEME)
            shutil.copy(PLUGIN, content / "mu-plugins")
            (content / "mu-plugins" / "paywall.php").write_text(PAYWALL % WALL)
            (content / "mu-plugins" / "forget.php").write_text(
                "<?php add_action('init', function () { if (isset($_GET['forget'])) {"
                " delete_transient('standfirst_straight_in_keys');"
                " delete_transient('standfirst_straight_in_asked'); } });"
            )
            url = f"http://127.0.0.1:{port}"
            # PHP looks at a file again after two seconds.
            time.sleep(3)
            yield Blog(
                url,
                content / "opened.txt",
                json.loads((folder / "ids.json").read_text())["posts"],
            )
        keys.shutdown()


def _path(blog: Blog, name: str) -> str:
    answer = httpx2.get(
        f"{blog.url}/wp-json/wp/v2/posts/{blog.ids[name]}?_fields=link", timeout=60, trust_env=False
    )
    return str(answer.json()["link"]).removeprefix(blog.url)


def test_a_link_opens_its_post_and_no_other(blog: Blog) -> None:
    path, other = _path(blog, "plain13"), _path(blog, "plain14")
    assert WALL in blog.get(path).text
    assert WHOLE not in blog.get(path).text
    page = blog.get(path, blog.token(path))
    assert WHOLE in page.text
    assert WALL not in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in page.headers
    assert blog.opened.read_text().split() == [str(blog.ids["plain13"])]
    wrong = blog.get(other, blog.token(path))
    assert WHOLE not in wrong.text
    assert WALL in wrong.text
    # Nor does the front, or a feed.
    assert WHOLE not in blog.get("/", blog.token(path)).text
    assert WHOLE not in blog.get(f"{path.rstrip('/')}/feed/", blog.token(path)).text


def test_a_password_is_not_asked_for(blog: Blog) -> None:
    path = _path(blog, "password")
    assert "Paragraph 0 of story 2" not in blog.get(path).text
    assert "Paragraph 0 of story 2" in blog.get(path, blog.token(path)).text


def test_what_is_forged_over_or_anothers_opens_nothing(blog: Blog) -> None:
    path = _path(blog, "plain13")
    good = blog.token(path)
    head, said, signature = good.split(".")
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoibDEifQ." + said + "."
    for token in (
        "x",
        "..",
        good[:-4],
        f"{head}.{said}.{signature[::-1]}",
        f"{head}.{said[:-2]}AA.{signature}",
        unsigned,
        blog.token(path, host="evil.example"),
        blog.token(path, hours=-1),
        blog.token(path, hours=24 * 30),
        "a" * 5_000,
        "%00",
    ):
        page = blog.get(path, token)
        assert page.status_code == 200
        assert WHOLE not in page.text
    many = httpx2.get(f"{blog.url}{path}", params={"standfirst[]": good}, timeout=60, trust_env=False)
    assert (many.status_code, WHOLE in many.text) == (200, False)


def test_a_new_key_is_asked_for_once_a_minute(blog: Blog) -> None:
    path = _path(blog, "plain13")
    blog.forget()
    assert WHOLE in blog.get(path, blog.token(path)).text
    asked = _Keys.asked
    _Keys.keys = LINK_KEYS
    assert WHOLE not in blog.get(path, blog.token(path, key=0)).text
    assert _Keys.asked == asked
    blog.forget()
    assert WHOLE in blog.get(path, blog.token(path, key=0)).text
    assert WHOLE in blog.get(path, blog.token(path, key=1)).text
    assert _Keys.asked == asked + 1
