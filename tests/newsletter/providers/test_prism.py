"""The requests that the sendgrid library really sends, against SendGrid's own specification.

Prism reads that specification and validates; what it lets pass all the same is checked here.
"""

from __future__ import annotations

import copy
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.providers import Answer, Batch
from newsletter.providers.sendgrid import SendGrid
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings
from tests import samples
from tests.newsletter import editions, mail
from tests.servers.http import HttpServer, Request

CHECKOUT = Path(__file__).resolve().parents[3]
SPECIFICATION = CHECKOUT.parent / "shared" / "sendgrid" / "tsg_mail_v3.json"
PRISM = CHECKOUT / "tests" / "node" / "node_modules" / ".bin" / "prism"
SECRETS = Secrets((), b"", sendgrid_api_key="SG.nobody.nothing")

PROVIDERS_OWN = {"x-sg-id", "x-sg-eid", "received", "dkim-signature"}
STRUCTURE = {"content-type", "content-transfer-encoding"}
MAILBOXES = {"to", "from", "subject", "reply-to", "cc", "bcc"}
RESERVED = PROVIDERS_OWN | STRUCTURE | MAILBOXES

pytestmark = pytest.mark.prism


def rendered(audience: Audience, language: str) -> Batch:
    variant = Variant(audience, language, frozenset())
    letter = render(editions.selection(), variant, samples.newsroom(), samples.newsletter()).letter
    return mail.batch(3, letter=letter)


BATCHES: dict[str, Callable[[], Batch]] = {
    "a digest for trial readers": lambda: rendered(Audience.TRIAL, "en"),
    "a digest in Arabic": lambda: rendered(Audience.FREE, "ar"),
    "a full batch": lambda: mail.batch(1_000),
    "one reader": lambda: mail.batch(1),
    "no names": lambda: mail.batch(recipients=(mail.recipient(1, name=""), mail.recipient(2, name=";,"))),
    "no one-click": lambda: mail.batch(envelope=mail.envelope(one_click=False)),
    "no reply-to": lambda: mail.batch(envelope=mail.envelope(reply_to="", sender_name="")),
    "kept for a while": lambda: replace(
        mail.batch(2), recall="YOUR_BATCH_ID", send_at=samples.NOON + timedelta(minutes=30)
    ),
    "no slots": lambda: mail.batch(letter=mail.letter(html=("<p>a</p>",), text=("a",))),
    "accents": lambda: mail.batch(
        envelope=mail.envelope(list_id='"Café Ñandú – é" <daily.quay.example>', sender_name="Le café"),
        letter=mail.letter(subject="Ça, c’est l’été – « ici » 🌞"),
    ),
}


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that validates by SendGrid's specification."""
    if not SPECIFICATION.is_file():
        pytest.skip("needs SendGrid's tsg_mail_v3.json in ../shared/sendgrid, beside the checkout")
    if not PRISM.exists() or not shutil.which("node"):
        pytest.skip("needs Node 20 and its packages: cd tests/node && npm ci")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("prism") / "log.txt"
    command = [PRISM, "mock", "--host", "127.0.0.1", "--port", str(port), "--errors", SPECIFICATION]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            _until_it_answers(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"prism did not start: {log.read_text()}")


@pytest.fixture(scope="module", params=list(BATCHES))
def sent(request: pytest.FixtureRequest) -> Request:
    """What the library sent for one of the batches, byte for byte."""
    with HttpServer() as server:
        sendgrid = SendGrid(SendGridSettings(base_url=server.url), SECRETS)
        assert sendgrid.hand_over(BATCHES[request.param]()).answer is Answer.ACCEPTED
    [found] = server.requests
    return found


def judged(prism: str, body: bytes) -> tuple[int, list[Any]]:
    """Prism's status, and what it finds wrong."""
    headers = {"Authorization": "Bearer SG.nobody.nothing", "Content-Type": "application/json"}
    question = urllib.request.Request(f"{prism}/v3/mail/send", body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(question, timeout=30) as answer:
            return answer.status, json.loads(answer.headers.get("sl-violations") or "[]")
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, json.loads(answer.headers.get("sl-violations") or "[]")


def overlooked(body: dict[str, Any]) -> list[str]:
    """What SendGrid would refuse or do wrong in `body`, though Prism finds nothing against it."""
    known = {"personalizations", "from", "reply_to", "subject", "content", "headers", "categories"}
    found = [
        f"unknown key {name}" for name in set(body) - known - {"tracking_settings", "send_at", "batch_id"}
    ]
    people = body["personalizations"]
    found += ["no personalization"] if not people else []
    found += ["no category"] if not body["categories"] else []
    found += ["an empty subject"] if not body.get("subject") else []
    if [content["type"] for content in body["content"]] != ["text/plain", "text/html"]:
        found.append("not plain text first, then HTML")
    addresses = [to["email"].casefold() for own in people for to in own["to"]]
    found += ["an address twice"] if len(set(addresses)) < len(addresses) else []
    for own in people:
        found += _overlooked_in(own)
    found += _wrong_headers(body["headers"])
    return found


def _overlooked_in(own: dict[str, Any]) -> list[str]:
    found = [f"unknown key {name}" for name in set(own) - {"to", "headers", "custom_args", "substitutions"}]
    if len(own["to"]) != 1:
        found.append("not one reader a personalization")
    found += [f"a name {to['name']!r}" for to in own["to"] if set(";,\r\n") & set(to.get("name", ""))]
    for part in ("custom_args", "substitutions"):
        values = own.get(part, {"-": "-"})
        found += [f"an empty {part}"] if not values else []
        found += (
            [f"no text in {part}"] if not all(isinstance(value, str) for value in values.values()) else []
        )
        if sum(len((name + str(value)).encode()) for name, value in values.items()) > 10_000:
            found.append(f"too much in {part}")
    return found + _wrong_headers(own["headers"])


def _wrong_headers(headers: dict[str, str]) -> list[str]:
    found = [f"reserved header {name}" for name in headers if name.lower() in RESERVED]
    return found + [
        f"header {name} is not a line of ASCII"
        for name, value in headers.items()
        if not value.isascii() or not value.isprintable()
    ]


def test_sendgrids_specification_has_nothing_against_our_requests(prism: str, sent: Request) -> None:
    assert judged(prism, sent.body) == (202, [])


def test_nothing_is_wrong_that_prism_lets_pass(sent: Request) -> None:
    assert overlooked(sent.json) == []


def test_the_library_speaks_to_prism_itself(prism: str) -> None:
    sendgrid = SendGrid(SendGridSettings(base_url=prism), SECRETS)

    assert sendgrid.hand_over(mail.batch()).answer is Answer.ACCEPTED


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    with HttpServer() as server:
        SendGrid(SendGridSettings(base_url=server.url), SECRETS).hand_over(mail.batch())
    body = copy.deepcopy(server.requests[0].json)
    change(body)
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("from"),
        lambda body: body["personalizations"][0].pop("to"),
        lambda body: body["personalizations"].extend(body["personalizations"] * 400),
        lambda body: body.update(custom_args={"edition": "x"}),
        lambda body: body["content"][1].update(value=""),
        lambda body: body["categories"].append("k" * 256),
        lambda body: body["tracking_settings"]["click_tracking"].update(enable="no"),
        lambda body: body["personalizations"][0]["substitutions"].update(place=7),
    ],
)
def test_prism_bites(prism: str, change: Callable[[dict[str, Any]], object]) -> None:
    status, violations = judged(prism, _changed(change))

    assert status != 202
    assert violations


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda body: body.update(surprise=1), "unknown key surprise"),
        (lambda body: body["personalizations"][0].update(surprise=1), "unknown key surprise"),
        (lambda body: body["content"].reverse(), "not plain text first, then HTML"),
        (lambda body: body.update(content=[]), "not plain text first, then HTML"),
        (lambda body: body.update(personalizations=[]), "no personalization"),
        (lambda body: body.update(categories=[]), "no category"),
        (lambda body: body["headers"].update(Received="x"), "reserved header Received"),
        (lambda body: body["personalizations"][0]["headers"].update(To="x"), "reserved header To"),
        (lambda body: body["personalizations"].append(body["personalizations"][0]), "an address twice"),
        (
            lambda body: body["personalizations"][0]["to"].extend(body["personalizations"][1]["to"]),
            "not one reader a personalization",
        ),
        (lambda body: body["personalizations"][0]["to"][0].update(name="a;b"), "a name 'a;b'"),
        (
            lambda body: body["personalizations"][0]["substitutions"].update(x="x" * 10_001),
            "too much in substitutions",
        ),
        (
            lambda body: body["personalizations"][0]["custom_args"].update(delivery=1),
            "no text in custom_args",
        ),
        (lambda body: body["headers"].update({"X-Title": "é"}), "header X-Title is not a line of ASCII"),
    ],
)
def test_our_own_checks_bite_where_prism_does_not(
    prism: str, change: Callable[[dict[str, Any]], object], what: str
) -> None:
    body = _changed(change)

    assert judged(prism, body)[0] == 202, "Prism sees it by now: the check of our own may go"
    assert what in overlooked(json.loads(body))


def test_a_name_for_taking_back_is_asked_for_as_specified(prism: str) -> None:
    provider = SendGrid(SendGridSettings(base_url=prism, delay=timedelta(minutes=30)), SECRETS)
    assert provider.new_recall()
