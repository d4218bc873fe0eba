"""Temporary files of a process and its children in one folder, so that what a killed one has left can be found."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .lock import is_abandoned, lock, stands_at

PREFIX = "genrekit-process-"


@contextlib.contextmanager
def own_temporary_folder() -> Iterator[None]:
    """While the block runs, this process and its children make their temporary files in a folder of their own.

    It is removed at the end, and those of processes that were killed are at the beginning. Where no folder can be made
    or locked, temporary files go where they always do.
    """
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(_locked_folder())
        except OSError:
            folder = None
        if folder:
            tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            tempfile.tempdir = before
            if variable is None:
                os.environ.pop("TMPDIR", None)
            else:
                os.environ["TMPDIR"] = variable


@contextlib.contextmanager
def _locked_folder() -> Iterator[str | None]:
    if sys.platform == "win32":  # cannot open folders
        yield None
        return
    remove_leftovers(Path(tempfile.gettempdir()))
    while True:
        name = tempfile.mkdtemp(prefix=PREFIX)
        descriptor = os.open(name, os.O_RDONLY)
        if lock(descriptor) and stands_at(descriptor, Path(name)):
            break
        os.close(descriptor)  # another process took it for a leftover before it was locked
    try:
        yield name
    finally:
        shutil.rmtree(name, ignore_errors=True)
        os.close(descriptor)


def remove_leftovers(temporary: Path) -> None:
    """Remove this user's folders of processes that have ended from the folder `temporary`."""
    with contextlib.suppress(OSError):
        for path in temporary.glob(f"{PREFIX}*"):
            _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # another user's, or gone
        return
    try:
        if os.fstat(descriptor).st_uid == os.getuid() and is_abandoned(descriptor, path):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
