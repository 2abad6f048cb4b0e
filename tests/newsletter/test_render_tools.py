"""Second opinions on the finished mail: npm's mjml, html-validate, SpamAssassin."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.rendering.letter import Slot, filled
from newsletter.rendering.render import render, source
from newsletter.variant import Audience, Variant
from newsroom.masthead import Look
from tests import samples
from tests.newsletter import editions

NODE = Path(__file__).resolve().parent.parent / "node"
VALUES = {
    Slot.UNSUBSCRIBE_URL: "https://feeds.quay.example/unsubscribe/k1.abcdef",
    Slot.PREFERENCES_URL: "https://feeds.quay.example/preferences/k1.cdefgh",
    Slot.TRIAL: "You have 9 days left in your trial.",
}
LOGO = Look(logo_url="https://quay.example/a.png?x=1&y=2", logo_dark_url="https://quay.example/b.png")
CASES = {
    **{f"{audience}": (editions.selection(note="<p>Hi<br>you</p>"), audience, "en") for audience in Audience},
    "no lead": (editions.selection(lead=None), Audience.FREE, "de"),
    "no offer": (editions.offerless(editions.selection()), Audience.TRIAL, "fr"),
    "only a lead": (editions.selection(blocks=(), preheader=""), Audience.FREE, "nl"),
    "corrected": (editions.selection(), Audience.FREE, "es"),
    "right to left": (editions.selection(), Audience.FREE, "ar"),
}


def asked(script: str, questions: list[str]) -> list[Any]:
    """What one of the scripts in tests/node answers, a value for each question."""
    if not shutil.which("node") or not (NODE / "node_modules" / "mjml").is_dir():
        pytest.skip("needs Node 20 and its packages: cd tests/node && npm ci")
    command = ["node", NODE / script]
    done = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    assert isinstance(answers, list)
    return answers


def arguments(case: str) -> Any:
    selection, audience, language = CASES[case]
    room = samples.newsroom(look=LOGO if audience is Audience.MEMBER else Look())
    box = editions.CORRECTED if case == "corrected" else ()
    return selection, Variant(audience, corrections=box), room, samples.newsletter(language=language)


@pytest.mark.node
def test_npm_mjml_has_nothing_to_say_in_strict_mode() -> None:
    column = "<mj-column><mj-button colour='red'>x</mj-button></mj-column>"
    broken = f"<mjml><mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
    *answers, warned = asked("mjml.mjs", [*(source(*arguments(case)) for case in CASES), broken])
    assert [answer["errors"] for answer in answers] == [[]] * len(CASES)
    assert "colour" in str(warned["errors"])


@pytest.mark.node
def test_html_validate_has_nothing_to_say() -> None:
    mails = [filled(render(*arguments(case)).letter.html, VALUES, html=True) for case in CASES]
    *answers, warned = asked("html.mjs", [*mails, mails[0].replace("</h1>", "", 1)])
    assert answers == [[]] * len(CASES)
    assert warned


@pytest.mark.spamassassin
def test_spamassassin_takes_it_for_what_it_is(tmp_path: Path) -> None:
    if not shutil.which("spamassassin"):
        pytest.skip("needs SpamAssassin: apt-get install spamassassin")
    letter = render(*arguments("free")).letter
    message = EmailMessage()
    message["From"] = "The Quay <digest@quay.example>"
    message["To"] = "reader@example.org"
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(samples.NOON)
    message["Message-ID"] = "<0123456789abcdef@quay.example>"
    message["List-Unsubscribe"] = f"<{VALUES[Slot.UNSUBSCRIBE_URL]}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(filled(letter.text, VALUES, html=False), cte="quoted-printable")
    message.add_alternative(filled(letter.html, VALUES, html=True), subtype="html", cte="quoted-printable")
    answer = subprocess.run(
        ["spamassassin", "-t", "-L"],
        input=message.as_bytes(),
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    ).stdout.decode("utf-8", "replace")
    score = re.search(r"score=(-?[\d.]+)", answer)
    assert score, answer[-2_000:]
    assert float(score[1]) < 1, answer[-2_000:]
