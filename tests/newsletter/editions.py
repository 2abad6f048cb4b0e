"""A full edition for tests: 24 stories in five blocks and twelve sponsored ones, in a newsroom on a river."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from content.article import Access, LeadImage, Picture
from newsletter.corrections import Correction
from newsletter.edition import Block, Selection, Story
from newsroom.masthead import Offer, SectionKind
from tests import samples

OFFER = samples.newsroom().offer
CORRECTED = (
    Correction(
        "tag:a",
        "The average is 870 <b>.",
        "The cycle street",
        "https://q.example/a",
        "en",
        "",
        date(2026, 3, 9),
    ),
    Correction(
        "tag:b",
        "It opens on Monday.",
        "Night trains",
        "https://q.example/b",
        "de",
        "Nordvik & Sons",
        date(2026, 3, 8),
        "The Quay on Sunday",
    ),
)

_LEDE = (
    "After eleven nights of talks the four harbour towns have agreed on who pays for the new storm barrier, "
    "and on who decides when it closes. The fishermen of the north quay call it a betrayal; the insurers "
    "call it overdue. We read the annex that nobody was meant to see."
)

_POLITICS = (
    (
        "Council votes to reopen the night ferry, a year after it was “temporarily” halted",
        "Analysis",
        (
            "Three parties changed their minds within a week. What moved them was less the petition of 9,000 "
            "commuters than a line in the port authority's accounts that we published in February."
        ),
        Access.PAID,
    ),
    (
        "The mayor's three unanswered letters",
        "Opinion",
        "A city that does not answer its own inspectors has stopped listening, writes our columnist.",
        Access.PAID,
    ),
    (
        "Who owns the riverbank? A map of every plot between the two bridges",
        "Feature",
        "We asked the land registry for 412 files. It sent 398, and an apology for the rest.",
        Access.REGISTERED,
    ),
    ("Wind farm vote moves to June", "", "The minister wants the fishing ports on board first.", Access.FREE),
)
_EUROPE = (
    (
        "Brussels gives river pilots two more years",
        "",
        (
            "The new licence was meant to begin in July. Seven member states said that they could not "
            "examine anybody before 2028, and one of them has no examiners left at all."
        ),
        Access.PAID,
    ),
    (
        "« Le fleuve n’attend pas » : Liège’s long wait for a lock",
        "Feature",
        "Barges queue for nineteen hours on an ordinary Tuesday; the spare gate lies in a yard in Gdańsk.",
        Access.PAID,
    ),
    (
        "Łódź to Tromsø by rail & sea, at last on one ticket",
        "",
        "Five operators, four currencies, one QR code: we tried it with a bicycle and a cello.",
        Access.FREE,
    ),
    ("Customs strike enters its second week", "", "Lorries wait as far back as the ring road.", Access.PAID),
)
_CULTURE = (
    (
        "محمد الكتبي, the last bookbinder of the Rue des Tanneurs, takes an apprentice",
        "",
        "He had refused eleven. The twelfth brought her own awl, and a question about glue.",
        Access.PAID,
    ),
    (
        "A cello in every lighthouse",
        "Review",
        "The festival's idea sounds like a dare 🎻. In the fog of its first evening it sounded like the sea.",
        Access.REGISTERED,
    ),
    (
        "What the tide table teaches about <time>",
        "Essay",
        "“Nothing”, says the keeper, “is late. It is only at another harbour.”",
        Access.PAID,
    ),
)
_BRIEFS = (
    "Tram line 4 runs again from Thursday",
    "Swimming ban lifted at the east dock",
    "University finds its lost meteorite in a cupboard",
    "Record catch of smelt: 40 tonnes in a night",
    "Fire at the rope works put out, nobody hurt",
    "Bread prize goes to a baker of 22",
)
_LATEST = (
    "Ferry operator names a new chair",
    "Storm warning for the outer banks until noon",
    "Two held over forged fishing permits",
    "Museum of Salt to close for a year",
    "School meals: what the auditors found",
    "The river in pictures: February",
)
_SPONSORS = (
    ("Port of Ostrava", "How inland ports can halve their diesel by 2030"),
    ("Nordvik Timber", "Why wooden quays are coming back"),
    ("Hanse Insurance Mutual", "Five questions to ask before you insure a houseboat"),
    ("European Pilots' Guild", "Open letter: a licence should be earned on the water"),
    ("Aqua & Daughters", "Drinking water from the tidal zone: a field report"),
    ("Tidal Energy Forum", "Join us in Porto: three days on moored turbines"),
    ("Rhine Rail Alliance", "Night trains and day barges belong in one timetable"),
)  # fmt: skip


def picture(name: str = "quay", width: int = 1200, height: int = 800, **changes: Any) -> LeadImage:
    """A picture in two sizes, published as media/NAME-WIDTH.jpg."""
    sizes = tuple(
        Picture(f"media/{name}-{size}.jpg", size, round(height * size / width), 90_000)
        for size in (width, width // 2)
    )
    value = LeadImage(
        sizes,
        alt="Two tugs turn a grey freighter in front of the old customs house.",
        caption="The north quay on Monday, an hour before the vote.",
        credit="Photo: Ilse Marchand / The Quay",
    )
    return replace(value, **changes)


def story(
    headline: str, label: str = "", teaser: str = "", access: Access = Access.PAID, **more: Any
) -> Story:
    """One story; `is_update` aside, `more` replaces the teaser's fields."""
    is_update = more.pop("is_update", False)
    slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in headline.lower()).split())[:40]
    value = samples.teaser(
        slug, headline=headline, label=label, teaser=teaser, access=access, **{"minutes": 5, **more}
    )
    return Story(value, is_update)


def selection(**changes: Any) -> Selection:
    """The whole edition of Tuesday, 10 March 2026."""
    politics = [story(*row) for row in _POLITICS]
    politics[0] = replace(
        politics[0], teaser=replace(politics[0].teaser, image=picture("ferry", credit="Photo: Port archive"))
    )
    politics[3] = replace(politics[3], is_update=True)
    europe = [story(*row, authors=("Jörg Øvergård", "Anaïs Lefèvre"), minutes=7) for row in _EUROPE]
    europe[1] = replace(
        europe[1],
        teaser=replace(
            europe[1].teaser,
            correction="An earlier version named the wrong yard; the gate lies in Gdańsk, not in Gdynia.",
        ),
    )
    culture = [story(*row, authors=("سلمى حداد",), minutes=3) for row in _CULTURE]
    culture[0] = replace(culture[0], teaser=replace(culture[0].teaser, image=picture("binder", 900, 1200)))
    blocks = (
        Block("politics", "Politics", SectionKind.EDITORIAL, tuple(politics)),
        Block("europe", "Europe", SectionKind.EDITORIAL, tuple(europe)),
        Block("culture", "Culture & Books", SectionKind.EDITORIAL, tuple(culture)),
        Block("briefs", "In brief", SectionKind.BRIEFS, tuple(story(line) for line in _BRIEFS)),
        Block("latest", "Latest", SectionKind.LATEST, tuple(story(line) for line in _LATEST)),
        Block(
            "partners",
            "Stakeholders' highlights",
            SectionKind.SPONSORED,
            tuple(
                story(
                    headline if turn == 0 else f"{headline} (part two)", sponsor=sponsor, access=Access.FREE
                )
                for turn in (0, 1)
                for sponsor, headline in _SPONSORS
            )[:12],
        ),
    )
    value = Selection(
        newsletter="daily",
        local_date=date(2026, 3, 10),
        slot="",
        composed=samples.NOON,
        subject="Who pays for the storm barrier: the annex nobody was meant to see",
        preheader="Council votes to reopen the night ferry · The mayor's three unanswered letters",
        lead=story(
            "Who pays for the storm barrier: the annex nobody was meant to see",
            "Feature", _LEDE, image=picture(), authors=("Nele Verstraete", "Tomáš Dvořák"), minutes=12,
        ),
        blocks=blocks,
        offer=OFFER,
    )  # fmt: skip
    return replace(value, **changes)


def offerless(value: Selection) -> Selection:
    """The same with no offer, as beside a sensitive story."""
    return replace(value, offer=Offer())
