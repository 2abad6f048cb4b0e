"""Our feeds read back by two readers that are not ours: feedparser, and npm's feedsmith."""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

import feedparser
import pytest

from feeds.json_feed import json_feed
from feeds.listing import listed
from feeds.opml import opml
from feeds.rss_atom import atom, rss
from feeds.select import Feed
from tests import samples
from tests.feeds.values import HARD, feed, full
from tests.samples import teaser

NODE = Path(__file__).resolve().parent.parent / "node"
GOLDEN = Path(__file__).parent / "golden"
LAST = "<p><em>Full article for subscribers</em></p>"
XML = pytest.mark.parametrize("write", [rss, atom], ids=["rss", "atom"])


def hard_feed() -> Feed:
    """Each hard text as headline, teaser, author and label of an entry, and inside of public HTML."""
    return feed(
        *(
            teaser(
                f"hard-{number}",
                headline=text,
                teaser=text,
                authors=(text,),
                label=text,
                public_html=f"<p>{escape(text)}</p>",
            )
            for number, text in enumerate(HARD.values())
        )
    )


def summary(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p><p>{escape(text)}</p>{LAST}"


def with_feedparser(data: bytes) -> Any:
    found = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


def with_feedsmith(*documents: bytes) -> list[Any]:
    if not shutil.which("node") or not (NODE / "node_modules" / "feedsmith").is_dir():
        pytest.skip("needs Node 20 and its packages: cd tests/node && npm ci")
    question = json.dumps([document.decode() for document in documents])
    command = ["node", NODE / "feeds.mjs"]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    assert isinstance(answers, list)
    return answers


@XML
def test_feedparser_reads_every_letter(write: Any) -> None:
    found = with_feedparser(write(hard_feed())[0])
    assert len(found.entries) == len(HARD)
    for entry, text in zip(found.entries, HARD.values(), strict=True):
        assert entry.title == text
        assert entry.summary == summary(text)
        assert entry.author == text
        assert [tag.term for tag in entry.tags] == [text, "Politics", "subscribers-only"]


@XML
def test_feedparser_finds_everything_where_it_looks_for_it(write: Any) -> None:
    found = with_feedparser(write(full())[0])
    assert found.version == ("rss20" if write is rss else "atom10")
    assert found.feed.title == "The Quay: Politics"
    assert found.feed.subtitle == "News from the river."
    assert found.feed.language == "en"
    assert found.feed.link == "https://quay.example"
    own = [link.href for link in found.feed.links if link.rel == "self"]
    assert own == [f"https://feeds.quay.example/feeds/politics{'.rss' if write is rss else '.atom'}"]
    first = found.entries[0]
    assert (first.id, first.link) == ("tag:quay.example,2026:articles/bridge", "https://quay.example/bridge")
    assert write is atom or not first.guidislink
    assert first.published_parsed[:6] == (2026, 3, 10, 11, 0, 0)
    assert first.updated_parsed[:6] == (2026, 3, 10, 11, 30, 0)
    assert [author.name for author in first.authors] == ["Nele Verstraete", "Léa Ôtis"]
    assert first.media_content[0]["url"] == "https://feeds.quay.example/media/a1.jpg"
    assert first.media_content[0]["medium"] == "image"


@pytest.mark.node
def test_feedsmith_reads_every_letter() -> None:
    value = hard_feed()
    of_rss, of_atom, of_json = with_feedsmith(rss(value)[0], atom(value)[0], json_feed(value)[0])
    texts = list(HARD.values())
    assert [item["title"] for item in of_rss["feed"]["items"]] == texts
    assert [item["description"] for item in of_rss["feed"]["items"]] == [summary(text) for text in texts]
    assert [item["dc"]["creators"] for item in of_rss["feed"]["items"]] == [[text] for text in texts]
    assert [entry["title"]["value"] for entry in of_atom["feed"]["entries"]] == texts
    assert [entry["summary"]["value"] for entry in of_atom["feed"]["entries"]] == [summary(t) for t in texts]
    assert [item["title"] for item in of_json["feed"]["items"]] == texts
    assert [item["content_html"] for item in of_json["feed"]["items"]] == [summary(text) for text in texts]


@pytest.mark.node
def test_feedsmith_finds_everything_where_it_looks_for_it() -> None:
    room = samples.newsroom()
    documents = (
        rss(full())[0],
        atom(full())[0],
        json_feed(full())[0],
        rss(feed())[0],
        opml(room, listed(room)),
    )
    answers = with_feedsmith(*documents)
    assert [answer["format"] for answer in answers] == ["rss", "atom", "json", "rss", "opml"]
    of_rss, of_atom, of_json, empty, outline = (answer["feed"] for answer in answers)
    item = of_rss["items"][0]
    assert item["guid"] == {"value": "tag:quay.example,2026:articles/bridge", "isPermaLink": False}
    assert item["dcterms"]["modified"] == [item["atom"]["updated"]] == ["2026-03-10T11:30:00Z"]
    picture = item["media"]["contents"][0]
    assert (picture["fileSize"], picture["medium"]) == (91_234, "image")
    assert picture["credits"] == [{"value": "Jo Peeters & Co", "role": "photographer"}]
    assert of_rss["sy"]["updatePeriod"] == "hourly"
    entry = of_atom["entries"][0]
    assert entry["links"] == [
        {"href": "https://quay.example/bridge", "rel": "alternate", "type": "text/html"}
    ]
    assert entry["media"]["contents"][0]["description"]["value"] == "Dawn, seen from <the> quay"
    assert of_json["items"][0]["attachments"][0]["size_in_bytes"] == 91_234
    assert empty.get("items", []) == []
    outlines = outline["body"]["outlines"][0]["outlines"]
    assert [one["xmlUrl"] for one in outlines] == [
        f"https://feeds.quay.example/feeds/{name}.rss" for name in room.feeds
    ]


def test_the_bytes_of_the_list_of_feeds() -> None:
    room = samples.newsroom()
    assert opml(room, listed(room)).decode() == (GOLDEN / "index.opml").read_text(encoding="utf-8")
