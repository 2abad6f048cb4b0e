"""Mail scanners open every link of every mail, and every link behind it: nothing may come of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
import sqlalchemy as sa

from newsletter.letters.post_office import drained
from newsroom.database import engine_for, metadata
from newsroom.settings import load
from readership.tokens import form_stamp
from tests.commands.house import built, html_of, text_of
from tests.web.serving import Site, served

OURS = "http://127.0.0.1:8080"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
COUNTED = {"feed_uses"}
"""Fetches of private feeds are counted: that is what a GET of one is for."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[EmailMessage]]]:
    """A newsroom by the real command, with everything on, and all the mails that it has written."""
    house = built(
        tmp_path_factory.mktemp("crawled") / "quay",
        more='archive = "everyone"\n[web]\ngate = true\n',
        public_url=OURS,
    )
    for name in ("bridge", "harbour"):
        house.article(name)
    house.article("museum", "culture", access="free")
    house.readers("ann@quay.example,paid,", "bo@quay.example,free,", "cy@quay.example,trial,2026-04-01")
    assert house.run(now="2026-03-10T06:01").status == 0
    values = load(house.config, {})
    engine = engine_for(values.database_url)
    with served(values, engine) as site:
        site.clock.moment = NOON
        stamp = form_stamp(values.secrets.signing_keys, NOON - timedelta(minutes=1))
        for address in ("new@quay.example", "ann@quay.example"):
            site.client.post("/subscribe", data={"address": address, "stamp": stamp})
        with httpx2.Client(base_url=site.client.base_url, trust_env=False) as another:
            another.post("/sign-in", data={"address": "ann@quay.example"})
        drained(values, engine, site.clock)
        files = sorted((house.root / "outbox").rglob("*.eml"))
        yield site, [_mail(path) for path in files]
    engine.dispose()


def _mail(path: Path) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    assert isinstance(message, EmailMessage)
    return message


def links(mail: EmailMessage) -> set[str]:
    """Every address in it: of its HTML, its text and its headers."""
    html, text = html_of(mail), text_of(mail)
    found = {unescape(one) for one in re.findall(r"""(?:href|src|action)=["']([^"']+)""", html)}
    found |= set(re.findall(r"https?://[^\s<>\"')]+", text))
    found |= set(re.findall(r"<(https?://[^>]+)>", str(mail["List-Unsubscribe"])))
    return {one for one in found if one.startswith(OURS)}


def dump(engine: sa.Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
            if table.name not in COUNTED
        }


def crawled(site: Site, begin: set[str], depth: int) -> dict[str, int]:
    """Open each link as a scanner does, and those of the pages behind; returns each path's status."""
    seen: dict[str, int] = {}
    wave = {one.removeprefix(OURS) or "/" for one in begin}
    # Like a scanner: no cookie is known, and those that are set are kept.
    with httpx2.Client(base_url=site.client.base_url, trust_env=False, timeout=30) as scanner:
        for _ in range(depth):
            further: set[str] = set()
            for path in sorted(wave):
                scanner.head(path)
                answer = scanner.get(path, headers={"User-Agent": "BarracudaCentral link scanner"})
                seen[path] = answer.status_code
                there = re.findall(r"""(?:href|src|action)=["']([^"'#]+)""", answer.text)
                there += [answer.headers["location"]] if "location" in answer.headers else []
                for one in there:
                    whole = urljoin(f"{OURS}{path}", unescape(one))
                    if whole.startswith(f"{OURS}/"):
                        parts = urlsplit(whole)
                        further.add(parts.path + (f"?{parts.query}" if parts.query else ""))
            wave = {one for one in further if one not in seen}
        assert not list(scanner.cookies.jar)
    return seen


def test_following_every_link_of_every_mail_changes_nothing(house: tuple[Site, list[EmailMessage]]) -> None:
    site, mails = house
    kinds = {str(one["Subject"]) for one in mails}
    assert len(mails) >= 5 and len(kinds) >= 3, kinds
    begin = set().union(*map(links, mails))
    # What a mail is for is among them.
    for part in ("/unsubscribe/", "/confirm/", "/sign-in/"):
        assert [one for one in begin if part in one], part
    before = dump(site.engine)
    seen = crawled(site, begin, 3)
    assert dump(site.engine) == before
    assert len(seen) > len(begin)
    # No link that we give out is a dead one.
    assert {path: status for path, status in seen.items() if status not in (200, 301, 303)} == {}


def test_opened_twice_by_everybody_it_still_works_for_its_reader(
    house: tuple[Site, list[EmailMessage]],
) -> None:
    site, mails = house
    theirs = set().union(*(links(mail) for mail in mails if mail["To"] == "new@quay.example"))
    (path,) = [one.removeprefix(OURS) for one in theirs if "/confirm/" in one]
    for _ in range(2):
        assert site.client.get(path).status_code == 200
    before = dump(site.engine)
    assert site.client.post(path).status_code == 200
    assert dump(site.engine) != before
