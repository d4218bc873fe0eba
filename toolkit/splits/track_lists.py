"""Reading the CSV files of splits and artists: packaged lists and files of one's own.

They name a track by its stem, ``blues.00012``, or by genre and stem, ``blues/blues.00012``; folders before the genre
and the suffix of an audio file may be there too. Accented letters may be written in any of Unicode's ways, since file
systems differ in it.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ...runtime.errors import CorpusError
from ...runtime.util.regular import read_text
from ..corpus.scan import AUDIO_SUFFIXES, Track

Row = tuple[int, dict[str, str]]
Value = TypeVar("Value")


def packaged_rows(name: str, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a list that genrekit carries."""
    return rows((resources.files(__package__) / "lists" / name).read_text("utf-8"), name, columns)


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
    """(line, values of `columns`) of each row of CSV `text`; lines that begin with # are comments.

    Tracks come in the form that `of_track` looks for.

    Raises:
        CorpusError: the header, or a row, lacks a column; or it is no CSV.
    """
    try:
        yield from _rows(text, source, columns)
    except csv.Error as error:
        raise CorpusError(f"{source}: expected a CSV file, but it cannot be read ({error}); correct it") from error


def _rows(text: str, source: str, columns: Sequence[str]) -> Iterator[Row]:
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if not line.startswith("#")]
    reader = csv.DictReader(line for _, line in numbered)
    if not set(columns) <= set(reader.fieldnames or ()):
        raise CorpusError(f"{source}: header={reader.fieldnames}: expected {','.join(columns)}; correct the first line")
    for row in reader:
        number = numbered[reader.line_num - 1][0]
        missing = [column for column in columns if row[column] is None]
        if missing:
            raise CorpusError(f"{source}, line {number}: expected {','.join(columns)}, found no {missing[0]}; add it")
        values = {column: row[column].strip() for column in columns}
        yield number, {**values, "track": _comparable(values["track"])}


def of_track(known: Mapping[str, Value], track: Track) -> Value | None:
    """What the rows of a file say of `track`, by the names in them; of genre and stem before the stem alone."""
    stem = _comparable(track.name)
    return known.get(f"{_comparable(track.genre)}/{stem}", known.get(stem))


def _comparable(name: str) -> str:
    """``stem`` or ``genre/stem``, without the suffix of an audio file, each accented letter as one character."""
    path = PurePosixPath(unicodedata.normalize("NFC", name))
    stem = path.stem if path.suffix.lower() in AUDIO_SUFFIXES else path.name
    return "/".join([*path.parts[-2:-1], stem])
