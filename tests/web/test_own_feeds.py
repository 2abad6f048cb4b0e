"""The page of a reader's own feeds: behind the sign-in, changed by our forms alone, right in a browser."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser as Chromium

from newsroom.database import writing
from readership import feed_uses
from readership.feed_uses import Fetched
from readership.tokens import feed_token, preferences_token, session_proof
from tests.browser import look, window
from tests.web.serving import KEYS, Site
from tests.web.signing_in import SESSION, Browser, reader, signed_in
from web.private_uses import write_all

PAGE = "/account/feeds"


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    """What this test counted is not the next one's."""
    yield
    write_all()


def token_on(text: str) -> str:
    found = re.search(r">https://feeds\.quay\.example/private/([^/<]+)/all\.rss<", text)
    return found[1] if found else ""


def act(browser: Browser, action: str, proof: str | None = None) -> Any:
    return browser.post(PAGE, {"action": action, "proof": browser.proof() if proof is None else proof})


def opens(site: Site, token: str) -> int:
    return site.client.get(f"/private/{token}/politics.rss").status_code


def fetch(site: Site, *some: Fetched) -> None:
    with writing(site.engine) as connection:
        feed_uses.note(connection, b"k" * 32, dict.fromkeys(some, 1), site.clock())


def test_it_shows_every_feed_to_its_reader_alone(site: Site) -> None:
    reader(site)
    answer = signed_in(site).get(PAGE)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert token_on(answer.text) == feed_token(KEYS, 1, 0)
    for file in ("politics.rss", "politics.atom", "politics.json", "partners.rss", "all.json"):
        assert f"/{file}" in answer.text
    assert "whole articles" in answer.text
    assert "may be shared" not in answer.text


def test_a_link_in_a_mail_is_not_enough(site: Site) -> None:
    reader(site)
    for headers in ({}, {"Cookie": f"{SESSION}=guessed"}):
        answer = site.client.get(PAGE, headers=headers, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={PAGE}")
        assert "/private/" not in answer.text
    link = f"/preferences/{preferences_token(KEYS, 1)}"
    assert "/private/" not in site.client.get(link).text


def test_new_addresses_end_the_old_ones_at_once(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    old = token_on(browser.get(PAGE).text)
    assert opens(site, old) == 200
    answer = act(browser, "new")
    new = token_on(answer.text)
    assert "These are your new addresses" in answer.text
    assert new not in ("", old)
    assert [opens(site, old), opens(site, new)] == [410, 200]


def test_they_are_switched_off_and_on_again(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    old = token_on(browser.get(PAGE).text)
    assert "stop working at once" in browser.get(PAGE).text
    answer = act(browser, "stop")
    assert "switched off" in answer.text
    # There are no old ones then.
    assert "stop working at once" not in answer.text + browser.get(PAGE).text
    assert "/private/" not in answer.text
    assert opens(site, old) == 410
    assert "no address that works" in browser.get(PAGE).text
    new = token_on(act(browser, "new").text)
    assert opens(site, new) == 200


@pytest.mark.parametrize("action", ["new", "stop"])
def test_only_a_form_of_ours_for_this_session_changes_anything(site: Site, action: str) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    browser, other = signed_in(site), signed_in(site, "bo@quay.example")
    old = token_on(browser.get(PAGE).text)
    forged = session_proof((("k2", b"another newsroom's key, same id!"),), "x")
    for proof in ("", "nonsense", other.proof(), forged, browser.proof()[:-2], "\0", "x" * 60_000):
        assert act(browser, action, proof).status_code == 403
    # Nobody is signed in at all.
    assert site.client.post(PAGE, data={"action": action}, follow_redirects=False).status_code == 303
    # Opening it changes nothing.
    browser.get(f"{PAGE}?action={action}&proof={browser.proof()}")
    assert opens(site, old) == 200


def test_an_action_that_is_none_does_nothing(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    before = token_on(browser.get(PAGE).text)
    assert token_on(act(browser, "nonsense").text) == before


def test_it_says_what_may_be_shared(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    fetch(site, Fetched(1, "Feedly", "", 3), *(Fetched(1, "newsboat", f"10.0.{n}.0/24", 0) for n in range(7)))
    text = browser.get(PAGE).text
    assert "Feedly says that 3 of its users follow it" in text
    assert "used from 7 networks within 24 hours" in text
    assert opens(site, token_on(text)) == 200
    # New ones have nothing against them.
    assert "may be shared" not in act(browser, "new").text


def test_without_a_plan_it_says_what_the_feeds_hold(site: Site) -> None:
    reader(site, plan_until=site.clock().date())
    browser = signed_in(site)
    site.clock.on(days=1)
    text = browser.get(PAGE).text
    assert "headlines and teasers of those for subscribers" in text
    assert "free for everybody who signs in" in text and "for you alone" in text


def test_its_one_script_is_named_by_the_policy_and_addresses_are_selected_without_it(site: Site) -> None:
    reader(site)
    answer = signed_in(site).get(PAGE)
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.S)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    # Every format in a field of its own; the buttons are the script's.
    assert answer.text.count("<textarea ") == answer.text.count(" hidden data-said=") == 15
    assert "user-select: all" in answer.text and 'href="https://feeds.quay.example/private' not in answer.text


def test_no_log_holds_an_address(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    for token in (token_on(act(browser, "new").text), token_on(browser.get(PAGE).text)):
        assert token
        assert token not in site.said()
    assert "new_feed_addresses_reader" in site.said()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "mode", "language"), [(375, "dark", "ar"), (1200, "light", "en")])
def test_every_state_is_right_in_a_browser(
    site: Site, browser: Chromium, width: int, mode: Literal["light", "dark"], language: str
) -> None:
    reader(site, language=language)
    signed = signed_in(site)
    fetch(site, Fetched(1, "Feedly", "", 3), *(Fetched(1, "newsboat", f"10.0.{n}.0/24", 0) for n in range(7)))
    states = {"shared": signed.get(PAGE).text, "new": act(signed, "new").text}
    states |= {"stopped": act(signed, "stop").text, "off": signed.get(PAGE).text}
    with window(browser, width, mode) as page:
        for name, html in states.items():
            page.set_content(html)
            assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            seen = look(page, "button:not([hidden]), main .go a, .field textarea, summary")
            assert seen.violations == {}, name
            assert seen.width <= width, name
            assert seen.small() == [], name
        # The keyboard alone reaches every address and both buttons.
        page.set_content(states["new"])
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 40)"))
        assert sum(one.startswith("<textarea id=") for one in reached) == 5
        assert sum(one.startswith("<button") for one in reached) == 2
