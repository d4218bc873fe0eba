"""Raw PCM or WAV from a pipe, block by block, as it comes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..errors import AudioError, ParameterError
from .headers import SIGN_BYTES, begins_with_frames, container
from .source import MAX_CHANNELS, AudioSource, check_rate
from .wave_stream import ENCODINGS, WaveHeader, read_wave_header

BLOCK_S = 0.1  # seconds of audio read at a time, at most
READ_BYTES = 65536  # of what is looked at before it is decoded, or passed over
SAMPLE_FORMATS = {encoding.name: encoding for encoding in ENCODINGS if encoding.name in ("s16le", "s32le", "f32le")}


def open_pcm(
    stream: BinaryIO, rate: int | None, channels: int | None, sample_format: str | None, sample_rate: int
) -> AudioSource:
    """Raw interleaved PCM, or a WAV, from a pipe, as blocks at `sample_rate`; short reads come out at once.

    Waits for the first bytes, which tell them apart: a WAV says the rest itself, and need not say how long it is.

    Args:
        stream: unbuffered or buffered binary stream.
        rate: its sample rate in Hz; None for WAV.
        channels: its channel count, 1 to 64; None for WAV.
        sample_format: s16le, s32le or f32le; None for s16le, or what the WAV says.

    Raises:
        ParameterError: an argument is out of range, is missing for raw PCM, or is not what the WAV says.
        AudioError: the stream ends at once, or is in another format. Also raised while iterating.
    """
    if sample_format not in (None, *SAMPLE_FORMATS):
        raise ParameterError(f"sample_format={sample_format}: expected one of {', '.join(SAMPLE_FORMATS)}")
    if channels is not None and not 1 <= channels <= MAX_CHANNELS:
        raise ParameterError(f"channels={channels}: expected 1 to {MAX_CHANNELS}; state the channels of the audio")
    if rate is not None:
        check_rate("source_rate", rate)
    pipe = _Pipe(stream)
    audio = _read_header(pipe, sample_rate)
    noted: dict[str, Any] = {}
    if audio:
        for option, given, said in (
            ("rate", rate, audio.rate),
            ("channels", channels, audio.channels),
            ("sample-format", sample_format, audio.encoding.name),
        ):
            if given not in (None, said):
                raise ParameterError(
                    f"{option}={given}: the WAV on standard input says {said} itself; leave out --{option}"
                )
        return AudioSource(_wave_blocks(pipe, audio, noted), audio.rate, sample_rate, noted)
    if rate is None or channels is None:
        raise ParameterError(
            f"rate={rate}, channels={channels}: expected both for raw PCM on standard input, which does not say them; "
            "add for instance --rate 48000 --channels 2"
        )
    raw = WaveHeader(rate, channels, SAMPLE_FORMATS[sample_format or "s16le"], None)
    return AudioSource(_blocks(pipe, raw, noted), rate, sample_rate, noted)


class _Pipe:
    """A stream that is read from front to back, and can be looked at before."""

    def __init__(self, stream: BinaryIO) -> None:
        # read1 gives what is there instead of waiting for a full block
        self._next = getattr(stream, "read1", stream.read)
        self._ahead = b""
        self._position = 0

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end, which stay."""
        while len(self._ahead) < size and (data := self._next(READ_BYTES)):
            self._ahead += data
        return self._ahead[:size]

    def read_some(self, limit: int) -> bytes:
        """What there is, up to `limit` bytes; waits for one at least, and is empty at the end."""
        data, self._ahead = self._ahead[:limit], self._ahead[limit:]
        data = data or self._next(limit)
        self._position += len(data)
        return data

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        self.peek(size)
        return self.read_some(size) if size else b""

    def seek(self, offset: int) -> int:
        """Pass over what comes before `offset`."""
        while self._position < offset and self.read_some(min(READ_BYTES, offset - self._position)):
            pass
        return self._position


def _read_header(pipe: _Pipe, sample_rate: int) -> WaveHeader | None:
    """That of a WAV; None for raw PCM. Raises AudioError for all else that is known by its first bytes."""
    head = pipe.peek(SIGN_BYTES)
    if not head:
        raise AudioError(
            "-: expected raw PCM or WAV on standard input, which ended at once; check what is piped into it"
        )
    name = container(head) or begins_with_frames(pipe.peek)
    remedy = (
        f"name the file, or pipe it through `ffmpeg -i - -f s16le -ac 1 -ar {sample_rate} -` and add --rate "
        f"{sample_rate} --channels 1"
    )
    if name == "WAV":
        return read_wave_header(pipe, head, remedy)
    if name:
        raise AudioError(f"-: expected raw PCM or WAV on standard input, received {name}; {remedy}")
    return None


def _blocks(pipe: _Pipe, audio: WaveHeader, noted: dict[str, Any]) -> Iterator[np.ndarray]:
    frame_bytes = audio.encoding.sample_bytes * audio.channels
    block_bytes = max(1, round(BLOCK_S * audio.rate)) * frame_bytes
    left = sys.maxsize if audio.audio_bytes is None else audio.audio_bytes
    rest = b""
    while left and (data := pipe.read_some(min(block_bytes, left))):
        left -= len(data)
        data = rest + data
        whole = len(data) // frame_bytes * frame_bytes
        rest = data[whole:]
        if whole:
            yield audio.encoding.decode(data[:whole]).reshape(-1, audio.channels)
    noted["dropped_bytes"] = len(rest)


def _wave_blocks(pipe: _Pipe, audio: WaveHeader, noted: dict[str, Any]) -> Iterator[np.ndarray]:
    frames = 0
    for block in _blocks(pipe, audio, noted):
        frames += len(block)
        yield block
    if not frames:
        raise AudioError("-: expected audio on standard input, received a WAV without any; check what is piped into it")
    received = frames * audio.channels * audio.encoding.sample_bytes + noted["dropped_bytes"]
    noted["length_unknown"] = audio.audio_bytes is None
    noted["cut_short"] = audio.audio_bytes is None or received < audio.audio_bytes
