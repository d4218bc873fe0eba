"""Features that were computed once, on the disk: an entry a track, keyed by its content and by what made them of it.

Entries are written in one step, so that processes may share a folder, and carry a checksum over their key and content:
one that was damaged, cut or put under another name is as good as none.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...runtime.errors import OutputError
from ...runtime.mfcc import MfccConfig
from ...runtime.util.atomic import remove_leftovers, replacing
from ...runtime.util.regular import open_regular
from ..compute.software import software
from .segments import TrackFeatures

LOCATION = "GENREKIT_CACHE"  # the environment variable that names another folder
SUFFIX = ".features"
CHECKSUM_BYTES = 32  # of SHA-256, before the array


def default_folder() -> Path:
    """$GENREKIT_CACHE, or `genrekit` in the user's cache folder; raises ImportError where platformdirs is missing."""
    if os.environ.get(LOCATION):
        return Path(os.environ[LOCATION])
    import platformdirs

    return platformdirs.user_cache_path("genrekit")


class FeatureCache:
    """A folder of tracks' features; one that cannot be written is read.

    Attributes:
        folder: made where it is missing.
        problem: why nothing can be written into it, once that was found; else None.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problem: str | None = None

    def key(self, content: bytes, config: MfccConfig, as_heard: bool = False) -> str:
        """The name of an entry, 64 hexadecimal digits: of a file with the SHA-256 `content`, so transformed."""
        what = {"config": config.to_dict(), "software": software(), "content": content.hex(), "as heard": as_heard}
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def get(self, key: str, shifts: int, rooms: int = 0) -> TrackFeatures | None:
        """The features under `key`; None where there are none, or none that are complete and finite.

        An entry with more shifts or rooms serves where those that are asked for are among them.
        """
        try:
            with open_regular(self._path(key)) as file:
                data = file.read()
        except OSError:
            return None
        checksum, content = data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:]
        if checksum != _checksum(key, content):
            return None
        try:
            return _features(content, shifts, rooms)
        except (EOFError, IndexError, OverflowError, TypeError, ValueError):  # the checksum holds, the rest does not
            return None

    def put(self, key: str, features: TrackFeatures) -> None:
        """Keep `features` under `key`; where that fails, `problem` says why and nothing more is written."""
        if self.problem:
            return
        content = io.BytesIO()
        for array in (features.windows, features.heard, np.array([features.padded, features.rate])):
            np.save(content, array, allow_pickle=False)
        try:
            with replacing(self._path(key), durable=False) as temporary:
                temporary.write_bytes(_checksum(key, content.getvalue()) + content.getvalue())
        except OutputError as error:
            self.problem = str(error)

    def size(self) -> tuple[int, int]:
        """How many entries there are, and how many bytes they take."""
        sizes = [path.stat().st_size for path in self._files()]
        return len(sizes), sum(sizes)

    def clear(self) -> None:
        """Remove the entries, and what killed processes left of some; other files stay. Raises OutputError.

        What other processes write at the time stays, too.
        """
        try:
            for path in self._files():
                path.unlink(missing_ok=True)
            for folder in self.folder.glob("??"):
                remove_leftovers(folder)
        except OSError as error:
            raise OutputError(
                f"cannot clear {self.folder}: {error.strerror or error}; check whose folder it is"
            ) from error

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.glob(f"??/*{SUFFIX}") if not path.name.startswith("."))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"


def _features(content: bytes, shifts: int, rooms: int) -> TrackFeatures | None:
    arrays = io.BytesIO(content)
    windows, heard, (padded, rate) = (np.load(arrays, allow_pickle=False) for _ in range(3))
    for array in (windows, heard):
        if array.ndim != 4 or array.dtype != np.float32 or not np.isfinite(array).all():
            return None
    if not windows.shape[1] or windows.shape[1] % shifts or heard.shape[1] < rooms:
        return None
    return TrackFeatures(windows[:, :: windows.shape[1] // shifts], bool(padded), int(rate), heard[:, :rooms])


def _checksum(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()
