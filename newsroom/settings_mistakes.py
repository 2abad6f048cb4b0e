"""What is wrong with a settings file, in words: which key, what stands there, and what may."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from newsroom.settings_file import File


def mistakes(error: ValidationError) -> list[str]:
    """A line for each: the key, what stands there, and what is allowed."""
    lines = []
    for problem in error.errors(include_url=False):
        place = _place(problem["loc"])
        found = _shown(problem.get("input"))
        match problem["type"]:
            case "extra_forbidden":
                lines.append(f"{place}: no such key{_meant(problem['loc'])}")
            case "missing":
                lines.append(f"{place}: missing; give it")
            case "value_error":
                lines.append(f"{place}: {found} is wrong; allowed: {problem['ctx']['error']}")
            case "literal_error":
                if problem["ctx"]["expected"] == "''":
                    continue
                lines.append(f"{place}: {found} is wrong; allowed: {problem['ctx']['expected']}")
            case "string_pattern_mismatch":
                lines.append(f"{place}: {found} is wrong; allowed: example.org,2026")
            case _:
                lines.append(f"{place}: {found} is wrong; allowed: {_allowed(problem['msg'])}")
    return lines


def _allowed(message: str) -> str:
    return message.removeprefix("Input should be ").removeprefix("a valid ")


def _place(loc: Sequence[str | int]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith(("function-", "constrained-", "literal", "str")):
            text += f".{part}" if text else part
    return text


def _shown(value: object) -> str:
    if isinstance(value, (str, bool, int, float, list, dict)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = f'"{value}"'
    return text if len(text) <= 80 else f"{text[:77]}..."


def _meant(loc: Sequence[str | int]) -> str:
    model: type[BaseModel] | None = File
    for part in loc[:-1]:
        if isinstance(part, str) and model is not None:
            model = _model_of(model, part)
    if model is None:
        return ""
    names = [field.alias or name for name, field in model.model_fields.items()]
    near = get_close_matches(str(loc[-1]), names, 1)
    return f'; did you mean "{near[0]}"?' if near else f"; allowed: {', '.join(names)}"


def _model_of(model: type[BaseModel], part: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if part in (name, field.alias):
            return _model_in(field.annotation)
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
