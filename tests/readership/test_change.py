"""What a row changes: pure. Whatever a list says, in whatever order, a stop stays a stop."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from readership.change import Known, change
from readership.reader import Plan, Subscription, SubscriptionStatus, SuppressionReason
from readership.row import Row, Status
from tests import samples

NEWSLETTERS = ("daily", "weekly")
ADDRESS = "reader1@example.org"
KEY = samples.reader(1).key
STOPS = (Status.UNSUBSCRIBED, Status.COMPLAINED, Status.BOUNCED, Status.CLEANED)


def _known(status: SubscriptionStatus = SubscriptionStatus.ACTIVE, **changes: object) -> Known:
    return Known(samples.reader(1), {"daily": samples.subscription(1, status=status, **changes)})


def _mailed(known: Known) -> set[str]:
    """The newsletters that this reader would be mailed."""
    if known.suppressed is not None:
        return set()
    return {key for key, one in known.subscriptions.items() if one.status is SubscriptionStatus.ACTIVE}


plans = st.sampled_from([None, *Plan])
rows = st.builds(
    Row,
    st.just(ADDRESS),
    st.sampled_from(Status),
    st.sampled_from(["", "Ann"]),
    plans,
    st.sampled_from([None, date(2026, 4, 1)]),
    st.booleans(),
    st.sampled_from([None, frozenset[str](), frozenset({"print"})]),
    st.sampled_from(["", "de"]),
    st.sampled_from([None, frozenset({"politics"})]),
    st.sampled_from([None, ("daily",), ("weekly",), ("daily", "weekly")]),
    st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC)]),
    st.sampled_from(["", "form"]),
)
knowns = st.builds(
    Known,
    st.just(samples.reader(1)),
    st.dictionaries(st.sampled_from(NEWSLETTERS), st.sampled_from(SubscriptionStatus)).map(
        lambda theirs: {key: Subscription(1, key, status) for key, status in theirs.items()}
    ),
    st.sampled_from([None, *SuppressionReason]),
) | st.builds(Known, st.none(), st.just({}), st.sampled_from([None, *SuppressionReason]))


@given(knowns, st.lists(rows, min_size=1, max_size=5))
def test_no_list_lifts_a_stop(known: Known, several: list[Row]) -> None:
    for row in several:
        after = change(known, row, KEY, NEWSLETTERS).after
        assert known.suppressed is None or after.suppressed is known.suppressed
        for key, one in known.subscriptions.items():
            if one.status is SubscriptionStatus.UNSUBSCRIBED:
                assert after.subscriptions[key].status is SubscriptionStatus.UNSUBSCRIBED
        known = after


@given(knowns, rows)
def test_a_row_that_is_read_twice_changes_nothing_the_second_time(known: Known, row: Row) -> None:
    after = change(known, row, KEY, NEWSLETTERS).after
    assert change(after, row, KEY, NEWSLETTERS).is_empty


@given(knowns, rows.filter(lambda row: row.status in STOPS))
def test_a_stop_stops_what_it_speaks_of(known: Known, row: Row) -> None:
    mailed = _mailed(change(known, row, KEY, NEWSLETTERS).after)
    if row.status is Status.UNSUBSCRIBED:
        assert not mailed & set(row.newsletters or NEWSLETTERS)
    else:
        assert not mailed


@given(knowns, rows)
def test_a_stop_in_front_of_a_sign_up_and_behind_it_come_to_the_same(known: Known, row: Row) -> None:
    stop = Row(ADDRESS, Status.UNSUBSCRIBED)
    before = change(change(known, stop, KEY, NEWSLETTERS).after, row, KEY, NEWSLETTERS).after
    behind = change(change(known, row, KEY, NEWSLETTERS).after, stop, KEY, NEWSLETTERS).after
    assert _mailed(before) == _mailed(behind) == set()


@given(knowns.filter(lambda known: known.suppressed is SuppressionReason.ERASED), rows)
def test_an_erased_person_who_is_no_reader_does_not_come_back(known: Known, row: Row) -> None:
    made = change(known._replace(reader=None, subscriptions={}), row, KEY, NEWSLETTERS)
    assert made.is_empty
    assert made.after.reader is None


def test_a_new_reader_gets_every_newsletter_or_those_named() -> None:
    every = change(Known(), Row(ADDRESS), KEY, NEWSLETTERS)
    assert _mailed(every.after) == {"daily", "weekly"}
    named = change(Known(), Row(ADDRESS, newsletters=("weekly",)), KEY, NEWSLETTERS)
    assert _mailed(named.after) == {"weekly"}


def test_an_unsubscribe_of_somebody_new_is_remembered() -> None:
    made = change(Known(), Row(ADDRESS, Status.UNSUBSCRIBED), KEY, NEWSLETTERS)
    assert {one.status for one in made.after.subscriptions.values()} == {SubscriptionStatus.UNSUBSCRIBED}
    assert made.suppress is None


def test_a_dead_address_is_suppressed_and_a_complaint_stops_everything_as_well() -> None:
    assert (
        change(_known(), Row(ADDRESS, Status.BOUNCED), KEY, NEWSLETTERS).suppress is SuppressionReason.BOUNCED
    )
    made = change(_known(), Row(ADDRESS, Status.COMPLAINED), KEY, NEWSLETTERS)
    assert made.suppress is SuppressionReason.COMPLAINED
    assert {one.status for one in made.after.subscriptions.values()} == {SubscriptionStatus.UNSUBSCRIBED}


def test_who_stopped_everything_is_not_signed_up_for_something_new() -> None:
    made = change(_known(SubscriptionStatus.UNSUBSCRIBED), Row(ADDRESS), KEY, NEWSLETTERS)
    assert _mailed(made.after) == set()
    assert made.kept_stopped


def test_a_pause_is_kept() -> None:
    known = _known(SubscriptionStatus.PAUSED, paused_until=date(2026, 5, 1))
    after = change(known, Row(ADDRESS), KEY, ("daily",)).after
    assert after.subscriptions["daily"] == known.subscriptions["daily"]


def test_a_pending_reader_becomes_active_by_a_list_and_never_the_other_way() -> None:
    assert _mailed(change(_known(SubscriptionStatus.PENDING), Row(ADDRESS), KEY, ("daily",)).after) == {
        "daily"
    }
    assert _mailed(change(_known(), Row(ADDRESS, Status.PENDING), KEY, ("daily",)).after) == {"daily"}


def test_the_first_consent_stays() -> None:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    row = Row(ADDRESS, consent_at=datetime(2026, 1, 1, tzinfo=UTC), consent_source="list")
    kept = change(_known(consent_at=first, consent_source="form"), row, KEY, ("daily",)).after
    assert kept.subscriptions["daily"].consent_at == first
    given_now = change(_known(), row, KEY, ("daily",)).after
    assert given_now.subscriptions["daily"].consent_source == "list"


def test_who_ended_it_is_kept_and_a_readers_own_stop_stays_their_own() -> None:
    stop = SubscriptionStatus.UNSUBSCRIBED
    by_shop = Row(ADDRESS, Status.UNSUBSCRIBED, newsletters=("daily",), ended_by="shop")

    def ended_by(known: Known, row: Row) -> str:
        return change(known, row, KEY, ("daily",)).after.subscriptions["daily"].ended_by

    assert ended_by(Known(None, {}), by_shop) == "shop"
    assert ended_by(_known(), by_shop) == "shop"
    assert ended_by(_known(stop, ended_by="crm"), by_shop) == "shop"
    assert ended_by(_known(stop), by_shop) == ""
    assert ended_by(_known(stop, ended_by="crm"), by_shop._replace(ended_by="")) == ""
    assert ended_by(_known(stop, ended_by="crm"), Row(ADDRESS)) == "crm"
    assert ended_by(_known(stop, ended_by="crm"), by_shop._replace(status=Status.COMPLAINED)) == ""


def test_what_a_row_does_not_say_stays() -> None:
    reader = samples.reader(1, Plan.PAID, plan_until=date(2026, 6, 1), name="Ann", language="de")
    known = Known(reader, {"daily": samples.subscription(1, sections=frozenset({"politics"}))})
    assert change(known, Row(ADDRESS), KEY, ("daily",)).is_empty
    # A column for the end of the plan, empty beside a plan: no end.
    ended = change(known, Row(ADDRESS, plan=Plan.PAID, says_until=True), KEY, ("daily",)).reader
    assert ended is not None
    assert ended.plan_until is None
    # Another plan does not take over the old one's last day.
    moved = change(known, Row(ADDRESS, plan=Plan.FREE), KEY, ("daily",)).reader
    assert moved is not None
    assert (moved.plan, moved.plan_until) == (Plan.FREE, None)
