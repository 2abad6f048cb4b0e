"""What the domain name system says of a sender's domain: SPF, DKIM and DMARC."""

from __future__ import annotations

import dns.exception
import dns.resolver

from commands.context import Context
from newsroom import log

TIMEOUT = 5.0
SELECTORS = ("s1", "s2", "default", "mail", "dkim", "k1", "google", "selector1")
"""DKIM selectors that are often used; the right one is the mail server's secret."""


def check_dns(room: Context, domain: str) -> None:
    """Say what is missing for mail from `domain` to be believed (RFC 7208, 6376, 7489)."""
    spf = [text for text in _texts(domain) if text.lower().startswith("v=spf1")]
    if len(spf) != 1:
        found = "no SPF record" if not spf else f"{len(spf)} SPF records, where one is allowed"
        room.troubles.add("dns", f"spf:{domain}", f"{domain}: {found}; publish one that names your server")
    if not any(text.lower().startswith("v=dmarc1") for text in _texts(f"_dmarc.{domain}")):
        message = f'{domain}: no DMARC record; publish _dmarc.{domain} TXT "v=DMARC1; p=none" and tighten it'
        room.troubles.add("dns", f"dmarc:{domain}", message)
    if not any(_texts(f"{selector}._domainkey.{domain}") for selector in SELECTORS):
        message = f"{domain}: no DKIM key under the usual selectors; see that your mail server signs"
        log.problem("dns", message, level="warning")


def _texts(name: str) -> list[str]:
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=TIMEOUT)
    except dns.exception.DNSException:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
