"""Files that somebody named: opened only where they are files, so that nobody waits for a pipe or reads a device."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 64 << 20  # of a file that is read whole: a description, a list, results
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def not_a_file(path: str | Path) -> str | None:
    """What stands at `path` instead of a file, such as "a pipe" or "none"; None where it is a file, also by a link."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a null character
        missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        return "none" if missing else f"none that can be opened ({getattr(error, 'strerror', None) or error})"
    if stat.S_ISREG(mode):
        return None
    return next((kind for holds, kind in _KINDS if holds(mode)), "something else")


def open_regular(path: str | Path) -> BinaryIO:
    """`path`, open for reading; raises OSError also where it is a pipe, a device or anything else that is no file."""
    if (found := not_a_file(path)) and not found.startswith("none"):
        raise OSError(errno.EINVAL, f"it is {found}", str(path))
    return open(path, "rb")


def read_bytes(path: str | Path) -> bytes:
    """The whole of `path`; raises OSError as `open_regular`, and where it has more than `MOST_BYTES`."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES >> 20} MiB", str(path))
        return file.read()


def read_text(path: str | Path) -> str:
    """The same as UTF-8, without a byte order mark; raises UnicodeDecodeError, too."""
    return read_bytes(path).decode("utf-8-sig")
