"""The configuration reference, from the model: `python -m newsroom.reference > docs/configuration.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from newsroom import secrets
from newsroom.setting_types import DAYS
from newsroom.settings_file import File

_HEAD = """\
# newsroom.toml, key by key

This page is made from the settings model (`make docs`). Paths are relative to the file; a period is written
`"45m"`, `"3h"` or `"7d"`. Everything wrong is said at once, a line each, with the key and what is allowed.
"""


def reference() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    for name, field in File.model_fields.items():
        title = field.alias or name
        model = _model(field.annotation)
        if model is not None:
            is_list = _is_list(field.annotation)
            parts.append(_table(f"[[{title}]]" if is_list else f"[{title}]", title, model))
    parts.append(_secrets())
    return "\n".join(parts)


def _table(title: str, path: str, model: type[BaseModel]) -> str:
    rows = [f"## `{title}`", "", f"{(model.__doc__ or '').strip()}", ""]
    rows += ["| key | what it takes | default | meaning |", "| --- | --- | --- | --- |"]
    inner: list[str] = []
    for name, field in model.model_fields.items():
        nested = _model(field.annotation)
        name = field.alias or name
        if nested is not None and not _is_list(field.annotation):
            inner.append(_table(f"[{path}.{name}]", f"{path}.{name}", nested))
        rows.append(
            f"| `{name}` | {_takes(field, nested)} | {_default(field)} | {_cell(field.description or '')} |"
        )
        if nested is not None and _is_list(field.annotation):
            inner.append(_table(f"{path}.{name}[]", f"{path}.{name}", nested))
    return "\n".join([*rows, "", *inner])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _takes(field: FieldInfo, nested: type[BaseModel] | None) -> str:
    if nested is not None:
        return "tables" if _is_list(field.annotation) else "a table"
    return " or ".join(filter(None, dict.fromkeys(_words(field.annotation, field)))) or "text"


def _words(annotation: Any, field: FieldInfo) -> Iterator[str]:
    origin = get_origin(annotation)
    if annotation is timedelta:
        yield "a period"
    elif origin is Literal:
        yield ", ".join(f"`{value}`" for value in get_args(annotation) if value)
    elif origin is list:
        values = get_args(get_args(annotation)[0])
        yield f"a list of {', '.join(f'`{day}`' for day in DAYS)}" if values == get_args(DAYS) else "a list"
    elif origin is dict:
        yield "a table of names"
    elif annotation in (int, float):
        yield f"a number{_bounds(field)}"
    elif annotation is bool:
        yield "`true` or `false`"
    elif annotation is str:
        yield "text"
    elif hasattr(annotation, "__name__") and annotation.__name__ == "time":
        yield 'an hour: `"06:00"`'
    else:
        for part in get_args(annotation):
            if part is not type(None) and (isinstance(part, type) or get_origin(part)):
                yield from _words(part, field)


def _bounds(field: FieldInfo) -> str:
    found = {
        name: getattr(item, name)
        for item in field.metadata
        for name in ("ge", "gt", "le")
        if getattr(item, name, None) is not None
    }
    low = f"from {found['ge']}" if "ge" in found else f"above {found['gt']}" if "gt" in found else ""
    high = f"to {found['le']}" if "le" in found else ""
    words = " ".join(filter(None, (low, high)))
    return f" {words}" if words else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in ("", None, [], {}):
        return ""
    if isinstance(value, timedelta):
        hours = int(value.total_seconds() // 3600)
        return f'`"{hours // 24}d"`' if hours % 24 == 0 else f'`"{hours}h"`'
    if value == list(DAYS):
        return "every day"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, get_args(annotation))), None)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _secrets() -> str:
    rows = [
        "## Secrets",
        "",
        "From the environment; or from the file that `NAME_FILE` names; or from the file named by",
        "`newsroom.secrets`, with a line `NAME=value` each, which nobody but its owner may read (mode 600).",
        "",
        "| name | what it is for |",
        "| --- | --- |",
    ]
    rows += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in secrets.NAMES.items()]
    rows.append(f"| `{secrets.SOURCE}KEY` | {_cell(secrets.SOURCE_MEANING)} |")
    rows.append(f"| `{secrets.SOURCE}KEY_ADMIN` | Ghost's Admin API key, where bodies are wanted |")
    rows.append(f"| `{secrets.READERS}KEY` | {_cell(secrets.READERS_MEANING)} |")
    rows.append(f"| `{secrets.READERS}KEY_HOOK` | signs what is told to its `write_back` |")
    return "\n".join([*rows, ""])


if __name__ == "__main__":
    sys.stdout.write(reference())
