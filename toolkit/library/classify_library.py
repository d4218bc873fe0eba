"""Classifies a library into a table, and continues where an earlier run was interrupted."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ...bench.results.store import check_writable
from ...runtime.errors import OutputError
from ..compute import Executor, Processes, in_order
from ..corpus.scan import audio_files, count_audio_files, shown
from . import output_tables
from .remote_task import LOST, ModelFile, Task, describe, lost_row, row_of
from .resume_db import ResumeDb


@dataclasses.dataclass(frozen=True)
class Summary:
    """What became of a library.

    Attributes:
        unusable: how many of the files cannot be classified.
        kept: of how many an earlier run had made the row.
        gone: rows of an earlier run whose files are not there any more; the table has them no longer.
    """

    files: int
    unusable: int
    kept: int
    gone: int = 0


def require_output(out: Path) -> None:
    """Refuse an output before any work is done for it: no such format or place, a file of another kind, no pyarrow."""
    output_tables.require_format(out)
    check_writable(out)
    if out.exists():
        next(output_tables.read(out), None)


def classify_library(
    folder: Path,
    out: Path,
    model: ModelFile,
    executor: Executor = Processes(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """One row in `out` for each audio file under `folder`, in the order of their paths.

    Rows are kept in ``<out>.partial`` until all are there. A row is not made again while the file's content and the
    model are the same, whether it stands there or in `out` from an earlier run.

    Args:
        folder: absolute where the executor is remote.
        out: .parquet, .csv or .jsonl.
        progress: called with (files done, files).

    Raises:
        MissingFileError: no audio files.
        OutputError: see `require_output`; also where all earlier rows are of files that are not under `folder`.
        Failure: a process was killed, or the cluster is gone.
    """
    total = count_audio_files(folder)
    done = unusable = kept = 0
    with ResumeDb(partial_of(out)) as partial:
        _require_same_library(folder, partial_of(out), partial.files())
        if out.exists():
            _require_same_library(folder, out, (row["file"] for row in output_tables.read(out)))
            partial.offer(output_tables.read(out))
        work = functools.partial(row_of, model=model)
        files = ((path, shown(path, folder)) for path in audio_files(folder))
        tasks = (Task(path, file, partial.key_of(file)) for path, file in files)
        for _, (file, row) in executor.results(work, tasks, lost_row):
            partial.put(file, row)
            done, kept = done + 1, kept + (row is None)
            unusable += bool(row and row["error"])
            if progress:
                progress(done, max(done, total))
        columns = output_tables.columns_of(model.description().labels)
        output_tables.write(out, columns, partial.batches())
        gone = partial.gone()
    partial_of(out).unlink()
    return Summary(done, unusable, kept, gone)


def _require_same_library(folder: Path, holder: Path, files: Iterable[str]) -> None:
    """Refuse rows of other files alone: they would go, since a table has those of one library."""
    other = None
    for file in files:
        if os.path.exists(folder / file):  # False also of names that no file can have
            return
        other = other or file
    if other:
        raise OutputError(
            f"{holder}: expected rows of files under {folder}, found those of others alone, such as {other}; name "
            "another --out, or remove it"
        )


def partial_of(out: Path) -> Path:
    """Where the rows of an unfinished `out` are."""
    return out.with_name(f"{out.name}.partial")


def classify_each(
    paths: Iterable[Path],
    model: ModelFile,
    executor: Executor = Processes(),  # noqa: B008 (frozen)
) -> Iterator[dict[str, Any]]:
    """`classify_one` of each path in their order, in parallel; parameters and errors as `classify_library`."""

    def lost(path: Path) -> dict[str, Any]:
        return {"file": str(path), "error": f"{path}: {LOST}"}

    return in_order(executor.results(functools.partial(describe, model=model), paths, lost))
