"""The windows of a corpus, which models learn from, with their features."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...runtime.audio import read_file
from ...runtime.errors import ParameterError
from ...runtime.mfcc import MfccConfig
from .scan import Corpus, Unusable


@dataclasses.dataclass(frozen=True)
class Segments:
    """The windows of a corpus, cut one after the other, with their features.

    Attributes:
        corpus: where they come from.
        config: the front end that made the features.
        features: raw MFCC float32 [shape=(segments, frames, n_mfcc)].
        labels: class indices int64 [shape=(segments,)].
        tracks: for each segment the index of its track in ``corpus.tracks``, int64 [shape=(segments,)].
        positions: for each segment its index in its track, int64 [shape=(segments,)].
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

        Raises:
            ParameterError: `out` has another shape or type.
        """
        shape = len(chosen), self.config.window_samples
        audio = np.empty(shape, np.float32) if out is None else out
        if audio.shape != shape or audio.dtype != np.float32:
            raise ParameterError(f"out={audio.dtype} {audio.shape}: expected float32 {shape}; make it of that shape")
        for track in np.unique(self.tracks[chosen]):
            samples = read_file(self.corpus.tracks[track].path, self.config.sample_rate)
            windows = cut(samples, self.config.window_samples)
            rows = np.flatnonzero(self.tracks[chosen] == track)
            audio[rows] = windows[self.positions[chosen[rows]]]
        return audio


def cut(samples: np.ndarray, length: int) -> np.ndarray:
    """Complete windows one after the other, without copying: [windows, length, ...]; the rest is left out."""
    count = len(samples) // length
    return samples[: count * length].reshape(count, length, *samples.shape[1:])
