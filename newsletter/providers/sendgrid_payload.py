"""The body of a SendGrid mail/send request. Pure: the same batch gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, count
from json import JSONEncoder
from json.encoder import encode_basestring_ascii

from newsletter.mail.header import list_id, message_id, one_line, url
from newsletter.providers import Batch, Envelope, Recipient
from newsletter.rendering.letter import Letter, Parts, Slot
from newsroom.errors import ProviderError

MAX_PERSONALIZATIONS = 1_000
MAX_BYTES = 30_000_000
"""The most that SendGrid takes in a request."""
MAX_VALUES = 10_000
"""Bytes of one reader's substitutions, and of one reader's custom arguments."""
MAX_EDITION = 1_000
"""Bytes of an edition's key: far within MAX_VALUES with all that stands beside it."""
MAX_TAG = 32
"""More bytes than a tag has."""
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

_MARK = "\0"
"""A reader's own value in an entry that all share. No text of ours has it."""
_FORBIDDEN_IN_NAMES = str.maketrans({";": " ", ",": " "})

Object = dict[str, object]

_quoted = JSONEncoder().encode
_quoted_text = encode_basestring_ascii
"""The same of a string: what the encoder calls itself, after a look at what it is given."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A request's body as JSON, and who is in it: `recipients[i]` is its `personalizations[i]`."""

    text: str
    recipients: tuple[Recipient, ...]
    refused: Mapping[int, str]
    """By `Recipient.delivery`: why this reader cannot be in the request."""


@dataclass(frozen=True, slots=True)
class _Tags:
    """What stands for each slot of a letter until SendGrid puts the reader's own value there."""

    text: Mapping[Slot, str]
    html: Mapping[Slot, str]
    is_plain: bool
    """No value in the batch has a character that HTML escapes, so none has to be looked at again."""
    most: int
    """Bytes of substitutions that no reader of the batch has more of."""


def payload(batch: Batch) -> Payload:
    """The request that hands `batch` over, without the readers for whom SendGrid would refuse all of it.

    Raises ProviderError for a batch that cannot be sent to anybody.
    """
    envelope, letter = batch.envelope, batch.letter
    _check(batch)
    tags = _tags(letter, batch.recipients)
    refused = _refused(batch.recipients, tags)
    recipients = tuple(one for one in batch.recipients if one.delivery not in refused)
    personalizations = _personalizations(batch, recipients, tags)
    shared = _quoted(_shared(letter, envelope, tags) | _kept(batch))
    text = f'{{"personalizations": [{", ".join(personalizations)}], {shared[1:]}'
    return Payload(text, recipients, refused)


def safe_name(name: str) -> str:
    """A reader's name as SendGrid takes it: one line, no `;` and no `,`, not endless."""
    if not name.isprintable() or ";" in name or "," in name:
        name = one_line(name).translate(_FORBIDDEN_IN_NAMES)
    return " ".join(name.split())[:MAX_NAME].rstrip()


def delimiter(letter: Letter, values: Iterable[str]) -> str:
    """Sixteen hex digits that occur neither in the letter nor in `values`, so that nothing looks like a tag.

    They vary with the letter; where it has them after all, the next ones are tried.
    """
    static = (
        "".join("\0" if isinstance(part, Slot) else part for part in p) for p in (letter.text, letter.html)
    )
    haystack = "\0".join((letter.subject, *static, *values))
    seed = letter.digest
    candidates = (hashlib.sha256(f"{seed}{step}".encode()).hexdigest()[:16] for step in count())
    return next(found for found in candidates if found not in haystack)


def _tags(letter: Letter, recipients: Sequence[Recipient]) -> _Tags:
    used = {part for part in (*letter.text, *letter.html) if isinstance(part, Slot)}
    values = [recipient.values[slot] for slot in used for recipient in recipients]
    core = delimiter(letter, values)
    together = "\0".join(values)
    is_plain = escape(together) == together
    # A character has up to four bytes, and an escaped one is up to six characters long.
    widest = (1 if together.isascii() else 4) * (1 if is_plain else 6) * max(map(len, values), default=0)
    # Hyphens are no hex digits: a text's end and a tag's beginning never make up another delimiter.
    text = {slot: f"-{core}t{place}-" for place, slot in enumerate(Slot) if slot in letter.text}
    html = {slot: f"-{core}h{place}-" for place, slot in enumerate(Slot) if slot in letter.html}
    return _Tags(
        text=text,
        # A value that is the same in both is sent once, not twice a reader.
        html={slot: text.get(slot, tag) if is_plain else tag for slot, tag in html.items()},
        is_plain=is_plain,
        most=2 * len(used) * (widest + MAX_TAG),
    )


def _refused(recipients: Sequence[Recipient], tags: _Tags) -> dict[int, str]:
    """By `Recipient.delivery`: why SendGrid would refuse the whole request for this reader."""
    refused: dict[int, str] = {}
    seen: set[str] = set()
    for recipient in recipients:
        address = recipient.address.casefold()
        if address in seen:
            refused[recipient.delivery] = "the same address stands twice in its batch"
        elif tags.most > MAX_VALUES and (why_not := _too_much(recipient, tags)):
            refused[recipient.delivery] = why_not
        seen.add(address)
    return refused


def _personalizations(batch: Batch, recipients: Sequence[Recipient], tags: _Tags) -> Iterable[str]:
    """Each reader's entry as JSON: what all share is written once, and their own values are put in between,
    in the places that `_entry` gives them.

    To serialise a dict for each reader, once they are made, takes as long as the whole request does so.
    """
    headers = [[message_id(one.message_id) for one in recipients]]
    if batch.envelope.list_id:
        headers.insert(0, [url(one.unsubscribe_url) for one in recipients])
    text = [[one.values[slot] for one in recipients] for slot in tags.text]
    html = [
        [escape(one.values[slot]) for one in recipients]
        for slot, tag in tags.html.items()
        if tag != tags.text.get(slot)
    ]
    numbers = [str(one.delivery) for one in recipients]
    own = (map(_quoted_text, column) for column in (*headers, numbers, *text, *html))
    pattern = _quoted(_entry(batch, tags)).replace("%", "%%").replace(_quoted(_MARK), "%s")
    return map(pattern.__mod__, zip(map(_recipient, recipients), *own, strict=True))


def _recipient(recipient: Recipient) -> str:
    """The mailbox as JSON."""
    name = safe_name(recipient.name)
    address = _quoted_text(recipient.address)
    return f'{{"email": {address}, "name": {_quoted_text(name)}}}' if name else f'{{"email": {address}}}'


def _entry(batch: Batch, tags: _Tags) -> Object:
    """Any reader's personalization, with a mark for the mailbox and for each other value of their own."""
    headers = {"List-Unsubscribe": _MARK} if batch.envelope.list_id else {}
    headers["Message-ID"] = _MARK
    if batch.envelope.one_click:
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    entry: Object = {
        "to": [_MARK],
        "headers": allowed(headers),
        "custom_args": {"edition": batch.edition, "batch": str(batch.number), "delivery": _MARK},
    }
    if tags.text or tags.html:
        # An empty one would say nothing: a letter without slots has none.
        entry["substitutions"] = dict.fromkeys((*tags.text.values(), *tags.html.values()), _MARK)
    return entry


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
        "headers": allowed(_shared_headers(envelope)),
        "categories": [envelope.category],
        "tracking_settings": TRACKING,
    }


def _kept(batch: Batch) -> Object:
    if not batch.recall or batch.send_at is None:
        return {}
    return {"send_at": int(batch.send_at.timestamp()), "batch_id": batch.recall}


def _shared_headers(envelope: Envelope) -> dict[str, str]:
    if not envelope.list_id:
        return {"Auto-Submitted": "auto-generated"}
    return {"List-Id": list_id(envelope.list_id).replace("\r\n", "")}


def _tagged(parts: Parts, tags: Mapping[Slot, str]) -> str:
    return "".join(tags[part] if isinstance(part, Slot) else part for part in parts)


def allowed(headers: dict[str, str]) -> dict[str, str]:
    """`headers`, where SendGrid lets each of them be set; else ProviderError."""
    taken = sorted(name for name in headers if name.lower() in RESERVED)
    if taken:
        raise ProviderError(f"SendGrid sets {', '.join(taken)} itself; a request cannot")
    return headers


def _mailbox(address: str, name: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _too_much(recipient: Recipient, tags: _Tags) -> str:
    values = recipient.values
    own = {
        **{tag: values[slot] for slot, tag in tags.text.items()},
        **{tag: escape(values[slot]) for slot, tag in tags.html.items()},
    }
    size = len("".join(chain.from_iterable(own.items())).encode())
    return f"{size:,} bytes of substitutions; SendGrid takes {MAX_VALUES:,}" if size > MAX_VALUES else ""


def _check(batch: Batch) -> None:
    """Raise ProviderError for what nobody could be sent, with every reason."""
    letter, envelope = batch.letter, batch.envelope
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
    if len(batch.edition.encode()) > MAX_EDITION:
        problems.append(f"SendGrid takes {MAX_EDITION} bytes of an edition's name among the custom arguments")
    if problems:
        raise ProviderError(*problems)
