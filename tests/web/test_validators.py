"""What a client says that it has, and what it takes."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from starlette.datastructures import Headers

from tests.samples import NOON
from web.validators import is_unchanged, takes_gzip

DATE = format_datetime(NOON, usegmt=True)
BEFORE = format_datetime(NOON - timedelta(seconds=1), usegmt=True)


@pytest.mark.parametrize(
    ("asked", "unchanged"),
    [
        ({"If-None-Match": '"a"'}, True),
        ({"If-None-Match": 'W/"a"'}, True),
        ({"If-None-Match": '"x", "a-gzip" , "y"'}, True),
        ({"If-None-Match": "*"}, True),
        ({"If-None-Match": '"b"'}, False),
        ({"If-None-Match": '"b"', "If-Modified-Since": DATE}, False),
        ({"If-None-Match": ""}, False),
        ({"If-Modified-Since": DATE}, True),
        ({"If-Modified-Since": BEFORE}, False),
        ({"If-Modified-Since": DATE.replace("GMT", "-0000")}, True),
        ({"If-Modified-Since": "yesterday"}, False),
        ({"If-Modified-Since": "Tue, 99 Mar 2026 12:00:00 GMT"}, False),
        ({"If-Modified-Since": "1" * 100_000}, False),
        ({}, False),
    ],
)
def test_what_a_client_has(asked: dict[str, str], unchanged: bool) -> None:
    assert is_unchanged(Headers(asked), ("a", "a-gzip"), NOON) is unchanged


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("br, deflate", False),
        ("identity", False),
        ("", False),
    ],
)
def test_what_a_client_takes(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
