"""What every answer says to the browser that shows it, whoever made it: page, feed, picture or error."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Raw = tuple[bytes, bytes]

NEVER_KEPT = "private, no-store"
"""Cache-Control of what one reader or editor may see, and nobody behind them."""

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Of an answer that brings no policy of its own: it shows nothing but itself, in nobody's frame."""

SAFE: tuple[Raw, ...] = (
    (b"x-content-type-options", b"nosniff"),
    # A link of ours may hold a token: where it leads is not told where it was.
    (b"referrer-policy", b"no-referrer"),
    (
        b"permissions-policy",
        b"browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=()",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", POLICY.encode()),
)
"""Added to each answer where it does not say it itself."""

HTTPS_ONLY: Raw = (b"strict-transport-security", b"max-age=31536000")
"""A year. Not for subdomains: they are not ours to speak for."""


class SafeHeaders:
    """Adds what is missing; what an answer says itself stays."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.added = (*SAFE, HTTPS_ONLY) if is_https else SAFE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers complete."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = message["headers"]
                names = {name for name, _ in there}
                message["headers"] = [*there, *(one for one in self.added if one[0] not in names)]
            await send(message)

        await self.app(scope, receive, completed)
