"""The unsubscribe link of a test mail: it says what it is, and never that it stopped something."""

from __future__ import annotations

import pytest

from readership.tokens import NOBODY, unsubscribe_token
from tests.web.serving import KEYS, Site
from web.words import words

LINK = f"/unsubscribe/{unsubscribe_token(KEYS, NOBODY, 'daily')}"


def test_opening_it_says_that_it_was_a_test(site: Site) -> None:
    answer = site.client.get(LINK)
    assert answer.status_code == 200
    assert "This was a test mail" in answer.text
    assert words("en")["done_title"].format(newsletter="The Morning Quay") not in answer.text


@pytest.mark.parametrize("action", ["", "stop", "all", "undo", "again"])
def test_nothing_that_it_is_asked_to_do_is_done(site: Site, action: str) -> None:
    answer = site.client.post(LINK, data={"action": action} if action else {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "there is nothing to stop" in answer.text
    assert "unsubscribed_reader" not in site.said()
