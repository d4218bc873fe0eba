"""Sound as a page draws it: columns of log-mel, a byte a band."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...runtime.front_end import window_mfcc
from ...runtime.mfcc import MfccConfig, checked

COLUMN_S = 0.025  # seconds of a column, about
FLOOR_DB, RANGE_DB = -100.0, 160.0  # of bytes from 0 to 255


@dataclasses.dataclass(frozen=True)
class Columns:
    """Which frames and bands a picture shows.

    Attributes:
        every: hops from one column to the next.
        bands: in a column, each the mean of as many mel bands as the others but the last.
    """

    every: int
    bands: int

    @classmethod
    def of(cls, config: MfccConfig, most_bands: int = 1024) -> Columns:
        """Columns of about `COLUMN_S`, and of all mel bands where `most_bands` allows it."""
        every = max(1, min(round(COLUMN_S * config.sample_rate / config.hop_length), config.n_fft // config.hop_length))
        together = -(-config.n_mels // most_bands)
        return cls(every, -(-config.n_mels // together))

    def seconds(self, config: MfccConfig) -> float:
        """From one column to the next."""
        return self.every * config.hop_length / config.sample_rate


class ColumnStream:
    """Samples as they come -> columns."""

    def __init__(self, config: MfccConfig, columns: Columns) -> None:
        self._config = dataclasses.replace(config, center=False)
        self._columns = columns
        self._kept = np.zeros(0, np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """The columns that `samples` [shape=(n,)] complete: uint8 [shape=(columns, bands)], low bands first."""
        config, step = self._config, self._columns.every * self._config.hop_length
        self._kept = np.concatenate([self._kept, samples])
        if len(self._kept) < config.n_fft:
            return np.zeros((0, self._columns.bands), np.uint8)
        log_mel = window_mfcc(config).log_mel(checked(self._kept))[:: self._columns.every]
        self._kept = self._kept[len(log_mel) * step :]
        together = -(-config.n_mels // self._columns.bands)
        starts = np.arange(self._columns.bands) * together
        counts = np.minimum(config.n_mels - starts, together)
        means = np.add.reduceat(log_mel, starts, axis=1) / counts
        return np.clip(np.rint((means - FLOOR_DB) * 255 / RANGE_DB), 0, 255).astype(np.uint8)
