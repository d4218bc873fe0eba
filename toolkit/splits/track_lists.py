"""Reading the CSV files of splits and artists: packaged lists and files of one's own.

They name a track by its stem, ``blues.00012``, or by genre and stem, ``blues/blues.00012``; folders before the genre
and the suffix of an audio file may be there too. Accented letters may be written in any of Unicode's ways, since file
systems differ in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ..corpus import tables
from ..corpus.scan import AUDIO_SUFFIXES, Track
from ..corpus.tables import Row

Value = TypeVar("Value")


def packaged_rows(name: str, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a list that genrekit carries."""
    return rows((resources.files(__package__) / "lists" / name).read_text("utf-8"), name, columns)


def file_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """`rows` of a file; raises CorpusError, also where it is no text."""
    return _comparable_rows(tables.file_rows(path, columns))


def rows(text: str, source: str, columns: Sequence[str]) -> Iterator[Row]:
    """`tables.rows`, with tracks in the form that `of_track` looks for; raises CorpusError."""
    return _comparable_rows(tables.rows(text, source, columns))


def _comparable_rows(found: Iterator[Row]) -> Iterator[Row]:
    return ((number, {**values, "track": _comparable(values["track"])}) for number, values in found)


def of_track(known: Mapping[str, Value], track: Track) -> Value | None:
    """What the rows of a file say of `track`, by the names in them; of genre and stem before the stem alone."""
    stem = _comparable(track.name)
    return known.get(f"{_comparable(track.genre)}/{stem}", known.get(stem))


def _comparable(name: str) -> str:
    """``stem`` or ``genre/stem``, without the suffix of an audio file, each accented letter as one character."""
    path = PurePosixPath(unicodedata.normalize("NFC", name))
    stem = path.stem if path.suffix.lower() in AUDIO_SUFFIXES else path.name
    return "/".join([*path.parts[-2:-1], stem])
