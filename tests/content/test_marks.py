"""A set of references in few bytes."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from content.marks import Marks


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=4)))
def test_it_knows_what_a_set_knows(references):
    marks, known = Marks(), set()
    for reference in references:
        assert marks.add(reference) == (reference not in known)
        known.add(reference)
        assert reference in marks
    assert len(marks) == len(known)
    assert ("another" in marks) == ("another" in known)


def test_many_take_few_bytes():
    marks = Marks()
    for number in range(50_000):
        marks.add(f"articles/{number}")
    assert len(marks) == 50_000
    assert all(f"articles/{number}" in marks for number in range(50_000))
    assert not any(f"articles/{number}" in marks for number in range(50_000, 60_000))
    assert sys.getsizeof(marks._slots) < 50_000 * 33
