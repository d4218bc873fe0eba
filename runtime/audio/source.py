"""Blocks of audio on their way to a model: mono float32 at its rate; and what was wrong with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import soxr

from ..errors import ParameterError
from ..mfcc import LOUDEST

MIN_RATE = 1000  # Hz; below that there is no sound to classify, and resampling makes hours of seconds
MAX_CHANNELS = 64
MAX_RATE = 768_000  # Hz; above what any converter delivers, so surely a mistake
CUT_SHORT = "holds less audio than its header promises, or ends in the middle"
LENGTH_UNKNOWN = "has a header that does not say how long it is, so that its end may be missing"


def check_rate(name: str, rate: int) -> None:
    """Raises ParameterError on a rate that no audio has."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ParameterError(f"{name}={rate}: expected {MIN_RATE} to {MAX_RATE} Hz; state the rate of the audio")


@dataclasses.dataclass(frozen=True)
class AudioFaults:
    """What was wrong with audio that was read all the same.

    Attributes:
        invalid_samples: samples that were NaN, infinite or beyond `LOUDEST`; each was replaced by silence.
        dropped_bytes: bytes at the end of raw PCM that made no whole sample.
        cut_short: whether it holds less than its header promises, ends in the middle, or may do so.
        length_unknown: whether it may do so because its header does not say how long it is.
    """

    invalid_samples: int = 0
    dropped_bytes: int = 0
    cut_short: bool = False
    length_unknown: bool = False


class AudioSource:
    """Blocks of audio on their way to a model: mixed down to mono, cleaned, resampled. Iterate once.

    Attributes:
        source_rate: what the audio came in, Hz.
        sample_rate: what the blocks are delivered in, Hz.
        seconds: how much audio its header promises; None where it does not say.
    """

    def __init__(
        self,
        blocks: Iterable[np.ndarray],
        source_rate: int,
        sample_rate: int,
        noted: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> None:
        """`blocks` are float32 [shape=(n,)] or [shape=(n, channels)], in [-1, 1].

        Into `noted` they put the fields of `AudioFaults` that they find. Raises ParameterError on an impossible rate.
        """
        for name, rate in (("source_rate", source_rate), ("sample_rate", sample_rate)):
            check_rate(name, rate)
        self._blocks = blocks
        self.source_rate, self.sample_rate = source_rate, sample_rate
        self.seconds = seconds
        self._noted = {} if noted is None else noted
        self._invalid_samples = 0

    @property
    def faults(self) -> AudioFaults:
        """Those of the audio delivered so far; whether it was cut short shows at its end."""
        return AudioFaults(self._invalid_samples, **self._noted)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Mono float32 blocks [shape=(n,)] at `sample_rate`; raises AudioError where the audio cannot be decoded."""
        mono = (block if block.ndim == 1 else block.mean(axis=1, dtype=np.float32) for block in self.frames())
        return mono if self.source_rate == self.sample_rate else self._resampled(mono)

    def frames(self) -> Iterator[np.ndarray]:
        """The blocks before mixing down and resampling, instead of iterating: float32 [shape=(n,)] or [n, channels]."""
        return map(self._cleaned, self._blocks)

    def through(self, pass_on: Callable[[Iterator[np.ndarray]], Iterator[np.ndarray]]) -> AudioSource:
        """The same audio, whose `frames` go through `pass_on` before anything else; `faults` stay with this source."""
        return AudioSource(pass_on(self.frames()), self.source_rate, self.sample_rate, seconds=self.seconds)

    def _cleaned(self, samples: np.ndarray) -> np.ndarray:
        invalid = ~(np.abs(samples) < LOUDEST)  # so written that NaN is invalid too
        if invalid.any():
            self._invalid_samples += int(invalid.sum())
            samples = np.where(invalid, np.float32(0), samples)
        return samples

    def _resampled(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        # One resampler for the whole stream: block by block would click at every seam.
        resampler = soxr.ResampleStream(self.source_rate, self.sample_rate, 1, dtype="float32", quality="HQ")
        for block in blocks:
            yield resampler.resample_chunk(block)
        yield resampler.resample_chunk(np.empty(0, np.float32), last=True)
