"""Another program keeps the database for itself, and many want to write: those who read are answered."""

from __future__ import annotations

import sqlite3
import threading
import time

import httpx2
import pytest

from newsroom import line
from newsroom.database import sqlite_file
from tests import samples
from tests.readership.registered import register
from tests.web.serving import Site, served, settings

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_those_who_read_are_answered_whoever_waits_to_write(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(site.engine, samples.reader(1), samples.subscription(1))
    monkeypatch.setattr(line.Line.__init__, "__kwdefaults__", {"most": 16, "patience": 9.0, "brief": 0.5})
    file = sqlite_file(site.engine)
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None)
    statuses: list[int] = []
    with served(settings(site.public.parent), site.engine) as busy:
        base = str(busy.client.base_url)

        def ask(number: int) -> None:
            data = {"address": f"somebody{number}@example.org"}
            statuses.append(
                httpx2.post(f"{base}/sign-in", data=data, trust_env=False, timeout=30).status_code
            )

        other.execute("BEGIN IMMEDIATE")
        asking = [threading.Thread(target=ask, args=(one,), daemon=True) for one in range(60)]
        for one in asking:
            one.start()
        # More than may wait are told at once to come again.
        until = time.monotonic() + 8
        while len(statuses) < 30 and time.monotonic() < until:
            time.sleep(0.05)
        for path in ("/", busy.link(), "/readyz", "/archive/"):
            assert httpx2.get(f"{base}{path}", trust_env=False, timeout=8).status_code in (200, 404)
        # A line of its own: this one is not told to come again, it waits.
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{base}{busy.link()}", data=ONE_CLICK, trust_env=False, timeout=1)
        # The others within the line's patience.
        for one in asking:
            one.join(40)
        other.execute("ROLLBACK")
        other.close()
        assert statuses == [503] * 60
        assert (
            httpx2.post(f"{base}/sign-in", data={"address": "ann@example.org"}, trust_env=False).status_code
            == 303
        )


def test_a_click_is_done_behind_the_back_of_a_program_that_waits_no_longer(site: Site) -> None:
    register(site.engine, samples.reader(1), samples.subscription(1))
    file = sqlite_file(site.engine)
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{site.client.base_url}{site.link()}", data=ONE_CLICK, trust_env=False, timeout=1)
    other.execute("ROLLBACK")
    other.close()
    until = time.monotonic() + 20
    while site.statuses()["daily"] != "unsubscribed" and time.monotonic() < until:
        time.sleep(0.05)
    assert site.statuses()["daily"] == "unsubscribed"
