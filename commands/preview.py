"""`preview [NEWSLETTER]`: the edition as files, nothing stored."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation, moment
from commands.showing import Shown, aside, box_of, example_values, newest, rendered, shown
from content import waiting_pictures
from newsletter.corrections import Box
from newsletter.desk import pictures
from newsletter.edition import Selection
from newsletter.rendering.letter import filled
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ConfigurationError, MisuseError
from newsroom.files import write_whole
from newsroom.masthead import Newsletter
from readership.reader import Plan

app = typer.Typer(pretty_exceptions_enable=False)

PLANS = (Plan.FREE, Plan.TRIAL, Plan.PAID)


@app.command()
def preview(
    context: typer.Context,
    newsletter: Annotated[str | None, typer.Argument(help="Its key; needed where there are several.")] = None,
    plan: Annotated[Plan | None, typer.Option(help="Only as this plan's readers see it.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it would be at this time.")] = None,
    last: Annotated[
        bool, typer.Option("--last", help="The newest edition as it is stored, but for withdrawn stories.")
    ] = False,
    correction: Annotated[
        bool,
        typer.Option("--correction", help="With the box for readers who were sent an article uncorrected."),
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Write the coming edition as HTML and text files, for each plan. Nothing is stored, nothing is sent."""
    if last and at:
        raise MisuseError("preview: --last and --at: the newest edition is as it is; say one of them")
    with opened(invocation(context, config, log_format, now), looks=True) as room:
        chosen = only(room, newsletter, "preview")
        time = moment(at, room.settings.newsroom.time_zone, "--at") if at else room.clock()
        with aside(room) as elsewhere:
            found = newest(room, chosen) if last else shown(elsewhere, chosen, time)
            box = box_of(elsewhere, chosen, time, found.key) if correction else ()
            if correction and not box:
                log.step("preview", correction="none is owed to anybody")
            log.step("preview", edition=found.key, shows=found.what, stories=len(found.selection.stories))
            waits = _waiting(elsewhere, found.selection)
            pages = [
                _write(elsewhere, chosen, found, one, box, waits) for one in ((plan,) if plan else PLANS)
            ]
        if open_:
            for page in pages:
                webbrowser.open(page.as_uri())


def only(room: Context, key: str | None, command: str) -> Newsletter:
    """The newsletter of this key, or the only one there is. Raises ConfigurationError."""
    if key is not None:
        return room.newsletter(key)
    if len(room.settings.newsletters) == 1:
        return room.settings.newsletters[0]
    known = ", ".join(newsletter.key for newsletter in room.settings.newsletters) or "none is set up"
    raise ConfigurationError(f"{command}: say which newsletter; allowed: {known}")


def _waiting(room: Context, selection: Selection) -> Mapping[str, bytes]:
    """The files of pictures of stories that are not out yet, by path: they are nowhere else."""
    with reading(room.engine) as connection:
        return waiting_pictures.waiting(connection, sorted(pictures.waiting(connection, selection)))


def _write(
    room: Context, newsletter: Newsletter, found: Shown, plan: Plan, box: Box, waits: Mapping[str, bytes]
) -> Path:
    settings = room.settings
    folder = settings.root / "preview" / found.key
    made = rendered(room, newsletter, found.selection, plan, box)
    public = settings.newsroom.public_url
    values = example_values(made.letter.language, f"{public}/unsubscribe/...", f"{public}/preferences/...")
    html = filled(made.letter.html, values, html=True)
    for path, data in waits.items():
        write_whole(folder / path, data, mode=0o600)
    html = pictures.behind(html, waits, public, ".")
    # Perhaps nobody serves the pictures yet: take them from the disk.
    media = os.path.relpath(settings.public_dir / "media", folder)
    html = html.replace(f"{public}/media/", f"{media}/")
    page = folder / f"{plan.value}.html"
    write_whole(page, html.encode(), mode=0o600)
    text = filled(made.letter.text, values, html=False)
    write_whole(page.with_suffix(".txt"), text.encode(), mode=0o600)
    log.step(
        "preview",
        plan=plan.value,
        subject=made.letter.subject,
        kilobytes=round(made.html_bytes / 1024),
        shortened="; ".join(made.shortened),
        file=str(page),
    )
    return page
