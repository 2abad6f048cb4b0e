"""The key of Ghost's Admin API, and the tokens that are made with it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

_TOKEN_SECONDS = 300
"""How long a token may be good: Ghost takes none that is longer."""


def parsed_key(text: str) -> tuple[str, bytes] | None:
    """The id and the secret that `text`, ID:HEX, has; None where it is no such key."""
    name, _, digits = text.strip().partition(":")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        return None
    return (name, secret) if name and secret else None


def token(key_id: str, secret: bytes, now: float) -> str:
    """A token for the Admin API (a JSON web token, HS256), good for five minutes from `now` in seconds."""
    head = _packed({"alg": "HS256", "typ": "JWT", "kid": key_id})
    said = _packed({"iat": int(now), "exp": int(now) + _TOKEN_SECONDS, "aud": "/admin/"})
    signed = hmac.digest(secret, f"{head}.{said}".encode(), hashlib.sha256)
    return f"{head}.{said}.{_base64(signed)}"


def _packed(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
