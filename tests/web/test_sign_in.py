"""Signing in: the browser that asked and no other one, once, for a quarter of an hour, whoever asks how."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.letters import sign_in_letters
from newsletter.letters.sign_in_letters import answer_sign_ins
from newsroom.database import metadata, reading, writing
from readership import erasure, sessions, store
from readership.address import recipient_key
from readership.reader import SuppressionReason
from readership.suppression import suppress
from readership.tables import sessions as sessions_table
from readership.tables import sign_ins as sign_ins_table
from readership.tokens import confirm_token, preferences_token, sign_in_code, sign_in_token, unsubscribe_token
from tests import samples
from tests.readership.registered import ADDRESS_KEY
from tests.web.serving import KEYS, Site, settings
from tests.web.signing_in import ADDRESS, ASKING, SESSION, Browser, mailed, mails, reader, signed_in
from web.local import local_path

KEY = recipient_key(ADDRESS_KEY, ADDRESS)
NOWHERE = Path("/nowhere")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def rows(site: Site) -> dict[str, list[Any]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }


def test_the_link_signs_in_the_browser_that_asked_and_leads_where_it_came_from(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    assert browser.get("/sign-in?next=/articles/a%3Fb").status_code == 200
    assert browser.set == [] and not browser.is_in
    mail = mailed(site, browser, next="/articles/night-trains?page=2")
    assert (mail.kind, mail.address, mail.newsletter) == ("sign_in", ADDRESS, "daily")
    assert mail.subject == "Sign in to The Quay"
    assert mail.expires.replace(tzinfo=None) == (site.clock.moment + timedelta(minutes=15)).replace(
        tzinfo=None
    )
    before = rows(site)
    for _ in range(2):
        page = browser.get(mail.link)
        assert page.status_code == 200 and page.text.count("<button>") == 1
        assert f"signed in as {ADDRESS}" in page.text
    assert rows(site) == before and not browser.is_in
    done = browser.post(mail.link)
    assert (done.status_code, done.headers["location"]) == (303, "/articles/night-trains?page=2")
    assert done.headers["cache-control"] == "no-store"
    assert browser.is_in and ASKING not in browser.cookies
    assert ADDRESS in browser.get("/account").text


def test_the_code_signs_in_where_the_link_cannot_be_opened(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    assert "The six digits in the mail" in browser.get("/sign-in/code").text
    assert browser.type(wrong(mail.code)).status_code == 422
    assert not browser.is_in
    # As people and Arabic keyboards write it.
    arabic = mail.code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert browser.type(f" {arabic[:3]} {arabic[3:]}").status_code == 303
    assert browser.is_in
    assert browser.get("/sign-in").headers["location"] == "/account"
    assert browser.get("/sign-in?next=/archive/").headers["location"] == "/archive/"


def test_the_cookies_are_seen_by_no_script_and_sent_to_nobody_else(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    asking, begun, forgotten = browser.set
    for line in (asking, begun, forgotten):
        said = line.lower()
        for part in ("; httponly", "; secure", "; samesite=lax", "; path=/"):
            assert part in said, line
        assert "domain" not in said
    assert asking.startswith(f"{ASKING}=") and "Max-Age=900" in asking
    assert begun.startswith(f"{SESSION}=") and "Max-Age=34560000" in begun
    assert forgotten.startswith(f'{ASKING}=""')
    with reading(site.engine) as connection:
        (kept,) = connection.execute(sa.select(sessions_table)).all()
    own = browser.cookies[SESSION]
    assert len(own) == 43 and own not in repr(kept) and kept.key == sessions.hash_of(own)
    said = site.said()
    assert own not in said and ADDRESS not in said and "signed_in_reader" in said


def test_another_browser_is_not_signed_in_by_the_link_and_cannot_type_the_code(site: Site) -> None:
    reader(site)
    asked, other = Browser(site), Browser(site)
    mail = mailed(site, asked)
    for answer in (other.get(mail.link), other.post(mail.link)):
        assert "You asked in another browser" in answer.text
    assert other.type(mail.code).status_code == 410
    # One with a sign-in of its own is another browser as well.
    other.ask("bo@quay.example")
    assert "You asked in another browser" in other.post(mail.link).text
    assert other.type(mail.code).status_code == 422
    assert other.set and SESSION not in other.cookies
    assert asked.post(mail.link).status_code == 303


def test_nobody_learns_who_is_a_reader(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    reader(site)
    statements: list[str] = []

    def note(_c: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(" ".join(statement.split()))

    sa.event.listen(site.engine, "before_cursor_execute", note)
    said: dict[str, Any] = {}
    try:
        for address in (ADDRESS, "nobody@quay.example"):
            statements.clear()
            browser = Browser(site)
            first = browser.ask(address)
            page = browser.get("/sign-in/code").text.replace(address, "ADDRESS")
            tried = browser.type("000000").text.replace(address, "ADDRESS")
            said[address] = (first.status_code, sorted(first.headers), page, tried, list(statements))
    finally:
        sa.event.remove(site.engine, "before_cursor_execute", note)
    known, stranger = said.values()
    assert known == stranger
    assert [mail.address for mail in mails(site)] == [ADDRESS]
    # Not even the right code opens anything for an address that no reader has.
    browser = Browser(site)
    browser.ask("nobody@quay.example")
    with reading(site.engine) as connection:
        query = sa.select(sign_ins_table.c.id).where(sign_ins_table.c.address == "nobody@quay.example")
        number = connection.execute(query.order_by(sign_ins_table.c.asked.desc())).scalars().all()[-1]
    browser.type(sign_in_code(ADDRESS_KEY, number))
    assert not browser.is_in and mails(site) == []


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED])
def test_a_dead_address_gets_no_mail(site: Site, reason: SuppressionReason) -> None:
    reader(site)
    with writing(site.engine) as connection:
        suppress(connection, {KEY: reason}, samples.NOON, "a list")
    assert Browser(site).ask().status_code == 303
    assert mails(site) == []


def test_link_and_code_are_good_once(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    asking = dict(browser.cookies)
    assert browser.post(mail.link).status_code == 303
    again = Browser(site, cookies=asking)
    assert again.post(mail.link).status_code == 410
    assert again.get(mail.link).status_code == 410
    assert again.type(mail.code).status_code == 410
    assert SESSION not in again.cookies
    assert "You are signed in" in browser.get(mail.link).text


def test_a_used_link_speaks_the_language_of_who_is_signed_in(site: Site) -> None:
    reader(site, language="es")
    browser = Browser(site)
    mail = mailed(site, browser)
    browser.post(mail.link)
    assert '<html lang="es"' in browser.get(mail.link).text


@pytest.mark.parametrize(("language", "way"), [("en", "No reader of ours yet? Sign up"), ("nl", "Meld u")])
def test_who_is_no_reader_yet_is_shown_the_way(site: Site, language: str, way: str) -> None:
    page = Browser(site).get(f"/sign-in?language={language}").text
    found = re.search(r'<a href="/subscribe">([^<]+)</a>', page)
    assert found and way in found[1]


def test_after_a_quarter_of_an_hour_nothing_is_left_of_it(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    site.clock.on(minutes=14, seconds=59)
    assert browser.get(mail.link).status_code == 200
    site.clock.on(seconds=1)
    assert browser.get(mail.link).status_code == browser.post(mail.link).status_code == 410
    assert browser.type(mail.code).status_code == 410
    assert browser.get("/sign-in/code").status_code == 410
    # Nor is a letter sent that comes to nothing.
    browser.ask()
    site.clock.on(minutes=15)
    assert mails(site) == []
    assert rows(site)["sign_ins"] == []


def test_a_code_is_guessed_five_times_at_most(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    for _ in range(5):
        assert "That is not the code" in browser.type(wrong(mail.code)).text
    assert "Too many codes" in browser.type(mail.code).text
    assert not browser.is_in
    # The link stays good: it can't be guessed.
    assert browser.post(mail.link).status_code == 303


def test_a_letter_is_set_for_a_stranger_too_and_thrown_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it takes shows in how quickly other pages are answered meanwhile."""
    set_for: list[str] = []
    real = sign_in_letters.typeset

    def counted(*what: Any) -> Any:
        set_for.append(what[0].url)
        return real(*what)

    monkeypatch.setattr(sign_in_letters, "typeset", counted)
    reader(site)
    for address in (ADDRESS, "nobody@quay.example"):
        Browser(site).ask(address)
        assert len(mails(site)) == (address == ADDRESS)
    assert len(set(set_for)) == 2


def test_what_is_no_code_costs_no_try(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    for typed in ("", "12345", "1234567", "x" * 3_000, "²²²²²²", "\0"):
        assert "A code has six digits" in browser.type(typed).text
    assert browser.type(mail.code).status_code == 303


def test_who_asks_over_and_over_guesses_no_more_often_for_that(site: Site) -> None:
    reader(site)
    guesses = 0
    for hour in range(12):
        for network in range(3):
            browser = Browser(site, headers={"X-Forwarded-For": f"203.0.{hour}.{network}"})
            assert browser.ask().status_code == 303
            # One for which no mail came any more is no more chances either.
            typed = [wrong(mail.code) for mail in mails(site)] or ["000000"]
            while "That is not the code" in browser.type(typed[0]).text:
                guesses += 1
        site.clock.on(hours=1)
    # Of a million codes.
    assert guesses == 60


def test_limits_hold_and_say_the_same_of_everybody(site: Site) -> None:
    reader(site)
    said: set[str] = set()
    for number, address in enumerate((ADDRESS, "nobody@quay.example")):
        answers = [
            Browser(site, headers={"X-Forwarded-For": f"203.{number}.{one}.9"}).ask(address)
            for one in range(6)
        ]
        assert [one.status_code for one in answers] == [303] * 6
        said.update(one.headers["location"] for one in answers)
    assert len(said) == 1
    assert len(mails(site)) == 5
    site.clock.on(hours=1)
    # From one network, whatever the addresses.
    browser = Browser(site, headers={"X-Forwarded-For": "198.51.100.7"})
    answers = [browser.ask(f"r{one}@quay.example") for one in range(21)]
    assert [one.status_code for one in answers] == [303] * 20 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3_600
    assert Browser(site, headers={"X-Forwarded-For": "198.51.101.7"}).ask().status_code == 303


def from_network(site: Site, network: str) -> Browser:
    return Browser(site, headers={"X-Forwarded-For": f"{network}.7"})


def test_who_asks_for_somebody_elses_address_keeps_nobody_from_signing_in(site: Site) -> None:
    reader(site)
    for _ in range(3):
        for _ in range(10):
            assert from_network(site, "203.0.113").ask().status_code == 303
        assert len(mails(site)) <= 4
        mailed(site, from_network(site, "198.51.100"))
        site.clock.on(hours=1)


def test_past_the_limit_the_mail_that_this_browser_has_is_still_good(site: Site) -> None:
    reader(site)
    browser = from_network(site, "198.51.100")
    mail = mailed(site, browser)
    for network in range(6):
        from_network(site, f"203.0.{network}").ask()
    mails(site)
    assert browser.ask().headers["location"] == "/sign-in/code" and mails(site) == []
    assert "None comes where many were asked for" in browser.get("/sign-in/code").text
    assert browser.type(mail.code).status_code == 303


def test_networks_in_which_the_reader_has_a_session_count_apart(site: Site) -> None:
    reader(site)
    home = from_network(site, "198.51.100")
    home.post(mailed(site, home).link)
    for network in range(20):
        from_network(site, f"203.0.{network}").ask()
    mails(site)
    mailed(site, from_network(site, "198.51.100"))
    stranger = from_network(site, "198.51.101")
    assert stranger.ask().headers["location"] == "/sign-in/code" and mails(site) == []
    assert len([from_network(site, "198.51.100").ask() for _ in range(8)]) == 8
    assert len(mails(site)) == 4


def test_the_mail_before_the_last_one_is_good_too(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    first = mailed(site, browser)
    site.clock.on(minutes=1)
    second = mailed(site, browser)
    assert first.code != second.code
    assert browser.type(first.code).status_code == 422
    assert browser.post(first.link).status_code == 303
    # The other one is used up with it.
    assert "You are signed in" in browser.post(second.link).text


def test_two_readers_in_two_browsers_do_not_meet(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    ana, bo = Browser(site), Browser(site)
    anas = mailed(site, ana)
    bos = mailed(site, bo, "bo@quay.example")
    assert "You asked in another browser" in bo.post(anas.link).text
    assert bo.type(anas.code).status_code == 422
    assert bo.post(bos.link).status_code == ana.post(anas.link).status_code == 303
    assert "bo@quay.example" in bo.get("/account").text and ADDRESS in ana.get("/account").text
    assert ADDRESS not in bo.get("/account").text


def test_a_session_that_somebody_planted_is_never_the_readers(site: Site) -> None:
    """Fixation: whatever a browser comes with, what it gets is new."""
    reader(site)
    reader(site, "mallory@quay.example", 2)
    theirs = signed_in(site, "mallory@quay.example").cookies[SESSION]
    for planted in (theirs, "chosen-by-somebody-else"):
        browser = Browser(site, cookies={SESSION: planted})
        browser.post(mailed(site, browser).link)
        assert browser.cookies[SESSION] != planted
        assert ADDRESS in browser.get("/account").text
        assert not Browser(site, cookies={SESSION: planted}).is_in
    # Nor is a sign-in: a browser's cookie that nothing was asked with is replaced.
    browser = Browser(site, cookies={ASKING: "chosen-by-somebody-else"})
    browser.ask()
    assert browser.cookies[ASKING] != "chosen-by-somebody-else"


def test_another_sites_form_asks_for_nothing(site: Site) -> None:
    """Login CSRF: nobody else decides who this browser is to be."""
    reader(site)
    for origin in ("cross-site", "same-site"):
        browser = Browser(site)
        answer = browser.post(
            "/sign-in", {"address": ADDRESS, "next": "/archive/"}, headers={"Sec-Fetch-Site": origin}
        )
        assert answer.status_code == 200 and browser.set == []
        assert "Please look at it once more" in answer.text
        assert f'value="{ADDRESS}"' in answer.text and 'value="/archive/"' in answer.text
    assert mails(site) == []
    assert Browser(site).post("/sign-in", {"address": ADDRESS}, headers={"Sec-Fetch-Site": "same-origin"})
    assert len(mails(site)) == 1


def test_tokens_of_other_kinds_keys_and_readers_open_nothing(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser)
    token = mail.link.rpartition("/")[2]
    with reading(site.engine) as connection:
        (number,) = connection.execute(sa.select(sign_ins_table.c.id)).scalars()
    foreign = [("k2", b"another newsroom's key, not ours 12")]
    for forged in (
        sign_in_token(foreign, number, site.clock.moment),
        confirm_token(KEYS, number, site.clock.moment),
        unsubscribe_token(KEYS, 1, "daily"),
        preferences_token(KEYS, 1),
        token[:-1],
        token[1:],
        # Its signature, by one digit.
        token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:],
        token.swapcase(),
        "x%00y",
        "s" * 10_000,
        "%F0%9F%8C%8As",
    ):
        for answer in (browser.get(f"/sign-in/{forged}"), browser.post(f"/sign-in/{forged}")):
            assert answer.status_code == 404, forged
            assert SESSION not in browser.cookies
    # What a mail program takes into the link is no part of it; an older key of ours still opens it.
    assert browser.get(f"{mail.link}.").status_code == 200
    older = sign_in_token(KEYS[1:], number, site.clock.moment)
    assert browser.post(f"/sign-in/{older}").status_code == 303


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%5c/evil.example/..//x",
        "/\t/evil.example",
        "/a//evil.example",
        "/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "account",
        "/" + "a" * 500,
        "/ä",
        '/"><script>',
        "/a b",
    ],
)
def test_nothing_leads_to_another_site(site: Site, hostile: str) -> None:
    reader(site)
    assert local_path(hostile) == ""
    browser = Browser(site)
    assert hostile not in browser.get("/sign-in", params={"next": hostile}).text
    assert browser.post(mailed(site, browser, next=hostile).link).headers["location"] == "/account"


def test_the_form_says_what_is_wrong_beside_the_field(site: Site) -> None:
    injected = "a@quay.example\r\nBcc: b@c.de"
    for typed in ("", "no address", "a@b", "a" * 300 + "@quay.example", '"><script>@x', injected):
        browser = Browser(site)
        answer = browser.ask(typed)
        assert answer.status_code == 422
        assert 'aria-invalid="true" aria-describedby="address-error"' in answer.text
        assert "<script>" not in answer.text and browser.set == []
    assert mails(site) == []
    huge = Browser(site).post("/sign-in", {"address": "a" * 1_000_000})
    assert huge.status_code == 422


def test_a_session_lasts_ninety_days_from_the_last_visit(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    for _ in range(3):
        site.clock.on(days=60)
        assert browser.is_in
    site.clock.on(days=90)
    assert not browser.is_in
    assert mails(site) == []
    assert rows(site)["sessions"] == []


def test_it_ends_with_its_reader(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    Browser(site).ask()
    with writing(site.engine) as connection:
        found = store.find(connection, KEY)
        assert found
        erasure.forget(connection, found, samples.NOON)
    left = rows(site)
    assert left["sessions"] == left["sign_ins"] == []
    assert not browser.is_in


def test_letters_are_written_once_by_however_many(site: Site) -> None:
    reader(site, language="de")
    Browser(site).ask()
    values = settings(NOWHERE)
    assert answer_sign_ins(values, site.engine, site.clock) == 1
    assert answer_sign_ins(values, site.engine, site.clock) == 0
    (mail,) = mails(site)
    assert (mail.subject, mail.language) == ("Bei The Quay anmelden", "de")


def test_the_oldest_of_very_many_sessions_ends(site: Site) -> None:
    reader(site)
    with writing(site.engine) as connection:
        for number in range(60):
            sessions.begin(connection, 1, "", "unknown", site.clock.moment + timedelta(minutes=number))
        left = sessions.of_reader(connection, 1, site.clock.moment + timedelta(hours=1))
    assert len(left) == sessions.MOST
    assert min(one.begun for one in left) == site.clock.moment + timedelta(minutes=10)


def test_without_a_language_of_its_own_the_letter_is_in_the_newsletters(site: Site) -> None:
    reader(site)
    arabic = settings(NOWHERE, newsletters=(samples.newsletter(language="ar"),))
    browser = Browser(site)
    browser.ask()
    (mail,) = mails(site, arabic)
    assert (mail.language, "Sign in" in mail.subject) == ("ar", False)


def test_who_lets_no_cookie_be_set_learns_that_one_is_needed(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser, next="/articles/bridge")
    browser.cookies.clear()
    for answer in (browser.get("/sign-in/code"), browser.post("/sign-in/code", {"code": mail.code})):
        assert answer.status_code == 410 and "this browser keeps no cookies" in answer.text


def test_a_code_typed_where_the_link_has_signed_in_meanwhile_leads_on(site: Site) -> None:
    reader(site)
    browser = Browser(site)
    mail = mailed(site, browser, next="/articles/bridge")
    waiting = browser.get("/sign-in/code").text
    assert 'name="next" value="/articles/bridge"' in waiting
    assert 'href="/sign-in?next=%2Farticles%2Fbridge"' in waiting
    assert browser.post(mail.link).status_code == 303
    late = browser.post("/sign-in/code", {"code": mail.code, "next": "/articles/bridge"})
    assert late.status_code == 200 and "This browser is signed in already" in late.text
    assert 'class="button" href="/articles/bridge"' in late.text
    assert "evil" not in browser.post("/sign-in/code", {"code": "1", "next": "//evil.example/"}).text
    assert browser.get("/sign-in/code").headers["location"] == "/account"


def test_a_new_mail_leads_where_the_first_one_did(site: Site) -> None:
    reader(site)
    mail = mailed(site, Browser(site), next="/articles/bridge")
    elsewhere = Browser(site).get(mail.link).text
    assert 'href="/sign-in?next=%2Farticles%2Fbridge"' in elsewhere
