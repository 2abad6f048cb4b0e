"""What a newsroom and a source say of an article that does not say it itself."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import quote

from content.article import Access
from content.sanitise import clean_line
from newsroom.masthead import Newsroom, Section, SectionKind


@dataclass(frozen=True, slots=True)
class Rules:
    """The newsroom, and the source's own defaults."""

    newsroom: Newsroom
    source: str
    access: Access
    language: str
    _by_key: dict[str, Section] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for with every article. Of several that had a key before, the first counts.
        former = {key: one for one in reversed(self.sections) for key in one.former_keys}
        present = {one.key: one for one in reversed(self.sections)}
        object.__setattr__(self, "_by_key", former | present)

    @property
    def sections(self) -> tuple[Section, ...]:
        """Those that articles may stand in: `latest` is made of the others."""
        return tuple(one for one in self.newsroom.sections if one.kind is not SectionKind.LATEST)

    def section(self, key: str) -> Section | None:
        """The section with this key, or that had it before."""
        return self._by_key.get(key)

    @property
    def allowed_sections(self) -> str:
        """Their keys, for a message."""
        return ", ".join(one.key for one in self.sections)


def tag_id(authority: str, name: str) -> str:
    """A tag URI (RFC 4151) for `name` under the newsroom's authority."""
    return f"tag:{authority}:{quote(name, safe='/~')}"


def slug_of(name: str) -> str:
    """A file's name as a slug: its letters and digits, small, the rest as hyphens."""
    slug = re.sub(r"[^\w~]+", "-", unicodedata.normalize("NFKC", clean_line(name)).lower()).strip("-")
    return slug[:200].rstrip("-") or "article"
