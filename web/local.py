"""Pages of ours that may be gone to: nothing that anybody writes into an address leads to another site."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

LONGEST = 500
_PLAIN = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")


def local_path(wanted: str) -> str:
    """`wanted` where it is a path of ours, with its query; else nothing.

    A browser takes `//host`, `/\\host` and a path with a tab in it for another site's address.
    """
    if len(wanted) > LONGEST or not _PLAIN.fullmatch(wanted) or wanted.startswith("//"):
        return ""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc or "//" in parts.path else wanted


def sign_in_with(after: str) -> str:
    """The address of the sign-in that leads to `after`, a path of ours; where it is empty, to the account."""
    return _with("/sign-in", after)


def sign_up_with(after: str) -> str:
    """The same of the sign-up's form."""
    return _with("/subscribe", after)


def _with(path: str, after: str) -> str:
    return f"{path}?next={quote(after, safe='')}" if after else path
