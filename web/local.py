"""Pages of ours that may be gone to: nothing that anybody writes into an address leads to another site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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
