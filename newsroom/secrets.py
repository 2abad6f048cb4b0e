"""A newsroom's secrets, from the environment or from files that it names. They never show themselves."""

from __future__ import annotations

import re
import stat
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECRET_KEY = "STANDFIRST_SECRET_KEY"  # noqa: S105 (a name)
ADDRESS_KEY = "STANDFIRST_ADDRESS_KEY"
SENDGRID_API_KEY = "STANDFIRST_SENDGRID_API_KEY"
SENDGRID_EVENT_KEY = "STANDFIRST_SENDGRID_EVENT_KEY"
SMTP_PASSWORD = "STANDFIRST_SMTP_PASSWORD"  # noqa: S105 (a name)
ALERT_SMTP_PASSWORD = "STANDFIRST_ALERT_SMTP_PASSWORD"  # noqa: S105 (a name)
ALERT_WEBHOOK = "STANDFIRST_ALERT_WEBHOOK"
IMAP_PASSWORD = "STANDFIRST_IMAP_PASSWORD"  # noqa: S105 (a name)
LINK_KEY = "STANDFIRST_LINK_KEY"
METRICS_TOKEN = "STANDFIRST_METRICS_TOKEN"  # noqa: S105 (a name)
DATABASE_PASSWORD = "STANDFIRST_DATABASE_PASSWORD"  # noqa: S105 (a name)

NAMES = {
    SECRET_KEY: "signs the links in mails: ID:HEX, newest first, older ones after a comma; `init` makes one",
    ADDRESS_KEY: "recognises addresses (hex, at least 32 digits); it never changes; `init` makes one",
    SENDGRID_API_KEY: "SendGrid's API key, with the right Mail Send; only with provider = sendgrid",
    SMTP_PASSWORD: "the mail server's password; only with smtp.user",
    IMAP_PASSWORD: "the password of the mailbox that bounces are read from; only with bounces.imap",
    ALERT_SMTP_PASSWORD: "the password of the alerts' own mail server; only with alerts.smtp.user",
    ALERT_WEBHOOK: "the alerts' webhook address, where it is a secret itself",
    LINK_KEY: "signs straight-in links (Ed25519): ID:HEX of 64 digits, newest first, older ones after a "
    "comma; `init --straight-in` makes one; only with straight_in.on",
    METRICS_TOKEN: "whoever sends it as Bearer may read /metrics; without it nobody may from outside",
    DATABASE_PASSWORD: "PostgreSQL's, as it is; instead of one in newsroom.database",
    SENDGRID_EVENT_KEY: "the public key of SendGrid's signed Event Webhook, as its page shows it; with it "
    "`serve` takes events at /hooks/sendgrid",
}
"""Every secret there is, with its meaning. Each may be given as NAME_FILE too: the path of a file with it."""

SOURCE = "STANDFIRST_SOURCE_"
READERS = "STANDFIRST_READERS_"
_SAID = {
    SECRET_KEY: "signs the links in mails (ID:HEX, the id of letters and digits); `init` makes one",
    ADDRESS_KEY: "recognises addresses (at least 32 hex digits); `init` makes one",
    SENDGRID_API_KEY: "is SendGrid's API key, with the right Mail Send",
    SMTP_PASSWORD: "is the mail server's password",
    IMAP_PASSWORD: "is the password of the mailbox that bounces are read from",
    ALERT_SMTP_PASSWORD: "is the password of the alerts' own mail server",
    LINK_KEY: "signs straight-in links (ID:HEX, 64 hex digits made by chance)",
}
"""What a missing one is or does, after "it"."""

SOURCE_MEANING = "a source's password, key or database address; KEY is its key in capitals, - as _"
READERS_MEANING = "the same of a place that readers come from"
_SOURCE_NAME = re.compile(f"(?:{SOURCE}|{READERS})[A-Z0-9_]+")

_IS_SOURCES = "is the source's password, key or database address"
_IS_HOOKS = "signs the stops that are told to write_back, so that whoever takes them knows whose they are"

KEY_BYTES = 16
"""The least length of a key."""
LINK_KEY_BYTES = 32
"""The length of an Ed25519 key."""

Key = tuple[str, bytes]
"""Key id and key."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets, redacted in every repr."""

    signing_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    """(key id, key), newest first: the first signs, all verify."""
    address_key: bytes = field(repr=False)
    sendgrid_api_key: str = field(default="", repr=False)
    sendgrid_event_key: str = field(default="", repr=False)
    """A public key, base64: no secret, but it comes by the same way."""
    smtp_password: str = field(default="", repr=False)
    imap_password: str = field(default="", repr=False)
    alert_smtp_password: str = field(default="", repr=False)
    alert_webhook: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    database_password: str = field(default="", repr=False)
    link_keys: tuple[Key, ...] = field(default=(), repr=False)
    """Private keys of straight-in links, newest first: the first signs, the public halves of all are told."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of sources, of articles and of readers, by name."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every secret as it could turn up in a text, for the log's mask."""
        rings = (*self.signing_keys, *self.link_keys)
        keys = (*(key.hex() for _, key in rings), self.address_key.hex())
        mail = (self.sendgrid_api_key, self.smtp_password, self.imap_password, self.alert_smtp_password)
        others = (*mail, self.alert_webhook, self.metrics_token, self.database_password)
        return tuple(text for text in (*keys, *others, *self.sources.values()) if len(text) >= 6)


def _said(name: str) -> str:
    """What a secret is, by its name."""
    if name in _SAID:
        return _SAID[name]
    return _IS_HOOKS if name.startswith(READERS) and name.endswith("_HOOK") else _IS_SOURCES


def source_name(key: str) -> str:
    """The name of the secret of the source with this key."""
    return SOURCE + key.upper().replace("-", "_")


def readers_name(key: str) -> str:
    """The name of the secret of the place with this key that readers come from."""
    return READERS + key.upper().replace("-", "_")


def values(root: Path, file: str, environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """The secrets' texts by name: from the environment, its NAME_FILE files, then the secrets file.

    What is wrong goes into `problems`, a line each; no line holds a secret.
    """
    found = _of_file(root / file, problems) if file else {}
    given = {name.removesuffix("_FILE") for name in environ if _SOURCE_NAME.fullmatch(name)}
    for name in (*NAMES, *sorted(given)):
        if environ.get(name):
            found[name] = environ[name].strip()
        elif environ.get(f"{name}_FILE"):
            path = Path(environ[f"{name}_FILE"])
            try:
                found[name] = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{name}_FILE: {path} cannot be read ({_why(error)}); name a readable file")
    return found


def _of_file(path: Path, problems: list[str]) -> dict[str, str]:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: cannot be read ({_why(error)}); give it to the user who runs Standfirst")
        return {}
    if stat.S_IMODE(mode) & 0o077:
        problems.append(f"{path}: mode {stat.S_IMODE(mode):o} lets others read it; chmod 600 {path}")
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or (name.strip() not in NAMES and not _SOURCE_NAME.fullmatch(name.strip())):
            allowed = ", ".join((*NAMES, f"{SOURCE}KEY", f"{READERS}KEY"))
            problems.append(f"{path}:{number}: not a secret's NAME=value; allowed: {allowed}")
            continue
        found[name.strip()] = value.strip().strip("\"'")
    return found


def secrets_of(
    texts: Mapping[str, str], wanted: Mapping[str, str], problems: list[str], file: Path | None = None
) -> Secrets | None:
    """The secrets, or None with the `problems`. `wanted` has those that must be there: name → why.

    `file` is the one that `newsroom.secrets` names: where it should be matters once something is missing.
    """
    missing = [name for name in wanted if not texts.get(name)]
    where = "the environment" + ("" if file is None else f" or {file}")
    problems += [
        f"{name}: missing; it {_said(name)} ({wanted[name]}). Put it into {where}" for name in missing
    ]
    if missing and file is not None and not file.exists():
        problems.append(f"{file}: not there, and newsroom.secrets names it; put it back, with mode 600")
    before = len(problems)
    keys = _key_ring(SECRET_KEY, texts.get(SECRET_KEY, ""), problems)
    link_keys = _key_ring(LINK_KEY, texts.get(LINK_KEY, ""), problems)
    problems += [
        f"{LINK_KEY}: {2 * len(key)} hex digits; allowed: {2 * LINK_KEY_BYTES}, as Ed25519 has them"
        for _, key in link_keys
        if key and len(key) != LINK_KEY_BYTES
    ]
    problems += _event_key_problems(texts.get(SENDGRID_EVENT_KEY, ""))
    address = _key(ADDRESS_KEY, texts[ADDRESS_KEY], problems) if texts.get(ADDRESS_KEY) else b""
    if missing or len(problems) > before:
        return None
    return Secrets(
        signing_keys=keys,
        address_key=address,
        sendgrid_api_key=texts.get(SENDGRID_API_KEY, ""),
        sendgrid_event_key=texts.get(SENDGRID_EVENT_KEY, ""),
        smtp_password=texts.get(SMTP_PASSWORD, ""),
        imap_password=texts.get(IMAP_PASSWORD, ""),
        alert_smtp_password=texts.get(ALERT_SMTP_PASSWORD, ""),
        alert_webhook=texts.get(ALERT_WEBHOOK, ""),
        metrics_token=texts.get(METRICS_TOKEN, ""),
        database_password=texts.get(DATABASE_PASSWORD, ""),
        link_keys=link_keys,
        sources={name: text for name, text in texts.items() if _SOURCE_NAME.fullmatch(name)},
    )


def _event_key_problems(text: str) -> list[str]:
    if not text:
        return []
    # Takes a while to import, and few have it.
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        if isinstance(load_der_public_key(b64decode(text, validate=True)), EllipticCurvePublicKey):
            return []
    except ValueError:
        pass
    said = "no public key as SendGrid shows it; allowed: what its page of the webhook calls Verification Key"
    return [f"{SENDGRID_EVENT_KEY}: {said}"]


def _key_ring(of: str, text: str, problems: list[str]) -> tuple[Key, ...]:
    """The keys in `text`, which is the secret `of`, in order; none where it is empty."""
    if not text:
        return ()
    keys: dict[str, bytes] = {}
    before = len(problems)
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, digits = part.partition(":")
        if not colon or not name.isascii() or not name.isalnum() or len(name) > 16:
            problems.append(f"{of}: a key has no id; allowed: ID:HEX, the id of letters and digits")
        elif name in keys:
            problems.append(f'{of}: two keys have the id "{name}"; give each its own')
        else:
            keys[name] = _key(of, digits, problems)
    if not keys and len(problems) == before:
        problems.append(f"{of}: there is no key in it; allowed: ID:HEX, the id of letters and digits")
    return tuple(keys.items())


def _key(name: str, digits: str, problems: list[str]) -> bytes:
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        problems.append(f"{name}: not hexadecimal; allowed: at least {2 * KEY_BYTES} hex digits")
        return b""
    if len(key) < KEY_BYTES:
        problems.append(f"{name}: {len(digits)} hex digits are too few; allowed: at least {2 * KEY_BYTES}")
    return key


def _why(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8"
