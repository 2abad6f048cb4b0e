"""A table out of a text file as spreadsheets and mail programs write it: encoding, delimiter, rows by line.

RFC 4180 and what is found instead of it: a byte order mark, UTF-16, Windows-1252, semicolons, tabs, `sep=`,
line breaks inside quotes, quotes that nobody closes.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from newsroom.errors import ReaderError

DELIMITERS = (",", ";", "\t")

LONGEST_LINE = 200_000
"""Characters. A longer line is reported and skipped."""

MOST_LINES = 200
"""How many physical lines one row may span; a quote open for longer is taken for a mistake."""


class Line(NamedTuple):
    """One row: its cells, or what is wrong with it, and the physical line where it starts, from 1."""

    number: int
    cells: Sequence[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table; its rows are read by `rows`, as often as one likes."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    first_row: int
    """The physical line behind the header."""


def open_table(
    path: Path, is_header: Callable[[Sequence[str]], bool] = bool, *, headless: bool = False
) -> Table:
    """Find out how the file is written. `is_header` tells a header of the kind that is looked for.

    `headless`: the first line may be a row already; the table's header is empty then.

    Raises ReaderError for a file that cannot be read, is empty, or starts with a row instead of a header.
    """
    try:
        encoding = _encoding(path)
        with _opened(path, encoding) as file:
            lines = _Lines(file, 1)
            start, text = _first_record(lines)
    except OSError as error:
        raise ReaderError(f"{path.name}: cannot be read: {error.strerror}") from error
    if not text:
        raise ReaderError(f"{path.name}: the file is empty; its first line must name the columns")
    declared = text.strip().lower()
    if declared.startswith("sep=") and len(declared) == 5:
        # Excel's own note to itself: the header is the line after it.
        with _opened(path, encoding) as file:
            lines = _Lines(file, 1)
            _first_record(lines)
            start, text = _first_record(lines)
        return Table(path, encoding, declared[4], tuple(_split(text, declared[4])), start + text.count("\n"))
    readings = [(delimiter, _split(text, delimiter)) for delimiter in DELIMITERS]
    delimiter, header = max(readings, key=lambda reading: (is_header(reading[1]), len(reading[1])))
    if any("@" in cell for cell in header):
        if headless:
            return Table(path, encoding, delimiter, (), start)
        raise ReaderError(
            f"{path.name}: line {start} holds an address where the names of the columns belong; "
            "put a line such as `address,name,plan` on top"
        )
    spanned = max(1, len(text.splitlines()))
    return Table(path, encoding, delimiter, tuple(cell.strip() for cell in header), start + spanned)


def rows(table: Table) -> Iterator[Line]:
    """Every row behind the header, blank ones left out, broken ones with what is wrong with them."""
    with _opened(table.path, table.encoding) as file:
        for _ in range(table.first_row - 1):
            file.readline()
        lines = _Lines(file, table.first_row)
        reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
        while True:
            lines.begin()
            number = lines.number
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # Whatever it swallowed behind its first line are rows of their own.
                lines.give_back()
                # Another reader, so that nothing is left of the broken row.
                reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
                yield Line(number, (), _broken(error))
                continue
            if any(cells):
                yield Line(number, cells)


@dataclass(slots=True)
class _Lines:
    """Physical lines, those of the present row remembered so that they can be read again."""

    file: TextIO
    number: int
    taken: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    too_long: bool = False

    def __iter__(self) -> _Lines:
        return self

    def begin(self) -> None:
        self.taken = []

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise csv.Error("a quote is opened and not closed")
        line = self.waiting.pop() if self.waiting else self._read()
        if not line:
            if self.taken:
                raise csv.Error("a quote is opened and not closed")
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        if self.too_long:
            self.too_long = False
            raise csv.Error(f"the line is longer than {LONGEST_LINE} characters")
        return line

    def give_back(self) -> None:
        again = self.taken[1:]
        self.waiting.extend(reversed(again))
        self.number -= len(again)

    def _read(self) -> str:
        line = self.file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            self.too_long = True
            while (rest := self.file.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
                pass
        return line


def _broken(error: csv.Error) -> str:
    if "expected after" in str(error):
        return "there is text behind a closing quote"
    return str(error)


def _first_record(lines: _Lines) -> tuple[int, str]:
    """The first line that is not blank, with its number; quotes in a header may hold line breaks."""
    for line in lines:
        start = lines.number - 1
        text = line
        while text.count('"') % 2 and len(lines.taken) < MOST_LINES:
            more = lines._read()
            if not more:
                break
            text += more
        if text.strip(" \t\r\n,;"):
            return start, text
        lines.begin()
    return lines.number, ""


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return []


def _opened(path: Path, encoding: str) -> TextIO:
    # newline="": a line break inside quotes stays as it is.
    return path.open(encoding=encoding, errors="replace", newline="")


def _encoding(path: Path) -> str:
    """How the file is encoded: by its byte order mark, else by what its bytes can be."""
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        nuls = (start[0::2].count(0), start[1::2].count(0))
        if max(nuls) > len(start) // 5:
            return "utf-16-be" if nuls[0] > nuls[1] else "utf-16-le"
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        sound = broken = 0
        chunk = start
        while chunk:
            text = decoder.decode(chunk)
            if not text.isascii():
                odd = len(text) - len(text.encode("utf-8", "ignore").decode())
                broken += odd
                sound += len(text) - len(text.encode("ascii", "ignore")) - odd
            chunk = file.read(1 << 20)
    # One damaged place does not make a file of UTF-8 into one of Windows-1252.
    return "cp1252" if broken > sound else "utf-8"
