"""What `doctor` says of editors and their previews."""

from __future__ import annotations

from collections.abc import Iterator

from commands.context import Context
from newsletter.delivery.planning import is_allowed
from newsletter.desk.seen import last_refused
from newsroom.counted import counted
from newsroom.database import reading
from newsroom.masthead import Newsletter


def check_editors(room: Context) -> None:
    """Warn of previews that reach nobody, or come too late to change anything."""
    for newsletter in room.settings.newsletters:
        for line in _lines(room, newsletter):
            room.troubles.warn("editors", f"{room.settings.path}: newsletter.{newsletter.key}.{line}")


def _lines(room: Context, newsletter: Newsletter) -> Iterator[str]:
    if not newsletter.editors:
        return
    if not newsletter.hold:
        yield (
            'editors: their preview comes at its hour, with nothing left to change; set hold = "20m", or '
            f"compose it ahead with `digest {newsletter.key}`"
        )
    with reading(room.engine) as connection:
        for refused in last_refused(connection, room.settings, newsletter):
            yield f"editors: the last preview was refused for {refused}"
    allow_to = room.settings.delivery.allow_to
    left_out = [one for one in newsletter.editors if allow_to and not is_allowed(one.lower(), allow_to)]
    if left_out:
        who = counted(len(left_out), "editor gets", "editors get")
        yield f"editors: {who} no preview, because delivery.allow_to names nobody of them; add them there"
    if room.settings.delivery.provider == "outbox" and room.settings.alerts.smtp is None:
        where = room.settings.outbox_dir / "letters-preview"
        yield f"editors: while delivery.provider is outbox, previews are files in {where}; set [alerts.smtp]"
