"""An edition as the mail that its readers would get, shown to an editor before they do."""

from __future__ import annotations

from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from newsletter.desk.pictures import behind
from newsletter.desk.previews import nobodys_values
from newsletter.rendering.letter import filled
from newsletter.rendering.tongue import direction_of
from newsletter.variant import Audience, Variant
from newsroom.masthead import Archive
from web.edition_known import Known
from web.edition_pages import Asked
from web.house import House
from web.words import words

_BAR = Markup(
    '<div lang="{lang}" dir="{dir}" style="padding:4px 20px;background:#1b1b1b;color:#ffffff;'
    'font:400 15px/1.5 sans-serif;text-align:start">'
    '<span style="display:flex;flex-wrap:wrap;gap:0 24px">'
    '<a href="?" style="padding:10px 0;color:#ffffff">{back}</a>'
    '<span style="display:flex;flex-wrap:wrap;gap:0 16px">{see}</span></span>'
    '<span style="display:block;padding:4px 0 10px">{subject}: <b dir="{runs}">{title}</b></span></div>'
)
"""What leads on to each reader's mail stays together where it has no room beside the way back."""
_WAY = Markup('<a href="?as={key}" style="min-width:44px;padding:10px 0;color:#ffffff">{name}</a>')
_HERE = Markup('<b style="min-width:44px;padding:10px 0">{name}</b>')


def audience_of(text: str) -> Audience | None:
    """The readers that `as` in the address names."""
    return Audience(text) if text in set(Audience) else None


def shown(house: House, asked: Asked, known: Known, audience: Audience, link: str) -> Response:
    """The mail as a page of its own; `link` is the editor's. Its links to unsubscribe stop nobody's mail.

    Raises RenderError where it cannot be drawn.
    """
    # What renders takes a while to import.
    from newsletter.rendering.render import render

    assert known.selection is not None  # noqa: S101  # Whoever calls has looked.
    newsletter, newsroom = asked.newsletter, house.newsroom
    web = None if newsletter.archive is Archive.NOBODY else f"{link}?as={audience}"
    letter = render(known.selection, Variant(audience), newsroom, newsletter, web_url=web).letter
    values = nobodys_values(house.settings, newsletter, letter.language)
    html = behind(filled(letter.html, values, html=True), known.pictures, newsroom.public_url, link)
    before, body, after = html.partition("<body")
    inside, end, rest = after.partition(">")
    bar = _bar(asked, audience, letter.subject)
    return HTMLResponse(f"{before}{body}{inside}{end}{bar}{rest}", headers=_headers(house))


def _bar(asked: Asked, audience: Audience, subject: str) -> Markup:
    ours = words(asked.language)
    ways = (
        (_HERE if one is audience else _WAY).format(key=one.value, name=ours[f"edition_see_{one.value}"])
        for one in Audience
    )
    return _BAR.format(
        lang=ours["lang"],
        dir=ours["dir"],
        back=ours["edition_see_back"],
        see=Markup("").join(ways),
        subject=ours["edition_subject"],
        title=subject,
        runs=direction_of(subject, ours["lang"]),
    )


def _headers(house: House) -> dict[str, str]:
    """Those of every page, but that a mail has its looks in itself, and pictures from where the newsroom has
    them."""
    look = house.newsroom.look
    hosts = {
        f"{parts.scheme}://{parts.netloc}"
        for parts in map(urlsplit, (house.newsroom.public_url, look.logo_url, look.logo_dark_url))
        if parts.netloc
    }
    pictures = " ".join(["'self'", *sorted(hosts)])
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return {**house.pages.headers, "Content-Security-Policy": policy, "X-Robots-Tag": "noindex"}
