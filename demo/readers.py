"""Writes demo/readers.csv: 120 readers of every plan and status, two of them twice, and a row that is none.

Run it as `python -m demo.readers` after a change here; its dates are for the demo's own day (demo/dates.py).
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from demo.dates import DEMO_DAY

HEADER = (
    "address", "name", "plan", "plan_until", "products", "language", "sections", "status", "consent_at",
    "consent_source",
)  # fmt: skip
_FIRST = (
    "Anouk", "Bram", "Célestine", "Dirk", "Élodie", "Farid", "Greet", "Hüseyin", "Inès", "Jonas",
    "Katarzyna", "Łukasz", "María", "Niamh", "Oskar", "Pilar",
    "Quinten", "Rosa", "Søren", "Tülay", "Ursula", "Valérie", "Wim",
    "Xavi", "Yasmina", "Zoë", "Åse", "Ömer", "Amélie", "Birgit", "ليلى", "سامر",
)  # fmt: skip
_LAST = (
    "Aerts", "Björklund", "Castaño", "Dewael", "Elsberg", "Feyaerts", "Güneş", "Haverkamp", "Ivanova",
    "Janssens", "Kowalczyk", "Lefèvre", "Müller", "Nygård", "O'Shea", "Peeters", "Quirós", "Ruiz", "Strand",
    "Tack", "Uyttendaele", "Vos", "Wiśniewska", "Yıldız", "Zeeman",
)  # fmt: skip
_DOMAINS = ("example.org", "example.net", "example.com", "post.example", "kraanhoek.example")
_LANGUAGES = ("",) * 8 + ("en", "en", "de", "fr", "es", "nl", "ar")
_SECTIONS = ("",) * 9 + (
    "culture",
    "town;river",
    "work;opinion",
    "culture;briefs",
    "town;work;river;culture;opinion;briefs",
)
_PLANS = ("free",) * 62 + ("trial",) * 16 + ("paid",) * 30 + ("group",) * 12
_STOPPED = ("unsubscribed",) * 5 + ("bounced",) * 3 + ("cleaned",) * 2 + ("complained",) * 2
_SOURCES = ("form on the front page", "paper form at the market", "subscription", "library evening")


def rows() -> Iterator[dict[str, str]]:
    """The readers, the same ones each time."""
    chance = random.Random(1931)
    plans = list(_PLANS)
    chance.shuffle(plans)
    stopped = dict(zip(chance.sample(range(len(plans)), len(_STOPPED)), _STOPPED, strict=True))
    for number, plan in enumerate(plans):
        name = f"{_FIRST[number % len(_FIRST)]} {_LAST[number * 7 % len(_LAST)]}"
        yield {
            "address": f"{_local(name) or 'reader'}.{number + 1}@{chance.choice(_DOMAINS)}",
            "name": name,
            "plan": plan,
            "plan_until": _until(plan, chance),
            "products": "archive" if plan in ("paid", "group") and chance.random() < 0.2 else "",
            "language": chance.choice(_LANGUAGES),
            "sections": chance.choice(_SECTIONS),
            "status": stopped.get(number, "subscribed"),
            "consent_at": (DEMO_DAY - timedelta(days=chance.randrange(20, 900))).isoformat(),
            "consent_source": chance.choice(_SOURCES),
        }


def written(path: Path) -> None:
    """Write the list to `path`, with the rows that an import has to deal with."""
    readers = list(rows())
    first, tenth = readers[0], readers[9]
    # The same address in capitals, with a space; a provider's export after a merge has such pairs.
    readers.insert(40, {**first, "address": first["address"].upper(), "name": ""})
    readers.insert(90, {**tenth, "address": f" {tenth['address'].title()}"})
    readers.insert(71, {**readers[70], "address": "a@b@c", "name": "Nobody"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(readers)


def _local(name: str) -> str:
    plain = unicodedata.normalize(
        "NFKD", name.replace("Ł", "L").replace("ł", "l").replace("ı", "i").replace("ø", "o")
    )
    return ".".join(part for part in _ascii(plain).lower().replace("'", "").split() if part)


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


def _until(plan: str, chance: random.Random) -> str:
    if plan == "trial":
        # From a trial that ended last week to one that has just begun; one ends today.
        days = chance.choice((-6, 0, 1, 2, 5, 9, 14, 21, 29))
    elif plan == "paid":
        days = chance.choice((-1, 30, 90, 200, 364))
    else:
        return ""
    return (DEMO_DAY + timedelta(days=days)).isoformat()


if __name__ == "__main__":
    written(Path(__file__).with_name("readers.csv"))
