"""Why a story was left out: a value, said in the operator's English and in each editor's language."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from newsletter.desk.briefing import reason
from newsletter.edition import LeftOut
from newsletter.left_out import Values, Why, local
from newsletter.letters.personal import words_of
from newsletter.rendering.phrases import languages

ZONE = ZoneInfo("Europe/Brussels")
AT = datetime(2026, 3, 9, 5, 0, tzinfo=ZONE)
MOMENT = "Montag, 9. März 2026, 05:00"
DAY = date(2026, 3, 11)
FRENCH = ("la rubrique A est pleine\u00a0: 3 sur 3", "la rubrique B est pleine\u00a0: 4 sur 4")

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: local(at, ZONE))
# By the name of the field.
_VALUES = {
    "edition": st.just("daily-2026-03-09"),
    "published": MOMENTS,
    "window": MOMENTS,
    "day": st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    "section": st.sampled_from(["Politics", "{curly}", "سياسة", "Ciència i més"]),
    "sections": st.lists(st.sampled_from(["sport", "jobs"]), min_size=1).map(tuple),
    "count": st.integers(0, 2000),
    "size": st.integers(1, 2000),
}


@st.composite
def reasons(draw: st.DrawFn) -> LeftOut:
    """A story left out for any reason there is; with fields it may be several in a row."""
    why = draw(st.sampled_from(Why))
    rows = draw(st.integers(1, 3)) if why in (Why.FULL, Why.WAS_FULL) else 1
    values = tuple(draw(_VALUES[name]) for _ in range(rows) for name in why.fields)
    return LeftOut("tag:quay.example,2026:articles/bridge", why, values, for_room=draw(st.booleans()))


def said(language: str, why: Why, values: Values = ()) -> str:
    """In that language's words, without what keeps scripts apart."""
    text = reason(LeftOut("a", why, values), words_of("left_out", language), Locale.parse(language), ZONE)
    return re.sub("[\u2068\u2069]", "", text)


@given(reasons())
def test_a_reason_is_the_same_when_it_is_read_again(left: LeftOut) -> None:
    again = LeftOut.of(json.loads(json.dumps(left.stored)))
    assert again == left
    assert again.reason == left.reason


def test_a_moment_of_the_hour_that_comes_twice_is_the_same_when_it_is_read_again() -> None:
    at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    left = LeftOut("a", Why.OLD, (local(at, ZONE), local(at, ZONE)))
    assert LeftOut.of(left.stored) == left
    assert left.reason == "published 2026-10-25 02:30, before the window (2026-10-25 02:30)"


@given(reasons(), st.sampled_from(languages()))
def test_every_reason_is_one_line_in_every_language(left: LeftOut, language: str) -> None:
    text = reason(left, words_of("left_out", language), Locale.parse(language), ZONE)
    for one in (text, left.reason):
        assert one.strip() == one and "\n" not in one
        assert "{" not in one.replace("{curly}", "")


@given(reasons())
def test_the_editors_english_says_what_the_operators_says(left: LeftOut) -> None:
    words = words_of("left_out", "en")
    assert words[left.why] == left.why.english
    if not any(isinstance(value, date | int) for value in left.values):
        assert said("en", left.why, left.values) == left.reason


@pytest.mark.parametrize("language", languages())
def test_each_kind_has_its_words_with_its_fields(language: str) -> None:
    words = words_of("left_out", language)
    assert list(words) == ["between", *(why.value for why in Why)]
    for why in Why:
        assert set(re.findall(r"\{(\w+)\}", words[why])) == set(why.fields), (language, why)
        if language != "en":
            assert words[why] != why.english


@pytest.mark.parametrize(
    ("why", "values", "english"),
    [
        (Why.USED_IN, ("daily-2026-03-09",), "already in daily-2026-03-09"),
        (Why.OLD, (AT, AT), "published 2026-03-09 05:00, before the window (2026-03-09 05:00)"),
        (Why.FULL, ("Politics", 3), "Politics is full: 3 of 3"),
        (Why.FULL, ("A", 3, "B", 4), "A is full: 3 of 3; B is full: 4 of 4"),
        (Why.ELSEWHERE, (("sport", "jobs"),), "not in a section of this newsletter (its own: sport, jobs)"),
        (Why.BOOKING_BEGINS, (DAY,), "its booking begins on 2026-03-11"),
        (Why.MAIL_FULL, (90,), "no room in the 90 KB of HTML that a mail may have"),
    ],
)
def test_the_operator_reads_plain_english(why: Why, values: Values, english: str) -> None:
    assert LeftOut("a", why, values).reason == english


@pytest.mark.parametrize(
    ("language", "why", "values", "expected"),
    [
        ("de", Why.FULL, ("Politik", 3, "Kultur", 4), "Politik ist voll: 3 von 3; Kultur ist voll: 4 von 4"),
        ("fr", Why.FULL, ("A", 3, "B", 4), "\u00a0; ".join(FRENCH)),
        ("ar", Why.FULL, ("سياسة", 3, "ثقافة", 4), "قسم سياسة ممتلئ: 3 من 3؛ قسم ثقافة ممتلئ: 4 من 4"),
        ("en", Why.BOOKING_BEGINS, (DAY,), "its booking begins on Wednesday, March 11, 2026"),
        ("de", Why.BOOKING_BEGINS, (DAY,), "seine Buchung beginnt am Mittwoch, 11. März 2026"),
        ("ar", Why.BOOKING_BEGINS, (DAY,), "يبدأ حجزه يوم الأربعاء، 11 مارس 2026"),
        ("nl", Why.ELSEWHERE, (("a", "b"),), "in geen rubriek van deze nieuwsbrief (eigen: a, b)"),
        ("ar", Why.ELSEWHERE, (("sport", "jobs"),), "ليس في أي قسم من هذه النشرة (أقسامه: sport، jobs)"),
        ("de", Why.OLD, (AT, AT), f"erschienen am {MOMENT}, vor dem Zeitraum der Ausgabe (ab {MOMENT})"),
        ("de", Why.SPONSORED_FULL, (2000,), "kein Platz für mehr bezahlten Inhalt, höchstens 2.000"),
    ],
)  # fmt: skip
def test_each_language_writes_numbers_days_and_lists_its_own_way(
    language: str, why: Why, values: Values, expected: str
) -> None:
    assert said(language, why, values) == expected


def test_a_name_of_the_other_direction_is_kept_apart_from_the_numbers() -> None:
    left = LeftOut("a", Why.FULL, ("Politics", 3))
    ar, en = words_of("left_out", "ar"), words_of("left_out", "en")
    assert "\u2068Politics\u2069 ممتلئ" in reason(left, ar, Locale("ar"), ZONE)
    arabic = LeftOut("a", Why.FULL, ("سياسة", 3))
    assert "\u2068سياسة\u2069 is full" in reason(arabic, en, Locale("en"), ZONE)
