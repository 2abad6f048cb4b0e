"""Tables as spreadsheets really write them: encodings, delimiters, quotes, and on which line a row stands."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsroom.errors import ReaderError
from readership.exports import has_address
from readership.spreadsheet import LONGEST_LINE, Line, open_table, rows

HEADER = ("address", "name")


def _table(folder: Path, data: bytes | str, name: str = "list.csv") -> tuple[tuple[str, ...], list[Line]]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    table = open_table(path, lambda header: has_address(header, {}))
    return table.header, list(rows(table))


def _found(folder: Path, data: bytes | str) -> list[tuple[int, list[str], str]]:
    return [(line.number, list(line.cells), line.problem) for line in _table(folder, data)[1]]


TEXT = "address,name\na@example.org,Zoë Ångström\nb@example.org,“Łódź”\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.replace("Łódź", "Lodz").encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    table = open_table(path, lambda header: has_address(header, {}))
    found = list(rows(table))
    assert table.encoding == encoding
    assert table.header == HEADER
    assert found[0] == Line(2, ["a@example.org", "Zoë Ångström"])
    assert found[1].cells[1].startswith("“")


def test_one_damaged_byte_does_not_make_another_encoding_of_a_file(tmp_path: Path) -> None:
    data = b"address,name\n" + "a@example.org,Zoë and Łukasz\n".encode() + b"b@example.org,\xff\n"
    assert _found(tmp_path, data)[0][1][1] == "Zoë and Łukasz"


def test_windows_1252_far_into_the_file_is_still_found(tmp_path: Path) -> None:
    many = "".join(f"reader{number}@example.org,Ann\n" for number in range(60_000))
    data = ("address,name\n" + many).encode() + "z@example.org,Zoë\n".encode("cp1252")
    assert _found(tmp_path, data)[-1] == (60_002, ["z@example.org", "Zoë"], "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_found_out(tmp_path: Path, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(cells) for cells in (HEADER, ("a@example.org", "A B"), ("c@d.org", "C")))
    assert _table(tmp_path, text)[0] == HEADER
    assert _found(tmp_path, text) == [(2, ["a@example.org", "A B"], ""), (3, ["c@d.org", "C"], "")]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert _found(tmp_path, "email\na@example.org\n\nb@example.org") == [
        (2, ["a@example.org"], ""),
        (4, ["b@example.org"], ""),
    ]


def test_commas_in_a_semicolon_files_names_do_not_mislead(tmp_path: Path) -> None:
    text = "Last name, first name;address\nDoe, Ann;a@example.org\n"
    assert _found(tmp_path, text) == [(2, ["Doe, Ann", "a@example.org"], "")]


def test_excels_note_about_its_delimiter_is_followed(tmp_path: Path) -> None:
    assert _found(tmp_path, "sep=|\r\naddress|name\r\na@example.org|A, B; C\r\n") == [
        (3, ["a@example.org", "A, B; C"], "")
    ]


def test_blank_lines_before_the_header_count(tmp_path: Path) -> None:
    assert _found(tmp_path, "\n;;\n\naddress;name\na@example.org;A\n") == [(5, ["a@example.org", "A"], "")]


def test_a_row_stands_where_it_starts_also_behind_quoted_line_breaks(tmp_path: Path) -> None:
    text = (
        '"address","the\nname"\n'  # 1, 2
        'a@example.org,"two\nlines"\n'  # 3, 4
        'b@example.org,"with ""quotes"", a comma\r\nand\r\nthree"\n'  # 5, 6, 7
        "\n"  # 8
        "c@example.org,C\n"  # 9
    )
    assert [(number, cells[0]) for number, cells, _ in _found(tmp_path, text)] == [
        (3, "a@example.org"),
        (5, "b@example.org"),
        (9, "c@example.org"),
    ]


def test_a_quote_that_nobody_closes_costs_its_own_row_alone(tmp_path: Path) -> None:
    text = 'address,name\na@example.org,"open\nb@example.org,B\nc@example.org,"C"\nd@example.org,D\n'
    found = _found(tmp_path, text)
    assert [(number, bool(problem)) for number, _, problem in found] == [
        (2, True),
        (3, False),
        (4, False),
        (5, False),
    ]
    assert "quote" in found[0][2]


def test_an_endless_quote_is_given_up_and_the_rest_is_read(tmp_path: Path) -> None:
    text = 'address\n"open\n' + "".join(f"reader{number}@example.org\n" for number in range(1000))
    found = _found(tmp_path, text)
    assert found[0] == (2, [], "a quote is opened and not closed")
    assert len(found) == 1001
    assert found[-1] == (1002, ["reader999@example.org"], "")


def test_a_line_without_an_end_is_skipped_and_named(tmp_path: Path) -> None:
    text = "address\n" + "a" * (LONGEST_LINE * 3) + "\nb@example.org\n"
    found = _found(tmp_path, text)
    assert [(number, bool(problem)) for number, _, problem in found] == [(2, True), (3, False)]
    assert str(LONGEST_LINE) in found[0][2]


@pytest.mark.parametrize("broken", ['a@example.org,"A"x', 'a@example.org,"A" '])
def test_text_behind_a_quote_is_named(tmp_path: Path, broken: str) -> None:
    found = _found(tmp_path, f"address,name\n{broken}\nb@example.org,B\n")
    assert found == [
        (2, [], "there is text behind a closing quote"),
        (3, ["b@example.org", "B"], ""),
    ]


def test_a_nul_byte_stays_in_its_cell(tmp_path: Path) -> None:
    found = _found(tmp_path, b"address,name\na@example.org,A\x00B\nb@example.org,B\n")
    assert [number for number, _, _ in found] == [2, 3]
    assert found[1][1] == ["b@example.org", "B"]


@pytest.mark.parametrize("data", [b"", b"\n\n\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b",,,\n;;\n"])
def test_an_empty_file_is_named(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ReaderError, match=r"list\.csv: the file is empty"):
        _table(tmp_path, data)


def test_a_missing_header_is_told_without_the_address(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="line 1 holds an address where the names") as caught:
        _table(tmp_path, "ann@example.org,Ann\nbob@example.org,Bob\n")
    assert "ann" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(ReaderError, match=rf"{path.name}: cannot be read"):
            open_table(path)


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
@example([["a\r", "b\n"], ["\r\n", '"']], ",", "\n")
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], delimiter: str, end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *cells])
    folder = tmp_path_factory.mktemp("table")
    found = [list(line.cells) for line in _table(folder, out.getvalue().encode("utf-8"))[1]]
    assert found == [row for row in cells if any(row)]
