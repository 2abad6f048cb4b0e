"""The preferences behind the link of every mail: saved at once, said so, and no more than a mail may open."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest

from newsletter.edition import ExclusionReason
from newsletter.tables import deliveries, exclusions
from newsroom.database import engine_for, writing
from newsroom.settings import load
from readership import store
from readership.address import recipient_key
from readership.preferences import SOURCE
from readership.reader import Plan, SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from readership.tokens import NOBODY, Request, feed_token, preferences_token, request_token, unsubscribe_token
from tests import samples
from tests.commands.house import built, html_of, text_of
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.serving import KEYS, Site, served
from tests.web.signing_in import ADDRESS, Browser, reader, signed_in

KEY = recipient_key(ADDRESS_KEY, ADDRESS)


class Fields(HTMLParser):
    """What a browser sends of the form with this action where nobody touches anything."""

    def __init__(self, page: str, action: str = "save") -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._select = ""
        self.feed(page)
        self.values = next(one for one in self.forms if one.get("action") == [action])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            assert given == {"method": "post"}
            self.forms.append({})
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.forms[-1].setdefault(str(given["name"]), []).append(given.get("value") or "")
        elif tag == "select":
            self._select = str(given["name"])
        elif tag == "option" and "selected" in given:
            self.forms[-1][self._select] = [given["value"] or ""]


def link(number: int = 1) -> str:
    return f"/preferences/{preferences_token(KEYS, number)}"


def save(client: Any, path: str = "", **changes: Any) -> httpx2.Response:
    """Open the page, change something, send it off."""
    fields = Fields(client.get(path or link()).text).values | changes
    answer = client.post(path or link(), data=fields)
    assert isinstance(answer, httpx2.Response)
    return answer


def test_the_form_shows_what_is_there_and_changes_no_more_than_that(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, Plan.PAID, address=ADDRESS, language="nl"),
        samples.subscription(1, sections=frozenset({"culture"})),
        samples.subscription(
            1, newsletter="weekly", status=SubscriptionStatus.PAUSED, paused_until=date(2026, 3, 20)
        ),
    )
    before = site.subscriptions()
    fields = Fields(site.client.get(link()).text).values
    assert fields == {
        "action": ["save"],
        "newsletter": ["daily", "weekly"],
        "section-daily": ["culture"],
        "language": ["nl"],
        "pause": ["2026-03-20"],
        "pause_was": ["2026-03-20"],
    }
    site.client.post(link(), data=fields)
    assert site.subscriptions() == before
    site.client.post(link(), data=fields | {"pause": "2026-03-21"})
    assert {one.paused_until for one in site.subscriptions().values()} == {date(2026, 3, 21)}
    save(site.client, pause="")
    after = site.subscriptions()
    assert after["daily"] == before["daily"]
    assert after["weekly"].status is SubscriptionStatus.ACTIVE


def test_what_is_chosen_is_saved_at_once_and_said(site: Site) -> None:
    reader(site)
    chosen = {"section-daily": ["culture"], "language": "de", "newsletter": ["daily", "weekly"]}
    page = save(site.client, **chosen)
    assert page.status_code == 200 and "set-cookie" not in page.headers
    assert "Gespeichert. Sie bekommen „The Morning Quay“ und „The Quay on Sunday“.</p>" in page.text
    theirs = site.subscriptions()
    assert theirs["daily"].sections == {"culture"} and theirs["daily"].consent_source != SOURCE
    assert theirs["weekly"].status is SubscriptionStatus.ACTIVE
    assert (theirs["weekly"].consent_at, theirs["weekly"].consent_source) == (site.clock.moment, SOURCE)
    with site.engine.connect() as connection:
        found = store.by_id(connection, 1)
    assert found and (found.language, found.plan, found.name) == ("de", Plan.PAID, "Ana")
    # All of them is what none is: sections that come later belong to it.
    save(site.client, **{"section-daily": ["politics", "culture", "briefs"]})
    assert site.subscriptions()["daily"].sections == frozenset()
    less = save(site.client, newsletter=["weekly"], language="en").text
    assert "Saved. You no longer get The Morning Quay. You get The Quay on Sunday.</p>" in less
    none = save(site.client, newsletter=[]).text
    assert "Saved. You no longer get The Quay on Sunday. You get no newsletter from us.</p>" in none
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "unsubscribed"}
    said = site.said()
    assert ADDRESS not in said and link()[13:] not in said and '"preferences_of_reader": 1' in said


def test_a_pause_has_a_last_day_and_ends_by_itself(site: Site) -> None:
    reader(site)
    page = save(site.client, pause="2026-03-20")
    assert "Saved. No mail until Friday, March 20, 2026, that day included." in page.text
    theirs = site.subscriptions()["daily"]
    assert (theirs.status, theirs.paused_until) == (SubscriptionStatus.PAUSED, date(2026, 3, 20))
    site.clock.on(days=11)
    fields = Fields(site.client.get(link()).text).values
    assert fields["pause"] == [""] and fields["newsletter"] == ["daily"]
    save(site.client)
    theirs = site.subscriptions()["daily"]
    assert (theirs.status, theirs.paused_until) == (SubscriptionStatus.ACTIVE, None)


@pytest.mark.parametrize("bad", ["2026-03-09", "2027-03-12", "soon", "2026-02-30", "9" * 5_000, "03/20"])
def test_a_pause_that_is_no_day_to_come_is_named_beside_its_field(site: Site, bad: str) -> None:
    reader(site)
    before = site.subscriptions()
    page = save(site.client, pause=bad, newsletter=[])
    assert page.status_code == 422 and 'id="pause-error"' in page.text and "aria-invalid" in page.text
    assert site.subscriptions() == before


def test_what_was_chosen_beside_a_mistake_is_still_chosen(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, address=ADDRESS),
        samples.subscription(1),
        samples.subscription(1, newsletter="weekly", status=SubscriptionStatus.PAUSED),
    )
    chosen = {"newsletter": ["weekly"], "section-daily": ["culture"], "language": "nl", "pause": "2020-01-01"}
    fields = Fields(site.client.get(link()).text).values
    assert fields.pop("paused") == ["yes"]
    page = site.client.post(link(), data=fields | chosen)
    assert page.status_code == 422
    assert Fields(page.text).values == {
        "action": ["save"],
        "newsletter": ["weekly"],
        "section-daily": ["culture"],
        "language": ["nl"],
        "pause": ["2020-01-01"],
        "pause_was": [""],
    }
    page = site.client.post(link(), data={"action": "address", "address": "no.address"})
    assert page.status_code == 422
    assert Fields(page.text, "address").values["address"] == ["no.address"]


def test_a_pause_without_an_end_lasts_until_its_box_is_unticked(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, address=ADDRESS),
        samples.subscription(1, status=SubscriptionStatus.PAUSED),
    )
    fields = Fields(site.client.get(link()).text).values
    assert fields["paused"] == ["yes"]
    save(site.client, language="fr")
    assert site.statuses() == {"daily": "paused"}
    site.client.post(link(), data={name: value for name, value in fields.items() if name != "paused"})
    assert site.statuses() == {"daily": "active"}


def test_what_is_not_offered_is_nobodys_choice(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, address=ADDRESS, language="pt"),
        samples.subscription(1),
        samples.subscription(1, newsletter="old"),
        samples.subscription(1, newsletter="weekly", status=SubscriptionStatus.PENDING),
    )
    hostile = {"newsletter": ["daily", "nope", "../x"], "section-daily": ["partners", "latest", "x\0"]}
    save(site.client, language="<script>", **hostile)
    assert site.statuses() == {"daily": "active", "old": "active", "weekly": "pending"}
    assert site.subscriptions()["daily"].sections == frozenset()


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED])
def test_nothing_begins_where_nothing_can_be_sent(site: Site, reason: SuppressionReason) -> None:
    reader(site)
    with writing(site.engine) as connection:
        suppress(connection, {KEY: reason}, samples.NOON, "a list")
    page = save(site.client, newsletter=["daily", "weekly"])
    assert "Nothing can be sent to your address" in page.text
    assert site.statuses() == {"daily": "active"}


def test_get_and_a_form_of_something_else_change_nothing(site: Site) -> None:
    reader(site)
    before = site.subscriptions()
    for answer in (
        site.client.get(link()),
        site.client.head(link()),
        site.client.post(link()),
        site.client.post(link(), data={"action": "nonsense", "newsletter": []}),
        site.client.post(link(), content=b"\xff" * 100_000),
        site.client.post(link(), data={"action": "save", "x": "y" * 1_000_000}),
    ):
        assert answer.status_code == 200 and "Saved" not in answer.text
    assert site.subscriptions() == before


def test_the_page_shows_no_address_and_opens_no_feed(site: Site) -> None:
    """Whoever a mail was forwarded to has its link."""
    reader(site)
    page = site.client.get(link())
    assert ADDRESS not in page.text and "Ana" not in page.text
    assert feed_token(KEYS, 1, 0) not in page.text
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


def test_forged_tokens_and_those_of_other_kinds_open_nothing(site: Site) -> None:
    reader(site)
    token = preferences_token(KEYS, 1)
    asked = Request("erase", 1, KEY, site.clock.moment)
    foreign = [("k2", b"another newsroom's key, not ours 12")]
    before = site.subscriptions()
    for forged in (
        preferences_token(foreign, 1),
        request_token(foreign, asked),
        unsubscribe_token(KEYS, 1, "daily"),
        feed_token(KEYS, 1, 0),
        request_token(KEYS, asked)[:-1] + "o",
        token[:-1] + "r",
        token[:-1],
        token[1:],
        token.swapcase(),
        "x%00o",
        "o" * 10_000,
        "",
    ):
        for answer in (
            site.client.get(f"/preferences/{forged}"),
            site.client.post(f"/preferences/{forged}", data={"action": "save"}),
        ):
            assert answer.status_code == 404 and "This link does not work" in answer.text, forged
    assert site.subscriptions() == before


def test_an_old_link_works_as_long_as_its_key_is_listed_and_an_erased_readers_does_not(site: Site) -> None:
    reader(site)
    old = preferences_token(KEYS[1:], 1)
    assert site.client.get(f"/preferences/{old}.").status_code == 200
    assert site.client.get(f"/preferences/{preferences_token(KEYS, 77)}").status_code == 410
    test = site.client.get(f"/preferences/{preferences_token(KEYS, NOBODY)}")
    assert test.status_code == 200 and "This was a test mail" in test.text


def test_it_and_the_unsubscribe_page_lead_to_each_other(site: Site) -> None:
    reader(site)
    page = site.client.get(link()).text
    stop = re.search(r'href="(/unsubscribe/[^"]+)"', page)
    assert stop and "Your subscription continues" in page
    ask = site.client.get(stop[1])
    assert f'href="{link()}"' in ask.text and "This stops the mail only." in ask.text
    done = site.client.post(stop[1], data={"action": "stop"})
    assert f'href="{link()}"' in done.text and "Send it to me again" in done.text


def test_a_stop_by_one_click_is_on_the_page_and_stays(site: Site) -> None:
    reader(site)
    site.client.post(site.link())
    save(site.client, language="fr")
    assert site.statuses() == {"daily": "unsubscribed"}


def test_from_the_form_to_the_mail(tmp_path: Path) -> None:
    """Chosen sections are honoured; whoever has none of the day's stories gets nothing, with that reason."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers(*(f"{name}@example.org,paid," for name in ("ana", "bo", "cy", "di")))
    values = load(house.config, {})
    engine = engine_for(values.database_url)
    secrets = values.secrets
    with engine.connect() as connection:
        numbers = {
            name: found.id
            for name in ("ana", "bo", "cy", "di")
            if (found := store.find(connection, recipient_key(secrets.address_key, f"{name}@example.org")))
        }
    with served(values, engine) as site:
        site.clock.moment = samples.NOON - timedelta(hours=8)
        tokens = {name: preferences_token(secrets.signing_keys, one) for name, one in numbers.items()}
        choose = {name: f"/preferences/{token}" for name, token in tokens.items()}
        for name, chosen in (
            ("ana", {"section-daily": ["culture"]}),
            ("bo", {"section-daily": ["politics"]}),
            ("cy", {"pause": "2026-03-10"}),
        ):
            assert "Saved" in save(site.client, choose[name], **chosen).text
    run = house.run(now="2026-03-10T06:01")
    assert run.step("deliver")["accepted"] == 2
    with engine.connect() as connection:
        sent = {row.reader_id for row in connection.execute(deliveries.select())}
        reasons = {row.reader_id: row.reason for row in connection.execute(exclusions.select())}
    engine.dispose()
    assert sent == {numbers["bo"], numbers["di"]}
    assert reasons == {
        numbers["ana"]: ExclusionReason.NO_STORIES.value,
        numbers["cy"]: ExclusionReason.PAUSED.value,
    }
    mails = house.mails("daily-2026-03-10")
    assert sorted(mails) == ["bo@example.org", "di@example.org"]
    # The mail leads back to the page that it came from.
    for part in (text_of(mails["bo@example.org"]), html_of(mails["bo@example.org"])):
        assert f"http://127.0.0.1:8080{choose['bo']}" in part


def test_the_signed_in_reader_sees_whose_page_it_is(site: Site) -> None:
    reader(site)
    reader(site, "bo@quay.example", 2)
    browser = signed_in(site)
    assert f"You are signed in as {ADDRESS}" in browser.get(link()).text
    assert "signed in as" not in browser.get(link(2)).text
    assert "signed in as" not in Browser(site).get(link()).text
