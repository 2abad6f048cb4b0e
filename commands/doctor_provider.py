"""`doctor`: what mail goes by, asked without handing over any: public page, server, certificate."""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from commands.context import Context
from newsroom.errors import ConfigurationError, ProviderError
from newsroom.settings import Settings

SECONDS = 10.0
"""The longest that one of them is waited for."""
SOON = timedelta(days=14)
"""A certificate that ends sooner should have been renewed by itself."""

_EXAMPLE = re.compile(r"(?:^|\.)example(?:\.(?:com|net|org))?$")
_LONGEST = 100_000


def check_provider(room: Context) -> None:
    """Say what keeps mail from going out, each fault by itself; of what only warns, warn."""
    from newsletter.providers.chosen import provider_for
    from readership.probe import answers, is_loopback

    settings = room.settings
    public = settings.newsroom.public_url
    if provider_for(settings).is_real:
        with room.troubles.caught("provider", "public_url"):
            answers(public, settings.secrets.signing_keys, SECONDS)
        with room.troubles.caught("provider"):
            _provider(settings)
    elif not is_loopback(public) and not _EXAMPLE.search(urlsplit(public).hostname or ""):
        try:
            answers(public, settings.secrets.signing_keys, SECONDS)
        except ConfigurationError as error:
            # Nothing is sent yet, but readers open pages already.
            room.troubles.warn("provider", str(error))
    _certificate(room)


def _provider(settings: Settings) -> None:
    """Ask the provider whether it would take mail. Raises StandfirstError."""
    match settings.delivery.provider:
        case "smtp":
            from newsletter.providers.smtp_connection import UnavailableError, connect

            smtp = replace(settings.smtp, timeout=min(settings.smtp.timeout, SECONDS))
            try:
                connect(smtp, settings.secrets.smtp_password).close()
            except UnavailableError as error:
                raise ProviderError(error.reason) from error
        case "sendgrid":
            from newsletter.providers.sendgrid import host_of

            scopes_hold(host_of(settings.sendgrid), settings.secrets.sendgrid_api_key)


def scopes_hold(host: str, key: str, timeout: float = SECONDS) -> None:
    """Returns where SendGrid's key may send mail. Raises ProviderError, which says why not."""
    import httpx2

    try:
        answer = httpx2.get(f"{host}/v3/scopes", headers={"Authorization": f"Bearer {key}"}, timeout=timeout)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        from readership.probe import why

        raise ProviderError(f"SendGrid: {urlsplit(host).hostname}: {why(error)[0]}") from None
    if answer.status_code in (401, 403):
        raise ProviderError(
            f"SendGrid: the key is not taken ({answer.status_code}); make one under Settings, API Keys. "
            "Keys of the EU are for `sendgrid.eu`, and no other"
        )
    if answer.status_code != 200:
        raise ProviderError(
            f"SendGrid: asked what the key may do, it answers {answer.status_code}; try later"
        )
    try:
        scopes = json.loads(answer.content[:_LONGEST])["scopes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        scopes = []
    if "mail.send" not in scopes:
        raise ProviderError(
            "SendGrid: the key may not send mail: give it the scope mail.send (Settings, API Keys, Mail Send)"
        )


def _certificate(room: Context) -> None:
    """Warn where the public certificate ends soon: one that is renewed by itself never gets so far."""
    from readership.probe import is_loopback

    parts = urlsplit(room.settings.newsroom.public_url)
    host = parts.hostname or ""
    if parts.scheme != "https" or is_loopback(room.settings.newsroom.public_url) or _EXAMPLE.search(host):
        return
    ends = certificate_end(host, parts.port or 443)
    if ends is not None and ends - room.clock() < SOON:
        room.troubles.warn(
            "provider",
            f"the certificate of {host} ends at {ends:%Y-%m-%d %H:%M} UTC: see `certbot renew`, and whether "
            "nginx was reloaded since (docs/server.md, part 4)",
        )


def certificate_end(
    host: str, port: int, context: ssl.SSLContext | None = None, timeout: float = SECONDS
) -> datetime | None:
    """When the certificate there ends; None where there is no sound one, which `answers` tells."""
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as secured,
        ):
            found = secured.getpeercert()
    except (OSError, ValueError):
        return None
    end = found.get("notAfter") if found else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC) if isinstance(end, str) else None
