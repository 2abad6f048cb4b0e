"""A mistake of ours, named by its kind and its place: what it says of itself may be anybody's words."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

DEBUG = "STANDFIRST_DEBUG"
"""The environment variable that, set to 1, has a command show a mistake of ours whole."""

_HOUSE = Path(__file__).resolve().parent.parent


def place(error: BaseException) -> str:
    """Our own innermost `folder/file.py:line` on the error's way; the innermost of all where none is ours."""
    trace, ours, last = error.__traceback__, "", "an unknown place"
    while trace is not None:
        file, line = Path(trace.tb_frame.f_code.co_filename), trace.tb_lineno
        last = f"{file.name}:{line}"
        if file.is_relative_to(_HOUSE) and "site-packages" not in file.parts:
            ours = f"{file.relative_to(_HOUSE)}:{line}"
        trace = trace.tb_next
    return ours or last


def said(error: BaseException) -> str:
    """One line that names the error's type and place, and how to see more: never its text or arguments."""
    return (
        f"a mistake in Standfirst: {type(error).__name__} at {place(error)}; "
        f"with {DEBUG}=1 all of it is shown, which may hold addresses and articles"
    )


def show(error: BaseException) -> None:
    """Show the mistake whole on the standard error, where the operator asked for that."""
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error)
