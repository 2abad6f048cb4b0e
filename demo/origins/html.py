"""The demo's articles as HTML files: a folder of pages, as an older system may have written them."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from pathlib import Path

from demo.origins import Filled, Job, Origin
from demo.stories import Story

_FOLDER = "articles"
_PICTURES = "pictures"
_TABLES = f'''\
# Where the articles come from: a folder of HTML files, a sub-folder for each section.
[[source]]
key = "articles"
kind = "folder"
path = "{_FOLDER}"
access = "paid"
'''
_PAGE = """\
<!doctype html>
<!--
---
{front}---
-->
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>{headline} | The Havenmond Lantern</title>
{authors}<meta name="date" content="{published}">
<meta name="description" content="{teaser}">
</head>
<body>
<nav><a href="/">The Havenmond Lantern</a></nav>
<article>
<h1>{headline}</h1>
{figure}{body}
</article>
<footer>The Havenmond Lantern, Vismarkt 9</footer>
</body>
</html>
"""


def fill(job: Job) -> Filled:
    """Write a file for each story, beside the pictures."""
    for story in job.stories:
        path = job.folder / _FOLDER / story.section / f"{story.slug}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(story), encoding="utf-8")
    return Filled(_TABLES)


def _page(story: Story) -> str:
    return _PAGE.format(
        front=_front(story),
        headline=escape(story.headline),
        authors="".join(f'<meta name="author" content="{escape(name)}">\n' for name in story.authors),
        published=story.published.isoformat(),
        teaser=escape(story.teaser),
        figure=_figure(story),
        body=story.body_html,
    )


def _front(story: Story) -> str:
    """What a page has no words of its own for, as front matter. JSON is YAML, with every letter kept."""
    said = {
        "sections": list(story.sections),
        "access": story.access.value,
        "label": story.label,
        "rank": story.rank,
        "updated": _moment(story.updated),
        "sponsor": story.sponsor,
        "run_from": _moment(story.run_from),
        "run_until": _moment(story.run_until),
        "correction": story.correction,
        "lead": story.lead,
        "again": story.again,
        "sensitive": story.sensitive,
        "withdrawn": story.withdrawn,
    }
    return "".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in said.items() if value
    )


def _figure(story: Story) -> str:
    picture = story.picture
    if picture is None:
        return ""
    credit = f"(Photo: {picture.credit})" if picture.credit else ""
    words = escape(" ".join(filter(None, (picture.caption, credit))))
    image = f'<img src="../{_PICTURES}/{escape(picture.file)}" alt="{escape(picture.alt)}">'
    return f"<figure>{image}<figcaption>{words}</figcaption></figure>\n"


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


HTML = Origin("html", "in HTML files", fill, pictures=str(Path(_FOLDER, _PICTURES)))
