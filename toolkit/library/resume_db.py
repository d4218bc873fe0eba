"""Rows that are done so far, in a file beside the output that outlives kill -9: an SQLite database."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...runtime.errors import OutputError
from ...runtime.util.folders import make_folder
from ...runtime.util.room import lacks_room, no_room, refused

APPLICATION = 0x67656E72  # "genr", by which SQLite tells whose database a file is
COMMIT_ROWS = 16  # this many at most are lost by a kill
BATCH_ROWS = 1000
TABLE = "create table if not exists rows (file text primary key, key text, run text, row text) without rowid"


class ResumeDb(contextlib.AbstractContextManager["ResumeDb"]):
    """The rows of one output, in a file that is made where it is missing. Used in ``with``; safe for threads.

    Raises OutputError, also later: it is another kind of file, another process uses it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._run = secrets.token_hex(8)  # rows of files that are gone keep the name of an earlier run
        self._uncommitted = 0
        self._lock = threading.Lock()
        try:
            make_folder(path.parent)
            new = not path.exists() or not path.stat().st_size
        except OSError as error:
            raise refused(path, error) from error
        with self._reported_errors():
            self._database = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
            try:
                self._claim(new)
            except BaseException:
                self._database.close()
                raise

    def _claim(self, new: bool) -> None:
        self._database.execute("pragma locking_mode = exclusive")  # a second run is refused, not mixed in
        (application,) = self._database.execute("pragma application_id").fetchone()
        if not new and application != APPLICATION:
            raise OutputError(f"{self._path}: expected rows of an interrupted run, found another file; move it away")
        self._database.execute(f"pragma application_id = {APPLICATION}")
        self._database.execute(TABLE)
        self._database.commit()

    def __exit__(self, *_: object) -> None:
        try:
            with self._reported_errors():
                self._database.commit()
        finally:
            self._database.close()

    def offer(self, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of an earlier output, which serve where none are at hand."""
        values = ((row["file"], row["key"], "", json.dumps(row)) for row in rows if row["key"])
        with self._reported_errors():
            self._database.executemany("insert or ignore into rows values (?, ?, ?, ?)", values)

    def key_of(self, file: str) -> str:
        """The key of the row at hand, or ""."""
        with self._reported_errors():
            found = self._database.execute("select key from rows where file = ?", (file,)).fetchone()
        return found[0] if found else ""

    def files(self) -> Iterator[str]:
        """Whose rows are at hand."""
        return (file for (file,) in self._database.execute("select file from rows"))

    def gone(self) -> int:
        """How many of the rows at hand are of files that this run has not seen."""
        with self._reported_errors():
            found = self._database.execute("select count(*) from rows where run <> ?", (self._run,)).fetchone()
        return int(found[0])

    def put(self, file: str, row: dict[str, Any] | None) -> None:
        """The row of `file`, or None: the row at hand holds."""
        with self._reported_errors():
            if row is None:
                self._database.execute("update rows set run = ? where file = ?", (self._run, file))
            else:
                values = file, row["key"], self._run, json.dumps(row)
                self._database.execute("insert or replace into rows values (?, ?, ?, ?)", values)
            self._uncommitted += 1
            if self._uncommitted >= COMMIT_ROWS:
                self._database.commit()
                self._uncommitted = 0

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """The rows of this run in the order of their files, `BATCH_ROWS` at a time."""
        cursor = self._database.execute("select row from rows where run = ? order by file", (self._run,))
        while found := cursor.fetchmany(BATCH_ROWS):
            yield [json.loads(row) for (row,) in found]

    @contextlib.contextmanager
    def _reported_errors(self) -> Iterator[None]:
        """One thread at a time; what SQLite raises becomes a sentence."""
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            if "full" in str(error) or lacks_room(self._path):
                raise no_room(self._path, str(error)) from error
            raise OutputError(
                f"cannot write {self._path}: {error}; check the disk, end another run that writes it, or move it away"
            ) from error
