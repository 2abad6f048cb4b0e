"""The link that confirms: opening it does nothing, its button begins the mail once, with the proof kept."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import metadata, writing
from readership import erasure, store
from readership.address import recipient_key
from readership.reader import Plan, Subscription, SubscriptionStatus, SuppressionReason
from readership.record import record
from readership.sign_up import SOURCE
from readership.suppression import suppress
from readership.tables import consents, sign_ups
from readership.tokens import confirm_token, unsubscribe_token
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.serving import KEYS, WEEKLY, Site, served, settings
from tests.web.signing_in import Browser
from tests.web.signing_up import ADDRESS, ask, form, later, mails, signed_up

KEY = recipient_key(ADDRESS_KEY, ADDRESS)


STOPS = "Every mail has a link that stops it at once."


def everything(site: Site) -> dict[str, list[Any]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }


def theirs(site: Site, address: str = ADDRESS) -> dict[str, Subscription]:
    with site.engine.connect() as connection:
        found = store.find(connection, recipient_key(ADDRESS_KEY, address))
    return site.subscriptions(found.id) if found else {}


def statuses(site: Site, address: str = ADDRESS) -> dict[str, str]:
    return {key: one.status.value for key, one in theirs(site, address).items()}


def suppression(site: Site) -> SuppressionReason | None:
    with site.engine.connect() as connection:
        return store.suppressed(connection, [KEY]).get(KEY)


def test_opening_the_link_changes_nothing_and_its_button_begins_the_mail(site: Site) -> None:
    mail = signed_up(site, section=["politics"])
    before = everything(site)
    for method in ("GET", "HEAD"):
        page = site.client.request(method, mail.link)
        assert page.status_code == 200
    page = site.client.get(mail.link)
    assert "<h1>Get The Morning Quay?</h1>" in page.text
    assert "Sections: Politics." in page.text
    assert page.text.count("<button>") == 1 and ADDRESS not in page.text
    assert everything(site) == before
    later(site, minutes=5)
    done = site.client.post(mail.link)
    assert done.status_code == 200 and not done.history and "set-cookie" not in done.headers
    assert "You get The Morning Quay from the next edition on." in done.text
    (one,) = theirs(site).values()
    assert (one.status, one.sections) == (SubscriptionStatus.ACTIVE, frozenset({"politics"}))
    assert (one.consent_at, one.consent_source) == (site.clock.moment, SOURCE)
    assert everything(site)["sign_ups"] == []


def test_the_proof_is_kept_shown_and_deleted_with_the_reader(site: Site) -> None:
    mail = signed_up(site, newsletter=["daily", "weekly"], headers={"X-Forwarded-For": "203.0.113.9"})
    asked = site.clock.moment
    with site.engine.connect() as connection:
        waiting = record(connection, KEY)
    assert waiting and waiting["reader"] is None and waiting["sign_ups"][0]["network"] == "203.0.113.0/24"
    later(site, hours=1)
    site.client.post(mail.link, headers={"X-Forwarded-For": "2001:db8:1:2::9"})
    with site.engine.connect() as connection:
        kept = record(connection, KEY)
        found = store.find(connection, KEY)
    assert kept and found and kept["sign_ups"] == []
    assert [one["newsletter"] for one in kept["consents"]] == ["daily", "weekly"]
    proof = kept["consents"][0]
    assert (proof["asked"], proof["confirmed"]) == (asked.isoformat(), site.clock.moment.isoformat())
    assert (proof["asked_network"], proof["confirmed_network"]) == ("203.0.113.0/24", "2001:db8:1::/48")
    assert proof["language"] == "en"
    assert "We use your address to send you what you have chosen" in proof["asked_words"]
    assert proof["confirmed_words"].split("\n") == [
        "Get The Morning Quay and The Quay on Sunday?",
        f"One click, and it comes to you from its next edition on. {STOPS}",
        "Yes, send it to me",
    ]
    ask(site, newsletter=["weekly"])
    with writing(site.engine) as connection:
        erasure.forget(connection, found, samples.NOON)
    left = everything(site)
    assert left["consents"] == left["sign_ups"] == left["readers"] == []


def test_the_words_that_are_kept_are_those_that_were_on_the_page(site: Site) -> None:
    page = site.client.get("/subscribe?language=fr").text
    mail = signed_up(site, query="?language=fr")
    with site.engine.connect() as connection:
        (words,) = connection.execute(sa.select(sign_ups.c.words)).scalars()
    for line in (words.split("\n")[0], *words.split("\n")[-2:]):
        assert line in page
    confirming = site.client.get(mail.link).text
    site.client.post(mail.link)
    with site.engine.connect() as connection:
        (words,) = connection.execute(sa.select(consents.c.confirmed_words)).scalars()
    for line in words.split("\n"):
        assert line in confirming


def test_a_second_click_says_the_same_and_undoes_no_stop(site: Site) -> None:
    mail = signed_up(site)
    first, second = site.client.post(mail.link), site.client.post(mail.link)
    assert second.text == first.text == site.client.get(mail.link).text
    with site.engine.connect() as connection:
        (number,) = connection.execute(sa.select(consents.c.reader_id)).scalars()
    site.client.post(f"/unsubscribe/{unsubscribe_token(KEYS, number, 'daily')}")
    for answer in (site.client.get(mail.link), site.client.post(mail.link)):
        assert "This link has done its work" in answer.text
    assert statuses(site) == {"daily": "unsubscribed"}


def test_who_had_stopped_it_begins_again_and_keeps_name_and_plan(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, Plan.PAID, address=ADDRESS, name="Ana", language="nl"),
        samples.subscription(1, status=SubscriptionStatus.UNSUBSCRIBED, sections=frozenset({"culture"})),
        samples.subscription(1, newsletter="weekly", status=SubscriptionStatus.PAUSED),
    )
    mail = signed_up(site, "ANA@Quay.example", language="de")
    assert mail.address == "ANA@quay.example"
    site.client.post(mail.link)
    with site.engine.connect() as connection:
        found = store.find(connection, KEY)
    assert found and (found.name, found.plan, found.language) == ("Ana", Plan.PAID, "de")
    assert found.address == ADDRESS
    assert statuses(site) == {"daily": "active", "weekly": "paused"}
    assert site.subscriptions()["daily"].sections == frozenset()


@pytest.mark.parametrize("reason", [SuppressionReason.ERASED, SuppressionReason.UNSUBSCRIBED])
def test_the_persons_own_word_lifts_what_was_their_own_wish_and_starts_nothing_else(
    site: Site, reason: SuppressionReason
) -> None:
    register(site.engine, samples.reader(1, address=ADDRESS), samples.subscription(1, newsletter="weekly"))
    with writing(site.engine) as connection:
        suppress(connection, {KEY: reason}, samples.NOON, "a list")
    mail = signed_up(site)
    assert suppression(site) is reason
    site.client.post(mail.link)
    assert suppression(site) is None
    assert statuses(site) == {"weekly": "unsubscribed", "daily": "active"}


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED])
def test_an_address_that_has_died_since_stays_dead(site: Site, reason: SuppressionReason) -> None:
    mail = signed_up(site)
    with writing(site.engine) as connection:
        suppress(connection, {KEY: reason}, samples.NOON, "an event")
    before = everything(site)
    for answer in (site.client.get(mail.link), site.client.post(mail.link)):
        assert "Nothing can be sent to this address" in answer.text
        assert 'href="mailto:editors@quay.example"' in answer.text
    assert everything(site) == before


def test_a_link_holds_for_seven_days_and_then_says_what_to_do(site: Site) -> None:
    mail = signed_up(site)
    later(site, days=7, seconds=-6)
    assert site.client.get(mail.link).status_code == 200
    later(site, seconds=6)
    for answer in (site.client.get(mail.link), site.client.post(mail.link)):
        assert answer.status_code == 410
        assert "It held for 7 days" in answer.text and 'href="/subscribe"' in answer.text
    assert statuses(site) == {}
    assert mails(site) == [] and everything(site)["sign_ups"] == []


OTHERS = (("k2", b"another key under the same id..."),)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "",
        "%00",
        "%E2%80%8B",
        "..%2f..%2fetc",
        "//evil.example",
        "a" * 20_000,
        confirm_token(OTHERS, "0" * 32, samples.NOON),
        confirm_token((("gone", b"a key that was dropped long ago."),), "0" * 32, samples.NOON),
        unsubscribe_token(KEYS, 1, "daily"),
    ],
)
def test_a_link_that_is_not_ours_confirms_nothing(site: Site, token: str) -> None:
    signed_up(site)
    before = everything(site)
    for answer in (site.client.get(f"/confirm/{token}"), site.client.post(f"/confirm/{token}")):
        assert answer.status_code == 404 and not answer.history
        assert "This link does not work" in answer.text and 'href="/subscribe"' in answer.text
    assert everything(site) == before


def test_a_cut_link_and_one_of_another_sign_up(site: Site) -> None:
    ana, bo = signed_up(site), signed_up(site, "bo@quay.example")
    for end in (1, 2, 10):
        assert site.client.post(ana.link[:-end]).status_code == 404
    head, tail = ana.link[:40], bo.link[40:]
    assert site.client.post(head + tail).status_code == 404
    assert site.client.post(f"/confirm/{confirm_token(KEYS, 'f' * 32, site.clock.moment)}").status_code == 200
    site.client.post(ana.link)
    assert statuses(site) == {"daily": "active"} and statuses(site, "bo@quay.example") == {}


@pytest.mark.parametrize("behind", ["/", ".", ">", ")", "%22"])
def test_what_a_mail_program_takes_into_the_link_does_no_harm(site: Site, behind: str) -> None:
    mail = signed_up(site)
    assert site.client.post(mail.link + behind).status_code == 200
    assert statuses(site) == {"daily": "active"}


def test_an_old_signing_key_still_confirms(site: Site) -> None:
    signed_up(site)
    with site.engine.connect() as connection:
        row = connection.execute(sa.select(sign_ups)).one()
    site.client.post(f"/confirm/{confirm_token(KEYS[1:], row.id, row.asked)}")
    assert statuses(site) == {"daily": "active"}


def test_whoever_is_on_the_list_already_learns_it_by_mail_with_a_way_to_stop(site: Site) -> None:
    register(site.engine, samples.reader(1, address=ADDRESS), samples.subscription(1))
    ask(site)
    (mail,) = mails(site)
    assert mail.subject == "You already get The Morning Quay"
    assert mail.link == "/sign-in"
    ways = re.findall(r"https://feeds\.quay\.example(/\S+)", mail.text)
    assert [way.split("/")[1] for way in ways] == ["sign-in", "preferences", "unsubscribe"]
    assert "Your newsletters" in site.client.get(ways[1]).text
    assert "Stop The Morning Quay?" in site.client.get(ways[2]).text
    assert everything(site)["sign_ups"] == []
    assert statuses(site) == {"daily": "active"}


def test_only_what_is_missing_is_to_be_confirmed(site: Site) -> None:
    register(site.engine, samples.reader(1, address=ADDRESS), samples.subscription(1))
    mail = signed_up(site, newsletter=["daily", "weekly"])
    assert mail.subject == "Confirm your subscription to The Quay on Sunday"
    assert mail.newsletter == "weekly"
    site.client.post(mail.link)
    assert statuses(site) == {"daily": "active", "weekly": "active"}
    with site.engine.connect() as connection:
        assert connection.execute(sa.select(consents.c.newsletter)).scalars().all() == ["weekly"]


def test_a_newsletter_that_ends_meanwhile_is_said(tmp_path: Path, engine: Engine, said: Any) -> None:
    with served(settings(tmp_path), engine) as site:
        mail = signed_up(site, newsletter=["weekly"])
    with served(settings(tmp_path, newsletters=(samples.newsletter(),)), engine) as site:
        for answer in (site.client.get(mail.link), site.client.post(mail.link)):
            assert "This newsletter has ended" in answer.text
        assert statuses(site) == {}
    with served(settings(tmp_path, newsletters=(WEEKLY,)), engine) as site:
        assert "You are signed up" in site.client.post(mail.link).text


def test_two_who_answer_beside_each_other_write_one_letter(site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from newsletter.letters.sign_up_letters import answer_sign_ups

    for number in range(8):
        ask(site, f"n{number}@quay.example")
    values = settings(Path("/nowhere"))
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda _: answer_sign_ups(values, site.engine, site.clock), range(3)))
    assert sum(counts) == 8
    assert len(mails(site)) == 8


def test_who_has_signed_up_gets_to_the_preferences(site: Site) -> None:
    mail = signed_up(site)
    found = re.search(r'href="(/preferences/[^"]+)"', site.client.post(mail.link).text)
    assert found
    assert site.client.get(found[1]).status_code == 200


def test_the_last_word_on_sections_counts_and_the_page_and_the_proof_say_it(site: Site) -> None:
    first = signed_up(site)
    ask(site, section=["politics"])
    (second,) = mails(site)
    site.client.post(first.link)
    assert theirs(site)["daily"].sections == frozenset()
    assert "Sections: Politics." in site.client.get(second.link).text
    assert "You are signed up" in site.client.post(second.link).text
    assert theirs(site)["daily"].sections == frozenset({"politics"})
    with site.engine.connect() as connection:
        rows = connection.execute(sa.select(consents).order_by(consents.c.id)).all()
    assert [(row.sections, "Politics" in row.confirmed_words) for row in rows] == [
        ([], False),
        (["politics"], True),
    ]
    assert "You are signed up" in site.client.post(second.link).text


def test_who_chooses_no_section_again_keeps_those_that_there_are_and_reads_them(site: Site) -> None:
    mail, other = signed_up(site, section=["politics"]), signed_up(site)
    site.client.post(mail.link)
    assert "Sections: Politics." in site.client.get(other.link).text
    site.client.post(other.link)
    assert theirs(site)["daily"].sections == frozenset({"politics"})
    with site.engine.connect() as connection:
        assert len(connection.execute(sa.select(consents)).all()) == 1


def test_a_newsletter_without_any_of_the_chosen_sections_comes_whole_and_the_page_says_so(
    tmp_path: Path, engine: Engine, said: Any
) -> None:
    small = replace(
        WEEKLY, title="The Week", places=tuple(one for one in WEEKLY.places if one.section == "culture")
    )
    with served(settings(tmp_path, newsletters=(samples.newsletter(), small)), engine) as site:
        whole = signed_up(site, newsletter=["weekly"], section=["politics"])
        assert "Sections: all." in site.client.get(whole.link).text
        both = signed_up(site, "bo@quay.example", newsletter=["daily", "weekly"], section=["politics"])
        page = site.client.get(both.link).text
        assert "Sections of The Morning Quay: Politics." in page
        assert "Sections of The Week: all." in page
        site.client.post(both.link)
        assert theirs(site, "bo@quay.example")["weekly"].sections == frozenset()
        with site.engine.connect() as connection:
            (row, _) = connection.execute(sa.select(consents).order_by(consents.c.id)).all()
        assert "Sections of The Week: all." in row.confirmed_words.split("\n")


# Whoever came from an article.

ARTICLE = "/articles/bridge"


def _asked(site: Site, browser: Browser, after: str = ARTICLE, **more: Any) -> Any:
    fields = form(browser.get("/subscribe", params={"next": after})) | {"address": ADDRESS}
    site.clock.on(seconds=5)
    assert "Look into your mailbox" in browser.post("/subscribe", fields, **more).text
    return mails(site)[0]


def test_the_browser_that_asked_from_an_article_is_signed_in_and_led_back(site: Site) -> None:
    browser = Browser(site)
    mail = _asked(site, browser)
    assert "Secure" in browser.set[0] and "HttpOnly" in browser.set[0] and "SameSite=lax" in browser.set[0]
    assert not browser.is_in
    browser.get(mail.link)
    assert not browser.is_in
    done = browser.post(mail.link)
    assert f'class="button" href="{ARTICLE}">Read the article' in done.text
    assert browser.is_in and "__Host-standfirst-signs-up" not in browser.cookies


def test_another_browser_is_led_to_the_sign_in_and_signed_in_by_nothing(site: Site) -> None:
    own, other = Browser(site), Browser(site)
    mail = _asked(site, own)
    # It has asked too, for somebody else.
    ask(site, "bo@quay.example")
    fields = form(other.get(f"/subscribe?next={ARTICLE}")) | {"address": "cy@quay.example"}
    site.clock.on(seconds=5)
    other.post("/subscribe", fields)
    done = other.post(mail.link)
    assert 'href="/sign-in?next=%2Farticles%2Fbridge">Sign in to read on' in done.text
    assert not other.is_in and not own.is_in
    # The link has done its work: it signs nobody in either.
    own.post(mail.link)
    assert not own.is_in


def test_another_sites_form_gives_no_cookie(site: Site) -> None:
    browser = Browser(site)
    mail = _asked(site, browser, headers={"Sec-Fetch-Site": "cross-site"})
    assert browser.cookies == {}
    browser.post(mail.link)
    assert not browser.is_in


@pytest.mark.parametrize("after", ["", "//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_only_a_page_of_ours_follows_and_without_one_there_is_no_cookie(site: Site, after: str) -> None:
    browser = Browser(site)
    done = browser.post(_asked(site, browser, after).link)
    assert browser.cookies == {} and "evil" not in done.text


def test_whoever_is_on_the_list_is_led_on_by_the_mail(site: Site) -> None:
    register(site.engine, samples.reader(1, address=ADDRESS), samples.subscription(1))
    assert _asked(site, Browser(site)).link == "/sign-in?next=%2Farticles%2Fbridge"
