"""Audio files of any format that libsndfile reads, block by block. Never a whole file at once."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..errors import AudioError, MissingFileError
from .headers import kind, readable, reports_a_cut
from .source import MAX_RATE, AudioSource

BLOCK_S = 1.0  # seconds of audio read at a time
MISSING_S = 0.1  # seconds; the headers of MP3 are that inexact
WITHOUT_AUDIO = "expected audio, received a file with no samples, or cut before the first; record or copy it again"


def open_file(path: str | Path, sample_rate: int, block_s: float = BLOCK_S) -> AudioSource:
    """A file of any format that libsndfile reads, as blocks at `sample_rate`.

    Raises:
        MissingFileError: there is no such file.
        AudioError: it cannot be decoded or holds no audio. Also raised while iterating.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: expected an audio file, found none; check the path")
    if not path.stat().st_size:
        raise AudioError(f"{path}: expected audio, received a file that is empty; record or copy it again")
    with _decoding(path):
        info = soundfile.info(readable(path))
    if info.frames == 0:
        raise AudioError(f"{path}: {WITHOUT_AUDIO}")
    if info.samplerate > MAX_RATE:
        raise AudioError(f"{path}: expected at most {MAX_RATE} Hz, received {info.samplerate} Hz; convert it")
    noted: dict[str, Any] = {}
    return AudioSource(_file_blocks(path, block_s, noted), info.samplerate, sample_rate, noted)


def read_file(path: str | Path, sample_rate: int) -> np.ndarray:
    """A whole file: mono float32 [shape=(n,)] at `sample_rate`; errors as `open_file`."""
    return np.concatenate(list(open_file(path, sample_rate)))


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """Read from front to back only: soundfile seeks after each read where it can, which garbles MP3 at the seam."""

    def seekable(self) -> bool:
        return False


def _file_blocks(path: Path, block_s: float, noted: dict[str, Any]) -> Iterator[np.ndarray]:
    decoded = 0
    source = readable(path)
    with _decoding(path), _ForwardFile(source) as file:
        frames = max(1, round(block_s * file.samplerate))
        # Not SoundFile.blocks: where a file is cut short, it repeats old audio up to the length that the header claims.
        try:
            while len(block := file.read(frames, dtype="float32")):
                decoded += len(block)
                yield block
        except soundfile.LibsndfileError:
            if not decoded:
                raise
        missing = file.frames - decoded > MISSING_S * file.samplerate
        reported = any(map(reports_a_cut, file.extra_info.splitlines()))
        noted["cut_short"] = missing or reported or isinstance(source, mmap.mmap)
    if not decoded:
        raise AudioError(f"{path}: {WITHOUT_AUDIO}")


@contextlib.contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw, which soundfile takes for headerless
        # Not libsndfile's own words: of a damaged MP3 it says that the file does not exist.
        raise AudioError(
            f"{path}: expected audio that libsndfile reads (WAV, FLAC, Ogg, MP3, AIFF), received {kind(path)}"
        ) from error
