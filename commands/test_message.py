"""`test ADDRESS`: real messages to yourself, outside of the ledger."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from commands.posting import envelope_for, unsubscribe_url
from commands.preview import PLANS, only
from commands.showing import aside, example_values, rendered, shown
from newsletter.edition import Selection, edition_key
from newsletter.letter import Letter
from newsletter.providers import Answer, Batch, Outcome, Recipient
from newsletter.providers.chosen import provider_for
from newsroom import log
from newsroom.errors import ConfigurationError, ExitStatus, ReaderError
from newsroom.masthead import Newsletter
from readership.reader import Plan
from readership.tokens import mailable

app = typer.Typer(pretty_exceptions_enable=False)

NOBODY = 0
"""The reader number of a test's links: they show the page, and stop nobody's mail."""


@app.command()
def test(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="Your own address.")],
    newsletter: Annotated[str | None, typer.Option(help="Its key; needed where there are several.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="One message for each plan.")] = False,
    plan: Annotated[Plan, typer.Option(help="As this plan's readers see it.")] = Plan.FREE,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Send the coming edition to yourself. No edition's state changes, and nobody else gets anything."""
    with opened(invocation(context, config, log_format, now)) as room:
        chosen = only(room, newsletter, "test")
        try:
            to = mailable(address)
        except ReaderError as error:
            raise ConfigurationError(f"test: {error}") from error
        with aside(room) as elsewhere:
            selection = shown(elsewhere, chosen, room.clock())
            for number, one in enumerate(PLANS if all_ else (plan,), 1):
                letter = rendered(elsewhere, chosen, selection, one).letter
                _send(room, chosen, selection, letter, one, number, to)
        raise typer.Exit(room.troubles.status)


def _send(
    room: Context,
    newsletter: Newsletter,
    selection: Selection,
    letter: Letter,
    plan: Plan,
    number: int,
    to: str,
) -> None:
    marked = Letter(f"[Test, {plan.value}] {letter.subject}", letter.html, letter.text, letter.language)
    domain = newsletter.sender.rpartition("@")[2]
    recipient = Recipient(
        delivery=number,
        address=to,
        message_id=f"test-{secrets.token_hex(12)}@{domain}",
        values=example_values(letter.language, unsubscribe_url(room.settings, NOBODY, newsletter.key)),
    )
    key = edition_key(newsletter.key, selection.local_date, selection.slot)
    batch = Batch(
        f"test-{key}", number, marked, envelope_for(room.settings, newsletter, room.clock()), (recipient,)
    )
    provider = provider_for(room.settings)
    try:
        outcome = provider.hand_over(batch)
    finally:
        provider.close()
    answer, reason = outcome.own.get(number, (outcome.answer, outcome.reason))
    if answer is Answer.ACCEPTED:
        log.step("test", plan=plan.value, provider=provider.name, answer=answer.value)
    else:
        _complain(room, plan, outcome, answer, reason)


def _complain(room: Context, plan: Plan, outcome: Outcome, answer: Answer, reason: str) -> None:
    said = reason or outcome.reason or "no reason given"
    message = f"the test for {plan.value} was {answer.value}: {said}"
    room.troubles.add("test", plan.value, message, ExitStatus.FAILED)
