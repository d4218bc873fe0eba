"""The front end: audio frames -> log-mel -> MFCC, equal to librosa's, with numpy alone.

Everything here is pure; the only state is scratch memory that `MfccComputer` keeps between calls, because
an FFT that writes into fresh pages costs several times one that writes into warm ones.

Sources: mel scale and area normalisation after M. Slaney, Auditory Toolbox (1998); MFCC after Davis and
Mermelstein (1980), with the orthonormal DCT-II.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import reprlib
from typing import Any

import numpy as np

from .errors import AudioError, ModelFileError, ParameterError

FEATURES_VERSION = 1  # raised whenever the same samples and config give other features
BLOCK_FRAMES = 65  # transformed in one FFT call: half of a default window; larger ones leave the cache
DECIBELS = 10 / math.log(10)  # in one unit of the natural logarithm of a power
MEL_BLOCK_BANDS = 16  # mel bands that share one dense product over the bins they touch
POWER_FLOOR = 1e-10  # -100 dB, below which power counts as silence
LOUDEST = 1e10  # beyond any scale that samples are kept in; far larger ones would overflow float32 on their way

# Bounds far beyond any use, so that a hostile description takes neither all memory nor all time.
RANGES = {
    "sample_rate": (1, 768_000),
    "n_fft": (2, 65_536),
    "hop_length": (1, 1_000_000),
    "n_mels": (1, 1_024),
    "n_mfcc": (1, 1_024),
}
MAX_WINDOW_S = 600
MAX_VALUES = 2**24


@dataclasses.dataclass(frozen=True)
class MfccConfig:
    """What turns samples into MFCC; the defaults are librosa's and the paper's.

    Attributes:
        sample_rate: samples a second, 1 to 768,000.
        n_fft: length of a frame and of its FFT in samples, 2 to 65,536.
        hop_length: samples from one frame to the next, 1 to 1,000,000.
        n_mels: mel bands between 0 Hz and half the sample rate, 1 to 1,024.
        n_mfcc: cepstral coefficients kept, 1 <= n_mfcc <= n_mels.
        window_s: length of the window that is classified, in seconds; at least one frame, at most 600.
        center: frame k is centred on sample k * hop_length and sees zeros beyond the window's edges.
        top_db: log-mel values are raised to the window's maximum less this many dB, > 0; None leaves them.

    Raises:
        ParameterError: a value lies outside its range, or together they need arrays of more than `MAX_VALUES`.
    """

    sample_rate: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 13
    window_s: float = 3.0
    center: bool = True
    top_db: float | None = 80.0

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            self._require(name, whole and least <= value <= most, f"an integer from {least} to {most}")
        self._require("n_mfcc", self.n_mfcc <= self.n_mels, f"at most n_mels={self.n_mels}")
        seconds = _is_number(self.window_s) and 0 < self.window_s <= MAX_WINDOW_S
        self._require("window_s", seconds, f"seconds, at most {MAX_WINDOW_S}")
        shortest = self.n_fft / self.sample_rate
        self._require("window_s", self.window_samples >= self.n_fft, f"at least one frame ({shortest:.3f} s)")
        self._require("center", isinstance(self.center, bool), "true or false")
        usable = self.top_db is None or (_is_number(self.top_db) and 0 < self.top_db < math.inf)
        self._require("top_db", usable, "positive, or None")
        largest = {  # values in the largest arrays, by the names of the fields that make them large
            "window_s sample_rate": self.window_samples,
            "window_s hop_length n_mels": self.window_frames * self.n_mels,
            "n_fft n_mels": self.n_fft * self.n_mels,
            "n_fft hop_length": self.n_fft * self.n_fft // self.hop_length,  # frames that reach beyond a window
        }
        for names, values in largest.items():
            self._require(names, values <= MAX_VALUES, f"arrays of at most {MAX_VALUES} values, not {values}")

    def _require(self, names: str, holds: bool, rule: str) -> None:
        if not holds:
            received = ", ".join(f"{name}={reprlib.repr(getattr(self, name))}" for name in names.split())
            raise ParameterError(f"{received}: expected {rule}; correct the value")

    @property
    def window_samples(self) -> int:
        """Samples in one window."""
        return round(self.window_s * self.sample_rate)

    @property
    def window_frames(self) -> int:
        """Frames in one window."""
        return self.frame_count(self.window_samples)

    def stride_frames(self, stride_s: float) -> int:
        """The hops from one window to the next that are nearest to `stride_s` seconds, at least one."""
        return max(1, round(stride_s * self.sample_rate / self.hop_length))

    def frame_count(self, samples: int) -> int:
        """Frames in `samples` samples."""
        padded = samples + 2 * (self.n_fft // 2) if self.center else samples
        return max(0, 1 + (padded - self.n_fft) // self.hop_length)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON keeps them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> MfccConfig:
        """The inverse of `to_dict`; raises ModelFileError on unknown, missing or impossible fields."""
        unknown = sorted(fields.keys() - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ModelFileError(f"front_end: expected the fields of MfccConfig, received {reprlib.repr(unknown)}")
        try:
            return cls(**fields)
        except ParameterError as error:
            raise ModelFileError(f"front_end: expected the fields of MfccConfig ({error})") from error


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def hz_to_mel(frequencies: np.ndarray) -> np.ndarray:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above. Hz -> mel, same shape."""
    linear = np.asarray(frequencies, dtype=np.float64) * 3 / 200
    with np.errstate(divide="ignore"):
        logarithmic = 15 + 27 * np.log(np.asarray(frequencies) / 1000) / np.log(6.4)
    return np.where(linear < 15, linear, logarithmic)


def mel_to_hz(mels: np.ndarray) -> np.ndarray:
    """The inverse of `hz_to_mel`. mel -> Hz, same shape."""
    mels = np.asarray(mels, dtype=np.float64)
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))


@functools.lru_cache(maxsize=16)
def mel_weights(config: MfccConfig) -> np.ndarray:
    """Triangular filters of unit area (Slaney's norm). float64 [n_fft // 2 + 1, n_mels]."""
    bins = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    top = hz_to_mel(np.array(config.sample_rate / 2))
    edges = mel_to_hz(np.linspace(0, top, config.n_mels + 2))
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    triangles: np.ndarray = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return triangles


@functools.lru_cache(maxsize=16)
def dct_basis(n_mels: int, n_mfcc: int) -> np.ndarray:
    """The first n_mfcc vectors of the orthonormal DCT-II. float64 [n_mels, n_mfcc]."""
    angles = np.pi / n_mels * np.outer(np.arange(n_mels) + 0.5, np.arange(n_mfcc))
    basis: np.ndarray = np.sqrt(2 / n_mels) * np.cos(angles)
    basis[:, 0] /= np.sqrt(2)
    return basis


def hann_window(n_fft: int) -> np.ndarray:
    """The periodic Hann window, as for spectral analysis. float64 [n_fft]."""
    window: np.ndarray = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return window


class MfccComputer:
    """Frames of samples -> unclamped log-mel -> MFCC, with scratch memory that is kept. Not for two threads at once.

    The FFT is in float64, in which numpy's is the fastest; what follows is in float32, as in librosa.
    """

    def __init__(self, config: MfccConfig) -> None:
        self.config = config
        bins = config.n_fft // 2 + 1
        self._window = hann_window(config.n_fft)
        self._frames = np.empty((BLOCK_FRAMES, config.n_fft))
        self._spectrum = np.empty((BLOCK_FRAMES, bins), np.complex128)
        self._squares = np.empty((BLOCK_FRAMES, 2 * bins), np.float32)  # of real and imaginary parts in turns
        self._power = np.empty((BLOCK_FRAMES, bins), np.float32)
        self._mel_blocks = _mel_blocks(mel_weights(config))
        self._basis = dct_basis(config.n_mels, config.n_mfcc)

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        """Unclamped log-mel of `samples`, contiguous float32 [shape=(n,)], as one window: float32 [frames, n_mels]."""
        config, count = self.config, self.config.frame_count(len(samples))
        if config.center:  # between zeros; numpy's own `pad` takes three times as long
            reach = config.n_fft // 2
            padded = np.zeros(len(samples) + 2 * reach, samples.dtype)
            padded[reach : reach + len(samples)] = samples
            samples = padded
        log_mel = np.empty((count, config.n_mels), np.float32)
        self.log_mel_of_frames(frame_view(samples, config, count), log_mel)
        return log_mel

    def log_mel_of_frames(self, frames: np.ndarray, out: np.ndarray) -> None:
        """Log-mel of `frames` [count, n_fft] into `out` float32 [count, n_mels], in dB re 1, not below -100."""
        for start in range(0, len(frames), BLOCK_FRAMES):
            block = frames[start : start + BLOCK_FRAMES]
            self._log_mel_block(block, out[start : start + len(block)])

    def _log_mel_block(self, frames: np.ndarray, out: np.ndarray) -> None:
        count = len(frames)
        windowed, spectrum = self._frames[:count], self._spectrum[:count]
        squares, power = self._squares[:count], self._power[:count]
        np.multiply(frames, self._window, out=windowed)
        _rfft(windowed, spectrum)
        squares[...] = spectrum.view(np.float64)
        np.multiply(squares, squares, out=squares)
        np.add(squares[:, 0::2], squares[:, 1::2], out=power)
        for bins, bands, weights in self._mel_blocks:
            np.matmul(power[:, bins], weights, out=out[:, bands])
        np.maximum(out, POWER_FLOOR, out=out)
        np.log(out, out=out)
        np.multiply(out, DECIBELS, out=out)

    def cepstrum(self, log_mel: np.ndarray) -> np.ndarray:
        """Clamp one window's `log_mel` [frames, n_mels] (in place) and apply the DCT: float32 [frames, n_mfcc]."""
        if self.config.top_db is not None:
            np.maximum(log_mel, log_mel.max() - np.float32(self.config.top_db), out=log_mel)
        # float64 sums: in float32 the error of -100 dB in every band reaches 1.5e-3.
        coefficients: np.ndarray = log_mel @ self._basis
        return coefficients.astype(np.float32)


def _mel_blocks(weights: np.ndarray) -> list[tuple[slice, slice, np.ndarray]]:
    """Cut `weights` [bins, bands] into dense blocks: only 1.5 % of the whole matrix is not zero."""
    blocks = []
    for first in range(0, weights.shape[1], MEL_BLOCK_BANDS):
        bands = slice(first, min(first + MEL_BLOCK_BANDS, weights.shape[1]))
        touched = np.flatnonzero(weights[:, bands].any(axis=1))
        bins = slice(touched[0], touched[-1] + 1) if len(touched) else slice(0, 1)
        blocks.append((bins, bands, np.ascontiguousarray(weights[bins, bands], np.float32)))
    return blocks


if np.lib.NumpyVersion(np.__version__) >= "2.0.0":

    def _rfft(frames: np.ndarray, out: np.ndarray) -> None:
        np.fft.rfft(frames, axis=-1, out=out)

else:

    def _rfft(frames: np.ndarray, out: np.ndarray) -> None:
        out[...] = np.fft.rfft(frames, axis=-1)


def frame_view(samples: np.ndarray, config: MfccConfig, count: int) -> np.ndarray:
    """The first `count` frames of contiguous `samples` without copying: [count, n_fft]; no padding."""
    step = samples.itemsize
    # The array's own constructor, which checks that it stays within `samples`: numpy's helpers take ten times as long.
    return np.ndarray((count, config.n_fft), samples.dtype, samples, strides=(config.hop_length * step, step))


def checked(samples: np.ndarray) -> np.ndarray:
    """`samples`, contiguous and float32 [shape=(n,)]; raises AudioError unless one channel within `LOUDEST`."""
    samples = np.asarray(samples)
    if samples.dtype.kind != "f":
        raise AudioError(
            f"samples.dtype={samples.dtype}: expected floating-point samples in [-1, 1]; divide int16 by 32768"
        )
    if samples.ndim != 1:
        raise AudioError(f"samples.shape={samples.shape}: expected one channel; mix channels down first")
    samples = np.ascontiguousarray(samples, np.float32)
    # So written that NaN, which is the largest and the least of any samples, is refused too.
    if not (samples.max(initial=0) < LOUDEST and samples.min(initial=0) > -LOUDEST):
        raise AudioError(
            f"samples: expected finite values within {LOUDEST:g} (full scale is 1), received NaN, infinity or more; "
            "replace them by zeros"
        )
    return samples
