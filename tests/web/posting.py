"""SendGrid's posts, signed as SendGrid signs them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.providers.sendgrid_events import SIGNATURE, TIMESTAMP
from tests import samples
from tests.newsletter.delivering import KEY

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(
    PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()

Object = dict[str, Any]


def told(reader: int, event: str = "processed", **more: Any) -> Object:
    """An event as SendGrid tells it; None takes a key away."""
    values = {
        "email": samples.reader(reader).address,
        "timestamp": int(samples.NOON.timestamp()) + 60,
        "smtp-id": f"<{reader}@quay.example>",
        "event": event,
        "category": ["daily"],
        "sg_event_id": f"{event}-{reader}",
        "sg_message_id": f"sg-{reader}.recvd-1",
        "edition": KEY,
        "batch": "1",
        "delivery": str(reader),
    } | more
    return {key: value for key, value in values.items() if value is not None}


def signed(body: bytes, at: datetime, key: ec.EllipticCurvePrivateKey = PRIVATE) -> dict[str, str]:
    """The headers of a post made at that moment."""
    timestamp = str(int(at.timestamp()))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        SIGNATURE: b64encode(signature).decode(),
        TIMESTAMP: timestamp,
        "Content-Type": "application/json;charset=utf-8",
    }


def body_of(some: Sequence[Any]) -> bytes:
    return b"[" + b",\r\n".join(json.dumps(one).encode() for one in some) + b"]\r\n"


def post(client: httpx2.Client, some: Sequence[Any], at: datetime = samples.NOON) -> httpx2.Response:
    body = body_of(some)
    return client.post("/hooks/sendgrid", content=body, headers=signed(body, at))
