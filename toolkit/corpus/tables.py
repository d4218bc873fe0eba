"""Reading CSV files that people write by hand: a header, a row a line, blank lines, comments after a #."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...runtime.errors import CorpusError
from ...runtime.util.regular import read_text

Row = tuple[int, dict[str, str]]


def file_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a file; raises CorpusError, also where it is no text."""
    try:
        text = read_text(path)
    except OSError as error:
        raise CorpusError(
            f"{path}: expected a CSV file with a header {','.join(columns)}, but it cannot be read "
            f"({error.strerror}); check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: expected a CSV text file (UTF-8) with a header {','.join(columns)}; save it as one"
        ) from error
    return rows(text, str(path), columns)


def rows(text: str, source: str, columns: Sequence[str]) -> Iterator[Row]:
    """(line, values of `columns`) of each row of CSV `text`, without the spaces around them.

    Raises:
        CorpusError: the header, or a row, lacks a column; or it is no CSV.
    """
    try:
        yield from _rows(text, source, columns)
    except csv.Error as error:
        raise CorpusError(f"{source}: expected a CSV file, but it cannot be read ({error}); correct it") from error


def _rows(text: str, source: str, columns: Sequence[str]) -> Iterator[Row]:
    lines = enumerate(text.splitlines(), 1)
    numbered = [(number, line) for number, line in lines if line.strip(" \t,") and not line.startswith("#")]
    reader = csv.DictReader((line for _, line in numbered), skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    if not set(columns) <= set(names):
        raise CorpusError(f"{source}: header={reader.fieldnames}: expected {','.join(columns)}; correct the first line")
    reader.fieldnames = names
    for row in reader:
        number = numbered[reader.line_num - 1][0]
        missing = [column for column in columns if row[column] is None]
        if missing:
            raise CorpusError(f"{source}, line {number}: expected {','.join(columns)}, found no {missing[0]}; add it")
        yield number, {column: row[column].strip() for column in columns}
