"""Fills a Ghost, 5 or newer, with the demo's stories: `python -m demo.into_ghost URL`.

GHOST_ADMIN_KEY and GHOST_CONTENT_KEY have the keys of a custom integration. What is there already, by its
slug, is renewed. An integration may make no staff, so tags name the authors.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from content.article import Access
from content.sources.ghost_cards import WALL
from demo.dates import ZONE
from demo.into_site import (
    Count,
    Site,
    caption_of,
    filled,
    is_out,
    named,
    needed,
    picture,
    pieces,
    sections,
    walled,
)
from demo.origins import Filled, Job, Origin
from demo.origins.site import FOLDER, MEDIA
from demo.stories import Story, StoryPicture
from newsroom.errors import ConfigurationError
from newsroom.ghost_key import parsed_key, token

NAMES = ("GHOST_CONTENT_KEY", "GHOST_ADMIN_KEY")
"""The variables that are asked for."""
KEY = "site"
_HOW = "add a custom integration in Ghost under Settings → Integrations"
_VISIBILITY = {Access.FREE: "public", Access.REGISTERED: "members", Access.PAID: "paid"}
# Ghost plans nothing that is nearer.
_NEAREST = timedelta(minutes=3)
_BOUNDARY = "the-lanterns-picture"


def block(url: str) -> str:
    """The `[[source]]` of a newsroom that reads this Ghost, in TOML."""
    words = "# Where the articles come from: a Ghost. Its keys are in the secrets."
    address = url.rstrip("/").replace("\\", "").replace('"', "")
    return f'{words}\n[[source]]\nkey = "{KEY}"\nkind = "ghost"\nurl = "{address}"\n'


def put_all(job: Job, environ: Mapping[str, str], now: datetime) -> Count:
    """Put the job's stories there: made where no post has the slug, else renewed. Safe to do again.

    Those that come after `now` are planned; those taken back, and bookings that do not run, are drafts.
    Raises ConfigurationError and SourceError.
    """
    site = Ghost(job.address, needed(environ, NAMES, _HOW)[1])
    try:
        desk = _Desk(site, job, now)
        made = [desk.put(story) for story in job.stories]
        return Count(sum(made), len(made) - sum(made), desk.uploaded)
    finally:
        site.close()


def fill(job: Job) -> Filled:
    """What a newsroom needs to read the Ghost at the job's address, which has all stories then."""
    content, admin = needed(os.environ, NAMES, _HOW)
    put_all(job, os.environ, datetime.now(ZONE))
    name = f"STANDFIRST_SOURCE_{KEY.upper()}"
    return Filled(block(job.address), {name: content, f"{name}_ADMIN": admin})


class Ghost(Site):
    """A Ghost's Admin API, asked with the key of an integration."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url)
        parsed = parsed_key(key)
        if parsed is None:
            raise ConfigurationError("GHOST_ADMIN_KEY: not an Admin API key; it has the form ID:HEX")
        self._key = parsed

    def headers(self) -> Mapping[str, str]:
        """Those that say who asks, by a token that is good for five minutes."""
        return {"Authorization": f"Ghost {token(*self._key, time.time())}", "Accept-Version": "v5.0"}

    def _address(self, route: str, query: Mapping[str, str]) -> str:
        return super()._address(f"/ghost/api/admin/{route}/", query)


class _Desk:
    """Stories into one Ghost."""

    def __init__(self, site: Ghost, job: Job, now: datetime) -> None:
        self._site, self._job, self._now = site, job, now
        self._sections = sections()
        self.uploaded = 0

    def put(self, story: Story) -> bool:
        """Make or renew a story; returns True where it was made."""
        found = self._site.get(f"posts/slug/{story.slug}", {}, accepted=(404,))
        old = found["posts"][0] if found and "posts" in found else None
        post = self._post(story, old)
        if old is None:
            self._site.send("posts", {"posts": [post]}, source="html")
        else:
            stamped = {**post, "updated_at": old["updated_at"]}
            self._site.send(f"posts/{old['id']}", {"posts": [stamped]}, "PUT", source="html")
        return old is None

    def _post(self, story: Story, old: Mapping[str, Any] | None) -> dict[str, Any]:
        later = story.published > self._now + _NEAREST
        tags: list[dict[str, str]] = [
            {"slug": key, "name": self._sections[key].title} for key in story.sections
        ]
        tags += [{"name": tag} for tag in story.tags]
        tags += [{"name": f"#{tag}"} for tag in self._job.flags(story)]
        tags += [{"name": f"#{name}"} for _, name in named(story, authors=True)]
        return {
            "slug": story.slug,
            "title": story.headline,
            "html": html_of(story),
            "custom_excerpt": story.teaser or None,
            "published_at": f"{story.published.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            "status": "draft" if not is_out(story, self._job) else "scheduled" if later else "published",
            "visibility": _VISIBILITY[story.access],
            "tags": tags,
            **self._picture(story.slug, story.picture, old),
        }

    def _picture(
        self, slug: str, image: StoryPicture | None, old: Mapping[str, Any] | None
    ) -> dict[str, str | None]:
        if image is None:
            return {"feature_image": None, "feature_image_alt": None, "feature_image_caption": None}
        name = f"{slug}-picture"
        address = (old or {}).get("feature_image") or ""
        if name not in address:
            address = self._upload(f"{name}.png", picture(self._job.folder / FOLDER / MEDIA, image.file))
        return {
            "feature_image": address,
            "feature_image_alt": image.alt,
            "feature_image_caption": escape(caption_of(image), quote=False),
        }

    def _upload(self, name: str, data: bytes) -> str:
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        self.uploaded += 1
        return str(self._site.upload("images/upload", body, headers)["images"][0]["url"])


def html_of(story: Story) -> str:
    """The body as Ghost's editor takes HTML, the wall as its "Public preview" card."""
    before, after = walled(story)
    parts = [*(html for _, html in pieces(before)), *([WALL] if before else [])]
    return "".join([*parts, *(html for _, html in pieces(after))])


GHOST = Origin("ghost", "in a Ghost", fill, is_elsewhere=True)

if __name__ == "__main__":
    sys.exit(filled(sys.argv[1:], "demo.into_ghost", put_all))
