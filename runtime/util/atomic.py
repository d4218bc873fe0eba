"""Writing files so that nothing half-written ever stands under its final name."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import GenrekitError, first_words
from .folders import make_folder, sync_folder
from .lock import is_abandoned, lock, stands_at
from .room import lacks_room, no_room, refused

LEFTOVER = re.compile(r"\.genrekit-[0-9a-f]{8}-")  # how the names of temporary files begin


@contextlib.contextmanager
def replacing(path: str | Path, *, durable: bool = True, size: int | None = None) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; move it over `path` when the block succeeds.

    The temporary file keeps the suffix of `path`, because writers choose their format by it.
    When the block raises, `path` stays as it was and the temporary file is removed. Those that killed processes have
    left in the folder are removed first.

    Args:
        path: the final name; its folder is made where missing.
        durable: whether the file must survive a loss of power once it stands under its final name. Waiting for the
            disk takes time, which caches and scratch files are not worth.
        size: how many bytes it will take, where that is known, for the sentence about a full disk.

    Raises:
        NoRoomError: the disk is full, or files may not be so large.
        OutputError: the folder cannot be made or written to.
    """
    path = Path(path)
    lacking, written = False, 0
    try:
        make_folder(path.parent, durable)
        remove_leftovers(path.parent)
        with _locked_beside(path) as (temporary, let_go):
            try:
                yield temporary
                if durable:  # before the move: a name must never reach the disk sooner than what it names
                    with temporary.open("r+b") as file:
                        os.fsync(file.fileno())
            except Exception as error:
                lacking = getattr(error, "errno", None) is None and lacks_room(temporary)
                written = temporary.stat().st_size if temporary.exists() else 0
                raise
            if os.name == "nt":  # does not move what is open
                let_go()
            temporary.replace(path)
            if durable:
                sync_folder(path.parent)
    except GenrekitError:
        raise
    except Exception as error:
        needed = f"{size:,}" if size is not None else f"more than {written:,}"
        if lacking:
            raise no_room(path, first_words(error), needed) from error
        if isinstance(error, OSError):
            raise refused(path, error, needed) from error
        raise


@contextlib.contextmanager
def _locked_beside(path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A new file beside `path`, which nobody takes for a leftover while the block runs, and what ends that sooner."""
    beside, descriptor = _open_beside(path)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        try:
            yield beside, stack.close
        finally:
            beside.unlink(missing_ok=True)


def _open_beside(path: Path) -> tuple[Path, int]:
    while True:
        # Not `tempfile.mkstemp`: its files are for their owner alone, and a process can only read its umask by changing
        # it, which other threads would see.
        beside = path.with_name(f".genrekit-{secrets.token_hex(4)}-{path.name}")
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        try:
            if lock(descriptor) and stands_at(descriptor, beside):
                return beside, descriptor
        except OSError:  # a disk without locks, on which nobody removes leftovers
            return beside, descriptor
        os.close(descriptor)  # another process took it for a leftover before it was locked


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that processes which are gone have left in `folder`."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [
            Path(entry) for entry in entries if LEFTOVER.match(entry.name) and entry.is_file(follow_symlinks=False)
        ]
        for path in found:
            _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    if os.name == "nt":  # removes nothing that a process has open
        path.unlink(missing_ok=True)
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        if is_abandoned(descriptor, path):
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def require_writable(folder: str | Path) -> None:
    """Raise OutputError where nothing can be written into `folder`, before any work is done for it; makes nothing."""
    folder = Path(folder).absolute()
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise refused(folder, error) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` whole or not at all; raises OutputError."""
    with replacing(path, size=len(data)) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all; raises OutputError.

    Odd bytes in the names of files become escapes, which in JSON stand for what Python makes of them.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))
