"""`doctor`: everything checked, each fault with its mend."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import typer

from commands.context import Context, opened
from commands.doctor_bounces import check_bounces
from commands.doctor_database import check_database
from commands.doctor_editors import check_editors
from commands.doctor_events import check_events
from commands.doctor_offer import check_offer
from commands.doctor_provider import check_provider
from commands.doctor_readers import check_readers
from commands.doctor_sources import check_sources
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from content import catalogue
from content.teaser import Teaser
from newsroom import alerts, log, witness
from newsroom.database import reading
from newsroom.looks import DARK, LIGHT, contrast
from newsroom.web_address import shown

app = typer.Typer(pretty_exceptions_enable=False)

ROOM = 200 * 1024 * 1024
"""Bytes of disk below which a newsroom is in trouble soon."""
READABLE = 4.5
"""The least contrast of text on its ground (WCAG 2.2, 1.4.3)."""

_PLACEHOLDER = re.compile(r"Main Street 1, 1000 Town|\bCHANGE\b|\[YOUR\b")
_EXAMPLE = re.compile(r"(?:^|\.)example\.(?:com|net|org)$")
"""Names that belong to nobody (RFC 2606)."""


@app.command()
def doctor(
    context: typer.Context,
    paywall: Annotated[
        bool, typer.Option("--paywall", help="Which paid articles show a paragraph of their body.")
    ] = False,
    dns: Annotated[bool, typer.Option("--dns", help="SPF, DKIM and DMARC of the senders' domains.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read every article of the sources, not what has changed alone.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Check everything; for each fault say how to mend it. Nothing is changed, nothing is sent."""
    with opened(invocation(context, config, log_format, now)) as room:
        for name, check in (
            CHECKS | ({"sources": partial(check_sources, full=True)} if full else {})
        ).items():
            with _told(room, name):
                check(room)
        if paywall:
            _paywall(room)
        if dns:
            from commands.dns import check_dns

            for newsletter in room.settings.newsletters:
                with _told(room, "dns"):
                    check_dns(room, newsletter.sender.rpartition("@")[2])
        raise typer.Exit(room.troubles.status)


@contextmanager
def _told(room: Context, name: str) -> Iterator[None]:
    """Say that the check found nothing, where it said nothing."""
    troubles = room.troubles
    before = (len(troubles.messages), troubles.warnings)
    with troubles.caught(name):
        yield
    if (len(troubles.messages), troubles.warnings) == before:
        log.step(name, ok="yes")


def _folders(room: Context) -> None:
    settings = room.settings
    for folder in (settings.root, settings.public_dir, settings.outbox_dir):
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            with tempfile.NamedTemporaryFile(dir=nearest):
                pass
        except OSError as error:
            room.troubles.add("folders", str(folder), f"{folder}: cannot be written: {error.strerror}")
    free = shutil.disk_usage(settings.root).free
    if free < ROOM:
        room.troubles.add("folders", "disk", f"{settings.root}: {free // 2**20} MB of disk left; free some")


def _secrets(room: Context) -> None:
    for path in room.settings.root.glob("*.db*"):
        if path.stat().st_mode & 0o007:
            room.troubles.warn("secrets", f"{path}: others may read it; chmod o-rwx {path}")
    root = room.settings.root
    for folder in (room.settings.outbox_dir, root / "preview", root / "backups"):
        if folder.exists() and folder.stat().st_mode & 0o007:
            found = f"{folder}: others may read what is in it; chmod -R o-rwx {folder}"
            room.troubles.warn("secrets", found)


def _witness(room: Context) -> None:
    witness.check(room.engine, room.settings.witness_path)


def _placeholders(room: Context) -> None:
    """What `init` left to be filled in: a warning while nothing is sent, a fault where real mail is."""
    settings = room.settings
    sends = settings.delivery.provider != "outbox"
    found = [
        f"newsletter.{one.key}.postal_address: {one.postal_address!r} was left by `init`; every mail "
        "shows it, and the law of most countries asks for yours"
        for one in settings.newsletters
        if _PLACEHOLDER.search(one.postal_address)
    ]
    hosts = {"newsroom.site_url": urlsplit(settings.newsroom.site_url).hostname or ""}
    hosts |= {f"newsletter.{one.key}.sender": one.sender.rpartition("@")[2] for one in settings.newsletters}
    found += [
        f"{key}: {host} is an address for examples; give your own"
        for key, host in hosts.items()
        if _EXAMPLE.search(host)
    ]
    for line in found:
        if sends:
            room.troubles.add("blanks", line.partition(":")[0], f"{settings.path}: {line}")
        else:
            room.troubles.warn("blanks", f"{settings.path}: {line}")


def _looks(room: Context) -> None:
    look = room.settings.newsroom.look
    for name, accent, paper in (
        ("accent", look.accent, LIGHT.paper),
        ("accent_dark", look.accent_dark, DARK.paper),
    ):
        ratio = contrast(accent, paper)
        if ratio < READABLE:
            room.troubles.add(
                "looks",
                name,
                f"newsroom.{name}: {accent} has a contrast of {ratio:.1f} on {paper}; take {READABLE}",
            )


def _hub(room: Context) -> None:
    address = room.settings.newsroom.hub
    if address:
        from feeds import hub

        fault = hub.fault_of(address)
        if fault:
            # A warning: no run fails by it, and readers who ask for the feeds themselves miss nothing.
            room.troubles.warn("hub", f"newsroom.hub: {shown(address)}: {fault}")


def _user(room: Context) -> None:
    if os.geteuid() == 0:
        room.troubles.warn("user", "this is root; give the newsroom a user of its own")


def _alerts(room: Context) -> None:
    if not alerts.is_set_up(room.settings):
        room.troubles.warn(
            "alerts", f"{room.settings.path}: nobody is told of failures; set [alerts] mail or webhook"
        )
    if not room.settings.alerts.heartbeat:
        room.troubles.warn(
            "alerts",
            f"{room.settings.path}: nobody learns of a machine that is off; set alerts.heartbeat to "
            "an address of a service that misses its calls",
        )


CHECKS: dict[str, Callable[[Context], None]] = {
    "folders": _folders,
    "database": check_database,
    "secrets": _secrets,
    "witness": _witness,
    "blanks": _placeholders,
    "sources": check_sources,
    "readers": check_readers,
    "offer": check_offer,
    "looks": _looks,
    "editors": check_editors,
    "provider": check_provider,
    "bounces": check_bounces,
    "events": check_events,
    "hub": _hub,
    "user": _user,
    "alerts": _alerts,
}


def _paywall(room: Context) -> None:
    now, newsroom = room.clock(), room.settings.newsroom
    shown = 0
    with reading(room.engine) as connection:
        for teaser in catalogue.everything(connection, now, newsroom.paywall):
            if teaser.is_closed and teaser.public_html:
                shown += 1
                log.step("paywall", article=teaser.id, headline=teaser.headline, shows=_characters(teaser))
    log.step(
        "paywall", closed_articles_that_show_a_paragraph=shown, paragraphs=newsroom.paywall.public_paragraphs
    )


def _characters(teaser: Teaser) -> str:
    return f"{len(teaser.public_html):,} characters of its body, as HTML"
