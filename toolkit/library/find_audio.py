"""The audio files of a folder and its subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...runtime.errors import MissingFileError
from ..corpus.scan import AUDIO_SUFFIXES


def audio_files(folder: Path) -> Iterator[Path]:
    """Every audio file under `folder`, in the order of their paths as text; one folder at a time is in memory.

    Hidden files and links to folders are passed over. A folder that cannot be listed comes as if it were a file, so
    that whoever opens it says so.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:
        yield folder
        return
    folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    for entry in sorted(entries, key=lambda entry: f"{entry.name}/" if entry.name in folders else entry.name):
        if entry.name in folders:
            yield from audio_files(Path(entry.path))
        elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES:
            yield Path(entry.path)


def count_audio_files(folder: Path) -> int:
    """How many files `audio_files` finds; raises MissingFileError where there are none, or no such folder."""
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: expected a folder with audio files, found none; check the path")
    count = sum(1 for _ in audio_files(folder))
    if not count:
        raise MissingFileError(
            f"{folder}: expected audio files in it, found none that end in {', '.join(sorted(AUDIO_SUFFIXES))}; check "
            "the path"
        )
    return count


def shown(path: Path, folder: Path) -> str:
    """`path` as it stands under `folder`; bytes that are no UTF-8 become escapes."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
