"""Previews are put into the queue of letters: to each editor once, whoever looks, and once more at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content.tables import articles
from newsletter import editions, holds
from newsletter.desk import editing
from newsletter.desk.changes import Told, logged, told
from newsletter.desk.choices import ImpossibleError
from newsletter.desk.previews import QUIET, put_previews, selection_shown
from newsletter.desk.seen import Seen, last_refused, seen, unseen
from newsletter.edition import Composition, Edits, LeftOut
from newsletter.left_out import Why
from newsletter.letters.letter_queue import put
from newsletter.letters.personal import words_of
from newsletter.letters.post_office import drained
from newsletter.rendering.letter import Letter
from newsletter.rendering.phrases import languages
from newsletter.tables import edition_revisions, letters
from newsroom.database import reading, writing
from newsroom.installation import ensure
from newsroom.settings import AlertSettings, Settings, SmtpSettings
from readership import counts
from readership.reader import Plan
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, STORIES, Clock, enrolled, selection
from tests.servers.smtp import Server
from tests.web.archives import keep
from tests.web.serving import settings

NELE, ANA = "nele@quay.example", "ana@quay.example"
BRIDGE, CELLO, FERRY = (f"tag:quay.example,2026:articles/{name}" for name in ("bridge", "cello", "ferry"))


@pytest.fixture
def values(tmp_path: Path, engine: Engine) -> Settings:
    """An edition to be looked at, its readers, and two editors."""
    paper = samples.newsletter(hold=timedelta(minutes=20), editors=(NELE, ANA))
    chosen = selection()
    with writing(engine) as connection:
        for story in chosen.stories:
            keep(connection, story.teaser)
        due = NOW + timedelta(minutes=20)
        editions.create(connection, "daily", due, Composition(chosen, (), 3), NOW, "run")
    ended = samples.reader(3, Plan.TRIAL, plan_until=DAY - timedelta(days=1))
    enrolled(engine, samples.reader(1), samples.reader(2, Plan.PAID), ended)
    return settings(tmp_path, newsletters=(paper,))


def queued(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        query = sa.select(letters.c.address, letters.c.subject).order_by(letters.c.id)
        return [(address, subject) for address, subject in connection.execute(query)]


def changed(engine: Engine, values: Settings, edits: Edits, by: str, clock: Clock) -> None:
    with writing(engine) as connection:
        editing.change(connection, values, KEY, edits, by, clock())


def test_each_editor_gets_one_whoever_looks(engine: Engine, values: Settings) -> None:
    clock = Clock()
    assert [put_previews(values, engine, clock) for _ in range(3)] == [2, 0, 0]
    assert queued(engine) == [(NELE, "Preview: The bridge reopens"), (ANA, "Preview: The bridge reopens")]


def test_readers_are_counted_by_the_plan_of_the_day(engine: Engine, values: Settings) -> None:
    with reading(engine) as connection:
        assert counts.by_plan(connection, "daily", DAY) == {Plan.FREE: 2, Plan.PAID: 1}


def test_the_second_one_says_what_was_changed(engine: Engine, values: Settings) -> None:
    clock = Clock()
    put_previews(values, engine, clock)
    edits = Edits(lead=CELLO, dropped=frozenset({FERRY}), note="<p>Look.</p>", note_text="Look.")
    changed(engine, values, edits, NELE, clock)
    assert log(engine)[-1] == (
        f'revision 2: edited: lead {CELLO} instead of {BRIDGE}; dropped 1: {FERRY}; note "Look."; '
        'subject "The cello reopens" instead of "The bridge reopens"; '
        # As they are in the store.
        f"brought up to date: changed 2: {BRIDGE}, {CELLO}"
    )
    changed(engine, values, Edits(subject="Ours"), NELE, clock)
    assert log(engine)[-1] == 'revision 3: edited: subject "Ours" instead of "The cello reopens"'
    clock.pause(QUIET.total_seconds())
    assert put_previews(values, engine, clock) == 1
    with reading(engine) as connection:
        html, text = connection.execute(
            sa.select(letters.c.html, letters.c.text).order_by(letters.c.id.desc()).limit(1)
        ).one()
    for said in (
        "Subject: “Ours” instead of “The bridge reopens”",
        "Lead: “The cello reopens”",
        "Out: The ferry reopens",
        "A note on top: “Look.”",
    ):
        assert said in html
        assert said in text


def test_the_second_one_names_each_other_editor_and_neither_whose_it_is_nor_what_was_withdrawn(
    engine: Engine, values: Settings
) -> None:
    clock = Clock()
    put_previews(values, engine, clock)
    changed(engine, values, Edits(subject="Ours"), NELE, clock)
    changed(engine, values, Edits(lead=CELLO), "root", clock)
    changed(engine, values, Edits(dropped=frozenset({FERRY})), ANA, clock)
    with writing(engine) as connection:
        connection.execute(sa.update(articles).where(articles.c.id == BRIDGE).values(withdrawn=clock()))
    clock.pause(QUIET.total_seconds())
    assert put_previews(values, engine, clock) == 2
    with reading(engine) as connection:
        query = sa.select(letters.c.address, letters.c.text).order_by(letters.c.id.desc()).limit(2)
        told = {row.address: " ".join(row.text.split()) for row in connection.execute(query)}
    own = "The list has what you changed as well."
    assert f"Changed since the last preview, by root and {ANA}. {own}" in told[NELE]
    assert f"Changed since the last preview, by {NELE} and root. {own}" in told[ANA]
    for text in told.values():
        assert "- Out: The ferry reopens - Withdrawn, or not published by then: The bridge reopens" in text


def test_what_was_changed_is_said_of_each_kind() -> None:
    words = words_of("preview", "en")
    before, after = selection(), selection(("bridge", "politics"), ("cello", "politics"), ("quay", "culture"))
    assert told(before, before, words) == ()
    assert told(before, after, words) == (
        Told("Out: The ferry reopens"),
        Told("In: The quay reopens"),
        Told("In another section: The cello reopens (Politics)"),
    )
    many_more = selection(*STORIES, *((f"story{number}", "culture") for number in range(10)))
    (more,) = told(before, many_more, words)
    assert (more.said, len(more.stories), more.stories[-1]) == ("In:", 9, "and 2 more")
    noted = replace(before, note="<p>x</p>")
    assert told(noted, before, words) == (Told("No note on top any more"),)
    another = replace(before, note="<p>Dear <b>you</b>,</p><p>all</p>")
    assert told(noted, another, words) == (Told("Another note on top: “Dear you, all”"),)
    without = selection(("bridge", "politics"), ("cello", "culture"))
    dropped = replace(without, note=noted.note)
    drop = Edits(dropped=frozenset({FERRY}))
    assert logged(drop, noted, noted, dropped) == f"edited: dropped 1: {FERRY}"
    assert f"see whether it speaks of {FERRY}," in logged(Edits(lead=CELLO), noted, noted, dropped)
    ours = replace(before, subject="Ours")
    by_rule = logged(Edits(subject=""), ours, ours, before)
    assert by_rule == 'edited: subject by rule "The bridge reopens" instead of "Ours"'
    assert logged(Edits(note=""), before, before, before) == "edited: note taken away"


def test_what_stands_further_up_in_its_section_is_told_and_not_what_gave_it_its_place() -> None:
    words = words_of("preview", "en")
    names = ("bridge", "culture"), ("cello", "politics"), ("ferry", "politics"), ("quay", "politics")
    before = selection(*names)
    after = selection(names[0], names[3], names[1], names[2])
    assert told(before, after, words) == (Told("Further up: The quay reopens (Politics)"),)
    # That others came or went moves nothing.
    fewer = selection(names[0], ("lock", "politics"), *names[2:])
    assert [one.said for one in told(before, fewer, words)] == [
        "Out: The cello reopens",
        "In: The lock reopens",
    ]


@pytest.mark.parametrize("language", languages())
def test_stories_stand_at_the_end_of_what_is_said_of_them(language: str) -> None:
    words = words_of("preview", language)
    for key in ("out", "withdrawn", "in", "moved", "up"):
        assert words[f"changed_{key}"].endswith("{what}")


def test_once_more_after_anothers_changes_and_never_again(engine: Engine, values: Settings) -> None:
    clock = Clock()
    put_previews(values, engine, clock)
    changed(engine, values, Edits(lead=CELLO), NELE, clock)
    clock.pause(QUIET.total_seconds() - 1)
    assert put_previews(values, engine, clock) == 0
    clock.pause(1)
    assert put_previews(values, engine, clock) == 1
    assert queued(engine)[-1] == (ANA, "Preview, changed: The cello reopens")
    changed(engine, values, Edits(dropped=frozenset({FERRY})), NELE, clock)
    clock.pause(600)
    assert put_previews(values, engine, clock) == 0


@pytest.mark.parametrize(
    "over",
    [
        lambda connection: holds.stop(connection, KEY, "", "nele", NOW),
        lambda connection: connection.execute(sa.text("UPDATE editions SET first_handed = due")),
    ],
)
def test_of_one_that_is_over_or_under_way_none(
    engine: Engine, values: Settings, over: Callable[[sa.Connection], object]
) -> None:
    with writing(engine) as connection:
        over(connection)
    assert put_previews(values, engine, Clock()) == 0


def test_one_sent_before_its_hour_is_shown_as_it_goes_then(engine: Engine, values: Settings) -> None:
    (paper,) = values.newsletters
    with writing(engine) as connection:
        embargo = sa.update(articles).where(articles.c.id == CELLO)
        connection.execute(embargo.values(published=NOW + timedelta(minutes=10)))

        def shown() -> set[str]:
            edition = editions.get(connection, KEY)
            value = selection_shown(connection, values, paper, edition, NOW)
            return {story.teaser.id for story in value.stories}

        assert shown() == {BRIDGE, CELLO, FERRY}
        editing.release(connection, values, KEY, "nele", NOW, at_once=True)
        assert shown() == {BRIDGE, FERRY}
        with pytest.raises(ImpossibleError, match="not published by then"):
            editing.change(connection, values, KEY, Edits(lead=CELLO), "nele", NOW)
        # Changed meanwhile and held, it has its hour again, and what is out by then.
        editing.change(connection, values, KEY, Edits(subject="Ours"), "nele", NOW)
        holds.hold(connection, KEY, "", "ana", NOW)
        assert shown() == {BRIDGE, CELLO, FERRY}


def test_without_editors_none(engine: Engine, values: Settings) -> None:
    (paper,) = values.newsletters
    assert put_previews(replace(values, newsletters=(replace(paper, editors=()),)), engine, Clock()) == 0


def test_they_go_by_the_alerts_own_server_and_readers_letters_do_not(
    engine: Engine, values: Settings
) -> None:
    with Server() as smtp:
        own = SmtpSettings(host="127.0.0.1", port=smtp.port, security="plain")
        values = replace(values, alerts=AlertSettings(smtp=own))
        ensure(engine, NOW)
        made = Letter("Confirm", ("<p>Confirm</p>",), ("Confirm",), "en")
        with writing(engine) as connection:
            later = NOW + timedelta(hours=1)
            put(connection, "confirm", values.newsletters[0], "ana@reader.example", made, NOW, later)
        done = drained(values, engine, Clock())
    assert done.accepted == 3
    assert {got.recipient for got in smtp.got} == {NELE, ANA}
    assert len(list((values.outbox_dir / "letters-confirm").glob("*.eml"))) == 1
    assert queued(engine) == []


def test_what_is_no_news_is_not_told_of_as_left_out(engine: Engine, values: Settings) -> None:
    left_out = (
        LeftOut(CELLO, Why.USED),
        LeftOut(FERRY, Why.OLD, (NOW, NOW)),
        LeftOut("tag:quay.example,2026:articles/bridge", Why.FULL, ("Politics", 1), for_room=True),
    )
    with writing(engine) as connection:
        row = sa.update(edition_revisions).values(left_out=[one.stored for one in left_out])
        connection.execute(row)
    put_previews(values, engine, Clock())
    with reading(engine) as connection:
        text = connection.execute(sa.select(letters.c.text).limit(1)).scalar_one()
    told = " ".join(text.partition("Left out")[2].partition("---")[0].split())
    assert "Politics is full" in told
    assert "already in" not in told
    assert "before the window" not in told


@pytest.fixture
def served(engine: Engine, values: Settings) -> Callable[[Mapping[tuple[str, int], str], Clock], Seen]:
    """Mails the previews by a server that answers by such a plan; returns what became of them."""
    ensure(engine, NOW)

    def mailed(plan: Mapping[tuple[str, int], str], clock: Clock) -> Seen:
        with Server(plan=dict(plan)) as smtp:
            own = SmtpSettings(host="127.0.0.1", port=smtp.port, security="plain")
            drained(replace(values, alerts=AlertSettings(smtp=own)), engine, clock)
        with reading(engine) as connection:
            return seen(connection, values, values.newsletters[0], KEY)

    return mailed


def log(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [what for _, _, what in editions.log_of(connection, KEY)]


def test_a_preview_that_is_refused_is_said_by_its_editors_place(
    engine: Engine,
    values: Settings,
    served: Callable[..., Seen],
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = served({("RCPT", 2): "550 5.1.1 <ana@quay.example> is nobody here"}, Clock())
    assert (found.taken, found.waiting, found.is_unseen) == (1, 0, False)
    (refused,) = found.refused
    assert refused.startswith("editor 2 of newsletter.daily.editors: mail server: 550")
    assert log(engine)[-2:] == ["preview for 2 editors", f"preview refused for {refused}"]
    said = capsys.readouterr()
    assert (
        f"a letter (preview) of {KEY} for editor 2 of newsletter.daily.editors was refused"
        in said.out + said.err
    )
    assert ANA not in "".join([*log(engine), said.out, said.err, *found.refused])
    with reading(engine) as connection:
        assert unseen(connection, values) == (found,)
        assert last_refused(connection, values, values.newsletters[0]) == (refused,)
        # Her address is mended: the new one has its own preview, and nothing is refused any more.
        (paper,) = values.newsletters
        mended = replace(values, newsletters=(replace(paper, editors=(NELE, "ana@quay.test")),))
        assert unseen(connection, mended) == ()
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE editions SET first_handed = due"))
    with reading(engine) as connection:
        assert unseen(connection, values) == ()


def test_where_all_are_refused_nobody_has_seen_it(engine: Engine, served: Callable[..., Seen]) -> None:
    found = served({("RCPT", 0): "550 5.1.1 no"}, Clock())
    assert (found.taken, len(found.refused), found.is_unseen) == (0, 2, True)
    assert "nobody has got one" in str(found)


def test_one_that_no_server_took_in_time_is_refused_as_well(
    engine: Engine, served: Callable[..., Seen]
) -> None:
    clock = Clock()
    assert served({("RCPT", 0): "451 4.7.1 later"}, clock).waiting == 2
    clock.pause(7_200)
    found = served({}, clock)
    assert (found.waiting, found.is_unseen) == (0, True)
    assert found.refused[0].endswith("no server took it in time")


def test_whoever_had_the_first_one_has_seen_it(
    engine: Engine, values: Settings, served: Callable[..., Seen]
) -> None:
    clock = Clock()
    assert served({}, clock).taken == 2
    changed(engine, values, Edits(lead=CELLO), NELE, clock)
    clock.pause(QUIET.total_seconds())
    found = served({("RCPT", 0): "550 no"}, clock)
    assert (found.taken, len(found.refused), found.is_unseen) == (2, 1, False)
    # Whoever has the page open does not find it changed by the mail.
    assert [what for what in log(engine) if what.startswith("preview for")] == ["preview for 2 editors"]
