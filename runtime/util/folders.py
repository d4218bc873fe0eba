"""Folders that last."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_folder(folder: Path, durable: bool = True) -> None:
    """Make `folder` where it is missing; `durable`: so that it survives a loss of power. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing if durable else ():
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """So that the new name lasts, too, where the system can promise that: the file is there in any case."""
    if os.name == "nt":  # cannot open folders
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
