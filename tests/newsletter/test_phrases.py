"""Standfirst's own words: complete in every language, with the right plurals, dates and directions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from newsletter.rendering import phrases as module
from newsletter.rendering.phrases import is_opinion, languages, phrases, trial_phrase
from newsroom.errors import RenderError


def test_there_are_words_for_these_languages() -> None:
    assert languages() == ("ar", "de", "en", "es", "fr", "nl")


@pytest.mark.parametrize("language", languages())
def test_every_plural_form_of_a_language_is_there_and_sound(language: str) -> None:
    words = phrases(language)
    needed = set(words.locale.plural_form.tags)
    for count in (1, 2, 3, 9, 11, 30, 100, 101):
        for forms in (words.minutes, words.trial):
            assert set(forms) <= needed | {"other"}
            assert "{" not in words.counted(forms, count)
    assert words.trial_left(1) != words.trial_left(2)
    assert "{title}" in words.reason


@pytest.mark.parametrize(
    ("days", "language", "expected"),
    [
        (9, "en", "You have 9 days left in your trial."),
        (1, "en", "Today is the last day of your trial."),
        (0, "en", "Today is the last day of your trial."),
        (None, "en", "You are reading on a trial."),
        (9, "de-AT", "Ihr Probeabonnement läuft noch 9 Tage."),
        (2, "fr", "Il vous reste 2 jours d’essai."),
        (2, "ar", "بقي يومان من اشتراكك التجريبي."),
        (3, "ar", "بقيت 3 أيام من اشتراكك التجريبي."),
        (11, "ar", "بقي 11 يومًا من اشتراكك التجريبي."),
        (100, "ar", "بقي 100 يوم من اشتراكك التجريبي."),
        (9, "pt-BR", "You have 9 days left in your trial."),
        (9, "", "You have 9 days left in your trial."),
    ],
)
def test_the_trial_is_said_with_the_languages_own_plural(
    days: int | None, language: str, expected: str
) -> None:
    assert trial_phrase(days, language) == expected


@pytest.mark.parametrize(
    ("language", "day", "direction"),
    [
        ("en-GB", "Tuesday, 10 March 2026", "ltr"),
        ("de", "Dienstag, 10. März 2026", "ltr"),
        ("nl-BE", "dinsdag 10 maart 2026", "ltr"),
        ("pl", "wtorek, 10 marca 2026", "ltr"),
        ("ar", "الثلاثاء، 10 مارس 2026", "rtl"),
        ("he", "יום שלישי, 10 במרץ 2026", "rtl"),
        ("not a language", "Tuesday, March 10, 2026", "ltr"),
        ("../../etc", "Tuesday, March 10, 2026", "ltr"),
    ],
)
def test_dates_and_direction_are_those_of_the_language_asked_for(
    language: str, day: str, direction: str
) -> None:
    words = phrases(language)
    # Babel's data changed the comma of some English dates between releases.
    assert words.day(date(2026, 3, 10)).replace("Tuesday ", "Tuesday, ") == day
    assert words.direction == direction


def test_names_are_listed_as_the_language_does() -> None:
    assert phrases("nl").listed(["An", "Bo", "Cas"]) == "An, Bo en Cas"
    assert phrases("nl").listed([]) == ""


def test_opinion_is_known_in_every_language() -> None:
    assert all(is_opinion(label) for label in ("Opinion", " OPINION ", "Meinung", "Opinie", "opinión", "رأي"))
    assert not is_opinion("Feature")
    assert not is_opinion("")


def test_a_word_list_that_lacks_a_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("en", "da"):
        (tmp_path / f"{name}.toml").write_text('colon = ":"\nopinion = []\n', "utf-8")
    monkeypatch.setattr(module, "_WORDS", tmp_path)
    with pytest.raises(RenderError, match=r"templates/words/da\.toml.*en\.toml"):
        phrases("da")
