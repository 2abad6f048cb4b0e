"""The provider that newsroom.toml names, and no other's module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.providers.chosen import provider_for
from newsroom.secrets import Secrets
from newsroom.settings import DeliverySettings, ProviderName, Settings, SmtpSettings
from tests import samples

ROOT = Path(__file__).resolve().parents[3]


def settings(provider: ProviderName) -> Settings:
    return Settings(
        path=Path("/newsroom/newsroom.toml"),
        root=Path("/newsroom"),
        newsroom=samples.newsroom(),
        newsletters=(samples.newsletter(),),
        sources=(),
        secrets=Secrets(signing_keys=(), address_key=b"", sendgrid_api_key="SG.key"),
        database_url="sqlite://",
        public_dir=Path("/newsroom/public"),
        outbox_dir=Path("/newsroom/outbox"),
        delivery=DeliverySettings(provider=provider),
        smtp=SmtpSettings(connections=7, window=30),
    )


@pytest.mark.parametrize("name", ["outbox", "smtp", "sendgrid"])
def test_it_is_the_one_that_is_named(name: ProviderName) -> None:
    provider = provider_for(settings(name))
    assert provider.name == name
    assert provider.is_real == (name != "outbox")
    assert provider.batch_size >= 1
    provider.close()


def test_the_mail_servers_window_is_its_batch() -> None:
    provider = provider_for(settings("smtp"))
    assert (provider.batch_size, provider.connections) == (30, 7)


def test_choosing_imports_no_provider() -> None:
    names = "[name for name in sys.modules if 'smtp' in name or 'sendgrid' in name]"
    code = f"import sys, newsletter.providers.chosen; print({names})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
