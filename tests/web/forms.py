"""The forms of a page, read as a browser reads them."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx2


class _Form(HTMLParser):
    """The fields of the form whose `action` field is the wanted one."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.feed(page)
        self.fields = next(form for form in self.forms if form.get("action") == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert given == {"method": "post"}
            self.forms.append({})
        elif tag == "input":
            self.forms[-1][given["name"]] = given["value"]


def fields(page: httpx2.Response, action: str) -> dict[str, str]:
    """What the form with this `action` sends."""
    return _Form(page.text, action).fields
