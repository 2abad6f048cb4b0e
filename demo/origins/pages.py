"""The demo's articles as a website's own pages: a front page, and a page for each article."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from content.article import Access
from demo.into_site import walled
from demo.origins import Filled, Job, Origin
from demo.origins.site import FOLDER, MEDIA
from demo.stories import Story

_ARTICLES = "articles"
_SPONSORED = "partners"
_SECTIONS = ("town", "work", "river", "culture", "opinion", "briefs", _SPONSORED)
_TABLE = """\
# Where the articles come from: the front page of the newsroom's site, and the pages that it leads to.
[[source]]
key = "site"
kind = "pages"
access = "paid"
registered = ["tag:members"]
[source.select]
label = "p.kicker"
"""
_LIST = """
[[source.list]]
url = "{address}/"
section = "{section}"
select = "#{section} li"
"""
_BY = 'sponsor = ".by"\n'
_PAGE = """\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>{title}</title>
{head}</head>
<body>
{body}</body>
</html>
"""


def fill(job: Job) -> Filled:
    """Write the pages into the site's folder."""
    site = job.folder / FOLDER
    (site / _ARTICLES).mkdir(parents=True)
    shown = [story for story in job.listed if _runs(story, job)]
    (site / "index.html").write_text(_front(shown), encoding="utf-8")
    (site / "robots.txt").write_text("User-agent: *\nAllow: /\n", encoding="ascii")
    for story in shown:
        (site / _ARTICLES / story.slug).write_text(_page(story, job), encoding="utf-8")
    lists = (_LIST.format(address=job.address, section=one) for one in _SECTIONS)
    return Filled(f"{_TABLE}{''.join(lists)}{_BY}")


def _runs(story: Story, job: Job) -> bool:
    """Whether a site shows it: a booking while it runs."""
    return (not story.run_from or story.run_from <= job.at) and (
        not story.run_until or job.at <= story.run_until
    )


def _front(shown: Sequence[Story]) -> str:
    blocks = []
    for section in _SECTIONS:
        items = "".join(_item(story) for story in shown if section in story.sections)
        blocks.append(f'<section id="{section}">\n<ul>\n{items}</ul>\n</section>\n')
    return _PAGE.format(title="The Havenmond Lantern", head="", body=f"<main>\n{''.join(blocks)}</main>\n")


def _item(story: Story) -> str:
    by = f'<span class="by">{escape(story.sponsor)}</span>' if story.sponsor else ""
    link = f'<h3><a href="/{_ARTICLES}/{escape(story.slug)}">{escape(story.headline)}</a></h3>'
    return f"<li>{by}{link}<p>{escape(story.teaser)}</p></li>\n"


def _page(story: Story, job: Job) -> str:
    # As in a page's head everywhere: no text can end the script.
    data = json.dumps(_json_ld(story, job), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    head = (
        f'<link rel="canonical" href="{escape(story.url)}">\n'
        f'<script type="application/ld+json">\n{data}\n</script>\n'
    )
    if story.picture is not None and story.picture.alt:
        # In its head, for whom the text is closed to.
        head += f'<meta property="og:image:alt" content="{escape(story.picture.alt)}">\n'
    kicker = f'<p class="kicker">{escape(story.label)}</p>\n' if story.label else ""
    body = (
        f"<article>\n{kicker}<h1>{escape(story.headline)}</h1>\n{_figure(story, job)}"
        f'<div class="story">\n{_story(story)}</div>\n</article>\n'
    )
    return _PAGE.format(title=f"{escape(story.headline)} | The Havenmond Lantern", head=head, body=body)


def _story(story: Story) -> str:
    """The text; what strangers do not see of it stands in an element that JSON-LD calls not free."""
    before, after = walled(story)
    if story.access is Access.FREE or not before:
        return f"{story.body_html}\n"
    return f'{before}\n<div class="subscribers">\n{after}\n</div>\n'


def _figure(story: Story, job: Job) -> str:
    if story.picture is None:
        return ""
    source = escape(f"{job.address}/{MEDIA}/{story.picture.file}")
    caption = f"<figcaption>{escape(story.picture.caption)}</figcaption>" if story.picture.caption else ""
    return f'<figure><img src="{source}" alt="{escape(story.picture.alt)}">{caption}</figure>\n'


def _json_ld(story: Story, job: Job) -> dict[str, object]:
    tags = [*job.flags(story), *(("members",) if story.access is Access.REGISTERED else ())]
    is_free = story.access is Access.FREE
    closed = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".subscribers"}
    found = {
        "@context": "https://schema.org",
        "@type": "AdvertiserContentArticle" if story.sponsor else "NewsArticle",
        "mainEntityOfPage": story.url,
        "headline": story.headline,
        "description": story.teaser,
        "datePublished": story.published.isoformat(),
        "dateModified": (story.updated or story.published).isoformat(),
        "author": [{"@type": "Person", "name": name} for name in story.authors],
        "image": _image(story, job),
        "keywords": tags,
        "correction": story.correction,
        "isAccessibleForFree": is_free,
        "hasPart": closed if walled(story)[0] and not is_free else None,
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _image(story: Story, job: Job) -> dict[str, str] | None:
    picture = story.picture
    if picture is None:
        return None
    found = {
        "@type": "ImageObject",
        "url": f"{job.address}/{MEDIA}/{picture.file}",
        "caption": picture.caption,
        "creditText": picture.credit,
    }
    return {name: value for name, value in found.items() if value}


PAGES = Origin("pages", "on a website's pages", fill, serves=True)
