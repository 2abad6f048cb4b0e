"""RSS and Atom: their bytes, what their specifications require, and each of feedgen's surprises."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from content.article import Access
from feeds.rss_atom import atom, rss
from tests.feeds.values import feed, full
from tests.samples import NOON, teaser

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[2]
SPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
}
FORMATS = pytest.mark.parametrize("write", [rss, atom], ids=["rss", "atom"])


def parsed(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def texts(root: Any, path: str) -> list[str]:
    return [
        found if isinstance(found, str) else found.text or "" for found in root.xpath(path, namespaces=SPACES)
    ]


@pytest.mark.parametrize(("name", "write"), [("full.rss", rss), ("full.atom", atom)])
def test_the_bytes(name: str, write: Any) -> None:
    data, refused = write(full())
    assert data.decode() == (GOLDEN / name).read_text(encoding="utf-8")
    assert refused == ()


def rss_complaints(data: bytes) -> list[str]:
    """What RSS 2.0 and the RSS Advisory Board's profile require, as far as our feeds use it."""
    root = parsed(data)
    wrong = [] if root.tag == "rss" and root.get("version") == "2.0" else ["root"]
    wrong += [] if len(root) == 1 and root[0].tag == "channel" else ["channel"]
    channel = root[0]
    wrong += [f"channel/{tag}" for tag in ("title", "link", "description") if len(channel.findall(tag)) != 1]
    own = texts(root, "channel/a:link[@rel='self']/@href")
    wrong += [] if len(own) == 1 and own[0].endswith(".rss") else ["self link"]
    tags = [child.tag for child in channel]
    wrong += [] if "item" not in tags or set(tags[tags.index("item") :]) == {"item"} else ["items last"]
    for item in channel.findall("item"):
        once = ("title", "link", "guid", "pubDate")
        wrong += [f"item/{tag}" for tag in once if len(item.findall(tag)) != 1]
        wrong += [f"item/{tag} twice" for tag in ("description", "author") if len(item.findall(tag)) > 1]
        wrong += [] if item.find("guid").get("isPermaLink") == "false" else ["isPermaLink"]
        # An author of RSS is an address; a name goes into dc:creator.
        wrong += [f"author {name}" for name in texts(item, "author") if "@" not in name]
    for text in texts(root, "//pubDate") + texts(root, "//lastBuildDate"):
        wrong += [] if parsedate_to_datetime(text).tzinfo else [text]
    guids = texts(root, "//guid")
    return wrong + ([] if len(set(guids)) == len(guids) else ["a guid twice"])


def atom_complaints(data: bytes) -> list[str]:
    """What RFC 4287 requires, sections 4.1.1 and 4.1.2, as far as our feeds use it."""
    root = parsed(data)
    wrong = [] if root.tag == "{http://www.w3.org/2005/Atom}feed" else ["root"]
    has_author = bool(texts(root, "a:author/a:name"))
    for element in (root, *root.findall("a:entry", SPACES)):
        wrong += [tag for tag in ("id", "title", "updated") if len(element.findall(f"a:{tag}", SPACES)) != 1]
        wrong += [] if ":" in texts(element, "a:id")[0] else ["id is no IRI"]
        links = element.findall("a:link", SPACES)
        kinds = [(link.get("rel"), link.get("type")) for link in links]
        wrong += [] if len(set(kinds)) == len(kinds) and ("alternate", "text/html") in kinds else [f"{kinds}"]
        wrong += [] if has_author or texts(element, "a:author/a:name") else ["author"]
        for text in texts(element, "a:updated") + texts(element, "a:published"):
            wrong += [] if datetime.fromisoformat(text).tzinfo else [text]
    wrong += [kind for kind in texts(root, "//@type") if kind == "CDATA"]
    wrong += [] if texts(root, "a:link[@rel='self']/@href") else ["self link"]
    ids = texts(root, "//a:id")
    return wrong + ([] if len(set(ids)) == len(ids) else ["an id twice"])


COMPLAINTS = {rss: rss_complaints, atom: atom_complaints}


@FORMATS
@pytest.mark.parametrize("value", [full(), feed()], ids=["full", "empty"])
def test_the_specification_has_nothing_to_say(write: Any, value: Any) -> None:
    assert COMPLAINTS[write](write(value)[0]) == []


@FORMATS
def test_the_specification_would_say_something(write: Any) -> None:
    data = write(full())[0]
    broken = data.replace(b"articles/spa", b"articles/bridge").replace(b' rel="self"', b' rel="via"')
    assert COMPLAINTS[write](broken)


def test_a_namespace_is_bound_once_and_none_of_feedgens_own_is_left() -> None:
    for write in (rss, atom):
        data = write(full())[0]
        assert data.count(b"xmlns:media=") == data.count(b"xmlns:dc=") == 1
        assert b"ns0" not in data
        assert b"python-feedgen" not in data


# feedgen's surprises, one by one.


@FORMATS
def test_no_date_is_the_clock_s(write: Any) -> None:
    data = write(full())[0]
    for element in parsed(data).iter("pubDate", "lastBuildDate", "{*}updated", "{*}published", "{*}modified"):
        text = element.text
        moment = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
        assert NOON - timedelta(hours=2) < moment < NOON, element.tag


def test_atom_links_have_rel_and_type() -> None:
    links = parsed(atom(full())[0]).findall("a:entry/a:link", SPACES)
    assert {(link.get("rel"), link.get("type")) for link in links} == {("alternate", "text/html")}
    assert [link.get("href") for link in links] == [entry.url for entry in full().entries]


def test_the_channel_s_link_is_the_site() -> None:
    root = parsed(rss(full())[0])
    assert texts(root, "channel/link") == ["https://quay.example"]
    assert texts(root, "channel/a:link/@href") == ["https://feeds.quay.example/feeds/politics.rss"]


HUB = "https://hub.example/push?for=quay&x=1"


@FORMATS
def test_the_hub_stands_beside_the_feed_s_own_address(write: Any) -> None:
    value = feed(teaser(), hub=HUB)
    root = parsed(write(value)[0])
    # WebSub, 4: a hub link and exactly one self link, in the feed itself.
    links = root.xpath("/rss/channel/a:link | /a:feed/a:link", namespaces=SPACES)
    assert [(link.get("rel"), link.get("href")) for link in links][:2] == [
        ("self", f"https://feeds.quay.example/feeds/politics.{'rss' if write is rss else 'atom'}"),
        ("hub", HUB),
    ]
    assert texts(root, "//a:link[@rel='hub']/@href") == [HUB]
    assert texts(root, "channel/link") == (["https://quay.example"] if write is rss else [])
    assert COMPLAINTS[write](write(value)[0]) == []
    assert b"hub" not in write(full())[0]


@FORMATS
def test_entries_keep_their_order(write: Any) -> None:
    root = parsed(write(full())[0])
    assert texts(root, "//guid | //a:entry/a:id") == [entry.id for entry in full().entries]


def test_authors_are_dc_creators() -> None:
    root = parsed(rss(full())[0])
    assert texts(root, "//dc:creator") == ["Nele Verstraete", "Léa Ôtis", "Kaap & Zoon"]
    assert texts(root, "//author") == []


def test_the_subtitle_is_the_description() -> None:
    assert texts(parsed(atom(full())[0]), "a:subtitle") == ["News from the river."]


@FORMATS
def test_a_picture_stands_ungrouped_with_all_that_is_known_of_it(write: Any) -> None:
    root = parsed(write(full())[0])
    assert texts(root, "//media:group") == []
    (content,) = root.findall(".//media:content", SPACES)
    assert dict(content.attrib) == {
        "url": "https://feeds.quay.example/media/a1.jpg",
        "type": "image/jpeg",
        "medium": "image",
        "fileSize": "91234",
        "width": "1200",
        "height": "800",
    }
    assert texts(content, "media:credit") == ["Jo Peeters & Co"]
    assert texts(content, "media:description") == ["Dawn, seen from <the> quay"]
    assert texts(content, "media:title") == ['The "old" bridge']


@FORMATS
def test_the_language_of_each_entry(write: Any) -> None:
    root = parsed(write(full())[0])
    assert texts(root, "//item/dc:language | //a:entry/@xml:lang") == ["en", "en", "nl"]
    assert texts(root, "/rss/channel/language | /a:feed/@xml:lang") == ["en"]


@FORMATS
def test_the_stylesheet_comes_before_the_root(write: Any) -> None:
    lines = write(full())[0].decode().splitlines()
    assert lines[0] == "<?xml version='1.0' encoding='UTF-8'?>"
    assert lines[1] == '<?xml-stylesheet href="feed.css" type="text/css"?>'


@FORMATS
@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "a\ufffeb", "a\ud800b"])
@pytest.mark.parametrize("field", ["headline", "teaser", "correction"])
def test_an_entry_that_cannot_be_written_is_left_out_and_named(write: Any, text: str, field: str) -> None:
    bad = teaser("bad", **{field: text})
    data, refused = write(feed(teaser("one"), bad, teaser("two")))
    assert refused == (bad.id,)
    assert data == write(feed(teaser("one"), teaser("two")))[0]


def test_atom_refuses_an_entry_without_a_title() -> None:
    nameless = teaser("bad", headline="")
    data, refused = atom(feed(teaser("one"), nameless))
    assert refused == (nameless.id,)
    assert atom_complaints(data) == []


def test_a_feed_whose_own_title_cannot_be_written_raises() -> None:
    with pytest.raises(ValueError, match="XML"):
        rss(replace(full(), title="a\x00b"))


@FORMATS
def test_the_logo(write: Any) -> None:
    value = replace(full(), icon_url="https://quay.example/logo.png?a=1&b=2")
    data = write(value)[0]
    assert texts(parsed(data), "//image/url | //a:logo") == ["https://quay.example/logo.png?a=1&b=2"]
    assert COMPLAINTS[write](data) == []


DATES_IN = """
import locale, sys
locale.setlocale(locale.LC_ALL, sys.argv[1])
before = locale.setlocale(locale.LC_ALL)
from datetime import datetime
from feeds.rss_atom import rss
from tests.feeds.values import full
data = rss(full())[0]
assert locale.setlocale(locale.LC_ALL) == before
print(datetime(2026, 3, 10).strftime("%a %b"))
sys.stdout.flush()
sys.stdout.buffer.write(data)
"""


def german(folder: Path) -> str:
    """A German locale, made here where its sources are installed; else the one every Debian has."""
    if not Path("/usr/share/i18n/locales/de_DE").is_file():
        return "C.UTF-8"
    made = folder / "de_DE.UTF-8"
    done = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", made], capture_output=True, check=False)
    return "de_DE.UTF-8" if done.returncode == 0 else "C.UTF-8"


def test_dates_are_english_in_any_locale_and_the_locale_stays(tmp_path: Path) -> None:
    chosen = german(tmp_path)
    environment = {**os.environ, "LOCPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    if chosen == "C.UTF-8":
        del environment["LOCPATH"]
    command = [sys.executable, "-c", DATES_IN, chosen]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    first, _, data = done.stdout.partition(b"\n")
    assert first.decode() in ("Di Mär", "Tue Mar")
    assert data.decode() == (GOLDEN / "full.rss").read_text(encoding="utf-8")


words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    headline=words.filter(bool),
    summary=words,
    label=words,
    authors=st.lists(words.filter(bool), max_size=2),
    access=st.sampled_from(Access),
    correction=words,
)
def test_the_same_input_gives_the_same_valid_bytes(
    headline: str, summary: str, label: str, authors: list[str], access: Access, correction: str
) -> None:
    def value() -> Any:
        return feed(
            teaser(
                headline=headline,
                teaser=summary,
                label=label,
                authors=tuple(authors),
                access=access,
                correction=correction,
            ),
            teaser("other"),
        )

    for write, complaints in COMPLAINTS.items():
        data, refused = write(value())
        assert write(value()) == (data, refused)
        assert refused == ()
        assert complaints(data) == []
        (title, *_) = texts(parsed(data), "//item/title | //a:entry/a:title")
        assert title == value().entries[0].title
