"""Samples in, the MFCC of every due window out; equal to `mfcc` of each window whatever the chunks.

A window's own edges see zeros (``center``) and its loudest value sets the floor (``top_db``): both belong to the
window, not to the stream. So interior frames are kept unclamped and shared by overlapping windows, and only the
few edge frames are computed anew for each window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .errors import ParameterError
from .mfcc import MfccComputer, MfccConfig, checked, frame_view


class _Edges:
    """The frames of a window that reach beyond it, and so see zeros there."""

    def __init__(self, config: MfccConfig) -> None:
        reach = config.n_fft // 2 if config.center else 0
        total, hop, samples = config.window_frames, config.hop_length, config.window_samples
        self.left = math.ceil(reach / hop)
        inner_end = (samples + reach - config.n_fft) // hop + 1
        self.interior = inner_end - self.left
        self.first_interior_sample = self.left * hop - reach
        indices = [*range(self.left), *range(inner_end, total)]
        self._copies = []  # where each frame meets the window: (slice of the frame, slice of the window)
        for start in (index * hop - reach for index in indices):
            first, last = max(0, start), min(samples, start + config.n_fft)
            self._copies.append((slice(first - start, last - start), slice(first, last)))
        self._frames = np.zeros((len(indices), config.n_fft), np.float32)

    def frames(self, window: np.ndarray) -> np.ndarray:
        """The edge frames of `window` [window_samples], left ones first: [edges, n_fft]. Kept memory."""
        for row, (inside, part) in zip(self._frames, self._copies, strict=True):
            row[inside] = window[part]  # what lies outside is zero for every window
        return self._frames


class MfccStream:
    """Push samples of any number; get the MFCC of each window that became due.

    The first window is due when ``config.window_s`` has come, the next ones every stride. Memory is
    two windows of samples and two of log-mel frames, whatever the stream's length.

    Args:
        config: the front end.
        stride_s: seconds from one window to the next, rounded to whole hops, at least one.

    Raises:
        ParameterError: ``stride_s`` is not positive.
    """

    def __init__(self, config: MfccConfig = MfccConfig(), stride_s: float = 0.5) -> None:  # noqa: B008 (frozen)
        if not 0 < stride_s < math.inf:
            raise ParameterError(f"stride_s={stride_s}: expected a positive number of seconds; try 0.5")
        self.config = config
        self.stride_frames = max(1, round(stride_s * config.sample_rate / config.hop_length))
        self.stride_samples = self.stride_frames * config.hop_length
        self._computer = MfccComputer(config)
        self._edges = _Edges(config)
        self._samples = np.empty(2 * config.window_samples, np.float32)
        self._log_mel = np.empty((2 * self._edges.interior, config.n_mels), np.float32)
        self._window_log_mel = np.empty((config.window_frames, config.n_mels), np.float32)
        self._edge_log_mel = np.empty((config.window_frames - self._edges.interior, config.n_mels), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything that came."""
        self._start = 0  # of the window, in _samples
        self._filled = 0  # samples of the window
        self._skip = 0  # samples between windows when the stride is longer than a window
        self._first = 0  # of the window's interior frames, in _log_mel
        self._done = 0  # interior frames computed
        self._windows = 0

    def push(self, samples: np.ndarray) -> list[np.ndarray]:
        """Take in `samples` (mono [shape=(n,)], in [-1, 1], at ``config.sample_rate``).

        Returns:
            The MFCC of each window that became due, oldest first: float32 [shape=(window_frames, n_mfcc)].

        Raises:
            AudioError: `samples` is not one-dimensional or not finite; nothing of it is taken in.
        """
        return [features for features, _ in self.windows(samples)]

    def windows(self, samples: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `push`: of each window its MFCC and its samples [shape=(window_samples,)], valid until the next one."""
        samples = checked(samples)
        position = 0
        while position < len(samples):
            position += self._take(samples[position:])
            if self._filled == self.config.window_samples:
                yield self._window_mfcc(), self._window()
                self._advance()

    def flush(self) -> list[np.ndarray]:
        """End the stream: if no window was ever due, the MFCC of what came, padded with silence. Resets."""
        return [features for features, _ in self.rest()]

    def rest(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `flush`: the MFCC, and the samples that came [shape=(n,)], without padding."""
        came = self._filled if self._windows == 0 else 0
        if came:
            missing = np.zeros(self.config.window_samples - came, np.float32)
            for features, window in self.windows(missing):
                yield features, window[:came]
        self.reset()

    def _take(self, samples: np.ndarray) -> int:
        """Take as many of `samples` as the window still needs; return how many."""
        if self._skip:
            taken = min(self._skip, len(samples))
            self._skip -= taken
            return taken
        taken = min(self.config.window_samples - self._filled, len(samples))
        end = self._start + self._filled
        self._samples[end : end + taken] = samples[:taken]
        self._filled += taken
        return taken

    def _window(self) -> np.ndarray:
        return self._samples[self._start : self._start + self.config.window_samples]

    def _window_mfcc(self) -> np.ndarray:
        window = self._window()
        edges, whole = self._edges, self._window_log_mel
        interior = self._log_mel[self._first : self._first + edges.interior]
        if self._done < edges.interior:  # frames that no earlier window shares
            start = edges.first_interior_sample + self._done * self.config.hop_length
            frames = frame_view(window[start:], self.config, edges.interior - self._done)
            self._computer.log_mel(frames, interior[self._done :])
            self._done = edges.interior
        self._computer.log_mel(edges.frames(window), self._edge_log_mel)
        whole[: edges.left] = self._edge_log_mel[: edges.left]
        whole[edges.left : edges.left + edges.interior] = interior
        whole[edges.left + edges.interior :] = self._edge_log_mel[edges.left :]
        self._windows += 1
        return self._computer.cepstrum(whole)

    def _advance(self) -> None:
        """Step to the next window, keeping the samples and frames it shares with this one."""
        kept = max(0, self.config.window_samples - self.stride_samples)
        self._skip = max(0, self.stride_samples - self.config.window_samples)
        self._start += self.config.window_samples - kept
        self._filled = kept
        shared = max(0, self._done - self.stride_frames)
        self._first += self._done - shared
        self._done = shared
        self._start = _make_room(self._samples, self._start, kept)
        self._first = _make_room(self._log_mel, self._first, shared)


def _make_room(buffer: np.ndarray, start: int, kept: int) -> int:
    """Move the `kept` items at `start` to the front once half of `buffer` is behind them; return their start."""
    if start < len(buffer) // 2:
        return start
    buffer[:kept] = buffer[start : start + kept]
    return 0
