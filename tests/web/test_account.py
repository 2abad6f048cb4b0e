"""A reader's account: the sessions are listed and ended, and no other site's form does anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from readership.reader import Plan
from readership.tokens import session_proof
from tests import samples
from tests.readership.registered import register
from tests.web.serving import KEYS, Site, served, settings
from tests.web.signing_in import ADDRESS, SESSION, Browser, mails, reader, signed_in
from web.browsers import browser_of

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


def ends(browser: Browser) -> list[str]:
    """The sessions that the page offers to end."""
    return re.findall(r'name="session" value="([^"]+)"', browser.get("/account").text)


def test_whoever_is_not_signed_in_goes_to_do_that(site: Site) -> None:
    browser = Browser(site)
    for answer in (browser.get("/account"), browser.post("/account", {"action": "all"})):
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account")
    for value in ("", "x", "\x7f", "x" * 5_000, "a" * 43):
        assert not Browser(site, cookies={SESSION: value}).is_in


def test_sessions_are_listed_with_no_more_than_tells_them_apart(site: Site) -> None:
    reader(site)
    first = signed_in(site)
    site.clock.on(days=2)
    phone = Browser(site, headers={"User-Agent": PHONE, "X-Forwarded-For": "203.0.113.77"})
    phone.ask()
    phone.type(mails(site)[0].code)
    page = phone.get("/account").text
    assert "Safari, iPhone" in page and "Firefox, Linux" in page and "203.0.113.0/24" in page
    assert "203.0.113.77" not in page and PHONE not in page
    assert page.count("this browser") == 1
    assert first.cookies[SESSION] not in page
    (other,) = ends(phone)
    answer = phone.post("/account", {"action": "end", "session": other, "proof": phone.proof()})
    assert answer.status_code == 200 and '<p role="status">It is signed out.</p>' in answer.text
    assert phone.is_in and not first.is_in


def test_signing_out_here_and_everywhere(site: Site) -> None:
    reader(site)
    one, two, three = (signed_in(site) for _ in range(3))
    own = one.cookies[SESSION]
    assert "You are signed out" in one.post("/account", {"action": "out", "proof": one.proof()}).text
    assert SESSION not in one.cookies and not Browser(site, cookies={SESSION: own}).is_in
    assert two.is_in and three.is_in
    two.post("/account", {"action": "all", "proof": two.proof()})
    assert not two.is_in and not three.is_in


@pytest.mark.parametrize("action", ["end", "out", "all", "nonsense"])
def test_no_form_of_another_site_and_of_another_session_does_anything(site: Site, action: str) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    ana, other, bo = signed_in(site), signed_in(site), signed_in(site, "bo@quay.example")
    (session,) = ends(ana)
    foreign = [("k2", b"another newsroom's key, not ours 12")]
    for proof in ("", "x", bo.proof(), other.proof(), session_proof(foreign, session), "x" * 10_000, "\0"):
        answer = ana.post("/account", {"action": action, "session": session, "proof": proof})
        assert answer.status_code == 403
    assert ana.is_in and other.is_in and bo.is_in


def test_nobody_ends_somebody_elses_session(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    ana, other, bo = signed_in(site), signed_in(site), signed_in(site, "bo@quay.example")
    (session,) = ends(ana)
    bo.post("/account", {"action": "end", "session": session, "proof": bo.proof()})
    assert other.is_in
    assert ADDRESS not in bo.get("/account").text


def test_its_proof_is_for_forms_alone(site: Site) -> None:
    reader(site)
    ana = signed_in(site)
    assert session_proof(KEYS, "x") != ana.proof()
    assert ana.proof() == ana.proof()
    assert not Browser(site, cookies={SESSION: ana.proof()}).is_in


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (PHONE, "Safari, iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("<script>alert(1)</script>", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_a_browser_is_named_as_a_person_would(agent: str, said: str) -> None:
    assert browser_of(agent) == said


@pytest.mark.parametrize(
    ("plan", "going_on"),
    [
        (Plan.FREE, ""),
        (Plan.PAID, "Your subscription continues."),
        (Plan.TRIAL, "Your access to The Quay goes on as before."),
    ],
)
def test_nobody_is_told_of_a_subscription_that_is_none(site: Site, plan: Plan, going_on: str) -> None:
    register(site.engine, samples.reader(1, plan, address=ADDRESS), samples.subscription())
    browser = signed_in(site)
    account = browser.get("/account").text
    found = re.search(r'href="(/preferences/[^"]+)"', account)
    assert found
    preferences = browser.get(found[1]).text
    assert going_on in preferences
    for page in (account, preferences):
        assert ("Manage or cancel" in page) is bool(going_on)
        assert ("with whole articles" in page) is bool(going_on)
        assert "Your own feeds" in page
    assert going_on or "mail only" not in preferences


def test_dates_are_written_as_in_the_newsrooms_own_region(site: Site, tmp_path: Path) -> None:
    newsroom = samples.newsroom(language="en-GB")
    with served(settings(tmp_path, newsroom), site.engine) as british:
        reader(british)
        browser = signed_in(british)
        account = browser.get("/account").text
        assert re.search(r"10 Mar 2026, \d\d:\d\d<", account)
        found = re.search(r'href="(/preferences/[^"]+)"', account)
        assert found
        fields = {"action": "save", "newsletter": "daily", "pause": "2026-03-24", "proof": browser.proof()}
        assert "Tuesday 24 March 2026" in browser.post(found[1], fields).text.replace(",", "")
