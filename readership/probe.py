"""Whether `public_url` reaches this installation: no real mail goes out before its links work."""

from __future__ import annotations

import secrets
import socket
import ssl
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
        reason, mend = why(error)
        raise ConfigurationError(
            f"newsroom.public_url: {public_url} does not answer: {reason}; {mend}. Nobody could unsubscribe"
        ) from None


def why(error: BaseException) -> tuple[str, str]:
    """Why an address did not answer, and what to do about one of ours; no part is the error's own text."""
    causes: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in causes:
        causes.append(one)
        causes += [part for part in one.args if isinstance(part, BaseException)]
        one = one.__cause__ or one.__context__
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate does not hold ({cause.verify_message})", "renew it, or reload nginx"
            case ssl.SSLError():
                return (
                    "no encrypted connection comes about",
                    "see nginx's `listen` and its certificate",
                )
            case socket.gaierror():
                return "its name is not found in the DNS", "make an A or AAAA record for it"
            case ConnectionRefusedError():
                return "the connection is refused", "start nginx there, and `python send.py serve` behind it"
    if isinstance(causes[-1], TimeoutError) or type(error).__name__.endswith("Timeout"):
        return "nothing comes in time", "see the firewall, and whether `python send.py serve` runs behind it"
    return f"it hung up ({type(error).__name__})", "see whether `python send.py serve` runs behind it"
