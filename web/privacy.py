"""What is kept about a reader, for how long, and how a reader has it shown, changed or erased."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from readership import feed_uses, sessions, sign_ins, sign_up
from web.house import House
from web.words import words

_PARTS = ("mail", "consent", "ledger", "sign_in", "feeds", "links", "limits", "erased", "rights")
"""The page's sections, in its order; each has a title and a text, a line a paragraph."""


def routes(house: House) -> list[BaseRoute]:
    """/privacy."""
    return [Route("/privacy", Privacy(house).__call__, methods=["GET"])]


@dataclass(frozen=True, slots=True)
class Privacy:
    """Answers /privacy."""

    house: House

    async def __call__(self, request: Request) -> Response:
        """The same page for everybody. `?language=` asks for another language."""
        wanted = request.query_params.get("language", "")[:35]
        language = wanted if wanted and words(wanted)["lang"] == wanted else self.house.newsroom.language
        first = next(iter(self.house.newsletters.values()), None)
        values = {
            "sign_up_days": sign_up.KEPT.days,
            "minutes": sign_ins.HOLDS.seconds // 60,
            "days": sessions.KEPT.days,
            "feed_days": feed_uses.KEPT.days,
        }
        pages = self.house.pages
        parts = [
            (
                pages.phrase(f"privacy_{part}_title", language),
                pages.phrase(f"privacy_{part}", language, **values).strip().split("\n"),
            )
            for part in _PARTS
        ]
        return pages.page(
            "privacy",
            "privacy_title",
            language,
            parts=parts,
            address=first.postal_address.strip().split("\n") if first else [],
            contact=self.house.contact,
        )
