"""The edition as its readers get it, shown to its editors before they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content import waiting_pictures
from content.tables import articles
from newsletter import holds
from newsletter.desk.previews import put_previews
from newsletter.tables import letters
from newsroom.database import reading, writing
from newsroom.masthead import Archive
from tests.newsletter.delivering import KEY, NOW, House
from tests.web.editing import BRIDGE, CELLO, NELE, Room, desk, seen
from tests.web.serving import settings
from tests.web.test_hostile import dump


@pytest.fixture
def room(tmp_path: Path, engine: Engine) -> Iterator[Room]:
    with desk(tmp_path, engine, archive=Archive.EVERYONE) as value:
        yield value


@pytest.mark.parametrize(("audience", "has_offer"), [("free", True), ("trial", True), ("member", False)])
def test_the_page_leads_to_the_edition_as_each_reader_gets_it(
    room: Room, audience: str, has_offer: bool
) -> None:
    room.press(f"lead {CELLO}", note="Good *morning*.")
    page = room.opened()
    assert f'href="?as={audience}"' in page.text
    before = dump(room.site)
    mail = room.site.client.get(f"{room.link()}?as={audience}")
    assert (mail.status_code, mail.headers["cache-control"]) == (200, "no-store")
    assert mail.headers["x-robots-tag"] == "noindex"
    assert "script-src" not in mail.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'" in mail.headers["content-security-policy"]
    tree = LexborHTMLParser(mail.text)
    headlines = [node.text(strip=True) for node in tree.css("h2")]
    assert headlines[0] == "The cello reopens"
    assert "<em>morning</em>" in mail.text
    assert ("https://quay.example/subscribe" in mail.text) is has_offer
    assert dump(room.site) == before
    # Not a word that only who pays may read.
    assert "for subscribers." not in mail.text


def test_its_web_version_is_the_page_itself_and_never_the_archive_before_it_is_there(
    room: Room, engine: Engine
) -> None:
    mail = room.site.client.get(f"{room.link()}?as=free")
    assert f"/archive/{KEY}" not in mail.text
    (link,) = set(re.findall(r'href="([^"]*/edition/[^"]*)"', mail.text))
    assert room.site.client.get(link.partition("quay.example")[2]).text == mail.text


def test_the_previews_web_version_leads_there(room: Room, engine: Engine) -> None:
    values = settings(room.site.public.parent, newsletters=(room.paper,))
    put_previews(values, engine, lambda: NOW)
    with reading(engine) as connection:
        query = sa.select(letters.c.html, letters.c.text).where(letters.c.address == NELE)
        for part in connection.execute(query).one():
            assert "/archive/" not in part
            (link,) = set(re.findall(r"/edition/[^\s\"]*\?as=\w+", part))
            assert room.site.client.get(link).status_code == 200


def test_what_is_shown_is_no_door(room: Room, engine: Engine) -> None:
    good = room.link()
    assert room.site.client.get(f"{good[:-2]}ee?as=free").status_code == 404
    for value in ("", "x", "paid", "free%00"):
        page = room.site.client.get(f"{good}?as={value}")
        assert seen(page) != "0"
    with writing(engine) as connection:
        connection.execute(sa.update(articles).values(withdrawn=NOW))
    page = room.site.client.get(f"{good}?as=free")
    assert "reopens" not in page.text.partition("Not in it any more")[0] and "?as=" not in page.text


PICTURE = f"media/{'0' * 31}1.jpg"


def _picture_waits(engine: Engine) -> None:
    """The lead has a picture that is published no sooner than the lead."""
    sizes = [[PICTURE, 1200, 800, 9]]
    image = {"sizes": sizes, "alt": "The bridge", "caption": "", "credit": ""}
    with writing(engine) as connection:
        ours = articles.c.id == BRIDGE
        details = connection.execute(sa.select(articles.c.details).where(ours)).scalar_one()
        connection.execute(sa.update(articles).where(ours).values(details={**details, "image": image}))
        waiting_pictures.keep(connection, {BRIDGE: {PICTURE: b"JPEG"}})


def test_a_picture_that_is_not_out_yet_is_shown_behind_the_link_alone(room: Room, engine: Engine) -> None:
    _picture_waits(engine)
    values = settings(room.site.public.parent, newsletters=(room.paper,))
    put_previews(values, engine, lambda: NOW)
    with reading(engine) as connection:
        preview = connection.execute(sa.select(letters.c.html).where(letters.c.address == NELE)).scalar_one()
    for html in (preview, room.site.client.get(f"{room.link()}?as=free").text):
        (src,) = {src for src in re.findall(r'src="([^"]*)"', html) if "media" in src}
        assert src.endswith(f"{room.link()}/{PICTURE}")
        assert f"quay.example/{PICTURE}" not in html
    got = room.site.client.get(f"{room.link()}/{PICTURE}")
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, b"JPEG", "image/jpeg")
    assert got.headers["cache-control"] == "private, no-store"
    assert room.site.client.get(f"/{PICTURE}").status_code == 404
    for link in ("/edition/x", room.link().swapcase(), f"/edition/{'x' * 60}"):
        assert room.site.client.get(f"{link}/{PICTURE}").status_code == 404


def test_once_it_is_out_the_link_leads_to_where_it_is(room: Room, engine: Engine) -> None:
    _picture_waits(engine)
    with writing(engine) as connection:
        waiting_pictures.forget(connection, BRIDGE)
    assert f"quay.example/{PICTURE}" in room.site.client.get(f"{room.link()}?as=free").text
    got = room.site.client.get(f"{room.link()}/{PICTURE}")
    assert (got.status_code, got.headers["location"]) == (307, f"https://feeds.quay.example/{PICTURE}")


def _ways(page: httpx2.Response) -> list[str]:
    """Where the page leads, of the edition as its readers get it and have it."""
    return re.findall(r'href="(\?as=\w+|/archive/[^"]*)"', page.text)


AS = ["?as=free", "?as=trial", "?as=member"]


def test_once_it_went_out_the_page_leads_to_the_archive(room: Room, engine: Engine) -> None:
    assert _ways(room.opened()) == AS
    house = House(engine)
    with writing(engine) as connection:
        holds.release(connection, KEY, "ana", NOW, at_once=True)
    house.provider.batch_size = 1
    house.run(max_per_hour=1)
    page = room.opened()
    assert _ways(page) == [*AS, f"/archive/{KEY}"]
    assert room.site.client.get(f"/archive/{KEY}").status_code == 200
    house.clock.pause(7200)
    house.run()
    page = room.opened()
    assert (_ways(page), "See it as it goes out" in page.text) == ([f"/archive/{KEY}"], False)


def test_what_was_stopped_is_not_shown_as_it_goes_out(room: Room) -> None:
    page = room.press("stop", sure="yes")
    assert (_ways(page), "See it as it goes out" in page.text) == ([], False)
    # The link of a preview that is about still shows it.
    assert "<h2" in room.site.client.get(f"{room.link()}?as=free").text


def test_an_archive_that_nobody_may_open_is_led_to_by_nothing(tmp_path: Path, engine: Engine) -> None:
    with desk(tmp_path, engine, archive=Archive.NOBODY) as room:
        with writing(engine) as connection:
            holds.release(connection, KEY, "ana", NOW, at_once=True)
        House(engine).run()
        assert _ways(room.opened()) == []


def test_since_when_it_goes_out_is_said_as_one_says_it(tmp_path: Path, engine: Engine) -> None:
    with desk(tmp_path, engine, language="es") as room:
        with writing(engine) as connection:
            holds.release(connection, KEY, "ana", NOW, at_once=True)
        house = House(engine)
        house.provider.batch_size = 1
        house.run(max_per_hour=1)
        assert "Sale desde el martes, 10 de marzo" in room.opened().text
