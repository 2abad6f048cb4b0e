"""`init` before a site: what it finds, what it asks, what it writes, and that the next commands work."""

from __future__ import annotations

import io
import json
import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from commands import init_source
from commands.main import main
from newsroom.settings import Settings, load
from tests.commands.terminal import on_a_terminal
from tests.content import ghost_site, pages_site, wordpress_site
from tests.content.ghost_site import CONTENT_KEY

Told = tuple[int, Mapping[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8"}
WHOLE = (
    "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>All of it, to the end, and "
    "no less than that.</content:encoded>"
)
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
CATEGORIES = [
    {"id": 1, "slug": "politics", "name": "Politik &amp; Stadt", "count": 2, "parent": 0},
    {"id": 2, "slug": "elections", "name": "Elections", "count": 1, "parent": 1},
    {"id": 3, "slug": "allgemein", "name": "Allgemein", "count": 1, "parent": 0},
]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


def _wordpress(site: wordpress_site.Site) -> None:
    """The front page and the words on itself that the source has no need of."""

    def meddle(route: str, wish: dict[str, str]) -> Told | None:
        if route == "/" and wish.get("_fields", "").startswith("name,"):
            return wordpress_site.told({"name": "Die Kaje", "timezone_string": "Europe/Berlin"})
        if route == "/" and not wish:
            link = {"Link": f'<{site.url}/wp-json/>; rel="https://api.w.org/"'}
            return 200, {**HTML, **link}, b"<html lang='de-DE'><title>Kaje</title><p>Hallo</p></html>"
        if route.endswith("categories") and "orderby" in wish and wish.get("order") == "desc":
            return wordpress_site.told(CATEGORIES, {"X-WP-TotalPages": "1"})
        return None

    site.meddle = meddle
    now = f"{NOW:%Y-%m-%dT%H:%M:%S}"
    site.put(1, date_gmt=now)
    site.put(2, date_gmt=now, categories=[2], content="<p>Open.</p><!--more--><p>Closed words.</p>")


def _ghost(site: ghost_site.Site, *, with_key: bool = True) -> None:
    key = f"<script data-ghost='{site.url}' data-key='{CONTENT_KEY}'></script>" if with_key else ""
    page = f"<html lang='en'><meta name=generator content='Ghost 6.65'>{key}<p>Hello</p></html>"

    def meddle(path: str, wish: dict[str, str]) -> Told | None:
        if path == "/":
            return 200, HTML, page.encode()
        if wish.get("key") != CONTENT_KEY:
            return None
        if path.endswith("/settings/"):
            return ghost_site.told({"settings": {"title": "The Quay", "lang": "en", "timezone": "Etc/UTC"}})
        if path.endswith("/tags/"):
            tag = {"slug": "politics", "name": "City Hall", "visibility": "public", "count": {"posts": 1}}
            return ghost_site.told({"tags": [tag]})
        return None

    site.meddle = meddle
    site.put(1, tags=[ghost_site.tag("politics")], published_at=NOW.isoformat())


def _pages(site: pages_site.Site) -> None:
    names = ["bridge", "harbour", "ferry"]
    links = "".join(f"<li><h3><a href='/news/{one}'>The {one} story</a></h3></li>" for one in names)
    menu = "<nav><a href='/politics'>Politics</a><a href='/about'>About us</a></nav>"
    site.put("/", f"<html lang=en-GB><title>The Quay</title>{menu}<main><ul>{links}</ul></main></html>")
    site.list("/politics", *names)
    site.put("/about", "<main><p>About us</p></main>")
    for one in names:
        site.article(one, isAccessibleForFree=one == "ferry")


def _feed(site: pages_site.Site, *, path: str = "/feed/", text: str = "") -> None:
    items = "".join(
        f"<item><title>Story {one}</title><link>https://quay.example/{one}</link><guid>{one}</guid>"
        f"<pubDate>{format_datetime(NOW)}</pubDate><category>City Hall</category>"
        f"<description>One sentence of it.</description>{text}</item>"
        for one in range(3)
    )
    rss = f"<rss version='2.0'><channel><title>The Quay</title><language>fr</language>{items}</channel></rss>"
    site.put(path, rss, headers={"Content-Type": "application/rss+xml"})
    link = f"<link rel=alternate type='application/rss+xml' href='{path}'>"
    site.put("/", f"<html>{link}<title>The Quay</title></html>")


def _init(folder: Path, *flags: str) -> int:
    return main(["init", str(folder), *flags])


def _source(folder: Path) -> dict[str, Any]:
    tables = tomllib.loads((folder / "newsroom.toml").read_text(encoding="utf-8"))
    (source,) = tables["source"]
    return dict(source)


def _settings(folder: Path) -> Settings:
    return load(folder / "newsroom.toml", {})


def _next_commands(folder: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what is printed as far as the first look at the edition."""
    monkeypatch.setenv("STANDFIRST_CONFIG", str(folder / "newsroom.toml"))
    lines = [line.partition(" #")[0] for line in said.splitlines() if line.startswith("  python send.py")]
    assert lines[0].strip() == "python send.py sync --dry-run"
    for line in lines[:2]:
        assert main(shlex.split(line)[2:]) == 0
    assert lines[2].strip() == "python send.py preview --open"
    assert main(["preview"]) == 0


def test_a_wordpress_becomes_a_newsroom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new"
    with wordpress_site.Site() as site:
        _wordpress(site)
        assert _init(folder, "--yes", "--site", site.url) == 0
        said = capsys.readouterr().out
        newsroom = _settings(folder).newsroom
        assert (newsroom.name, newsroom.language, newsroom.time_zone.key) == (
            "Die Kaje", "de-DE", "Europe/Berlin",
        )  # fmt: skip
        assert newsroom.sections[0].key == "politik-stadt"
        assert _source(folder) == {
            "key": "site",
            "kind": "wordpress",
            "url": site.url,
            "access": "paid",
            "sections": {"politics": "politik-stadt"},
        }
        assert not (folder / "articles").exists()
        assert "Found WordPress, Die Kaje, de-DE, Europe/Berlin." in said
        assert "      Elections (1)" in said
        assert "left out: Allgemein (1)" in said
        _next_commands(folder, said, monkeypatch)
        assert "articles 2, new 2" in capsys.readouterr().out


def test_a_wordpress_may_have_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    with wordpress_site.Site() as site:
        _wordpress(site)
        flags = ["--yes", "--site", site.url, "--source", "wordpress"]
        assert _init(folder, *flags, "--paid", "category:nowhere") == 2
        assert 'init: --paid: the site has no category "nowhere"' in capsys.readouterr().err
        assert not folder.exists()
        assert _init(folder, *flags, "--paid", "category:Elections,more") == 0
    source = _source(folder)
    assert (source["access"], source["paid"]) == ("free", ["category:elections", "more"])


def test_a_ghost_gives_its_key_and_nobody_sees_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new"
    with ghost_site.Site() as site:
        _ghost(site)
        assert _init(folder, "--yes", "--site", site.url) == 0
        said = capsys.readouterr()
        assert CONTENT_KEY not in said.out + said.err
        assert CONTENT_KEY not in (folder / "newsroom.toml").read_text()
        assert f"STANDFIRST_SOURCE_SITE={CONTENT_KEY}\n" in (folder / "secrets.env").read_text()
        assert (folder / "secrets.env").stat().st_mode & 0o777 == 0o600
        assert _source(folder)["sections"] == {"politics": "city-hall"}
        assert "what Ghost says" in said.out
        _next_commands(folder, said.out, monkeypatch)
        assert "articles 1, new 1" in capsys.readouterr().out


@pytest.mark.parametrize("with_key", [True, False])
def test_without_its_key_a_ghost_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], with_key: bool
) -> None:
    with ghost_site.Site() as site:
        _ghost(site, with_key=with_key)
        assert _init(tmp_path / "new", "--yes", "--site", site.url, "--no-take-key") == 0
        assert all("key" not in wish for wish in site.asked)
    assert "Without its Content API key a Ghost is not read." in capsys.readouterr().out
    assert _source(tmp_path / "new")["kind"] == "folder"
    assert "STANDFIRST_SOURCE" not in (tmp_path / "new" / "secrets.env").read_text()


@pytest.mark.parametrize(
    ("flags", "access"),
    [((), "paid"), (("--paid", "none"), "free"), (("--paid", "all"), "paid")],
)
def test_pages_are_read_by_the_sites_menu(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    access: str,
) -> None:
    folder = tmp_path / "new"
    with pages_site.Site() as site:
        _pages(site)
        assert _init(folder, "--yes", "--site", site.url, *flags) == 0
        source = _source(folder)
        assert source["list"] == [{"url": f"{site.url}/politics", "section": "politics"}]
        assert source["access"] == access
        assert source.get("paid") == (["category:politics"] if "all" in flags else None)
        _next_commands(folder, capsys.readouterr().out, monkeypatch)
        assert "articles 3, new 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "flags", "select"),
    [
        ("", (), {"teaser": "description"}),
        ("", ("--descriptions", "text"), None),
        (WHOLE, (), None),
    ],
)  # fmt: skip
def test_a_feed_is_read_by_its_categories(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    flags: tuple[str, ...],
    select: dict[str, str] | None,
) -> None:
    folder = tmp_path / "new"
    with pages_site.Site() as site:
        _feed(site, text=text)
        assert _init(folder, "--yes", "--site", site.url, "--paid", "category:city hall", *flags) == 0
        source = _source(folder)
        # Its slash stays: without it the site would lead there each time.
        assert source["url"] == f"{site.url}/feed/" == _settings(folder).sources[0].url
        assert source["sections"] == {"City Hall": "city-hall"}
        assert (source["access"], source["paid"]) == ("free", ["category:City Hall"])
        assert source.get("select") == select
        assert _settings(folder).newsroom.language == "fr"
        _next_commands(folder, capsys.readouterr().out, monkeypatch)
        assert "articles 3, new 3" in capsys.readouterr().out


def test_a_feed_with_a_key_in_its_address_is_not_opened(tmp_path: Path) -> None:
    with pages_site.Site() as site:
        _feed(site, path="/feed/?key=abc")
        assert _init(tmp_path / "new", "--yes", "--site", site.url) == 0
    assert "select" not in _source(tmp_path / "new")


def test_the_address_of_a_feed_is_not_the_site(tmp_path: Path) -> None:
    with pages_site.Site() as site:
        _feed(site, path="/rss.xml")
        assert _init(tmp_path / "new", "--yes", "--site", f"{site.url}/rss.xml") == 0
        assert _settings(tmp_path / "new").newsroom.site_url == site.url
        assert _source(tmp_path / "new")["url"] == f"{site.url}/rss.xml"


def _forbidden(site: pages_site.Site) -> None:
    _feed(site)
    site.put("/robots.txt", "User-agent: Standfirst\nDisallow: /", headers={"Content-Type": "text/plain"})


def _nothing(site: pages_site.Site) -> None:
    site.put("/", "<title>The Quay</title><p>Soon.</p>")


def _leads_inside(site: pages_site.Site) -> None:
    site.put("/", "", status=302, headers={"Location": "http://127.0.0.1:1/"})


def _names_inside(site: pages_site.Site) -> None:
    site.put("/", "<link rel=alternate type='application/rss+xml' href='http://127.0.0.1:1/feed'>")


def _picture(site: pages_site.Site) -> None:
    site.put("/", b"GIF89a", headers={"Content-Type": "image/gif"})


def _bare_articles(site: pages_site.Site) -> None:
    site.put("/", "<main><h2><a href='/2026/03/10/bridge'>The bridge</a></h2></main>")
    site.put("/2026/03/10/bridge", "<h1>The bridge</h1><p>Words.</p>")


@pytest.mark.parametrize(
    ("dress", "reason"),
    [
        (_forbidden, "its robots.txt does not allow Standfirst there"),
        (_nothing, "Neither WordPress, Ghost, a feed nor articles are there."),
        (_leads_inside, "port 1 of a host that is not trusted"),
        (_names_inside, "port 1 of a host that is not trusted"),
        (_picture, "it is no page (image/gif)"),
        (_bare_articles, "its pages do not say to machines that they are articles"),
        (lambda site: site.put("/", "", status=403), "refused (403)"),
    ],
)
def test_what_cannot_be_read_is_said_and_a_folder_it_is(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    dress: Callable[[pages_site.Site], None],
    reason: str,
) -> None:
    with pages_site.Site() as site:
        dress(site)
        assert _init(tmp_path / "new", "--yes", "--site", site.url) == 0
    said = capsys.readouterr().out
    assert reason in said
    assert "The articles come from a folder for now" in said
    assert _source(tmp_path / "new")["kind"] == "folder"
    assert (tmp_path / "new" / "articles").is_dir()


def test_an_unreachable_site_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _init(tmp_path / "new", "--yes", "--site", "http://127.0.0.1:9") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Looking at http://127.0.0.1:9 ..."
    assert lines[1].startswith("  http://127.0.0.1:9: the connection is refused")
    assert lines[2].startswith("Made ")


@pytest.mark.parametrize(
    "flags", [("--no-look",), ("--source", "folder"), ("--source", "none"), ("--site", "https://x.example")]
)
def test_nobody_is_asked_who_need_not_be(tmp_path: Path, flags: tuple[str, ...]) -> None:
    folder = tmp_path / "new"
    with pages_site.Site() as site:
        _feed(site)
        assert _init(folder, "--yes", *(() if "--site" in flags else ("--site", site.url)), *flags) == 0
        assert site.asked == []
    kinds = [one.kind for one in _settings(folder).sources]
    assert kinds == ["folder"]
    assert bool(list(folder.glob("articles/*/welcome.md"))) == ("none" not in flags)


def test_without_a_look_the_table_is_what_is_said(tmp_path: Path) -> None:
    flags = ["--yes", "--no-look", "--site", "https://quay.example", "--sections", "Harbour"]
    assert _init(tmp_path / "a", *flags, "--source", "wordpress", "--paid", "more") == 0
    source = _source(tmp_path / "a")
    assert (source["url"], source["paid"], source["section"]) == (
        "https://quay.example", ["more"], "harbour",
    )  # fmt: skip
    url = "https://quay.example/feed/"
    assert _init(tmp_path / "b", *flags, "--source", "feed", "--source-url", url) == 0
    assert _source(tmp_path / "b")["url"] == url
    assert _init(tmp_path / "c", *flags, "--source", "pages") == 0
    assert _source(tmp_path / "c")["list"] == [{"url": "https://quay.example", "section": "harbour"}]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--yes", "--source", "drupal"), '--source: "drupal" is no kind of source'),
        (("--yes", "--source-url", "http://a b/"), "--source-url: not a web address"),
        (("--yes", "--source", "wordpress"), "--site: missing; --source wordpress needs it"),
        (("--yes", "--site", "https://x.example", "--paid", "some"), '--paid: "some" is no rule'),
        (("--yes", "--site", "https://x.example", "--source", "ghost", "--paid", "all"), "--paid: Ghost"),
        (("--yes", "--no-look", "--source", "feed", "--site", "https://x.example"), "--source-url: missing"),
        (("--yes", "--no-look", "--source", "ghost", "--site", "https://x.example"), "--no-look: a Ghost's"),
        (("--source", "wordpress", "--site", "https://x.example"), "--paid: missing, and nobody is here"),
        (("--source", "ghost", "--site", "https://x.example"), "--take-key: missing, and nobody is here"),
        (("--paid", "all", "--site", "https://x.example"), "--source: missing, and nobody is here"),
    ],
)  # fmt: skip
def test_wrong_and_missing_flags_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], reason: str
) -> None:
    assert _init(tmp_path / "new", *flags) == 2
    assert f"init: {reason}" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_flags_alone_do_without_anybody(tmp_path: Path) -> None:
    flags = {
        "--name": "X", "--sections": "News", "--zone": "UTC", "--at": "6:00", "--days": "daily",
        "--language": "en", "--sender": "d@x.example", "--postal-address": "Graslei 1",
    }  # fmt: skip
    words = [word for pair in flags.items() for word in pair]
    with wordpress_site.Site() as site:
        _wordpress(site)
        assert _init(tmp_path / "old", *words, "--site", site.url) == 0
        # As before there was a look: a folder, and nobody asked.
        assert site.asked == []
        assert _source(tmp_path / "old")["kind"] == "folder"
        said = ["--site", site.url, "--source", "wordpress", "--paid", "all"]
        assert _init(tmp_path / "new", *words, *said) == 0
    assert _source(tmp_path / "new")["kind"] == "wordpress"
    assert _source(tmp_path / "new")["section"] == "news"


def test_somebody_at_a_terminal_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with wordpress_site.Site() as site:
        _wordpress(site)
        answers = [site.url, "drupal", "wordpress", "", "Stadt, politik & stadt"]
        answers += ["category:no", "category:elections", "", "", "", "", ""]
        said = on_a_terminal(folder, [*answers, "Graslei 1", ""])
    for words in (
        "Read the articles from it as (wordpress, folder, none) [wordpress]",
        "is no kind of source",
        *("[Die Kaje]", "[Politik & Stadt]", "[Europe/Berlin]", "[de-DE]"),
        "Which articles are paid?",
        'no category "no"',
    ):
        assert words in said
    source = _source(folder)
    assert (source["access"], source["paid"]) == ("free", ["category:elections"])
    assert source["sections"] == {"politics": "politik-stadt"}


def test_somebody_may_have_something_else(tmp_path: Path) -> None:
    with ghost_site.Site() as site:
        _ghost(site)
        said = on_a_terminal(tmp_path / "new", [site.url, "folder", *[""] * 7, "Graslei 1", ""])
        assert all("key" not in wish for wish in site.asked)
    assert "Take the Content API key" not in said
    assert _source(tmp_path / "new")["kind"] == "folder"


def test_somebody_lets_the_key_be_taken(tmp_path: Path) -> None:
    with ghost_site.Site() as site:
        _ghost(site)
        said = on_a_terminal(tmp_path / "new", [site.url, "", "y", *[""] * 7, "Graslei 1", "y"])
    assert "Take the Content API key that its pages carry, into secrets.env" in said
    assert CONTENT_KEY not in said
    assert _settings(tmp_path / "new").sources[0].secret == CONTENT_KEY
    assert "open articles on the site without signing in" in said
    assert _settings(tmp_path / "new").straight_in.on


def test_a_key_is_typed_unseen_and_again_where_it_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed, hidden = ["no key", f" {CONTENT_KEY} "], []

    def prompt(words: str, **how: Any) -> str:
        hidden.append(how["hide_input"])
        return typed.pop(0)

    monkeypatch.setattr(init_source.typer, "prompt", prompt)
    assert init_source._typed_key() == CONTENT_KEY
    assert hidden == [True, True]
    assert "That is no Content API key" in capsys.readouterr().out


def test_what_a_site_says_is_toml_whatever_it_is(tmp_path: Path) -> None:
    evil = 'Ev"il\\ ]\n[[source]] {{ 7 * 7 }} رصيف\x7f'
    with wordpress_site.Site() as site:
        _wordpress(site)
        usual = site.meddle

        def meddle(route: str, wish: dict[str, str]) -> Told | None:
            if route == "/" and wish.get("_fields", "").startswith("name,"):
                return wordpress_site.told({"name": evil, "timezone_string": evil})
            if route.endswith("categories") and wish.get("order") == "desc":
                return wordpress_site.told([{**CATEGORIES[0], "slug": evil, "name": evil}])
            return usual(route, wish)

        site.meddle = meddle
        assert _init(tmp_path / "new", "--yes", "--site", site.url) == 0
    settings = _settings(tmp_path / "new")
    assert len(settings.sources) == 1
    assert json.dumps(evil)[1:5] in json.dumps(settings.newsroom.name)


def test_a_mistyped_rule_opens_no_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pages_site.Site() as site:
        _feed(site)
        assert _init(tmp_path / "new", "--yes", "--site", site.url, "--paid", "category:citty-hall") == 2
    said = capsys.readouterr().err
    assert 'init: --paid: no article in the feed has the category "citty-hall"; allowed: City Hall' in said
    assert not (tmp_path / "new").exists()


def test_a_rule_for_a_ghost_is_refused_though_nobody_said_that_it_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ghost_site.Site() as site:
        _ghost(site)
        for rule in ("all", "tag:premum"):
            assert _init(tmp_path / "new", "--yes", "--site", site.url, "--paid", rule) == 2
            assert "init: --paid: Ghost says itself who may read a post" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_no_ghost_is_found_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pages_site.Site() as site:
        _feed(site)
        assert _init(tmp_path / "new", "--yes", "--site", site.url, "--source", "ghost") == 0
    said = capsys.readouterr().out
    assert "no Ghost's Content API is there" in said or "not found (404)" in said
    assert "Found Ghost" not in said
    with ghost_site.Site() as site:
        _ghost(site)
        page = b"<html><title>The Quay</title></html>"
        known = site.meddle

        def hidden(path: str, wish: dict[str, str]) -> Told | None:
            if path.endswith("/settings/") and "key" not in wish:
                return ghost_site.refused("NoPermissionError", "NO_KEY", 403)
            return (200, HTML, page) if path == "/" else known(path, wish)

        site.meddle = hidden
        assert _init(tmp_path / "other", "--yes", "--site", site.url, "--source", "ghost") == 0
    assert "Found Ghost" in capsys.readouterr().out


def test_a_site_without_https_is_found_by_its_bare_name(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pages_site.Site() as site:
        _feed(site)
        bare = site.url.removeprefix("http://")
        said = on_a_terminal(folder, [bare, "", *[""] * 9, "", "", ""])
    assert f"Looking at https://{bare} ..." in said
    assert f"Looking at http://{bare} ..." in said
    assert _source(folder)["kind"] == "feed"
    assert _settings(folder).newsroom.site_url == f"http://{bare}"
    # Nothing, twice, leaves it open.
    assert "Every mail has to show it." in said
    assert "YOUR POSTAL ADDRESS" in _settings(folder).newsletters[0].postal_address


def test_somebody_may_know_a_better_address(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pages_site.Site() as site:
        _feed(site)
        answers = ["http://127.0.0.1:9", "ftp://x", f"{site.url}/feed/", *[""] * 10, "Graslei 1", ""]
        said = on_a_terminal(folder, answers)
        assert _source(folder)["url"] == f"{site.url}/feed/"
    assert said.count("Another address to read the articles from") == 2
    # The one that answers is the site's, for it has the same host.
    assert _settings(folder).newsroom.site_url == site.url
