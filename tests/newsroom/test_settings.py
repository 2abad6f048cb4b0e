"""`newsroom.toml` and the secrets: read whole, or every mistake at once, a line each."""

from __future__ import annotations

import re
import tomllib
from datetime import time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.mail.traces import has_room
from newsroom.contradictions import LONGEST_MAILBOX, contradictions
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.masthead import FeedRule
from newsroom.settings import BounceSettings, ImapSettings, Settings, load

KEY = "0123456789abcdef0123456789abcdef"
ENVIRON = {"STANDFIRST_SECRET_KEY": f"k1:{KEY}", "STANDFIRST_ADDRESS_KEY": KEY[::-1]}

HEAD = """
[newsroom]
name = "The Quay"
site_url = "https://quay.example/"
public_url = "https://feeds.quay.example"
time_zone = "Europe/Brussels"
authority = "quay.example,2026"
"""
SECTIONS = """
[[section]]
key = "politics"
title = "Politics"
[[section]]
key = "latest"
title = "Latest"
kind = "latest"
"""
SOURCE = """
[[source]]
key = "articles"
path = "articles"
"""
NEWSLETTER = """
[[newsletter]]
key = "daily"
title = "The Morning Quay"
at = "06:00"
sections = [{section = "politics", stories = 3}]
sender = "digest@quay.example"
postal_address = "Graslei 1, Ghent"
"""
FILE = HEAD + SECTIONS + SOURCE + NEWSLETTER


def _load(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "newsroom.toml"
    path.write_text(text)
    return load(path, ENVIRON | environ)


def _problems(folder: Path, text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        _load(folder, text, **environ)
    assert caught.value.exit_status is ExitStatus.MISUSE
    start = f"{folder / 'newsroom.toml'}: "
    assert all("\n" not in problem for problem in caught.value.problems)
    return tuple(problem.removeprefix(start) for problem in caught.value.problems)


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    found = _load(tmp_path, FILE)
    assert found.newsroom.site_url == "https://quay.example"
    assert found.public_dir == tmp_path / "public"
    assert found.database_url == f"sqlite:///{tmp_path / 'standfirst.db'}"
    assert found.witness_path == tmp_path / "standfirst.witness"
    assert found.sources[0].path == tmp_path / "articles"
    (daily,) = found.newsletters
    assert (daily.at, daily.days, daily.latest) == (time(6), frozenset(range(1, 8)), timedelta(hours=3))
    assert (daily.sender_name, daily.reply_to) == ("The Quay", "digest@quay.example")
    assert found.delivery.provider == "outbox"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = FILE.replace("Europe/Brussels", "Europe/Brusels")
    text = text.replace('at = "06:00"', 'at = "6 am"').replace('name = "The Quay"\n', "")
    text = text.replace('section = "politics"', 'section = "polticks"') + '[delivery]\nprovidr = "smtp"\n'
    problems = _problems(tmp_path, text, STANDFIRST_ADDRESS_KEY="")
    assert sorted(problems) == sorted(
        [
            "newsroom.name: missing; give it",
            'newsroom.time_zone: "Europe/Brusels" is wrong; allowed: a time zone such as Europe/Brussels, '
            + problems[1].partition("Brussels, ")[2],
            'newsletter[0].at: "6 am" is wrong; allowed: an hour: "06:00"',
            'newsletter[0].sections[0].section: "polticks" is not a section; did you mean "politics"?',
            'delivery.providr: no such key; did you mean "provider"?',
            problems[-1],
        ]
    )
    assert problems[-1].startswith("STANDFIRST_ADDRESS_KEY: missing")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"The Quay"', '"The\\nQuay"', "newsroom.name: .* one line without control characters"),
        ('"The Quay"', '"The\\u0085Quay"', "newsroom.name: .* one line without control characters"),
        ('"The Quay"', '""', "newsroom.name: "),
        ('"The Quay"', "12", "newsroom.name: 12 is wrong; allowed: .*string"),
        ("https://quay.example/", "quay.example", r"newsroom\.site_url: .*allowed: a web address"),
        ("https://quay.example/", "javascript:alert(1)", r"newsroom\.site_url: "),
        ("https://quay.example/", "https://quay.example:99999", r"newsroom\.site_url: .*a web address"),
        ("https://quay.example/", "https://[::1", r"newsroom\.site_url: .*a web address"),
        ("https://quay.example/", "https://quay.example/?a=1", r"newsroom\.site_url: .*without \? and #"),
        ("https://feeds", "http://feeds", r"newsroom\.public_url: .*an https address, or http on a loopback"),
        ("https://feeds", "https://fééds", r"newsroom\.public_url: .*xn--"),
        ("Europe/Brussels", "../../etc/passwd", r"newsroom\.time_zone: "),
        ("quay.example,2026", "quay.example", r"newsroom\.authority: .*allowed: example.org,2026"),
        (
            '"politics"\ntitle',
            '"../../etc"\ntitle',
            r"section\[0\]\.key: .*lower-case letters, digits and hyphens",
        ),
        ('"politics"\ntitle', '"all"\ntitle', r"section\[0\]\.key: .*other than all and index"),
        ('kind = "latest"', 'kind = "lastest"', r'section\[1\]\.kind: "lastest" is wrong; allowed: '),
        ('"06:00"', '"25:00"', r"newsletter\[0\]\.at: "),
        ('"06:00"', '"06:00"\ndays = ["mo"]', r"newsletter\[0\]\.days\[0\]: \"mo\" is wrong; allowed: 'mon'"),
        ('"06:00"', '"06:00"\ndays = []', r"newsletter\[0\]\.days: "),
        ('"06:00"', '"06:00"\nlatest = "soon"', r"newsletter\[0\]\.latest: .*a period"),
        ('"06:00"', '"06:00"\nhold = "13h"', r'newsletter\[0\]\.hold: "13h" is wrong; allowed: at most 12h$'),
        (
            "[newsroom]",
            '[sendgrid]\ndelay = "14m"\n[newsroom]',
            r'sendgrid\.delay: "14m" is wrong; allowed: 15m to 71h$',
        ),
        (
            "[newsroom]",
            '[delivery]\nsilence_means_not_sent = "119m"\n[newsroom]',
            r'delivery\.silence_means_not_sent: "119m" is wrong; allowed: 2h or more: events may be',
        ),
        ('"06:00"', '"06:00"\nsubject = "{headline}"', r"newsletter\[0\]\.subject: .*\{lead\}"),
        ('"06:00"', '"06:00"\nreply_to = "editors"', r"newsletter\[0\]\.reply_to: .*an address"),
        ("digest@quay.example", "a@b@c", r"newsletter\[0\]\.sender: .*an address: name@example\.org"),
        ("stories = 3", "stories = 0", r"newsletter\[0\]\.sections\[0\]\.stories: 0 is wrong"),
        ("stories = 3", 'stories = "3"', r"newsletter\[0\]\.sections\[0\]\.stories: "),
        ('key = "articles"', 'key = "articles"\nkind = "wordpres"', r"source\[0\]\.kind: "),
        ("[newsroom]", '[newsroom]\naccent = "red"', r"newsroom\.accent: .*#rrggbb"),
        ("[newsroom]", '[newsroom]\naccent = "#123456;}"', r"newsroom\.accent: "),
        ("[newsroom]", '[newsroom]\ntext_font = "x;}a{b"', r"newsroom\.text_font: "),
        ("[newsroom]", '[newsroom]\ndatabase = "mysql://x"', r"newsroom\.database: .*sqlite:///FILE"),
        ("[newsroom]", "[newsroom]\nfeed_entries = 0", r"newsroom\.feed_entries: "),
        ("[newsroom]", "[delivery]\nmax_per_hour = 0\n[newsroom]", r"delivery\.max_per_hour: 0 is wrong"),
        ("[newsroom]", '[delivery]\nallow_to = ["x"]\n[newsroom]', r"delivery\.allow_to\[0\]: "),
        ("[newsroom]", "[newsrom]\n[newsroom]", r'newsrom: no such key; did you mean "newsroom"\?'),
        ("[newsroom]", "[smtp]\nport = 70000\n[newsroom]", r"smtp\.port: 70000 is wrong"),
        ("[newsroom]", '[newsroom]\nhub = "hub.example"', r"newsroom\.hub: .*a web address"),
        ("[newsroom]", '[newsroom]\nhub = "https://me:pw@hub.example/"', r"newsroom\.hub: .*without a user"),
        ("[newsroom]", '[newsroom]\nhub = "https://hüb.example/"', r"newsroom\.hub: .*in ASCII"),
        (
            "[newsroom]",
            '[[feed]]\nkey = "a"\ntitle = "A"\naccess = "open"\n[newsroom]',
            r"feed\[0\]\.access: \"open\" is wrong; allowed: 'free'",
        ),
    ],
)
def test_a_mistake_names_key_finding_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in FILE
    found, *others = _problems(tmp_path, FILE.replace(old, new, 1))
    assert re.match(problem, found), found
    # A section that is not there by its key is missed where it is named, too.
    assert [other for other in others if "is not a section" not in other] == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            SECTIONS.partition('[[section]]\nkey = "latest"')[0],
            'section[2].key: "politics" is taken by section[0]',
        ),
        (SOURCE, 'source[1].key: "articles" is taken by source[0]; give it a key of its own'),
        (NEWSLETTER, 'newsletter[1].key: "daily" is taken by newsletter[0]'),
        (
            '[[section]]\nkey = "new"\ntitle = "New"\nkind = "latest"',
            "section: 2 are of kind latest (latest, new)",
        ),
        (
            '[[section]]\nkey = "arts"\ntitle = "A"\nformer_keys = ["politics"]',
            'section[2].former_keys: "politics" belongs to section "politics"',
        ),
        (
            '[[feed]]\nkey = "politics"\ntitle = "P"\ntags = ["p"]',
            'feed[0].key: "politics" belongs to section "politics"; give it a key of its own',
        ),
        (
            '[[feed]]\nkey = "latest"\ntitle = "L"\ntags = ["p"]',
            'feed[0].key: "latest" belongs to section "latest"; give it a key of its own',
        ),
        (
            """
[[section]]
key = "arts"
title = "A"
former_keys = ["books"]
[[feed]]
key = "books"
title = "B"
tags = ["book"]""",
            'feed[0].key: "books" belongs to section "arts"; give it a key of its own',
        ),
        (
            """
[[feed]]
key = "sea"
title = "C"
tags = ["a"]
[[feed]]
key = "sea"
title = "D"
tags = ["b"]""",
            'feed[1].key: "sea" is taken by feed[0]',
        ),
        ('[[feed]]\nkey = "climate"\ntitle = "C"', "feed[0]: it has no condition; give it one of tags,"),
        (
            '[[feed]]\nkey = "climate"\ntitle = "C"\nsections = ["politcs"]',
            'feed[0].sections: "politcs" is not a section of news; allowed: politics',
        ),
        (
            '[[feed]]\nkey = "climate"\ntitle = "C"\nsections = ["latest"]',
            'feed[0].sections: "latest" is not a section of news; allowed: politics',
        ),
        (
            '[delivery]\nprovider = "smtp"\n[smtp]\nhost = "mx.example"\nsecurity = "plain"',
            'smtp.security: "plain"',
        ),
        (
            '[alerts]\nmail = ["desk@quay.example"]',
            "alerts.mail: there is no mail server to send alerts with",
        ),
        (
            '[alerts]\n[alerts.smtp]\nhost = "mx.example"\nsecurity = "plain"',
            'alerts.smtp.security: "plain" to another machine',
        ),
        (
            '[bounces.imap]\nhost = "mx.example"\nuser = "u"\nsecurity = "plain"',
            'bounces.imap.security: "plain" to another machine',
        ),
        (
            (
                '[[source]]\nkey = "wire"\nkind = "feed"\nurl = "https://quay.example/rss"\n'
                'select = { headline = "title" }'
            ),
            'source[1].select: of a feed it may be { teaser = "description" } alone',
        ),
    ],
)
def test_tables_that_contradict_each_other_are_told_beside_other_mistakes(
    tmp_path: Path, more: str, problem: str
) -> None:
    (found,) = _problems(tmp_path, FILE + more, STANDFIRST_IMAP_PASSWORD="given")
    assert found.startswith(problem)
    both = _problems(tmp_path, FILE.replace('"06:00"', '"6"') + more, STANDFIRST_IMAP_PASSWORD="given")
    assert len(both) == 2
    assert any(one.startswith(problem) for one in both)


def test_a_hub_and_feeds_by_rule(tmp_path: Path) -> None:
    hub = FILE.replace("[newsroom]", '[newsroom]\nhub = "https://hub.example/push/?for=quay"', 1)
    rule = (
        '[[feed]]\nkey = "water"\ntitle = "Water"\nabout = "Rivers and the sea."\n'
        'tags = ["Sea wall", "floods"]\nnot_tags = ["quiz"]\nsections = ["politics"]\n'
        'authors = ["Nele Verstraete"]\naccess = "free"'
    )
    room = _load(tmp_path, hub + rule).newsroom
    assert room.hub == "https://hub.example/push/?for=quay"
    assert room.rules == (
        FeedRule(
            "water",
            "Water",
            "Rivers and the sea.",
            ("Sea wall", "floods"),
            ("quiz",),
            ("politics",),
            ("Nele Verstraete",),
            "free",
        ),
    )
    assert room.feeds == ("all", "politics", "water")
    assert _load(tmp_path, FILE).newsroom.hub == ""


def test_a_place_named_twice(tmp_path: Path) -> None:
    twice = '{section = "politics", stories = 3}, {section = "politics", stories = 1}'
    (found,) = _problems(tmp_path, FILE.replace('{section = "politics", stories = 3}', twice))
    assert found == 'newsletter[0].sections[1].section: "politics" stands there already; name it once'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "section = 1",
        "section = [1]",
        "[section]\nkey = 1",
        "newsletter = 3\nalerts = 4\n[[section]]\nkey = []",
    ],
)
def test_a_file_of_another_shape_is_no_surprise(tmp_path: Path, text: str) -> None:
    assert contradictions(tomllib.loads(text)) == []
    assert _problems(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "newsroom.toml"
    with pytest.raises(ConfigurationError, match=r"newsroom\.toml: not there; .*`init`"):
        load(path, ENVIRON)
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 8"):
        load(path, ENVIRON)
    path.write_text("a = \n")
    with pytest.raises(ConfigurationError, match=r"not TOML: .*line 1"):
        load(path, ENVIRON)
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path, ENVIRON)


def _postgresql(password: str) -> str:
    return FILE.replace("[newsroom]", f'[newsroom]\ndatabase = "postgresql://paper{password}@db/news"')


@pytest.mark.parametrize(
    ("inside", "outside", "password"),
    [
        ("", "p@ss/wor:d%", "p@ss/wor:d%"),
        (":hunter2", "", "hunter2"),
        (":hunter2", "hunter3", "hunter3"),
        ("", "", ""),
    ],
)
def test_the_databases_password_may_be_a_secret_of_its_own(
    tmp_path: Path, inside: str, outside: str, password: str
) -> None:
    given = {"STANDFIRST_DATABASE_PASSWORD": outside} if outside else {}
    found = _load(tmp_path, _postgresql(inside), **given)
    url = sa.make_url(found.database_url)
    assert (url.drivername, url.username, url.password or "") == ("postgresql+psycopg", "paper", password)
    # The log hides it, wherever it was given.
    assert not password or password in found.secrets.texts


def test_an_at_sign_in_the_databases_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="write %40 for @") as caught:
        _load(tmp_path, _postgresql(":hun@ter2"))
    assert "ter2" not in str(caught.value)


def test_no_secret_is_in_any_repr(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        FILE.replace("[newsroom]", '[newsroom]\ndatabase = "postgresql+psycopg://u:hunter2@h/d"'),
        STANDFIRST_ALERT_WEBHOOK="https://hooks.example/T0/s3cr3t",
        STANDFIRST_SENDGRID_API_KEY="SG.s3cr3t",
    )
    for shown in (repr(found), str(found), repr(found.secrets), f"{found.secrets!r} {found.alerts}"):
        for secret in (KEY, KEY[::-1], "s3cr3t", "hunter2"):
            assert secret not in shown
    assert found.alerts.webhook == "https://hooks.example/T0/s3cr3t"


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ('[delivery]\nprovider = "sendgrid"', "STANDFIRST_SENDGRID_API_KEY"),
        ('[delivery]\nprovider = "smtp"\n[smtp]\nuser = "u"', "STANDFIRST_SMTP_PASSWORD"),
        ('[alerts.smtp]\nuser = "u"', "STANDFIRST_ALERT_SMTP_PASSWORD"),
        ('[bounces.imap]\nhost = "mx.example"\nuser = "u"', "STANDFIRST_IMAP_PASSWORD"),
    ],
)
def test_what_a_provider_needs_is_asked_for(tmp_path: Path, more: str, missing: str) -> None:
    (found,) = _problems(tmp_path, FILE + more)
    assert found.startswith(f"{missing}: missing; it ")
    assert _load(tmp_path, FILE + more, **{missing: "given"})


def test_where_what_comes_back_is_read(tmp_path: Path) -> None:
    table = '[bounces]\nverp = true\nmaildir = "bounced"\n'
    table += 'imap = { host = "mx.example", user = "u", noted = "Noted" }'
    found = _load(tmp_path, FILE + table, STANDFIRST_IMAP_PASSWORD="given")
    assert (found.bounces.verp, found.bounces.maildir) == (True, tmp_path / "bounced")
    assert found.bounces.imap == ImapSettings("mx.example", "u", noted="Noted")
    assert "given" not in repr(found)
    assert _load(tmp_path, FILE).bounces == BounceSettings()
    (told,) = _problems(
        tmp_path,
        FILE + '[bounces.imap]\nhost = "mx.example"\nuser = "u"\nfolder = "Zur\u00fcck"',
        STANDFIRST_IMAP_PASSWORD="given",
    )
    assert told.startswith('bounces.imap.folder: "Zur\u00fcck" is wrong; allowed: the folder\'s name')


@pytest.mark.parametrize("name", ["sender", "envelope_sender"])
def test_a_trace_needs_room_in_the_envelope_sender(tmp_path: Path, name: str) -> None:
    lines = FILE.replace('sender = "digest@quay.example"\n', "") + (
        'sender = "digest@quay.example"\n' if name != "sender" else ""
    )
    fits, longer = (
        f'{name} = "{"b" * size}@quay.example"\n[bounces]\nverp = ' for size in (LONGEST_MAILBOX, 32)
    )
    assert _load(tmp_path, lines + fits + "true").bounces.verp
    assert _load(tmp_path, lines + longer + "false")
    told = _problems(tmp_path, lines + longer + "true")
    assert told == (
        f"newsletter[0].{name}: 32 characters before the @; allowed with bounces.verp: at most 31",
    )
    assert has_room(f"{'b' * LONGEST_MAILBOX}@quay.example")
    assert not has_room(f"{'b' * (LONGEST_MAILBOX + 1)}@quay.example")
