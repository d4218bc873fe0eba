"""MFCC by whichever form of the front end is at hand: the one in C, or the one in numpy.

The environment variable GENREKIT_FRONT_END, ``numpy`` or ``native``, chooses for every computation that begins then.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
import warnings
from typing import Literal, Protocol

import numpy as np

from .c_tables import front_end_tables
from .errors import AudioError, Failure, FrontEndWarning, ParameterError
from .mfcc import MfccComputer, MfccConfig, checked
from .native import NativeFrames, NativeMfcc, library
from .numpy_frames import NumpyFrames

CHOICE = "GENREKIT_FRONT_END"


class WindowMfcc(Protocol):
    """Samples of a window -> log-mel -> MFCC. Not for two threads at once."""

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        """Unclamped, of `samples` as `checked` gives them [shape=(n,)], as one window: float32 [frames, n_mels]."""

    def cepstrum(self, log_mel: np.ndarray) -> np.ndarray:
        """One window's `log_mel`, which may be overwritten, clamped and transformed: float32 [frames, n_mfcc]."""


class StreamFrames(Protocol):
    """The frames of a stream, of which overlapping windows share those that they can."""

    def reset(self) -> None:
        """Forget everything that came."""

    def take(self, samples: np.ndarray) -> None:
        """The next samples of the stream, none of them beyond the window that is due next."""

    def window_mfcc(self, window: np.ndarray) -> np.ndarray:
        """MFCC of the window that is due, `window` [window_samples]; then go on to the next."""


def front_end(config: MfccConfig | None = None) -> Literal["native", "numpy"]:
    """Which form computes MFCC, of `config` if it is given; see the module.

    Raises:
        ParameterError: GENREKIT_FRONT_END is neither of the two.
        Failure: it is "native", and there is no library that can be used.
    """
    return "numpy" if _library_for(config) is None else "native"


def _library_for(config: MfccConfig | None) -> ctypes.CDLL | None:
    choice = os.environ.get(CHOICE) or None
    if choice == "numpy":
        return None
    if choice not in (None, "native"):
        raise ParameterError(f"{CHOICE}={choice}: expected native or numpy, or nothing for what is there")
    found = library()
    if isinstance(found, Failure):
        if choice:
            raise Failure(f"{CHOICE}={choice}: {found}") from found
        return None
    return found if config is None or _has_tables(config) else None


@functools.lru_cache(maxsize=16)
def _has_tables(config: MfccConfig) -> bool:
    """Whether the front end in C can be `config`; what it cannot be is warned of once."""
    try:
        front_end_tables(config)
    except ParameterError as error:
        _warn(error)
        return False
    return True


def _warn(reason: Exception) -> None:
    warnings.warn(f"the front end in C is not used: {reason}; numpy does its work", FrontEndWarning, stacklevel=3)


_thread = threading.local()


def window_mfcc(config: MfccConfig) -> WindowMfcc:
    """This thread's computer of `config`, made once: its memory is warm on the next call."""
    found = _library_for(config)
    if getattr(_thread, "key", None) != (config, found):
        _thread.computer = NativeMfcc(config, found) if found else MfccComputer(config)
        _thread.key = config, found
    computer: WindowMfcc = _thread.computer
    return computer


def stream_frames(config: MfccConfig, stride_frames: int) -> StreamFrames:
    """The frames of a stream whose windows are `stride_frames` frames apart."""
    if found := _library_for(config):
        try:
            return NativeFrames(config, stride_frames, found)
        except ParameterError as error:
            _warn(error)
    return NumpyFrames(config, stride_frames)


def mfcc(samples: np.ndarray, config: MfccConfig = MfccConfig()) -> np.ndarray:  # noqa: B008 (frozen)
    """MFCC of `samples` as one window, whatever its length.

    Args:
        samples: mono [shape=(n,)], any floating-point dtype, in [-1, 1], at ``config.sample_rate``.
        config: the front end; its default equals ``librosa.feature.mfcc(y=samples, sr=22050, n_mfcc=13,
            n_fft=2048, hop_length=512).T``.

    Returns:
        float32 [shape=(frames, n_mfcc)]

    Raises:
        AudioError: `samples` is not floating-point, not one-dimensional, is shorter than one frame, or is not finite.
    """
    samples = checked(samples)
    count = config.frame_count(len(samples))
    if len(samples) == 0 or count == 0:
        shortest = 1 if config.center else config.n_fft
        raise AudioError(f"samples.shape={samples.shape}: expected at least {shortest} samples; give more audio")
    computer = window_mfcc(config)
    return computer.cepstrum(computer.log_mel(samples))
