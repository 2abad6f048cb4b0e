"""What the page behind an unsubscribe link says of what goes on, and the way back from a stop."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from newsroom.database import writing
from readership.reader import Plan, Reader, SubscriptionStatus, SuppressionReason
from readership.tables import suppressions
from tests import samples
from tests.readership.registered import register
from tests.web.forms import fields
from tests.web.serving import Site
from web.unsubscribe import AGAIN

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _ann(site: Site, **changes: Any) -> Reader:
    """A reader of both newsletters."""
    return register(
        site.engine,
        samples.reader(1),
        samples.subscription(1, **changes),
        samples.subscription(1, newsletter="weekly"),
    )


@pytest.mark.parametrize(
    ("plan", "until", "goes_on"),
    [
        (Plan.FREE, None, ""),
        (Plan.PAID, None, "Your subscription to The Quay and its payments go on."),
        (Plan.PAID, date(2026, 3, 9), ""),
        (Plan.TRIAL, date(2026, 3, 10), "Your access to The Quay goes on as before."),
        (Plan.GROUP, None, "Your access to The Quay goes on as before."),
    ],
)
def test_only_those_who_have_something_that_goes_on_are_told_of_it(
    site: Site, plan: Plan, until: date | None, goes_on: str
) -> None:
    register(site.engine, samples.reader(1, plan, plan_until=until), samples.subscription(1))
    for page in (site.client.get(site.link()), site.client.post(site.link(), data={"action": "stop"})):
        assert ("This stops the mail only. " + goes_on in page.text) is bool(goes_on)
        assert ("https://quay.example/account" in page.text) is bool(goes_on)
        assert ("payments" in page.text) is ("payments" in goes_on)


def test_after_one_click_the_link_leads_back(site: Site) -> None:
    _ann(site, sections=frozenset({"politics"}), consent_source="form")
    site.client.post(site.link(), data=ONE_CLICK)
    site.clock.on(days=400)
    page = site.client.get(site.link())
    assert "Send it to me again" in page.text
    back = site.client.post(site.link(), data=fields(page, "again"))
    assert back.status_code == 200
    assert "You get The Morning Quay again" in back.text
    there = site.subscriptions()["daily"]
    assert there.status is SubscriptionStatus.ACTIVE
    assert there.sections == frozenset({"politics"})
    # The consent that counts is the new one.
    assert (there.consent_at, there.consent_source) == (site.clock.moment, AGAIN)
    assert "Stop The Morning Quay?" in site.client.get(site.link()).text


def test_who_has_stopped_everything_starts_one_of_them_again(site: Site) -> None:
    _ann(site)
    site.client.post(site.link(), data={"action": "all"})
    page = site.client.get(site.link(newsletter="weekly"))
    site.client.post(site.link(newsletter="weekly"), data=fields(page, "again"))
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "active"}
    # A second time it is true already.
    again = site.client.post(site.link(newsletter="weekly"), data={"action": "again"})
    assert "It will come again" in again.text


@pytest.mark.parametrize("reason", list(SuppressionReason))
def test_nothing_is_started_for_an_address_that_gets_nothing(site: Site, reason: SuppressionReason) -> None:
    ann = _ann(site, status=SubscriptionStatus.UNSUBSCRIBED)
    with writing(site.engine) as connection:
        connection.execute(
            sa.insert(suppressions).values(key=ann.key, reason=reason.value, at=samples.NOON, origin="x")
        )
    assert 'value="again"' not in site.client.get(site.link()).text
    assert "can no longer be taken back" in site.client.post(site.link(), data={"action": "again"}).text
    assert site.statuses()["daily"] == "unsubscribed"


def test_a_newsletter_that_is_no_more_is_not_started_again(site: Site) -> None:
    _ann(site)
    site.client.post(site.link(newsletter="evening"), data=ONE_CLICK)
    assert 'value="again"' not in site.client.get(site.link(newsletter="evening")).text
    site.client.post(site.link(newsletter="evening"), data={"action": "again"})
    assert site.statuses()["evening"] == "unsubscribed"
