"""A selection to JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.codec import from_json, to_json
from newsletter.edition import Edits, Selection, SubjectRule
from newsroom.errors import StoreError
from tests.newsletter import editions

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


def through_text(selection: Selection) -> Selection:
    return from_json(json.loads(json.dumps(to_json(selection))))


# Each is as large as an edition.
@settings(max_examples=20)
@given(st.builds(Selection))
def test_any_selection_comes_back_as_it_was(selection):
    assert through_text(selection) == selection
    assert to_json(through_text(selection)) == to_json(selection)


def test_a_full_edition_comes_back_as_it_was():
    selection = editions.selection()
    assert through_text(selection) == selection
    edits = Edits("tag:a", frozenset({"b", "a"}), "S", "", (("tag:a", "culture"),))
    assert through_text(replace(selection, edits=edits)).edits == edits


def test_instants_are_stored_in_utc():
    moment = datetime(2026, 3, 10, 6, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    stored = to_json(replace(editions.selection(), composed=moment))
    assert stored["composed"] == "2026-03-10T05:00:00.123456+00:00" and stored["v"] == 1
    assert from_json(stored).composed == moment


def test_what_an_older_release_did_not_know_takes_its_default():
    stored = to_json(editions.selection())
    del stored["edits"], stored["rule"], stored["lead"]["is_carried"]
    assert from_json(stored).edits == Edits()
    assert from_json(stored).rule == SubjectRule()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": 2}, "version 2, this release reads 1"),
        ({"v": None}, "version None"),
        ({"lead": {"teaser": "Secret"}}, "cannot be read"),
        ({"subject": 7}, r"cannot be read \(TypeError\)"),
        ({"blocks": [{"section": "politics"}]}, r"cannot be read \(KeyError\)"),
        ({"composed": "Secret"}, r"cannot be read \(ValueError\)"),
    ],
)
def test_what_cannot_be_read_is_told_without_its_words(change: dict, message: str):
    with pytest.raises(StoreError, match=message) as raised:
        from_json(to_json(editions.selection()) | change)
    assert "Secret" not in str(raised.value)
    assert raised.value.__cause__ is None
