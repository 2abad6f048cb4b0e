"""JSON Feed 1.1: its bytes, and what its specification requires."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.json_feed import json_feed
from tests.feeds.values import HARD, feed, full
from tests.samples import teaser

GOLDEN = Path(__file__).parent / "golden"
FEED = {
    "version": str,
    "title": str,
    "home_page_url": str,
    "feed_url": str,
    "description": str,
    "language": str,
    "icon": str,
    "authors": list,
    "items": list,
}
ITEM = {
    "id": str,
    "url": str,
    "title": str,
    "content_html": str,
    "content_text": str,
    "summary": str,
    "image": str,
    "date_published": str,
    "date_modified": str,
    "language": str,
    "tags": list,
    "authors": list,
    "attachments": list,
}
ATTACHMENT = {"url": str, "mime_type": str, "title": str, "size_in_bytes": int}
AUTHOR = {"name": str, "url": str, "avatar": str}


def complaints(data: bytes) -> list[str]:
    """What the specification of JSON Feed 1.1 requires, as far as our feeds use it."""
    value = json.loads(data)
    wrong = [] if value["version"] == "https://jsonfeed.org/version/1.1" else ["version"]
    wrong += _shape(value, FEED, ("version", "title", "items"), "feed")
    for item in value["items"]:
        wrong += [f"empty {key}" for key, found in item.items() if found in ("", [])]
        wrong += _shape(item, ITEM, ("id",), "item")
        wrong += [] if "content_html" in item or "content_text" in item else ["no content"]
        for key in ("date_published", "date_modified"):
            wrong += [] if datetime.fromisoformat(item[key]).tzinfo else [key]
        wrong += [tag for tag in item.get("tags", []) if not isinstance(tag, str)]
        for author in item.get("authors", []):
            wrong += _shape(author, AUTHOR, ("name",), "author")
        for attachment in item.get("attachments", []):
            wrong += _shape(attachment, ATTACHMENT, ("url", "mime_type"), "attachment")
    ids = [item.get("id") for item in value["items"]]
    return wrong + ([] if len(set(ids)) == len(ids) else ["an id twice"])


def _shape(value: dict[str, Any], known: dict[str, type], required: tuple[str, ...], what: str) -> list[str]:
    wrong = [f"{what}: no {key}" for key in required if key not in value]
    for key, found in value.items():
        if key.startswith("_"):
            # An extension: an object of our own.
            wrong += [] if isinstance(found, dict) else [f"{what}: {key}"]
        elif key not in known or not isinstance(found, known[key]):
            wrong.append(f"{what}: {key}")
    return wrong


def test_the_bytes() -> None:
    assert json_feed(full())[0].decode() == (GOLDEN / "full.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [full(), feed()], ids=["full", "empty"])
def test_the_specification_has_nothing_to_say(value: Any) -> None:
    assert complaints(json_feed(value)[0]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"id"', '"guid"'),
        ('"tags": [', '"labels": ['),
        ("version/1.1", "version/1"),
        ("articles/spa", "articles/bridge"),
        ('"size_in_bytes": 91234', '"size_in_bytes": "91234"'),
    ],
)
def test_the_specification_would_say_something(old: str, new: str) -> None:
    assert complaints(json_feed(full())[0].decode().replace(old, new).encode())


def test_what_json_feed_has_no_word_for_stands_in_an_extension() -> None:
    opinion, spa, brief = json.loads(json_feed(full())[0])["items"]
    assert (opinion["_standfirst"]["access"], opinion["_standfirst"]["is_open"]) == ("paid", False)
    assert opinion["_standfirst"]["image"]["credit"] == "Jo Peeters & Co"
    assert spa["_standfirst"] == {"access": "free", "is_open": True, "sponsor": "Kaap & Zoon"}
    assert "authors" not in brief


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_hard_texts_are_right_to_the_letter(text: str) -> None:
    data, refused = json_feed(feed(teaser(headline=text, teaser=text)))
    (item,) = json.loads(data)["items"]
    assert item["title"] == text
    assert item["summary"].removesuffix("\nFull article for subscribers") == text
    assert refused == ()


def test_letters_are_not_escaped() -> None:
    assert HARD["Arabic"].encode() in json_feed(feed(teaser(headline=HARD["Arabic"])))[0]


def test_a_lone_surrogate_stops_nothing() -> None:
    data, _ = json_feed(feed(teaser("bad", headline="a\ud800b"), teaser("good")))
    assert [item["title"] for item in json.loads(data)["items"]] == ["a?b", "The good reopens"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(min_size=1, max_size=9), max_size=2))
def test_the_same_input_gives_the_same_valid_bytes(headline: str, summary: str, authors: list[str]) -> None:
    def made() -> bytes:
        return json_feed(feed(teaser(headline=headline, teaser=summary, authors=tuple(authors))))[0]

    assert made() == made()
    assert complaints(made()) == []
    assert json.loads(made())["items"][0].get("title", "") == headline.encode("utf-8", "replace").decode()


def test_the_hub() -> None:
    value = json.loads(json_feed(feed(hub="https://hub.example/?a=1"))[0])
    assert value["hubs"] == [{"type": "WebSub", "url": "https://hub.example/?a=1"}]
    assert "hubs" not in json.loads(json_feed(feed())[0])
