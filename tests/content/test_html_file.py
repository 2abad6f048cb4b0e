"""HTML files beside Markdown ones: what they say to machines, what front matter says, the wall, bad ones."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from content.article import Access, Article
from content.gallery import Gallery
from content.ids import CannotTakeError, Stamped, html_with_id, write_ids
from content.sources import Broken, Found, Reading
from content.sources.folder import Folder
from newsroom.settings import SourceSettings
from tests import samples
from tests.content.test_folder import _picture
from tests.content.test_sync import Desk

DOCS = Path(__file__).parents[2] / "docs" / "articles.md"
META = '<meta name="date" content="2026-03-10 06:00">'
PAGE = f"<html><head>{META}</head><body><article><h1>A bridge</h1><p>Body.</p></article></body></html>"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


def _read(root: Path, html: str | bytes, name: str = "politics/a.html", access: str = "paid") -> Reading:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(html.encode() if isinstance(html, str) else html)
    folder = Folder(SourceSettings("articles", "folder", root, access=access), samples.newsroom())
    (entry,) = [one for one in folder.listing().entries if one.reference == name]
    return folder.read(entry, Gallery(root.parent / "public", {}.get).publish)


def _article(root: Path, html: str | bytes, name: str = "politics/a.html", access: str = "paid") -> Article:
    reading = _read(root, html, name, access)
    assert isinstance(reading.found, Found), reading.problems
    assert reading.found.article is not None
    return reading.found.article


def _mistake(root: Path, html: str | bytes) -> str:
    reading = _read(root, html)
    assert isinstance(reading.found, Broken)
    (problem,) = reading.problems
    return f"{problem.place}: {problem.message}"


def _json(**values: object) -> str:
    thing = {
        "@type": "NewsArticle",
        "headline": "A bridge",
        "datePublished": "2026-03-10T05:00:00Z",
        **values,
    }
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


def test_the_file_in_the_documents(root: Path) -> None:
    page, front = re.findall(r"```html\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    _picture(root / "politics" / "bridge.jpg")
    reading = _read(root, page)
    assert reading.problems == ()
    article = _article(root, page)
    assert article.headline == "The night the council decided to keep the Korenbrug"
    assert article.authors == ("Marieke Oosterling",)
    assert article.published == datetime(2026, 3, 10, 3, 40, tzinfo=UTC)
    assert article.teaser == "By a single vote, Havenmond chose to repair its drawbridge."
    assert article.url == "https://quay.example/2026/03/korenbrug"
    assert (article.slug, article.language, article.sections) == ("a", "en-GB", ("politics",))
    assert article.access is Access.PAID
    assert article.opening == "<p>At twenty past one the last hand went up.</p>"
    assert article.body.html == f"{article.opening}\n\n<p>What came before it took four years.</p>"
    assert article.image is not None
    assert (article.image.alt, article.image.caption) == ("A drawbridge, half raised", "It opens.")
    assert article.image.credit == "Ada Smit"

    other = _article(root, front + page.removeprefix("<!doctype html>\n"))
    assert (other.sections, other.rank, other.access) == (("culture", "politics"), 1, Access.FREE)
    assert (other.headline, other.body) == (article.headline, article.body)


def test_front_matter_goes_before_the_page_key_by_key(root: Path) -> None:
    front = "---\ntitle: Mine\nauthors:\nstandfirst: My teaser.\ndate: 2026-03-09\nsection: culture\n---\n"
    page = PAGE.replace(
        "<head>", '<head><meta name="author" content="Ada"><meta name="description" content="x">'
    )
    article = _article(root, front + page)
    assert (article.headline, article.authors, article.teaser) == ("Mine", ("Ada",), "My teaser.")
    assert article.published == datetime(2026, 3, 8, 23, tzinfo=UTC)
    assert article.sections == ("culture",)


def test_a_file_may_be_a_piece_of_html_under_front_matter(root: Path) -> None:
    html = "---\r\nheadline: x\r\npublished: 2026-03-10\r\n---\r\n<p>One.</p><div>Two.</div>"
    assert _article(root, html).body.html == "<p>One.</p><div>Two.</div>"


@pytest.mark.parametrize(
    ("given", "access", "expected"),
    [
        (None, "free", Access.FREE),
        (None, "paid", Access.PAID),
        (True, "paid", Access.FREE),
        (False, "free", Access.PAID),
        ("False", "registered", Access.REGISTERED),
    ],
)
def test_access_is_the_pages_word_else_the_sources(
    root: Path, given: object, access: str, expected: Access
) -> None:
    said = {} if given is None else {"isAccessibleForFree": given}
    assert _article(root, _json(**said) + "<p>x</p>", access=access).access is expected


def test_the_wall_where_json_ld_has_it(root: Path) -> None:
    part = {"isAccessibleForFree": False, "cssSelector": "article .wall"}
    html = _json(hasPart=part) + '<article><p>Free.</p><div class="wall"><p>Paid.</p></div></article>'
    article = _article(root, html, access="free")
    assert article.access is Access.PAID
    assert article.opening == "<p>Free.</p>"
    assert article.body.html == "<p>Free.</p><div><p>Paid.</p></div>"


@pytest.mark.parametrize("wall", ["<!--more-->", "<!-- more Read on -->", "<!-- PAYWALL -->"])
def test_an_editors_wall_in_html_and_in_markdown(root: Path, wall: str) -> None:
    html = PAGE.replace("<p>Body.</p>", f"<div><p>Free.</p>{wall}<p>Paid.</p></div>")
    article = _article(root, html)
    assert article.opening == "<div><p>Free.</p></div>"
    assert article.body.html == "<div><p>Free.</p><p>Paid.</p></div>"
    front = "---\nheadline: x\npublished: 2026-03-10\n---\n"
    article = _article(root, f"{front}Free.\n\n{wall}\n\nPaid.", "politics/a.md")
    assert article.opening == "<p>Free.</p>"
    assert "<p>Paid.</p>" in article.body.html


def test_what_stands_around_the_text_is_none_of_it(root: Path) -> None:
    around = "<nav>n</nav><header>h</header><aside>a</aside><form>f</form><script>s</script><style>t</style>"
    around += (
        '<p class="byline">By Ada</p><p hidden>x</p><article><p>Another.</p></article><footer>z</footer>'
    )
    article = _article(root, PAGE.replace("<p>Body.</p>", f"{around}<p>Body.</p>Loose <b>words</b>."))
    assert article.body.html == "<p>Body.</p>Loose <b>words</b>."


def test_a_page_without_an_article_has_its_body(root: Path) -> None:
    html = f"<title>A bridge – The Quay</title>{META}<nav>n</nav><h2>First</h2><p>One.</p>"
    article = _article(root, html)
    assert article.headline == "A bridge"
    assert article.body.html == "<h2>First</h2><p>One.</p>"


def test_a_description_that_a_machine_cut_is_no_teaser(root: Path) -> None:
    html = PAGE.replace("<head>", '<head><meta name="description" content="Bod…">')
    assert _article(root, html).teaser == ""


@pytest.mark.parametrize(
    ("name", "section", "slug"),
    [("culture/b.htm", "culture", "b"), ("x/politics/The Bridge/index.html", "politics", "the-bridge")],
)
def test_section_and_slug_by_the_path(root: Path, name: str, section: str, slug: str) -> None:
    article = _article(root, PAGE, name)
    assert (article.sections, article.slug) == ((section,), slug)


def test_section_by_what_the_page_says_where_the_newsroom_has_it(root: Path) -> None:
    head = "<head><meta property='article:section' content='{}'>"
    assert _article(root, PAGE.replace("<head>", head.format("Culture"))).sections == ("culture",)
    assert _article(root, PAGE.replace("<head>", head.format("Sport"))).sections == ("politics",)
    assert _article(root, _json(articleSection=["Sport", "culture"]) + "<p>x</p>").sections == ("culture",)


def test_an_address_elsewhere_is_not_taken_over(root: Path) -> None:
    html = PAGE.replace("<head>", '<head><link rel="canonical" href="https://wire.example/a">')
    assert _article(root, html).url == "https://quay.example/articles/a"


@pytest.mark.parametrize(
    "named",
    [
        '<meta property="og:image" content="../pictures/x.jpg">',
        '<meta property="og:image" content="/pictures/x.jpg">',
        '<meta property="og:image" content="https://quay.example/img/x.jpg?w=3">',
    ],
)
def test_the_picture_lies_beside_the_file(root: Path, named: str) -> None:
    _picture(root / "pictures" / "x.jpg")
    html = PAGE.replace("<head>", f"<head>{named}").replace(
        "<p>Body", '<img src="../pictures/x.jpg" alt="X"><p>Body'
    )
    article = _article(root, html)
    assert article.image is not None
    assert article.image.sizes[0].width == 700
    assert f'src="https://feeds.quay.example/{article.image.sizes[0].path}" alt="X"' in article.body.html


FIGURE = '<figure><img src="../pictures/x.jpg" alt="ALT"><figcaption><p>CAPTION</p></figcaption></figure>'


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        (f"{FIGURE}<p>Body one.</p><p>Two.</p>", True),
        (f"<p>Body one.</p>{FIGURE}<!--more--><p>Two.</p>", True),
        (f"<p>Body one.</p><!--more-->{FIGURE}<p>Two.</p>", False),
        (f"<p>Body one.</p>{FIGURE}<p>Two.</p>", False),
    ],
)
def test_a_figure_out_of_a_closed_text_is_the_texts(root: Path, text: str, is_open: bool) -> None:
    _picture(root / "pictures" / "x.jpg")
    html = PAGE.replace("<p>Body", f"{text}<p>Body")
    closed, free = (_article(root, html, access=access) for access in ("paid", "free"))
    assert free.image is not None and "CAPTION" not in free.body.html
    assert (closed.image is not None) == is_open
    assert ("CAPTION" in closed.body.html) != is_open


def test_a_picture_that_a_closed_page_names_has_no_words_of_its_text(root: Path) -> None:
    _picture(root / "pictures" / "x.jpg")
    html = PAGE.replace("<head>", '<head><meta property="og:image" content="../pictures/x.jpg">')
    article = _article(root, html.replace("<p>Body", f"<p>One.</p>{FIGURE}<p>Body"))
    assert article.image is not None
    assert (article.image.alt, article.image.caption) == ("", "")


def test_a_picture_that_is_not_there_is_a_warning(root: Path) -> None:
    html = PAGE.replace("<head>", '<head><meta property="og:image" content="https://quay.example/x.jpg">')
    (problem,) = _read(root, html).problems
    assert problem.severity == "warning"
    assert "x.jpg" not in problem.message


def test_an_advertisers_article(root: Path) -> None:
    paid_for = _json(**{"@type": "AdvertiserContentArticle", "sponsor": {"name": "Havenbank"}}) + "<p>x</p>"
    article = _article(root, paid_for, "partners/a.html")
    assert article.booking is not None
    assert (article.booking.sponsor, article.access) == ("Havenbank", Access.FREE)
    assert "a sponsor's article stands in a sponsored section alone" in _mistake(root, paid_for)
    nameless = _json(**{"@type": "AdvertiserContentArticle"}) + "<p>x</p>"
    assert "it says that somebody paid for it" in _mistake(root, nameless)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("é".encode("utf-8-sig"), "é"),
        ("\ufeffé".encode("utf-16-le"), "é"),
        ('<meta charset="windows-1252">“é'.encode("cp1252"), "“é"),
        ("<meta http-equiv=content-type content='text/html; charset=iso-8859-1'>“".encode("cp1252"), "“"),
        ('<meta charset="utf-16">é'.encode(), "é"),
        ("é".encode(), "é"),
    ],
)
def test_every_encoding_that_a_file_names(root: Path, data: bytes, expected: str) -> None:
    encoding = "utf-16-le" if data.startswith(b"\xff\xfe") else "ascii"
    assert _article(root, data + f"<h1>x</h1>{META}".encode(encoding)).body.html == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b"<p>\n\n<p>\xe9",
            "articles/politics/a.html:3:1: not UTF-8: byte 8 cannot be read; save the file as UTF",
        ),
        (b"\n<meta charset=klingon>", "articles/politics/a.html:2:1: no known charset in its <meta>"),
        (b"<meta charset=utf-7>", "articles/politics/a.html:1:1: no known charset in its <meta>"),
        (b"<!--\n---\na: b: c\n---\n-->", "articles/politics/a.html:3:5: a value with a colon in it"),
        (
            b"<!doctype html>\n<!--\n---\nrank: 1\n---\nx -->",
            "politics/a.html:6:1: the comment with the front m",
        ),
        (b"---\nrank: 1\n", "articles/politics/a.html:1:1: the front matter has no end"),
        (b"<div>" * 600, "articles/politics/a.html: more than 128 elements are nested in it"),
        (
            b"<h1>x</h1><meta name=date content='10 maart'>",
            "articles/politics/a.html: not a date; write 2026",
        ),
        (META.encode(), "articles/politics/a.html: no headline; give it headline:"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(root: Path, data: bytes, expected: str) -> None:
    assert expected in _mistake(root, data)


def test_a_file_without_a_date_is_left_out_with_a_warning(root: Path) -> None:
    reading = _read(root, "<h1>About us</h1><p>x</p>")
    assert isinstance(reading.found, Broken)
    (problem,) = reading.problems
    assert (problem.severity, problem.message[:17]) == ("warning", "it has no date, s")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script><p onclick=x()>a</p><iframe src=x></iframe>",
        '<a href="javascript:x()">a</a><img src=data:x onerror=x()>',
        "<p>a" + "<b>" * 100,
        "<!--more" * 20_000 + "<p>a",
        "---" * 100_000 + "<p>a",
        '<script type="application/ld+json">' + "[" * 100_000 + "</script><p>a",
    ],
)
def test_hostile_files_are_ordinary_files(root: Path, hostile: str) -> None:
    article = _article(root, f"<h1>x</h1>{META}<article>{hostile}</article>")
    assert not re.search("script|onclick|onerror|iframe|data:", article.body.html)


def test_a_file_with_markdowns_name_is_another_article_and_takes_an_id(
    tmp_path: Path, engine: Engine
) -> None:
    desk = Desk(tmp_path, engine, samples.newsroom())
    desk.write("politics/a.md")
    desk.write("politics/a.html").write_text(PAGE, encoding="utf-8")
    report = desk.sync()
    (told,) = report.problems
    assert report.inserted == 2 and "one address" in told.message
    ids = {reference: one.id for reference, one in desk.known().items()}
    assert ids["politics/a.html"] == "tag:quay.example,2026:articles/politics/a.html"
    assert write_ids(desk.engine, desk.source) == Stamped(2)
    assert desk.sync().unchanged == 2
    assert {reference: one.id for reference, one in desk.known().items()} == ids
    assert write_ids(desk.engine, desk.source) == Stamped(0)
    (desk.root / "politics" / "a.html").rename(desk.root / "politics" / "z.html")
    report = desk.sync()
    assert (report.moved, report.inserted, report.withdrawn) == (1, 0, 0)
    assert desk.known()["politics/z.html"].id == ids["politics/a.html"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<p>x", b"<!--\n---\nid: tag:x:y\n---\n-->\n<p>x"),
        (b"\xef\xbb\xbf<p>x", b"\xef\xbb\xbf<!--\n---\nid: tag:x:y\n---\n-->\n<p>x"),
        (b"<!DOCTYPE html>\n<p>x", b"<!DOCTYPE html>\n<!--\n---\nid: tag:x:y\n---\n-->\n<p>x"),
        (b"<!--\r\n---\r\nrank: 1\r\n---\r\n-->x", b"<!--\r\n---\r\nid: tag:x:y\r\nrank: 1\r\n---\r\n-->x"),
        (b"---\nrank: 1\n---\nx", b"---\nid: tag:x:y\nrank: 1\n---\nx"),
        (b"---\nid: mine\n---\nx", None),
        (b"\xe9", None),
    ],
)
def test_where_an_id_is_written(data: bytes, expected: bytes | None) -> None:
    assert html_with_id(data, "tag:x:y") == expected


@pytest.mark.parametrize("data", ["\ufeff<p>x".encode("utf-16-le"), b"---\n{rank: 1}\n---\n"])
def test_a_file_that_cannot_take_an_id_says_so(data: bytes) -> None:
    with pytest.raises(CannotTakeError, match="add `id: tag:x:y`"):
        html_with_id(data, "tag:x:y")
