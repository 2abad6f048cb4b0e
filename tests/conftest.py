"""What every test may use."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import Engine

from newsroom.database import engine_for, metadata
from tests import quick
from tests.servers.postgres import BOTH, KINDS, QUICK, Postgres, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

for package in ("content", "feeds", "newsletter", "newsroom", "readership"):
    importlib.import_module(f"{package}.tables")


quick.share_what_is_compiled()
quick.copy_new_databases()
quick.pull_no_plug()
quick.read_certificates_once()

# A busy machine is no failure: how fast something is belongs to benchmarks/. Few examples each time, others
# each time; HYPOTHESIS_PROFILE=thorough looks for longer.
_PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile("house", deadline=None, max_examples=40, suppress_health_check=_PATIENT)
settings.register_profile("thorough", deadline=None, max_examples=1_000, suppress_health_check=_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each worker import other modules first, when all will be: the others then only read what it has
    compiled. They would else spell the same asserts out side by side, for twenty seconds each."""
    if session.config.pluginmanager.has_plugin("dsession"):
        # The workers collect.
        return
    # Next to nothing that is made now is garbage: see `pytest_collection_finish`.
    gc.disable()
    here, worker = Path(__file__).parent, getattr(session.config, "workerinput", None)
    if worker is None or [session.config.rootpath / one for one in session.config.args] != [here]:
        return
    number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    # Not the packages of Node, which are deeper and many.
    found = sorted(path for folders in ("", "*/", "*/*/") for path in here.glob(f"{folders}test_*.py"))
    for path in found[number::workers]:
        # Whatever is wrong with it is said when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(("tests", *path.relative_to(here).with_suffix("").parts)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have half a million objects that stay to the end be looked at no more for what is garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


LONG = """
crash/test_crash commands/test_together demo/test_origins faults/test_faults content/test_ghost
web/test_hostile newsletter/test_fit newsletter/test_refused newsroom/test_schema web/test_busy
web/test_server demo/test_demo commands/test_init_source commands/test_init web/test_reader_pages
web/test_sign_up_pages web/test_gate_pages newsletter/test_deliver content/test_sanitise
newsletter/providers/test_smtp commands/test_bounces web/test_pages newsletter/test_exactly_one
newsletter/test_corrections commands/test_digest newsletter/test_post_office newsletter/test_asked_to_end
feeds/test_page web/test_reader_story
"""
"""The files that take longest, the longest first: where one comes last, the other workers are idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have them come first; what is in a file stays in its order."""
    here = Path(__file__).parent
    places = {here / f"{name}.py": place for place, name in enumerate(LONG.split())}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real SQLite file with every table: making forty of them takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "standfirst.db"
    made = engine_for(f"sqlite:///{path}")
    metadata.create_all(made)
    made.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the tests' own; whoever asks is skipped where there is none."""
    with running(QUICK) as server, closing(Postgres(server)) as value:
        yield value


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have the modules of `BOTH` run on either database."""
    is_of_both = metafunc.module.__name__ in BOTH and not metafunc.definition.get_closest_marker("sqlite")
    for name, scope in (("engine", None), ("shop", "session")):
        if is_of_both and name in metafunc.fixturenames:
            metafunc.parametrize(name, KINDS, indirect=True, scope=scope)


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    """A database with every table, empty: an SQLite file of this test's own, or PostgreSQL's."""
    if getattr(request, "param", "sqlite") != "sqlite":
        yield request.getfixturevalue("postgres").emptied()
        return
    path = tmp_path / "standfirst.db"
    shutil.copyfile(empty_database, path)
    value = engine_for(f"sqlite:///{path}")
    # No test that has it pulls a plug; those that kill processes have the command make its own.
    sa.event.listen(value, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    yield value
    value.dispose()


@pytest.fixture(params=KINDS)
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of this test's own without any table, of either kind, opened as the command does."""
    is_file = request.param == "sqlite"
    file = f"sqlite:///{tmp_path / 'standfirst.db'}"
    value = engine_for(file if is_file else request.getfixturevalue("postgres").fresh())
    yield value
    value.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file; they are skipped where there is none."""
    # Most tests have no need of it.
    from tests.browser import chromium

    with chromium() as value:
        yield value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI a skipped test is a failure: a check that did not run has not passed."""
    if _skipped_in_ci(terminalreporter):
        terminalreporter.section("skipped tests, which CI does not accept", red=True, bold=True)
        for report in _skipped_in_ci(terminalreporter):
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a passed run with skipped tests into a failed one, in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter) and session.exitstatus == 0 and _skipped_in_ci(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped_in_ci(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    if os.environ.get("CI") != "true":
        return []
    # SendGrid's specification is theirs to hand out: where it is not beside the checkout, its tests rest.
    return [report for report in reporter.stats.get("skipped", []) if "prism" not in report.keywords]
