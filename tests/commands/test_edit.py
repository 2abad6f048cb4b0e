"""`edit`: what an editor changes, what is refused and why, and what the next edition does with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from commands.edit import app
from tests.commands.house import House, Run, built, html_of, text_of

AHEAD = "2026-03-10T05:40"
SIX = "2026-03-10T06:01"
KEY = "daily-2026-03-10"
BRIDGE = "tag:quay.example,2026:articles/politics/bridge"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three stories in an edition that is composed and not handed over, and one reader."""
    house = built(tmp_path / "quay")
    house.article("bridge", rank=1)
    house.article("tram", rank=2)
    house.article("museum", "culture")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    return house


def edit(house: House, *arguments: str, now: str = AHEAD) -> Run:
    return house.run("edit", KEY, *arguments, now=now)


def said(run: Run) -> str:
    """The one line of a refusal."""
    assert run.status == 2, run.lines
    (message,) = run.problems
    return str(message)


def logged(house: House) -> list[str]:
    return [line["what"] for line in house.run("status", KEY, now=AHEAD).steps("log")]


def test_every_change_is_in_the_mail_and_in_the_log(house: House) -> None:
    note = house.root / "note.md"
    note.write_text("A **word** on top.", encoding="utf-8")
    run = edit(house, "--lead", "museum", "--drop", "bridge", "--subject", "Ours", "--note", str(note))
    assert (run.status, run.step("edit")["revision"], run.step("edit")["stories"]) == (0, 2, 2)
    museum = BRIDGE.replace("politics/bridge", "culture/museum")
    assert logged(house)[-1] == (
        f"revision 2: edited: lead {museum} instead of {BRIDGE}; dropped 1: {BRIDGE}; "
        'subject "Ours" instead of "The bridge story"; note "A **word** on top."'
    )
    house.run(now=SIX)
    mail = house.mails(KEY)["paid@example.org"]
    assert str(mail["Subject"]) == "Ours"
    assert "<strong>word</strong> on top" in html_of(mail)
    assert "bridge" not in text_of(mail)


def test_a_story_is_named_by_the_path_that_sync_prints(house: House) -> None:
    for number, name in enumerate(
        ("articles/politics/bridge.md", "./articles/politics/tram.md", "culture/museum.md"), 2
    ):
        assert edit(house, "--lead", name).step("edit")["revision"] == number
    placed = edit(house, "--place", f"{house.root}/articles/politics/bridge.md=culture")
    assert placed.status == 0
    assert logged(house)[-1].endswith(f"placed 1: {BRIDGE} in culture")
    assert "is not a story of this edition; allowed: " in said(
        edit(house, "--lead", "articles/politics/no.md")
    )


def test_dropping_everything_is_refused(house: House) -> None:
    drops = [f"--drop={name}" for name in ("bridge", "tram", "museum")]
    assert said(edit(house, *drops)) == (
        f"edit: that leaves {KEY} without a story; to keep it from going out: `hold {KEY}` or `stop {KEY}`"
    )
    assert house.run(now=SIX).step("deliver")["accepted"] == 1


def test_a_dropped_story_may_be_in_the_next_edition(house: House) -> None:
    edit(house, "--drop", "bridge")
    house.run(now=SIX)
    house.run(now="2026-03-11T06:01")
    assert str(house.mails("daily-2026-03-11")["paid@example.org"]["Subject"]) == "The bridge story"


def test_a_dry_run_says_what_would_change_and_changes_nothing(house: House) -> None:
    run = edit(house, "--drop", "bridge", "--dry-run")
    step = run.step("edit")
    assert (run.status, step["stories"], step["subject"]) == (0, 2, "The tram story")
    tram = BRIDGE.replace("bridge", "tram")
    assert step["changes"] == (
        f"edited: dropped 1: {BRIDGE}; lead {tram} instead of {BRIDGE}; "
        'subject "The tram story" instead of "The bridge story"'
    )
    assert step["dry_run"] == "nothing was changed"
    assert len(logged(house)) == 1
    assert edit(house).step("edit")["changed"] == "nothing"


def test_what_is_over_takes_no_change_and_says_what_it_is(house: House) -> None:
    house.run("stop", KEY, now=AHEAD)
    assert said(edit(house, "--drop", "bridge")).startswith(f"{KEY} is stopped: it takes no changes; `resume")
    house.run("resume", KEY, now=AHEAD)
    house.run(now=SIX)
    assert said(edit(house, "--drop", "bridge", now=SIX)) == f"{KEY} is sent: it takes no more changes"
    assert said(house.run("edit", "daily-2026-03-19", "--subject", "x", now=SIX)).startswith(
        "there is no edition"
    )


def test_a_note_that_cannot_be_read_is_named(house: House) -> None:
    assert said(edit(house, "--note", "none.md")) == "edit: --note: there is no file none.md"
    (house.root / "latin.md").write_bytes(b"Caf\xe9")
    assert said(edit(house, "--note", str(house.root / "latin.md"))).endswith(
        "is not UTF-8 text; save it as that"
    )
    assert said(edit(house, "--note", str(house.root))).endswith("cannot be read: Is a directory")
    (house.root / "long.md").write_text("x" * 5_001, encoding="utf-8")
    assert "5,001 characters; allowed: 5,000" in said(edit(house, "--note", str(house.root / "long.md")))


def test_what_is_taken_out_of_a_note_is_said(house: House) -> None:
    note = house.root / "note.md"
    note.write_text("![map](https://x.example/map.png) [here](/map), [there](https://x.example)", "utf-8")
    run = edit(house, "--note", str(note))
    assert run.status == 0
    pictures, links = run.problems
    assert str(pictures) == f"{KEY}: the note: a picture was left out: a note shows none"
    assert str(links).startswith(f"{KEY}: the note: a link was left out, and its words stay: it needs its ")
    note.write_text("`<img>` [there](https://x.example) ![", "utf-8")
    assert edit(house, "--note", str(note)).problems == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--lead=port",), "which never leads"),
        (("--place=port=culture",), "stays in its own section"),
        (("--place=tram=partners",), "nobody places stories in that section"),
        (("--lead=tram", "--drop=tram"), "it is to be left out as well"),
        (("--place=tram=culture", "--drop=tram"), "it is to be left out as well"),
        (("--place=bridge=politics",), "it is the lead, which stands in no section"),
    ],
)
def test_what_cannot_come_true_is_refused_with_the_reason(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge", rank=1)
    house.article("tram", rank=2)
    house.article("port", "partners", sponsor="Port of Ghent")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    edit(house, "--lead", "bridge")
    assert why in said(edit(house, *arguments))
    # The lead that was chosen is kept, and nothing says otherwise.
    assert len(logged(house)) == 2
    assert edit(house, *arguments, "--dry-run").status == 2
    house.run(now=SIX)
    assert str(house.mails(KEY)["paid@example.org"]["Subject"]) == "The bridge story"


@pytest.fixture
def full(tmp_path: Path) -> House:
    """Politics has the lead, as many stories as it takes, and one more."""
    house = built(tmp_path / "quay")
    for number, name in enumerate(("bridge", "tram", "canal", "quarry", "lock"), 1):
        house.article(name, rank=number)
    house.article("museum", "culture")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    assert stories(house) == {
        "Lead": ["bridge"],
        "Politics": ["tram", "canal", "quarry"],
        "Culture": ["museum"],
    }
    return house


def stories(house: House) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in house.run("status", KEY, now=AHEAD).step("status")["stories"]:
        found.setdefault(one["place"], []).append(one["story"])
    return found


def test_who_is_placed_last_comes_first(full: House) -> None:
    for name in ("canal", "quarry"):
        assert edit(full, f"--place={name}=politics").status == 0
    # The lead is in no section; what was placed before stays next.
    assert stories(full)["Politics"] == ["quarry", "canal", "tram"]
    assert edit(full, "--place=quarry=politics").step("edit")["changed"] == "nothing"


@pytest.mark.parametrize(
    ("arguments", "lead", "politics"),
    [
        (("--back=lock",), "bridge", ["lock", "tram", "canal"]),
        (("--place=lock=politics",), "bridge", ["lock", "tram", "canal"]),
        (("--lead=lock",), "lock", ["bridge", "tram", "canal"]),
    ],
)
def test_what_had_no_room_is_taken_in_and_the_last_of_its_section_gives_way(
    full: House, arguments: tuple[str, ...], lead: str, politics: list[str]
) -> None:
    run = edit(full, *arguments)
    quarry = BRIDGE.replace("bridge", "quarry")
    assert run.problems == [f"{KEY}: gave way, and wait for the next edition: {quarry}"]
    assert stories(full) == {"Lead": [lead], "Politics": politics, "Culture": ["museum"]}
    assert f"taken in 1: {BRIDGE.replace('bridge', 'lock')}" in logged(full)[-1]
    assert f"gave way 1: {quarry}" in logged(full)[-1]
    # And back again.
    assert edit(full, "--back=quarry").status == 0
    assert stories(full)["Politics"][0] == "quarry"


@pytest.mark.parametrize("taken_in", ["--back=lock", "--place=lock=politics", "--lead=lock"])
def test_dropped_again_it_gives_back_the_room_that_it_took(full: House, taken_in: str) -> None:
    before = stories(full)
    edit(full, taken_in)
    run = edit(full, "--drop=lock")
    quarry, lock = (BRIDGE.replace("bridge", name) for name in ("quarry", "lock"))
    assert run.problems == [f"{KEY}: back in the room: {quarry}"]
    led = f'lead {BRIDGE} instead of {lock}; subject "The bridge story" instead of "The lock story"; '
    assert logged(full)[-1].endswith(
        f"edited: dropped 1: {lock}; {led if 'lead' in taken_in else ''}back in the room 1: {quarry}"
    )
    assert stories(full) == before


def test_taken_in_where_there_is_room_nothing_gives_way(full: House) -> None:
    edit(full, "--drop=tram")
    run = edit(full, "--back=lock")
    assert (run.problems, stories(full)["Politics"]) == ([], ["canal", "quarry", "lock"])
    # What was dropped comes back in a full section as well.
    assert edit(full, "--back=tram").status == 0
    assert stories(full)["Politics"] == ["tram", "canal", "quarry"]
    assert "was not left out from this edition; allowed: lock" in said(edit(full, "--back=tram"))


def with_headlines(tmp_path: Path, most: int) -> House:
    """Politics takes two, and as many latest headlines as are said come after it; one story had no room."""
    house = built(tmp_path / "quay")
    text = house.config.read_text(encoding="utf-8")
    text = text.replace('section = "politics", stories = 3', 'section = "politics", stories = 2')
    text = text.replace(
        '    { section = "partners"',
        f'    {{ section = "latest", stories = {most} }},\n    {{ section = "partners"',
    )
    text = text.replace(
        "[[source]]", '[[section]]\nkey = "latest"\ntitle = "Latest"\nkind = "latest"\n\n[[source]]', 1
    )
    house.config.write_text(text, encoding="utf-8")
    for number, name in enumerate(("bridge", "tram", "canal"), 1):
        house.article(name, rank=number, published="2026-03-10T05:30:00+01:00")
    for minute, name in ((20, "quay"), (10, "ferry")):
        house.article(name, published=f"2026-03-10T05:{minute}:00+01:00")
    house.readers("paid@example.org,paid,")
    return house


def test_the_last_of_a_full_section_takes_no_latest_headlines_room(tmp_path: Path) -> None:
    house = with_headlines(tmp_path, 2)
    house.article("lock", published="2026-03-10T04:00:00+01:00")
    house.run("digest", "daily", now=AHEAD)
    assert stories(house) == {"Lead": ["bridge"], "Politics": ["tram", "canal"], "Latest": ["quay", "ferry"]}
    run = edit(house, "--back=lock")
    canal = BRIDGE.replace("bridge", "canal")
    assert run.problems == [f"{KEY}: gave way, and wait for the next edition: {canal}"]
    assert stories(house) == {"Lead": ["bridge"], "Politics": ["lock", "tram"], "Latest": ["quay", "ferry"]}
    assert f"gave way 1: {canal}" in logged(house)[-1]


def test_where_the_latest_headlines_have_room_it_stands_there_and_that_is_said(tmp_path: Path) -> None:
    house = with_headlines(tmp_path, 3)
    house.run("digest", "daily", now=AHEAD)
    assert stories(house)["Latest"] == ["quay", "ferry"]
    run = edit(house, "--place=ferry=politics")
    canal, ferry = (BRIDGE.replace("bridge", name) for name in ("canal", "ferry"))
    assert stories(house)["Latest"] == ["canal", "quay"]
    assert run.problems == []
    assert logged(house)[-1].endswith(f"placed 1: {ferry} in politics; moved 1: {canal} to latest")


def test_a_subject_with_fields_is_filled_in_and_follows_the_lead(house: House) -> None:
    run = edit(house, "--subject", "{lead} – {date}")
    assert run.step("edit")["subject"] == "The bridge story – Tuesday, 10 March 2026"
    run = edit(house, "--lead", "museum")
    assert run.step("edit")["subject"] == "The museum story – Tuesday, 10 March 2026"
    run = edit(house, "--drop", "museum")
    assert run.step("edit")["subject"] == "The bridge story – Tuesday, 10 March 2026"


def test_what_comes_after_a_field_is_not_cut_away(house: House) -> None:
    words = "what the harbour master of the old town says about it this morning"
    run = edit(house, "--subject", f"{{lead}}: {words}")
    assert run.step("edit")["subject"] == f"The bridge story: {words}"
    house.run(now=SIX)
    assert str(house.mails(KEY)["paid@example.org"]["Subject"]) == f"The bridge story: {words}"


@pytest.mark.parametrize(
    ("subject", "field"), [("{nope} today", "{nope}"), ("{lead} {date", "{date"), ("lead}: {lead}", "}")]
)
def test_a_field_that_is_unknown_or_not_closed_is_refused(house: House, subject: str, field: str) -> None:
    assert said(edit(house, "--subject", subject)).startswith(
        f"edit: --subject {field}: nothing is filled in"
    )
    assert len(logged(house)) == 1


def test_a_subject_that_is_too_long_is_refused(house: House) -> None:
    assert said(edit(house, "--subject", "x" * 301)) == "edit: --subject: 301 characters; allowed: 300"
    assert edit(house, "--subject", "x" * 300).step("edit")["subject"] == "x" * 300


@pytest.mark.parametrize("subject", ["\u200b\u200e", "\u2800", "\u00ad\u0301", ""])
@pytest.mark.parametrize("note", ["&nbsp;", "\u200b", "- \u00a0\n", "***\n", ""])
def test_words_of_which_nobody_sees_anything_are_none(house: House, subject: str, note: str) -> None:
    file = house.root / "note.md"
    file.write_text(note, encoding="utf-8")
    words = ("--subject", subject, "--note", str(file))
    assert edit(house, *words).step("edit")["changed"] == "nothing"
    # They take away what was there.
    (house.root / "word.md").write_text("A word.", encoding="utf-8")
    edit(house, "--subject", "Ours", "--note", str(house.root / "word.md"))
    assert edit(house, *words).step("edit")["subject"] == "The bridge story"
    assert logged(house)[-1].endswith('subject by rule "The bridge story" instead of "Ours"; note taken away')
    assert edit(house, *words).step("edit")["changed"] == "nothing"
    house.run(now=SIX)
    mail = house.mails(KEY)["paid@example.org"]
    assert str(mail["Subject"]) == "The bridge story"
    assert "from the editors" not in text_of(mail).lower()


def test_an_unknown_section_is_named_with_those_there_are(house: House) -> None:
    assert "is not in it; allowed: politics, culture" in said(edit(house, "--place", "bridge=sports"))


def test_the_help_says_that_a_drop_is_for_this_edition_alone() -> None:
    command = typer.main.get_command(app)
    (drop,) = [one for one in command.params if one.name == "drop"]
    assert "this edition alone" in str(getattr(drop, "help", ""))
