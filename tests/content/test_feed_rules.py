"""Which feeds by rule an article is in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.article import Access, Booking
from content.feed_rules import NO_RULES, RuleBook, fingerprint
from newsroom.masthead import FeedRule
from tests.samples import article


def is_in(rule: dict[str, Any], **changes: Any) -> bool:
    return RuleBook([FeedRule("k", "K", **rule)]).lists_of(article(**changes)) == ("feed:k",)


ALL = {
    "tags": ("Sea wall", "Floods"),
    "not_tags": ("Quiz",),
    "sections": ("politics", "culture"),
    "authors": ("nele  verstraete",),
    "access": "paid",
}


@pytest.mark.parametrize(
    ("rule", "changes", "met"),
    [
        ({"tags": ("Sea wall",)}, {"tags": ("sea-wall",)}, True),
        ({"tags": ("Sea wall", "floods")}, {"tags": ("floods", "x")}, True),
        ({"tags": ("Sea wall",)}, {"tags": ("sea",)}, False),
        ({"tags": ("Sea wall",)}, {}, False),
        ({"not_tags": ("quiz",)}, {"tags": ("quiz",)}, False),
        ({"not_tags": ("quiz",)}, {"tags": ("x",)}, True),
        ({"not_tags": ("quiz",)}, {}, True),
        ({"sections": ("culture", "politics")}, {"sections": ("briefs", "politics")}, True),
        ({"sections": ("culture",)}, {"sections": ("politics",)}, False),
        ({"authors": ("NELE VERSTRAETE",)}, {}, True),
        ({"authors": ("Nele",)}, {}, False),
        ({"access": "free"}, {"access": Access.FREE}, True),
        ({"access": "free"}, {}, False),
        (ALL, {"tags": ("sea-wall",)}, True),
        (ALL, {"tags": ("sea-wall", "quiz")}, False),
        (ALL, {"tags": ("sea-wall",), "sections": ("briefs",)}, False),
        (ALL, {"tags": ("sea-wall",), "authors": ("Jo Peeters",)}, False),
        (ALL, {"tags": ("sea-wall",), "access": Access.REGISTERED}, False),
        ({"tags": ("spa",)}, {"tags": ("spa",), "booking": Booking("Kaap")}, False),
        ({"not_tags": ("spa",)}, {"booking": Booking("Kaap")}, False),
    ],
)
def test_every_condition_holds_and_of_a_list_one_is_enough(
    rule: dict[str, Any], changes: dict[str, Any], met: bool
) -> None:
    assert is_in(rule, **changes) is met


def test_no_rules_no_lists() -> None:
    assert NO_RULES.lists_of(article(tags=("a",))) == ()


_SOME = st.lists(st.sampled_from(("a", "b", "c")), unique=True, max_size=2).map(tuple)
_RULES = st.builds(
    FeedRule,
    key=st.uuids().map(str),
    title=st.just("T"),
    tags=_SOME,
    not_tags=_SOME,
    sections=_SOME,
    authors=_SOME,
    access=st.sampled_from(("", "free", "paid")),
)


@given(rules=st.lists(_RULES, max_size=6), tags=_SOME, sections=_SOME, authors=_SOME)
def test_many_rules_together_are_as_each_alone(
    rules: list[FeedRule], tags: tuple[str, ...], sections: tuple[str, ...], authors: tuple[str, ...]
) -> None:
    one = article(tags=tags, sections=sections, authors=authors)
    alone = [name for rule in rules for name in RuleBook([rule]).lists_of(one)]
    assert RuleBook(rules).lists_of(one) == tuple(sorted(alone))


def test_the_fingerprint_sees_conditions_alone() -> None:
    rule = FeedRule("k", "K", tags=("Sea wall", "floods"), not_tags=("quiz",), access="free")
    same = replace(rule, title="Other", about="Other.", tags=("FLOODS", "sea-wall"))
    assert fingerprint(same) == fingerprint(rule)
    others = [
        replace(rule, tags=("floods",)),
        replace(rule, not_tags=()),
        replace(rule, sections=("politics",)),
        replace(rule, authors=("Jo",)),
        replace(rule, access="paid"),
    ]
    assert len({fingerprint(one) for one in (rule, *others)}) == 6
