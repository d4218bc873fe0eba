"""Reading the CSV files of splits and artists: packaged lists and files of one's own."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from ..runtime.errors import CorpusError

Row = tuple[int, dict[str, str]]


def packaged_rows(name: str, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a list that genrekit carries."""
    return rows((resources.files(__package__) / "split_lists" / name).read_text("utf-8"), name, columns)


def file_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a file; raises CorpusError, also where it is no text."""
    try:
        text = path.read_text("utf-8-sig")  # spreadsheets put a byte order mark in front
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: expected a CSV text file (UTF-8) with a header {','.join(columns)}; save it as one"
        ) from error
    return rows(text, str(path), columns)


def rows(text: str, source: str, columns: Sequence[str]) -> Iterator[Row]:
    """(line, values of `columns`) of each row of CSV `text`; lines that begin with # are comments.

    Names come in Unicode's composed form, since file systems differ in it: compare them with `composed` names.

    Raises:
        CorpusError: the header, or a row, lacks a column.
    """
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if not line.startswith("#")]
    reader = csv.DictReader(line for _, line in numbered)
    if not set(columns) <= set(reader.fieldnames or ()):
        raise CorpusError(f"{source}: header={reader.fieldnames}: expected {','.join(columns)}; correct the first line")
    for row in reader:
        number = numbered[reader.line_num - 1][0]
        missing = [column for column in columns if row[column] is None]
        if missing:
            raise CorpusError(f"{source}, line {number}: expected {','.join(columns)}, found no {missing[0]}; add it")
        yield number, {column: composed(row[column].strip()) for column in columns}


def composed(name: str) -> str:
    """`name` with each accented letter as one character, however the file system writes it."""
    return unicodedata.normalize("NFC", name)
