"""`serve`: the pages that readers open."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from commands.context import opened
from commands.invocation import ConfigOption, LogOption, invocation

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on; behind a proxy, leave it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Answer /metrics there, for this machine alone, without a token."
        ),
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
) -> None:
    """Answer readers: the unsubscribe page, feeds, pictures. It runs until it is stopped.

    It starts again by itself where settings or secrets were edited, or the database's file was replaced.
    """
    from web.listening import hand_over, handed_over

    handed = handed_over(os.environ, os.getpid())
    with opened(invocation(context, config, log_format)) as room:
        from web.server import serve as run_server

        kept = run_server(room.settings, room.engine, host, port, metrics_port=metrics_port, handed=handed)
    if kept:
        hand_over(kept, os.environ, os.getpid())
        # The same process goes on with the settings of today.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
