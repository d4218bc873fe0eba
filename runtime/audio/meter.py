"""What audio is like before it is mixed down and resampled: clipping, cancelling channels, bandwidth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

FULL_SCALE = 0.999
SPECTRUM_FRAME = 2048  # samples
BANDS = 64  # of equal width between 0 Hz and half the rate
CLIFF_DB = 25.0  # by which the spectrum falls within two bands; of 399 originals none does below 70 % of half its rate
QUIET_DB = 60.0
FLOOR_DB = -130.0  # about the quantisation noise of 16 bits in one bin


class Meter:
    """Measures blocks of audio as they were decoded.

    Attributes:
        rate: of the audio, Hz.
        samples: read of each channel.
        channels: of the block that came last.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.samples, self.channels = 0, 1
        self._window = np.hanning(SPECTRUM_FRAME + 1)[:-1] / (SPECTRUM_FRAME / 4)  # a full-scale sine gives 1
        self._clipped = 0
        self._channel_power = self._mono_power = 0.0  # summed over samples; of channels their mean
        self._spectrum = np.zeros(SPECTRUM_FRAME // 2 + 1)
        self._frames = 0
        self._rest = np.empty(0, np.float32)  # mono samples that make no frame yet

    def pass_on(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same blocks, float32 [shape=(n,)] or [shape=(n, channels)] in [-1, 1], measured on their way."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: np.ndarray) -> None:
        """Measure `block`, float32 [shape=(n,)] or [shape=(n, channels)] in [-1, 1]."""
        block = block.reshape(len(block), -1)
        self.samples += len(block)
        self.channels = block.shape[1]
        full = np.abs(block) >= FULL_SCALE
        self._clipped += int((full[:-2] & full[1:-1] & full[2:]).sum())
        mono = block.mean(axis=1, dtype=np.float32)
        self._channel_power += len(block) * float(block.var(axis=0, dtype=np.float64).mean())
        self._mono_power += len(block) * float(mono.var(dtype=np.float64))
        samples = np.concatenate((self._rest, mono))
        count = len(samples) // SPECTRUM_FRAME
        frames = samples[: count * SPECTRUM_FRAME].reshape(count, SPECTRUM_FRAME)
        self._spectrum += np.square(np.abs(np.fft.rfft(frames * self._window))).sum(axis=0)
        self._frames += count
        self._rest = samples[count * SPECTRUM_FRAME :]

    def merge(self, other: Meter) -> None:
        """Add what `other` measured of the audio that follows."""
        self.samples += other.samples
        self.channels = other.channels
        self._clipped += other._clipped
        self._channel_power += other._channel_power
        self._mono_power += other._mono_power
        self._spectrum += other._spectrum
        self._frames += other._frames

    @property
    def clipped_fraction(self) -> float:
        """Fraction of samples at full scale whose neighbours are so too, of all channels, in [0, 1]."""
        return self._clipped / max(1, self.samples * self.channels)

    @property
    def cancelled_db(self) -> float:
        """By how many dB the mean of the channels lies below them, >= 0; inf where nothing is left of it."""
        if not self._channel_power:
            return 0.0
        return max(0.0, -_decibels(self._mono_power / self._channel_power))

    @property
    def bandwidth_hz(self) -> float:
        """Where the mean spectrum ends in a cliff; half the rate where it does not."""
        return bandwidth(self._spectrum / max(1, self._frames)) * self.rate / 2


def _decibels(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf


def bandwidth(power: np.ndarray) -> float:
    """Where a mean spectrum ends in a cliff, as a fraction of half the rate; 1 where it slopes or reaches the end.

    A cliff is where four bands are at least `CLIFF_DB` above all that is higher than two bands above them, and the
    rest is `QUIET_DB` below the sum: a filter before resampling or encoding leaves one, an instrument does not.

    Args:
        power: mean of each bin from 0 Hz to half the rate [shape=(SPECTRUM_FRAME // 2 + 1,)].
    """
    if not power.any():
        return 1.0
    bands = power[1:].reshape(BANDS, -1).mean(axis=1)
    levels = np.maximum(10 * np.log10(bands + 1e-30), FLOOR_DB)
    above = np.maximum.accumulate(levels[::-1])[::-1]
    ends = np.arange(4, BANDS - 2)
    drops = np.array([levels[end - 4 : end].min() for end in ends]) - above[ends + 2]
    drops[above[ends + 2] > 10 * np.log10(power.sum()) - QUIET_DB] = 0
    return float(ends[drops.argmax()]) / BANDS if drops.max() >= CLIFF_DB else 1.0
