"""The table of formats: whoever uses one finds there all that is needed of it."""

from __future__ import annotations

from importlib import import_module

import pytest

from feeds.listing import FORMATS, Format
from tests.feeds.values import full
from web.files import TYPES


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_made_dated_and_served_as_the_table_says(form: Format) -> None:
    module, _, name = form.writer.partition(":")
    data, left_out = getattr(import_module(module), name)(full())
    assert left_out == ()
    found = form.dated.search(data)
    assert found is not None
    # The feed's own date, before any entry's.
    assert found.start() < data.index(full().entries[0].id.encode())
    assert form.media_type == TYPES[form.ending]
