"""A reader, served by the real command and a real mail server: signed in, moved elsewhere, erased."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2

from tests.commands.house import html_of, text_of
from tests.newsletter.test_post_office import free, mail, newsroom, serving, until
from tests.servers.smtp import Server


def test_from_the_sign_in_to_the_erasure(tmp_path: Path) -> None:
    port = free()
    with Server() as smtp:
        house = newsroom(tmp_path / "quay", port, smtp)
        house.readers("ana@example.org,paid,")
        here = rf"http://127\.0\.0\.1:{port}"

        def link(place: int) -> str:
            """The path of the button in the mail that came as this one."""
            until(lambda: len(smtp.got) > place)
            found = re.search(
                rf'href="{here}(/(?:sign-in|preferences)/[^"]+)"', html_of(mail(smtp.got[place]))
            )
            assert found
            return found[1]

        with serving(house, port) as client:
            assert client.get("/account").status_code == 303
            client.follow_redirects = True
            wait = client.post("/sign-in", data={"address": "Ana@example.org", "next": "/account"})
            assert "Look into your mailbox" in wait.text
            first = link(0)
            letter = mail(smtp.got[0])
            assert letter["To"] == "ana@example.org" and letter["List-Unsubscribe"] is None
            assert re.search(r"^    \d{6}\r?$", text_of(letter), re.M)
            account = client.post(first)
            assert "You are signed in as ana@example.org" in account.text
            # A trial on this machine has no https: the cookie then has no prefix, which would want it.
            assert list(client.cookies) == ["standfirst"]
            own = re.search(r'href="(/preferences/[^"]+)"', account.text)
            assert own
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as stranger:
                asked = stranger.post(own[1], data={"action": "address", "address": "ana@new.example"})
                assert "we have mailed you a link" in asked.text and "ana@example.org" not in asked.text
                assert "Look into the new mailbox" in stranger.post(link(1)).text
                assert "Your address is changed" in stranger.post(link(2)).text
                until(lambda: len(smtp.got) == 4)
                assert [mail(one)["To"] for one in smtp.got[1:]] == [
                    "ana@example.org",
                    "ana@new.example",
                    "ana@example.org",
                ]
                stranger.post(own[1], data={"action": "erase"})
                assert "You are erased" in stranger.post(link(4)).text
            assert "Sign in to The Quay" in client.get("/account").text
