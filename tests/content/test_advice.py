"""What mends an article is said in the words of the system that it is written in."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from content.article import Access
from content.sources.advice import FILE, advice_for
from content.sources.choices import sponsored_of
from content.sources.rules import Rules
from newsroom.masthead import Section, SectionKind
from tests import samples


@pytest.mark.parametrize("kind", ["wordpress", "ghost", "feed", "pages", "sql"])
def test_only_a_file_is_told_of_its_front_matter(kind: str) -> None:
    words = [getattr(advice_for(kind), one.name) for one in fields(FILE)]
    assert all(words)
    assert not {getattr(FILE, one.name) for one in fields(FILE)} & set(words)


def test_a_file_has_its_own_words() -> None:
    assert advice_for("folder") is FILE


@pytest.mark.parametrize(
    ("several", "keys", "expected"),
    [
        (False, ("politics",), ("partners",)),
        (False, (), ("partners",)),
        (True, ("politics",), ("politics",)),
        (True, ("politics", "ads"), ("ads",)),
        (True, ("ads", "partners"), ("ads", "partners")),
    ],
)
def test_a_sponsors_article_stands_in_no_news(
    several: bool, keys: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    newsroom = samples.newsroom()
    if several:
        ads = Section("ads", "Advertisements", SectionKind.SPONSORED)
        newsroom = replace(newsroom, sections=(*newsroom.sections, ads))
    rules = Rules(newsroom, "site", Access.PAID, "en")
    assert sponsored_of(keys, rules) == expected
