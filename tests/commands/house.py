"""A newsroom in a folder, run by the real command, its log read back."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from commands.main import main

TOML = """
[newsroom]
name = "The Quay"
about = "News from the river."
site_url = "https://quay.example"
public_url = "{public_url}"
language = "en-GB"
time_zone = "Europe/Brussels"
authority = "quay.example,2026"
secrets = "secrets.env"

[offer]
trial = "Try it free for 30 days."
price_month = "€15 a month"
button = "Start your trial"
subscribe_url = "https://quay.example/subscribe"
account_url = "https://quay.example/account"

[[section]]
key = "politics"
title = "Politics"

[[section]]
key = "culture"
title = "Culture"

[[section]]
key = "partners"
title = "Stakeholders' highlights"
kind = "sponsored"

[[source]]
key = "articles"
path = "articles"

[[newsletter]]
key = "daily"
title = "The Morning Quay"
at = "06:00"
sections = [
    {{ section = "politics", stories = 3 }},
    {{ section = "culture", stories = 2 }},
    {{ section = "partners", stories = 12 }},
]
sender = "digest@quay.example"
postal_address = "Graslei 1, 9000 Ghent"
{more}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one call of the command came to."""

    status: int
    lines: list[dict[str, Any]]
    errors: str

    def step(self, name: str) -> dict[str, Any]:
        """The last line that this step said of itself."""
        found = [line for line in self.lines if line["step"] == name and line["level"] == "info"]
        assert found, f"no line of {name} among {self.lines}"
        return found[-1]

    def steps(self, name: str) -> list[dict[str, Any]]:
        """Every line of this step."""
        return [line for line in self.lines if line["step"] == name]

    @property
    def problems(self) -> list[str]:
        """The messages of warnings and errors."""
        return [line["message"] for line in self.lines if line["level"] != "info"]


PACE = "[delivery]\nmax_per_hour = 1\n"
"""One reader an hour: so a run leaves an edition half out."""


@dataclass(frozen=True, slots=True)
class House:
    """The newsroom's folder."""

    root: Path

    @property
    def config(self) -> Path:
        """Its newsroom.toml."""
        return self.root / "newsroom.toml"

    def run(self, *arguments: str, now: str) -> Run:
        """Call the command as a person would, at the newsroom's local time `now`."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["--config", str(self.config), "--log", "json", "--now", now, *arguments])
        lines = [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]
        return Run(status, lines, err.getvalue())

    def article(self, name: str, section: str = "politics", **front: Any) -> Path:
        """Write an article's file; None takes a key of the front matter away."""
        values = {
            "headline": f"The {name} story",
            "teaser": f"What everybody may read of {name}.",
            "published": "2026-03-10T05:00:00+01:00",
            "access": "paid",
        } | front
        body = values.pop("body", f"First of {name}.\n\nSecond of {name}, for those who pay.")
        head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items() if value is not None)
        path = self.root / "articles" / section / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{head}---\n{body}\n", encoding="utf-8")
        return path

    def broken(self, name: str) -> Path:
        """Write an article's file that cannot be used."""
        path = self.root / "articles" / "politics" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no front matter", encoding="utf-8")
        return path

    def readers(self, *rows: str) -> Run:
        """Import readers given as `address,plan,plan_until` rows."""
        path = self.root / "readers.csv"
        path.write_text("\n".join(["address,plan,plan_until", *rows]) + "\n", encoding="utf-8")
        return self.run("readers", "import", str(path), now="2026-03-09T12:00")

    def mails(self, edition: str) -> dict[str, EmailMessage]:
        """What the outbox has of an edition, by address."""
        found = {}
        for path in sorted((self.root / "outbox" / edition).glob("*.eml")):
            message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
            assert isinstance(message, EmailMessage)
            found[str(message["To"])] = message
        return found

    def feed(self, name: str) -> dict[str, Any]:
        """A section's JSON Feed."""
        value = json.loads((self.root / "public" / "feeds" / f"{name}.json").read_text(encoding="utf-8"))
        assert isinstance(value, dict)
        return value

    def titles(self, name: str) -> list[str]:
        """The titles in a section's feed."""
        return [item["title"] for item in self.feed(name)["items"]]


def built(root: Path, *, more: str = "", public_url: str = "http://127.0.0.1:8080") -> House:
    """A newsroom with its secrets and no article yet."""
    (root / "articles").mkdir(parents=True)
    (root / "newsroom.toml").write_text(TOML.format(more=more, public_url=public_url), encoding="utf-8")
    secrets = root / "secrets.env"
    secrets.write_text(
        f"STANDFIRST_SECRET_KEY=k1:{'ab' * 32}\nSTANDFIRST_ADDRESS_KEY={'cd' * 32}\n", encoding="utf-8"
    )
    secrets.chmod(0o600)
    return House(root)


def html_of(message: EmailMessage) -> str:
    """A mail's HTML part."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(message: EmailMessage) -> str:
    """A mail's plain part."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def half_out(root: Path, now: str) -> House:
    """A newsroom of which one reader of three has the edition, handed over at that local time."""
    house = built(root, more=PACE)
    house.article("bridge")
    house.readers("a@example.org,free,", "b@example.org,free,", "c@example.org,free,")
    assert house.run(now=now).step("deliver")["waiting"] == 2
    return house


def unpaced(house: House) -> None:
    """From now on a run hands over to everybody."""
    text = house.config.read_text(encoding="utf-8")
    assert PACE in text
    house.config.write_text(text.replace(PACE, ""), encoding="utf-8")
