"""What a message carries so that whatever comes back of it finds its reader."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.traces import (
    has_room,
    ids_in,
    message_id,
    read_id,
    return_address,
    tags,
    trace,
    traces_in,
)
from newsroom.database import LARGEST

KEY, OTHER = b"k" * 32, b"o" * 32
EDITION = "daily-2026-03-10"
numbers = st.integers(1, LARGEST)


def test_message_ids_stay_the_same_and_differ_by_reader_and_edition() -> None:
    first = message_id(KEY, EDITION, 7, "quay.example")
    assert first == message_id(KEY, EDITION, 7, "quay.example")
    assert first != message_id(KEY, EDITION, 8, "quay.example")
    assert first != message_id(KEY, "daily-2026-03-11", 7, "quay.example")
    assert re.fullmatch(r"[0-9a-f]{40}@quay\.example", first)


@given(numbers, numbers)
def test_whatever_was_made_here_is_read_again(batch: int, reader: int) -> None:
    address = return_address("bounces@quay.example", trace(KEY, EDITION, batch, reader))
    (found,) = traces_in(f"Delivered-To: <{address.upper()}>")
    assert (found.batch, found.reader_id, found.is_of(KEY, EDITION)) == (batch, reader, True)
    (name,) = ids_in(f"Message-ID: <{message_id(KEY, EDITION, reader, 'quay.example')}>")
    assert read_id(KEY, name, tags(KEY, ["daily-2026-03-09", EDITION])) == (EDITION, reader)


@given(numbers, numbers, st.data())
def test_nobody_else_can_make_one_up(batch: int, reader: int, data: st.DataObject) -> None:
    made = trace(KEY, EDITION, batch, reader)
    place = data.draw(st.integers(0, len(made) - 1))
    digit = data.draw(st.sampled_from([one for one in "0123456789abcdef" if one != made[place]]))
    assert not any(one.is_of(KEY, EDITION) for one in traces_in(made[:place] + digit + made[place + 1 :]))
    (found,) = traces_in(made)
    assert not found.is_of(OTHER, EDITION)
    assert not found.is_of(KEY, "weekly-2026-03-10")
    name = message_id(KEY, EDITION, reader, "x").removesuffix("@x")
    place = data.draw(st.integers(0, len(name) - 1))
    digit = data.draw(st.sampled_from([one for one in "0123456789abcdef" if one != name[place]]))
    editions = tags(KEY, [EDITION])
    assert read_id(KEY, name[:place] + digit + name[place + 1 :], editions) is None
    assert read_id(OTHER, name, editions) is None
    assert read_id(KEY, name, tags(KEY, ["weekly-2026-03-10"])) is None


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    assert list(traces_in(text)) == []
    assert list(ids_in(text)) == []


def test_a_trace_has_room_before_the_at() -> None:
    assert has_room("bounces@quay.example")
    assert has_room(f"{'b' * 31}@quay.example")
    assert not has_room(f"{'b' * 32}@quay.example")
    assert len(return_address(f"{'b' * 31}@q.example", trace(KEY, EDITION, 1, 1)).partition("@")[0]) == 64
