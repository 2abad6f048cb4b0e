"""`edit`: what comes along with a choice, from the store or by its room, and what may be taken in again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.house import House, built
from tests.commands.test_edit import AHEAD, BRIDGE, KEY, SIX, edit, logged, said, stories


def id_of(name: str, section: str = "politics") -> str:
    return BRIDGE.replace("politics/bridge", f"{section}/{name}")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Politics has the lead, as many stories as it takes, and one more; culture has one."""
    house = built(tmp_path / "quay")
    for number, name in enumerate(("bridge", "tram", "canal", "quarry", "lock"), 1):
        house.article(name, rank=number)
    house.article("museum", "culture")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    return house


def withdraw(house: House, name: str, *, now: str = AHEAD) -> None:
    (house.root / "articles" / "politics" / f"{name}.md").unlink()
    house.run("sync", now=now)


def again(house: House, name: str, rank: int) -> None:
    house.article(name, rank=rank)
    house.run("sync", now=AHEAD)


def test_what_came_from_the_store_is_told_apart_from_what_an_editor_did(house: House) -> None:
    withdraw(house, "bridge")
    house.article("tram", rank=2, headline="The tram, mended")
    house.article("canal", rank=3, sections=["culture"])
    house.run("sync", now=AHEAD)
    edit(house, "--drop", "museum")
    tram, canal = id_of("tram"), id_of("canal")
    assert logged(house)[-1] == (
        f"revision 2: edited: dropped 1: {id_of('museum', 'culture')}; brought up to date: withdrawn or put "
        f"off 1: {BRIDGE}; changed 2: {tram}, {canal}; lead {tram} instead of {BRIDGE}; "
        f'subject "The tram, mended" instead of "The bridge story"; moved 1: {canal} to culture'
    )


def test_a_press_that_chooses_nothing_says_what_it_brought(house: House) -> None:
    house.article("bridge", rank=1, headline="The bridge, mended")
    house.run("sync", now=AHEAD)
    edit(house)
    mended = 'subject "The bridge, mended" instead of "The bridge story"'
    assert logged(house)[-1] == f"revision 2: brought up to date: changed 1: {BRIDGE}; {mended}"
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(text.replace("€15 a month", "€16 a month"), encoding="utf-8")
    edit(house)
    assert logged(house)[-1] == "revision 3: brought up to date"
    assert edit(house).step("edit")["changed"] == "nothing"


def test_with_a_dry_run_or_without_it_says_what_it_changes(house: House) -> None:
    for more in (("--dry-run",), ()):
        assert edit(house, "--drop", "tram", *more).step("edit")["changes"] == (
            f"edited: dropped 1: {id_of('tram')}"
        )


def test_what_was_withdrawn_and_is_there_again_is_taken_back(house: House) -> None:
    withdraw(house, "tram")
    edit(house, "--subject", "Ours")
    assert f"withdrawn or put off 1: {id_of('tram')}" in logged(house)[-1]
    assert "was not left out" in said(edit(house, "--back", "tram"))
    again(house, "tram", 2)
    assert stories(house)["Politics"] == ["canal", "quarry"]
    assert edit(house, "--back", "tram").status == 0
    assert stories(house)["Politics"] == ["tram", "canal", "quarry"]
    assert logged(house)[-1] == f"revision 3: edited: taken in 1: {id_of('tram')}"
    house.run(now=SIX)
    assert "it leads" not in str(house.run("why", "tram", KEY, now=SIX).steps("why"))
    assert "number 1 of Politics" in str(house.run("why", "tram", KEY, now=SIX).steps("why"))


@pytest.mark.parametrize("option", ["--back=bridge", "--lead=bridge"])
def test_a_lead_that_was_withdrawn_and_is_there_again_leads_again(house: House, option: str) -> None:
    withdraw(house, "bridge")
    edit(house, "--drop", "museum")
    assert stories(house)["Lead"] == ["tram"]
    again(house, "bridge", 1)
    assert edit(house, option).status == 0
    assert stories(house) == {"Lead": ["bridge"], "Politics": ["tram", "canal", "quarry"]}
    led = f"lead {BRIDGE} instead of {id_of('tram')}"
    assert (led in logged(house)[-1], logged(house)[-1].count("lead ")) == (True, 1)
    assert 'subject "The bridge story" instead of "The tram story"' in logged(house)[-1]


def test_a_lead_that_is_left_out_and_put_back_is_told_with_the_one_that_leads_meanwhile(house: House) -> None:
    tram = id_of("tram")
    for more in (("--dry-run",), ()):
        assert edit(house, "--drop", "bridge", *more).step("edit")["changes"] == (
            f"edited: dropped 1: {BRIDGE}; lead {tram} instead of {BRIDGE}; "
            'subject "The tram story" instead of "The bridge story"'
        )
    edit(house, "--back", "bridge")
    assert logged(house)[-1] == (
        f"revision 3: edited: taken in 1: {BRIDGE}; lead {BRIDGE} instead of {tram}; "
        'subject "The bridge story" instead of "The tram story"'
    )


def test_one_line_names_one_lead_where_another_was_withdrawn_and_the_next_one_dropped(house: House) -> None:
    withdraw(house, "bridge")
    edit(house, "--drop", "tram")
    assert logged(house)[-1] == (
        f"revision 2: edited: dropped 1: {id_of('tram')}; lead {id_of('canal')} instead of {BRIDGE}; "
        f'subject "The canal story" instead of "The bridge story"; brought up to date: withdrawn or put off '
        f"1: {BRIDGE}"
    )


def test_what_was_withdrawn_and_is_there_again_is_not_called_changed(house: House) -> None:
    withdraw(house, "tram")
    house.article("tram", rank=2)
    house.article("canal", rank=3, sections=["culture"])
    # Later than it came and went: the time at which something was recorded of it is another one.
    house.run("sync", now="2026-03-10T05:50")
    house.run(now=SIX)
    (brought,) = [what for what in logged(house) if "brought up to date" in what]
    canal = id_of("canal")
    assert brought == (
        f"revision 2: brought up to date before it goes out: changed 1: {canal}; moved 1: {canal} to culture"
    )


def test_what_another_edition_has_is_not_taken_back(house: House) -> None:
    withdraw(house, "tram")
    edit(house, "--subject", "Ours")
    again(house, "tram", 2)
    house.run("digest", "daily", "--extra", "noon", now=AHEAD)
    extra = "daily-2026-03-10-noon"
    assert "tram" in str(house.run("status", extra, now=AHEAD).step("status")["stories"])
    assert "was not left out" in said(edit(house, "--back", "tram"))
    # Stopped before anybody had it, that one has nothing.
    house.run("stop", extra, now=AHEAD)
    assert edit(house, "--back", "tram").status == 0


@pytest.mark.parametrize("name", ["tram", "lock"])
def test_nor_what_was_dropped_or_had_no_room(house: House, name: str) -> None:
    edit(house, "--drop", "tram")
    house.run("digest", "daily", "--extra", "noon", now=AHEAD)
    for option in (f"--back={name}", f"--lead={name}", f"--place={name}=culture"):
        assert said(edit(house, option)).endswith(f"{id_of(name)}: another edition has it")


def test_what_gave_way_comes_back_when_its_room_is_free_again(house: House) -> None:
    first = stories(house)
    edit(house, "--drop", "tram")
    edit(house, "--back", "lock")
    assert stories(house)["Politics"] == ["canal", "quarry", "lock"]
    # Taken back, the first one makes the last one give way, who has its room again once that is undone.
    run = edit(house, "--back", "tram")
    assert run.problems == [f"{KEY}: gave way, and wait for the next edition: {id_of('lock')}"]
    assert stories(house) == first
    run = edit(house, "--drop", "tram")
    assert run.problems == [f"{KEY}: back in the room: {id_of('lock')}"]
    assert logged(house)[-1] == (
        f"revision 5: edited: dropped 1: {id_of('tram')}; back in the room 1: {id_of('lock')}"
    )


def test_also_when_it_is_free_because_a_story_was_withdrawn_but_never_if_another_edition_has_it(
    house: House,
) -> None:
    edit(house, "--back", "lock")
    assert stories(house)["Politics"] == ["lock", "tram", "canal"]
    withdraw(house, "tram")
    house.run("digest", "daily", "--extra", "noon", now=AHEAD)
    edit(house, "--subject", "Ours")
    assert stories(house)["Politics"] == ["lock", "canal"]
    house.run("stop", "daily-2026-03-10-noon", now=AHEAD)
    run = edit(house)
    assert run.problems == [f"{KEY}: back in the room: {id_of('quarry')}"]
    assert logged(house)[-1] == f"revision 4: brought up to date: back in the room 1: {id_of('quarry')}"
    assert stories(house)["Politics"] == ["lock", "canal", "quarry"]


def test_a_booking_that_had_no_room_is_taken_in_under_its_own_section(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    text = house.config.read_text(encoding="utf-8")
    most = text.replace('section = "partners", stories = 12', 'section = "partners", stories = 1')
    house.config.write_text(most, encoding="utf-8")
    house.article("bridge")
    for name in ("port", "lighthouse"):
        house.article(name, "partners", sponsor=name, access="free")
    house.run("digest", "daily", now=AHEAD)
    title = "Stakeholders' highlights"
    (first,) = stories(house)[title]
    (other,) = {"port", "lighthouse"} - {first}
    assert edit(house, f"--back={other}").status == 0
    assert stories(house) == {"Lead": ["bridge"], title: [first, other]}
    # Also where its section has none any more.
    edit(house, "--drop=port", "--drop=lighthouse")
    assert edit(house, f"--back={other}").status == 0
    assert stories(house)[title] == [other]


def test_a_section_is_called_full_only_while_it_is(house: House) -> None:
    def reasons() -> list[str]:
        return [one["reason"] for one in house.run("status", KEY, now=AHEAD).step("status")["no_room"]]

    assert reasons() == ["Politics is full: 3 of 3"]
    edit(house, "--drop", "tram")
    assert reasons() == ["Politics was full when the edition was made: 3 of 3"]
    edit(house, "--back", "tram")
    assert reasons() == ["Politics is full: 3 of 3"]
    # A run that brings it up to date works it out as well.
    withdraw(house, "tram")
    house.run(now=SIX)
    assert reasons() == ["Politics was full when the edition was made: 3 of 3"]
