"""The tables of a front end as the C wants them (`genrekit_front_end` in c/genrekit.h), made by the code of `mfcc`."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from .errors import ParameterError
from .mfcc import MfccConfig, dct_basis, hann_window, mel_weights

RADICES = (4, 5, 3, 2)  # of the passes, in this order
# An FFT in float leaves noise 130 dB below a frame's loudest bin. A clamp at this or less keeps it out of MFCC, within
# 1e-3 for pure tones of any level; one at the second where bands are as many and frames as long as by default.
FLOAT_TOP_DB, FLOAT_TOP_DB_OF_DEFAULT = 60.0, 80.0
BEHIND_DCT = 15  # numbers that the widest vectors read behind its last row


@dataclasses.dataclass(frozen=True)
class FrontEndTables:
    """The tables, named and laid out as in genrekit.h.

    Attributes:
        window, twiddles, unpack: of the FFT, float64 or float32, in which it is computed.
        radices: int32 [shape=(passes,)]
        positions: uint16 [shape=(n_fft // 2,)]
        mel_first, mel_counts: int32 [shape=(n_mels,)]
        mel_weights: float32, those of all bands in one row.
        dct: float32 [shape=(n_mels * n_mfcc + 15,)]
    """

    window: np.ndarray
    twiddles: np.ndarray
    unpack: np.ndarray
    radices: np.ndarray
    positions: np.ndarray
    mel_first: np.ndarray
    mel_counts: np.ndarray
    mel_weights: np.ndarray
    dct: np.ndarray


@functools.lru_cache(maxsize=16)
def front_end_tables(config: MfccConfig, in_double: bool | None = None) -> FrontEndTables:
    """The tables of `config`; raises ParameterError if the FFT in C cannot have its length.

    Args:
        in_double: whether those of the FFT are float64; None: where float is not enough.
    """
    half = config.n_fft // 2
    radices = _radices(config.n_fft)
    angles = -2 * np.pi * np.arange(1, half // 2 + 1) / config.n_fft
    first, counts, weights = _sparse(mel_weights(config))
    if in_double is None:
        in_double = not _float_is_enough(config)
    real = np.float64 if in_double else np.float32
    return FrontEndTables(
        window=hann_window(config.n_fft).astype(real),
        twiddles=np.concatenate([np.zeros(0), *_twiddles(half, radices)]).astype(real),
        unpack=np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(real),
        radices=np.array(radices, np.int32),
        positions=_positions(half, radices),
        mel_first=first,
        mel_counts=counts,
        mel_weights=weights,
        dct=np.append(dct_basis(config.n_mels, config.n_mfcc), np.zeros(BEHIND_DCT)).astype(np.float32),
    )


def _float_is_enough(config: MfccConfig) -> bool:
    default = MfccConfig()
    as_fine = config.n_fft >= default.n_fft and config.n_mels >= default.n_mels and config.n_mfcc <= default.n_mfcc
    return config.top_db is not None and config.top_db <= (FLOAT_TOP_DB_OF_DEFAULT if as_fine else FLOAT_TOP_DB)


def _radices(n_fft: int) -> list[int]:
    rest, radices = n_fft // 2, []
    for radix in RADICES:
        while rest % radix == 0:
            radices.append(radix)
            rest //= radix
    if n_fft % 2 or rest != 1:
        raise ParameterError(f"n_fft={n_fft}: expected an even number whose half has no prime factors but 2, 3 and 5")
    return radices


def _twiddles(half: int, radices: list[int]) -> list[np.ndarray]:
    """cos and sin of -2 pi j q / block for each pass but the last, j below block / radix, q from 1 below radix."""
    passes, block = [], half
    for radix in radices[:-1]:
        angles = -2 * np.pi / block * np.outer(np.arange(block // radix), np.arange(1, radix))
        passes.append(np.stack([np.cos(angles), np.sin(angles)], axis=-1).ravel())
        block //= radix
    return passes


def _positions(half: int, radices: list[int]) -> np.ndarray:
    """Where the passes leave each value: the digits of its index to the bases `radices`, the lowest one first."""
    index, positions, block = np.arange(half), np.zeros(half, np.int64), half
    for radix in radices:
        block //= radix
        positions += index % radix * block
        index //= radix
    return positions.astype(np.uint16)


def _sparse(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each band of `weights` [bins, bands]: the first bin whose weight is not zero, how many follow, and these."""
    first, counts, kept = [], [], [np.zeros(0)]
    for band in weights.T:
        touched = np.flatnonzero(band)
        begin, end = (touched[0], touched[-1] + 1) if len(touched) else (0, 0)
        first.append(begin)
        counts.append(end - begin)
        kept.append(band[begin:end])
    return np.array(first, np.int32), np.array(counts, np.int32), np.concatenate(kept).astype(np.float32)
