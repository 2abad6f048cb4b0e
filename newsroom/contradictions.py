"""What no table of `newsroom.toml` can know of another one: doubles, unknown sections, settings that clash.

It looks at the file as it was read, sound or not, so that these mistakes are told together with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

Tables = Mapping[str, Any]


def contradictions(tables: Tables) -> list[str]:
    """A line for each, with its key, what was found and what is allowed."""
    sections = _list(tables, "section")
    keys = [_text(section, "key") for section in sections]
    return [
        *(
            line
            for name in ("section", "feed", "source", "newsletter", "readers")
            for line in _doubles(name, _list(tables, name))
        ),
        *_latest(sections),
        *_sources(_list(tables, "source"), [key for key in keys if key]),
        *_readers(_list(tables, "readers"), [_text(one, "key") for one in _list(tables, "newsletter")]),
        *_former_keys(sections, keys),
        *_feeds(_list(tables, "feed"), sections),
        *(
            line
            for number, newsletter in enumerate(_list(tables, "newsletter"))
            for line in _places(f"newsletter[{number}].sections", newsletter, keys)
        ),
        *_mail(tables),
    ]


def _doubles(name: str, tables: Sequence[Tables]) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, table in enumerate(tables):
        key = _text(table, "key")
        if key and key in first:
            yield f'{name}[{number}].key: "{key}" is taken by {name}[{first[key]}]; give it a key of its own'
        first.setdefault(key, number)


def _latest(sections: Sequence[Tables]) -> Iterator[str]:
    found = [_text(section, "key") for section in sections if section.get("kind") == "latest"]
    if len(found) > 1:
        yield f"section: {len(found)} are of kind latest ({', '.join(found)}); allowed: one"


_NEEDED = {
    "folder": ("path",),
    "wordpress": ("url",),
    "ghost": ("url",),
    "feed": ("url",),
    "pages": ("list",),
    "sql": ("query",),
}
"""What a source of each kind cannot do without."""
_RULES = ("free", "registered", "paid")
_OWN = {
    "folder": {"path"},
    "wordpress": {"url", "user", "types", *_RULES, "sections", "section"},
    "ghost": {"url", *_RULES, "sections", "section"},
    "feed": {"url", "select", *_RULES, "sections", "section"},
    "pages": {"url", "list", "select", "sponsors", *_RULES, "sections", "section"},
    "sql": {"query", "url", "bookings", "changed", "sections", "section"},
}
"""What means something for one kind and not for every other."""


def _sources(sources: Sequence[Tables], keys: Sequence[str]) -> Iterator[str]:
    for number, source in enumerate(sources):
        kind = _text(source, "kind") or "folder"
        if kind not in _NEEDED:
            continue
        where = f"source[{number}]"
        for name in _NEEDED[kind]:
            if not source.get(name):
                yield f"{where}.{name}: missing; a source of kind {kind} needs it"
        others = set().union(*_OWN.values()) - _OWN[kind]
        for name in sorted(others & source.keys()):
            allowed = ", ".join(sorted(_OWN[kind]))
            yield f"{where}.{name}: a source of kind {kind} has none; allowed: {allowed}"
        if kind == "feed" and source.get("select") not in (None, {}, {"teaser": "description"}):
            yield f'{where}.select: of a feed it may be {{ teaser = "description" }} alone'
        named = [source.get("section"), *(_table(source, "sections").values())]
        named += [_text(one, "section") for one in _list(source, "list")]
        for section in named:
            if isinstance(section, str) and section and section not in keys and keys:
                yield f'{where}: "{section}" is not a section; allowed: {", ".join(keys)}'


_READERS_NEED = {
    "sql": ("query",),
    "ghost": ("url",),
    "wordpress": ("url", "user", "plans"),
    "json": ("url",),
}
_READERS_OWN = {
    "sql": {"query"},
    "ghost": {"url"},
    "wordpress": {"url", "user", "of"},
    "json": {"url"},
}


def _readers(places: Sequence[Tables], newsletters: Sequence[str]) -> Iterator[str]:
    for number, place in enumerate(places):
        kind, where = _text(place, "kind"), f"readers[{number}]"
        if kind not in _READERS_NEED:
            continue
        for name in _READERS_NEED[kind]:
            # Users have roles of every kind, and not all are readers; who has a subscription is one.
            if not place.get(name) and not (name == "plans" and place.get("of") == "subscriptions"):
                yield f"{where}.{name}: missing; readers of kind {kind} need it"
        for name in sorted((set().union(*_READERS_OWN.values()) - _READERS_OWN[kind]) & place.keys()):
            allowed = ", ".join(sorted(_READERS_OWN[kind]))
            yield f"{where}.{name}: readers of kind {kind} have none; allowed: {allowed}"
        if place.get("write_back") == "source" and kind != "ghost":
            yield f'{where}.write_back: "source" is for ghost alone; allowed: an address'
        listed = place.get("newsletters")
        wanted = [*(listed if isinstance(listed, list) else ()), *_table(place, "names").values()]
        for key in wanted:
            if isinstance(key, str) and key not in newsletters:
                allowed = ", ".join(filter(None, newsletters)) or "there is none"
                yield f'{where}: "{key}" is not a newsletter; allowed: {allowed}'


def _former_keys(sections: Sequence[Tables], keys: Sequence[str]) -> Iterator[str]:
    taken: dict[str, str] = {}
    for number, section in enumerate(sections):
        former_keys = section.get("former_keys")
        for former in former_keys if isinstance(former_keys, list) else ():
            owner = former if former in keys else taken.get(former) if isinstance(former, str) else None
            if owner:
                yield (
                    f'section[{number}].former_keys: "{former}" belongs to section "{owner}"; allowed: a key '
                    "that no section has"
                )
            elif isinstance(former, str):
                taken[former] = _text(section, "key")


_CONDITIONS = ("tags", "not_tags", "sections", "authors", "access")


def _feeds(feeds: Sequence[Tables], sections: Sequence[Tables]) -> Iterator[str]:
    """A feed by rule has a name that no section has or had, a condition, and the sections of news alone."""
    owners: dict[str, str] = {}
    for section in sections:
        former_keys = section.get("former_keys")
        for key in (*(former_keys if isinstance(former_keys, list) else ()), section.get("key")):
            if isinstance(key, str):
                owners[key] = _text(section, "key")
    news = [
        _text(section, "key") for section in sections if section.get("kind") not in ("sponsored", "latest")
    ]
    allowed = ", ".join(filter(None, news))
    for number, feed in enumerate(feeds):
        where, key = f"feed[{number}]", _text(feed, "key")
        if key in owners:
            yield f'{where}.key: "{key}" belongs to section "{owners[key]}"; give it a key of its own'
        if not any(feed.get(name) for name in _CONDITIONS):
            yield f"{where}: it has no condition; give it one of {', '.join(_CONDITIONS)}"
        wanted = feed.get("sections")
        for name in wanted if isinstance(wanted, list) else ():
            if isinstance(name, str) and name not in news and allowed:
                yield f'{where}.sections: "{name}" is not a section of news; allowed: {allowed}'


def _places(where: str, newsletter: Tables, keys: Sequence[str]) -> Iterator[str]:
    allowed = [key for key in keys if key]
    seen: set[str] = set()
    for number, place in enumerate(_list(newsletter, "sections")):
        key = _text(place, "section")
        if not key:
            continue
        if key not in allowed and allowed:
            near = get_close_matches(key, allowed, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"allowed: {', '.join(allowed)}"
            yield f'{where}[{number}].section: "{key}" is not a section; {hint}'
        elif key in seen:
            yield f'{where}[{number}].section: "{key}" stands there already; name it once'
        seen.add(key)


def _mail(tables: Tables) -> Iterator[str]:
    provider = _text(_table(tables, "delivery"), "provider")
    server, alerts = _table(tables, "smtp"), _table(tables, "alerts")
    if provider == "smtp" and _is_open(server):
        yield 'smtp.security: "plain" to another machine; allowed: starttls, tls'
    if _is_open(_table(alerts, "smtp")):
        yield 'alerts.smtp.security: "plain" to another machine; allowed: starttls, tls'
    mailbox = _table(_table(tables, "bounces"), "imap")
    if mailbox.get("security") == "plain" and _is_open(mailbox):
        yield 'bounces.imap.security: "plain" to another machine; allowed: tls, starttls'
    if _table(tables, "bounces").get("verp") is True:
        yield from _verp(_list(tables, "newsletter"))
    if alerts.get("mail") and provider != "smtp" and not isinstance(alerts.get("smtp"), dict):
        yield (
            "alerts.mail: there is no mail server to send alerts with; give [alerts.smtp] a host, or use a "
            "webhook"
        )


LONGEST_MAILBOX = 31
"""Characters before the @ of an envelope sender that leave room for a trace (newsletter/mail/traces.py)."""


def _verp(newsletters: Sequence[Tables]) -> Iterator[str]:
    for number, newsletter in enumerate(newsletters):
        name = "envelope_sender" if newsletter.get("envelope_sender") else "sender"
        local = _text(newsletter, name).rpartition("@")[0]
        if len(local) > LONGEST_MAILBOX:
            allowed = f"allowed with bounces.verp: at most {LONGEST_MAILBOX}"
            yield f"newsletter[{number}].{name}: {len(local)} characters before the @; {allowed}"


def _is_open(server: Tables) -> bool:
    near = ("localhost", "127.0.0.1", "::1")
    return server.get("security") == "plain" and (_text(server, "host") or near[0]) not in near


def _list(tables: Tables, name: str) -> list[Tables]:
    found = tables.get(name)
    return [one if isinstance(one, dict) else {} for one in found] if isinstance(found, list) else []


def _table(tables: Tables, name: str) -> Tables:
    found = tables.get(name)
    return found if isinstance(found, dict) else {}


def _text(table: Tables, name: str) -> str:
    found = table.get(name)
    return found if isinstance(found, str) else ""
