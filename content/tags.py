"""A tag as it is compared: "Sea wall" in a file is `sea-wall` in WordPress."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200


def tag_slug(text: str) -> str:
    """A tag's letters and digits, small, the rest as hyphens; empty where it has none."""
    slug = re.sub(r"[^\w~]+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-")
    return slug[:LONGEST].rstrip("-")
