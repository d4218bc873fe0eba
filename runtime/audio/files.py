"""Audio files of any format that libsndfile reads, block by block. Never a whole file at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..errors import AudioError, MissingFileError
from ..util.regular import not_a_file
from .headers import kind, reports_a_cut
from .sizes import CorrectedFile, Sizes, check_sizes
from .source import MAX_CHANNELS, MAX_RATE, MIN_RATE, AudioSource

BLOCK_S = 1.0  # seconds of audio read at a time
MISSING_S = 0.1  # seconds; the headers of MP3 are that inexact
BLOCK_VALUES = 1 << 22  # samples of all channels read at a time, at most
UNKNOWN = 2**62  # frames; what libsndfile says of FLAC that was written into a pipe is more
WITHOUT_AUDIO = "expected audio, received a file with no samples, or cut before the first; record or copy it again"


def open_file(path: str | Path, sample_rate: int, block_s: float = BLOCK_S) -> AudioSource:
    """A file of any format that libsndfile reads, as blocks at `sample_rate`.

    Raises:
        MissingFileError: there is no such file.
        AudioError: it cannot be decoded or holds no audio. Also raised while iterating.
    """
    path = Path(path)
    if found := not_a_file(path):  # nor opened: a pipe would be waited on, and a device has no end
        raise MissingFileError(f"{path}: expected an audio file, found {found}; check the path")
    if not path.stat().st_size:
        raise AudioError(f"{path}: expected audio, received a file that is empty; record or copy it again")
    with _opened(path) as (file, _):
        frames, rate, channels = file.frames, file.samplerate, file.channels
    if frames == 0:
        raise AudioError(f"{path}: {WITHOUT_AUDIO}")
    if not (MIN_RATE <= rate <= MAX_RATE and channels <= MAX_CHANNELS):
        raise AudioError(
            f"{path}: expected 1 to {MAX_CHANNELS} channels at {MIN_RATE} to {MAX_RATE} Hz, received "
            f"channels={channels}, rate={rate}; convert it"
        )
    noted: dict[str, Any] = {}
    seconds = frames / rate if frames < UNKNOWN else None
    return AudioSource(_file_blocks(path, block_s, noted), rate, sample_rate, noted, seconds)


def read_file(path: str | Path, sample_rate: int) -> np.ndarray:
    """A whole file: mono float32 [shape=(n,)] at `sample_rate`; errors as `open_file`."""
    return np.concatenate(list(open_file(path, sample_rate)))


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """Read from front to back only: soundfile seeks after each read where it can, which garbles MP3 at the seam."""

    def seekable(self) -> bool:
        return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[_ForwardFile, Sizes]]:
    """A file as libsndfile reads it, by its name, or with the sizes corrected that are wrong."""
    try:
        with path.open("rb") as content:
            sizes = check_sizes(content)
    except OSError:  # libsndfile cannot read it either, and says so
        sizes = Sizes()
    with _decoding(path), contextlib.ExitStack() as opened:
        # soundfile takes no text that is no UTF-8; names on Windows always are Unicode.
        source: Any = str(path) if os.name == "nt" else os.fsencode(path)
        if sizes.corrections:
            source = opened.enter_context(CorrectedFile(path, sizes.corrections))
        yield opened.enter_context(_ForwardFile(source)), sizes


def _file_blocks(path: Path, block_s: float, noted: dict[str, Any]) -> Iterator[np.ndarray]:
    decoded = 0
    with _opened(path) as (file, sizes):
        frames = max(1, min(round(block_s * file.samplerate), BLOCK_VALUES // file.channels))
        # Not SoundFile.blocks: where a file is cut short, it repeats old audio up to the length that the header claims.
        try:
            while len(block := file.read(frames, dtype="float32")):
                decoded += len(block)
                yield block
        except soundfile.LibsndfileError:
            if not decoded:
                raise
        missing = decoded < file.frames - MISSING_S * file.samplerate and file.frames < UNKNOWN
        reported = any(map(reports_a_cut, file.extra_info.splitlines()))
        noted["cut_short"] = missing or reported or sizes.cut_short
        noted["length_unknown"] = sizes.length_unknown
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
