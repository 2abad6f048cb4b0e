"""What the preferences' link only asks for: done out of the mailbox, by the reader, once for each."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from newsroom.database import metadata, sqlite_file, writing
from readership import feed_addresses, store
from readership.address import recipient_key
from readership.change import Known, change
from readership.reader import Plan, SuppressionReason
from readership.row import Row
from readership.suppression import suppress
from readership.tokens import Request, preferences_token, read_preferences, request_token, unsubscribe_token
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.postbag import Mail
from tests.web.serving import KEYS, Site
from tests.web.signing_in import ADDRESS, SESSION, Browser, mails, reader, signed_in

NEW = "ana@new.example"
KEY, NEW_KEY = recipient_key(ADDRESS_KEY, ADDRESS), recipient_key(ADDRESS_KEY, NEW)


def link(number: int = 1) -> str:
    return f"/preferences/{preferences_token(KEYS, number)}"


def asked(site: Site, action: str, **fields: str) -> Mail:
    """Ask on the page, and get the letter."""
    page = site.client.post(link(), data={"action": action, **fields})
    assert page.status_code == 200 and "we have mailed you a link" in page.text
    (mail,) = mails(site)
    return mail


def rows(site: Site) -> dict[str, list[Any]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }


def address_of(site: Site, number: int = 1) -> str:
    with site.engine.connect() as connection:
        found = store.by_id(connection, number)
    return found.address if found else ""


def suppressed(site: Site, key: str) -> SuppressionReason | None:
    with site.engine.connect() as connection:
        return store.suppressed(connection, [key]).get(key)


def test_the_copy_has_all_that_is_kept_and_comes_to_the_reader_alone(site: Site) -> None:
    reader(site)
    mail = asked(site, "export")
    assert (mail.kind, mail.address) == ("export", ADDRESS)
    signed_in(site)
    page = site.client.get(mail.link)
    assert page.headers["content-type"].startswith("text/html") and ADDRESS not in page.text
    file = site.client.post(mail.link)
    assert file.headers["content-type"] == "application/json"
    assert file.headers["content-disposition"] == 'attachment; filename="what-is-kept.json"'
    assert file.headers["cache-control"] == "no-store"
    kept = file.json()
    assert kept["reader"]["address"] == ADDRESS and kept["subscriptions"][0]["newsletter"] == "daily"
    assert kept["sessions"][0]["browser"] == "Firefox, Linux"
    parts = "consents sign_ups sign_ins feeds sources deliveries before events lifted not_sent letters"
    assert set(parts.split()) < {*kept}
    # Whatever there is of a reader is in it: no table with a reader's number is left out.
    said = {table.name for table in metadata.sorted_tables if "reader_id" in table.c}
    assert said <= {
        "subscriptions",
        "reader_sources",
        "consents",
        "sessions",
        "feed_addresses",
        "feed_uses",
        "deliveries",
        "delivery_history",
        "events",
        "exclusions",
    }


def test_erasing_leaves_a_number_that_leads_nowhere_and_a_keyed_hash(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    mail = asked(site, "erase")
    before = rows(site)
    page = site.client.get(mail.link)
    assert "Erase you for good?" in page.text and "A scrambled form of your address stays" in page.text
    assert "It ends no payments" in page.text
    assert rows(site) == before
    done = browser.post(mail.link)
    assert "You are erased" in done.text and SESSION not in browser.cookies
    left = {name: some for name, some in rows(site).items() if some and name != "limits"}
    assert list(left) == ["suppressions"]
    assert ADDRESS not in str(left) and suppressed(site, KEY) is SuppressionReason.ERASED
    for again in (browser.get(mail.link), browser.post(mail.link), browser.get(link())):
        assert again.status_code == 410
    assert ADDRESS not in site.said()
    file = sqlite_file(site.engine)
    assert file is not None
    # The log as well, though `serve` has it open. (What other tests have left in the file is not asked for.)
    assert ADDRESS.encode() not in file.with_name(f"{file.name}-wal").read_bytes()


def test_a_later_import_does_not_bring_the_person_back(site: Site) -> None:
    reader(site)
    site.client.post(asked(site, "erase").link)
    known = Known(None, {}, suppressed(site, KEY))
    assert change(known, Row(ADDRESS), KEY, ("daily",)).after.reader is None


def test_another_address_is_confirmed_in_both_mailboxes_and_told_to_the_old_one(site: Site) -> None:
    reader(site)
    first = asked(site, "address", address="Ana@NEW.example")
    assert (first.kind, first.address) == ("address", ADDRESS) and "Ana@new.example" in first.text
    assert "Change your address?" in site.client.get(first.link).text
    assert mails(site) == []
    page = site.client.post(first.link)
    assert "Look into the new mailbox" in page.text
    (second,) = mails(site)
    assert (second.kind, second.address) == ("moved", "Ana@new.example")
    assert ADDRESS not in second.text and "Ana" not in second.text.replace("Ana@new", "")
    assert "Read us under this address?" in site.client.get(second.link).text
    assert address_of(site) == ADDRESS
    done = site.client.post(second.link)
    assert "Your address is changed" in done.text
    assert address_of(site) == "Ana@new.example"
    (told,) = mails(site)
    assert (told.kind, told.address) == ("told", ADDRESS)
    assert "new.example" not in told.text
    # Nothing of it works twice, and what the old mailbox has moves nothing any more.
    for old in (first.link, second.link):
        assert site.client.post(old).status_code == 410
    assert mails(site) == [] and site.statuses() == {"daily": "active"}
    # A list that still has the old address writes to nobody there.
    assert suppressed(site, KEY) is SuppressionReason.UNSUBSCRIBED
    assert site.client.get(link()).status_code == 200


def test_who_moves_back_gets_the_mail_there_again(site: Site) -> None:
    reader(site)
    for address, key in ((NEW, NEW_KEY), (ADDRESS, KEY)):
        site.client.post(asked(site, "address", address=address).link)
        (second,) = mails(site)
        site.client.post(second.link)
        mails(site)
        assert address_of(site) == address and suppressed(site, key) is None


@pytest.mark.parametrize("why", ["taken", "bounced", "free"])
def test_a_taken_address_says_nothing(site: Site, why: str) -> None:
    reader(site)
    if why == "taken":
        register(site.engine, samples.reader(2, address=NEW), samples.subscription(2))
    if why == "bounced":
        with writing(site.engine) as connection:
            suppress(connection, {NEW_KEY: SuppressionReason.BOUNCED}, samples.NOON, "a list")
    page = site.client.post(asked(site, "address", address=NEW).link)
    assert page.status_code == 200 and "Look into the new mailbox" in page.text
    assert f"If nobody else reads us under {NEW}" in page.text
    assert [mail.address for mail in mails(site)] == ([NEW] if why == "free" else [])


def test_an_address_that_was_taken_meanwhile_stays_whose_it_is(site: Site) -> None:
    reader(site)
    site.client.post(asked(site, "address", address=NEW).link)
    (second,) = mails(site)
    register(site.engine, samples.reader(2, address=NEW), samples.subscription(2))
    assert site.client.post(second.link).status_code == 410
    assert (address_of(site, 1), address_of(site, 2)) == (ADDRESS, NEW)
    assert mails(site) == []


def test_what_is_no_address_or_the_same_one_is_said_beside_the_field(site: Site) -> None:
    reader(site)
    for typed in ("", "no", "a@b\r\nBcc: c@d.ef", '"><script>@x', "a" * 10_000):
        page = site.client.post(link(), data={"action": "address", "address": typed})
        assert page.status_code == 422 and 'id="address-error"' in page.text and "<script>" not in page.text
    browser = signed_in(site)
    own = {"action": "address", "address": ADDRESS.upper()}
    page = browser.post(link(), own | {"proof": browser.proof()})
    assert "That is your address already." in page.text
    assert mails(site) == []


def test_a_forwarded_mail_does_not_tell_whose_it_is(site: Site) -> None:
    reader(site)
    right, wrong = (
        site.client.post(link(), data={"action": "address", "address": one}).text for one in (ADDRESS, NEW)
    )
    assert right == wrong and "Look into your mailbox" in right
    same, other = mails(site)
    assert (same.kind, same.address, other.kind, other.address) == ("same", ADDRESS, "address", ADDRESS)
    assert "This is your address at The Quay already" in same.subject and "/preferences/" not in same.text


@pytest.mark.parametrize(("plan", "told"), [(Plan.PAID, True), (Plan.FREE, False)])
def test_only_who_pays_is_told_that_erasing_ends_no_payments(site: Site, plan: Plan, told: bool) -> None:
    register(site.engine, samples.reader(1, plan, address=ADDRESS), samples.subscription(1))
    page = site.client.get(asked(site, "erase").link).text
    assert ("It ends no payments" in page) is told


def test_links_hold_for_a_day_for_their_reader_and_their_purpose(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    mail = asked(site, "erase")
    token = mail.link.rpartition("/")[2]
    now = site.clock.moment
    foreign = [("k2", b"another newsroom's key, not ours 12")]
    for forged, status in (
        (request_token(foreign, Request("erase", 1, KEY, now)), 404),
        (request_token(KEYS, Request("erase", 2, KEY, now)), 410),
        (request_token(KEYS, Request("nonsense", 1, KEY, now)), 410),
        (unsubscribe_token(KEYS, 1, "daily"), 404),
        (token[:-1], 404),
        (token[:-2] + "Ar", 404),
        (token.swapcase(), 404),
        ("x%00r", 404),
        ("r" * 10_000, 404),
    ):
        for answer in (
            site.client.get(f"/preferences/{forged}"),
            site.client.post(f"/preferences/{forged}"),
        ):
            assert answer.status_code == status, forged
    site.clock.on(hours=24)
    for answer in (site.client.get(mail.link), site.client.post(mail.link)):
        assert answer.status_code == 410 and "This link is too old" in answer.text
    assert (address_of(site, 1), address_of(site, 2)) == (ADDRESS, "bo@quay.example")


def test_who_has_a_forwarded_mail_causes_few_mails(site: Site) -> None:
    reader(site)
    pages = [site.client.post(link(), data={"action": "erase"}).text for _ in range(8)]
    assert ["So many mails were asked for" in page for page in pages] == [False] * 6 + [True] * 2
    assert len(mails(site)) == 6
    site.clock.on(days=1)
    assert len([asked(site, "export")]) == 1


def test_a_link_asks_a_new_address_once(site: Site) -> None:
    reader(site)
    first = asked(site, "address", address=NEW)
    pages = [site.client.post(first.link) for _ in range(40)]
    assert {(page.status_code, "Look into the new mailbox" in page.text) for page in pages} == {(200, True)}
    assert [mail.address for mail in mails(site)] == [NEW]


def from_network(site: Site, browser: Browser, address: str, network: str) -> int:
    """Use the link to this address, which the reader's mailbox has, from that network; returns the status."""
    number = browser_number(browser)
    key = recipient_key(ADDRESS_KEY, address_of(site, number))
    asked_for = Request("address", number, key, site.clock(), address)
    there = f"/preferences/{request_token(KEYS, asked_for)}"
    return browser.post(there, headers={"X-Forwarded-For": network}).status_code


def browser_number(browser: Browser) -> int:
    found = re.search(r"/preferences/([^\"]+)", browser.get("/account").text)
    number = read_preferences(KEYS, found[1]) if found else None
    assert number
    return number


def test_strangers_get_few_mails_of_a_reader_and_from_a_network_and_at_an_address(site: Site) -> None:
    for number in range(1, 7):
        reader(site, f"r{number}@quay.example", number)
    browsers = [signed_in(site, f"r{number}@quay.example") for number in range(1, 7)]
    ana, bo, *others = browsers
    said = [from_network(site, ana, f"s{one}@new.example", "203.0.113.7") for one in range(5)]
    assert said == [200] * 3 + [429] * 2
    assert len(mails(site)) == 3
    # At one address, whoever asks.
    said = [from_network(site, who, NEW, f"203.1.{one}.7") for one, who in enumerate((bo, *others[:2]))]
    assert said == [200, 200, 429]
    assert [mail.address for mail in mails(site)] == [NEW] * 2
    site.clock.on(days=1)
    said = [
        from_network(site, who, f"n{number}-{one}@new.example", "203.0.113.8")
        for number, who in enumerate(browsers)
        for one in range(2)
    ]
    assert said == [200] * 10 + [429] * 2
    assert len(mails(site)) == 10


def test_the_signed_in_reader_goes_there_at_once_and_no_other_site_sends_them(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    browser, bo = signed_in(site), signed_in(site, "bo@quay.example")
    for proof in ("", bo.proof(), browser.proof()[:-1]):
        answer = browser.post(link(), {"action": "erase", "proof": proof})
        assert answer.status_code == 403
    done = browser.post(link(), {"action": "export", "proof": browser.proof()})
    assert done.status_code == 303 and done.headers["location"].startswith("/preferences/")
    assert browser.post(done.headers["location"]).json()["reader"]["address"] == ADDRESS
    assert mails(site) == []
    # Bo is somebody else on Ana's page: the mail goes to Ana.
    answer = bo.post(link(), {"action": "export", "proof": bo.proof()})
    assert answer.status_code == 200
    assert [mail.address for mail in mails(site)] == [ADDRESS]
    moving = browser.post(link(), {"action": "address", "address": NEW, "proof": browser.proof()})
    # A browser for a minute is no account for good: the old mailbox is asked.
    assert moving.status_code == 200
    (first,) = mails(site)
    assert (first.kind, first.address) == ("address", ADDRESS)


def test_who_had_the_old_mailbox_is_out_with_the_new_address(site: Site) -> None:
    reader(site)
    browser = signed_in(site)
    with writing(site.engine) as connection:
        before = feed_addresses.holder(connection, 1)
    site.client.post(asked(site, "address", address=NEW).link)
    (second,) = mails(site)
    assert browser.is_in
    assert "Your address is changed" in site.client.post(second.link).text
    assert not browser.is_in
    with writing(site.engine) as connection:
        after = feed_addresses.holder(connection, 1)
    assert before is not None and after is not None
    assert before.opens(0) and not after.opens(0) and after.revoked is None


def test_somebody_elses_browser_stays_signed_in_when_it_erases_another_reader(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    bo = signed_in(site, "bo@quay.example")
    bo.post(asked(site, "erase").link)
    assert bo.is_in and address_of(site) == ""


def test_a_link_that_has_had_its_day_says_so_in_its_readers_language(site: Site) -> None:
    reader(site, language="es")
    site.client.post(link(), data={"action": "address", "address": NEW})
    (first,) = mails(site)
    site.client.post(first.link)
    (second,) = mails(site)
    assert '<html lang="es"' in site.client.post(second.link).text
    former = site.client.get(first.link)
    assert former.status_code == 410 and '<html lang="es"' in former.text
    site.clock.on(days=2)
    assert '<html lang="es"' in site.client.get(second.link).text


def test_letters_are_in_the_readers_language(site: Site) -> None:
    reader(site, language="ar")
    page = site.client.post(link(), data={"action": "erase"})
    assert 'dir="rtl"' in page.text
    (mail,) = mails(site)
    assert mail.language == "ar"
    assert isinstance(site.client.get(mail.link), httpx2.Response)
