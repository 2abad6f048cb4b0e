"""The provider that a newsroom has chosen. A new one is a file beside this one and a line here."""

from __future__ import annotations

from newsletter.providers import Provider
from newsroom.settings import Settings


def provider_for(settings: Settings) -> Provider:
    """The provider named by `delivery.provider`. Only its own module is imported."""
    match settings.delivery.provider:
        case "outbox":
            from newsletter.providers.outbox import Outbox

            return Outbox(settings.outbox_dir)
        case "smtp":
            from newsletter.providers.smtp import Smtp

            return Smtp(settings.smtp, settings.secrets)
        case "sendgrid":
            from newsletter.providers.sendgrid import SendGrid

            return SendGrid(settings.sendgrid, settings.secrets)
