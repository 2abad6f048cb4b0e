"""The door: what hostile and broken input becomes."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.markup import DEPTH, VOID
from content.sanitise import TAGS, clean_address, clean_html, clean_line, clean_text

BASE = "https://quay.example/2026/bridge"

HARMFUL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class _Reading(HTMLParser):
    """A second reading of cleaned HTML: its tags, its attributes, its depth, its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.depth = 0
        self.deepest = 0
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag):
        self.depth -= 1

    def handle_data(self, data):
        self.text += data


def _read(html: str) -> _Reading:
    reading = _Reading()
    reading.feed(html)
    reading.close()
    return reading


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>Hi <b>there<p>you", "<p>Hi <b>there</b></p><p>you</p>"),
        ("<ul><li>a<li>b<li>c</ul>", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        (
            "<table><tr><td>1<td>2<tr><td>3</table>",
            "<table><tbody><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></tbody></table>",
        ),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("<h1>Headline</h1><p>x</p>", "<h2>Headline</h2><p>x</p>"),
        ("<article><p>x</p></article>", "<div><p>x</p></div>"),
        ("<p>a<script>alert('<p>')</script>b<style>p{}</style></p>", "<p>ab</p>"),
        ("<p>x</p><script>never closed <p>y</p>", "<p>x</p>"),
        ("<p>x<!-- hidden <b> -->y<!--more--></p>", "<p>xy</p>"),
        ("<p>x</p><?php echo 1 ?><!DOCTYPE html>", "<p>x</p>"),
        ("<p onclick=\"alert(1)\" style='x' class=y id=z lang=nl>x</p>", '<p lang="nl">x</p>'),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href="JaVa\tscript:alert(1)">x</a>', "x"),
        ('<a href="java&#1;script:alert(1)">x</a>', "x"),
        ('<a href="&#106;avascript&colon;alert(1)">x</a>', "x"),
        ('<a href="data:text/html,x">x</a>', "x"),
        ('<a href="vbscript:x">x</a>', "x"),
        ('<a href="//other.example/a">x</a>', '<a href="https://other.example/a">x</a>'),
        (
            '<a href="../maps?a=1&section=2&amp;b=3">x</a>',
            '<a href="https://quay.example/maps?a=1&amp;section=2&amp;b=3">x</a>',
        ),
        ('<a href="#note">x</a>', f'<a href="{BASE}#note">x</a>'),
        ('<a href="mailto:desk@quay.example">x</a>', '<a href="mailto:desk@quay.example">x</a>'),
        ('<a href="https://[broken">x</a>', "x"),
        ("<img src=map.png>", '<img src="https://quay.example/2026/map.png" alt="">'),
        ('<img src="data:image/png;base64,AAAA" alt="x">', ""),
        ('<img src="mailto:a@b.example">', ""),
        (
            "<p>5 < 6 & 7 > 3, AT&T, &lt;b&gt;, &copy;</p>",
            "<p>5 &lt; 6 &amp; 7 &gt; 3, AT&amp;T, &lt;b&gt;, ©</p>",
        ),
        ("<p>1 <2 and never more", "<p>1 &lt;2 and never more</p>"),
        ("<p>x]]>y</p>", "<p>x]]&gt;y</p>"),
        ("<p>a\ufdd0b\x07c\ud800d&#xFDD2;e&#1;f</p>", "<p>abcdef</p>"),
        ("<p>a&#x202E;b&#xFEFF;c&#13;d</p>", "<p>abc\nd</p>"),
        ("<p>مرحبا &rlm;بالعالم</p>", "<p>مرحبا \u200fبالعالم</p>"),
        ("<form><p>x</p><input value=y><button>go</button></form>", "<div><p>x</p></div>"),
        ("<svg><a href='javascript:x'>y</a></svg><p>x</p>", "<p>x</p>"),
        ("<noscript><img src='/a.png'></noscript>", '<img src="https://quay.example/a.png" alt="">'),
        ("<p>" + "&#" + "9" * 5000 + ";</p>", "<p>&amp;#" + "9" * 5000 + ";</p>"),
        ("", ""),
    ],
)
def test_what_html_becomes(source, expected):
    assert clean_html(source, BASE) == expected


def test_a_relative_address_without_a_base_goes_and_its_text_stays():
    assert clean_html('<a href="/maps">the maps</a><img src="/a.png">') == "the maps"


def test_nine_thousand_nested_tags_are_capped_and_keep_their_text():
    clean = clean_html("<div>" * 9_000 + "text" + "</div>" * 9_000 + "<p>after</p>")
    reading = _read(clean)
    assert reading.deepest == DEPTH <= 100
    assert reading.text == "textafter"
    assert clean.endswith("<p>after</p>")


@pytest.mark.parametrize("item", ["<li>x", "<dt>x<dd>x", "<p>x", "<h2>x", "<a href='https://a.example/'>x"])
def test_what_is_left_open_in_a_long_list_is_closed_and_not_nested(item):
    reading = _read(clean_html("<ul>" + item * 500))
    assert reading.deepest <= 3
    assert len(reading.attributes) == (500 if "href" in item else 0)
    assert len(reading.text) == 500 * item.count("x" if "href" not in item else ">x")


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<b>",
        "<p><b lang=aa>x</p>",
        "<table><b><i><tr>x",
        "<li>x",
        "<td>x",
        "<a b='>\"'",
        "<",
        "&amp;",
        "&#65;",
        "<!--",
        "<svg>",
        "</p>",
        "<a href='x'>",
        '="',
    ],
)
def test_time_grows_with_the_input_and_not_with_its_square(piece):
    def seconds(characters: int) -> float:
        source = piece * (characters // len(piece))
        before = time.process_time()
        clean_html(source, BASE)
        return time.process_time() - before

    seconds(10_000)
    # Ten times the input: ten times the time, or a hundred times where it grows with the square. The
    # shorter one counts as 20 ms at least, so that a busy machine does not decide.
    assert seconds(400_000) < 40 * max(seconds(40_000), 0.02)


_PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i lang=x>",
            "</i>",
            "<a href=/x>",
            "</a>",
            "<a href='javascript:x'>",
        ),
        *("<ul>", "</ul>", "<ol>", "<li>", "</li>", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>"),
        *("<th>", "<tbody>", "<caption>", "</caption>", "<colgroup>", "<col>", "<thead>", "<h2>", "</h2>"),
        *(
            "<h3>",
            "<pre>",
            "</pre>",
            "<pre>\n",
            "\n\n",
            "\r",
            "&#13;",
            "&#10;",
            "<br>",
            "<hr>",
            "<img src=x>",
        ),
        *("<blockquote>", "</blockquote>", "<div dir=rtl>", "</div>", "<dl>", "<dt>", "<dd>", "</dl>"),
        *("<ruby>", "<rt>", "</ruby>", "<figure>", "<figcaption>", "</figure>", "<script>", "</script>"),
        *("<svg>", "</svg>", "<title>", "<textarea>", "<select>", "<math>", "<template>", "<details>"),
        *("<summary>", "<span lang=nl>", "</span>", "<!--", "-->", "<", ">", "&", "&lt;", "&amp;lt;", "&#1;"),
        *("'", '"', "=", "word ", "&nbsp;", "\ufdd2", "&#xFDD2;", "\ud83d", "\x00", '<p title="a>b">', "]]>"),
    ]
)
_SOUP = st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=40).map("".join)


@settings(deadline=None)
@given(_SOUP)
def test_cleaned_html_is_safe_balanced_and_stays_as_it_is(source):
    clean = clean_html(source, BASE)
    assert clean_html(clean, BASE) == clean
    assert clean_html(clean) == clean
    assert not HARMFUL.search(clean)
    clean.encode()
    reading = _read(clean)
    assert reading.tags <= TAGS
    assert reading.depth == 0
    for name, value in reading.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert value.startswith(("http://", "https://", "mailto:"))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="<>&\r\x0c"), max_size=60))
def test_plain_text_in_html_is_kept_to_the_letter(text):
    kept = _read(clean_html(f"<p>x{text}x</p>")).text
    assert kept == "x" + re.sub("\x85|\u2028|\u2029", "\n", _without_harmful(text)) + "x"


def _without_harmful(text: str) -> str:
    return "".join(
        character
        for character in text
        if not (
            (ord(character) < 32 and character not in "\t\n")
            or (127 <= ord(character) < 160 and character != "\x85")
            or 0xD800 <= ord(character) < 0xE000
            or 0xFDD0 <= ord(character) < 0xFDF0
            or ord(character) & 0xFFFE == 0xFFFE
            or character in "\ufeff\u202d\u202e"
        )
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Two\r\nlines\tand\u2028more ", "Two lines and more"),
        ("«\u00a0Oui\u00a0» 10\u202f000", "«\u00a0Oui\u00a0» 10\u202f000"),
        ("A \x07bell &amp; <b>markup</b>", "A bell &amp; <b>markup</b>"),
        ("\ud800half\ufdd0", "half"),
        ("turned \u202eround", "turned round"),
        ("👩\u200d🚀 عمر \u200fx", "👩\u200d🚀 عمر \u200fx"),
        ("\n", ""),
        ("\u200b\u200e", ""),
        ("\u2800 \u00ad", ""),
        ("\u0301", ""),
        ("\u3164\u00a0\ufe0f", ""),
        ("\u200b.", "\u200b."),
        ("👍🏽", "👍🏽"),
    ],
)
def test_a_line(text, expected):
    assert clean_line(text) == expected


@settings(deadline=None)
@given(st.text())
def test_a_line_is_one_line_and_stays_as_it_is(text):
    line = clean_line(text)
    assert clean_line(line) == line
    assert len(line.splitlines()) <= 1
    assert not HARMFUL.search(line)


@settings(deadline=None)
@given(st.text())
def test_a_text_stays_as_it_is(text):
    assert clean_text(clean_text(text)) == clean_text(text)


def test_a_text_keeps_its_lines():
    assert clean_text(" one \r\n\r\n\r\n\r\n two\u2029three ") == "one\n\ntwo\nthree"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://quay.example/a b", "https://quay.example/a%20b"),
        ("https://quay.example/%C3%BC?x=1&y=[2]", "https://quay.example/%C3%BC?x=1&y=[2]"),
        (" https://quay.example/a\n/b ", "https://quay.example/a/b"),
        ("maps", "https://quay.example/2026/maps"),
        ("https://quay.example/^`{|}\\", "https://quay.example/%5E%60%7B%7C%7D%5C"),
        ("https:\\\\evil.example", None),
        ("https:evil", None),
        ("http://", None),
        ("https://a:99999/", None),
        ("https://a b/", None),
        ("ftp://a.example/", None),
        ("mailto:", None),
        ("https://quay.example/" + "x" * 2_000, None),
        ("", None),
    ],
)
def test_an_address(address, expected):
    assert clean_address(address, BASE) == expected


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(["", "https://", "//", "mailto:", "java\tscript:", "?", "#"]))
def test_an_address_stays_as_it_is(text, start):
    address = clean_address(start + text, BASE)
    if address is not None:
        assert clean_address(address) == address
        assert not re.search(r"[\s\"<>]", address)


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("a<div hidden>x<div>y</div>z</div>b", "ab"),
        ('<div hidden="until-found">x</div>y', "y"),
        ("<p>a</p><p hidden>x<p>b</p>", "<p>a</p><p>b</p>"),
        ("<section><p hidden>x</section>y", "<section></section>y"),
        ("<ul><li>a<li hidden>x<ul><li>n</ul><li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c"),
        ("<ul><li hidden>x</ul>c", "<ul></ul>c"),
        ('<img hidden src="https://a.example/x.jpg">z', "z"),
        ('<div title="hidden">x</div>', "<div>x</div>"),
        ("<DIV HIDDEN>x", ""),
    ],
)
def test_what_is_hidden_does_not_become_text(html: str, clean: str) -> None:
    assert clean_html(html) == clean
    assert clean_html(clean) == clean


def test_nothing_hidden_takes_more_than_its_time() -> None:
    assert clean_html("<div hidden>" * 100_000 + "x" + "</div>" * 100_000 + "y") == "y"
