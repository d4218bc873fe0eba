"""Writing files so that nothing half-written ever stands under its final name."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import GenrekitError, OutputError


@contextlib.contextmanager
def replacing(path: str | Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; move it over `path` when the block succeeds.

    The temporary file keeps the suffix of `path`, because writers choose their format by it.
    When the block raises, `path` stays as it was and the temporary file is removed.

    Args:
        path: the final name; its folder is made where missing.
        durable: whether the file must survive a loss of power once it stands under its final name. Waiting for the
            disk takes time, which caches and scratch files are not worth.

    Raises:
        OutputError: the folder cannot be made or written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not `tempfile.mkstemp`: its files are for their owner alone, and a process can only read its umask by changing
        # it, which other threads would see.
        beside = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        temporary = beside
        yield temporary
        if durable:  # before the move: a name must never reach the disk sooner than what it names
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            _sync_folder(path.parent)
    except GenrekitError:
        raise
    except OSError as error:
        raise _refused(str(path), error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _refused(where: str, error: OSError) -> OutputError:
    reason = error.strerror or error
    return OutputError(f"cannot write {where}: {reason}; choose a folder with room that you may write to")


def _sync_folder(folder: Path) -> None:
    """So that the new name lasts, too, where the system can promise that: the file is there in any case."""
    if os.name == "nt":  # cannot open folders
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def require_writable(folder: str | Path) -> None:
    """Raise OutputError where nothing can be written into `folder`, before any work is done for it; makes nothing."""
    folder = Path(folder).absolute()
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise _refused(f"into {folder}", error) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` whole or not at all; raises OutputError."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all; raises OutputError.

    Odd bytes in the names of files become escapes, which in JSON stand for what Python makes of them.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))
