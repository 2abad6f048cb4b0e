"""What a mail server's words about a message mean for the address it was sent to. Pure.

Codes are those of RFC 3463 and its registry. Servers use them as they like, so the text has its say, and what
is not clear is never held against an address: if that is bad, its next messages come back too.
"""

from __future__ import annotations

import re

from newsletter.returns.event import EventKind

LONGEST = 2_000
"""Characters of a text that are looked at."""

Meaning = tuple[EventKind, bool]
"""What happened, and whether the address is not to be tried again."""

_FOR_GOOD: Meaning = (EventKind.BOUNCE, True)
_FOR_NOW: Meaning = (EventKind.BOUNCE, False)
_BLOCKED: Meaning = (EventKind.BLOCKED, False)

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?:^|: )([245])[0-5]\d(?=[ -]|$)")

_FULL = re.compile(
    r"quota|mailbox (?:is )?full|full mailbox|insufficient (?:system )?storage|storage (?:limit|full)"
    r"|too quickly|rate (?:limit|that prevents)|too many (?:messages|connections)|try again|timed? ?out"
    r"|timeout|expired|temporar",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|block(?:ed|list|ing)|black ?list|reputation|polic(?:y|ies)|dmarc|\bspf\b|dkim|\brbl\b|dnsbl"
    r"|not (?:authori[sz]ed|permitted|allowed)|access denied|relay(?:ing)? (?:access )?denied|unsolicited"
    r"|virus|malware|content rejected|reverse dns|\bptr\b|authenticat",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"unknown (?:user|recipient|address|mailbox|local|account)"
    r"|(?:user|recipient|mailbox|address|account)[^.;]{0,80}"
    r"(?:unknown|not found|(?:does not|doesn't|did not|didn't) exist|no longer|disabled|inactive|is invalid)"
    r"|no such (?:user|recipient|mailbox|address|person|account)|nosuchuser|recipientnotfound"
    r"|(?:invalid|bad|nonexistent|non-existent) (?:recipient|mailbox|destination mailbox|user|email address)"
    r"|not (?:a )?(?:known|valid) (?:user|recipient|mailbox|address|account)",
    re.IGNORECASE,
)
_NO_RECIPIENT = re.compile(r"recipient address rejected", re.IGNORECASE)

_ADDRESS_CODES = (1, 2, 3, 4, 6, 10)
"""x.1.N: no such mailbox, no such domain, no address at all, an ambiguous one, moved away, takes no mail."""
_SENDER_CODES = (7, 8)
"""x.1.N: it is the sender's address that is wrong."""


def meaning(action: str, status: str, diagnostic: str) -> Meaning | None:
    """What one recipient's fields say (RFC 3464, 2.3); None where they say nothing."""
    match action.strip().lower().partition(" ")[0]:
        case "delivered" | "expanded":
            return EventKind.DELIVERED, False
        case "relayed":
            return EventKind.PROCESSED, False
        case "delayed":
            return EventKind.DEFERRED, False
        case "failed":
            return _failed(status, diagnostic[:LONGEST])
        case _:
            return None


def _failed(status: str, text: str) -> Meaning:
    inner, reply = _ENHANCED.search(text), _REPLY.search(text)
    code = _ENHANCED.search(status[:100])
    if any(found is not None and found[1] == "4" for found in (code, inner, reply)):
        # Somebody gave up who had been told to come again.
        return _FOR_NOW
    if inner is not None and (code is None or (code[2], code[3]) == ("0", "0") or code[2] == "3"):
        # Many say in their own code no more than "failed"; that of the server they spoke with says why.
        code = inner
    if code is None:
        return _by_text(text)
    return _by_code(int(code[2]), int(code[3]), text)


def _by_code(subject: int, detail: int, text: str) -> Meaning:
    if subject in (6, 7) or (subject, detail) in ((2, 3), (3, 4)):
        return _BLOCKED
    if subject == 1 and detail in _SENDER_CODES:
        return _BLOCKED
    if (subject, detail) == (2, 2):
        return _FOR_NOW
    if (subject == 1 and detail in _ADDRESS_CODES) or (subject, detail) == (2, 1):
        return _unless(text)
    if (subject, detail) == (4, 1) and _NO_RECIPIENT.search(text):
        # Microsoft's word for somebody who is not there, and "access denied" is a part of it.
        return _FOR_GOOD
    return _FOR_NOW if subject == 4 else _by_text(text)


def _unless(text: str) -> Meaning:
    """The code says that the address is bad; the text may say that it is not."""
    if _UNKNOWN.search(text):
        return _FOR_GOOD
    if _FULL.search(text):
        return _FOR_NOW
    return _BLOCKED if _POLICY.search(text) else _FOR_GOOD


def _by_text(text: str) -> Meaning:
    """The code says nothing."""
    if _FULL.search(text):
        return _FOR_NOW
    is_policy, is_unknown = bool(_POLICY.search(text)), bool(_UNKNOWN.search(text))
    if is_policy:
        return _FOR_NOW if is_unknown else _BLOCKED
    return _FOR_GOOD if is_unknown else _FOR_NOW
