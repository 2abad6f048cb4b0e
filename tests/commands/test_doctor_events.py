"""`doctor` says how to hear of bounces, and whether anything was heard."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.tables import batches
from newsroom.database import engine_for, writing
from tests.commands.house import House, built
from tests.samples import NOON
from tests.web.posting import PUBLIC

NOW = "2026-03-10T13:00"
HANDED = NOON - timedelta(hours=2)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("one@example.org,free,")
    house.run(now="2026-03-10T06:01")
    return house


def sendgrid(house: House, *secrets: str, more: str = "") -> None:
    toml = house.config.read_text(encoding="utf-8")
    house.config.write_text(f'{toml}\n[delivery]\nprovider = "sendgrid"\n{more}', encoding="utf-8")
    file = house.root / "secrets.env"
    lines = [file.read_text(encoding="utf-8"), "STANDFIRST_SENDGRID_API_KEY=SG.key", *secrets]
    file.write_text("\n".join(lines), encoding="utf-8")


def handed(house: House, **values: object) -> None:
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        connection.execute(sa.update(batches).values(provider="sendgrid", handed=HANDED, **values))
    engine.dispose()


def said(house: House) -> list[str]:
    lines = house.run("doctor", now=NOW).steps("events")
    return [line.get("message") or str(line.get("last_heard") or line.get("ok")) for line in lines]


def test_how_to_set_it_up_is_said(house: House) -> None:
    sendgrid(house)
    [line] = said(house)
    assert "STANDFIRST_SENDGRID_EVENT_KEY is not set" in line
    assert ":8080/hooks/sendgrid, switch Signature Verification on" in line


def test_whether_events_came_is_said(house: House) -> None:
    sendgrid(house, f"STANDFIRST_SENDGRID_EVENT_KEY={PUBLIC}")
    assert said(house)[0] == "nothing yet"
    handed(house)
    assert "no event came of what was handed over to SendGrid on 2026-03-10 at 11:00" in said(house)[0]
    handed(house, send_at=NOON + timedelta(hours=1))
    assert said(house)[0] == "nothing yet"
    handed(house, send_at=None, heard=HANDED)
    assert said(house)[0] == "2026-03-10T10:00:00+00:00"


def test_silence_that_can_never_count_is_said(house: House) -> None:
    toml = house.config.read_text(encoding="utf-8")
    house.config.write_text(f'{toml}\n[delivery]\nsilence_means_not_sent = "2h"\n', encoding="utf-8")
    assert "silence_means_not_sent does nothing with outbox" in said(house)[0]
