"""The body of a SendGrid mail/send request, as plain dicts. Pure: the same batch gives the same body."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import count

from newsletter.header import list_id, message_id, one_line, url
from newsletter.letter import Letter, Parts, Slot
from newsletter.providers import Batch, Envelope, Recipient
from newsroom.errors import ProviderError

MAX_PERSONALIZATIONS = 1_000
MAX_BYTES = 30_000_000
"""The most that SendGrid takes in a request."""
MAX_VALUES = 10_000
"""Bytes of one reader's substitutions, and of one reader's custom arguments."""
MAX_NAME = 200
MAX_CATEGORY = 255

RESERVED = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)
"""Headers that SendGrid sets itself, in lower case: a request that names one is refused."""

TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
"""Nobody is watched, and no footer or List-Unsubscribe of SendGrid's own stands beside ours."""

_FORBIDDEN_IN_NAMES = str.maketrans({";": " ", ",": " "})

Object = dict[str, object]


@dataclass(frozen=True, slots=True)
class Payload:
    """A request's body, and who is in it: `recipients[i]` is `body["personalizations"][i]`."""

    body: Object
    recipients: tuple[Recipient, ...]
    refused: Mapping[int, str]
    """By `Recipient.delivery`: why this reader cannot be in the request."""


@dataclass(frozen=True, slots=True)
class _Tags:
    """What stands for each slot of a letter until SendGrid puts the reader's own value there."""

    text: Mapping[Slot, str]
    html: Mapping[Slot, str]


def payload(batch: Batch) -> Payload:
    """The request that hands `batch` over, without the readers for whom SendGrid would refuse all of it.

    Raises ProviderError for a batch that cannot be sent to anybody.
    """
    envelope, letter = batch.envelope, batch.letter
    _check(letter, envelope)
    tags = _tags(letter, batch.recipients)
    shared = {"edition": batch.edition, "batch": str(batch.number)}
    personalizations: list[Object] = []
    recipients: list[Recipient] = []
    refused: dict[int, str] = {}
    seen: set[str] = set()
    for recipient in batch.recipients:
        address = recipient.address.casefold()
        substitutions = _substitutions(recipient.values, tags)
        custom = {**shared, "delivery": str(recipient.delivery)}
        why_not = "the same address stands twice in its batch" if address in seen else ""
        why_not = why_not or _too_much(substitutions, "substitutions") or _too_much(custom, "custom_args")
        seen.add(address)
        if why_not:
            refused[recipient.delivery] = why_not
            continue
        recipients.append(recipient)
        personalizations.append(
            {
                "to": [_mailbox(recipient.address, safe_name(recipient.name))],
                "headers": _own_headers(recipient, envelope),
                "custom_args": custom,
                # An empty one says nothing: a letter without slots has none.
                **({"substitutions": substitutions} if substitutions else {}),
            }
        )
    body: Object = {"personalizations": personalizations, **_shared(letter, envelope, tags)}
    return Payload(body, tuple(recipients), refused)


def safe_name(name: str) -> str:
    """A reader's name as SendGrid takes it: one line, no `;` and no `,`, not endless."""
    return " ".join(one_line(name).translate(_FORBIDDEN_IN_NAMES).split())[:MAX_NAME].rstrip()


def delimiter(letter: Letter, values: Iterable[str]) -> str:
    """Sixteen hex digits that occur neither in the letter nor in `values`, so that nothing looks like a tag.

    They vary with the letter; where it has them after all, the next ones are tried.
    """
    static = (part for parts in (letter.text, letter.html) for part in parts if not isinstance(part, Slot))
    haystack = "\0".join((letter.subject, *static, *values))
    seed = letter.digest
    candidates = (hashlib.sha256(f"{seed}{step}".encode()).hexdigest()[:16] for step in count())
    return next(found for found in candidates if found not in haystack)


def _tags(letter: Letter, recipients: Iterable[Recipient]) -> _Tags:
    used = {part for part in (*letter.text, *letter.html) if isinstance(part, Slot)}
    core = delimiter(letter, (recipient.values[slot] for recipient in recipients for slot in used))
    # Hyphens are no hex digits: a text's end and a tag's beginning never make up another delimiter.
    return _Tags(
        text={slot: f"-{core}t{place}-" for place, slot in enumerate(Slot) if slot in letter.text},
        html={slot: f"-{core}h{place}-" for place, slot in enumerate(Slot) if slot in letter.html},
    )


def _shared(letter: Letter, envelope: Envelope, tags: _Tags) -> Object:
    sender_name = " ".join(one_line(envelope.sender_name).split())
    return {
        "from": _mailbox(envelope.sender, sender_name),
        "reply_to": {"email": envelope.reply_to or envelope.sender},
        "subject": one_line(letter.subject),
        # The order is SendGrid's rule: plain text first.
        "content": [
            {"type": "text/plain", "value": _tagged(letter.text, tags.text)},
            {"type": "text/html", "value": _tagged(letter.html, tags.html)},
        ],
        "headers": allowed({"List-Id": list_id(envelope.list_id).replace("\r\n", "")}),
        "categories": [envelope.category],
        "tracking_settings": TRACKING,
    }


def _tagged(parts: Parts, tags: Mapping[Slot, str]) -> str:
    return "".join(tags[part] if isinstance(part, Slot) else part for part in parts)


def _substitutions(values: Mapping[Slot, str], tags: _Tags) -> dict[str, str]:
    own = {tag: values[slot] for slot, tag in tags.text.items()}
    for slot, tag in tags.html.items():
        own[tag] = escape(values[slot])
    return own


def _own_headers(recipient: Recipient, envelope: Envelope) -> dict[str, str]:
    headers = {
        "List-Unsubscribe": url(recipient.unsubscribe_url),
        "Message-ID": message_id(recipient.message_id),
    }
    if envelope.one_click:
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return allowed(headers)


def allowed(headers: dict[str, str]) -> dict[str, str]:
    """`headers`, where SendGrid lets each of them be set; else ProviderError."""
    taken = sorted(name for name in headers if name.lower() in RESERVED)
    if taken:
        raise ProviderError(f"SendGrid sets {', '.join(taken)} itself; a request cannot")
    return headers


def _mailbox(address: str, name: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _too_much(values: Mapping[str, str], what: str) -> str:
    # No character has more than four bytes: nearly always the cheap count is enough.
    size = sum(map(len, values)) + sum(map(len, values.values()))
    if size * 4 > MAX_VALUES:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in values.items())
        if size > MAX_VALUES:
            return f"{size:,} bytes of {what}; SendGrid takes {MAX_VALUES:,}"
    return ""


def _check(letter: Letter, envelope: Envelope) -> None:
    """Raise ProviderError for what nobody could be sent, with every reason."""
    parts = {"subject": (letter.subject,), "plain text": letter.text, "HTML": letter.html}
    problems = [
        f"SendGrid takes no mail without a {name}: the letter's is empty; look at it with preview"
        for name, pieces in parts.items()
        if not any(isinstance(piece, Slot) or piece.strip() for piece in pieces)
    ]
    if not 0 < len(envelope.category) <= MAX_CATEGORY:
        problems.append(
            f"SendGrid takes a newsletter's key of 1 to {MAX_CATEGORY} characters as the category"
        )
    if problems:
        raise ProviderError(*problems)
