"""The demo's articles of one day as values: what any other kind of system can be filled with."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from content.article import Access, Article, LeadImage, Picture, StoredArticle
from content.sources import Found
from content.sources.chosen import source_for
from content.teaser import teaser_of
from demo.pictures import SCENES
from demo.setting import HERE, write_articles, write_secrets
from newsroom.masthead import Newsroom
from newsroom.settings import load


@dataclass(frozen=True, slots=True)
class StoryPicture:
    """A story's picture: `demo.pictures.draw(FOLDER)` makes the files, and `file` is one of their names."""

    file: str
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Story:
    """One article. Moments have their zone; texts are plain, but for the two of HTML."""

    id: str
    """The entry id that it has in the folder's demo."""
    slug: str
    url: str
    sections: tuple[str, ...]
    """Keys of demo/newsroom.toml, its own first."""
    headline: str
    label: str
    teaser: str
    authors: tuple[str, ...]
    published: datetime
    """After six on the demo's day for the one under embargo."""
    updated: datetime | None
    """Where the file says it; None where it does not."""
    public_html: str
    """What demo/newsroom.toml lets everybody read of a closed story's body: its first paragraph, cut at a
    sentence where that is too much of it; empty for a free one."""
    body_html: str
    access: Access
    picture: StoryPicture | None
    sponsor: str
    """Empty for the newsroom's own."""
    run_from: datetime | None
    run_until: datetime | None
    rank: int | None
    lead: bool
    again: bool
    no_digest: bool
    sensitive: bool
    correction: str
    tags: tuple[str, ...]
    withdrawn: bool
    """Published, and taken back before the demo's edition."""

    @property
    def section(self) -> str:
        """Its own section's key."""
        return self.sections[0]


def stories(day: date) -> tuple[Story, ...]:
    """The demo's articles as they stand on `day` at half past five, in the order of their files' paths.

    They are read by the project's own folder source. What makes sense in a folder alone is dropped: the
    copy of an article that lies in a second section's folder is that one article, in both sections, and
    nothing is listed twice.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return _read(folder, day)


def _read(folder: Path, day: date) -> tuple[Story, ...]:
    shutil.copy(HERE / "newsroom.toml", folder)
    write_secrets(folder / "secrets.env")
    write_articles(folder, day)
    pictures = folder / "articles" / "pictures"
    pictures.mkdir()
    for scene in SCENES:
        # The file holds its own name, and so a story comes to know it: nothing is drawn here.
        (pictures / f"{scene}.jpg").write_text(f"{scene}.jpg", encoding="ascii")
    settings = load(folder / "newsroom.toml", {})
    source = source_for(settings.sources[0], settings.newsroom)
    found: dict[str, Story] = {}
    for entry in sorted(source.listing().entries, key=lambda one: one.reference):
        reading = source.read(entry, _named)
        if not isinstance(reading.found, Found) or reading.found.article is None:
            raise AssertionError(f"{entry.place}: the demo's own article cannot be read")
        story = _story(reading.found, reading.found.article, settings.newsroom)
        twin = found.get(story.id)
        found[story.id] = _joined(twin, story) if twin else story
    return tuple(found.values())


def _named(data: bytes) -> tuple[Picture, ...]:
    return (Picture(data.decode("ascii"), 1, 1, 1),)


def _story(found: Found, article: Article, newsroom: Newsroom) -> Story:
    stored = StoredArticle(article, 1, article.published, first_seen=article.published)
    booking = article.booking
    return Story(
        id=found.claim or found.entry.default_id,
        slug=article.slug,
        url=article.url,
        sections=article.sections,
        headline=article.headline,
        label=article.label,
        teaser=article.teaser,
        authors=article.authors,
        published=article.published,
        updated=article.updated if found.updated_given else None,
        public_html=teaser_of(stored, newsroom.paywall).public_html,
        body_html=article.body.html,
        access=article.access,
        picture=_picture(article.image),
        sponsor=booking.sponsor if booking else "",
        run_from=booking.run_from if booking else None,
        run_until=booking.run_until if booking else None,
        rank=article.rank,
        lead=article.pinned,
        again=article.again,
        no_digest=article.no_digest,
        sensitive=article.sensitive,
        correction=article.correction,
        tags=article.tags,
        withdrawn=found.withdrawn,
    )


def _picture(image: LeadImage | None) -> StoryPicture | None:
    return StoryPicture(image.sizes[0].path, image.alt, image.caption, image.credit) if image else None


def _joined(story: Story, twin: Story) -> Story:
    return replace(story, sections=tuple(dict.fromkeys((*story.sections, *twin.sections))))
