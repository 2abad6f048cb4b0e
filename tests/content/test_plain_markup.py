"""What is taken for clean is what cleaning gives back, letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content.plain_markup import is_clean
from content.sanitise import cleaned

_PIECES = st.sampled_from(
    [
        *(f"<{end}{tag}>" for tag in ("p", "em", "strong", "b", "i", "a", "h2", "h3", "ul", "ol", "li", "br")
          for end in ("", "/")),
        "<blockquote>", "</blockquote>", "<P>", "<div>", "<script>", "<td>", "<br/>", "<p >", "\n", " ",
        '<a href="https://quay.example/a-b/c.html">', '<a href="http://quay.example">', '<a href="/x">',
        '<a href="https://xn--a.example/">', '<a href="https://a..b">', '<a href="https://1.2.3.4/">',
        '<a href="https://u:p@quay.example/">', '<a href="javascript:x">', "\t", "\xa0", "\u200d",
        '<a href="https://quay.example/?a=1&b=2">',
        "&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&#8217;", "&", "<", ">", "words", "“é”", "橋 🌉",
        "\u202e", "\ufeff", "\x00", "\r", "\u2028", "\ufdd2", "<!-- x -->", "it's", '"so"',
    ]
)  # fmt: skip
_INNER = st.lists(_PIECES, max_size=6).map("".join)


def _wrapped(inner):
    tags = st.sampled_from(["p", "em", "strong", "b", "i", "h2", "ul", "ol", "li", "blockquote"])
    links = st.just('<a href="https://quay.example/x">').flatmap(
        lambda tag: inner.map(lambda one: f"{tag}{one}</a>")
    )
    return st.lists(
        st.one_of(
            st.tuples(tags, inner).map(lambda one: f"<{one[0]}>{one[1]}</{one[0]}>"),
            links,
            st.sampled_from(["word ", "\n", "&amp;", "<br>"]),
        ),
        max_size=4,
    ).map("".join)


_NESTED = st.recursive(st.sampled_from(["words", "&amp;", "", " ", "\n", "<br>"]), _wrapped, max_leaves=12)


@settings(max_examples=400)
@given(st.one_of(_NESTED, _INNER, _INNER.map(lambda inner: f"<p>{inner}</p>")))
@example("<p>a<em>b<em>c</em></em></p>")
@example("<ul>a</ul>")
@example("<p><p>a</p></p>")
@example("<h2>a<h3>b</h3></h2>")
@example('<a href="https://a.example"><a href="https://a.example">x</a></a>')
def test_what_is_taken_for_clean_is_given_back_by_cleaning(html):
    if is_clean(html):
        assert cleaned(html, "https://quay.example/x") == html


@pytest.mark.parametrize(
    "html",
    [
        "<p>Words &amp; <em>more <strong>words</strong></em>, it's “so”.</p>",
        '<h2>Why</h2>\n<p>See <a href="https://quay.example/2026/03/a-b.html">this</a>.<br>And é.</p>',
        "<ul>\n<li>One</li>\n<li><b>Two</b></li>\n</ul>",
        "<blockquote><p>Said.</p></blockquote>",
        "<p></p>",
    ],
)
def test_an_ordinary_article_is(html):
    assert is_clean(html)
    assert cleaned(html, "") == html


@pytest.mark.parametrize(
    "html",
    [
        "", "words", "<p>a", "<p>a</p> words", " <p>a</p>", "<p onclick=x>a</p>", "<p>a & b</p>",
        "<p>a\xa0b</p>", "<script>x</script>",
        '<p><a href="javascript:x">a</a></p>', '<p><a href="https://xn--a.example">a</a></p>', "<P>a</P>",
        "<p>\u202ea</p>", "<p>a\r</p>", "<p><a href='https://a.example'>x</a></p>", "<p>&#8217;</p>",
        '<p><a href="https://1.2.3.4">a</a></p>', '<p><a href="https://a.example/?x">a</a></p>',
    ],
)  # fmt: skip
def test_what_is_not_known_is_not(html):
    assert not is_clean(html)


def test_a_long_one_takes_no_time():
    assert not is_clean("<p>" + "a<em>" * 200_000)
    assert is_clean("<p>" + "a <em>b</em> " * 50_000 + "</p>")
