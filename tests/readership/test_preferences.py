"""What a choice changes: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from readership.preferences import SOURCE, Choice, changes, gets
from readership.reader import Subscription, SubscriptionStatus
from tests import samples

NEWSROOM = samples.newsroom()
NEWSLETTERS = {key: samples.newsletter(key=key) for key in ("daily", "weekly")}
TODAY = samples.NOON.date()
SECTIONS = st.frozensets(st.sampled_from(["politics", "culture", "briefs", "nope"]))
DAYS = st.one_of(st.none(), st.integers(-3, 30).map(lambda days: TODAY + timedelta(days=days)))

theirs = st.dictionaries(
    st.sampled_from(["daily", "weekly", "old"]),
    st.tuples(st.sampled_from(SubscriptionStatus), SECTIONS, DAYS),
).map(
    lambda found: {
        key: Subscription(1, key, status, sections, day if status is SubscriptionStatus.PAUSED else None)
        for key, (status, sections, day) in found.items()
    }
)
choices = st.builds(
    Choice,
    st.frozensets(st.sampled_from(["daily", "weekly", "old", "nope"])),
    st.dictionaries(st.sampled_from(["daily", "weekly", "old"]), SECTIONS),
    st.sampled_from(["", "de"]),
    st.one_of(st.none(), st.just(date(2026, 3, 20))),
    st.booleans(),
    st.booleans(),
)


@given(theirs, choices, st.booleans())
def test_it_comes_to_what_was_chosen_and_to_nothing_else(
    before: dict[str, Subscription], choice: Choice, may_start: bool
) -> None:
    reader = samples.reader(1)
    done = changes(reader, before, choice, NEWSROOM, NEWSLETTERS, samples.NOON, may_start=may_start)
    after = {**before, **{one.newsletter: one for one in done.subscriptions}}
    assert after.get("old") == before.get("old") and "nope" not in after
    for key in NEWSLETTERS:
        wanted = key in choice.newsletters and (may_start or gets(before.get(key)))
        assert gets(after.get(key)) == wanted
        if wanted:
            chosen = choice.sections.get(key, frozenset()) & {"politics", "culture", "briefs"}
            assert after[key].sections == (frozenset() if len(chosen) == 3 else chosen)
            # Consent is what began it: given now where it begins now, else as it was.
            began = gets(before.get(key))
            assert after[key].consent_source == (before[key].consent_source if began else SOURCE)
    # Saving the same again changes nothing.
    stored = done.reader or reader
    again = changes(stored, after, choice, NEWSROOM, NEWSLETTERS, samples.NOON, may_start=may_start)
    assert again.reader is None and again.subscriptions == ()


def test_a_pause_that_was_shown_stays_where_it_is() -> None:
    daily = samples.subscription(1, status=SubscriptionStatus.PAUSED, paused_until=date(2026, 3, 20))
    before = {"daily": daily, "weekly": samples.subscription(1, newsletter="weekly")}
    shown = Choice(frozenset(before), paused_until=date(2026, 3, 20), is_same_pause=True)

    def of(choice: Choice) -> dict[str, date | None]:
        done = changes(samples.reader(1), before, choice, NEWSROOM, NEWSLETTERS, samples.NOON, may_start=True)
        return {one.newsletter: one.paused_until for one in done.subscriptions}

    assert of(shown) == {}
    assert of(replace(shown, is_same_pause=False)) == {"weekly": date(2026, 3, 20)}
    assert of(Choice(frozenset(before))) == {"daily": None}
