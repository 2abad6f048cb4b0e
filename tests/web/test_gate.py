"""The article gate over HTTP: who gets which text, and what is said of what is not here."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content import store
from content.article import Access, Body, Booking, LeadImage, Picture
from newsletter.rendering.straight_in import signed, with_token
from newsroom.database import engine_for, metadata, writing
from readership.reader import Plan
from tests import samples
from tests.samples import NOON
from tests.samples import teaser as sample_teaser
from tests.web.gating import HOME, LINK_KEYS, MARK, article, gated, get, put, signed_in
from tests.web.serving import Clock, Site, served
from web import gate_shelves

IMAGE = LeadImage((Picture("media/abc.jpg", 1200, 600, 9),), "A bridge", "The bridge at dawn", "Ann Maes")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("gate")
    sections = samples.newsroom().sections
    renamed = (replace(sections[0], former_keys=("town-hall",)), *sections[1:])
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    with served(gated(root, sections=renamed), engine) as value:
        yield value
    engine.dispose()


@pytest.fixture
def gate(behind: Site, said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    # The server outlives a test, and its lists are of another one's articles.
    monkeypatch.setattr(gate_shelves, "KEPT", timedelta(0))
    _empty(behind)
    behind.log = said
    yield behind
    behind.left()


def _empty(site: Site) -> None:
    site.emptied()
    shutil.rmtree(site.public, ignore_errors=True)
    site.clock.moment = Clock.moment


def token(name: str = "bridge", products: tuple[str, ...] = (), **changes: Any) -> str:
    found = sample_teaser(name, url=f"{HOME}/articles/{name}", products=frozenset(products), **changes)
    return signed(LINK_KEYS[0], "feeds.quay.example", found, frozenset(products), NOON + timedelta(hours=72))


def test_a_paid_body_goes_to_whoever_pays_and_to_nobody_else(gate: Site) -> None:
    put(gate, article())
    pages = {
        "anybody": get(gate),
        "free": get(gate, headers=signed_in(gate, 1, Plan.FREE)),
        "paid": get(gate, headers=signed_in(gate, 2, Plan.PAID)),
        "trial": get(gate, headers=signed_in(gate, 3, Plan.TRIAL)),
        "group": get(gate, headers=signed_in(gate, 4, Plan.GROUP)),
        "over": get(gate, headers=signed_in(gate, 5, Plan.PAID, plan_until=NOON.date() - timedelta(days=1))),
        "nobody": get(gate, headers={"Cookie": "__Host-standfirst=made-up"}),
    }
    assert {name for name, page in pages.items() if MARK in page.text} == {"paid", "trial", "group"}
    assert {page.status_code for page in pages.values()} == {200}
    assert pages["paid"].headers["cache-control"] == "private, no-store"
    assert "vary" not in pages["paid"].headers
    assert pages["paid"].headers["x-robots-tag"] == "noindex"
    assert pages["anybody"].headers["cache-control"] == "private, no-cache"
    assert "Thank you for reading." in pages["free"].text
    assert "Thank you for reading." not in pages["paid"].text


def test_the_offer_says_everything_in_its_order(gate: Site) -> None:
    put(gate, article())
    page = get(gate).text
    offer = [
        "Thank you for reading.",
        "Try it free for 30 days.",
        "€150 a year",
        "€15 a month",
        "Cancel at any time.",
        "We are owned by our readers.",
        "Your subscription pays for reporting.",
        'Groups and students: <a href="mailto:subs@quay.example">subs@quay.example</a>',
        "https://quay.example/terms",
        "/sign-in?next=%2Farticles%2Fbridge",
    ]
    places = [page.index(one) for one in offer]
    assert places == sorted(places)


def test_products_open_what_they_are_for(gate: Site) -> None:
    put(gate, article(products=frozenset({"plus"})))
    assert MARK in get(gate, headers=signed_in(gate, 1, products=frozenset({"plus"}))).text
    other = get(gate, headers=signed_in(gate, 2, products=frozenset({"basic"}))).text
    assert MARK not in other
    assert "Your subscription does not include this article." in other
    assert "Thank you for reading." not in other


def test_a_registered_article_opens_to_whoever_signs_in(gate: Site) -> None:
    put(gate, article(access=Access.REGISTERED))
    closed = get(gate).text
    assert MARK not in closed
    assert "free for everybody who signs in" in closed
    assert "Thank you for reading." not in closed
    assert 'href="/subscribe?next=%2Farticles%2F' in closed
    assert MARK in get(gate, headers=signed_in(gate, 1, Plan.FREE)).text


def test_nothing_is_sold_inside_of_a_sensitive_article(gate: Site) -> None:
    put(gate, article(sensitive=True), article("ad", booking=Booking("Lumen"), access=Access.FREE))
    page = get(gate).text
    assert MARK not in page
    assert "for subscribers" in page
    for word in ("Thank you for reading.", "€150", "//quay.example/subscribe", "Lumen"):
        assert word not in page
    assert "/sign-in?next=" in page


def test_a_free_article_is_the_same_for_everybody_and_may_be_kept(gate: Site) -> None:
    put(gate, article(access=Access.FREE))
    page = get(gate)
    assert MARK in page.text
    assert page.headers["cache-control"] == "public, max-age=300"
    assert page.text == get(gate, headers=signed_in(gate)).text
    again = get(gate, headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_tag_is_compared_when_it_is_settled_who_may_read(gate: Site) -> None:
    put(gate, article())
    payer = signed_in(gate)
    whole = get(gate, headers=payer)
    tag = {"If-None-Match": whole.headers["etag"]}
    assert get(gate, headers=payer | tag).status_code == 304
    stranger = get(gate, headers=tag)
    assert stranger.status_code == 200
    assert MARK not in stranger.text
    assert get(gate, headers=payer | {"If-None-Match": stranger.headers["etag"]}).status_code == 200


def test_the_way_to_sign_in_is_named_on_every_page_for_everybody(gate: Site) -> None:
    put(gate, article(access=Access.FREE))
    for path in ("/", "/sections/politics", "/articles/bridge"):
        page = gate.client.get(path)
        assert page.status_code == 200, path
        assert '<a href="/account">Sign in / account</a></li></ul></nav>' in page.text, path


def test_what_is_not_here(gate: Site) -> None:
    tomorrow = NOON + timedelta(days=1)
    put(gate, article("gone"), article("soon", published=tomorrow, updated=tomorrow), article("old"))
    with writing(gate.engine) as connection:
        store.withdraw(connection, [article("gone").id], NOON)
        store.update(connection, article("old", slug="new"), "other", NOON, changed=True)
    gone, soon, never = (get(gate, name) for name in ("gone", "soon", "never"))
    assert (gone.status_code, soon.status_code, never.status_code) == (410, 404, 404)
    assert "This article was withdrawn" in gone.text
    assert soon.text == never.text
    assert soon.headers["cache-control"] == "no-store"
    moved = gate.client.get("/articles/old?standfirst=x", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (301, "/articles/new?standfirst=x")
    for name in ("a" * 5_000, "%00", "..%2f..%2fetc", "%ff", "x%0d%0aSet-Cookie:a=b"):
        assert get(gate, name).status_code in (404, 405)


def test_a_correction_and_an_update_are_told(gate: Site) -> None:
    put(
        gate,
        article(correction="We had the year wrong.", updated=NOON, image=IMAGE, label="Feature"),
    )
    page = get(gate).text
    assert "We had the year wrong." in page
    assert "Updated <time" in page
    assert '<img src="/media/abc.jpg" width="1200" height="600" alt="A bridge">' in page
    assert "The bridge at dawn <i>Ann Maes</i>" in page


def test_machines_are_told_what_is_closed_and_nothing_of_it(gate: Site) -> None:
    put(gate, article(headline="Cut</script><script>alert(1)", image=IMAGE))
    page = get(gate).text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    said = json.loads(found[1])
    assert said["@type"] == "NewsArticle"
    assert said["isAccessibleForFree"] is False
    assert said["hasPart"] == {
        "@type": "WebPageElement",
        "isAccessibleForFree": False,
        "cssSelector": ".whole",
    }
    assert 'class="whole wall"' in page
    assert said["headline"] == "Cut</script><script>alert(1)"
    assert said["image"][0]["url"] == f"{HOME}/media/abc.jpg"
    assert said["author"] == [{"@type": "Person", "name": "Nele Verstraete"}]
    assert said["datePublished"] == "2026-03-10T12:00:00+01:00"
    assert "articleBody" not in said
    assert f'<link rel="canonical" href="{HOME}/articles/bridge">' in page
    assert f'<meta property="og:image" content="{HOME}/media/abc.jpg">' in page
    assert page.count("<script") == 1


def test_behind_an_article_stand_features_briefs_sponsors_and_the_latest(gate: Site) -> None:
    put(
        gate,
        article(),
        article("long", label="Feature"),
        article("short", sections=("briefs",)),
        article("news", sections=("culture",)),
        article("ad", booking=Booking("Lumen"), sections=("partners",), access=Access.FREE),
    )
    page = get(gate).text
    order = ["Features", "The long reopens", "In brief", "The short reopens", "Latest", "The news reopens"]
    order += ["Stakeholders&#39; highlights", "Paid content", "Lumen", 'rel="sponsored">The ad reopens']
    places = [page.rindex(one) for one in order]
    assert places == sorted(places)
    assert page.count("The bridge reopens") == page.count("bridge reopens")


def test_a_link_of_a_digest_opens_its_article_until_its_time_is_over(gate: Site) -> None:
    put(gate, article(), article("tower"))
    path = with_token("/articles/bridge", token())
    page = gate.client.get(path)
    assert MARK in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "opens this article until" in page.text
    assert path.partition("=")[2] not in page.text
    assert MARK not in gate.client.get(with_token("/articles/tower", token())).text
    assert path.partition("=")[2] not in gate.said()
    gate.clock.on(hours=72)
    over = gate.client.get(path)
    assert MARK not in over.text
    assert "The time of the link that brought you here is over." in over.text
    assert over.headers["cache-control"] == "private, no-store"


def test_the_public_keys_are_told_the_newest_first(gate: Site) -> None:
    answer = gate.client.get("/.well-known/jwks.json")
    assert [one["kid"] for one in answer.json()["keys"]] == ["l2", "l1"]
    assert all(set(one) == {"kty", "crv", "use", "alg", "kid", "x"} for one in answer.json()["keys"])
    assert answer.headers["cache-control"] == "public, max-age=3600"


def test_a_section_is_leafed_through(gate: Site) -> None:
    put(gate, *(article(f"a{number}", published=NOON - timedelta(minutes=number)) for number in range(45)))
    first = gate.client.get("/sections/politics")
    assert first.text.count('class="h3"') == 20
    assert 'href="/sections/politics?page=2" rel="next"' in first.text
    last = gate.client.get("/sections/politics?page=3")
    assert last.text.count('class="h3"') == 5
    assert 'rel="next"' not in last.text
    for path in ("nothing", "politics?page=4", "politics?page=0", "politics?page=x", "politics?page=99999"):
        assert gate.client.get(f"/sections/{path}").status_code == 404
    assert gate.client.get("/sections/culture").status_code == 200
    moved = gate.client.get("/sections/town-hall", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (301, "/sections/politics")
    assert gate.client.get("/sections/latest").text.count('class="h3"') == 20


def test_the_front_has_a_lead_the_sections_and_the_rest(gate: Site) -> None:
    put(
        gate,
        article("lead", rank=1),
        article("second"),
        article("book", sections=("culture",)),
        article("short", sections=("briefs",)),
        article("ad", booking=Booking("Lumen"), sections=("partners",)),
    )
    page = gate.client.get("/")
    assert MARK not in page.text
    order = ["The lead reopens", "The second reopens", "The book reopens", "The short reopens", "Lumen"]
    places = [page.text.index(one) for one in order]
    assert places == sorted(places)
    assert page.headers["cache-control"] == "public, max-age=60"
    assert page.headers["x-robots-tag"] == "all"
    assert 'href="/subscribe"' in page.text


def test_lists_are_kept_for_a_moment_and_an_article_is_not(
    gate: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_shelves, "KEPT", timedelta(seconds=10))
    gate.clock.on(days=1)
    put(gate, article(), article("tower"))
    assert "The tower reopens" in get(gate).text
    assert "The tower reopens" in gate.client.get("/").text
    with writing(gate.engine) as connection:
        store.withdraw(connection, [article("tower").id], gate.clock())
    assert get(gate, "tower").status_code == 410
    assert "The tower reopens" in get(gate).text
    gate.clock.on(seconds=10)
    assert "The tower reopens" not in get(gate).text
    assert "The tower reopens" not in gate.client.get("/").text


def test_an_empty_newsroom_has_a_front(gate: Site) -> None:
    assert "Nothing stands here yet." in gate.client.get("/").text
    assert "Nothing stands here yet." in gate.client.get("/sections/politics").text


def test_without_the_gate_nothing_of_it_answers(site: Site) -> None:
    put(site, article(access=Access.FREE))
    for path in ("/articles/bridge", "/sections/politics", "/.well-known/jwks.json"):
        assert site.client.get(path).status_code == 404


_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Range": st.sampled_from(["bytes=0-", "bytes=0-100000", "bytes=-500"]),
        "If-Range": st.just('"x"'),
        "If-None-Match": st.sampled_from(["*", '"x"', "WHOLE", "WHOLE-gzip"]),
        "If-Modified-Since": st.just("Sat, 01 Jan 2000 00:00:00 GMT"),
        "Accept-Encoding": st.sampled_from(["gzip", "identity;q=0", "br"]),
        "Accept": st.sampled_from(["application/json", "*/*", "application/ld+json"]),
        "User-Agent": st.sampled_from(["Googlebot/2.1", "facebookexternalhit/1.1", "x"]),
        "X-Forwarded-For": st.just("66.249.66.1"),
        "Authorization": st.just("Bearer x"),
    },
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    access=st.sampled_from([Access.PAID, Access.REGISTERED]),
    products=st.sampled_from([frozenset(), frozenset({"plus"})]),
    sensitive=st.booleans(),
    opening=st.booleans(),
    plan=st.sampled_from([None, *Plan]),
    own=st.sampled_from([frozenset(), frozenset({"plus"}), frozenset({"basic"})]),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
    headers=_HEADERS,
)
def test_no_paid_word_leaves_for_whoever_may_not_read_it(
    gate: Site,
    access: Access,
    products: frozenset[str],
    sensitive: bool,
    opening: bool,
    plan: Plan | None,
    own: frozenset[str],
    method: str,
    headers: dict[str, str],
) -> None:
    _empty(gate)
    text = "<p>What all may read, in some words of it.</p>" if opening else ""
    put(
        gate,
        article(
            access=access,
            products=products,
            sensitive=sensitive,
            opening=text,
            body=Body(text + f"<p>One {MARK} here.</p>" * 9),
        ),
    )
    whole = get(gate, headers=signed_in(gate, 1, Plan.PAID, products=frozenset({"plus"})))
    assert MARK in whole.text
    sent = {key: value.replace("WHOLE", whole.headers["etag"]) for key, value in headers.items()}
    if plan is not None:
        sent |= signed_in(gate, 2, plan, products=own)
    pays = plan not in (None, Plan.FREE) and (not products or bool(products & own))
    may = pays or (access is Access.REGISTERED and plan is not None)
    for path in ("/articles/bridge", "/articles/bridge?standfirst=x", "/sections/politics", "/"):
        answer = gate.client.request(method, path, headers=sent)
        assert answer.status_code < 500
        if MARK in answer.text or MARK in str(answer.headers):
            assert may
            assert path.startswith("/articles/")
            assert answer.headers["cache-control"] == "private, no-store"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(
        ["/articles/{}", "/sections/{}", "/articles/bridge?standfirst={}", "/sections/politics?page={}"]
    ),
    st.text(max_size=60) | st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
)
def test_whatever_is_asked_for_is_answered(gate: Site, path: str, text: str) -> None:
    answer = gate.client.get(path.format(quote(text, safe="", errors="replace")), follow_redirects=False)
    assert answer.status_code in (200, 301, 404)
    if answer.status_code == 301:
        # A slash too many, and never to another place.
        assert text.endswith("/") and answer.headers["location"].startswith(path.format(""))
    assert MARK not in answer.text


def test_a_slash_too_many_leads_to_the_article_and_the_account(gate: Site) -> None:
    put(gate, article())
    answer = gate.client.get("/articles/bridge/?standfirst=x", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/articles/bridge?standfirst=x")
    odd = gate.client.get("/articles/%2F%2Fevil.example/", follow_redirects=False)
    assert odd.status_code == 404 or odd.headers["location"].startswith("/articles/")
    answer = gate.client.get("/account/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/account")


def test_a_label_is_no_link_to_another_place(gate: Site) -> None:
    put(gate, article(label="Feature"))
    found = re.search(r'<p class="kicker">(.*?)</p>', get(gate).text)
    assert found
    assert found[1] == 'Feature · <a href="/sections/politics">Politics</a>'


def test_an_article_and_a_section_have_a_foot_and_a_slash_too_many_does_no_harm(gate: Site) -> None:
    put(gate, article(access=Access.FREE))
    for path in ("/articles/bridge", "/sections/politics"):
        page = gate.client.get(path).text
        foot = page[page.index("<footer>") :]
        for way in ("/subscribe", "/privacy", "mailto:editors@quay.example"):
            assert f'href="{way}"' in foot, path
    answer = gate.client.get("/sections/politics/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/sections/politics")
