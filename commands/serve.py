"""`serve`: the pages that readers open."""

from __future__ import annotations

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
    """Answer readers: the unsubscribe page, feeds, pictures. It runs until it is stopped."""
    with opened(invocation(context, config, log_format)) as room:
        from web.server import serve as run_server

        run_server(room.settings, room.engine, host, port, metrics_port=metrics_port)
