"""`test ADDRESS`: real messages to yourself, outside of the ledger."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from commands.posting import envelope_for, preferences_url, unsubscribe_url
from commands.preview import PLANS, only
from commands.showing import aside, example_values, rendered, shown
from newsletter.providers import Answer, Batch, Recipient
from newsletter.providers.chosen import provider_for
from newsletter.rendering.letter import Letter
from newsroom import log
from newsroom.errors import ConfigurationError, ExitStatus, MisuseError, ReaderError
from newsroom.masthead import Newsletter
from readership.address import mailable
from readership.reader import Plan
from readership.tokens import NOBODY

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def test(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="Your own address.")],
    newsletter: Annotated[str | None, typer.Option(help="Its key; needed where there are several.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="One message for each plan.")] = False,
    plan: Annotated[
        Plan | None, typer.Option(help="As this plan's readers see it; else as free ones do.")
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Send the coming edition to yourself. No edition's state changes, and nobody else gets anything."""
    if all_ and plan:
        raise MisuseError("test: --all and --plan: say one of them")
    with opened(invocation(context, config, log_format, now)) as room:
        chosen = only(room, newsletter, "test")
        try:
            to = mailable(address)
        except ReaderError as error:
            raise ConfigurationError(f"test: {error}") from error
        with aside(room) as elsewhere:
            found = shown(elsewhere, chosen, room.clock())
            log.step("test", edition=found.key, shows=found.what, stories=len(found.selection.stories))
            for number, one in enumerate(PLANS if all_ else (plan or Plan.FREE,), 1):
                letter = rendered(elsewhere, chosen, found.selection, one).letter
                _send(room, chosen, found.key, letter, one, number, to)
        raise typer.Exit(room.troubles.status)


def _send(
    room: Context, newsletter: Newsletter, key: str, letter: Letter, plan: Plan, number: int, to: str
) -> None:
    marked = Letter(f"[Test, {plan.value}] {letter.subject}", letter.html, letter.text, letter.language)
    domain = newsletter.sender.rpartition("@")[2]
    recipient = Recipient(
        delivery=number,
        address=to,
        message_id=f"test-{secrets.token_hex(12)}@{domain}",
        values=example_values(
            letter.language,
            unsubscribe_url(room.settings, NOBODY, newsletter.key),
            preferences_url(room.settings, NOBODY),
        ),
    )
    envelope = envelope_for(room.settings, newsletter, room.clock())
    batch = Batch(f"test-{key}", number, marked, envelope, (recipient,))
    provider = provider_for(room.settings)
    try:
        outcome = provider.hand_over(batch)
    finally:
        provider.close()
    answer, reason = outcome.own.get(number, (outcome.answer, outcome.reason))
    if answer is not Answer.ACCEPTED:
        message = complaint(provider.name, plan.value, answer, reason or outcome.reason)
        room.troubles.add("test", plan.value, message, ExitStatus.FAILED)
        return
    folder = None if provider.is_real else str(room.settings.outbox_dir / batch.edition)
    log.step("test", plan=plan.value, provider=provider.name, answer=answer.value, folder=folder)


def complaint(provider: str, plan: str, answer: Answer, reason: str) -> str:
    """What is said of a test mail that was not accepted. Pure."""
    said = reason or "no reason was given"
    match answer:
        case Answer.REFUSED:
            return f"the test mail for {plan} was refused by {provider}: {said}"
        case Answer.UNCERTAIN:
            return f"nobody knows whether the test mail for {plan} was sent: {said}; look into your mailbox"
        case Answer.NOT_NOW:
            return f"the test mail for {plan} was not sent: {provider} takes nothing for now: {said}"
        case _:
            return f"the test mail for {plan} was not sent: {provider} takes nothing from us: {said}"
