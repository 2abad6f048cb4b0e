"""The example of docs/web.md that checks a straight-in link, run as it stands there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.rendering.straight_in import public_keys, signed
from tests import samples
from tests.web.gating import LINK_KEYS

DOCS = Path(__file__).parents[2] / "docs" / "web.md"
URL, HOST = "https://quay.example/bridge", "quay.example"
PLUS = frozenset({"plus"})


@pytest.fixture(scope="module")
def may_read() -> Callable[..., bool]:
    code = re.search(r"### Checking them in Python\n.*?```python\n(.*?)```", DOCS.read_text(), re.S)
    assert code
    names: dict[str, Any] = {}
    exec(compile(code[1], str(DOCS), "exec"), names)  # noqa: S102  # Our own documents.
    found: Callable[..., bool] = names["may_read"]
    return found


def token(*, key: int = 0, host: str = HOST, hours: float = 1, products: frozenset[str] = frozenset()) -> str:
    teaser = samples.teaser(products=products)
    return signed(LINK_KEYS[key], host, teaser, products, datetime.now(UTC) + timedelta(hours=hours))


def test_it_opens_what_it_should_and_nothing_else(may_read: Callable[..., bool]) -> None:
    keys = dict(public_keys(LINK_KEYS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert may_read(token(), keys, URL, HOST)
        assert may_read(token(key=1), keys, URL, HOST)
        assert may_read(token(products=PLUS), keys, URL, HOST, {"plus", "more"})
        for wrong in (
            (token(), keys, "https://quay.example/tower", HOST),
            (token(), keys, URL, "evil.example"),
            (token(host="evil.example"), keys, URL, HOST),
            (token(hours=-1), keys, URL, HOST),
            (token(), keys, URL, HOST, {"plus"}),
            (token(key=1), dict(public_keys(LINK_KEYS[:1])), URL, HOST),
            (token()[:-4], keys, URL, HOST),
            ("", keys, URL, HOST),
            ("x" * 1_000_000, keys, URL, HOST),
        ):
            assert not may_read(*wrong)
