"""Fills a WordPress, 6.1 or newer, with the demo's stories: `python -m demo.into_wordpress URL`.

WORDPRESS_USER has the user's name and WORDPRESS_PASSWORD an application password of theirs. What is there
already, by its slug, is renewed.
"""

from __future__ import annotations

import os
import re
import sys
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from content.article import Access
from content.sources.rules import slug_of
from demo.dates import ZONE
from demo.into_site import (
    Count,
    Site,
    ascii_slug,
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

NAMES = ("WORDPRESS_USER", "WORDPRESS_PASSWORD")
"""The variables that are asked for."""
KEY = "site"
_HOW = "make an application password in WordPress under Users → Profile"
# Texts that are closed are so by a tag: WordPress itself has no paywall.
_CLOSED = {Access.PAID: "for-subscribers", Access.REGISTERED: "for-registered"}
# Of these WordPress would make its own quotes, dashes and signs. It leaves references to them alone.
_SET = re.compile(r"""["']|-(?=[-\s])|(?<=[-\s])-|\.(?=\.)|(?<=\.)\.|(?<=\d)x(?=\d)""")
_BLOCKS = {"p": "paragraph", "ul": "list", "ol": "list", "blockquote": "quote"}


def block(url: str, user: str) -> str:
    """The `[[source]]` of a newsroom that reads this WordPress, in TOML."""
    lines = [
        "# Where the articles come from: a WordPress. Its password is in the secrets.",
        "[[source]]",
        f'key = "{KEY}"',
        'kind = "wordpress"',
        f"url = {_quoted(url.rstrip('/'))}",
        f"user = {_quoted(user)}",
        'access = "free"',
        f'paid = ["tag:{_CLOSED[Access.PAID]}"]',
        f'registered = ["tag:{_CLOSED[Access.REGISTERED]}"]',
    ]
    return "\n".join(lines) + "\n"


def put_all(job: Job, environ: Mapping[str, str], now: datetime) -> Count:
    """Put the job's stories there: made where no post has the slug, else renewed. Safe to do again.

    Those that come after `now` are planned; those taken back, and bookings that do not run, are drafts.
    Raises ConfigurationError and SourceError.
    """
    site = WordPress(job.address, *needed(environ, NAMES, _HOW))
    try:
        desk = _Desk(site, job, now)
        made = [desk.put(story) for story in job.stories]
        return Count(sum(made), len(made) - sum(made), desk.uploaded)
    finally:
        site.close()


def fill(job: Job) -> Filled:
    """What a newsroom needs to read the WordPress at the job's address, which has all stories then."""
    user, password = needed(os.environ, NAMES, _HOW)
    put_all(job, os.environ, datetime.now(ZONE))
    return Filled(block(job.address, user), {f"STANDFIRST_SOURCE_{KEY.upper()}": password})


class WordPress(Site):
    """A WordPress's REST API, asked with an application password."""

    def __init__(self, url: str, user: str, password: str) -> None:
        super().__init__(url)
        self._key = b64encode(f"{user}:{password}".encode()).decode()

    def headers(self) -> Mapping[str, str]:
        """Those that say who asks."""
        return {"Authorization": f"Basic {self._key}"}

    def _address(self, route: str, query: Mapping[str, str]) -> str:
        # The way that works with every setting of a site's addresses.
        return super()._address("/", {"rest_route": f"/wp/v2/{route}", **query})


class _Desk:
    """Stories into one WordPress; what it has of categories, tags, people and pictures is looked up once."""

    def __init__(self, site: WordPress, job: Job, now: datetime) -> None:
        self._site, self._job, self._now = site, job, now
        self._numbers: dict[tuple[str, str], int] = {}
        self._sections = sections()
        # Elsewhere a wrong password would only be answered as a stranger is.
        me = site.get("users/me", {"context": "edit"})
        self._makes_users = bool(me.get("capabilities", {}).get("create_users"))
        self.uploaded = 0

    def put(self, story: Story) -> bool:
        """Make or renew a story; returns True where it was made."""
        post = self._post(story)
        wish = {"slug": story.slug, "status": "publish,future,draft,pending,private", "_fields": "id"}
        there = self._site.get("posts", wish)
        self._site.send(f"posts/{there[0]['id']}" if there else "posts", post)
        return not there

    def _post(self, story: Story) -> dict[str, Any]:
        by_account = self._makes_users and len(story.authors) == 1 and bool(ascii_slug(story.authors[0]))
        tags = [(tag, tag) for tag in self._job.flags(story)]
        tags += [(slug_of(tag), tag) for tag in story.tags]
        tags += named(story, authors=not by_account)
        if story.access in _CLOSED:
            tags.append((_CLOSED[story.access],) * 2)
        later = story.published > self._now
        post: dict[str, Any] = {
            "slug": story.slug,
            "title": _kept(story.headline),
            "content": content_of(story),
            "excerpt": _kept(story.teaser),
            "date_gmt": f"{story.published.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "status": "draft" if not is_out(story, self._job) else "future" if later else "publish",
            "categories": [
                self._term("categories", key, self._sections[key].title) for key in story.sections
            ],
            "tags": [self._term("tags", slug, name) for slug, name in tags],
            "featured_media": self._picture(story.slug, story.picture) if story.picture else 0,
        }
        if by_account:
            post["author"] = self._person(story.authors[0])
        return post

    def _term(self, kind: str, slug: str, name: str) -> int:
        return self._found(kind, slug) or self._made(kind, slug, {"slug": slug, "name": name})

    def _person(self, name: str) -> int:
        slug = ascii_slug(name)
        account = {
            "username": slug,
            "slug": slug,
            "name": name,
            # Never written to: names under .invalid reach nobody.
            "email": f"{slug}@demo.invalid",
            "password": token_urlsafe(24),
            "roles": ["author"],
        }
        return self._found("users", slug) or self._made("users", slug, account)

    def _picture(self, slug: str, image: StoryPicture) -> int:
        """The picture of the story with this slug, uploaded once; its words are renewed."""
        name = f"{slug}-picture"
        number = self._found("media", name)
        if not number:
            headers = {
                "Content-Type": "image/png",
                "Content-Disposition": f'attachment; filename="{name}.png"',
            }
            number = self._site.upload(
                "media", picture(self._job.folder / FOLDER / MEDIA, image.file), headers
            )["id"]
            self._numbers["media", name] = number
            self.uploaded += 1
        words = {"slug": name, "alt_text": image.alt, "caption": _kept(caption_of(image))}
        self._site.send(f"media/{number}", words)
        return number

    def _found(self, kind: str, slug: str) -> int:
        """Its number; 0 where there is none."""
        if (kind, slug) not in self._numbers:
            wish = {"hide_empty": "false"} if kind in ("categories", "tags") else {}
            there = self._site.get(kind, {"slug": slug, "_fields": "id", **wish})
            if not there:
                return 0
            self._numbers[kind, slug] = there[0]["id"]
        return self._numbers[kind, slug]

    def _made(self, kind: str, slug: str, fields: Mapping[str, Any]) -> int:
        number = int(self._site.send(kind, fields)["id"])
        self._numbers[kind, slug] = number
        return number


def content_of(story: Story) -> str:
    """The body in WordPress's blocks, the wall as its "more" mark."""
    before, after = walled(story)
    wall = "<!-- wp:more -->\n<!--more-->\n<!-- /wp:more -->"
    parts = [*map(_block, pieces(before)), *([wall] if before else []), *map(_block, pieces(after))]
    return "\n\n".join(parts)


def _block(piece: tuple[str, str]) -> str:
    tag, html = piece
    name = "heading" if tag[:1] == "h" and tag[1:].isdigit() else _BLOCKS.get(tag, "html")
    level = f' {{"level":{tag[1:]}}}' if name == "heading" else ""
    return f"<!-- wp:{name}{level} -->\n{_kept_between(html)}\n<!-- /wp:{name} -->"


def _kept(text: str) -> str:
    """Plain text as HTML that comes out of WordPress with the same letters."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SET.sub(_reference, escaped)


def _reference(letter: re.Match[str]) -> str:
    return f"&#{ord(letter[0])};"


def _kept_between(html: str) -> str:
    """HTML with the letters between its tags kept."""
    out, rest = "", html
    while rest:
        text, bracket, rest = rest.partition("<")
        tag, end, rest = rest.partition(">")
        out += _SET.sub(_reference, text) + bracket + tag + end
    return out


def _quoted(text: str) -> str:
    """A string in TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


WORDPRESS = Origin("wordpress", "in a WordPress", fill, is_elsewhere=True)

if __name__ == "__main__":
    sys.exit(filled(sys.argv[1:], "demo.into_wordpress", put_all))
