"""Secrets: where they come from, what is wrong with them, and that no error shows one."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsroom import secrets

KEY = "0123456789abcdef0123456789abcdef"


def _values(folder: Path, file: str = "", **environ: str) -> tuple[dict[str, str], list[str]]:
    problems: list[str] = []
    return secrets.values(folder, file, environ, problems), problems


def _file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "secrets.env"
    path.write_text(text)
    path.chmod(mode)
    return path.name


def test_the_environment_goes_before_its_files_and_those_before_the_secrets_file(tmp_path: Path) -> None:
    (tmp_path / "own").write_text(" by file\n")
    name = _file(tmp_path, "STANDFIRST_SMTP_PASSWORD=in file\nSTANDFIRST_ADDRESS_KEY='quoted'\n")
    assert _values(tmp_path, name)[0][secrets.SMTP_PASSWORD] == "in file"
    by_file = {"STANDFIRST_SMTP_PASSWORD_FILE": str(tmp_path / "own")}
    assert _values(tmp_path, name, **by_file)[0][secrets.SMTP_PASSWORD] == "by file"
    found, problems = _values(tmp_path, name, STANDFIRST_SMTP_PASSWORD="environ", **by_file)
    assert found == {secrets.SMTP_PASSWORD: "environ", secrets.ADDRESS_KEY: "quoted"}
    assert problems == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    found, (problem,) = _values(tmp_path, _file(tmp_path, f"STANDFIRST_ADDRESS_KEY={KEY}", mode))
    assert found == {}
    assert f"mode {mode:o} lets others read it; chmod 600" in problem


def test_a_wrong_line_is_named_by_its_number_alone(tmp_path: Path) -> None:
    text = f"# ours\n\nexport STANDFIRST_ADDRESS_KEY={KEY}\nSTANDFIRST_ADRESS_KEY={KEY}\n{KEY}\n"
    found, problems = _values(tmp_path, _file(tmp_path, text))
    assert found == {secrets.ADDRESS_KEY: KEY}
    assert [problem.split(": ")[0].rpartition(":")[2] for problem in problems] == ["4", "5"]
    assert KEY not in "".join(problems)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert _values(tmp_path, "absent.env") == ({}, [])
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "cannot be read (Is a directory)" in _values(tmp_path, "folder")[1][0]
    (tmp_path / "binary").write_bytes(b"\xff")
    absent = _values(tmp_path, STANDFIRST_SMTP_PASSWORD_FILE=str(tmp_path / "absent"))[1][0]
    assert "STANDFIRST_SMTP_PASSWORD_FILE" in absent
    assert "No such file" in absent
    binary = _values(tmp_path, STANDFIRST_SMTP_PASSWORD_FILE=str(tmp_path / "binary"))[1][0]
    assert "it is not UTF-8" in binary


@pytest.mark.parametrize(
    ("signing", "address", "problem"),
    [
        (KEY, KEY, "STANDFIRST_SECRET_KEY: a key has no id; allowed: ID:HEX"),
        (f"k 1:{KEY}", KEY, "STANDFIRST_SECRET_KEY: a key has no id"),
        (f"a:{KEY},a:{KEY}", KEY, 'STANDFIRST_SECRET_KEY: two keys have the id "a"'),
        ("a:xyz", KEY, "STANDFIRST_SECRET_KEY: not hexadecimal"),
        ("a:abcd", KEY, "STANDFIRST_SECRET_KEY: 4 hex digits are too few"),
        ("a:", KEY, "STANDFIRST_SECRET_KEY: 0 hex digits are too few"),
        (",", KEY, "STANDFIRST_SECRET_KEY: there is no key in it"),
        (f"a:{KEY}", "hunter2", "STANDFIRST_ADDRESS_KEY: not hexadecimal"),
        (f"a:{KEY}", "abcd", "STANDFIRST_ADDRESS_KEY: 4 hex digits are too few"),
    ],
)
def test_a_wrong_key_is_named_and_not_shown(signing: str, address: str, problem: str) -> None:
    problems: list[str] = []
    texts = {secrets.SECRET_KEY: signing, secrets.ADDRESS_KEY: address}
    assert secrets.secrets_of(texts, dict.fromkeys(texts, "always"), problems) is None
    assert len(problems) == 1
    assert problems[0].startswith(problem)
    assert KEY not in problems[0]
    assert "hunter2" not in problems[0]


def test_the_first_key_signs_and_all_are_kept() -> None:
    problems: list[str] = []
    texts = {secrets.SECRET_KEY: f" b:{KEY} , a:{KEY[::-1]},", secrets.ADDRESS_KEY: KEY.upper()}
    found = secrets.secrets_of(texts, {}, problems)
    assert found is not None
    assert found.signing_keys == (("b", bytes.fromhex(KEY)), ("a", bytes.fromhex(KEY[::-1])))
    assert set(found.texts) == {KEY, KEY[::-1]}
    assert repr(found) == "Secrets()"
    assert problems == []


def test_a_missing_one_is_said_in_a_sentence_with_where_it_belongs(tmp_path: Path) -> None:
    problems: list[str] = []
    names = (*secrets.NAMES, "STANDFIRST_SOURCE_GHOST", "STANDFIRST_READERS_SHOP_HOOK")
    wanted = dict.fromkeys(names, "why")
    assert secrets.secrets_of({}, wanted, problems, tmp_path / "secrets.env") is None
    *missing, absent = problems
    assert (
        f"{secrets.SMTP_PASSWORD}: missing; it is the mail server's password (why). Put it into" in missing[3]
    )
    assert missing[3].endswith(f"the environment or {tmp_path}/secrets.env")
    assert "STANDFIRST_READERS_SHOP_HOOK: missing; it signs the stops that are told" in missing[-1]
    verbs = {problem.split("; it ")[1].split()[0] for problem in missing}
    assert verbs == {"signs", "recognises", "is"}
    assert absent.startswith(f"{tmp_path}/secrets.env: not there, and newsroom.secrets names it")


def test_an_absent_file_is_no_mistake_while_nothing_is_missing(tmp_path: Path) -> None:
    problems: list[str] = []
    texts = {secrets.SECRET_KEY: f"a:{KEY}", secrets.ADDRESS_KEY: KEY}
    wanted = dict.fromkeys(texts, "always")
    assert secrets.secrets_of(texts, wanted, problems, tmp_path / "secrets.env") is not None
    assert problems == []
    (tmp_path / "secrets.env").touch()
    assert secrets.secrets_of({}, wanted, problems, tmp_path / "secrets.env") is None
    assert len(problems) == 2
