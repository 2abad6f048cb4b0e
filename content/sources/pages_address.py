"""The addresses of pages: which are the newsroom's own, and what of one says which article it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from content.sanitise import clean_address, clean_line
from newsroom.settings import SourceSettings

LONGEST_REFERENCE = 300
"""Characters; a longer path is none that anybody typed."""

# What says where a visitor came from, and nothing of what is shown.
_TRACKING = re.compile(
    r"(?:utm|mc|pk|mtm|hsa|at|ns)_.*|(?:fb|g|ms|dc|tw|y)clid|[gw]braid|gclsrc|li_fat_id|wt_?mc|igshid|ito"
    r"|smid|smtyp|cmpid|ocid|ftag|xtor|ref_?src",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# "/2026/03/10/harbour", "/artikel-4711.html", "/politics/the-harbour-opens".
_DATED = re.compile(r"/(?:19|20)\d\d[/-](?:0?[1-9]|1[0-2])(?:[/-]|$)")
_NUMBERED = re.compile(r"\d{4,}")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS = 3
# Pages about many articles, or about none.
_NO_ARTICLE = re.compile(
    r"/(?:tags?|topics?|authors?|categor(?:y|ies)|search|login|sign-?in|subscribe|account|privacy|terms"
    r"|contact|about|feeds?|wp-(?:json|admin|login)[^/]*|rss|page)(?:/|$)",
    re.IGNORECASE,
)
_OTHER_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|pdf|xml|json|rss|atom|mp[34]|zip|css|js|ico|woff2?)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Site:
    """The hosts whose articles a source reads, the newsroom's own one first. Without `www.`."""

    hosts: tuple[str, ...]
    homes: frozenset[str]
    """Those whose articles go by their path alone: the newsroom's and the first list's."""
    lists: frozenset[str]
    """The addresses of the lists: no article stands there."""

    @classmethod
    def of(cls, settings: SourceSettings, site_url: str) -> Site:
        """Those of the newsroom and of the source's lists."""
        listed = [one.url for one in settings.lists]
        hosts = dict.fromkeys(filter(None, map(_host, [site_url, settings.url, *listed])))
        homes = frozenset(map(_host, [site_url, *listed[:1]]))
        return cls(tuple(hosts), homes, frozenset(address_of(one, one) for one in listed))

    def has_host(self, address: str) -> bool:
        """Whether it is anywhere on this site."""
        return _host(address) in self.hosts

    def owns(self, address: str) -> bool:
        """Whether it is a page of this site, and neither its front page nor a list."""
        return (
            self.has_host(address) and urlsplit(address).path not in ("", "/") and address not in self.lists
        )

    def reference(self, address: str) -> str:
        """Its path, and its query where it has one; with the host, where that is none of `homes`.

        So ids outlive a new scheme, port, or name of the newsroom's own host.
        """
        parts = urlsplit(address)
        name = unquote(parts.path.strip("/"), errors="replace")
        name = clean_line(f"{name}?{parts.query}" if parts.query else name)
        host = _host(address)
        name = name if host in self.homes else f"{host}//{name}"
        return name if len(name) <= LONGEST_REFERENCE else f"sha256/{sha256(name.encode()).hexdigest()}"


def address_of(link: str, base: str) -> str:
    """A link as the address of a page: absolute, without its fragment and what counts visits.

    Empty where it cannot be one.
    """
    address = clean_address(link, base)
    if address is None or address.startswith("mailto:"):
        return ""
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _TRACKING.fullmatch(name)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    netloc = parts.netloc.rpartition("@")[2].lower()
    if parts.port == _DEFAULT_PORTS.get(parts.scheme):
        netloc = netloc.rpartition(":")[0]
    return urlunsplit((parts.scheme, netloc, parts.path or "/", query, ""))


def looks_like_article(address: str) -> bool:
    """Whether an address is one as articles have: a date, a number, or several words at its end."""
    path = unquote(urlsplit(address).path, errors="replace")
    if _NO_ARTICLE.search(path) or _OTHER_FILE.search(path):
        return False
    last = path.rstrip("/").rpartition("/")[2]
    return bool(_DATED.search(path) or _NUMBERED.search(last) or len(_WORDS.findall(last)) >= _FEWEST_WORDS)


def trusted(addresses: Iterable[str]) -> tuple[str, ...]:
    """The hosts of these addresses: whoever wrote them into the settings may have them anywhere."""
    found = (urlsplit(one).netloc for one in addresses)
    return tuple(dict.fromkeys(one for one in found if one and "@" not in one))


def _host(address: str) -> str:
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    return host if parts.port in (None, 80, 443) else f"{host}:{parts.port}"
