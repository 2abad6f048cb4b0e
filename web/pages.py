"""The pages' looks: one sheet, one inline style that the content security policy names, no script."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from newsletter.rendering.tongue import direction_of
from newsroom.looks import looks_of
from newsroom.masthead import Newsroom
from web.words import words

FOLDER = Path(__file__).parent.parent / "templates" / "pages"


_MAILBOX = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def mailto(text: str) -> Markup:
    """`text` as HTML, each mail address in it as a link."""
    pieces, end = [], 0
    for found in _MAILBOX.finditer(text):
        link = Markup('<a href="mailto:{0}">{0}</a>').format(found[0])
        pieces += [escape(text[end : found.start()]), link]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


class Pages:
    """Draws every page of one newsroom."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["mailto"] = mailto
        self._environment.filters["runs"] = direction_of
        looks = looks_of(newsroom.look)
        style = self._environment.get_template("style.css.j2").render(
            light=looks.light,
            dark=looks.dark,
            # `looks_of` has checked them: quotes may stay quotes.
            headline_font=Markup(looks.headline_font),  # noqa: S704  # Checked.
            text_font=Markup(looks.text_font),  # noqa: S704  # Checked.
        )
        # Of the one page that has a script; its text stands in the page, and its hash in the policy.
        self.copy_script = Markup((FOLDER / "copy.js").read_text(encoding="utf-8"))  # noqa: S704  # Ours.
        self._css = Markup(style)  # noqa: S704  # Made of checked values only.
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers: Mapping[str, str] = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    @property
    def copying(self) -> Mapping[str, str]:
        """The headers of a page that `copy_script` may run in."""
        digest = b64encode(hashlib.sha256(self.copy_script.encode()).digest()).decode()
        name = "Content-Security-Policy"
        return {name: f"{self.headers[name]}; script-src 'sha256-{digest}'"}

    def page(
        self,
        template: str,
        title: str,
        language: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """The page `template` with a heading out of the words (`title` is its key), in `language`.

        `values` fill in phrases and template alike. Nothing of it may be kept or indexed by anybody.
        """
        ours = words(language)

        def phrase(key: str) -> str:
            return self.phrase(key, language, **values)

        heading = phrase(title) if title else self.newsroom.name
        html = self._environment.get_template(f"{template}.html.j2").render(
            **values,
            newsroom=self.newsroom,
            words=ours,
            phrase=phrase,
            title=heading,
            # What a screen reader says first, and the tab shows.
            heading=ours["mistake"].format(title=heading) if status == 422 else heading,
            css=self._css,
        )
        robots = {} if template == "front" else {"X-Robots-Tag": "noindex"}
        return HTMLResponse(html, status, {**self.headers, **robots, **(headers or {})})

    def phrase(self, key: str, language: str, **values: Any) -> str:
        """The phrase of this key, as a page in `language` says it; `values` fill it in."""
        ours, fillings = words(language), {"name": self.newsroom.name, **values}
        # Isolated, so that a name in another script does not turn its sentence around.
        isolated = {name: f"\u2068{value}\u2069" for name, value in fillings.items()}
        return ours[key].format_map(isolated if ours["dir"] == "rtl" else fillings)

    def notice(
        self,
        key: str,
        *,
        status: int,
        language: str = "",
        contact: str = "",
        ways: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page that says `KEY_title` and `KEY_text` and leads back to the front page.

        `ways`: where else it leads, each address with the key of its phrase. `values` fill the phrases.
        """
        language = language or self.newsroom.language
        text = f"{key}_text" if f"{key}_text" in words(language) else ""
        return self.page(
            "notice",
            f"{key}_title",
            language,
            status=status,
            headers=headers,
            text=text,
            contact=contact,
            ways=ways,
            **values,
        )
