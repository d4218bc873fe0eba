"""Samples in, every due window out, or its MFCC; equal to `mfcc` of each window whatever the chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .errors import ParameterError
from .front_end import stream_frames
from .mfcc import MfccConfig, checked
from .numpy_frames import make_room


class WindowStream:
    """Cuts a stream of samples into windows, each of which models take as it is.

    The first window is due when ``config.window_s`` has come, the next ones every stride. Memory is two windows of
    samples, whatever the stream's length.

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
        self.stride_frames = config.stride_frames(stride_s)
        self.stride_samples = self.stride_frames * config.hop_length
        self._samples = np.empty(2 * config.window_samples, np.float32)
        WindowStream.reset(self)  # a subclass' own has nothing to reset yet

    def reset(self) -> None:
        """Forget everything that came."""
        self._start = 0  # of the window, in _samples
        self._filled = 0  # samples of the window
        self._skip = 0  # samples between windows when the stride is longer than a window
        self._windows = 0

    def windows(self, samples: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Take in `samples` (mono [shape=(n,)], in [-1, 1], at ``config.sample_rate``).

        Of each window that became due, oldest first: what a model takes of it, and its samples
        [shape=(window_samples,)], both valid until the next one.

        Raises:
            AudioError: `samples` is not one-dimensional or not finite; nothing of it is taken in.
        """
        samples = checked(samples)
        position = 0
        while position < len(samples):
            position += self._take(samples[position:])
            if self._filled == self.config.window_samples:
                self._windows += 1
                window = self._window()
                yield self._taken(window), window

    def rest(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """End the stream, and reset: if no window was ever due, that of what came, padded with silence.

        As `windows`, but with the samples that came [shape=(n,)], without padding.
        """
        came = self._filled if self._windows == 0 else 0
        if came:
            missing = np.zeros(self.config.window_samples - came, np.float32)
            for taken, window in self.windows(missing):
                yield taken, window[:came]
        self.reset()

    def _take(self, samples: np.ndarray) -> int:
        """Take as many of `samples` as the next window still needs; return how many."""
        if self._filled == self.config.window_samples:  # not at once: whoever has it may still read its samples
            self._advance()
        if self._skip:
            taken = min(self._skip, len(samples))
            self._skip -= taken
        else:
            taken = min(self.config.window_samples - self._filled, len(samples))
            end = self._start + self._filled
            self._samples[end : end + taken] = samples[:taken]
            self._filled += taken
        return taken

    def _taken(self, window: np.ndarray) -> np.ndarray:
        """What a model takes of `window` [shape=(window_samples,)]."""
        return window

    def _window(self) -> np.ndarray:
        return self._samples[self._start : self._start + self.config.window_samples]

    def _advance(self) -> None:
        """Step to the next window, keeping the samples it shares with this one."""
        kept = max(0, self.config.window_samples - self.stride_samples)
        self._skip = max(0, self.stride_samples - self.config.window_samples)
        self._start += self.config.window_samples - kept
        self._filled = kept
        self._start = make_room(self._samples, self._start, kept)


class MfccStream(WindowStream):
    """Push samples of any number; get the MFCC of each window that became due.

    Memory is that of a `WindowStream` and the frames that windows share. Arguments and errors are its own.
    """

    def __init__(self, config: MfccConfig = MfccConfig(), stride_s: float = 0.5) -> None:  # noqa: B008 (frozen)
        super().__init__(config, stride_s)
        self._frames = stream_frames(config, self.stride_frames)

    def reset(self) -> None:
        """Forget everything that came."""
        super().reset()
        self._frames.reset()

    def push(self, samples: np.ndarray) -> list[np.ndarray]:
        """Take in `samples`, as `windows`.

        Returns:
            The MFCC of each window that became due, oldest first: float32 [shape=(window_frames, n_mfcc)].
        """
        return [features for features, _ in self.windows(samples)]

    def flush(self) -> list[np.ndarray]:
        """End the stream: if no window was ever due, the MFCC of what came, padded with silence. Resets."""
        return [features for features, _ in self.rest()]

    def _take(self, samples: np.ndarray) -> int:
        taken = super()._take(samples)
        self._frames.take(samples[:taken])
        return taken

    def _taken(self, window: np.ndarray) -> np.ndarray:
        """Its MFCC [shape=(window_frames, n_mfcc)]."""
        return self._frames.window_mfcc(window)
