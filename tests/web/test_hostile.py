"""Hostile use of every route there is: they are read from the application, so that a new one is tried too."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import html
import inspect
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote, urljoin, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.routing import Mount, Route

from newsroom.database import engine_for, metadata
from newsroom.settings import WebSettings
from readership import tokens
from readership.address import recipient_key
from readership.reader import Plan
from readership.tables import sign_ins, sign_ups
from readership.tokens import SigningKeys
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.serving import KEYS, Site, served, settings
from web.app import application

EVIL = "evil.example"
THEIRS: SigningKeys = (("k2", b"the key of another newsroom 1234"),)
"""Another newsroom's, under the same name."""
ID = "0" * 32
COUNTED = {"feed_uses"}
"""Fetches of private feeds are counted: that is what a GET of one is for."""


def values_in(root: Path) -> Any:
    """Settings with everything on that makes routes."""
    return dataclasses.replace(settings(root), web=WebSettings(gate=True))


@pytest.fixture(scope="module")
def fort(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A newsroom with a reader, a sign-up and a sign-in that wait, served with all its routes."""
    root = tmp_path_factory.mktemp("fort")
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    fill(engine)
    with served(values_in(root), engine) as site:
        yield site
    engine.dispose()


def fill(engine: sa.Engine) -> None:
    for number in (1, 2):
        register(engine, samples.reader(number, Plan.PAID), samples.subscription(number))
    key = recipient_key(ADDRESS_KEY, "new@quay.example")
    waits: dict[str, Any] = {"id": ID, "key": key, "address": "new@quay.example", "language": "en"}
    asked = {"asked": samples.NOON - timedelta(minutes=1)}
    with engine.begin() as connection:
        words = {"newsletters": ["daily"], "sections": [], "network": "unknown", "words": "words"}
        connection.execute(sa.insert(sign_ups).values(waits | words | asked | {"next": "", "browser": ""}))
        connection.execute(
            sa.insert(sign_ins).values(waits | {"browser": ID, "next": "", "tries": 0} | asked)
        )


def routes() -> list[tuple[str, frozenset[str]]]:
    """Each route's path with {parameters}, and its methods."""
    root = Path("/nowhere")
    app = application(values_in(root), engine_for("sqlite://"))
    found = []
    for route in app.routes:
        if isinstance(route, Mount):
            found.append((f"{route.path}/{{file}}", frozenset({"GET", "HEAD"})))
        elif isinstance(route, Route):
            found.append((route.path, frozenset(route.methods or ())))
    return found


ROUTES = routes()
PATHS = [path for path, _ in ROUTES]
FORMS = [path for path, methods in ROUTES if "POST" in methods]
OPEN = [path for path in PATHS if "{" in path]
"""Those that take a token, a name or a file from whoever asks."""


def at(path: str, value: str = "x") -> str:
    """The route's address with `value` for its parameters, in quotes already."""
    return re.sub(r"\{[^}]*\}", lambda _: value, path)


def makers() -> dict[str, Callable[..., str]]:
    """What signs each kind of token, by its name."""
    return {
        name: one
        for name, one in vars(tokens).items()
        if inspect.isfunction(one)
        and not name.startswith(("_", "read_"))
        and next(iter(inspect.signature(one).parameters), "") == "signing_keys"
        and get_type_hints(one)["return"] is str
    }


KINDS = sorted(makers())
SAID = {
    "newsletter": "daily",
    "newsletters": ("daily",),
    "generation": 0,
    "kind": "erase",
    "address": "a@quay.example",
}
"""What cannot be told by its type."""


def token(kind: str, keys: SigningKeys = KEYS) -> str:
    """A token of this kind for the first reader, or for what waits."""
    maker = makers()[kind]
    hints = get_type_hints(maker)
    return maker(
        keys, *(_sample(name, hints[name]) for name in hints if name not in ("signing_keys", "return"))
    )


def _sample(name: str, kind: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{one.name: _sample(one.name, hints[one.name]) for one in dataclasses.fields(kind)})
    if name == "key":
        return recipient_key(ADDRESS_KEY, samples.reader(1).address)
    by_type = {int: 1, str: ID, bytes: bytes(16), datetime: samples.NOON - timedelta(minutes=1)}
    return SAID[name] if name in SAID else by_type[kind]


def dump(site: Site, but: set[str] = COUNTED) -> dict[str, list[Any]]:
    """All that the database holds."""
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
            if table.name not in but
        }


def is_sound(answer: httpx2.Response, seconds: float = 0) -> None:
    """No mistake of ours is in the answer, no word of its inside, and it leads to nobody else."""
    assert answer.status_code < 500, (answer.request.method, answer.request.url.path[:80], answer.status_code)
    assert "Traceback" not in answer.text
    assert seconds < 5
    for name in ("x-content-type-options", "referrer-policy", "content-security-policy"):
        assert len(answer.headers.get_list(name)) == 1, (answer.request.url.path[:80], name)
    assert "x-evil" not in answer.headers
    assert "evil" not in answer.headers.get("set-cookie", "")
    where = answer.headers.get("location", "/")
    assert re.match(r"/(?![/\\])|https://(feeds\.)?quay\.example/", where), where


def tried(site: Site, method: str, path: str, **more: Any) -> httpx2.Response:
    begun = time.monotonic()
    answer = site.client.request(method, path, **more)
    is_sound(answer, time.monotonic() - begun)
    return answer


def test_there_are_routes_to_try() -> None:
    assert len(PATHS) > 12
    assert {"/subscribe", "/unsubscribe/{token:whatever}"} <= set(FORMS)
    assert {"unsubscribe_token", "confirm_token", "feed_token", "session_proof"} <= set(KINDS)


GOOD = tokens.unsubscribe_token(KEYS, 1, "daily")
VALUES = {
    "empty": "",
    "null byte": quote(GOOD[:-1]) + "%00" + GOOD[-1],
    "null byte alone": "%00",
    "not UTF-8": "%ff%fe" + GOOD,
    "half a pair": "%ed%a0%80",
    "line ends": "x%0d%0aX-Evil:%20yes%0d%0a%0d%0a",
    "up": "..%2f..%2f..%2fetc%2fpasswd",
    "up, plain": "../../../newsroom.toml",
    "backslashes": "..%5c..%5cnewsroom.toml",
    "two slashes": "%2f%2fevil.example",
    "another's site": "https:%2f%2fevil.example",
    "script": "%3Cscript%3Ealert(1)%3C/script%3E",
    "template": "%7B%7B7*7%7D%7D",
    "long": "A" * 30_000,
    "long and signed": "A" * 500 + GOOD,
    "signs": "%F0%9F%A6%8A%E2%80%AE",
    "truncated": GOOD[:-4],
    "cut in half": GOOD[: len(GOOD) // 2],
    "one letter": "u",
    "forged": GOOD[:5] + ("A" if GOOD[5] != "A" else "B") + GOOD[6:],
    "another newsroom's": tokens.unsubscribe_token(THEIRS, 1, "daily"),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_no_value_in_a_path_breaks_or_changes_anything(fort: Site, value: str) -> None:
    before = dump(fort)
    for path in OPEN:
        for method in ("GET", "HEAD", *(["POST"] if path in FORMS else [])):
            tried(fort, method, at(path, value))
    assert dump(fort) == before


def test_a_megabyte_in_a_path_is_hung_up_on(fort: Site) -> None:
    for path in OPEN:
        with contextlib.suppress(ConnectionError):
            assert raw(fort, f"GET {at(path, 'A' * 1_000_000)} HTTP/1.1\r\nHost: x\r\n").startswith(
                b"HTTP/1.1 4"
            )
    assert fort.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_for_one_door_opens_no_other(fort: Site, kind: str) -> None:
    """Each kind of token is tried at each door; what it gets from all but one is what nonsense gets."""
    opened = []
    for path in OPEN:
        for end in ("", "/all.rss"):
            good, bad = (tried(fort, "GET", at(path, one) + end) for one in (token(kind), "A" * 40))
            if (good.status_code, _plain(good)) != (bad.status_code, _plain(bad)):
                opened.append(path)
    # A probe is answered where readers unsubscribe, so that the operator knows that this works.
    assert len(set(opened)) <= 1, opened


@pytest.mark.parametrize("kind", KINDS)
def test_another_newsrooms_token_opens_nothing(fort: Site, kind: str) -> None:
    before = dump(fort)
    for path in OPEN:
        for method in ("GET", "POST") if path in FORMS else ("GET",):
            theirs, bad = (tried(fort, method, at(path, one)) for one in (token(kind, THEIRS), "A" * 40))
            assert (theirs.status_code, _plain(theirs)) == (bad.status_code, _plain(bad))
    assert dump(fort) == before


def _plain(answer: httpx2.Response) -> str:
    """The page without what is another one each time."""
    return re.sub(r'(?:value|href|action)="[^"]*"', "", answer.text)


FIELDS = (
    "address",
    "action",
    "code",
    "language",
    "name",
    "newsletter",
    "next",
    "proof",
    "section",
    "stamp",
    "undo",
)
WRONG = {
    "null byte": "a\0b@quay.example",
    "line ends": "a@quay.example\r\nBcc: b@evil.example\r\n\r\nX-Evil: yes",
    "another's site": "https://evil.example/",
    "two slashes": "//evil.example/",
    "backslash": "/\\evil.example",
    "script": '"><script>alert(1)</script>',
    "long": "A" * 30_000,
    "a token of another kind": GOOD,
    "signs": "\u202e\U0001f98a",
}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("path", FORMS)
def test_no_value_in_a_form_breaks_anything(fort: Site, path: str, value: str) -> None:
    answer = tried(fort, "POST", at(path), data=dict.fromkeys(FIELDS, value))
    assert "<script>alert" not in answer.text
    assert not re.search(r"""(?:href|action|src|content)=["'](?:https?:)?[/\\]{2}evil""", answer.text)
    for name in FIELDS:
        tried(fort, "POST", at(path), data={name: value})


BODIES: dict[str, tuple[str, bytes]] = {
    "JSON": ("application/json", b'{"address": "a@quay.example"}'),
    "broken JSON": ("application/json", b'{"address'),
    "XML": ("application/xml", b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
    "text": ("text/plain", b"address=a&next=//evil.example"),
    "no type": ("", b"address=a&next=//evil.example"),
    "an unknown charset": ("application/x-www-form-urlencoded; charset=klingon", b"address=%ff"),
    "not UTF-8": ("application/x-www-form-urlencoded", b"\xff\xfe\x00=\xff&address=%ff%fe"),
    "a megabyte": ("application/x-www-form-urlencoded", b"address=" + b"a" * 1_000_000),
    "many fields": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % one for one in range(20_000))),
    "no boundary": ("multipart/form-data", b"--x\r\n\r\n"),
    "a broken part": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
    "a file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="address"; filename="../../x"\r\n\r\na\r\n--x--\r\n',
    ),
    "a large part": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="address"\r\n\r\n'
        + b"a" * 1_000_000
        + b"\r\n--x--\r\n",
    ),
    "nothing": ("application/x-www-form-urlencoded", b""),
}


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES.keys())
def test_no_body_breaks_or_changes_anything(fort: Site, kind: str, body: bytes) -> None:
    before = dump(fort)
    for path in FORMS:
        tried(fort, "POST", at(path), content=body, headers={"Content-Type": kind} if kind else {})
    assert dump(fort) == before


def test_a_body_that_is_said_to_be_packed_is_not_unpacked(fort: Site) -> None:
    bomb = gzip.compress(b"a" * 10_000_000)
    for path in FORMS:
        tried(fort, "POST", at(path), content=bomb, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_method_that_no_route_has_does_nothing(fort: Site, method: str) -> None:
    before = dump(fort)
    for path in PATHS:
        assert tried(fort, method, at(path, GOOD), content=b"x=1").status_code in (404, 405), path
    assert dump(fort) == before


def test_what_takes_no_post_does_nothing_with_one(fort: Site) -> None:
    before = dump(fort)
    for path in set(PATHS) - set(FORMS):
        assert tried(fort, "POST", at(path, GOOD), data={"a": "b"}).status_code in (404, 405), path
    assert dump(fort) == before


def test_head_is_get_without_a_body(fort: Site) -> None:
    for path in PATHS:
        get, head = fort.client.get(at(path, GOOD)), fort.client.head(at(path, GOOD))
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.headers.get("content-type") == get.headers.get("content-type")


WANTED = ("next", "to", "url", "return", "redirect", "continue", "goto", "dest")
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "///evil.example",
    "/%2fevil.example",
    "/\t/evil.example",
    "https:evil.example",
    "javascript:alert(1)//evil.example",
    "/x//evil.example",
    "https://quay.example@evil.example/",
    "\r\nLocation: https://evil.example/",
)


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nothing_that_is_asked_for_leads_to_another_site(fort: Site, wanted: str) -> None:
    for path in PATHS:
        query = dict.fromkeys(WANTED, wanted)
        assert not led_to(tried(fort, "GET", at(path), params=query).text), path
    for path in FORMS:
        answer = tried(
            fort, "POST", at(path), data=dict.fromkeys(WANTED, wanted) | {"address": "a@quay.example"}
        )
        assert not led_to(answer.text), path


def led_to(page: str) -> list[str]:
    """Whatever in the page a browser would take for another site's address."""
    found = re.findall(r"""(?:href|action|src|content|value)=["']([^"']*)""", page)
    # Browsers take a backslash for a slash, and leave out what is no sign at all.
    read = [re.sub(r"[\t\r\n]", "", html.unescape(one).strip()).replace("\\", "/") for one in found]
    whole = [urlsplit(urljoin("https://feeds.quay.example/x", one)) for one in read]
    return [one.geturl() for one in whole if "evil" in one.netloc or one.scheme == "javascript"]


NAMED = (
    {"Host": EVIL},
    {"Host": f"{EVIL}:8443"},
    {"Host": f"quay.example@{EVIL}"},
    {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"},
    {"Forwarded": f"host={EVIL};proto=https"},
    {"X-Original-URL": f"https://{EVIL}/", "X-Rewrite-URL": f"https://{EVIL}/"},
    {"X-Forwarded-Prefix": f"//{EVIL}", "X-Script-Name": f"//{EVIL}"},
    {"Origin": f"https://{EVIL}", "Referer": f"https://{EVIL}/"},
)


@pytest.mark.parametrize("headers", NAMED, ids=lambda one: ",".join(one))
def test_no_link_and_no_redirect_is_made_of_what_a_client_calls_us(
    fort: Site, headers: dict[str, str]
) -> None:
    for path in PATHS:
        answer = tried(fort, "GET", at(path, token("unsubscribe_token")), headers=headers)
        assert EVIL not in answer.text + str(answer.headers), path
    for path in FORMS:
        answer = tried(fort, "POST", at(path), headers=headers, data={"address": "a@quay.example"})
        assert EVIL not in answer.text + str(answer.headers), path


def test_two_hosts_and_an_address_with_another_host_lead_nowhere_else(fort: Site) -> None:
    for start in (
        f"GET https://{EVIL}/subscribe HTTP/1.1\r\nHost: {EVIL}\r\n",
        f"GET /feeds HTTP/1.1\r\nHost: x\r\nHost: {EVIL}\r\n",
        f"GET //{EVIL}/feeds HTTP/1.1\r\nHost: x\r\n",
        f"GET /\\{EVIL}/ HTTP/1.1\r\nHost: x\r\n",
        "GET /feeds HTTP/1.0\r\n",
    ):
        answer = raw(fort, start)
        assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4"))
        assert EVIL.encode() not in answer


def raw(site: Site, start: str) -> bytes:
    url, found = site.client.base_url, b""
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(f"{start}Connection: close\r\n\r\n".encode())
        while part := connection.recv(65_536):
            found += part
    return found


def test_no_cookie_is_set_and_nothing_is_written_before_a_form_is_sent(fort: Site) -> None:
    before = dump(fort)
    with httpx2.Client(base_url=fort.client.base_url, trust_env=False) as stranger:
        for path in PATHS:
            for one in ("x", *map(token, KINDS)):
                assert "set-cookie" not in stranger.get(at(path, one)).headers, path
    assert dump(fort) == before


@pytest.mark.parametrize(
    "cookie",
    [
        "standfirst=\xff\xfe",
        "standfirst=" + "A" * 8_000,
        "standfirst=; standfirst=x",
        "=;;==",
        "a=b; " * 400,
        "standfirst=x\x01",
    ],
    ids=["latin", "long", "two", "odd", "many", "control"],
)
def test_no_cookie_breaks_anything(fort: Site, cookie: str) -> None:
    for path in PATHS:
        headers = [(b"Cookie", cookie.encode("latin-1"))]
        try:
            answer = fort.client.get(at(path), headers=headers)
        except httpx2.LocalProtocolError:
            return  # Their client does not send it; test_wire sends what no client does.
        is_sound(answer)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
NAMES = (
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Forwarded"),
    *("If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Origin", "Range"),
    *("Referer", "Sec-Fetch-Site", "User-Agent", "X-Forwarded-For"),
)
PRINTED = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80)
HEADERS = st.dictionaries(st.sampled_from(NAMES), PRINTED, max_size=4)


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    parameter=st.one_of(TEXTS, st.sampled_from(KINDS).map(token), st.binary(max_size=60).map(quote)),
    tail=st.sampled_from(["", "/", "//", "/all.rss", "/../x", "?", "#x"]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    query=st.dictionaries(st.one_of(st.sampled_from(FIELDS), TEXTS), TEXTS, max_size=3),
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=200), st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=4)),
)
def test_whatever_is_asked_there_is_an_answer(
    fort: Site,
    path: str,
    parameter: str,
    tail: str,
    method: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes | dict[str, str],
) -> None:
    more: dict[str, Any] = {}
    if method == "POST":
        more = {"content": body} if isinstance(body, bytes) else {"data": body}
    tried(fort, method, at(path, quote(parameter)) + tail, params=query or None, headers=headers, **more)


def test_nothing_of_all_this_was_a_mistake_of_ours(fort: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The log of a sample of it has no failure, and no address or token."""
    for path in PATHS:
        for value in (GOOD, "%00", "%ff", quote("ann@quay.example")):
            if value == GOOD and not re.search("{(token|rest)", path):
                continue  # There is no token in the address of an article.
            fort.client.get(at(path, value), params={"address": "ann@quay.example"})
        if path in FORMS:
            fort.client.post(at(path, GOOD[:-3]), data={"address": "ann@quay.example"})
    fort.client.get("/healthz")
    said = capsys.readouterr().out
    assert "failed" not in said
    assert "ann@" not in said
    assert GOOD[:-3] not in said


def test_a_file_is_reached_by_its_own_name_alone(fort: Site) -> None:
    """As test_files, in every folder of files that there is."""
    folders = [path for path in PATHS if path.endswith("/{file}")]
    secret = fort.public.parent / "newsroom.toml"
    secret.write_text("secret words")
    for folder in folders:
        own = fort.public / folder.split("/")[1]
        own.mkdir(parents=True, exist_ok=True)
        (own / "inside").mkdir(exist_ok=True)
        (own / "inside" / "x.rss").write_text("secret words")
        for name in ("link.rss", "link.jpg"):
            (own / name).unlink(missing_ok=True)
            (own / name).symlink_to(secret)
    try:
        for folder in folders:
            for name in (
                *("..%2fnewsroom.toml", "../newsroom.toml", "%2e%2e/newsroom.toml", "..%5cnewsroom.toml"),
                *("link.rss", "link.jpg", "inside/x.rss", "inside%2fx.rss", "inside", "inside/", "/link.rss"),
                *("%00", "link.rss%00.jpg", ".", "..", "...", "~root", "%c0%ae%c0%ae/newsroom.toml"),
            ):
                answer = raw(fort, f"GET {at(folder, name)} HTTP/1.1\r\nHost: x\r\n")
                assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), (folder, name, answer[:60])
                assert b"secret" not in answer
    finally:
        shutil.rmtree(fort.public)
