"""Near duplicates: the same recording in another encoding, at another level, or cut a few seconds earlier or later.

A fingerprint is whether the difference between neighbouring bands rises or falls, twenty-three bits every 0.128 s,
after J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: a gain, an equaliser or a
lossy codec changes few of them. Frames are longer and further apart than theirs (0.512 s each), so that a shift by half
a step leaves most bits as they are, and only the first half minute of a track is compared.

Two fingerprints are laid over each other at every shift up to `MAX_SHIFT_S`; their similarity is the mean product of
signs, 1 for the same recording and about 0 for two recordings, also of one song or artist.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...runtime.front_end import window_mfcc
from ...runtime.mfcc import MfccConfig

FRONT_END = MfccConfig(sample_rate=8000, n_fft=4096, hop_length=1024, n_mels=24, n_mfcc=1, center=False)
STEP_S = FRONT_END.hop_length / FRONT_END.sample_rate  # from one frame to the next
RISE_FRAMES = 2  # half a frame's length, over which bands rise or fall
BITS = FRONT_END.n_mels - 1
COMPARED_S = 30.0  # of each track
MAX_SHIFT_S = 5.0
# Among 273 tracks of GTZAN no two reach 0.12, among 120 of the demo corpus 0.18, over three seconds of either 0.31;
# copies (MP3 and Ogg of 32 kbit/s and more, other rates, levels and equalisers, shifts of seconds) have 0.64 and more.
LEAST_SIMILARITY = 0.35
LEAST_FRAMES = 16  # that two tracks must have in common to be compared: 2.4 s of audio
CHANCE = 2.2  # over the square root of the frames in common: what shorter tracks must reach to be no accident
BLOCK = 512  # tracks that are compared with as many others at once


@dataclasses.dataclass(frozen=True)
class Match:
    """Two tracks that hold the same recording.

    Attributes:
        first, second: their indices, first < second.
        similarity: above `LEAST_SIMILARITY`, at most 1.
        shift_s: what the first holds at t seconds, the second holds at t + shift_s; a multiple of `STEP_S`.
    """

    first: int
    second: int
    similarity: float
    shift_s: float


def fingerprint(samples: np.ndarray) -> np.ndarray:
    """Signs of `samples` (mono float32 [shape=(n,)] at 8000 Hz): int8 -1, 0 or 1 [shape=(frames, BITS)].

    Silence has zeros; less than a second of audio has no frames.
    """
    samples = samples[: round(COMPARED_S * FRONT_END.sample_rate)]
    count = FRONT_END.frame_count(len(samples))
    if count <= RISE_FRAMES:
        return np.empty((0, BITS), np.int8)
    log_mel = window_mfcc(FRONT_END).log_mel(np.ascontiguousarray(samples))
    slope = np.diff(log_mel, axis=1)
    signs: np.ndarray = np.sign(slope[RISE_FRAMES:] - slope[:-RISE_FRAMES]).astype(np.int8)
    return signs


def near_duplicates(prints: Sequence[np.ndarray], progress: Callable[[int, int], None] | None = None) -> list[Match]:
    """The pairs among `prints` that are one recording, the most similar shift of each, in the order of `prints`.

    Every shift is one matrix product over blocks of tracks, so that time grows with the square of their number, but
    memory only with their number.

    Args:
        prints: from `fingerprint`.
        progress: called with (blocks compared, blocks).
    """
    found: dict[tuple[int, int], Match] = {}
    starts = list(itertools.product(range(0, len(prints), BLOCK), repeat=2))
    for done, (row, column) in enumerate(starts, 1):
        for match in _matches(prints[row : row + BLOCK], prints[column : column + BLOCK], row, column):
            pair = match.first, match.second
            if pair not in found or found[pair].similarity < match.similarity:
                found[pair] = match
        if progress:
            progress(done, len(starts))
    return [found[pair] for pair in sorted(found)]


def _matches(rows: Sequence[np.ndarray], columns: Sequence[np.ndarray], row: int, column: int) -> Iterator[Match]:
    """The pairs of `rows` with `columns`, which begin at indices `row` and `column`; of negative shifts the others."""
    similarity, shift = _best_shifts(rows, columns)
    for i, j in np.argwhere(similarity > 0):
        first, second = row + int(i), column + int(j)
        shift_s = float(shift[i, j]) * STEP_S
        if first < second:
            yield Match(first, second, float(similarity[i, j]), shift_s)
        elif first > second:
            yield Match(second, first, float(similarity[i, j]), -shift_s)


def _best_shifts(rows: Sequence[np.ndarray], columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Similarity [rows, columns], 0 where it is no match, and how many frames later the column has it, 0 or more."""
    (left, left_frames), (right, right_frames) = _stacked(rows), _stacked(columns)
    best = np.zeros((len(rows), len(columns)), np.float32)
    shift = np.zeros(best.shape, np.int64)
    for frames in range(round(MAX_SHIFT_S / STEP_S) + 1):
        common = np.minimum(left_frames[:, None], right_frames - frames)
        width = min(left.shape[1], right.shape[1] - frames * BITS)
        if width <= 0:
            break
        products = left[:, :width] @ right[:, frames * BITS : frames * BITS + width].T
        similarity = products / (BITS * np.maximum(common, 1))
        required = np.maximum(LEAST_SIMILARITY, CHANCE / np.sqrt(np.maximum(common, 1)))
        better = (common >= LEAST_FRAMES) & (similarity >= required) & (similarity > best)
        best[better], shift[better] = similarity[better], frames
    return best, shift


def _stacked(prints: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Fingerprints as rows of one matrix, zeros behind the shorter ones [prints, frames * BITS], and their frames."""
    frames = np.array([len(signs) for signs in prints])
    matrix = np.zeros((len(prints), frames.max() * BITS), np.float32)
    for row, signs in zip(matrix, prints, strict=True):
        row[: signs.size] = signs.ravel()
    return matrix, frames
