"""The windows of a corpus, which models learn from, with their features."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...runtime.audio import read_file
from ...runtime.errors import ParameterError
from ...runtime.mfcc import MfccConfig
from .scan import Corpus, Unusable

# Of a window a clip must hold to be padded with silence to one: with less, most of what a model reads were silence.
LEAST_OF_WINDOW = 0.5


@dataclasses.dataclass(frozen=True)
class TrackFeatures:
    """What models learn of one track.

    Attributes:
        windows: raw MFCC float32 [shape=(segments, shifts, frames, n_mfcc)]; at [i, k] of the window that begins
            i + k/shifts windows after the start, or that ends with the track where this is earlier.
        padded: whether its only segment was padded with silence, because the track is shorter than a window.
        rate: the file's own sample rate, Hz.
        heard: raw MFCC float32 [shape=(segments, rooms, frames, n_mfcc)]; of one of each segment's windows, as heard in
            other rooms.
    """

    windows: np.ndarray
    padded: bool
    rate: int
    heard: np.ndarray


@dataclasses.dataclass(frozen=True)
class Segments:
    """The windows of a corpus, cut one after the other, with their features.

    A track that is shorter than a window, but not than `LEAST_OF_WINDOW` of it, is padded with silence to one.

    Attributes:
        corpus: where they come from.
        config: the front end that made the features.
        features: raw MFCC float32 [shape=(segments, frames, n_mfcc)].
        labels: class indices int64 [shape=(segments,)].
        tracks: for each segment the index of its track in ``corpus.tracks``, int64 [shape=(segments,)].
        positions: for each segment its index in its track, int64 [shape=(segments,)].
        padded: for each segment whether it ends in such silence, bool [shape=(segments,)].
        unusable: the files that gave no segment.
        shifted: raw MFCC of the windows that begin a part of a window later than each segment, but not so late that
            they reach beyond its track: float32 [shape=(segments, shifts - 1, frames, n_mfcc)]; None for shifts = 1.
        heard: raw MFCC of one of those windows as heard in each of other rooms: float32
            [shape=(segments, rooms, frames, n_mfcc)]; None for rooms = 0.
        rates: the own sample rates of the files that gave segments, Hz, int64 [shape=(files,)].
    """

    corpus: Corpus
    config: MfccConfig
    features: np.ndarray
    labels: np.ndarray
    tracks: np.ndarray
    positions: np.ndarray
    padded: np.ndarray
    unusable: tuple[Unusable, ...]
    shifted: np.ndarray | None = None
    heard: np.ndarray | None = None
    rates: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.int64))

    def samples(self, chosen: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The audio of the segments with the indices `chosen`, read track by track.

        Args:
            chosen: int [shape=(n,)].
            out: what to fill, for instance a file from `numpy.lib.format.open_memmap`, so that the audio of one track
                at a time is in memory; None: a new array. float32 [shape=(n, window_samples)]

        Raises:
            ParameterError: `out` has another shape or type.
        """
        shape = len(chosen), self.config.window_samples
        audio = np.empty(shape, np.float32) if out is None else out
        if audio.shape != shape or audio.dtype != np.float32:
            raise ParameterError(f"out={audio.dtype} {audio.shape}: expected float32 {shape}; make it of that shape")
        files = np.array([str(track.path) for track in self.corpus.tracks], np.str_)
        read_segments(files[self.tracks[chosen]], self.positions[chosen], self.config, audio)
        return audio


def read_segments(files: np.ndarray, positions: np.ndarray, config: MfccConfig, out: np.ndarray) -> None:
    """Fill `out` with audio, file by file.

    Args:
        files: of each segment the path of its file [shape=(n,)].
        positions: its index in its file [shape=(n,)].
        config: the front end.
        out: float32 [shape=(n, window_samples)].
    """
    for file in np.unique(files):
        samples = read_file(str(file), config.sample_rate)
        windows = cut(padded_to(samples, config.window_samples), config.window_samples)
        rows = np.flatnonzero(files == file)
        out[rows] = windows[positions[rows]]


def cut(samples: np.ndarray, length: int) -> np.ndarray:
    """Complete windows one after the other, without copying: [windows, length, ...]; the rest is left out."""
    count = len(samples) // length
    return samples[: count * length].reshape(count, length, *samples.shape[1:])


def padded_to(samples: np.ndarray, length: int) -> np.ndarray:
    """`samples` [shape=(n,)] with silence at their end where they are fewer than `length`."""
    return np.pad(samples, (0, max(0, length - len(samples))))


def too_short(config: MfccConfig) -> str:
    """Why a track with less than `LEAST_OF_WINDOW` of a window is left out."""
    return f"shorter than half of one window ({config.window_s} s)"
