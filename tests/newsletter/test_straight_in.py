"""Straight-in links: who gets them, what they open, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from content.article import Access
from content.teaser import Teaser
from newsletter.rendering.letter import Slot, filled
from newsletter.rendering.render import render
from newsletter.rendering.straight_in import (
    LONGEST,
    Passes,
    is_opened,
    links_for,
    public_keys,
    signed,
    with_token,
)
from newsletter.variant import Audience, Variant, variant_for, variant_from_json
from newsroom.settings import Settings, StraightInSettings
from readership.reader import Plan
from tests import samples
from tests.newsletter import material
from tests.samples import NOON
from tests.web.serving import settings

KEYS = (("l2", bytes(range(32))), ("l1", bytes(range(32, 64))))
HOST = "quay.example"
UNTIL = NOON + timedelta(hours=72)
PASSES = Passes(KEYS, HOST)
PLUS = frozenset({"plus"})


def on(**changes: Any) -> Settings:
    value = settings(Path("/nowhere"))
    value = replace(value, straight_in=StraightInSettings(on=True), **changes)
    return replace(value, secrets=replace(value.secrets, link_keys=KEYS))


def token(teaser: Teaser | None = None, key: Any = KEYS[0], host: str = HOST, until: datetime = UNTIL) -> str:
    return signed(key, host, teaser or samples.teaser(), frozenset(), until)


def test_a_token_says_the_article_its_end_and_no_person() -> None:
    read = jwt.decode(token(), OKPKey.import_key(dict(public_keys(KEYS)["keys"][0])), algorithms=["EdDSA"])
    assert read.claims == {"aud": HOST, "sub": "https://quay.example/bridge", "exp": int(UNTIL.timestamp())}
    assert read.header["kid"] == "l2"
    found = PASSES.read(token(), NOON)
    assert found is not None
    assert found.opens(samples.teaser())
    assert not found.opens(samples.teaser("tower"))


def test_the_private_half_is_told_nobody() -> None:
    told = str(public_keys(KEYS))
    assert '"d"' not in told
    assert KEYS[0][1].hex() not in told


def test_a_former_key_is_good_while_it_is_listed() -> None:
    old = token(key=KEYS[1])
    assert PASSES.read(old, NOON) is not None
    assert Passes(KEYS[:1], HOST).read(old, NOON) is None


def test_its_time_ends() -> None:
    assert PASSES.read(token(), UNTIL - timedelta(seconds=1)) is not None
    assert PASSES.read(token(), UNTIL) is None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        token()[:-5],
        token() + "A",
        token() + "\0",
        "é" + token(),
        "." * 3,
        "a" * 1_000_000,
        token(host="evil.example"),
        token(key=("l2", bytes(range(1, 33)))),
        token(key=("unknown", KEYS[0][1])),
        token().replace(".", ".e30", 1),
        token().partition(".")[0] + ".e30." + token().rpartition(".")[2],
    ],
)
def test_what_is_none_of_ours_opens_nothing(forged: str) -> None:
    assert PASSES.read(forged, NOON) is None


def test_no_other_algorithm_is_taken() -> None:
    claims = {"aud": HOST, "sub": "https://quay.example/bridge", "exp": int(UNTIL.timestamp())}
    public = str(public_keys(KEYS)["keys"][0]["x"])
    secret = OctKey.import_key(public)
    assert PASSES.read(jwt.encode({"alg": "HS256", "kid": "l2"}, claims, secret), NOON) is None
    none = "eyJhbGciOiJub25lIiwia2lkIjoibDIifQ." + token().split(".")[1] + "."
    assert PASSES.read(none, NOON) is None


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_anything_may_be_asked(text: str) -> None:
    assert PASSES.read(text, NOON) is None
    assert PASSES.read(".".join((token().split(".")[0], text, "x")), NOON) is None


def test_links_are_for_who_pays_and_where_it_is_on() -> None:
    teaser = samples.teaser()
    member = Variant(Audience.MEMBER)
    assert "?standfirst=ey" in links_for(on(), member, NOON)(teaser)
    for variant in (Variant(Audience.FREE), Variant(Audience.TRIAL)):
        assert links_for(on(), variant, NOON)(teaser) == teaser.url
    assert links_for(settings(Path("/nowhere")), member, NOON)(teaser) == teaser.url


@pytest.mark.parametrize(
    ("changes", "products", "opened"),
    [
        ({}, frozenset(), True),
        ({"access": Access.FREE}, frozenset(), False),
        ({"access": Access.REGISTERED}, frozenset(), True),
        ({"sponsor": "Lumen"}, frozenset(), False),
        ({"products": PLUS}, frozenset(), False),
        ({"products": PLUS}, PLUS, True),
        ({"products": PLUS}, frozenset({"basic"}), False),
        ({"url": ""}, frozenset(), False),
    ],
)
def test_only_what_a_reader_may_read_and_others_may_not(
    changes: Any, products: frozenset[str], opened: bool
) -> None:
    assert is_opened(samples.teaser(**changes), products) is opened


def test_a_letter_made_again_within_the_hour_is_the_same() -> None:
    teaser, member = samples.teaser(), Variant(Audience.MEMBER)
    first = links_for(on(), member, NOON)(teaser)
    assert links_for(on(), member, NOON + timedelta(minutes=59))(teaser) == first
    assert links_for(on(), member, NOON + timedelta(hours=1))(teaser) != first
    found = PASSES.read(first.partition("=")[2], NOON)
    assert found is not None
    assert found.until == datetime(2026, 3, 13, 12, 0, tzinfo=UTC)


def test_an_address_keeps_its_query_and_its_fragment() -> None:
    assert with_token("https://a.example/x", "t") == "https://a.example/x?standfirst=t"
    assert with_token("https://a.example/?p=1#top", "t") == "https://a.example/?p=1&standfirst=t#top"
    assert len(token(samples.teaser(url="https://a.example/" + "x" * 200))) < LONGEST


def test_the_letter_has_them_in_both_parts_and_only_the_payers() -> None:
    selection = material.edition(samples.teaser()).selection
    values = on()
    letters = {}
    for audience in Audience:
        variant = Variant(audience)
        links = links_for(values, variant, NOON)
        letter = render(selection, variant, values.newsroom, values.newsletters[0], links).letter
        empty = dict.fromkeys(Slot, "")
        letters[audience] = filled(letter.html, empty, html=True), filled(letter.text, empty, html=False)
    for audience, parts in letters.items():
        for part in parts:
            assert ("standfirst=ey" in part) is (audience is Audience.MEMBER)


def test_readers_with_other_products_that_matter_are_another_variant() -> None:
    selection = material.edition(samples.teaser("a", products=PLUS), samples.teaser("b")).selection

    def variant(plan: Plan, *products: str, straight_in: bool = True) -> Variant | None:
        reader = samples.reader(1, plan, products=frozenset(products))
        day = NOON.date()
        return variant_for(reader, samples.subscription(), day, selection, "en", straight_in=straight_in)

    assert variant(Plan.PAID, "plus", "other") == Variant(Audience.MEMBER, products=PLUS)
    assert variant(Plan.PAID, "other") == Variant(Audience.MEMBER)
    assert variant(Plan.FREE, "plus") == Variant(Audience.FREE)
    assert variant(Plan.PAID, "plus", straight_in=False) == Variant(Audience.MEMBER)
    one = Variant(Audience.MEMBER, products=PLUS)
    assert variant_from_json(one.to_json()) == one
    assert "products" not in Variant(Audience.MEMBER).to_json()
