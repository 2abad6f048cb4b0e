"""A correction reaches exactly those who were sent the article without it, once."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from commands.context import in_memory
from newsletter.correction_book import boxed
from newsletter.corrections import KEPT, MOST_LINES, Book, Correction
from newsletter.delivery import resending
from newsletter.edition import DeliveryState, EditionState
from newsletter.holds import stop
from newsletter.providers import Answer, Outcome
from newsletter.variant import Audience, Variant, variant_from_json
from newsroom.database import reading, writing
from newsroom.errors import HeldError
from readership import store
from readership.reader import Plan
from tests import samples
from tests.newsletter.correcting import Press, box, boxes, stories
from tests.newsletter.delivering import DAY, NOW, Answers, FakeProvider, enrolled, many, says

WORDS = "It was 870."
LINE = Correction("tag:a", WORDS, "The bridge", "https://quay.example/bridge", "en", "", DAY)


@pytest.fixture
def press(engine: Engine) -> Press:
    many(engine, 4)
    return Press(engine)


def test_those_who_were_sent_it_wrong_are_told_once(press: Press) -> None:
    press.sent("bridge", "ferry")
    many(press.engine, 2, first=5)  # They signed up after it.
    press.correct("bridge", WORDS)
    second, third = press.sent("cello"), press.sent("bells")
    assert boxes(second) == {**{reader: [WORDS] for reader in range(1, 5)}, 5: [], 6: []}
    assert box(second.provider.batches[0]) == [["bridge", WORDS, DAY.isoformat(), ""]]
    assert set(map(tuple, boxes(third).values())) == {()}


def test_nobody_is_told_who_got_it_right_from_the_start(press: Press) -> None:
    press.correct("bridge", WORDS)
    press.sent("bridge")
    assert boxes(press.sent("cello")) == {1: [], 2: [], 3: [], 4: []}


def test_a_second_correction_is_another_one(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    press.sent("cello")
    press.correct("bridge", "It was 871 after all.")
    assert boxes(press.sent("bells"))[1] == ["It was 871 after all."]
    assert boxes(press.sent("ferry"))[1] == []


def test_a_reader_of_some_sections_is_told_of_what_was_in_them(engine: Engine) -> None:
    enrolled(engine, samples.reader(1), sections=frozenset({"politics"}))
    enrolled(engine, samples.reader(2), sections=frozenset({"culture"}))
    press = Press(engine)
    press.sent("bridge", "cello")
    press.correct("bridge", WORDS)
    assert boxes(press.sent("ferry", "bells")) == {1: [WORDS], 2: []}


def test_it_comes_by_whichever_newsletter_is_next_and_names_the_one_that_was_wrong(press: Press) -> None:
    enrolled(press.engine, samples.reader(9), newsletter="weekly")
    with writing(press.engine) as connection:
        store.save_subscriptions(connection, [(1, samples.subscription(1, newsletter="weekly"))], NOW)
    press.sent("bridge")
    press.correct("bridge", WORDS)
    weekly = press.sent("cello", newsletter="weekly")
    assert boxes(weekly) == {1: [WORDS], 5: []}
    told = [box(batch) for batch in weekly.provider.batches if box(batch)]
    assert told == [[["bridge", WORDS, DAY.isoformat(), "The Morning Quay"]]]
    assert boxes(press.sent("bells")) == {1: [], 2: [WORDS], 3: [WORDS], 4: [WORDS]}


def test_refused_is_not_sent_and_uncertain_may_have_been(engine: Engine) -> None:
    many(engine, 3)
    press = Press(engine)
    answers = FakeProvider(
        batch_size=3,
        otherwise=says(
            Answer.ACCEPTED, own={1: (Answer.REFUSED, "no such mailbox"), 2: (Answer.UNCERTAIN, "cut")}
        ),
    )
    press.sent("bridge", provider=answers)
    press.correct("bridge", WORDS)
    assert boxes(press.sent("cello")) == {1: [], 2: [WORDS], 3: [WORDS]}


def test_a_box_that_was_refused_comes_again(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    press.sent(
        "cello",
        provider=_refusing_the_second(),
    )
    assert boxes(press.sent("bells")) == {1: [], 2: [WORDS], 3: [], 4: []}


def test_a_stopped_edition_has_told_nobody(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    stopped = press.edition("cello")
    refusing = FakeProvider(batch_size=4, otherwise=says(Answer.STOP, "wrong password"))
    stopped.provider = refusing
    stopped.run()
    with writing(press.engine) as connection:
        stop(connection, stopped.key, "wrong", "nele", NOW)
    assert stopped.edition.state is EditionState.STOPPED
    assert boxes(press.sent("bells"))[1] == [WORDS]


def test_it_waits_seven_days_for_an_edition(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    press.on(days=7)
    assert boxes(press.sent("cello"))[1] == [WORDS]
    press.correct("cello", "Not in G, in D.")
    press.on(days=7, seconds=1)
    assert boxes(press.sent("bells"))[1] == []
    assert timedelta(days=7) == KEPT


def test_whoever_unsubscribed_meanwhile_gets_nothing(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    with writing(press.engine) as connection:
        store.unsubscribe(connection, 2, "daily", NOW)
    assert 2 not in boxes(press.sent("cello"))


def test_a_box_has_few_lines_and_the_others_come_next() -> None:
    lines = tuple(map(_line, range(8)))
    book = Book(
        order={line.key: number for number, line in enumerate(lines)},
        wrong={1: lines},
        told={2: frozenset(line.key for line in lines[:5])},
        sent=frozenset({1, 2}),
    )
    assert [line.words for line in book.owed([(1, False)])] == ["0", "1", "2", "3", "4"]
    assert [line.words for line in book.owed([(1, False), (2, False)])] == ["5", "6", "7"]
    assert MOST_LINES == 5


def _refusing_the_second() -> FakeProvider:
    own = {2: (Answer.REFUSED, "full")}
    return FakeProvider(batch_size=4, otherwise=says(Answer.ACCEPTED, own=own))


def _line(number: int) -> Correction:
    return Correction(f"tag:{number}", str(number), "h", "u", "en", "", DAY)


def test_what_is_withdrawn_after_planning_is_in_no_later_batch(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    press.on(hours=2)
    house = press.edition("cello", provider=FakeProvider(batch_size=2))
    house.run(max_per_hour=2)
    press.paper.withdrawn.add("bridge")
    press.on(hours=1, minutes=1)
    house.run(max_per_hour=2)
    assert [box(batch) != [] for batch in house.provider.batches] == [True, False]
    # It comes back: those whom nobody told are told.
    press.paper.withdrawn.clear()
    assert boxes(press.sent("bells")) == {1: [], 2: [], 3: [WORDS], 4: [WORDS]}


def test_a_letter_whose_box_names_a_withdrawn_article_is_not_handed_over_again(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    house = press.edition(
        "cello",
        provider=_refusing_the_second(),
    )
    house.run()
    press.paper.withdrawn.add("bridge")
    post = press.paper.post
    with pytest.raises(HeldError, match="withdrawn"), writing(press.engine) as connection:
        resending.resend(connection, house.key, "refused", post.revise, 10, "nele", NOW, post.standing)
    press.paper.withdrawn.clear()
    with writing(press.engine) as connection:
        resending.resend(connection, house.key, "refused", post.revise, 10, "nele", NOW, post.standing)
    house.provider.otherwise = says(Answer.ACCEPTED)
    house.run()
    assert [words for _, words, _, _ in box(house.provider.batches[-1])] == [WORDS]
    assert boxes(press.sent("bells"))[2] == []


def test_what_went_to_the_outbox_was_read_by_nobody_once_mail_is_sent(press: Press) -> None:
    press.paper.provider = "outbox"
    press.sent("bridge", provider=FakeProvider(name="outbox"))
    press.correct("bridge", WORDS)
    press.paper.provider = "fake"
    assert boxes(press.sent("cello"))[1] == []


def test_it_is_known_how_many_were_told(press: Press) -> None:
    press.sent("bridge")
    press.correct("bridge", WORDS)
    many(press.engine, 1, first=5)
    house = press.sent("cello")
    with reading(press.engine) as connection:
        assert boxed(connection, house.key, samples.teaser("bridge").id) == 4
        assert boxed(connection, house.key, samples.teaser("ferry").id) == 0
    assert house.sum.is_right


def test_a_variant_keeps_its_key_where_nothing_is_corrected() -> None:
    plain, told = Variant(Audience.FREE), Variant(Audience.FREE, corrections=(LINE,))
    assert "corrections" not in plain.to_json()
    assert plain.key != told.key
    assert variant_from_json(told.to_json()) == told
    assert told.whole == told


_names = st.sampled_from(["bridge", "ferry", "cello", "bells"])
_days = st.lists(
    st.tuples(
        st.sets(_names, min_size=1),
        st.sampled_from(["daily", "daily", "weekly"]),
        st.lists(st.sampled_from(["taken", "taken", "refused", "cut"]), min_size=6, max_size=6),
        st.dictionaries(
            st.sampled_from(["bridge", "ferry", "cello", "bells"]), st.sampled_from("AB"), max_size=2
        ),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=12, deadline=None)
@given(days=_days, chosen=st.lists(st.sampled_from(["", "politics", "culture"]), min_size=6, max_size=6))
@example(
    days=[
        ({"bridge", "ferry"}, "daily", ["taken"] * 6, {"bridge": "A", "ferry": "A"}),
        ({"bridge"}, "daily", ["taken"] * 6, {"ferry": "B"}),
        ({"bridge"}, "daily", ["taken"] * 6, {"bridge": "B", "ferry": "A"}),
        ({"bridge"}, "daily", ["taken"] * 6, {}),
    ],
    chosen=[""] * 6,
)
@example(
    days=[
        ({"bridge", "ferry"}, "daily", ["taken"] * 6, {"bridge": "B", "ferry": "A"}),
        ({"bridge"}, "daily", ["taken"] * 6, {"bridge": "A"}),
        ({"bridge"}, "daily", ["taken"] * 6, {"bridge": "B"}),
        ({"bridge"}, "daily", ["taken"] * 6, {}),
    ],
    chosen=[""] * 6,
)
def test_exactly_those_are_told_who_were_sent_it_wrong(
    days: list[tuple[set[str], str, list[str], dict[str, str]]], chosen: list[str]
) -> None:
    engine = in_memory()
    for number, section in enumerate(chosen, 1):
        sections = frozenset({section} - {""})
        plan = Plan.PAID if number % 2 else Plan.FREE
        enrolled(engine, samples.reader(number, plan), sections=sections)
        with writing(engine) as connection:
            weekly = samples.subscription(number, newsletter="weekly", sections=sections)
            store.save_subscriptions(connection, [(number, weekly)] if number > 2 else [], NOW)
    press = Press(engine)
    had: dict[int, set[tuple[str, str]]] = defaultdict(set)
    told: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for names, newsletter, fates, corrections in days:
        house = press.edition(
            *sorted(names), newsletter=newsletter, provider=FakeProvider(batch_size=2, otherwise=_fate(fates))
        )
        house.run()
        now = {(name, words) for name, (words, _) in press.paper.corrections.items()}
        for batch in house.provider.batches:
            lines = {(name, words) for name, words, _, _ in box(batch)}
            for reader in (recipient.delivery for recipient in batch.recipients):
                wrong = {
                    (name, words)
                    for name, words in now
                    if any(n == name and w != words for n, w in had[reader])
                }
                assert lines == wrong - told[reader]
        if house.edition.state in (EditionState.COMPOSED, EditionState.SENDING):
            # Everybody was refused at first, so the rest waits: what is in its boxes is told, unless it is
            # stopped.
            with writing(engine) as connection:
                stop(connection, house.key, "", "nele", NOW)
        states = house.states()
        for batch in house.provider.batches:
            for reader in (recipient.delivery for recipient in batch.recipients):
                if states[reader] in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN):
                    had[reader] |= set(stories(batch).items())
                    told[reader] |= {(name, words) for name, words, _, _ in box(batch)}
        assert house.sum.is_right
        for name, words in corrections.items():
            if press.paper.corrections.get(name, ("",))[0] != words:
                press.correct(name, words)
                # Words that come back after others are news again.
                for reader, lines in told.items():
                    told[reader] = {line for line in lines if line[0] != name}
        press.on(minutes=1)
    engine.dispose()


def _fate(fates: list[str]) -> Answers:
    said = {"refused": Answer.REFUSED, "cut": Answer.UNCERTAIN}
    own = {number: (said[fate], "so") for number, fate in enumerate(fates, 1) if fate in said}
    return lambda batch: Outcome(
        Answer.ACCEPTED, own={r.delivery: own[r.delivery] for r in batch.recipients if r.delivery in own}
    )


def test_many_kinds_of_boxes_come_down_to_their_first_lines(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.planning.MOST_BOXES", 0)
    press.sent("bridge", "ferry")
    press.correct("bridge", WORDS)
    press.correct("ferry", "Not on Monday.")
    first = press.sent("cello")
    assert set(map(tuple, boxes(first).values())) == {(WORDS,)}
    assert set(map(tuple, boxes(press.sent("bells")).values())) == {("Not on Monday.",)}
