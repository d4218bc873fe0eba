"""Keeping results: the versioned JSON with every raw value, and a flat CSV."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...runtime.errors import MissingFileError, OutputError, ParameterError
from ...runtime.util.atomic import require_writable, write_text
from .expected import require_results

Save = Callable[[dict[str, Any]], None]

SCHEMA = 1
PARTIAL = ".partial"  # behind the name of a file of results, while there are more to come
LIST_OF_NUMBERS = re.compile(r"\[[-+.,eE\d\s]+\]")
TIMES = ("front_end_ms", "model_ms", "clip_ms", "stream_ms", "paced_ms")
COLUMNS = (
    "file",
    "model",
    "format",
    "precision",
    "engine",
    "threads",
    "front_end",
    "bytes",
    "accuracy",
    "agreement",
    "calibration_error",
    *(f"{time}_{figure}" for time in TIMES for figure in ("p50", "p90", "p99", "mean", "iqr", "n")),
    "real_time_factor",
    "load_ms",
    "first_call_ms",
    "cold_start_ms",
    "peak_rss_bytes",
    "macs",
    "gmacs_per_s",
    "peak_share",
    "other_load_cores",
    "seconds_per_epoch",
    "warnings",
    "error",
)


def check_writable(path: Path) -> None:
    """Raise OutputError where `path` cannot be written, before anything is measured for it."""
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; name a file")
    require_writable(path.parent)


def partial_path(path: Path) -> Path:
    """Where the results of a bench that is under way stand until they are written to `path`."""
    return path.with_name(f"{path.name}{PARTIAL}")


def saver(path: Path | None) -> Save:
    """What writes results to `path`, or does nothing where there is none.

    Until a bench is complete or was interrupted, its results go to `partial_path`, and what stands at `path` stays.

    Raises:
        OutputError: as `check_writable`.
    """
    if path is None:
        return lambda bench: None
    check_writable(path)
    return functools.partial(_save, path=path)


def _save(bench: dict[str, Any], path: Path) -> None:
    if not (bench["complete"] or bench["interrupted"]):
        write_json(bench, partial_path(path))
        return
    write_json(bench, path)
    partial_path(path).unlink(missing_ok=True)


def write_json(bench: dict[str, Any], path: Path) -> None:
    """Write the results whole or not at all, each list of numbers on a line of its own; raises OutputError."""
    text = json.dumps(bench, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, LIST_OF_NUMBERS.sub(lambda found: " ".join(found.group().split()), text) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The results that `write_json` wrote.

    Raises:
        MissingFileError: there is no such file.
        ParameterError: it is no bench file, one of another schema, or one with a key that is missing or wrong.
    """
    try:
        bench = json.loads(Path(path).read_bytes())
    except OSError as error:
        left = partial_path(Path(path))
        remedy = f"; {left} holds what a bench measured that did not come to its end" if left.is_file() else ""
        raise MissingFileError(
            f"{path}: expected the JSON of `genrekit bench --out`, but it cannot be read ({error.strerror}){remedy}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"{path}: expected the JSON of `genrekit bench --out`, but it is no JSON") from error
    schema = bench.get("schema") if isinstance(bench, dict) else None
    if schema != SCHEMA:
        raise ParameterError(
            f"{path}: schema={schema!r}: expected results of schema {SCHEMA}; measure again with `genrekit bench --out`"
        )
    try:
        require_results(bench)
    except ValueError as error:
        raise ParameterError(f"{path}: {error}; measure again with `genrekit bench --out`") from error
    return bench


def write_csv(bench: dict[str, Any], path: Path) -> None:
    """Write one row a case, baselines last, in the order of COLUMNS; raises OutputError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    epochs = seconds_per_epoch(bench)
    for row in [*bench["results"], *bench["baselines"]]:
        flat = {**row, **_flat_times(row), "seconds_per_epoch": epochs.get(row["model"])}
        flat["warnings"] = " ".join(warning["kind"] for warning in row["warnings"])
        writer.writerow([flat.get(column) for column in COLUMNS])
    write_text(path, text.getvalue())


def _flat_times(row: dict[str, Any]) -> dict[str, float]:
    return {f"{time}_{figure}": value for time in TIMES for figure, value in (row.get(time) or {}).items()}


def seconds_per_epoch(bench: dict[str, Any]) -> dict[str, float | None]:
    """Name of a model -> seconds that an epoch of its training took, as handed to the bench."""
    return {row["model"]: row["seconds_per_epoch"] for row in bench["training"]}
