"""Straight-in links: a paying reader's digest opens its articles on the newsroom's site without signing in.

A link carries a short-lived token (a JWT, signed with Ed25519) that names the article, the products it is
opened for and when its time is over, and no person: one variant's readers share one letter. The site checks
it with the public key alone. Whoever has a link can read that one article until then.
"""

from __future__ import annotations

import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from content.article import Access
from content.teaser import Teaser
from newsletter.variant import Audience, Variant
from newsroom.secrets import Key
from newsroom.settings import Settings

if TYPE_CHECKING:
    from joserfc.jwk import KeySet, OKPKey

PARAMETER = "standfirst"
"""The part of a link's query that holds the token."""
LONGEST = 2_000
"""Characters of a token; a longer one was not made here."""
ALGORITHM = "EdDSA"
"""By its older name (RFC 8037): the newer one, Ed25519 (RFC 9864), is not known to most sites' libraries."""

LinkOf = Callable[[Teaser], str]
"""The address that a story's link leads to."""


def plain(teaser: Teaser) -> str:
    """The article's own address."""
    return teaser.url


@dataclass(frozen=True, slots=True)
class Pass:
    """What a token that holds says."""

    url: str
    products: frozenset[str]
    until: datetime

    def opens(self, teaser: Teaser) -> bool:
        """Whether it was made for this article."""
        return bool(teaser.url) and teaser.url == self.url


@dataclass(frozen=True, slots=True)
class Passes:
    """Reads the tokens of one newsroom."""

    keys: tuple[Key, ...]
    audience: str

    @classmethod
    def of(cls, settings: Settings) -> Passes | None:
        """What reads the newsroom's tokens; None where it makes none."""
        if not settings.straight_in.on:
            return None
        return cls(settings.secrets.link_keys, _host(settings.newsroom.site_url))

    def read(self, token: str, now: datetime) -> Pass | None:
        """What the token says; None for one that is not ours, was altered, is another site's, or is over."""
        if not token or len(token) > LONGEST or not token.isascii():
            return None
        claims = _claims(self.keys, token)
        url, products, end = claims.get("sub"), claims.get("products", []), claims.get("exp")
        if claims.get("aud") != self.audience or not isinstance(url, str) or type(end) is not int:
            return None
        if not isinstance(products, list) or not all(isinstance(one, str) for one in products):
            return None
        try:
            until = datetime.fromtimestamp(end, UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return Pass(url, frozenset(products), until) if now < until else None


def links_for(settings: Settings, variant: Variant, now: datetime) -> LinkOf:
    """The links of a variant's letter that is made at `now`: with tokens for who pays, where it is on.

    The same within an hour, so that one letter is stored once however often a run is begun anew.
    """
    if not settings.straight_in.on or variant.audience is not Audience.MEMBER:
        return plain
    key = settings.secrets.link_keys[0]
    audience = _host(settings.newsroom.site_url)
    until = now.replace(minute=0, second=0, microsecond=0) + settings.straight_in.lasts
    # A letter that is too big is laid out several times.
    made: dict[str, str] = {}

    def link(teaser: Teaser) -> str:
        if not is_opened(teaser, variant.products):
            return teaser.url
        if teaser.url not in made:
            token = signed(key, audience, teaser, variant.products, until)
            made[teaser.url] = with_token(teaser.url, token)
        return made[teaser.url]

    return link


def is_opened(teaser: Teaser, products: frozenset[str]) -> bool:
    """Whether a paying reader with these products gets a token for it: it must be closed to others, open to
    them, and the newsroom's own."""
    if not teaser.is_closed or teaser.is_sponsored or not teaser.url:
        return False
    if teaser.access is Access.PAID and teaser.products:
        return bool(teaser.products & products)
    return True


def signed(key: Key, audience: str, teaser: Teaser, products: frozenset[str], until: datetime) -> str:
    """The token that opens this article on `audience` until then. The same arguments, the same token."""
    from joserfc import jwt

    claims: dict[str, Any] = {"aud": audience, "sub": teaser.url, "exp": int(until.timestamp())}
    if mattering := sorted(products & teaser.products):
        claims["products"] = mattering
    _quieten()
    return jwt.encode({"alg": ALGORITHM, "kid": key[0]}, claims, _private(key), algorithms=[ALGORITHM])


def with_token(url: str, token: str) -> str:
    """The address with the token in its query, before a fragment."""
    parts = urlsplit(url)
    query = f"{parts.query}&{PARAMETER}={token}" if parts.query else f"{PARAMETER}={token}"
    return urlunsplit(parts._replace(query=query))


def public_keys(keys: tuple[Key, ...]) -> Mapping[str, Any]:
    """The public halves as a JSON Web Key Set (RFC 7517): the newest first, which signs."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": key[0], "x": _x(key)}
            for key in keys
        ]
    }


def _claims(keys: tuple[Key, ...], token: str) -> Mapping[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError

    _quieten()
    try:
        found = jwt.decode(token, _set_of(keys), algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    return found.claims if "kid" in found.header else {}


@cache
def _private(key: Key) -> OKPKey:
    from joserfc.jwk import OKPKey

    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "kid": key[0], "x": _x(key), "d": _encoded(key[1])}
    )


@cache
def _set_of(keys: tuple[Key, ...]) -> KeySet:
    from joserfc.jwk import KeySet

    return KeySet.import_key_set({"keys": [dict(one) for one in public_keys(keys)["keys"]]})


@cache
def _x(key: Key) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _encoded(Ed25519PrivateKey.from_private_bytes(key[1]).public_key().public_bytes_raw())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _host(site_url: str) -> str:
    return urlsplit(site_url).netloc


def _quieten() -> None:
    """Let joserfc not complain of the algorithm's older name, each time that it is used."""
    from joserfc.errors import SecurityWarning

    warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
