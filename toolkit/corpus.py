"""A corpus is a folder per class with audio files inside; its segments are what models learn from."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.audio import open_file, read_file
from ..runtime.errors import CorpusError, GenrekitError, MissingFileError
from ..runtime.features import MfccConfig, mfcc
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
        for track in self.tracks:
            digest.update(f"{track.genre}/{track.path.name}\0".encode())
            digest.update(content_hash(track.path))
        return digest.hexdigest()

    def relative(self, path: Path) -> str:
        """`path` as it stands under the corpus folder."""
        return path.relative_to(self.folder).as_posix()


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
        CorpusError: fewer than two class folders hold audio files.
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
        shifted: raw MFCC of the windows that start k/shifts of a window later than each segment, for k from 1, float32
            [shape=(segments, shifts - 1, frames, n_mfcc)]; None where `extract` was asked for none.
    """

    corpus: Corpus
    config: MfccConfig
    features: np.ndarray
    labels: np.ndarray
    tracks: np.ndarray
    positions: np.ndarray
    unusable: tuple[Unusable, ...]
    shifted: np.ndarray | None = None

    def samples(self, chosen: np.ndarray) -> np.ndarray:
        """The audio of the segments with the indices `chosen`: float32 [shape=(chosen, window_samples)]."""
        audio = np.empty((len(chosen), self.config.window_samples), np.float32)
        for track in np.unique(self.tracks[chosen]):
            windows = cut(read_file(self.corpus.tracks[track].path, self.config.sample_rate), self.config)
            rows = np.flatnonzero(self.tracks[chosen] == track)
            audio[rows] = windows[self.positions[chosen[rows]]]
        return audio


def cut(samples: np.ndarray, config: MfccConfig) -> np.ndarray:
    """Whole windows one after the other, without copying: [windows, window_samples]; the rest is left out."""
    whole = len(samples) // config.window_samples
    return samples[: whole * config.window_samples].reshape(whole, config.window_samples)


def extract(
    corpus: Corpus,
    config: MfccConfig = MfccConfig(),  # noqa: B008 (frozen)
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    shifts: int = 1,
) -> Segments:
    """Read every track and compute the features of its segments, `jobs` tracks at a time.

    Args:
        corpus: from `scan`.
        config: the front end.
        jobs: processes.
        progress: called with (tracks done, tracks).
        shifts: windows for each segment, its own included; with more than 1, `Segments.shifted` holds the others.

    Raises:
        CorpusError: a genre has no usable track.
    """
    features, unusable, owners, positions = [], [], [], []
    for index, outcome in enumerate(_outcomes(corpus, config, jobs, shifts)):
        if isinstance(outcome, str):
            unusable.append(Unusable(corpus.relative(corpus.tracks[index].path), outcome))
        else:
            features.append(outcome)
            owners += [index] * len(outcome)
            positions += range(len(outcome))
        if progress:
            progress(index + 1, len(corpus.tracks))
    _require_every_genre(corpus, owners, unusable)
    labels = [corpus.labels.index(corpus.tracks[owner].genre) for owner in owners]
    every = np.concatenate(features)
    return Segments(
        corpus,
        config,
        np.ascontiguousarray(every[:, 0]),
        *map(np.array, (labels, owners, positions)),
        tuple(unusable),
        every[:, 1:] if shifts > 1 else None,
    )


def _outcomes(corpus: Corpus, config: MfccConfig, jobs: int, shifts: int) -> Iterable[np.ndarray | str]:
    if jobs == 1:
        return (_track_features(track.path, config, shifts) for track in corpus.tracks)
    import joblib

    work = (joblib.delayed(_track_features)(track.path, config, shifts) for track in corpus.tracks)
    return joblib.Parallel(n_jobs=jobs, return_as="generator")(work)


def _track_features(path: Path, config: MfccConfig, shifts: int) -> np.ndarray | str:
    """The features of a track's segments [segments, shifts, frames, n_mfcc], or why it has none."""
    try:
        samples = read_file(path, config.sample_rate)
        length = config.window_samples
        if len(samples) < length:
            return f"shorter than one window ({config.window_s} s)"
        starts = np.arange(len(samples) // length)[:, None] * length + np.arange(shifts) * length // shifts
        starts = np.minimum(starts, len(samples) - length)
        return np.stack([[mfcc(samples[start : start + length], config) for start in row] for row in starts])
    except GenrekitError as error:
        return str(error)


def _require_every_genre(corpus: Corpus, owners: list[int], unusable: list[Unusable]) -> None:
    missing = sorted(set(corpus.labels) - {corpus.tracks[owner].genre for owner in owners})
    if missing:
        raise CorpusError(
            f"{corpus.folder}: expected a usable track in each genre, found none in {', '.join(missing)}"
            + (f" (for instance {unusable[0].file}: {unusable[0].reason})" if unusable else "")
            + "; repair or remove these folders"
        )


def check(corpus: Corpus, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """What `genrekit corpus check` tells: counts, seconds, files that cannot serve, exact duplicates."""
    seconds, unusable = 0.0, []
    by_content: dict[bytes, list[str]] = {}
    for index, track in enumerate(corpus.tracks):
        name = corpus.relative(track.path)
        by_content.setdefault(content_hash(track.path), []).append(name)
        try:
            seconds += decoded_seconds(track.path)
        except GenrekitError as error:
            unusable.append({"file": name, "reason": str(error)})
        if progress:
            progress(index + 1, len(corpus.tracks))
    genres = [track.genre for track in corpus.tracks]
    return {
        "tracks": len(corpus.tracks),
        "genres": {label: genres.count(label) for label in corpus.labels},
        "seconds": round(seconds, 3),
        "unusable": unusable,
        "duplicates": [files for files in by_content.values() if len(files) > 1],
        "demo": corpus.demo,
    }


def decoded_seconds(path: Path) -> float:
    """Length of a file in seconds, found by decoding all of it; raises AudioError where that fails."""
    rate = MfccConfig().sample_rate
    return sum(len(block) for block in open_file(path, rate)) / rate
