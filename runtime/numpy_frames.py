"""The frames of a stream in numpy: those of overlapping windows are computed once, and the edges for each window.

A window's own edges see zeros (``center``) and its loudest value sets the floor (``top_db``): both belong to the
window, not to the stream. So interior frames are kept unclamped and shared by overlapping windows, and only the
few edge frames are computed anew for each window.
"""

from __future__ import annotations

import math

import numpy as np

from .mfcc import MfccComputer, MfccConfig, frame_view


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


class NumpyFrames:
    """The frames of a stream whose windows are `stride_frames` frames apart; see `front_end.StreamFrames`.

    Memory is two windows of log-mel frames.
    """

    def __init__(self, config: MfccConfig, stride_frames: int) -> None:
        self.config = config
        self._stride_frames = stride_frames
        self._computer = MfccComputer(config)
        self._edges = _Edges(config)
        self._log_mel = np.empty((2 * self._edges.interior, config.n_mels), np.float32)
        self._window_log_mel = np.empty((config.window_frames, config.n_mels), np.float32)
        self._edge_log_mel = np.empty((config.window_frames - self._edges.interior, config.n_mels), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything that came."""
        self._first = 0  # of the window's interior frames, in _log_mel
        self._done = 0  # interior frames computed

    def take(self, samples: np.ndarray) -> None:
        """Nothing: what `window_mfcc` needs is in its window."""

    def window_mfcc(self, window: np.ndarray) -> np.ndarray:
        """MFCC of the window that is due, `window` [window_samples]; then go on to the next."""
        edges, whole = self._edges, self._window_log_mel
        interior = self._log_mel[self._first : self._first + edges.interior]
        if self._done < edges.interior:  # frames that no earlier window shares
            start = edges.first_interior_sample + self._done * self.config.hop_length
            frames = frame_view(window[start:], self.config, edges.interior - self._done)
            self._computer.log_mel_of_frames(frames, interior[self._done :])
            self._done = edges.interior
        self._computer.log_mel_of_frames(edges.frames(window), self._edge_log_mel)
        whole[: edges.left] = self._edge_log_mel[: edges.left]
        whole[edges.left : edges.left + edges.interior] = interior
        whole[edges.left + edges.interior :] = self._edge_log_mel[edges.left :]
        self._advance()
        return self._computer.cepstrum(whole)

    def _advance(self) -> None:
        """Step to the next window, keeping the frames that it shares with this one."""
        shared = max(0, self._done - self._stride_frames)
        self._first += self._done - shared
        self._done = shared
        self._first = make_room(self._log_mel, self._first, shared)


def make_room(buffer: np.ndarray, start: int, kept: int) -> int:
    """Move the `kept` items at `start` to the front once half of `buffer` is behind them; return their start."""
    if start < len(buffer) // 2:
        return start
    buffer[:kept] = buffer[start : start + kept]
    return 0
