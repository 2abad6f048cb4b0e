"""Addresses in a newsroom's own words become links."""

from __future__ import annotations

import pytest

from web.pages import mailto


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Groups: subs@quay.example", 'Groups: <a href="mailto:subs@quay.example">subs@quay.example</a>'),
        (
            "a@b.example, c@d.example.",
            '<a href="mailto:a@b.example">a@b.example</a>, <a href="mailto:c@d.example">c@d.example</a>.',
        ),
        ("Call <us> @ 5", "Call &lt;us&gt; @ 5"),
        ("", ""),
    ],
)
def test_an_address_is_a_link_and_all_else_is_text(text: str, html: str) -> None:
    assert mailto(text) == html
