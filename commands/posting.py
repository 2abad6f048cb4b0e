"""What the ledger needs to make an edition's messages: the rest of the house, wired together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from urllib.parse import urlsplit

from sqlalchemy.engine import Connection

from commands.composing import current_teasers, fitting
from commands.context import Context
from content.corrected import corrected_since, live
from newsletter import editions
from newsletter.composition.revise import revised
from newsletter.correction_book import Question, owed_to
from newsletter.corrections import KEPT, standing
from newsletter.delivery import ramps
from newsletter.delivery.planning import Planned, VariantOf, pages, plan
from newsletter.delivery.post import Post
from newsletter.edition import Edition, Edits, Selection
from newsletter.mail.traces import message_id, trace
from newsletter.providers import Envelope
from newsletter.providers.chosen import provider_for
from newsletter.rendering.letter import Letter
from newsletter.rendering.phrases import trial_phrase
from newsletter.rendering.render import render
from newsletter.rendering.straight_in import links_for
from newsletter.variant import Variant, variant_for
from newsroom import witness
from newsroom.errors import HeldError
from newsroom.masthead import Newsletter
from newsroom.settings import Settings
from readership.reader import Candidate
from readership.tokens import preferences_token, unsubscribe_token


def post_for(room: Context, newsletter: Newsletter) -> Post:
    """The parts of the newsletter's messages."""
    settings = room.settings
    domain = newsletter.sender.rpartition("@")[2]

    def letter(selection: Selection, variant: Variant) -> Letter:
        links = links_for(settings, variant, room.clock())
        return render(selection, variant, settings.newsroom, newsletter, links).letter

    def revise(connection: Connection, selection: Selection, withdrawals_only: bool) -> Selection:
        now = room.clock()
        return revised(
            selection,
            settings.newsroom,
            newsletter,
            current_teasers(connection, room, selection, now),
            Edits(),
            now,
            withdrawals_only,
        )

    return Post(
        variant_of=lambda selection: _variant_of(selection, newsletter, straight_in=settings.straight_in.on),
        letter=letter,
        envelope=lambda moment: envelope_for(settings, newsletter, moment),
        unsubscribe_url=lambda reader_id: unsubscribe_url(settings, reader_id, newsletter.key),
        preferences_url=lambda reader_id: preferences_url(settings, reader_id),
        trial_phrase=lru_cache(maxsize=None)(trial_phrase),
        message_id=lambda edition, reader_id: message_id(
            settings.secrets.address_key, edition, reader_id, domain
        ),
        trace=partial(trace, settings.secrets.address_key) if carries_traces(settings) else untraced,
        revise=revise,
        fit=lambda selection: fitting(room, newsletter, selection, "deliver"),
        owed_to=lambda connection, edition: owed_to(
            connection, question(connection, room, newsletter, room.clock(), edition)
        ),
        standing=lambda connection, variant: _standing(connection, variant, room.clock()),
        announce=lambda edition: witness.announce(room.engine, settings.witness_path, edition),
        advanced=lambda edition: _advanced(room, edition),
    )


def planned(connection: Connection, room: Context, newsletter: Newsletter, edition: Edition) -> Planned:
    """Plan the edition's deliveries as a run would, inside a transaction that the caller rolls back."""
    post = post_for(room, newsletter)
    variant_of = post.variant_of(editions.selection_of(connection, edition.key, edition.revision))
    allow_to = room.settings.delivery.allow_to
    return plan(
        connection,
        edition,
        pages(connection, newsletter.key),
        variant_of,
        batch_size=provider_for(room.settings).batch_size,
        allow_to=allow_to,
        max_variants=newsletter.max_variants,
        owed_to=post.owed_to(connection, edition.key),
        paced=ramps.pace(connection, edition, variant_of, allow_to),
    )


def _advanced(room: Context, edition: str) -> None:
    # What was handed over is so; a witness that cannot be written stops the next edition before it begins.
    with suppress(HeldError):
        witness.advance(room.engine, room.settings.witness_path, edition)


def carries_traces(settings: Settings) -> bool:
    """Whether messages have an envelope of our own: else a keyed trace a reader is made for nobody."""
    return settings.delivery.provider == "smtp"


def untraced(_edition: str, _batch: int, _reader_id: int) -> str:
    """No trace."""
    return ""


def _variant_of(selection: Selection, newsletter: Newsletter, *, straight_in: bool) -> VariantOf:
    day, language = selection.local_date, newsletter.language

    def variant(candidate: Candidate) -> Variant | None:
        reader, subscription = candidate.reader, candidate.subscription
        return variant_for(reader, subscription, day, selection, language, straight_in=straight_in)

    return variant


def question(
    connection: Connection, room: Context, newsletter: Newsletter, now: datetime, edition: str = ""
) -> Question:
    """What the ledger is asked at `now` on behalf of an edition of the newsletter: who is to be told of which
    corrections."""
    settings = room.settings
    return Question(
        corrected=corrected_since(connection, now - KEPT, now, settings.newsroom.paywall),
        titles={one.key: one.title for one in settings.newsletters},
        provider=settings.delivery.provider,
        edition=edition,
        newsletter=newsletter.key,
    )


def _standing(connection: Connection, variant: Variant, now: datetime) -> Variant:
    if not variant.corrections:
        return variant
    there = live(connection, (line.article_id for line in variant.corrections), now)
    return replace(variant, corrections=standing(variant.corrections, there))


def envelope_for(settings: Settings, newsletter: Newsletter, moment: datetime) -> Envelope:
    """The envelope of the newsletter's messages that are handed over at `moment`."""
    public = urlsplit(settings.newsroom.public_url)
    title = newsletter.title.replace('"', "").replace("\\", "")
    return Envelope(
        sender=newsletter.sender,
        sender_name=newsletter.sender_name,
        reply_to=newsletter.reply_to,
        envelope_sender=newsletter.envelope_sender,
        list_id=f'"{title}" <{newsletter.key}.{public.hostname}>',
        date=moment.replace(microsecond=0),
        one_click=public.scheme == "https",
        category=newsletter.key,
        verp=settings.bounces.verp,
    )


def unsubscribe_url(settings: Settings, reader_id: int, newsletter: str) -> str:
    """A reader's own unsubscribe address."""
    token = unsubscribe_token(settings.secrets.signing_keys, reader_id, newsletter)
    return f"{settings.newsroom.public_url}/unsubscribe/{token}"


def preferences_url(settings: Settings, reader_id: int) -> str:
    """Where a reader changes what comes."""
    token = preferences_token(settings.secrets.signing_keys, reader_id)
    return f"{settings.newsroom.public_url}/preferences/{token}"
