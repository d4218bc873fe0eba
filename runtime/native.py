"""The front end in C behind the interface of the one in numpy, where its library was built.

The library is loaded with ctypes, which lets other threads run while it computes. What it is handed are finite float32
samples and the tables of `c_tables`; the checks of samples are those of `mfcc`.
"""

from __future__ import annotations

import ctypes
import functools
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .c_tables import front_end_tables
from .errors import Failure, FrontEndWarning, ParameterError
from .mfcc import MfccConfig

ABI = 2  # GENREKIT_ABI of the genrekit.h that is meant here
BLOCK_SAMPLES = 2**22  # in the frames that are computed in one call: Ctrl-C is noticed between two calls
MAX_STREAM_BYTES = 2**28
INSTRUCTIONS = {"best": 0, "base": 1, "avx2": 2, "avx512": 3}  # genrekit_instructions

_Pointer = ctypes.c_void_p
_INTEGERS = ("n_fft", "hop_length", "n_mels", "n_mfcc", "window_samples", "center")
_ARRAYS = (
    *("window", "twiddles", "unpack"),
    *("radices", "positions", "mel_first", "mel_counts", "mel_weights", "dct"),
)
_ARITHMETICS = {np.dtype(np.float32): "genrekit_in_float", np.dtype(np.float64): "genrekit_in_double"}


class _FrontEnd(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in _INTEGERS),
        ("top_db", ctypes.c_float),
        ("n_passes", ctypes.c_int32),
        ("arithmetic", _Pointer),
        *((name, _Pointer) for name in _ARRAYS),
    )


_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "genrekit_mfcc_bytes": (ctypes.c_size_t, (_Pointer,)),
    "genrekit_mfcc_init": (ctypes.c_int, (_Pointer, ctypes.c_int, *(_Pointer,) * 3)),
    "genrekit_log_mel": (
        ctypes.c_int,
        (_Pointer, _Pointer, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t, _Pointer),
    ),
    "genrekit_cepstrum": (ctypes.c_int, (_Pointer, _Pointer, ctypes.c_size_t, _Pointer)),
    "genrekit_stream_bytes": (ctypes.c_size_t, (_Pointer, ctypes.c_size_t)),
    "genrekit_stream_init": (ctypes.c_int, (_Pointer, ctypes.c_size_t, ctypes.c_int, *(_Pointer,) * 3)),
    "genrekit_stream_reset": (None, (_Pointer,)),
    "genrekit_stream_push": (ctypes.c_size_t, (_Pointer, _Pointer, ctypes.c_size_t)),
    "genrekit_stream_window": (ctypes.c_int, (_Pointer, _Pointer)),
}


def load_library(path: Path) -> ctypes.CDLL:
    """The library at `path`; raises Failure, which names it, where it cannot be used."""
    from .native_build import BUILD_COMMAND, DIGEST, digest_of  # late, so that it can be run as a program

    rebuild = f"build it again: {BUILD_COMMAND}"
    try:
        digest = path.with_name(path.name + DIGEST).read_text().strip()
        # One that was cut short would end the process with a bus error.
        if digest_of(path.read_bytes()).strip() != digest:
            raise Failure(f"{path}: expected the front end in C as it was built, received other bytes; {rebuild}")
        library = ctypes.CDLL(str(path))
        if (abi := library.genrekit_abi()) != ABI:
            raise Failure(f"{path}: expected version {ABI} of the front end in C, received {abi}; {rebuild}")
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        for name in _ARITHMETICS.values():
            _address(library, name)
    except (OSError, AttributeError, ValueError) as error:
        raise Failure(f"{path}: expected the front end in C for this machine ({error}); {rebuild}") from error
    return library


def _address(library: ctypes.CDLL, name: str) -> int:
    """Of what the library calls `name` and is no function; raises ValueError where it has none."""
    return ctypes.addressof(ctypes.c_char.in_dll(library, name))


@functools.lru_cache(maxsize=1)
def library() -> ctypes.CDLL | Failure:
    """The library of this installation, loaded once, or why there is none. One that is damaged is warned of."""
    from .native_build import BUILD_COMMAND, library_name

    path = Path(__file__).with_name(library_name())
    if not path.exists():
        return Failure(f"{path}: the front end in C was not built; build it: {BUILD_COMMAND}")
    try:
        return load_library(path)
    except Failure as failure:
        warnings.warn(f"{failure}; until then numpy does its work", FrontEndWarning, stacklevel=2)
        return failure


class _Tables:
    """A front end as C wants it, and the arrays that it points into. Nothing writes into it: threads may share one."""

    def __init__(self, config: MfccConfig, library: ctypes.CDLL) -> None:
        self.arrays = tables = front_end_tables(config)
        self._front_end = _FrontEnd(
            *(getattr(config, name) for name in _INTEGERS),
            config.top_db or 0,
            len(tables.radices),
            _address(library, _ARITHMETICS[tables.window.dtype]),
            *(getattr(tables, name).ctypes.data for name in _ARRAYS),
        )
        self.address = ctypes.addressof(self._front_end)


@functools.lru_cache(maxsize=16)
def _tables(config: MfccConfig, library: ctypes.CDLL) -> _Tables:
    return _Tables(config, library)


class NativeMfcc:
    """As `mfcc.MfccComputer`, in C. Not for two threads at once.

    Raises:
        ParameterError: the FFT in C cannot have `config.n_fft`.
    """

    def __init__(self, config: MfccConfig, library: ctypes.CDLL, instructions: str = "best") -> None:
        self.config = config
        self._library = library
        self._tables = _tables(config, library)
        needed = library.genrekit_mfcc_bytes(self._tables.address)
        self._memory = np.empty(needed, np.uint8)
        self._mfcc = _made(library.genrekit_mfcc_init, (self._tables.address,), instructions, self._memory)

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        """Unclamped log-mel of `samples`, contiguous and finite float32 [shape=(n,)], as one window."""
        count = self.config.frame_count(len(samples))
        log_mel = np.empty((count, self.config.n_mels), np.float32)
        block = _frames_at_once(self.config)
        for first in range(0, count, block):
            frames = min(block, count - first)
            out = log_mel.ctypes.data + first * log_mel.strides[0]
            self._library.genrekit_log_mel(self._mfcc, samples.ctypes.data, len(samples), first, frames, out)
        return log_mel

    def cepstrum(self, log_mel: np.ndarray) -> np.ndarray:
        """Clamp one window's `log_mel` [frames, n_mels] and apply the DCT: float32 [frames, n_mfcc]."""
        features = np.empty((len(log_mel), self.config.n_mfcc), np.float32)
        self._library.genrekit_cepstrum(self._mfcc, log_mel.ctypes.data, len(log_mel), features.ctypes.data)
        return features


class NativeFrames:
    """As `mfcc_stream.NumpyFrames`, in C.

    Raises:
        ParameterError: the FFT in C cannot have `config.n_fft`, or the stream would take too much memory.
    """

    def __init__(
        self, config: MfccConfig, stride_frames: int, library: ctypes.CDLL, instructions: str = "best"
    ) -> None:
        self.config = config
        self._library = library
        self._tables = _tables(config, library)
        needed = library.genrekit_stream_bytes(self._tables.address, stride_frames)
        affordable = 0 < needed <= MAX_STREAM_BYTES
        _require(affordable, f"stride_frames={stride_frames}: expected one whose windows take {MAX_STREAM_BYTES} bytes")
        self._memory = np.empty(needed, np.uint8)
        of_what = (self._tables.address, stride_frames)
        self._stream = _made(library.genrekit_stream_init, of_what, instructions, self._memory)
        self._block = _frames_at_once(config) * config.hop_length

    def reset(self) -> None:
        """Forget everything that came."""
        self._library.genrekit_stream_reset(self._stream)

    def take(self, samples: np.ndarray) -> None:
        """The next samples of the stream, none of them beyond the window that is due next."""
        for first in range(0, len(samples), self._block):
            part = samples[first : first + self._block]
            self._library.genrekit_stream_push(self._stream, part.ctypes.data, len(part))

    def window_mfcc(self, window: np.ndarray) -> np.ndarray:
        """MFCC of the window that is due, whose samples C has seen; then go on to the next."""
        features = np.empty((self.config.window_frames, self.config.n_mfcc), np.float32)
        self._library.genrekit_stream_window(self._stream, features.ctypes.data)
        return features


def _frames_at_once(config: MfccConfig) -> int:
    return max(1, BLOCK_SAMPLES // (config.n_fft + config.n_mels))


def _made(init: Callable[..., int], of_what: tuple[int, ...], instructions: str, memory: np.ndarray) -> int:
    """The address of what `init` makes in `memory`, which is as large as it wants."""
    made, size = _Pointer(), ctypes.c_size_t(memory.size)
    init(*of_what, INSTRUCTIONS[instructions], memory.ctypes.data, ctypes.addressof(size), ctypes.addressof(made))
    _require(made.value is not None, f"instructions={instructions}: expected those of this processor")
    return made.value or 0


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ParameterError(message)
