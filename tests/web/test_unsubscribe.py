"""One-click unsubscribe to the letter of RFC 8058, and the page behind the same address."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from newsroom.database import metadata, sqlite_file, writing
from newsroom.errors import ConfigurationError
from readership import erasure, store
from readership.probe import answers
from readership.reader import Plan, Reader, SubscriptionStatus
from readership.tokens import probe_answer, probe_token, unsubscribe_token
from tests import samples
from tests.readership.registered import register
from tests.web.forms import fields
from tests.web.serving import KEYS, WEEKLY, Site, served, settings

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _ann(site: Site, number: int = 1, **changes: Any) -> Reader:
    """A reader of both newsletters."""
    return register(
        site.engine,
        samples.reader(number),
        samples.subscription(number, **changes),
        samples.subscription(number, newsletter="weekly"),
    )


def _everything(site: Site) -> dict[str, list[Any]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }


# What a mail program does: RFC 8058.


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"\xff\xfe\x00 no form at all"},
        {"content": b"x" * 200_000},
        {
            "content": b"List-Unsubscribe=One-Click",
            "headers": {"Content-Type": "multipart/form-data; boundary=absent"},
        },
        {
            "content": b"List-Unsubscribe=One-Click",
            "headers": {"Content-Type": "multipart/form-data"},
        },
        {
            "content": b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
            "headers": {"Content-Type": "multipart/form-data; boundary=b; charset=hex"},
        },
        {"content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "text/plain"}},
        {"content": b"&".join(b"a=1" for _ in range(1000))},
    ],
    ids=[
        "urlencoded",
        "multipart",
        "empty",
        "bytes",
        "huge",
        "wrong boundary",
        "no boundary",
        "odd charset",
        "plain",
        "1000 fields",
    ],
)
def test_one_post_stops_that_newsletter_and_no_other(site: Site, body: dict[str, Any]) -> None:
    _ann(site)
    answer = site.client.post(site.link(), **body)
    assert answer.status_code == 200
    assert not answer.history
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert answer.text == "You are unsubscribed.\n"
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "active"}


def test_a_post_needs_neither_cookie_nor_origin_nor_any_other_header(site: Site) -> None:
    _ann(site)
    headers = {"Origin": "null", "Cookie": "session=of-somebody-else", "Sec-Fetch-Site": "cross-site"}
    assert site.client.post(site.link(), data=ONE_CLICK, headers=headers).status_code == 200
    assert site.statuses()["daily"] == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_changes_nothing(site: Site, method: str) -> None:
    _ann(site)
    before = _everything(site)
    for _ in range(2):
        answer = site.client.request(method, site.link())
        assert answer.status_code == 200
    assert _everything(site) == before


def test_other_methods_are_refused(site: Site) -> None:
    _ann(site)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert site.client.request(method, site.link()).status_code == 405
    assert site.statuses()["daily"] == "active"


def test_a_used_link_still_answers_200(site: Site) -> None:
    _ann(site)
    first, second = (site.client.post(site.link(), data=ONE_CLICK) for _ in range(2))
    assert (second.status_code, second.text) == (200, first.text)
    page = site.client.get(site.link())
    assert page.status_code == 200
    assert "The Morning Quay is stopped" in page.text


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a" * 5000,
        "%00",
        "%E2%80%8B",
        "..%2f..%2fetc",
        unsubscribe_token((("k2", b"another key under the same id..."),), 1, "daily"),
        unsubscribe_token((("gone", b"a key that was dropped long ago."),), 1, "daily"),
        unsubscribe_token(KEYS, 1, "daily")[:-3],
        probe_token(KEYS, b"n" * 16),
        "",
        "%0Acut",
    ],
)
def test_a_damaged_link_answers_200_to_a_post_and_says_that_it_stopped_nothing(
    site: Site, token: str
) -> None:
    _ann(site)
    before = _everything(site)
    answer = site.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert answer.text.startswith(
        "This link was cut, or is not ours, so it stopped nothing. If it was yours, "
    )
    assert "You are unsubscribed" not in answer.text
    assert site.client.get(f"/unsubscribe/{token}").status_code == 200
    assert _everything(site) == before


@pytest.mark.parametrize("newsletter", ["daily", "no-such-newsletter"])
def test_a_true_link_of_a_reader_who_is_no_more_is_answered_as_everybodys(
    site: Site, newsletter: str
) -> None:
    _ann(site)
    before = _everything(site)
    answer = site.client.post(site.link(4711, newsletter), data=ONE_CLICK)
    assert (answer.status_code, answer.text) == (200, "You are unsubscribed.\n")
    page = site.client.get(site.link(4711, newsletter))
    assert page.status_code == 200
    assert "<form" not in page.text
    assert _everything(site) == before


def test_an_old_key_is_good_for_years(site: Site) -> None:
    _ann(site)
    site.client.post(f"/unsubscribe/{unsubscribe_token(KEYS[1:], 1, 'daily')}", data=ONE_CLICK)
    assert site.statuses()["daily"] == "unsubscribed"


@pytest.mark.parametrize("behind", ["/", ".", ">", ")", "%22", "%3E."])
def test_what_a_mail_program_takes_into_the_link_does_no_harm(site: Site, behind: str) -> None:
    _ann(site)
    answer = site.client.post(site.link() + behind, data=ONE_CLICK)
    assert (answer.status_code, answer.history) == (200, [])
    assert site.statuses()["daily"] == "unsubscribed"


def test_a_newsletter_that_is_no_more_can_still_be_stopped(site: Site) -> None:
    _ann(site)
    assert site.client.post(site.link(newsletter="evening"), data=ONE_CLICK).status_code == 200
    # Recorded, so that no later list starts it again.
    assert site.statuses()["evening"] == "unsubscribed"
    assert "The Quay is stopped" in site.client.get(site.link(newsletter="evening")).text


def test_an_erased_reader_learns_nothing_else(site: Site) -> None:
    ann = _ann(site)
    with writing(site.engine) as connection:
        erasure.forget(connection, ann, samples.NOON)
    before = _everything(site)
    assert site.client.post(site.link(), data=ONE_CLICK).status_code == 200
    assert "is stopped" in site.client.get(site.link()).text
    assert _everything(site) == before


# What a person does.


def test_the_page_asks_first_and_says_what_is_stopped(site: Site) -> None:
    register(
        site.engine,
        samples.reader(1, Plan.PAID),
        samples.subscription(1),
        samples.subscription(1, newsletter="weekly"),
    )
    page = site.client.get(site.link())
    assert "<h1>Stop The Morning Quay?</h1>" in page.text
    assert "This stops the mail only. Your subscription to The Quay and its payments go on." in page.text
    assert 'href="https://quay.example/account"' in page.text
    done = site.client.post(site.link(), data=fields(page, "stop"))
    assert done.status_code == 200
    assert "<h1>The Morning Quay is stopped</h1>" in done.text
    assert "This stops the mail only." in done.text
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "active"}


def test_it_can_be_taken_back_on_the_page(site: Site) -> None:
    _ann(site, sections=frozenset({"politics"}), consent_source="form")
    before = site.subscriptions()
    done = site.client.post(site.link(), data=fields(site.client.get(site.link()), "stop"))
    site.clock.on(minutes=2)
    back = site.client.post(site.link(), data=fields(done, "undo"))
    assert "It will come again" in back.text
    assert site.subscriptions() == before


def test_taking_back_is_refused_once_something_else_has_happened(site: Site) -> None:
    _ann(site)
    done = site.client.post(site.link(), data=fields(site.client.get(site.link()), "stop"))
    undo = fields(done, "undo")
    site.clock.on(minutes=2)
    assert "It will come again" in site.client.post(site.link(), data=undo).text
    site.clock.on(minutes=2)
    site.client.post(site.link(), data=ONE_CLICK)
    late = site.client.post(site.link(), data=undo)
    assert late.status_code == 200
    assert "This can no longer be taken back" in late.text
    assert 'href="mailto:editors@quay.example"' in late.text
    assert site.statuses()["daily"] == "unsubscribed"


@pytest.mark.parametrize("undo", ["", "x", "a" * 3000, None])
def test_a_made_up_undo_signs_nobody_up(site: Site, undo: str | None) -> None:
    _ann(site, status=SubscriptionStatus.UNSUBSCRIBED)
    fields = {"action": "undo"} | ({"undo": undo} if undo is not None else {})
    site.client.post(site.link(), data=fields)
    assert site.statuses()["daily"] == "unsubscribed"


def test_one_readers_undo_is_no_good_for_another(site: Site) -> None:
    _ann(site)
    _ann(site, 2)
    undo = fields(site.client.post(site.link(), data={"action": "stop"}), "undo")
    site.client.post(site.link(2), data={"action": "stop"})
    site.client.post(site.link(2), data=undo)
    assert (site.statuses(1)["daily"], site.statuses(2)["daily"]) == ("unsubscribed", "unsubscribed")


def test_a_paused_or_pending_subscription_is_not_made_active_by_the_way_back(site: Site) -> None:
    _ann(site, status=SubscriptionStatus.PENDING)
    done = site.client.post(site.link(), data={"action": "stop"})
    assert site.statuses()["daily"] == "unsubscribed"
    assert 'value="undo"' not in done.text


def test_every_newsletter_can_be_stopped_at_once_and_taken_back(site: Site) -> None:
    _ann(site)
    done = site.client.post(site.link(), data={"action": "stop"})
    site.clock.on(seconds=5)
    every = site.client.post(site.link(), data=fields(done, "all"))
    assert "Every newsletter is stopped" in every.text
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "unsubscribed"}
    site.clock.on(seconds=5)
    back = site.client.post(site.link(), data=fields(every, "undo"))
    assert site.statuses() == {"daily": "active", "weekly": "active"}
    assert "You get The Morning Quay and The Quay on Sunday as before." in back.text
    assert 'href="/preferences/' in back.text


def test_what_another_visit_has_stopped_stays_stopped_by_the_way_back(site: Site) -> None:
    _ann(site)
    site.client.post(site.link(), data={"action": "stop"})
    site.clock.on(days=1)
    every = site.client.post(site.link(newsletter="weekly"), data={"action": "all"})
    back = site.client.post(site.link(newsletter="weekly"), data=fields(every, "undo"))
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "active"}
    assert "You get The Quay on Sunday as before." in back.text


def test_a_title_is_set_off_from_its_sentence(site: Site, tmp_path: Path) -> None:
    de = samples.newsletter(title="Laterne: der Morgenbrief", language="de")
    register(site.engine, samples.reader(1), samples.subscription(1))
    with served(settings(tmp_path, newsletters=(de, WEEKLY)), site.engine) as other:
        page = other.client.get(other.link()).text
    assert "<h1>„Laterne: der Morgenbrief“ abbestellen?</h1>" in page


def test_all_is_not_offered_to_whom_no_other_newsletter_comes(site: Site) -> None:
    register(site.engine, samples.reader(1), samples.subscription(1))
    assert 'value="all"' not in site.client.post(site.link(), data={"action": "stop"}).text


def test_the_pages_form_also_works_as_multipart(site: Site) -> None:
    _ann(site)
    site.client.post(site.link(), files={"action": (None, "all")})
    assert set(site.statuses().values()) == {"unsubscribed"}


def test_an_unknown_link_says_what_to_do(site: Site) -> None:
    for answer in (
        site.client.get("/unsubscribe/x"),
        site.client.post("/unsubscribe/x", data={"action": "stop"}),
    ):
        assert answer.status_code == 200
        assert "<h1>This link does not work</h1>" in answer.text
        assert 'href="mailto:editors@quay.example"' in answer.text


def test_no_page_shows_an_address_of_a_reader(site: Site) -> None:
    ann = _ann(site)
    pages = [site.client.get(site.link()), site.client.post(site.link(), data={"action": "stop"})]
    pages.append(site.client.get(site.link()))
    for page in pages:
        assert ann.address not in page.text
        assert ann.name == "" or ann.name not in page.text
    assert ann.address not in site.said()


# What everybody gets.


def test_every_answer_is_private_and_strict(site: Site) -> None:
    _ann(site)
    answers = [
        site.client.get(site.link()),
        site.client.post(site.link(), data=ONE_CLICK),
        site.client.post(site.link(), data={"action": "stop"}),
        site.client.get("/unsubscribe/x"),
        site.client.get(f"/unsubscribe/{probe_token(KEYS, b'n' * 16)}"),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex"
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "script" not in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy


def test_a_probe_is_answered_with_the_proof(site: Site) -> None:
    token = probe_token(KEYS, b"n" * 16)
    assert site.client.get(f"/unsubscribe/{token}").text == probe_answer(KEYS, token)


def test_the_probe_of_delivery_believes_this_installation_and_no_other(site: Site) -> None:
    answers(str(site.client.base_url).rstrip("/"), KEYS)
    with pytest.raises(ConfigurationError, match="an installation with other keys"):
        answers(str(site.client.base_url).rstrip("/"), (("k2", b"another key under the same id..."),))


def test_the_log_names_the_reader_by_number_and_hides_the_link(site: Site) -> None:
    _ann(site)
    site.client.get(site.link())
    site.client.post(site.link(), data=ONE_CLICK)
    site.client.post(f"/unsubscribe/{site.token()}/", data=ONE_CLICK)
    assert site.token() not in site.said()
    lines = [json.loads(line) for line in site.said().splitlines()]
    assert any(line.get("unsubscribed_reader") == 1 and line["newsletter"] == "daily" for line in lines)
    asked = [(line["method"], line["path"], line["status"]) for line in lines if "method" in line]
    assert asked == [
        ("GET", "/unsubscribe/[token]", 200),
        ("POST", "/unsubscribe/[token]", 200),
        ("POST", "/unsubscribe/[token]", 200),
    ]


# When the database is busy or gone.


@pytest.mark.sqlite
def test_a_link_works_while_another_process_writes(site: Site) -> None:
    _ann(site)
    file = sqlite_file(site.engine)
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE readers SET name = 'another run'")
    answers: list[httpx2.Response] = []
    clicking = threading.Thread(
        target=lambda: answers.append(site.client.post(site.link(), data=ONE_CLICK)), daemon=True
    )
    clicking.start()
    # Reading is never in the way of a writer.
    assert (
        "Stop The Morning Quay?" in httpx2.get(f"{site.client.base_url}{site.link()}", trust_env=False).text
    )
    assert not answers
    other.execute("COMMIT")
    other.close()
    clicking.join(20)
    assert [answer.status_code for answer in answers] == [200]
    assert site.statuses()["daily"] == "unsubscribed"


def test_what_could_not_be_saved_is_said_and_may_be_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ann(site)

    def broken(*_: object) -> bool:
        raise sa.exc.OperationalError(
            "UPDATE", {"key": "ann@example.org"}, sqlite3.OperationalError("locked")
        )

    monkeypatch.setattr(store, "unsubscribe", broken)
    answer = site.client.post(site.link(), data=ONE_CLICK)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "nothing has changed yet" in answer.text
    assert "ann@example.org" not in site.said()
    monkeypatch.undo()
    assert site.client.post(site.link(), data=ONE_CLICK).status_code == 200
    assert site.statuses()["daily"] == "unsubscribed"


def test_a_name_with_markup_stays_text(tmp_path: Path, engine: sa.Engine, said: Any) -> None:
    newsroom = samples.newsroom(name='Q & <b>A</b> "co"')
    letters = (samples.newsletter(title="<script>alert(1)</script>"),)
    with served(settings(tmp_path, newsroom, letters), engine) as site:
        register(site.engine, samples.reader(1), samples.subscription(1))
        page = site.client.get(site.link()).text
    assert "<script" not in page
    assert "Stop &lt;script&gt;alert(1)&lt;/script&gt;?" in page
    assert "Q &amp; &lt;b&gt;A&lt;/b&gt; &#34;co&#34;" in page


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar", "pt-BR", "xx"])
def test_the_page_speaks_the_newsletters_language(
    tmp_path: Path, engine: sa.Engine, said: Any, language: str
) -> None:
    letters = (samples.newsletter(language=language),)
    with served(settings(tmp_path, samples.newsroom(), letters), engine) as site:
        register(site.engine, samples.reader(1), samples.subscription(1))
        pages = [site.client.get(site.link()), site.client.post(site.link(), data={"action": "stop"})]
    lang = language if language in ("en", "de", "fr", "es", "nl", "ar") else "en"
    for page in pages:
        assert re.search(rf'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">', page.text)
        assert "{" not in page.text.partition("<body>")[2]
