"""The moments of feeds, in the many ways in which they are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_HOURS = {
    name: hours
    for hours, names in (
        (0, "ut utc gmt z wet"),
        (1, "cet met bst west"),
        (2, "cest mest eet sast"),
        (3, "eest msk"),
        (8, "hkt"),
        (9, "jst kst"),
        (10, "aest"),
        (11, "aedt"),
        (12, "nzst"),
        (13, "nzdt"),
        (-3, "adt"),
        (-4, "ast edt"),
        (-5, "est cdt"),
        (-6, "cst mdt"),
        (-7, "mst pdt"),
        (-8, "pst akdt"),
        (-9, "akst"),
        (-10, "hst"),
    )
    for name in names.split()
}
"""Hours east of Greenwich, of the names that are usual in feeds."""

_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:(?:T|\s+)(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?))?", re.IGNORECASE
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment, with its zone; one without a zone is in `zone`, a day alone is when it begins there.

    None where it cannot be read for sure: a month alone, a zone's name that stands for several, words of
    another language.
    """
    text = " ".join(text.split())[:100]
    try:
        found = _read(text, zone)
        # What is at the edge of time has no hour in another zone.
        return found if found and found.astimezone(UTC) else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _read(text: str, zone: ZoneInfo) -> datetime | None:
    iso = _ISO.match(text)
    if iso:
        clock = iso["clock"] or "00:00"
        clock = (clock if clock[2] == ":" else f"0{clock}").replace(",", ".").partition(".")[0]
        return _in_zone(datetime.fromisoformat(f"{iso['day']}T{clock}"), text[iso.end() :].strip(), zone)
    clocks = _CLOCK.search(text)
    if clocks is None:
        # As RFC 822 has a day, and no hour.
        return parsedate_to_datetime(f"{text} 00:00:00").replace(tzinfo=zone)
    rest = text[clocks.end() :].strip()
    year = re.match(r"\d{4}$|\d{4}\s", rest)
    if year:
        # As C's asctime has it: the year comes last.
        return _in_zone(
            parsedate_to_datetime(f"{text[: clocks.end()]} {year[0]}"), rest[year.end() :].strip(), zone
        )
    return _in_zone(parsedate_to_datetime(text[: clocks.end()]), rest, zone)


def _in_zone(naive: datetime, words: str, zone: ZoneInfo) -> datetime | None:
    """The moment in the zone that `words` name; None where nobody knows which that is."""
    words = re.sub(r"\s*\([^()]*\)$", "", words)
    naive = naive.replace(tzinfo=None)
    if not words:
        return naive.replace(tzinfo=zone)
    if offset := _OFFSET.fullmatch(words):
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return naive.replace(tzinfo=timezone(-away if offset[1] == "-" else away))
    hours = _HOURS.get(words.lower())
    return None if hours is None else naive.replace(tzinfo=timezone(timedelta(hours=hours)))
