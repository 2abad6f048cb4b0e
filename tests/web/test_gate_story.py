"""A free reader meets the wall, signs in as a payer, and reads on; a payer reads straight from the mail.

Against the real application, its mails read from a real mail server, in a real browser without a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from tests.browser import chromium
from tests.commands.house import House, built, html_of, text_of
from tests.newsletter.test_post_office import free, mail, serving, until
from tests.servers.smtp import Server

pytestmark = pytest.mark.browser
BODY = "Second of bridge, for those who pay."
MORE = """[delivery]
provider = "smtp"
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "plain"
[web]
gate = true
[straight_in]
on = true
"""


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_context(java_script_enabled=False).new_page()


def _newsroom(root: Path, port: int, smtp: Server) -> House:
    house = built(root, more=MORE.format(smtp=smtp.port), public_url=f"http://127.0.0.1:{port}")
    text = house.config.read_text()
    house.config.write_text(
        text.replace('site_url = "https://quay.example"', f'site_url = "http://127.0.0.1:{port}"')
    )
    with (root / "secrets.env").open("a") as file:
        file.write(f"STANDFIRST_LINK_KEY=l1:{'ef' * 32}\n")
    return house


def test_from_the_wall_to_the_whole_and_straight_in(tmp_path: Path, page: Page) -> None:
    port, now = free(), datetime.now(ZoneInfo("Europe/Brussels"))
    local = now.strftime("%Y-%m-%dT%H:%M")
    with Server() as smtp:
        house = _newsroom(tmp_path / "quay", port, smtp)
        house.article("bridge", published=(now - timedelta(hours=1)).isoformat(timespec="seconds"))
        house.readers("free@example.org,free,", "payer@example.org,paid,")
        house.run("sync", now=local)
        house.run("digest", "daily", "--extra", "story", now=local)
        with serving(house, port):
            run = house.run("deliver", now=local)
            assert run.problems == [], run.problems
            mails = {str(one["To"]): one for one in map(mail, smtp.got)}
            links = {
                to: re.findall(rf"http://127\.0\.0\.1:{port}/articles/bridge\S*", text_of(one))[0]
                for to, one in mails.items()
            }
            assert links["free@example.org"] == f"http://127.0.0.1:{port}/articles/bridge"

            # The payer's own link opens it at once, and leaves nothing behind.
            page.goto(links["payer@example.org"])
            assert BODY in page.locator("article").inner_text()
            assert page.context.cookies() == []

            # Who comes by the free reader's meets the wall.
            page.goto(links["free@example.org"])
            assert BODY not in page.content()
            assert "€15 a month" in page.locator(".wall").inner_text()
            page.get_by_role("link", name="Log in").click()
            page.get_by_label("Your email address").fill("payer@example.org")
            page.get_by_role("button", name="Send me the mail").click()
            until(lambda: len(smtp.got) == 3)
            code = re.search(r"\b(\d{3}) ?(\d{3})\b", text_of(mail(smtp.got[2])))
            assert code
            page.get_by_label("The six digits in the mail").fill(code[1] + code[2])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
            assert page.url == f"http://127.0.0.1:{port}/articles/bridge"
            assert BODY in page.locator("article").inner_text()
            assert page.get_by_text("€15 a month").count() == 0
            assert BODY not in html_of(mails["free@example.org"])
