"""What may be read of the articles, and when a list changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import catalogue, holdings, store
from content.article import Access, Body, Booking
from content.row import record_hash
from newsroom.database import engine_for, metadata, reading, writing
from newsroom.masthead import Paywall
from tests.samples import NOON, article

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CLOSED = Paywall()


@pytest.fixture
def connection(engine):
    with writing(engine) as value:
        yield value


def _put(connection, name, now=NOON, **changes):
    value = article(name, **changes)
    store.insert(connection, value, "h", now)
    return value


def _names(teasers) -> list[str]:
    return [teaser.slug for teaser in teasers]


def _booked(run_from=None, run_until=None, **changes):
    return {"booking": Booking("Harbour Bank", run_from, run_until), "sections": ("partners",), **changes}


@pytest.mark.parametrize("others", [(), tuple(f"section-{number}" for number in range(1_000))])
def test_the_newest_come_first_and_once(connection, others):
    _put(connection, "old", published=NOON - 3 * HOUR)
    _put(connection, "both", published=NOON - HOUR, sections=("politics", "culture"))
    _put(connection, "a", published=NOON - 2 * HOUR, sections=("culture",))
    _put(connection, "b", published=NOON - 2 * HOUR)
    _put(connection, "elsewhere", published=NOON, sections=("briefs",))
    _put(connection, "embargoed", published=NOON + MINUTE)
    _put(connection, "booked", published=NOON, booking=Booking("Harbour Bank"))
    store.withdraw(connection, [_put(connection, "withdrawn", published=NOON).id], NOON)
    sections = ("politics", "culture", *others)
    assert _names(catalogue.newest(connection, sections, NOON, 9, CLOSED)) == ["both", "a", "b", "old"]
    assert _names(catalogue.newest(connection, sections, NOON, 2, CLOSED)) == ["both", "a"]
    later = catalogue.newest(connection, sections, NOON + MINUTE, 1, CLOSED)
    assert _names(later) == ["embargoed"]


def test_everything_comes_by_id_in_parts(connection, monkeypatch):
    monkeypatch.setattr(catalogue, "_AT_ONCE", 2)
    for name in ("c", "a", "e", "b"):
        _put(connection, name)
    _put(connection, "d", **_booked())
    _put(connection, "embargoed", published=NOON + MINUTE)
    store.withdraw(connection, [_put(connection, "withdrawn").id], NOON)
    assert _names(catalogue.everything(connection, NOON, CLOSED)) == ["a", "b", "c", "d", "e"]


def test_newest_of_nothing_is_nothing(connection):
    _put(connection, "bridge")
    assert catalogue.newest(connection, (), NOON, 9, CLOSED) == []
    assert catalogue.newest(connection, ("culture",), NOON, 9, CLOSED) == []


def test_every_reading_goes_through_the_paywall(connection):
    body = Body("<p>One two.</p><p>" + "paidword " * 20 + "</p>")
    value = _put(connection, "bridge", body=body, again=True)
    _put(connection, "booked", body=body, **_booked())
    for paywall, public in ((Paywall(), ""), (Paywall(1), "<p>One two.</p>")):
        readings = [
            catalogue.newest(connection, ("politics",), NOON, 9, paywall),
            catalogue.running(connection, None, NOON, paywall),
            catalogue.published_between(connection, NOON - 2 * HOUR, NOON, paywall),
            catalogue.readmitted(connection, NOON, paywall),
            list(catalogue.by_ids(connection, [value.id], NOON, paywall).values()),
        ]
        for teasers in readings:
            assert [teaser.public_html for teaser in teasers] == [public]
            assert "paidword" not in repr(teasers)


@pytest.mark.parametrize(
    ("run_from", "run_until", "runs"),
    [
        (None, None, True),
        (NOON, None, True),
        (NOON + MINUTE, None, False),
        (None, NOON, True),
        (None, NOON - MINUTE, False),
        (NOON - HOUR, NOON + HOUR, True),
    ],
)
def test_bookings_run_between_their_ends(connection, run_from, run_until, runs):
    _put(connection, "booked", **_booked(run_from, run_until))
    _put(connection, "news")
    for section in (None, "partners"):
        expected = ["booked"] if runs else []
        assert _names(catalogue.running(connection, section, NOON, CLOSED)) == expected
    assert catalogue.running(connection, "politics", NOON, CLOSED) == []


def test_embargoed_and_withdrawn_bookings_do_not_run(connection):
    _put(connection, "embargoed", **_booked(published=NOON + MINUTE))
    store.withdraw(connection, [_put(connection, "withdrawn", **_booked()).id], NOON)
    assert catalogue.running(connection, None, NOON, CLOSED) == []


def test_news_between_two_moments(connection):
    for name, published in (
        ("at", NOON - HOUR),
        ("in", NOON - MINUTE),
        ("until", NOON),
        ("no", NOON + MINUTE),
    ):
        _put(connection, name, published=published)
    _put(connection, "booked", **_booked(published=NOON))
    store.withdraw(connection, [_put(connection, "withdrawn", published=NOON).id], NOON)
    found = catalogue.published_between(connection, NOON - HOUR, NOON, CLOSED)
    assert _names(found) == ["until", "in"]


def test_developing_stories(connection):
    _put(connection, "again", again=True)
    _put(connection, "once")
    _put(connection, "embargoed", again=True, published=NOON + MINUTE)
    store.withdraw(connection, [_put(connection, "withdrawn", again=True).id], NOON)
    assert _names(catalogue.readmitted(connection, NOON, CLOSED)) == ["again"]


def test_by_ids_keeps_the_order_and_leaves_out_what_may_not_be_shown(connection):
    ids = [_put(connection, f"a{number}").id for number in range(1_100)]
    embargoed = _put(connection, "embargoed", published=NOON + MINUTE).id
    withdrawn = _put(connection, "withdrawn").id
    store.withdraw(connection, [withdrawn], NOON)
    ended = _put(connection, "ended", **_booked(None, NOON - MINUTE)).id
    wanted = [ended, *reversed(ids), embargoed, withdrawn, "tag:unknown", ids[0]]
    found = catalogue.by_ids(connection, wanted, NOON, CLOSED)
    assert list(found) == [ended, *reversed(ids)]
    assert all(key == teaser.id for key, teaser in found.items())


def test_operators_find_everything(connection):
    value = _put(connection, "bridge", published=NOON + HOUR)
    store.withdraw(connection, [value.id], NOON)
    _put(connection, "other")
    for text in (value.id, "bridge", "bridge.md"):
        assert [found.article for found in catalogue.find(connection, text)] == [value]
    assert catalogue.find(connection, "bridg") == []


def test_counts(connection):
    assert catalogue.counts(connection, NOON).known == 0
    _put(connection, "news")
    _put(connection, "free", access=Access.FREE)
    _put(connection, "running", **_booked())
    _put(connection, "ended", **_booked(None, NOON - MINUTE))
    _put(connection, "embargoed", published=NOON + MINUTE)
    store.withdraw(connection, [_put(connection, f"w{number}").id for number in range(4)], NOON)
    counts = catalogue.counts(connection, NOON)
    assert counts == catalogue.Counts(news=2, sponsored=2, embargoed=1, withdrawn=4, running=1)
    assert (counts.usable, counts.known) == (4, 9)


def _changed(connection, now, *sections):
    return catalogue.list_changed(connection, sections or ("politics",), now)


def test_a_list_changes_by_edits_moves_and_withdrawals(connection):
    assert _changed(connection, NOON) is None
    value = _put(connection, "bridge")
    assert _changed(connection, NOON + HOUR) == NOON
    store.update(connection, article(headline="x"), "i", NOON + MINUTE, changed=True)
    assert _changed(connection, NOON + HOUR) == NOON + MINUTE
    store.update(connection, article(sections=("culture",)), "j", NOON + 2 * MINUTE, changed=True)
    assert _changed(connection, NOON + HOUR) == NOON + 2 * MINUTE
    assert _changed(connection, NOON + HOUR, "culture", "briefs") == NOON + 2 * MINUTE
    store.withdraw(connection, [value.id], NOON + 3 * MINUTE)
    assert _changed(connection, NOON + HOUR) == NOON + 2 * MINUTE
    assert _changed(connection, NOON + HOUR, "culture") == NOON + 3 * MINUTE
    assert _changed(connection, NOON + HOUR, "briefs") is None


def test_a_list_changes_when_an_embargo_passes(connection):
    _put(connection, "bridge", published=NOON + HOUR)
    many = ("politics", *(f"section-{number}" for number in range(1_000)))
    for sections in (("politics",), many):
        assert _changed(connection, NOON, *sections) is None
        assert _changed(connection, NOON + HOUR, *sections) == NOON + HOUR
        assert _changed(connection, NOON + 2 * HOUR, *sections) == NOON + HOUR


def test_a_list_changes_when_a_booking_begins_and_ends(connection):
    _put(connection, "booked", **_booked(NOON + HOUR, NOON + 2 * HOUR))
    moments = [
        (NOON, None),
        (NOON + HOUR, NOON + HOUR),
        (NOON + 2 * HOUR, NOON + HOUR),
        (NOON + 2 * HOUR + MINUTE, NOON + 2 * HOUR),
    ]
    for now, expected in moments:
        assert _changed(connection, now, "partners") == expected
    assert _changed(connection, NOON + 3 * HOUR, "politics") is None


def test_touched_sections(connection):
    def touched(since, now):
        return set(catalogue.touched_sections(connection, since, now))

    _put(connection, "bridge", sections=("politics", "culture"))
    _put(connection, "embargoed", published=NOON + 2 * HOUR, sections=("briefs",))
    _put(connection, "booked", **_booked(NOON + 3 * HOUR, NOON + 4 * HOUR))
    assert touched(NOON - MINUTE, NOON) == {"politics", "culture"}
    assert touched(NOON, NOON + HOUR) == set()
    assert touched(NOON + HOUR, NOON + 2 * HOUR) == {"briefs"}
    assert touched(NOON + 2 * HOUR, NOON + 3 * HOUR) == {"partners"}
    assert touched(NOON + 3 * HOUR, NOON + 4 * HOUR) == set()
    assert touched(NOON + 4 * HOUR, NOON + 5 * HOUR) == {"partners"}
    assert touched(NOON + 5 * HOUR, NOON + 6 * HOUR) == set()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """One database for every example of a property."""
    engine = engine_for(f"sqlite:///{tmp_path_factory.mktemp('catalogue') / 'standfirst.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


SECTIONS = ("politics", "culture", "partners")
_TIMES = st.integers(-3, 3).map(lambda hours: NOON + hours * HOUR)
_STATES = st.fixed_dictionaries(
    {
        "published": _TIMES,
        "sections": st.lists(st.sampled_from(SECTIONS), unique=True, min_size=1).map(tuple),
        "booking": st.none() | st.builds(Booking, st.just("Bank"), st.none() | _TIMES, st.none() | _TIMES),
        "headline": st.sampled_from(["One", "Two"]),
    }
)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.none() | _STATES,
        st.integers(0, 2).map(lambda hours: hours * HOUR),
    ),
    max_size=8,
)


def _lists(connection, now):
    """Every section's list as a feed would show it."""
    return {
        section: (
            catalogue.newest(connection, (section,), now, 50, CLOSED),
            catalogue.running(connection, section, now, CLOSED),
        )
        for section in SECTIONS
    }


@settings(deadline=None)
@given(steps=_STEPS)
def test_no_list_changes_untouched_or_without_a_later_date(lasting, steps):
    """Whatever happens and however time passes: a list that differs is touched, and its date moves on."""
    # It reads alone, so that nothing is committed and no example sees another's articles.
    with reading(lasting) as connection:
        now = NOON - 3 * HOUR
        before = _lists(connection, now)
        dates = {section: _changed(connection, now, section) for section in SECTIONS}
        for name, state, passed in steps:
            since, now = now, now + passed + MINUTE
            _apply(connection, name, state, now)
            after = _lists(connection, now)
            touched = catalogue.touched_sections(connection, since, now)
            for section in SECTIONS:
                date = _changed(connection, now, section)
                assert dates[section] is None or (date is not None and date >= dates[section])
                assert date is None or date <= now
                if after[section] != before[section]:
                    assert section in touched
                    assert date is not None
                    assert date >= since
                dates[section] = date
            before = after


def _apply(connection, name, state, now):
    value = article(name)
    known = holdings.of_source(connection, "articles").get(value.id)
    if state is None:
        store.withdraw(connection, [value.id], now)
        return
    value = article(name, **state)
    if known is None:
        store.insert(connection, value, "h", now)
    else:
        store.update(connection, value, "h", now, changed=known.record_hash != record_hash(value))
