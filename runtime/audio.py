"""Files, raw PCM and the microphone -> mono float32 blocks at the model's rate. Never a whole file at once."""

from __future__ import annotations

import contextlib
import dataclasses
import mmap
import os
import queue
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from .errors import AudioError, MissingFileError, MissingPackageError, ParameterError

BLOCK_S = 1.0  # seconds of audio read at a time
MICROPHONE_BLOCK_S = 0.1
SAMPLE_FORMATS = {"s16le": ("<i2", 1 / 32768), "s32le": ("<i4", 1 / 2147483648), "f32le": ("<f4", 1.0)}
MAX_RATE = 768_000  # Hz; above what any converter delivers, so surely a mistake
MISSING_S = 0.1  # seconds; the headers of MP3 are that inexact
WITHOUT_AUDIO = "expected audio, received a file with no samples, or cut before the first; record or copy it again"
CUT_SHORT = "holds less audio than its header promises, or ends in the middle"
# Lines of libsndfile's account of a file. The first kind is of the sizes of WAV, AIFF and their kin: promised, found.
_SIZES = re.compile(r"\s*(?:RIFF|riff|Riff size|FORM|data|SSND|BODY|Data Size)\s*: (\d+) \(should be (\d+)\)")
_ENDS_EARLY = re.compile(
    r"Ogg ?: (?:Last page lacks an end-of-stream bit|Junk after the last page)\."
    r"|Seems to be a truncated file|\*\*\* File seems to be truncated"
)
_BEGINNINGS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"FORM": "AIFF", b"ID3": "MP3", b"\xff": "MP3"}
LOUDEST = 1e10  # beyond any scale that audio is kept in; far larger samples would overflow float32 on their way


@dataclasses.dataclass(frozen=True)
class AudioFaults:
    """What was wrong with audio that was read all the same.

    Attributes:
        invalid_samples: samples that were NaN, infinite or beyond `LOUDEST`; each was replaced by silence.
        dropped_bytes: bytes at the end of raw PCM that made no whole sample.
        cut_short: whether a file holds less than its header promises, or ends in the middle.
    """

    invalid_samples: int = 0
    dropped_bytes: int = 0
    cut_short: bool = False

    def sentences(self) -> list[str]:
        """A sentence for each fault."""
        sentences = (
            (self.invalid_samples, f"{self.invalid_samples} samples were not finite; read as silence"),
            (self.dropped_bytes, f"{self.dropped_bytes} bytes at the end made no whole sample; dropped"),
            (self.cut_short, f"{CUT_SHORT}; read as far as it goes"),
        )
        return [sentence for fault, sentence in sentences if fault]


class AudioSource:
    """Blocks of audio on their way to a model: mixed down to mono, cleaned, resampled. Iterate once.

    Attributes:
        source_rate: what the audio came in, Hz.
        sample_rate: what the blocks are delivered in, Hz.
    """

    def __init__(
        self, blocks: Iterable[np.ndarray], source_rate: int, sample_rate: int, noted: dict[str, Any] | None = None
    ) -> None:
        """`blocks` are float32 [shape=(n,)] or [shape=(n, channels)], in [-1, 1].

        Into `noted` they put the fields of `AudioFaults` that they find. Raises ParameterError on an impossible rate.
        """
        for name, rate in (("source_rate", source_rate), ("sample_rate", sample_rate)):
            if not 0 < rate <= MAX_RATE:
                raise ParameterError(f"{name}={rate}: expected 1 to {MAX_RATE} Hz; state the rate of the audio")
        self._blocks = blocks
        self.source_rate, self.sample_rate = source_rate, sample_rate
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


def open_file(path: str | Path, sample_rate: int, block_s: float = BLOCK_S) -> AudioSource:
    """A file of any format that libsndfile reads, as blocks at `sample_rate`.

    Raises:
        MissingFileError: there is no such file.
        AudioError: it cannot be decoded or holds no audio. Also raised while iterating.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: expected an audio file, found none; check the path")
    if not path.stat().st_size:
        raise AudioError(f"{path}: expected audio, received a file that is empty; record or copy it again")
    with _decoding(path):
        info = soundfile.info(_source(path))
    if info.frames == 0:
        raise AudioError(f"{path}: {WITHOUT_AUDIO}")
    if info.samplerate > MAX_RATE:
        raise AudioError(f"{path}: expected at most {MAX_RATE} Hz, received {info.samplerate} Hz; convert it")
    noted: dict[str, Any] = {}
    return AudioSource(_file_blocks(path, block_s, noted), info.samplerate, sample_rate, noted)


def _source(path: Path) -> str | bytes | mmap.mmap:
    """What soundfile is to read: the name of a file, or the content of a WAV that lacks its sizes, with the sizes.

    Its recorder was killed before it wrote them into the header, and without them libsndfile finds no audio.
    """
    # soundfile takes no text that is no UTF-8; names on Windows always are Unicode.
    name = str(path) if os.name == "nt" else os.fsencode(path)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            begin = head.find(b"data", 12) + 8
            riff_size, data_size = (int.from_bytes(head[end - 4 : end], "little") for end in (8, begin))
            goes_on = path.stat().st_size > begin >= 20
            if not head.startswith(b"RIFF") or data_size or riff_size + 8 > begin or not goes_on:
                return name
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError:  # libsndfile cannot read it either, and says so
        return name
    for end in (8, begin):
        content[end - 4 : end] = min(len(content) - end, 0xFFFFFFFF).to_bytes(4, "little")
    return content


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """Read from front to back only: soundfile seeks after each read where it can, which garbles MP3 at the seam."""

    def seekable(self) -> bool:
        return False


def _file_blocks(path: Path, block_s: float, noted: dict[str, Any]) -> Iterator[np.ndarray]:
    decoded = 0
    source = _source(path)
    with _decoding(path), _ForwardFile(source) as file:
        frames = max(1, round(block_s * file.samplerate))
        # Not SoundFile.blocks: where a file is cut short, it repeats old audio up to the length that the header claims.
        try:
            while len(block := file.read(frames, dtype="float32")):
                decoded += len(block)
                yield block
        except soundfile.LibsndfileError:
            if not decoded:
                raise
        missing = file.frames - decoded > MISSING_S * file.samplerate
        reported = any(map(_reports_a_cut, file.extra_info.splitlines()))
        noted["cut_short"] = missing or reported or isinstance(source, mmap.mmap)
    if not decoded:
        raise AudioError(f"{path}: {WITHOUT_AUDIO}")


def _reports_a_cut(line: str) -> bool:
    """Whether a line of libsndfile's account says that a file ends before it should."""
    if not (sizes := _SIZES.fullmatch(line)):
        return bool(_ENDS_EARLY.match(line))
    promised, found = map(int, sizes.groups())
    # Whoever writes into a pipe does not know the size, and promises as much as the field, signed or not, holds.
    unknown = promised % 2**31 >= 2**31 - 4096
    return promised > found + 1 and not unknown  # + 1: some leave out the byte that makes a size even


@contextlib.contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw, which soundfile takes for headerless
        # Not libsndfile's own words: of a damaged MP3 it says that the file does not exist.
        raise AudioError(
            f"{path}: expected audio that libsndfile reads (WAV, FLAC, Ogg, MP3, AIFF), received {_kind(path)}"
        ) from error


def _kind(path: Path) -> str:
    """What a file that libsndfile does not read looks like, and what to do."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        return f"one that cannot be opened ({error.strerror}); check who may read it"
    for sign, name in _BEGINNINGS.items():
        if begin.startswith(sign):
            return (
                f"one that begins as {name} but is damaged, cut short or in an encoding that it does not know; copy it "
                "again, or convert it, e.g. with ffmpeg"
            )
    return "something else; convert it, e.g. with ffmpeg"


def read_file(path: str | Path, sample_rate: int) -> np.ndarray:
    """A whole file: mono float32 [shape=(n,)] at `sample_rate`; errors as `open_file`."""
    return np.concatenate(list(open_file(path, sample_rate)))


def open_pcm(stream: BinaryIO, rate: int, channels: int, sample_format: str, sample_rate: int) -> AudioSource:
    """Raw interleaved PCM from a pipe, as blocks at `sample_rate`; short reads come out at once.

    Args:
        stream: unbuffered or buffered binary stream.
        rate: its sample rate in Hz.
        channels: its channel count, 1 to 64.
        sample_format: s16le, s32le or f32le.

    Raises:
        ParameterError: an argument is out of range.
    """
    if sample_format not in SAMPLE_FORMATS:
        raise ParameterError(f"sample_format={sample_format}: expected one of {', '.join(SAMPLE_FORMATS)}")
    if not 1 <= channels <= 64:
        raise ParameterError(f"channels={channels}: expected 1 to 64; state the channels of the audio")
    noted: dict[str, Any] = {}
    return AudioSource(_pcm_blocks(stream, rate, channels, sample_format, noted), rate, sample_rate, noted)


def _pcm_blocks(
    stream: BinaryIO, rate: int, channels: int, sample_format: str, noted: dict[str, Any]
) -> Iterator[np.ndarray]:
    dtype, scale = SAMPLE_FORMATS[sample_format]
    frame_bytes = np.dtype(dtype).itemsize * channels
    block_bytes = max(1, round(MICROPHONE_BLOCK_S * rate)) * frame_bytes
    read = getattr(stream, "read1", stream.read)  # read1 gives what is there instead of waiting for a full block
    rest = b""
    consumed = 0
    while data := read(block_bytes):
        data = rest + data
        if not consumed and data.startswith(b"RIFF"):
            raise AudioError("-: expected raw PCM, received a WAV file; name the file, or record with arecord -t raw")
        consumed += len(data)
        whole = len(data) // frame_bytes * frame_bytes
        rest = data[whole:]
        if whole:
            samples = np.frombuffer(data[:whole], dtype).astype(np.float32)
            yield (samples * np.float32(scale)).reshape(-1, channels)
    noted["dropped_bytes"] = len(rest)
    if not consumed:
        raise AudioError("-: expected raw PCM on standard input, which ended at once; check what is piped into it")


def open_microphone(sample_rate: int) -> AudioSource:
    """The default microphone at the rate it offers, as blocks at `sample_rate`, without an end.

    Raises:
        MissingPackageError: sounddevice is not installed.
        AudioError: there is no usable microphone.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the PortAudio library is missing
        raise MissingPackageError(
            f'the microphone needs sounddevice ({error}); run: pip install "genrekit[mic]" '
            "(Debian also: apt install libportaudio2)"
        ) from error
    try:
        rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"mic: expected a microphone, found none ({error}); connect one or name a file") from error
    return AudioSource(_microphone_blocks(sounddevice, rate), rate, sample_rate)


def _microphone_blocks(sounddevice: ModuleType, rate: int) -> Iterator[np.ndarray]:
    recorded: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    with sounddevice.InputStream(
        samplerate=rate,
        channels=1,
        dtype="float32",
        blocksize=round(rate * MICROPHONE_BLOCK_S),
        callback=lambda block, *_: recorded.put(block[:, 0].copy()),
    ):
        while True:
            yield recorded.get()
