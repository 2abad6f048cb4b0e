"""Every fault of every provider, on either database: the right state, nothing twice, the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from newsletter.delivery.delivery_report import StoppedBy
from tests.faults.bench import check, tried
from tests.faults.cases import CASES, Case
from tests.faults.matrix import matrix


# Python's own ssl forgets a socket that was reset before its handshake.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_an_edition(engine: Engine, tmp_path: Path, case: Case) -> None:
    result = tried(engine, case.fails, tmp_path, silence=case.is_silent)
    check(result)
    assert (result.first, result.last, result.exit) == (case.first, case.last, case.exit), result.said
    assert case.says in result.said
    assert result.waited >= case.waits
    assert (result.stopped_by is StoppedBy.PROVIDER) is case.is_ours


def test_the_page_has_the_matrix_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert matrix(CASES) in page, "put it there: python -m tests.faults"
