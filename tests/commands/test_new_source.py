"""What was found and said, made into a `[[source]]`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.new_sections import NewSection, WrongAnswerError, agreed, completed, named_sections
from commands.new_source import Paid, as_title, kind_of, left_out, paid_of, section_titles, source_of
from content.survey import Survey, Topic

URL = "https://quay.example"
WORDPRESS = Survey(
    "wordpress",
    URL,
    topics=(
        Topic("stadt", "City Hall", 12),
        Topic("elections", "Elections", 4, within="stadt"),
        Topic("arts-books", "Arts, Books & more", 7),
        Topic("latest", "Latest", 5),
        Topic("plus", "Plus Stories", 3),
        Topic("uncategorized", "Uncategorized", 2),
    ),
)
_LISTS = (
    Topic("p", "Politics", 9, address=f"{URL}/p"),
    Topic("ads", "Ads", 3, address=f"{URL}/ads"),
)
FEED = Survey("feed", URL, topics=(Topic("City Hall", "City Hall", 3),))
PAGES = Survey("pages", URL, topics=_LISTS)


def _sections(text: str) -> tuple[NewSection, ...]:
    return completed(agreed(named_sections(text)), "en")


@pytest.mark.parametrize(
    ("text", "kind", "paid"),
    [
        ("all", "wordpress", Paid("all")),
        ("NONE", "feed", Paid("none")),
        ("page", "pages", Paid("page")),
        ("more", "wordpress", Paid(rules=("more",))),
        ("category:plus, tag:vip , category:plus", "wordpress", Paid(rules=("category:plus", "tag:vip"))),
        ("category:Plus Stories", "wordpress", Paid(rules=("category:plus",))),
        ("category:city-hall", "feed", Paid(rules=("category:City Hall",))),
        ("tag:city hall", "feed", Paid(rules=("tag:City Hall",))),
        ("meta:paid=1", "wordpress", Paid(rules=("meta:paid=1",))),
        ("page", "", Paid("page")),
    ],
)
def test_which_articles_are_paid(text: str, kind: str, paid: Paid) -> None:
    found = {"wordpress": WORDPRESS, "feed": FEED}.get(kind)
    assert paid_of(text, kind, found) == paid


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", "wordpress", "nothing was said; allowed: all, none, category:SLUG"),
        ("all, more", "wordpress", "does not go together"),
        ("page", "wordpress", "does not go together"),
        ("plus", "wordpress", '"plus" is no rule'),
        ("more", "feed", '"more" means nothing here'),
        ("category:plus", "pages", "means nothing here; allowed: page"),
        ("category:nowhere", "wordpress", 'no category "nowhere"; allowed: stadt, elections'),
        (
            "category:citty-hall",
            "feed",
            'no article in the feed has the category "citty-hall"; allowed: City Hall',
        ),
        ("tag:citty-hall", "feed", 'no article in the feed has the tag "citty-hall"; allowed: City Hall'),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, kind: str, reason: str) -> None:
    with pytest.raises(WrongAnswerError, match=reason):
        paid_of(text, kind, {"wordpress": WORDPRESS, "feed": FEED}.get(kind))


def test_a_kind_is_one_of_ours() -> None:
    assert kind_of(" WordPress ") == "wordpress"
    with pytest.raises(WrongAnswerError, match="allowed: wordpress, ghost, feed, pages, folder, none"):
        kind_of("drupal")


def test_the_sites_own_lists_become_sections() -> None:
    assert section_titles(WORDPRESS) == "City Hall, Arts Books & more, Plus Stories"
    assert section_titles(Survey("feed", URL)) == "News"


def test_names_are_mapped_where_they_differ() -> None:
    sections = _sections("City Hall, Arts Books & more, Uncategorized")
    source = source_of(WORDPRESS, sections, Paid("all"))
    assert source.sections == (("stadt", "city-hall"), ("arts-books", "arts-books-more"))
    assert source.section == ""
    # Elections stand within the City Hall; what is named as a section has a place without a word.
    assert [one.name for one in left_out(WORDPRESS, source, sections)] == ["latest", "plus"]


def test_no_article_is_put_into_what_is_made_of_the_others() -> None:
    source = source_of(WORDPRESS, _sections("City Hall"), Paid("none"))
    assert ("latest", "latest") not in source.sections
    assert "latest" not in {key for _, key in source.sections}


def test_where_no_list_fits_all_stand_in_the_first_section() -> None:
    sections = _sections("Harbour, Sea")
    source = source_of(WORDPRESS, sections, Paid(rules=("more",)))
    assert (source.sections, source.section) == ((), "harbour")
    assert (source.access, source.paid) == ("free", ("more",))
    assert left_out(WORDPRESS, source, sections) == ()


def test_pages_have_lists_and_a_word_of_their_own() -> None:
    sections = _sections("Politics, Ads=sponsored")
    own = source_of(PAGES, sections, Paid("page"))
    assert own.lists == ((f"{URL}/p", "politics"), (f"{URL}/ads", "ads"))
    assert (own.access, own.paid) == ("paid", ())
    assert source_of(PAGES, sections, Paid("none")).access == "free"
    # What a sponsor pays for is there to be read.
    assert source_of(PAGES, sections, Paid("all")).paid == ("category:politics",)
    assert source_of(Survey("pages", URL), sections, Paid("page")).lists == ((URL, "politics"),)


def test_a_secret_does_not_show_itself() -> None:
    source = source_of(Survey("ghost", URL), _sections("News"), Paid("all"), secret="22444f")
    assert source.secret == "22444f"
    assert "22444f" not in repr(source)


@given(st.lists(st.text(max_size=70), max_size=12))
def test_whatever_lists_are_called_the_sections_can_be_said(titles: list[str]) -> None:
    topics = tuple(Topic(f"t{number}", title, 1) for number, title in enumerate(titles))
    found = Survey("wordpress", URL, topics=topics)
    sections = _sections(section_titles(found))
    source = source_of(found, sections, Paid("all"))
    keys = {one.key for one in sections}
    assert {key for _, key in source.sections} <= keys
    assert all("," not in as_title(one) for one in topics)
