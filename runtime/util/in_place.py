"""Writing into a file that is somebody else's: through its links, with its mode."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import OutputError
from .atomic import replacing
from .regular import not_a_file


def rewrite(path: str | Path, data: bytes) -> None:
    """Make `data` the content of `path`, a file that there is, and leave all else about it as it was.

    Symbolic links stay and are followed; the mode stays. The content changes in one step, but for a file with several
    names (hard links), which can only be written into.

    Raises:
        OutputError: it is no file, or cannot be written.
    """
    target = Path(path).resolve()
    if found := not_a_file(target):
        raise OutputError(f"cannot write {path}: expected a file, found {found}; name a file")
    if target.stat().st_nlink == 1:
        with replacing(target) as temporary:
            temporary.write_bytes(data)
            shutil.copymode(target, temporary)
        return
    try:
        with target.open("r+b") as file:
            file.write(data)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name a file that you may write to") from error
