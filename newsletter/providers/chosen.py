"""The provider that a newsroom has chosen. A new one is a file beside this one and a line here."""

from __future__ import annotations

from dataclasses import replace

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


def house_provider(settings: Settings) -> Provider:
    """What carries mail to the house itself, the previews: the alerts' own server where they have one."""
    own = settings.alerts.smtp
    if own is None:
        return provider_for(settings)
    from newsletter.providers.smtp import Smtp

    return Smtp(own, replace(settings.secrets, smtp_password=settings.secrets.alert_smtp_password))
