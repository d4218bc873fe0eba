"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import OutputError
from .folders import make_folder
from .room import refused

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".genrekit.lock"
_FAR = 2**30  # on Windows nobody can read what is locked: a byte behind the number of the process


def lock(descriptor: int) -> bool:
    """Whether an open file or folder could be locked, until it is closed; False where another opener has its lock.

    Raises OSError where the system or the file's disk has no locks.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def is_abandoned(descriptor: int, path: Path) -> bool:
    """Whether what is open stands at `path`, and nobody has locked it; from then on this process has."""
    try:
        return lock(descriptor) and stands_at(descriptor, path)
    except OSError:  # there is no telling
        return False


def stands_at(descriptor: int, path: Path) -> bool:
    """Whether the open file or folder is the one at `path`: another process may have removed or replaced it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def sole_writer(output: str | Path, *, folder: bool = False) -> Iterator[None]:
    """While the block runs, nobody else can enter one for the same output: no other process, and no other thread.

    Args:
        output: a file or a folder that is going to be written.
        folder: whether it is a folder, which is made where it is missing.

    Raises:
        OutputError: another one writes it, or it cannot be written.
    """
    output = Path(output)
    path = output / LOCK if folder else output.with_name(f".{output.name}{LOCK}")
    new = not path.parent.exists()
    descriptor = _taken(path, output)
    try:
        yield
    finally:
        if sys.platform == "win32":  # cannot remove what is open
            os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
            if new:
                path.parent.rmdir()  # where nothing was written after all
        if sys.platform != "win32":
            os.close(descriptor)


def _taken(path: Path, output: Path) -> int:
    """The lock file at `path`, open and locked; one that a killed process has left serves."""
    while True:
        descriptor = _opened(path, output)
        try:
            if not lock(descriptor):
                raise OutputError(
                    f"{output}: expected an output that nobody else writes, but {_holder(descriptor)} is writing it; "
                    "wait for its end, or name another one"
                )
            if stands_at(descriptor, path):  # or its last holder has removed it in the meantime
                break
        except OutputError:
            os.close(descriptor)
            raise
        except OSError:  # a disk without locks: as if there were none
            break
        os.close(descriptor)
    with contextlib.suppress(OSError):  # a full disk: then the holder stays unnamed
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _opened(path: Path, output: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise refused(output, error) from error


def _holder(descriptor: int) -> str:
    number = os.read(descriptor, 20)
    return f"process {number.decode()}" if number.isdigit() else "another process"
