"""A corpus is a folder per class with audio files inside; its segments are what models learn from."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from pathlib import Path

import numpy as np

from ..runtime.audio import read_file
from ..runtime.errors import CorpusError, MissingFileError, ParameterError
from ..runtime.features import MfccConfig
from .demo_corpus import is_demo_corpus

AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".au", ".aiff", ".aif", ".opus", ".w64", ".caf"}


@dataclasses.dataclass(frozen=True)
class Track:
    """One audio file of a corpus and its class."""

    path: Path
    genre: str

    @property
    def name(self) -> str:
        """The file's stem, by which split files name it: ``blues.00012``."""
        return self.path.stem


@dataclasses.dataclass(frozen=True)
class Unusable:
    """A file that cannot serve, and why."""

    file: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The tracks of a folder, sorted by genre and name.

    Attributes:
        folder: where it lies.
        tracks: every audio file in a class folder.
        labels: the class folders' names, sorted.
        demo: whether genrekit composed it; such accuracies say nothing about music.
    """

    folder: Path
    tracks: tuple[Track, ...]
    labels: tuple[str, ...]
    demo: bool

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the tracks' names and contents, in hexadecimal: the same files give the same one anywhere."""
        digest = hashlib.sha256()
        for index, track in enumerate(self.tracks):
            digest.update(os.fsencode(f"{track.genre}/{track.path.name}\0"))
            digest.update(self.digest(index))
        return digest.hexdigest()

    def digest(self, index: int) -> bytes:
        """`digest_of` track `index`, read once."""
        if index not in self._digests:
            self._digests[index] = digest_of(self.tracks[index].path)
        return self._digests[index]

    @functools.cached_property
    def _digests(self) -> dict[int, bytes]:
        return {}

    def relative(self, path: Path) -> str:
        """`path` as it stands under the corpus folder."""
        return path.relative_to(self.folder).as_posix()


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file's bytes; of no bytes where it cannot be read."""
    try:
        return content_hash(path)
    except OSError:  # whoever decodes it will say why
        return hashlib.sha256().digest()


def content_hash(path: Path) -> bytes:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.digest()


def scan(folder: str | Path) -> Corpus:
    """List a corpus without opening its files.

    Raises:
        MissingFileError: there is no such folder.
        CorpusError: fewer than two class folders hold audio files, or the name of one is no text.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: expected a folder with one subfolder per genre, found none; check the path")
    tracks = tuple(
        Track(path, genre.name)
        for genre in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        for path in sorted(genre.iterdir())
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    labels = tuple(sorted({track.genre for track in tracks}))
    if len(labels) < 2:
        found = f"only {labels[0]}" if labels else "none"
        raise CorpusError(
            f"{folder}: expected at least two subfolders with audio files ({folder}/<genre>/<track>.wav), found "
            f"{found}; name the folder that holds the genres"
        )
    for label in labels:
        if not label.isprintable():  # nor are bytes that are no UTF-8; models carry the labels as text
            raise CorpusError(f"{folder / label}: expected a folder whose name is printable text; rename it")
    return Corpus(folder, tracks, labels, is_demo_corpus(folder))


@dataclasses.dataclass(frozen=True)
class Segments:
    """The windows of a corpus, cut one after the other, with their features.

    Attributes:
        corpus: where they come from.
        config: the front end that made the features.
        features: raw MFCC float32 [shape=(segments, frames, n_mfcc)].
        labels: class indices int64 [shape=(segments,)].
        tracks: for each segment the index of its track in ``corpus.tracks``, int64 [shape=(segments,)].
        positions: for each segment its place in its track, counted from 0, int64 [shape=(segments,)].
        unusable: the files that gave no segment.
        shifted: raw MFCC of the windows that begin a part of a window later than each segment, but not so late that
            they reach beyond its track: float32 [shape=(segments, shifts - 1, frames, n_mfcc)]; None for shifts = 1.
    """

    corpus: Corpus
    config: MfccConfig
    features: np.ndarray
    labels: np.ndarray
    tracks: np.ndarray
    positions: np.ndarray
    unusable: tuple[Unusable, ...]
    shifted: np.ndarray | None = None

    def samples(self, chosen: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The audio of the segments with the indices `chosen`, read track by track.

        Args:
            chosen: int [shape=(n,)].
            out: what to fill, for instance a file from `numpy.lib.format.open_memmap`, so that the audio of one track
                at a time is in memory; None: a new array. float32 [shape=(n, window_samples)]

        Returns:
            `out`.

        Raises:
            ParameterError: `out` has another shape or type.
        """
        audio = np.empty((len(chosen), self.config.window_samples), np.float32) if out is None else out
        _require_room(audio, (len(chosen), self.config.window_samples))
        for track in np.unique(self.tracks[chosen]):
            windows = cut(read_file(self.corpus.tracks[track].path, self.config.sample_rate), self.config)
            rows = np.flatnonzero(self.tracks[chosen] == track)
            audio[rows] = windows[self.positions[chosen[rows]]]
        return audio


def _require_room(audio: np.ndarray, shape: tuple[int, int]) -> None:
    if audio.shape != shape or audio.dtype != np.float32:
        raise ParameterError(f"out={audio.dtype} {audio.shape}: expected float32 {shape}; make it of that shape")


def cut(samples: np.ndarray, config: MfccConfig) -> np.ndarray:
    """Whole windows one after the other, without copying: [windows, window_samples]; the rest is left out."""
    whole = len(samples) // config.window_samples
    return samples[: whole * config.window_samples].reshape(whole, config.window_samples)
