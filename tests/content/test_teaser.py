"""The one public door: what comes out of it, and that no paid word does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.article import Access, Article, Body, Booking
from content.prose import blocks, sentence_ends, word_count
from content.sanitise import clean_html
from content.teaser import teaser_of
from newsroom.masthead import Paywall
from tests.samples import NOON, stored

LONG = "<p>" + "Nobody reads this for free. " * 40 + "</p>"


def _public(html: str, paragraphs: int = 3, **changes) -> str:
    return teaser_of(stored(body=Body(html), **changes), Paywall(paragraphs)).public_html


def _free_teaser(html: str) -> str:
    return teaser_of(stored(body=Body(html), teaser="", access=Access.FREE), Paywall()).teaser


@pytest.mark.parametrize("access", [Access.PAID, Access.REGISTERED])
def test_a_closed_article_has_the_editors_teaser_or_none(access):
    assert teaser_of(stored(access=access, teaser="By hand."), Paywall()).teaser == "By hand."
    assert teaser_of(stored(access=access, teaser=""), Paywall(5)).teaser == ""


def test_fields_are_carried_over():
    booking = Booking("Harbour Bank", NOON, None)
    value = stored(booking=booking, rank=2, pinned=True, place="culture", words=401, again=True)
    teaser = teaser_of(value, Paywall())
    assert (teaser.sponsor, teaser.run_from, teaser.run_until) == ("Harbour Bank", NOON, None)
    assert teaser.is_sponsored
    assert (teaser.rank, teaser.pinned, teaser.place, teaser.again) == (2, True, "culture", True)
    assert (teaser.revision, teaser.changed) == (value.revision, value.changed)
    assert teaser.minutes == 3
    assert not teaser_of(stored(), Paywall()).is_sponsored


def test_an_article_without_a_body_takes_no_time_to_read():
    assert teaser_of(stored(body=Body(""), words=0), Paywall(3)).minutes == 0
    assert teaser_of(stored(words=1), Paywall()).minutes == 1


def test_a_free_article_without_a_teaser_has_its_first_sentences():
    assert (
        _free_teaser("<h2>Title</h2><p>One <b>two</b> &amp;<br>three.</p><p>Four.</p>") == "One two & three."
    )
    assert _free_teaser("<ul><li>a</li></ul>") == ""
    assert _free_teaser("") == ""
    sentences = "This sentence has exactly fifty characters, you see. " * 9
    assert _free_teaser(f"<p>{sentences}</p>") == sentences[:264].strip()
    endless = _free_teaser("<p>" + "word " * 100 + "</p>")
    assert endless.endswith("word…")
    assert len(endless) <= 300
    assert len(_free_teaser(f"<p>{'字' * 1000}</p>")) == 300


def test_public_paragraphs_are_the_first_ones_without_their_pictures():
    html = (
        '<h2>Start</h2><p>One <b lang="nl">two</b>.</p>'
        '<figure><img src="https://a.example/b.png" alt="SECRET"></figure>'
        '<p>Three <a href="https://a.example/?b=1&amp;c=2" title="SECRET">four</a>.'
        '<img src="https://a.example/b.png" alt="SECRET"></p>'
    )
    assert _public(html + LONG, 1) == '<p>One <b lang="nl">two</b>.</p>'
    assert _public(html + LONG, 2) == (
        '<p>One <b lang="nl">two</b>.</p><p>Three <a href="https://a.example/?b=1&amp;c=2">four</a>.</p>'
    )
    assert _public(html + LONG, 0) == ""
    assert _public(html + LONG, 2, access=Access.FREE) == ""


def test_a_first_paragraph_that_repeats_the_teaser_is_left_out():
    html = "<p>After  two years of WORK the city opens it again</p><p>Second one.</p>" + LONG
    assert _public(html, 1) == "<p>Second one.</p>"


def test_wrapped_paragraphs_are_found():
    assert _public(f"<div><section><p>One two.</p></section>{LONG}</div>", 1) == "<p>One two.</p>"


def test_lists_end_what_is_public():
    assert _public(f"<p>One.</p><ul><li>Two.</li></ul><p>Three.</p>{LONG}", 3) == "<p>One.</p>"


@pytest.mark.parametrize(
    "html",
    [
        LONG,
        f"<div>{LONG}</div>",
        f"<h2>Title</h2>{LONG}",
        f'<figure><img src="https://a.example/b.png" alt=""></figure>{LONG}',
        "Words that stand in no element. " * 30,
        f"<b>{LONG}{LONG}</b>",
        "",
    ],
)
def test_a_body_of_one_block_stays_closed(html):
    assert _public(html) == ""


def test_a_quarter_is_cut_at_the_end_of_a_sentence():
    html = "<p>One two three. Four <i>five six. Seven</i> eight.</p><p>" + "word " * 20 + "end.</p>"
    # 29 words: seven may be public, and the second sentence ends at six.
    assert _public(html) == "<p>One two three. Four <i>five six.</i></p>"
    # Eleven words: not even one sentence fits into two.
    assert _public("<p>One two three.</p><p>a b c d e f g h.</p>") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说了一句话。她也说了！他们走了。" + "字" * 20, "他说了一句话。"),
        ("ذهب الولد الى البيت؟ " + "كلمة " * 16, "ذهب الولد الى البيت؟"),
        ("یہ ایک جملہ ہے۔ " + "لفظ " * 16, "یہ ایک جملہ ہے۔"),
        ("यह एक वाक्य है। " + "शब्द " * 16, "यह एक वाक्य है।"),
    ],
)
def test_sentences_end_in_every_script(text, expected):
    assert _public(f"<p>{text}</p><p>x</p>") == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Smith met J. R. Smith in the U.S. Senate. He left.", 2),
        ("It was 3.5 km, e.g. by bus. “Really?” she said. “Yes.” Good…", 4),
        ("Am 3. März kam er. Dann ging er.", 2),
        ("No end here", 0),
        ("Wait... and see.", 1),
        ("x" * 200_000, 0),
        ("", 0),
    ],
)
def test_sentence_ends(text, sentences):
    assert len(list(sentence_ends(text))) == sentences


def test_words_without_spaces_are_counted_by_character():
    assert word_count("Two words") == 2
    assert word_count("東京の") == 3
    assert word_count("") == 0


def test_deleted_text_stays_marked_as_deleted():
    assert _public(f"<p>One <del>two</del> three.</p>{LONG}", 1) == "<p>One <del>two</del> three.</p>"


_WORDS = st.integers(min_value=0, max_value=10**6).map(lambda number: f"paidword{number}")
_SENTENCE = st.lists(_WORDS, min_size=1, max_size=12).map(lambda words: " ".join(words) + ". ")
_INLINE = st.sampled_from(
    ["{}", "<b>{}</b>", '<a href="https://a.example/" title="paidtitle">{}</a>', "<em><i>{}</i></em>"]
)
_SENTENCES = st.lists(
    st.tuples(_INLINE, _SENTENCE).map(lambda pair: pair[0].format(pair[1])), min_size=1, max_size=6
).map("".join)
_BLOCK = st.tuples(
    st.sampled_from(
        [
            "<p>{}</p>",
            "<p>{}</p>",
            "<p>{}</p>",
            "<h2>{}</h2>",
            "<ul><li>{}</li></ul>",
            "<blockquote><p>{}</p></blockquote>",
            "<div><p>{}</p></div>",
            "{}",
            "<figure><img src='https://a.example/b.png' alt='paidalt'><figcaption>{}</figcaption></figure>",
            "<table><tr><td>{}</td></tr></table>",
        ]
    ),
    _SENTENCES,
).map(lambda pair: pair[0].format(pair[1]))
_BODIES = st.lists(_BLOCK, max_size=10).map("".join).map(clean_html)


def _without_tags(html: str) -> str:
    return re.sub(r"<[^>]*>", " ", html)


@settings(deadline=None)
@given(_BODIES, st.integers(min_value=0, max_value=12), st.sampled_from([Access.PAID, Access.REGISTERED]))
def test_no_paid_word_leaves_beyond_the_quarter(html, paragraphs, access):
    value = stored(body=Body(html), access=access, teaser="")
    teaser = teaser_of(value, Paywall(paragraphs))
    total = _without_tags(html).split()
    public = _without_tags(teaser.public_html).split()
    assert len(public) <= len(total) / 4
    # They are the body's first ones but for headings and captions, in their order, and end a sentence.
    rest = iter(total)
    assert all(word in rest for word in public)
    assert not public or public[-1].endswith(".")
    assert "paidalt" not in teaser.public_html
    assert "paidtitle" not in teaser.public_html
    assert clean_html(teaser.public_html) == teaser.public_html
    shown = repr(teaser).replace(repr(teaser.public_html), "")
    for text in (
        shown,
        teaser.teaser,
        repr(value),
        str(value),
        repr(value.article),
        repr(list(blocks(html))),
    ):
        assert "paidword" not in text


@settings(deadline=None)
@given(_BODIES)
def test_without_public_paragraphs_no_paid_word_leaves_at_all(html):
    assert "paid" not in repr(teaser_of(stored(body=Body(html)), Paywall())).replace(
        "Access.PAID: 'paid'", ""
    )


@settings(deadline=None)
@given(st.text(max_size=300).map(clean_html), st.integers(min_value=1, max_value=3))
def test_any_text_gives_sound_public_html(html, paragraphs):
    public = _public(f"<p>{html}</p><p>{html}</p>", paragraphs)
    assert clean_html(public) == public


def test_a_teaser_has_no_place_for_a_body():
    fields = set(type(teaser_of(stored(), Paywall())).__slots__)
    assert "body" not in fields
    assert "body" in set(Article.__slots__)


def _walled(opening: str, teaser: str = "") -> tuple[str, str]:
    article = stored(opening=opening, teaser=teaser, body=Body(f"{opening}<p>Paid.</p>"))
    made = teaser_of(article, Paywall(2))
    return made.teaser, made.public_html


@pytest.mark.parametrize(
    ("opening", "teaser", "public"),
    [
        ("<p>One.</p>", "One.", ""),
        ("<figure></figure><p lang=\"en\">One &amp; <b>two</b>.</p><p>Three.</p>", "One & two.",
         "<figure></figure><p>Three.</p>"),
        ("Loose.", "Loose.", ""),
        ("<h2>Title</h2>", "", "<h2>Title</h2>"),
    ],
)  # fmt: skip
def test_what_stands_before_a_wall_is_said_once(opening, teaser, public):
    assert _walled(opening) == (teaser, public)


def test_an_editors_teaser_that_is_the_first_paragraph_is_said_once():
    assert _walled("<p>By  hand.</p><p>More.</p>", "By hand.") == ("By hand.", "<p>More.</p>")
    assert _walled("<p>Other.</p>", "By hand.") == ("By hand.", "<p>Other.</p>")
    assert _walled("<p>By handle.</p>", "By hand.") == ("By hand.", "<p>By handle.</p>")


def test_of_a_long_first_paragraph_the_rest_follows_the_teaser():
    sentence = "This sentence has exactly fifty characters, you see. "
    rest = "And <i>more</i> of it</b> that goes on and on &lt;here&gt;."
    teaser, public = _walled(f"<p>{sentence * 4}<b>{sentence}{rest}</p><p>Next.</p>")
    assert teaser == (sentence * 5).strip()
    assert public == f"<p><b>{rest}</p><p>Next.</p>"
