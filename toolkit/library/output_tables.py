"""Rows as Parquet, CSV or JSON lines: written and read in batches, so that no table is ever in memory at once."""

from __future__ import annotations

import csv
import json
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...runtime.errors import OutputError, ParameterError, first_words
from ...runtime.util.atomic import replacing
from ...runtime.util.foreign_text import csv_original, csv_text
from ...runtime.util.regular import not_a_file
from .resume_db import BATCH_ROWS

Row = dict[str, Any]
COLUMNS = {
    "file": str,
    "seconds": float,
    "label": str,
    "score": float,
    "answer": str,
    "windows": int,
    "error": str,
    "note": str,
    "key": str,
}


def columns_of(labels: Sequence[str]) -> dict[str, type]:
    """Name and type of each column for a model with these labels."""
    return {**COLUMNS, **{f"score_{label}": float for label in labels}}


def require_format(path: Path) -> None:
    """Raises ParameterError where the suffix names no format, ImportError where the format's library is missing."""
    if path.suffix not in (".parquet", ".csv", ".jsonl"):
        raise ParameterError(f"out={path}: expected a file that ends in .parquet, .csv or .jsonl; name it so")
    if path.suffix == ".parquet":
        import pyarrow  # noqa: F401


def write(path: Path, columns: dict[str, type], batches: Iterable[list[Row]]) -> None:
    """Write the rows of `batches` in the format of the suffix, whole or not at all; raises OutputError."""
    writer = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}[path.suffix]
    with replacing(path) as temporary:
        writer(temporary, columns, batches)


def read(path: Path) -> Iterator[Row]:
    """The rows that `write` wrote; raises OutputError where the file holds something else, so that it must stay."""
    if found := not_a_file(path):
        raise OutputError(f"{path}: expected no file, or rows that genrekit classify wrote, found {found}; name a file")
    reader = {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_jsonl}[path.suffix]
    try:
        yield from map(_checked, reader(path))
    except (
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        csv.Error,
    ) as error:  # pyarrow's errors are ValueErrors
        raise OutputError(
            f"{path}: expected no file, or rows that genrekit classify wrote, found something else "
            f"({first_words(error)}); name another file"
        ) from error


def _checked(row: Row) -> Row:
    """Raises ValueError of a row that `write` cannot have written."""
    for name, value in row.items():
        kind = COLUMNS.get(name, float)
        if not isinstance(value, (kind, int) if kind is float else kind) and (value is not None or name == "file"):
            raise ValueError(f"{name}={reprlib.repr(value)} in a row")
    return row


def _require_columns(found: Iterable[str]) -> None:
    if missing := set(COLUMNS) - set(found) - {"answer"}:  # which tables of earlier versions lack
        raise ValueError(f"no column {min(missing)}")


def _write_parquet(path: Path, columns: dict[str, type], batches: Iterable[list[Row]]) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    with ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))


def _read_parquet(path: Path) -> Iterator[Row]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        _require_columns(file.schema_arrow.names)
        for batch in file.iter_batches(BATCH_ROWS):
            yield from batch.to_pylist()


def _write_csv(path: Path, columns: dict[str, type], batches: Iterable[list[Row]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for batch in batches:
            writer.writerows({name: csv_text(cell) for name, cell in row.items()} for row in batch)


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames is not None:  # the file is not empty
            _require_columns(reader.fieldnames)
        for row in reader:
            yield {name: _value(name, text) for name, text in row.items()}


def _value(name: str, text: str) -> str | float | int | None:
    kind = COLUMNS.get(name, float)
    return csv_original(text) if kind is str else kind(text) if text else None


def _write_jsonl(path: Path, columns: dict[str, type], batches: Iterable[list[Row]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in batches:
            for row in batch:
                file.write(json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False) + "\n")


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            _require_columns(row)
            yield row
