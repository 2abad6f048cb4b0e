"""Whether `public_url` reaches this installation: no real mail goes out before its links work."""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from newsroom.errors import ConfigurationError
from readership.tokens import SigningKeys, probe_answer, probe_token

_LONGEST_ANSWER = 1_000


def answers(public_url: str, signing_keys: SigningKeys, timeout: float = 10.0) -> None:
    """Ask `public_url` for a proof that only this installation's keys can make.

    Returns when it gave it; raises ConfigurationError, saying what came instead and what to do. `timeout` is
    in seconds. Redirects are not followed: a one-click POST would not survive one either (RFC 8058, 3.1).
    """
    parts = urlsplit(public_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(public_url)):
        raise ConfigurationError(
            f"newsroom.public_url: {public_url} is not https, and mail programs offer one-click "
            "unsubscribe for https alone (RFC 8058)"
        )
    token = probe_token(signing_keys, secrets.token_bytes(16))
    status, text = _fetch(f"{public_url}/unsubscribe/{token}", public_url, timeout)
    if status == 200 and text.strip() == probe_answer(signing_keys, token):
        return
    if 300 <= status < 400:
        found = f"redirects (status {status})"
    elif status == 200:
        found = "answers with something else: another site, or an installation with other keys"
    else:
        found = f"answers with status {status}"
    raise ConfigurationError(
        f"newsroom.public_url: {public_url}/unsubscribe/... {found}. Point it at `python send.py serve` "
        "of this installation, with the same STANDFIRST_SECRET_KEY"
    )


def is_loopback(url: str) -> bool:
    """True for an address on this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _fetch(url: str, public_url: str, timeout: float) -> tuple[int, str]:
    # Here, because most commands never ask.
    import httpx2

    try:
        with (
            httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=not is_loopback(url)) as client,
            client.stream("GET", url, headers={"Accept": "text/plain"}) as response,
        ):
            text = b""
            for chunk in response.iter_bytes():
                text += chunk
                if len(text) > _LONGEST_ANSWER:
                    break
            return response.status_code, text[:_LONGEST_ANSWER].decode("utf-8", "replace")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        # The error's own text may hold the whole link.
        raise ConfigurationError(
            f"newsroom.public_url: {public_url} does not answer ({type(error).__name__}). Start "
            "`python send.py serve` behind it; readers could not unsubscribe otherwise"
        ) from None
