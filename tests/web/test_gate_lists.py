"""What stands where on the front and behind an article, and what of a text a page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from content.sanitise import clean_html
from content.teaser import Teaser
from tests import samples
from tests.samples import NOON
from web.gate_cards import Draughtsman, address_of
from web.gate_lists import BRIEFS, FEATURES, LATEST, OF_SECTION, OF_SPONSOR, SPONSORED, front_of, related_to
from web.gate_text import for_page, repeats

ZONE = ZoneInfo("Europe/Brussels")
HOME = "https://feeds.quay.example"


def story(name: str, hours: float = 1, **changes: Any) -> Teaser:
    return samples.teaser(name, published=NOON - timedelta(hours=hours), **changes)


def front(*politics: Teaser, culture: tuple[Teaser, ...] = (), bookings: tuple[Teaser, ...] = ()) -> Any:
    return front_of({"politics": politics, "culture": culture}, (), (*politics, *culture), bookings, ZONE)


def test_rank_leads_within_a_day_and_a_pin_before_it() -> None:
    old = story("old", 30, rank=1)
    assert front(story("new"), story("ranked", 3, rank=1), old).lead.slug == "ranked"
    assert front(story("new"), story("pinned", 4, pinned=True), story("r", rank=1)).lead.slug == "pinned"
    assert front(story("new"), replace(old, pinned=True)).lead.slug == "new"
    sticky = story("sticky", pinned=True, sticky=True)
    assert front(sticky, story("pinned", 4, pinned=True)).lead.slug == "pinned"
    assert front(story("new"), sticky).lead.slug == "sticky"


def test_a_sensitive_story_leads_where_an_editor_says_so_and_stands_alone() -> None:
    ad = story("ad", sponsor="Lumen")
    found = front(story("grief", sensitive=True), story("other", 2), bookings=(ad,))
    assert (found.lead.slug, len(found.sponsored)) == ("other", 1)
    found = front(story("grief", sensitive=True, pinned=True), story("other", 2), bookings=(ad,))
    assert (found.lead.slug, found.sponsored) == ("grief", ())
    assert front(story("grief", sensitive=True)).lead is None


def test_of_one_sponsor_few() -> None:
    ads = tuple(story(f"ad{number}", sponsor="Lumen" if number < 5 else "Ostrea") for number in range(7))
    shown = front(story("a"), bookings=ads).sponsored
    assert [one.slug for one in shown] == ["ad0", "ad1", "ad5", "ad6"]


_TEASERS = st.lists(
    st.builds(
        story,
        st.sampled_from([f"s{number}" for number in range(30)]),
        st.floats(0, 60),
        label=st.sampled_from(["", "Feature", "Opinion"]),
        rank=st.sampled_from([None, 1, 2]),
        sensitive=st.booleans(),
        pinned=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda one: one.id,
)


@given(_TEASERS, _TEASERS, _TEASERS)
def test_no_story_stands_twice_and_no_list_is_too_long(
    one: list[Teaser], other: list[Teaser], briefs: list[Teaser]
) -> None:
    found = front_of({"a": one, "b": other}, briefs, [*one, *other], (), ZONE)
    lists = [stories for _, stories in found.sections] + [found.briefs, found.latest]
    ids = [story.id for stories in lists for story in stories] + ([found.lead.id] if found.lead else [])
    assert len(ids) == len(set(ids))
    assert all(0 < len(stories) <= OF_SECTION for _, stories in found.sections)
    assert len(found.briefs) <= BRIEFS
    assert len(found.latest) <= LATEST
    for article in one[:1]:
        behind = related_to(article, one, briefs, ())
        ids = [each.id for part in (behind.features, behind.briefs, behind.latest) for each in part]
        assert article.id not in ids
        assert len(ids) == len(set(ids))
        assert len(behind.features) <= FEATURES


@given(st.lists(st.sampled_from(["Lumen", "Ostrea", "Kaap"]), max_size=20), st.booleans())
def test_sponsors_are_apart_few_and_not_behind_grief(sponsors: list[str], sensitive: bool) -> None:
    ads = [story(f"ad{number}", sponsor=name) for number, name in enumerate(sponsors)]
    behind = related_to(story("a", sensitive=sensitive), [], [], ads)
    assert len(behind.sponsored) <= SPONSORED
    assert not (sensitive and behind.sponsored)
    for name in sponsors:
        assert sum(one.sponsor == name for one in behind.sponsored) <= OF_SPONSOR


def test_a_booking_may_lead_to_its_sponsors_own_page() -> None:
    newsroom = samples.newsroom()
    assert address_of(story("a b", url="https://quay.example/a"), newsroom) == "/articles/a%20b"
    assert address_of(story("ad", sponsor="L", url="https://l.example/x"), newsroom) == "https://l.example/x"
    assert address_of(story("ad", sponsor="L", url="https://quay.example/ad"), newsroom) == "/articles/ad"
    assert address_of(story("a", slug="", url="https://quay.example/a"), newsroom) == "https://quay.example/a"


def test_a_card_runs_as_its_letters_do() -> None:
    arabic, english = samples.newsroom(language="ar"), samples.newsroom()
    words: dict[str, Any] = {"headline": "Bridge: الجسر يفتح", "teaser": "بعد عامين من العمل."}
    assert Draughtsman(english).card(story("a", language="ar", **words)).direction == "rtl"
    card = Draughtsman(arabic).card(story("a", language="ar"))
    assert (card.language, card.direction) == ("", "ltr")
    assert Draughtsman(arabic).card(story("a", language="ar", **words)).direction == ""


def page(html: str) -> str:
    return for_page(clean_html(html, HOME), HOME, "Elsewhere", "Table")


def test_pictures_of_ours_are_shown_and_others_linked() -> None:
    ours = page(f'<p><img src="{HOME}/media/a.jpg" alt="A"><img src="{HOME}/media/b.jpg"></p>')
    assert ours.count('src="/media/') == 2
    assert ours.count(" alt=") == 2
    other = page('<p><img src="https://spy.example/?a=1&amp;b=%22" alt="A &quot;map&quot;"></p>')
    assert "<img" not in other
    assert 'href="https://spy.example/?a=1&amp;b=%22" rel="noreferrer">Elsewhere: A &quot;map&quot;' in other
    linked = page('<p><a href="https://x.example/"><img src="https://x.example/i.png" alt="A"></a></p>')
    assert linked.count("<a ") == 1
    assert ">Elsewhere: A</a>" in linked
    # One of ours that is not there leads nowhere.
    assert page(f'<p>a <img src="{HOME}/articles/gone.jpg" alt="A map"></p>') == "<p>a A map</p>"
    for near in (
        f"{HOME}.evil.example/media/a.jpg",
        f"{HOME}/feeds/x.jpg",
        "https://evil.example/media/a.jpg",
    ):
        assert "<img" not in page(f'<p><img src="{near}"></p>')


def test_tables_scroll_by_themselves() -> None:
    shown = page("<table><tbody><tr><td>1</td></tr></tbody></table>")
    assert shown.startswith('<div class="wide" role="region" tabindex="0" aria-label="Table"><table>')
    assert shown.endswith("</table></div>")


@given(st.text(alphabet="<>ab imgsrtle\"'=/&", max_size=120))
def test_a_page_makes_nothing_harmful_of_what_was_clean(text: str) -> None:
    shown = page(f'<p>{text}<img src="https://spy.example/x" alt="{text}"></p>')
    assert "spy.example" not in shown or "<img" not in shown
    assert clean_html(shown.replace('<div class="wide"', "<div")) is not None
    assert "<script" not in shown


def test_a_teaser_that_the_text_begins_with_is_said_once() -> None:
    assert repeats("<p>It <b>opens</b> again. More.</p>", "It opens again.")
    assert not repeats("<p>Something else.</p>", "It opens again.")
    assert not repeats("<h2>It opens again.</h2>", "It opens again.")
    assert not repeats("", "")
