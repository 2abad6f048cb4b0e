"""What a sign-up is answered with and what its confirmation changes, whatever is known of the address."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsroom.masthead import Place
from readership.change import Known
from readership.reader import SubscriptionStatus, SuppressionReason
from readership.sign_up import SOURCE, Reply, SignUp, answer, chosen, sections_of, start
from tests import samples

NEWSROOM = samples.newsroom()
LETTERS = {
    "daily": samples.newsletter(),
    "weekly": samples.newsletter(key="weekly", places=(Place("culture", 3), Place("partners", 2))),
}
SIGN_UP = SignUp(
    "0" * 32,
    samples.reader().key,
    "reader1@example.org",
    ("daily",),
    (),
    "de",
    samples.NOON,
    "unknown",
    "words",
)
DEAD = (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.CLEANED)

some_known = st.builds(
    lambda statuses, suppressed: Known(
        samples.reader(1) if statuses is not None else None,
        {
            key: samples.subscription(1, newsletter=key, status=status)
            for key, status in (statuses or {}).items()
        },
        suppressed,
    ),
    st.none()
    | st.dictionaries(st.sampled_from(["daily", "weekly", "gone"]), st.sampled_from(SubscriptionStatus)),
    st.none() | st.sampled_from(SuppressionReason),
)
some_sign_ups = st.builds(
    lambda newsletters, sections: replace(SIGN_UP, newsletters=tuple(newsletters), sections=tuple(sections)),
    st.sets(st.sampled_from(["daily", "weekly", "gone"])),
    st.sets(st.sampled_from(["politics", "culture", "briefs", "partners", "gone"])),
)


def after(known: Known, sign_up: SignUp) -> Known:
    """What is known once it was confirmed."""
    begins = start(known, sign_up, NEWSROOM, LETTERS, samples.NOON)
    if begins is None:
        return known
    changed = {one.newsletter: one for one in begins.subscriptions}
    return Known(
        begins.reader,
        {**known.subscriptions, **changed},
        None if begins.lifts else known.suppressed,
    )


@settings(max_examples=200)
@given(some_known, some_sign_ups)
def test_what_was_asked_for_begins_and_nothing_else(known: Known, sign_up: SignUp) -> None:
    wanted = set(sign_up.newsletters) & set(LETTERS)
    then = after(known, sign_up)
    active = {key for key, one in then.subscriptions.items() if one.status is SubscriptionStatus.ACTIVE}
    if known.suppressed in DEAD:
        assert then == known
        assert answer(known, sign_up, LETTERS).reply is Reply.NOTHING
        return
    before = {key for key, one in known.subscriptions.items() if one.status is SubscriptionStatus.ACTIVE}
    assert active == wanted | (before if known.suppressed is None else set())
    assert then.suppressed is None
    begun = answer(known, sign_up, LETTERS)
    if begun.reply is Reply.CONFIRM:
        for newsletter in begun.newsletters:
            one = then.subscriptions[newsletter]
            assert (one.consent_at, one.consent_source, one.ended_by) == (samples.NOON, SOURCE, "")
            assert one.sections == chosen(sign_up, NEWSROOM, LETTERS[newsletter])
    # Once it is confirmed, the same sign-up has nothing more to ask for.
    again = answer(then, sign_up, LETTERS)
    assert again.reply is (Reply.ALREADY if wanted else Reply.NOTHING)


@pytest.mark.parametrize(
    ("newsletter", "sections", "expected"),
    [
        ("daily", (), set()),
        ("daily", ("politics",), {"politics"}),
        ("daily", ("politics", "partners", "gone"), {"politics"}),
        # All of them is no choice: a section that comes later is in it too.
        ("daily", ("politics", "culture", "briefs"), set()),
        ("weekly", ("politics",), set()),
        ("weekly", ("politics", "culture"), set()),
    ],
)
def test_each_newsletter_takes_of_the_sections_what_it_has(
    newsletter: str, sections: tuple[str, ...], expected: set[str]
) -> None:
    assert chosen(replace(SIGN_UP, sections=sections), NEWSROOM, LETTERS[newsletter]) == expected


def test_what_is_paid_for_by_others_is_no_choice() -> None:
    assert [one.key for one in sections_of(NEWSROOM, LETTERS["daily"])] == ["politics", "culture", "briefs"]
