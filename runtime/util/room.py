"""What is reported where something cannot be written: above all how much room there is, and how much it takes."""

from __future__ import annotations

import errno
import math
import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import NoRoomError, OutputError

NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
LEAST = 2**16  # bytes: what writers put down at once


def refused(path: Path, error: OSError, size: str = "") -> OutputError:
    """What to raise where `path` cannot be written because of `error`; `size`: how many bytes it takes, in words."""
    reason = error.strerror or str(error)
    if error.errno in NO_ROOM:
        return no_room(path, reason, size)
    return OutputError(f"cannot write {path}: {reason}; choose a folder with room that you may write to")


def no_room(path: Path, reason: str, size: str = "") -> NoRoomError:
    """What to raise where there is no room for `path`, for the `reason` that the system or a library gave."""
    folder = next((folder for folder in path.absolute().parents if folder.exists()), Path.cwd())
    needed, free, limit = f"{size or 'some'} bytes were to be written", shutil.disk_usage(folder).free, _largest_file()
    limited = "" if limit is None else f", and a file may have at most {limit:,} (ulimit -f)"
    return NoRoomError(
        f"cannot write {path}: {reason}: {needed}, {free:,} are free on its disk{limited}; make room, or choose a "
        "folder on another disk"
    )


def _largest_file() -> int | None:
    """How many bytes a file of this process may have; None where that is not limited."""
    if os.name == "nt":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def lacks_room(path: Path) -> bool:
    """Whether the file at `path` cannot become longer: libraries often keep to themselves why they failed."""
    try:
        limit, free = _largest_file(), shutil.disk_usage(path.parent).free
        return free < LEAST or (limit is not None and path.stat().st_size + LEAST > limit)
    except OSError:
        return False


def lacks_room_in(folder: Path) -> bool:
    """Whether there is no room in `folder`, or for one of the files in it."""
    return any(lacks_room(path) for path in (folder, *folder.rglob("*")) if path == folder or path.is_file())


def new_mapped(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A new .npy of zeros, mapped to memory, whose room on the disk is taken; raises NoRoomError.

    Otherwise a file that is mapped gets it only while it is written to, where a full disk ends the process by a signal.
    """
    try:
        array: npt.NDArray[np.float32] = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise refused(path, error, f"{4 * math.prod(shape):,}") from error
    return array
