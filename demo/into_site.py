"""A site that is filled with the demo's stories: what WordPress and Ghost have in common."""

from __future__ import annotations

import io
import json
import os
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from content.sources.rules import slug_of
from content.sources.tag_words import NO_BYLINE
from demo.dates import SIX, ZONE, planned
from demo.origins import Job
from demo.pictures import draw
from demo.setting import HERE, RUN
from demo.stories import Story, StoryPicture, stories
from newsroom.errors import ConfigurationError, SourceError, StandfirstError
from newsroom.web import Web
from newsroom.web_address import is_near

PICTURE_WIDTH = 1_200
"""Both keep every pixel of a PNG that is so wide; others they compress, each in its own way."""


@dataclass(frozen=True, slots=True)
class Count:
    """What came of filling a site."""

    made: int
    renewed: int
    """Those that were there already, by their slugs."""
    pictures: int
    """Those that were uploaded."""


@dataclass(frozen=True, slots=True)
class Section:
    """One of the newsroom's sections, as categories and tags are named."""

    key: str
    title: str


class Site:
    """A site's API, asked in the name of somebody who may write. Never a password in an error."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError where a password would cross the network readable."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_near(url):
            raise ConfigurationError(f"{url}: a password goes over https alone, or to a machine nearby")
        self.url = url.rstrip("/")
        self._web = Web(trusted=(parts.netloc,), timeout=120)

    def close(self) -> None:
        """Let connections go."""
        self._web.close()

    def headers(self) -> Mapping[str, str]:
        """Those that say who asks, at this moment."""
        raise NotImplementedError

    def get(self, route: str, query: Mapping[str, str], accepted: Sequence[int] = ()) -> Any:
        """The JSON at a route; None where an `accepted` status came without. Raises SourceError."""
        answer, _ = self._web.json(self._address(route, query), headers=self.headers(), accepted=accepted)
        return answer

    def send(self, route: str, body: object, method: str = "POST", **query: str) -> Any:
        """What the site answers to a value sent as JSON. Raises SourceError."""
        return self.upload(
            route, json.dumps(body).encode(), {"Content-Type": "application/json"}, method, **query
        )

    def upload(
        self, route: str, data: bytes, headers: Mapping[str, str], method: str = "POST", **query: str
    ) -> Any:
        """What the site answers to bytes. Raises SourceError."""
        answer = self._web.send(
            method, self._address(route, query), data, headers={**self.headers(), **headers}
        )
        try:
            return json.loads(answer.data) if answer.data else None
        except ValueError as error:
            raise SourceError(f"{self.url}: what it answered to {method} {route} is not JSON") from error

    def _address(self, route: str, query: Mapping[str, str]) -> str:
        return f"{self.url}{route}{'?' if query else ''}{urlencode(query)}"


PutAll = Callable[[Job, Mapping[str, str], datetime], Count]
"""Puts a job's stories into a site, with credentials out of the environment, at a moment."""


def filled(arguments: Sequence[str], program: str, put_all: PutAll) -> int:
    """Fill the site at the one address given; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write(f"python -m {program} URL\n")
        return 2
    now = datetime.now(ZONE)
    day = planned(now, None).day
    try:
        job = Job(RUN, arguments[0], stories(day), datetime.combine(day, SIX, ZONE))
        done = put_all(job, os.environ, now)
    except StandfirstError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write(f"{done.made} posts made, {done.renewed} renewed, {done.pictures} pictures uploaded\n")
    return 0


def needed(environ: Mapping[str, str], names: Sequence[str], how: str) -> list[str]:
    """The values of these variables; raises ConfigurationError naming those that are missing."""
    missing = [name for name in names if not environ.get(name, "").strip()]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)}: not in the environment; {how}")
    return [environ[name].strip() for name in names]


def ascii_slug(name: str) -> str:
    """A name's plain letters as a slug: what may be in an account's name; empty where it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return slug_of(plain) if plain.strip() else ""


def sections() -> dict[str, Section]:
    """The demo's sections by their keys."""
    settings = tomllib.loads((HERE / "newsroom.toml").read_text(encoding="utf-8"))
    return {one["key"]: Section(one["key"], one["title"]) for one in settings["section"]}


def picture(folder: Path, file: str) -> bytes:
    """A story's picture as a PNG: drawn into the folder where it is not there yet."""
    draw(folder)
    with Image.open(folder / file) as opened:
        height = round(opened.height * PICTURE_WIDTH / opened.width)
        small = opened.convert("RGB").resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def caption_of(image: StoryPicture) -> str:
    """A picture's caption with its credit, in the one line that both systems have for them."""
    return " ".join(filter(None, (image.caption, f"(Photo: {image.credit})" if image.credit else "")))


def is_out(story: Story, job: Job) -> bool:
    """Whether it is published or planned: others are drafts. A booking is while it runs, as there is no field
    that says when it does."""
    runs = (story.run_from is None or story.run_from <= job.at) and (
        story.run_until is None or job.at <= story.run_until
    )
    return runs and not story.withdrawn


def named(story: Story, *, authors: bool) -> tuple[tuple[str, str], ...]:
    """Tags that say by their names what the system has no field for, as slug and name."""
    told: list[str] = [f"Sponsor: {story.sponsor}"] if story.sponsor else []
    if story.label:
        told.append(f"Label: {story.label}")
    if not story.authors:
        # Both systems have an author for everything: whoever filled it.
        told.append(NO_BYLINE)
    for place, name in enumerate(story.authors if authors else (), 1):
        told.append(f"By: {name}" if place == 1 else f"By {place}: {name}")
    return tuple((slug_of(name), name) for name in told)


def walled(story: Story) -> tuple[str, str]:
    """The body's HTML before the wall and after it; nothing before where the newsroom's own wall is meant.

    An editor's wall stands between paragraphs. A beginning that ends within one is what the newsroom's
    `public_paragraphs` make of the text, here as there.
    """
    public, whole = story.public_html, story.body_html
    if public and whole.startswith(public):
        return public, whole[len(public) :]
    return "", whole


def pieces(html: str) -> Iterator[tuple[str, str]]:
    """The outermost elements of a body: each one's name and its HTML, without line breaks of the source."""
    body = LexborHTMLParser(html).body
    node = body.child if body is not None else None
    while node is not None:
        if node.tag == "-text":
            if text := (node.text_content or "").strip():
                yield "p", f"<p>{escape(text)}</p>"
        else:
            yield node.tag or "", " ".join((node.html or "").split())
        node = node.next
