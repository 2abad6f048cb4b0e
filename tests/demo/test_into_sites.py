"""What the demo's stories are made into for a WordPress and a Ghost, as far as no such system is needed.

tests/content/test_same_newsroom.py fills real ones.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from demo import into_ghost, into_wordpress
from demo.dates import ZONE
from demo.into_site import ascii_slug, caption_of, is_out, named, pieces, walled
from demo.into_wordpress import content_of
from demo.origins import Job
from demo.stories import Story, StoryPicture, stories
from newsroom.errors import ConfigurationError

DAY = date(2026, 11, 28)
AT = datetime(2026, 11, 28, 6, tzinfo=ZONE)


@pytest.fixture(scope="module")
def told() -> dict[str, Story]:
    return {story.slug: story for story in stories(DAY)}


def test_the_wall_stands_between_paragraphs(told: dict[str, Story]) -> None:
    story = replace(told["korenbrug-vote"], public_html="<p>One.</p>", body_html="<p>One.</p>\n<p>Two.</p>")
    assert [*map(str.strip, walled(story))] == ["<p>One.</p>", "<p>Two.</p>"]
    assert content_of(story).split("\n\n") == [
        "<!-- wp:paragraph -->\n<p>One.</p>\n<!-- /wp:paragraph -->",
        "<!-- wp:more -->\n<!--more-->\n<!-- /wp:more -->",
        "<!-- wp:paragraph -->\n<p>Two.</p>\n<!-- /wp:paragraph -->",
    ]
    assert into_ghost.html_of(story) == "<p>One.</p><!--members-only--><p>Two.</p>"
    # One that ends within a paragraph is the newsroom's own, which is cut here as well.
    assert walled(replace(story, public_html="<p>On</p>")) == ("", story.body_html)


def test_wordpress_sets_no_quotes_and_dashes_of_its_own(told: dict[str, Story]) -> None:
    html = '<h2>A "b" -- c... 3x4</h2><ul class="x-y"><li>it\'s</li></ul><hr>'
    heading = "<h2>A &#34;b&#34; &#45;&#45; c&#46;&#46;&#46; 3&#120;4</h2>"
    assert content_of(replace(told["dredger"], public_html="", body_html=html)).split("\n\n") == [
        f'<!-- wp:heading {{"level":2}} -->\n{heading}\n<!-- /wp:heading -->',
        '<!-- wp:list -->\n<ul class="x-y"><li>it&#39;s</li></ul>\n<!-- /wp:list -->',
        "<!-- wp:html -->\n<hr>\n<!-- /wp:html -->",
    ]


def test_every_body_of_the_demo_goes_in_whole(told: dict[str, Story]) -> None:
    for story in told.values():
        joined = "".join(html for part in walled(story) for _, html in pieces(part))
        assert joined == "".join(" ".join(html.split()) for _, html in pieces(story.body_html)), story.slug
        assert set("".join(joined.split())) >= set("".join(story.body_html.split())) - set("&;"), story.slug


def test_tags_say_what_there_is_no_field_for(told: dict[str, Story]) -> None:
    opinion, advert, two = told["riveters"], told["ostrea-knife"], told["port-automation"]
    assert named(opinion, authors=True) == (
        ("label-opinion", "Label: Opinion"),
        ("by-hilde-aerts", "By: Hilde Aerts"),
    )
    assert named(opinion, authors=False) == (("label-opinion", "Label: Opinion"),)
    assert [name for _, name in named(advert, authors=True)] == ["Sponsor: Ostrea & Daughters", "no-byline"]
    assert [name for _, name in named(two, authors=True)] == ["By: Idris Benali", "By 2: Marieke Oosterling"]
    assert (ascii_slug("Luísa Mendonça"), ascii_slug("ليلى")) == ("luisa-mendonca", "")


@pytest.mark.parametrize(
    ("caption", "credit", "line"),
    [("C", "D", "C (Photo: D)"), ("", "D", "(Photo: D)"), ("C", "", "C"), ("", "", "")],
)
def test_a_caption_ends_in_the_credit(caption: str, credit: str, line: str) -> None:
    assert caption_of(StoryPicture("x.jpg", "", caption, credit)) == line


def test_a_booking_is_out_while_it_runs(told: dict[str, Story], tmp_path: Path) -> None:
    job = Job(tmp_path, "", [], AT)
    hour, story = timedelta(hours=1), replace(told["ostrea-knife"], run_from=None, run_until=None)
    assert is_out(story, job) and is_out(replace(story, run_from=AT, run_until=AT), job)
    assert not is_out(replace(story, run_from=AT + hour), job)
    assert not is_out(replace(story, run_until=AT - hour), job)
    assert not is_out(replace(story, withdrawn=True), job)


def test_the_tables_are_toml_without_a_secret() -> None:
    (wordpress,) = tomllib.loads(into_wordpress.block("https://news.example/", 'a"b\\c'))["source"]
    assert (wordpress["url"], wordpress["user"]) == ("https://news.example", 'a"b\\c')
    (ghost,) = tomllib.loads(into_ghost.block("https://news.example/"))["source"]
    assert (ghost["kind"], ghost["url"]) == ("ghost", "https://news.example")


def test_a_password_goes_nowhere_readable_and_into_no_message(tmp_path: Path) -> None:
    job = Job(tmp_path, "http://news.example", [], AT)
    wordpress = {"WORDPRESS_USER": "ana", "WORDPRESS_PASSWORD": "s3cret"}
    with pytest.raises(ConfigurationError, match="over https alone") as refused:
        into_wordpress.put_all(job, wordpress, AT)
    assert "s3cret" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="over https alone"):
        into_ghost.put_all(job, {"GHOST_CONTENT_KEY": "x", "GHOST_ADMIN_KEY": "ab:cd"}, AT)
    here = replace(job, address="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="the form ID:HEX") as refused:
        into_ghost.put_all(here, {"GHOST_CONTENT_KEY": "x", "GHOST_ADMIN_KEY": "s3cret"}, AT)
    assert "s3cret" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"^WORDPRESS_PASSWORD: not in the environment"):
        into_wordpress.put_all(here, {"WORDPRESS_USER": "ana"}, AT)
