"""Keeping results: JSON with every raw value, and a flat CSV."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...runtime.errors import OutputError
from ...runtime.util.atomic import require_writable, write_text
from ...runtime.util.foreign_text import csv_text
from ...runtime.util.lock import sole_writer
from ...runtime.util.regular import not_a_file
from .schema import TIMES, Bench, Row

Save = Callable[[dict[str, Any]], None]

PARTIAL = ".partial"  # behind the name of a file of results, while there are more to come
LIST_OF_NUMBERS = re.compile(r"\[[-+.,eE\d\s]+\]")
OF_TIMES = ("p50", "p90", "p99", "mean", "iqr", "n")
NOT_IN_CSV = ("accuracy_interval", "parity_reasons", "per_round", "confusion", "confusion_labels")


def check_writable(path: Path) -> None:
    """Raise OutputError where `path` cannot be written, before anything is measured for it."""
    found = not_a_file(path)
    if found and not found.startswith("none"):
        raise OutputError(f"cannot write {path}: it is {found}; name a file")
    require_writable(path.parent)


def partial_path(path: Path) -> Path:
    """Where the results of a bench that is under way stand until they are written to `path`."""
    return path.with_name(f"{path.name}{PARTIAL}")


def sole_bench(path: Path | None) -> contextlib.AbstractContextManager[None]:
    """While the block runs, no other bench writes to `path`; raises OutputError where one does."""
    return sole_writer(path) if path else contextlib.nullcontext()


def saver(path: Path | None) -> Save:
    """What writes results as JSON to `path`, or does nothing where there is none; raises as `check_writable`.

    Until they are "complete", results go to `partial_path`, and what stands at `path` stays; where nothing does,
    "interrupted" ones go to `path`, too.
    """
    if path is None:
        return lambda content: None
    check_writable(path)

    def save(content: dict[str, Any]) -> None:
        if content["complete"] or (content["interrupted"] and not path.exists()):
            write_json(content, path)
            partial_path(path).unlink(missing_ok=True)
        else:
            write_json(content, partial_path(path))

    return save


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write `content` whole or not at all, each list of numbers on a line of its own; raises OutputError."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, LIST_OF_NUMBERS.sub(lambda found: " ".join(found.group().split()), text) + "\n")


def write_csv(bench: Bench, path: Path) -> None:
    """Write one line a row, baselines last: its fields, times as a column a figure; raises OutputError."""
    epochs = {row.model: row.seconds_per_epoch for row in bench.training}
    text = io.StringIO()
    columns: list[str] = []
    for name in [field.name for field in dataclasses.fields(Row) if field.name not in NOT_IN_CSV]:
        columns += [f"{name}_{figure}" for figure in OF_TIMES] if name in TIMES else [name]
    writer = csv.DictWriter(text, [*columns, "seconds_per_epoch"], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in bench.rows:
        timed = {kind: times for kind in TIMES if (times := row.times(kind))}
        figures = {f"{kind}_{figure}": getattr(times, figure) for kind, times in timed.items() for figure in OF_TIMES}
        kinds = " ".join(warning.kind for warning in row.warnings)
        epoch = epochs.get(row.model or "")
        cells = {**vars(row), **figures, "warnings": kinds, "seconds_per_epoch": epoch}
        writer.writerow({name: csv_text(cell) for name, cell in cells.items()})
    write_text(path, text.getvalue())
