"""The rules of the house that no other tool holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from newsroom.reference import reference

HOUSE = Path(__file__).resolve().parent.parent
PACKAGES = ("newsroom", "content", "readership", "feeds", "newsletter", "web", "commands")
FILES = sorted(path for package in PACKAGES for path in (HOUSE / package).rglob("*.py"))
OTHERS = sorted(
    path
    for folder in ("demo", "benchmarks", "tests")
    for path in (HOUSE / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
FORBIDDEN = {"utils", "util", "common", "helpers", "core", "manager", "base", "misc", "lib"}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(path)))


def _imported(path: Path) -> Iterator[str]:
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _name(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def test_nobody_imports_the_front_door() -> None:
    for path in (*FILES, *OTHERS):
        # Who imports it says so, in a word of its own.
        if not re.search(r"\bsend\b", path.read_text(encoding="utf-8")):
            continue
        assert not {"send"} & {module.partition(".")[0] for module in _imported(path)}, _name(path)


def test_the_front_door_only_opens_the_commands() -> None:
    nodes = _nodes(HOUSE / "send.py")
    assert set(_imported(HOUSE / "send.py")) <= {"sys", "commands.main"}
    assert not [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    assert [_name(path) for path in FILES if path.stem in FORBIDDEN or path.parent.name in FORBIDDEN] == []


def test_a_packages_init_hands_on_names_and_holds_nothing_else() -> None:
    # newsletter/providers and content/sources hold the interface that their modules are written against.
    for path in FILES:
        if path.name != "__init__.py" or path.parent.name in ("providers", "sources"):
            continue
        body = _tree(path).body
        allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
        assert [type(node).__name__ for node in body if not isinstance(node, allowed)] == [], _name(path)


def test_every_module_says_what_it_is() -> None:
    modules = (path for path in FILES if path.name != "__init__.py")
    missing = [_name(path) for path in modules if not ast.get_docstring(_tree(path))]
    assert missing == []


def test_no_error_is_swallowed() -> None:
    """No bare except, and none for everything: what nobody foresaw must be seen."""
    found = []
    for path in FILES:
        for node in _nodes(path):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException")
            ):
                reraised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                if not reraised:
                    found.append(f"{_name(path)}:{node.lineno}")
    assert found == []


def test_nothing_asks_for_the_time_but_at_the_edge() -> None:
    """Pure parts are handed the time; a naive clock is asked nowhere."""
    found = []
    for path in FILES:
        for node in _nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                naive = node.func.attr in ("utcnow", "utcfromtimestamp", "today")
                if naive or (node.func.attr == "now" and _is_datetime(node.func.value) and not node.args):
                    found.append(f"{_name(path)}:{node.lineno}")
    assert found == []


def _is_datetime(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "datetime"


def test_the_configuration_reference_is_the_models() -> None:
    page = (HOUSE / "docs" / "configuration.md").read_text(encoding="utf-8")
    if page != reference():
        pytest.fail("docs/configuration.md is not what the settings model says: run `make docs`")
