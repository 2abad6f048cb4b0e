"""Letters to one person: queued, handed over, tried again, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.letters.correspondence import LONGEST, PAUSES, Drained, drain, personal_envelope
from newsletter.letters.letter_queue import is_due, put, waiting_since
from newsletter.letters.personal import personal, typeset
from newsletter.providers import Answer, Batch, Envelope, Outcome
from newsletter.providers.outbox import Outbox
from newsletter.rendering.phrases import languages
from newsletter.tables import letters
from newsroom.database import reading, writing
from newsroom.errors import ProviderError
from tests import samples
from tests.samples import NOON

DAILY = samples.newsletter()
VALUES = {"titles": "The Quay & <Co>", "days": "7"}
LINK = "https://feeds.quay.example/confirm/abc"


class Carrier:
    """Answers as it is told, one answer after the other, then accepts."""

    name = "fake"
    batch_size = first_batch = connections = 1
    is_real = True

    def __init__(self, *answers: Outcome | ProviderError) -> None:
        self.answers = list(answers)
        self.batches: list[Batch] = []

    def hand_over(self, batch: Batch) -> Outcome:
        self.batches.append(batch)
        answer = self.answers.pop(0) if self.answers else Outcome(Answer.ACCEPTED)
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    def evidence(self, batch: Batch) -> Outcome | None:
        return None

    def stop(self) -> None: ...

    def close(self) -> None: ...


def queue(engine: Engine, address: str = "ana@quay.example", kind: str = "confirm", days: int = 7) -> None:
    letter = typeset(personal("confirm", "en", VALUES, url=LINK), samples.newsroom(), DAILY, "en")
    with writing(engine) as connection:
        put(connection, kind, DAILY, address, letter, NOON, NOON + timedelta(days=days))


def drained(
    engine: Engine,
    carrier: Carrier | Outbox,
    later: timedelta = timedelta(0),
    allow_to: tuple[str, ...] = (),
    envelope: Callable[[str, datetime], Envelope | None] | None = None,
) -> Drained:
    of = envelope or (lambda _, moment: personal_envelope(DAILY, moment))
    return drain(engine, lambda: carrier, of, allow_to, lambda: NOON + later)


def rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count(letters.c.id))).scalar_one())


def test_a_letter_is_handed_over_once_and_then_forgotten(engine: Engine) -> None:
    queue(engine)
    with reading(engine) as connection:
        assert is_due(connection, NOON)
        assert waiting_since(connection) == (1, NOON)
    carrier = Carrier()
    assert drained(engine, carrier) == Drained(accepted=1)
    (batch,) = carrier.batches
    assert (batch.recipients[0].address, batch.envelope.list_id) == ("ana@quay.example", "")
    assert rows(engine) == 0
    assert drained(engine, carrier) == Drained()


def test_whoever_is_to_end_hands_over_no_further_letter(engine: Engine) -> None:
    for name in ("ana", "bo", "cy"):
        queue(engine, f"{name}@quay.example")
    carrier = Carrier()

    def of(_: str, moment: datetime) -> Envelope:
        return personal_envelope(DAILY, moment)

    assert (
        drain(engine, lambda: carrier, of, (), lambda: NOON, lambda: len(carrier.batches) == 2).accepted == 2
    )
    assert rows(engine) == 1


@pytest.mark.parametrize("answer", [Answer.NOT_NOW, Answer.UNCERTAIN, Answer.STOP, Answer.ENDED])
def test_what_is_not_known_to_have_gone_is_tried_again(engine: Engine, answer: Answer) -> None:
    queue(engine)
    queue(engine, "bo@quay.example")
    assert drained(engine, Carrier(Outcome(answer, "why"))) == Drained(later=1)
    # The one behind it was not tried, and is due still.
    again = Carrier()
    assert drained(engine, again) == Drained(accepted=1)
    assert again.batches[0].recipients[0].address == "bo@quay.example"
    assert drained(engine, Carrier(), PAUSES[0]) == Drained(accepted=1)


def test_a_server_that_asks_for_patience_is_given_it(engine: Engine) -> None:
    queue(engine)
    drained(engine, Carrier(Outcome(Answer.NOT_NOW, retry_after=600)))
    assert drained(engine, Carrier(), timedelta(seconds=599)) == Drained()
    assert drained(engine, Carrier(), timedelta(seconds=600)) == Drained(accepted=1)


@pytest.mark.parametrize("refusal", [Outcome(Answer.REFUSED, "no such user"), ProviderError("cannot")])
def test_a_refusal_is_told_and_ends_it(
    engine: Engine, refusal: Outcome | ProviderError, capsys: pytest.CaptureFixture[str]
) -> None:
    queue(engine)
    assert drained(engine, Carrier(refusal)) == Drained(refused=1)
    assert rows(engine) == 0
    said = capsys.readouterr()
    assert "was refused" in said.out + said.err
    assert "ana" not in said.out + said.err


def test_who_was_killed_in_the_middle_leaves_it_due_again(engine: Engine) -> None:
    queue(engine)

    class Killed(BaseException):
        pass

    class Killing(Carrier):
        def hand_over(self, batch: Batch) -> Outcome:
            raise Killed

    with pytest.raises(Killed):
        drained(engine, Killing())
    assert drained(engine, Carrier(), LONGEST - timedelta(seconds=1)) == Drained()
    assert drained(engine, Carrier(), LONGEST) == Drained(accepted=1)


def test_one_that_is_worth_nothing_any_more_is_not_sent(engine: Engine) -> None:
    queue(engine, days=1)
    assert drained(engine, Carrier(), timedelta(days=1)) == Drained(expired=1)


def test_while_staging_nobody_else_gets_one(engine: Engine) -> None:
    queue(engine)
    queue(engine, "Bo@Quay.example")
    carrier = Carrier()
    assert drained(engine, carrier, allow_to=("bo@quay.example",)) == Drained(accepted=1, refused=1)
    assert [batch.recipients[0].address for batch in carrier.batches] == ["Bo@Quay.example"]
    queue(engine)
    assert drained(engine, Carrier(), envelope=lambda *_: None) == Drained(refused=1)


def test_the_mail_that_it_becomes(engine: Engine, tmp_path: Path) -> None:
    queue(engine)
    drained(engine, Outbox(tmp_path))
    (file,) = tmp_path.rglob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert (mail["To"], mail["Auto-Submitted"]) == ("ana@quay.example", "auto-generated")
    assert mail["List-Unsubscribe"] is None and mail["List-Id"] is None
    assert mail["Subject"] == "Confirm your subscription to The Quay & <Co>"
    text, html = (part.get_content() for part in mail.iter_parts())
    assert LINK in text and f'href="{LINK}"' in html
    assert "The Quay &amp; &lt;Co&gt;" in html and "The Quay & <Co>" in text
    assert all(len(line) <= 72 or line == LINK for line in text.splitlines())


@pytest.mark.parametrize("language", languages())
def test_every_language_makes_a_whole_letter(language: str) -> None:
    newsroom = replace(samples.newsroom(), language=language)
    letter = typeset(personal("confirm", language, VALUES, url=LINK), newsroom, DAILY, language)
    assert letter.language == language
    html = "".join(map(str, letter.html))
    assert ('dir="rtl"' in html) == (language == "ar")
    assert "{" not in letter.subject
