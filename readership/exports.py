"""Which column means what, in lists of our own kind and in the exports of well-known mail programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsroom.errors import ReaderError
from readership.row import FIELDS

Cells = dict[str, str]

_NAMES = {
    "address": ("address", "email", "emailaddress", "mail", "mailaddress", "subscriberemail", "contactemail"),
    "name": ("name", "fullname", "displayname", "contactname"),
    "first_name": ("firstname", "fname", "givenname", "forename"),
    "last_name": ("lastname", "lname", "surname", "familyname"),
    "plan": ("plan",),
    "plan_until": ("planuntil",),
    "products": ("products",),
    "language": ("language", "lang", "locale"),
    "sections": ("sections",),
    "newsletters": ("newsletters", "newsletter"),
    "status": ("status",),
    "consent_at": ("consentat", "consentdate"),
    "consent_source": ("consentsource",),
    "ended_by": ("endedby",),
}
"""The headings that are taken for our own fields, without case, blanks and signs."""

_OURS = {heading: name for name, headings in _NAMES.items() for heading in headings}


@dataclass(frozen=True, slots=True)
class Format:
    """One program's export: what tells it, and its values in our words."""

    name: str
    columns: frozenset[str]
    """Headings, squeezed, that together no other export has."""
    translated: Callable[[Cells, str], Cells]
    """From its cells (by squeezed heading) and a hint out of the file's name to ours."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's rows are read: hand each one's cells to `fields`."""

    format: str
    headings: tuple[str, ...]
    """Squeezed, one a column."""
    places: tuple[tuple[str, int], ...]
    """Our fields and their columns, for what is not the export of a known program."""
    translated: Callable[[Cells, str], Cells] | None
    hint: str
    ignored: tuple[str, ...]
    """Columns, as the file names them, that say nothing to us."""
    chosen: frozenset[str] = frozenset()
    """Fields whose column `[import]` names: they go before what a program's export would say."""

    def fields(self, cells: Sequence[str]) -> Cells:
        """The row's cells by our names. Raises ReaderError for more cells than there are columns."""
        columns = len(self.headings)
        if len(cells) > columns and any(cells[columns:]):
            raise ReaderError(f"the row has {len(cells)} values, the header names {columns} columns")
        ours = {name: cells[place] if place < len(cells) else "" for name, place in self.places}
        if self.translated is None:
            # A file called "unsubscribed..." never signs anybody up.
            return {"status": self.hint, **ours} if self.hint else ours
        # A heading that comes twice: the first column with a value counts.
        theirs: Cells = {}
        for heading, cell in zip(self.headings, cells, strict=False):
            theirs[heading] = theirs.get(heading) or cell.strip()
        chosen = {name: ours[name] for name in self.chosen}
        return {**ours, **self.translated(theirs, self.hint), **chosen}


def squeezed(heading: str) -> str:
    """A heading without case, blanks and signs: "E-mail Address" and "EMAIL_ADDRESS" are one."""
    return re.sub(r"[\W_]+", "", heading.casefold())


def has_address(header: Sequence[str], columns: Mapping[str, str]) -> bool:
    """True for a header with a column of addresses."""
    wanted = columns.get("address")
    if wanted is not None:
        return squeezed(wanted) in map(squeezed, header)
    return any(_OURS.get(squeezed(heading)) == "address" for heading in header)


def fields_of(header: Sequence[str]) -> dict[str, int]:
    """Our fields, and the columns that are called like them."""
    return _with_ours({}, [squeezed(heading) for heading in header])


def reading_of(header: Sequence[str], columns: Mapping[str, str], path: Path) -> Reading:
    """How to read a file with this header; `columns` (ours to theirs) goes before what is known.

    Raises ReaderError where `columns` names a field or a column that there is not, or no column holds
    addresses.
    """
    headings = tuple(squeezed(heading) for heading in header)
    problems = [
        f"[import.columns]: {name!r} is not a field; allowed: {', '.join(FIELDS)}"
        for name in columns
        if name not in FIELDS
    ]
    problems += [
        f"{path.name}: there is no column {theirs!r}, which [import.columns] names for {name}; there are: "
        f"{', '.join(header)}"
        for name, theirs in columns.items()
        if squeezed(theirs) not in headings
    ]
    if problems:
        raise ReaderError(*problems)
    places = {name: headings.index(squeezed(theirs)) for name, theirs in columns.items()}
    places = _with_ours(places, headings)
    if "address" not in places:
        raise ReaderError(
            f"{path.name}: no column holds addresses; there are: {', '.join(header)}. "
            'Name it in newsroom.toml, under [import.columns]: address = "..."'
        )
    found = next((one for one in FORMATS if one.columns <= set(headings)), None)
    if found is not None:
        places = {name: place for name, place in places.items() if name in _PERSONAL or name in columns}
    ignored = tuple(heading for place, heading in enumerate(header) if place not in places.values())
    return Reading(
        found.name if found else "",
        headings,
        tuple(places.items()),
        found.translated if found else None,
        hint_of(path),
        () if found else ignored,
        frozenset(columns),
    )


def _with_ours(chosen: Mapping[str, int], headings: Sequence[str]) -> dict[str, int]:
    """`chosen`, and for the other fields the columns that are called like them."""
    places = dict(chosen)
    taken = set(places.values())
    # Mailchimp's "Address" is where somebody lives: a heading that says "mail" goes first.
    for place, heading in sorted(enumerate(headings), key=lambda one: "mail" not in one[1]):
        name = _OURS.get(heading, "")
        if name and name not in places and place not in taken:
            places[name] = place
            taken.add(place)
    return places


def hint_of(path: Path) -> str:
    """The status that a file's name tells, as in Mailchimp's `unsubscribed_members_export_....csv`."""
    name = path.stem.casefold()
    found = re.match(r"(?:\d+[-_ ])?(non-?subscribed|unsubscribed|subscribed|cleaned)(?![a-z])", name)
    return found[1].replace("non-", "non") if found else ""


_PERSONAL = ("address", "name", "first_name", "last_name", "language")
"""What means the same in every export."""


def _is_true(text: str) -> bool:
    return text.casefold() in ("true", "t", "yes", "y", "1")


def _mailchimp(cells: Cells, hint: str) -> Cells:
    """Three files, and the status is in their names: subscribed, unsubscribed, cleaned."""
    status = cells.get("status") or hint or "subscribed"
    if cells.get("unsubtime") and status == "subscribed":
        status = "unsubscribed"
    if cells.get("cleantime") and status == "subscribed":
        status = "cleaned"
    at = cells.get("confirmtime") or cells.get("optintime", "")
    return {"status": status, "consent_at": at, "consent_source": "Mailchimp" if at else ""}


def _ghost(cells: Cells, _hint: str) -> Cells:
    paid = bool(cells.get("tiers") or cells.get("products")) or _is_true(cells.get("complimentaryplan", ""))
    gets = _is_true(cells["subscribedtoemails"]) and not cells.get("deletedat")
    return {
        "status": "subscribed" if gets else "unsubscribed",
        "plan": "paid" if paid else "free",
        "consent_at": cells.get("createdat", ""),
        "consent_source": "Ghost",
    }


def _substack(cells: Cells, _hint: str) -> Cells:
    paid = _is_true(cells["activesubscription"])
    return {
        "status": "unsubscribed" if _is_true(cells.get("emaildisabled", "")) else "subscribed",
        "plan": "paid" if paid else "free",
        "plan_until": cells.get("expiry", "") if paid else "",
        "consent_at": cells.get("createdat", ""),
        "consent_source": "Substack",
    }


_LISTMONK = {"enabled": "subscribed", "disabled": "unsubscribed", "blocklisted": "unsubscribed"}


def _listmonk(cells: Cells, _hint: str) -> Cells:
    status = cells["status"].casefold()
    return {
        "status": _LISTMONK.get(status, status),
        "consent_at": cells.get("createdat", ""),
        "consent_source": "listmonk",
    }


_BUTTONDOWN = {
    "regular": ("subscribed", "free"),
    "premium": ("subscribed", "paid"),
    "gifted": ("subscribed", "paid"),
    "churned": ("subscribed", "free"),
    "unactivated": ("pending", "free"),
    "unsubscribed": ("unsubscribed", "free"),
    "removed": ("unsubscribed", "free"),
    "undeliverable": ("bounced", "free"),
    "complained": ("complained", "free"),
}


def _buttondown(cells: Cells, _hint: str) -> Cells:
    kind = (cells.get("subscribertype") or cells.get("type", "")).casefold()
    status, plan = _BUTTONDOWN.get(kind, (kind, ""))
    at = cells.get("creationdate", "")
    return {"status": status, "plan": plan, "consent_at": at, "consent_source": "Buttondown" if at else ""}


_MAILPOET = {"unconfirmed": "pending", "inactive": "subscribed"}


def _mailpoet(cells: Cells, _hint: str) -> Cells:
    status = cells["globalstatus"].casefold()
    return {"status": _MAILPOET.get(status, status)}


FORMATS = (
    Format("Mailchimp", frozenset({"emailaddress", "memberrating"}), _mailchimp),
    Format("Mailchimp", frozenset({"emailaddress", "leid", "euid"}), _mailchimp),
    Format("Ghost", frozenset({"email", "subscribedtoemails", "complimentaryplan"}), _ghost),
    Format("Substack", frozenset({"email", "activesubscription", "expiry"}), _substack),
    Format("listmonk", frozenset({"uuid", "email", "attributes", "status"}), _listmonk),
    Format("Buttondown", frozenset({"emailaddress", "creationdate", "subscribertype"}), _buttondown),
    Format("Buttondown", frozenset({"emailaddress", "creationdate", "type"}), _buttondown),
    Format("Buttondown", frozenset({"email", "creationdate", "subscribertype"}), _buttondown),
    Format("MailPoet", frozenset({"email", "globalstatus"}), _mailpoet),
)
