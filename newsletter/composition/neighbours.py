"""What may stand beside what: nothing sponsored between news, nothing for sale beside a sensitive story."""

from __future__ import annotations

from dataclasses import dataclass, replace

from newsletter.edition import Block, Selection
from newsletter.left_out import Values, Why
from newsroom.masthead import Offer, SectionKind


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A selection in which the rule holds."""

    selection: Selection
    withheld: Why | None = None
    """Why sponsors and offer are out, if they are."""
    values: Values = ()
    """And what fills that in."""


def kept_apart(selection: Selection) -> Neighbourhood:
    """The selection with its sponsored blocks after all news, and none of them nor the offer beside a
    sensitive story.

    - Where a sensitive story leads, the edition has no sponsored block and no offer: the lead is the
      whole edition's face, in the inbox as well.
    - Elsewhere the story that comes just before sponsors and offer must not be sensitive: the last
      block's last story that is not goes to its end. Where there is no other story in that block,
      sponsors and offer are left out.

    Applying it twice changes nothing more.
    """
    news = tuple(block for block in selection.blocks if block.kind is not SectionKind.SPONSORED)
    paid = tuple(block for block in selection.blocks if block.kind is SectionKind.SPONSORED)
    if selection.lead and selection.lead.teaser.sensitive:
        return _withheld(selection, news, Why.SENSITIVE_LEAD)
    if news:
        last = _quiet_at_end(news[-1])
        if last is None:
            return _withheld(selection, news, Why.SENSITIVE_END, (news[-1].title,))
        news = (*news[:-1], last)
    return Neighbourhood(replace(selection, blocks=news + paid))


def words_of_account(offer: Offer) -> Offer:
    """An offer that offers nothing: only the ways to an account one has, and the terms."""
    return Offer(login_url=offer.login_url, account_url=offer.account_url, terms_url=offer.terms_url)


def _withheld(selection: Selection, news: tuple[Block, ...], why: Why, values: Values = ()) -> Neighbourhood:
    left = replace(selection, blocks=news, offer=words_of_account(selection.offer))
    return Neighbourhood(left, why, values)


def _quiet_at_end(block: Block) -> Block | None:
    quiet = [number for number, story in enumerate(block.stories) if not story.teaser.sensitive]
    if not quiet:
        return None
    stories = block.stories
    moved = stories[quiet[-1]]
    return replace(block, stories=(*stories[: quiet[-1]], *stories[quiet[-1] + 1 :], moved))
