"""Signing up: the same page in the same way for everybody, and mail that says what is true."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.tables import letters
from newsroom.database import writing
from newsroom.settings import WebSettings
from readership import erasure, store
from readership.address import recipient_key
from readership.reader import Plan, SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from readership.tables import consents, limits, readers, sign_ups, subscriptions, suppressions
from readership.tokens import form_stamp
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.serving import KEYS, Site, served, settings
from tests.web.signing_up import ADDRESS, ask, form, later, mails, signed_up

KEY = recipient_key(ADDRESS_KEY, ADDRESS)
ONE = (samples.newsletter(),)


def reader(site: Site, *statuses: tuple[str, SubscriptionStatus], **changes: Any) -> None:
    register(
        site.engine,
        samples.reader(1, address=ADDRESS, **changes),
        *(samples.subscription(1, newsletter=key, status=status) for key, status in statuses),
    )


def suppressed(site: Site, reason: SuppressionReason) -> None:
    with writing(site.engine) as connection:
        suppress(connection, {KEY: reason}, samples.NOON, "a test")


def kept(site: Site, table: sa.Table) -> list[Any]:
    with site.engine.connect() as connection:
        return list(connection.execute(sa.select(table)).all())


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Every statement that the database is told meanwhile."""
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(engine, "before_cursor_execute", note)


def erased(site: Site) -> None:
    reader(site, ("daily", SubscriptionStatus.ACTIVE))
    with writing(site.engine) as connection:
        found = store.find(connection, KEY)
        assert found
        erasure.forget(connection, found, samples.NOON)


def limited(site: Site) -> None:
    for _ in range(3):
        ask(site)
    mails(site)


CASES: dict[str, tuple[Any, str]] = {
    "a stranger": (lambda _site: None, "confirm"),
    "a reader": (lambda site: reader(site, ("daily", SubscriptionStatus.ACTIVE)), "already"),
    "a payer": (lambda site: reader(site, ("daily", SubscriptionStatus.ACTIVE), plan=Plan.PAID), "already"),
    "unsubscribed": (lambda site: reader(site, ("daily", SubscriptionStatus.UNSUBSCRIBED)), "confirm"),
    "pending": (lambda site: reader(site, ("daily", SubscriptionStatus.PENDING)), "confirm"),
    "paused": (lambda site: reader(site, ("daily", SubscriptionStatus.PAUSED)), "confirm"),
    "of another newsletter": (lambda site: reader(site, ("weekly", SubscriptionStatus.ACTIVE)), "confirm"),
    "erased": (erased, "confirm"),
    "on a list of unsubscribes": (lambda site: suppressed(site, SuppressionReason.UNSUBSCRIBED), "confirm"),
    "bounced": (lambda site: suppressed(site, SuppressionReason.BOUNCED), ""),
    "cleaned": (lambda site: suppressed(site, SuppressionReason.CLEANED), ""),
    "complained": (lambda site: suppressed(site, SuppressionReason.COMPLAINED), ""),
    "asked too often": (limited, ""),
}


def test_the_page_and_the_databases_work_are_the_same_for_everybody(site: Site) -> None:
    seen = []
    for name, (arrange, expected) in CASES.items():
        site.emptied()
        arrange(site)
        fields = form(site.client.get("/subscribe")) | {"address": ADDRESS}
        later(site, seconds=5)
        with statements(site.engine) as said:
            answer = site.client.post("/subscribe", data=fields)
        headers = {key: value for key, value in answer.headers.items() if key != "date"}
        seen.append((name, answer.status_code, answer.text, headers, said))
        # What differs is what is mailed, to the one who has the mailbox.
        assert [one.kind for one in mails(site)] == ([expected] if expected else []), name
    assert len({repr(one[1:]) for one in seen}) == 1, "somebody could learn who is a reader"
    touched = " ".join(seen[0][4])
    assert "sign_ups" in touched and "limits" in touched
    assert all(f" {table.name}" not in touched for table in (readers, subscriptions, suppressions, letters))


@pytest.mark.parametrize("case", ["trap", "network", "all"])
def test_who_is_stopped_by_a_limit_or_is_no_person_sees_the_same_page_and_gets_no_mail(
    site: Site, case: str
) -> None:
    first = ask(site, "bo@quay.example")
    if case == "network":
        for number in range(19):
            ask(site, f"n{number}@quay.example")
    mails(site)
    changes: dict[str, Any] = {"website": "https://spam.example"} if case == "trap" else {}
    if case == "all":
        with writing(site.engine) as connection:
            connection.execute(sa.update(limits).where(limits.c.kind == "sign-up").values(count=1_000))
    with statements(site.engine) as usual:
        again = ask(site, "cy@quay.example", **changes)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert len(usual) == _usual(site)
    assert mails(site) == [] and kept(site, sign_ups) == []


def test_a_form_that_comes_back_at_once_is_shown_once_more_and_then_taken(site: Site) -> None:
    quick = ask(site, wait=2, section=["culture"])
    assert quick.status_code == 200 and "That came very fast" in quick.text
    assert f'value="{ADDRESS}"' in quick.text and 'value="culture" checked' in quick.text
    assert mails(site) == []
    site.clock.on(seconds=1)
    assert "Look into your mailbox" in site.client.post("/subscribe", data=form(quick)).text
    assert [one.kind for one in mails(site)] == ["confirm"]
    # What fills in every field there is learns nothing.
    trapped = ask(site, wait=2, website="https://spam.example")
    assert "Look into your mailbox" in trapped.text and mails(site) == []


def _usual(site: Site) -> int:
    later(site, hours=2)
    with statements(site.engine) as said:
        ask(site, "usual@quay.example")
    with site.engine.begin() as connection:
        connection.execute(sa.delete(sign_ups))
    return len(said)


def test_three_an_hour_and_five_a_day_for_an_address_however_it_is_written(site: Site) -> None:
    counts = []
    for _ in range(3):
        for address in ("ana@quay.example", "ANA@QUAY.EXAMPLE", "Ana@quay.example", "ana@quay.example"):
            ask(site, address)
        counts.append(len(mails(site)))
        later(site, hours=1)
    assert counts == [3, 2, 0]


def test_a_flood_leaves_neither_rows_nor_letters_behind(tmp_path: Any, engine: Engine, said: Any) -> None:
    values = replace(settings(tmp_path, newsletters=ONE), web=WebSettings(sign_ups_per_hour=10))
    with served(values, engine) as site:
        stamp = form_stamp(KEYS, site.clock.moment)
        later(site, seconds=5)
        texts = set()
        for number in range(80):
            fields = {"address": f"a{number}@quay.example", "stamp": stamp}
            network = {"X-Forwarded-For": f"198.51.{number % 100}.7"}
            texts.add(site.client.post("/subscribe", data=fields, headers=network).text)
        assert len(texts) == 1
        assert len(kept(site, sign_ups)) == 10
        # 10 addresses, an hour's and a day's, their networks, and a row a kind for what went no further.
        assert len(kept(site, limits)) <= 10 * 3 + 5
        assert len(mails(site, values)) == 10
        later(site, days=8)
        assert mails(site, values) == []
        assert kept(site, sign_ups) == [] and kept(site, limits) == []


def test_who_is_not_behind_our_proxy_cannot_choose_a_network(site: Site) -> None:
    ask(site, headers={"X-Forwarded-For": "203.0.113.9"})
    ask(site, "bo@quay.example", headers={"X-Forwarded-For": "1.2.3.4, 2001:db8:1:2::9, 127.0.0.1"})
    assert [row.network for row in kept(site, sign_ups)] == ["203.0.113.0/24", "2001:db8:1::/48"]


def test_what_is_kept_until_it_is_confirmed(site: Site) -> None:
    ask(site, newsletter=["daily", "weekly"], section=["culture"], language="de")
    (row,) = kept(site, sign_ups)
    assert (row.address, row.newsletters, row.sections) == (ADDRESS, ["daily", "weekly"], ["culture"])
    assert row.language == "de"
    lines = row.words.split("\n")
    assert lines[0] == "Unsere Newsletter per E-Mail"
    assert lines[1] == "Newsletter: The Morning Quay und The Quay on Sunday"
    assert "Culture & Books" in lines[2]
    assert lines[3].startswith("Wir nutzen Ihre Adresse") and lines[4] == "Anmelden"
    assert kept(site, readers) == []
    later(site, days=7)
    mails(site)
    assert kept(site, sign_ups) == []


# The form.


def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(site: Site) -> None:
    answer = ask(site, "nobody", newsletter=["weekly"], section=["culture"], language="de")
    assert answer.status_code == 422
    assert 'aria-describedby="address-error"' in answer.text and 'value="nobody"' in answer.text
    assert "<title>Fehler: Unsere Newsletter per E-Mail" in answer.text
    assert answer.text.count("autofocus") == 1 and "autofocus aria-invalid" in answer.text
    assert 'value="weekly" checked' in answer.text and 'value="culture" checked' in answer.text
    assert '<html lang="de"' in answer.text and 'value="de" lang="de" selected' in answer.text
    none = ask(site, newsletter=[])
    assert none.status_code == 422 and "Choose at least one newsletter." in none.text
    assert kept(site, sign_ups) == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b",
        "a@quay.example\r\nBcc: b@quay.example",
        "a@quay.example, b@quay.example",
        "<a@quay.example>",
        "a@" + "b" * 300 + ".example",
        "\0",
        '"><script>alert(1)</script>@quay.example',
        "a" * 60_000,
    ],
)
def test_what_is_no_address_is_refused_and_stays_text(site: Site, address: str) -> None:
    answer = ask(site, address)
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert kept(site, sign_ups) == []


def test_a_null_byte_does_no_harm_and_a_line_break_starts_no_header(site: Site) -> None:
    ask(site, "ana\0@quay.example")
    ask(site, "\n bo@quay.example\r\n")
    assert [one.address for one in mails(site)] == [ADDRESS, "bo@quay.example"]


def test_a_megabyte_is_no_form(site: Site) -> None:
    assert site.client.post("/subscribe", data={"address": "a" * 1_000_000}).status_code == 422


@pytest.mark.parametrize("sent", [{"newsletter": ["daily", "nope"], "section": ["nope"], "language": "xx"}])
def test_what_is_not_offered_is_left_out(site: Site, sent: dict[str, Any]) -> None:
    ask(site, **sent)
    (row,) = kept(site, sign_ups)
    assert (row.newsletters, row.sections, row.language) == (["daily"], [], "en")


@pytest.mark.parametrize(
    "stamp", ["", "x", form_stamp((("k2", b"another key under the same id..."),), samples.NOON)]
)
def test_a_form_without_a_stamp_of_ours_is_shown_once_more_as_it_was_filled_in(
    site: Site, stamp: str
) -> None:
    again = site.client.post("/subscribe", data={"address": ADDRESS, "newsletter": "weekly", "stamp": stamp})
    assert again.status_code == 200
    assert "Please look at it once more" in again.text
    assert kept(site, sign_ups) == []
    fields = form(again)
    assert (fields["address"], fields["newsletter"]) == ([ADDRESS], ["weekly"])
    later(site, seconds=4)
    assert "Look into your mailbox" in site.client.post("/subscribe", data=fields).text
    assert [one.kind for one in mails(site)] == ["confirm"]


def test_a_form_of_yesterday_is_shown_once_more(site: Site) -> None:
    assert "Please look at it once more" in ask(site, wait=86_401).text
    assert "Look into your mailbox" in ask(site, wait=86_399).text
    assert "Please look at it once more" in ask(site, wait=-5).text


def test_one_newsletter_and_one_section_leave_nothing_to_choose(
    tmp_path: Any, engine: Engine, said: Any
) -> None:
    letter = samples.newsletter(places=samples.newsletter().places[:1])
    with served(settings(tmp_path, newsletters=(letter,)), engine) as site:
        page = site.client.get("/subscribe").text
        assert "<h1>The Morning Quay by mail</h1>" in page
        assert "checkbox" not in page
        assert "Look into your mailbox" in ask(site).text
        assert kept(site, sign_ups)[0].newsletters == ["daily"]


def test_it_may_be_embedded_by_the_newsrooms_own_site_and_no_other(site: Site) -> None:
    plain, framed = site.client.get("/subscribe"), site.client.get("/subscribe?embed")
    assert "frame-ancestors 'none'" in plain.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://quay.example" in framed.headers["content-security-policy"]
    assert "<header>" in plain.text and "<header>" not in framed.text
    sent = ask(site, query="?embed")
    assert "frame-ancestors 'self' https://quay.example" in sent.headers["content-security-policy"]
    assert "<header>" not in sent.text


def test_opening_it_changes_nothing_and_sets_no_cookie(site: Site) -> None:
    with statements(site.engine) as said:
        for method in ("GET", "HEAD"):
            answer = site.client.request(method, "/subscribe?language=ar")
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
    assert said == []
    assert 'dir="rtl"' in site.client.get("/subscribe?language=ar").text
    assert '<html lang="en"' in site.client.get("/subscribe?language=../../x").text
    assert site.client.put("/subscribe").status_code == 405


def test_where_nobody_may_sign_up_the_page_says_so(tmp_path: Any, engine: Engine, said: Any) -> None:
    closed = replace(settings(tmp_path), web=WebSettings(sign_up=False))
    with served(closed, engine) as site:
        for answer in (
            site.client.get("/subscribe"),
            site.client.post("/subscribe", data={"address": ADDRESS}),
        ):
            assert "<h1>Sign-up is closed</h1>" in answer.text
        assert "/subscribe" not in site.client.get("/").text
    with served(settings(tmp_path, newsletters=()), engine) as site:
        assert "<h1>Sign-up is closed</h1>" in site.client.get("/subscribe").text


def test_the_front_page_leads_there(site: Site) -> None:
    assert 'href="/subscribe"' in site.client.get("/").text


def test_no_line_of_the_log_holds_an_address_or_a_link(site: Site) -> None:
    mail = signed_up(site)
    site.client.get(mail.link)
    site.client.post(mail.link)
    said = site.said()
    assert ADDRESS not in said and mail.link.rpartition("/")[2] not in said and "203.0" not in said
    assert '"path": "/confirm/[token]"' in said


def test_a_database_that_cannot_be_written_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise sa.exc.OperationalError("INSERT", {"address": ADDRESS}, Exception("locked"))

    monkeypatch.setattr("web.sign_up.ask", broken)
    answer = ask(site)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert ADDRESS not in site.said()


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar"])
def test_every_language_has_its_pages_and_its_mail(site: Site, language: str) -> None:
    sent = ask(site, query=f"?language={language}", section=["culture"])
    (mail,) = mails(site)
    pages: list[httpx2.Response] = [sent, site.client.get(mail.link), site.client.post(mail.link)]
    for page in pages:
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
        assert "{" not in page.text.partition("<body>")[2]
    assert mail.language == language and "{" not in mail.text
    ask(site, language=language)
    (again,) = mails(site)
    assert (again.kind, again.language) == ("already", language)
    assert [row.language for row in kept(site, consents)] == [language]


def test_a_link_is_made_of_public_url_whatever_a_client_calls_us(site: Site) -> None:
    names = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    fields = form(site.client.get("/subscribe")) | {"address": ADDRESS}
    later(site, seconds=5)
    site.client.post("/subscribe", data=fields, headers=names)
    site.client.post("/subscribe", data=fields, headers={"Host": "evil.example"})
    got = mails(site)
    assert got
    for mail in got:
        assert "evil" not in mail.text and mail.link.startswith("/confirm/")
