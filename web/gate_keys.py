"""The public keys of straight-in links, where the newsroom's own site looks for them (RFC 7517)."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from newsletter.rendering.straight_in import public_keys
from web.house import House
from web.validators import fresh


def routes(house: House) -> list[BaseRoute]:
    """/.well-known/jwks.json, where links have tokens."""
    if not house.settings.straight_in.on:
        return []
    text = json.dumps(public_keys(house.settings.secrets.link_keys), separators=(",", ":"))

    async def keys(request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return fresh(request, Response(text, headers=headers, media_type="application/jwk-set+json"))

    return [Route("/.well-known/jwks.json", keys, methods=["GET"])]
