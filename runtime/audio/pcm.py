"""Raw PCM from a pipe, block by block, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..errors import AudioError, ParameterError
from .source import AudioSource

BLOCK_S = 0.1  # seconds of audio read at a time, at most
SAMPLE_FORMATS = {"s16le": ("<i2", 1 / 32768), "s32le": ("<i4", 1 / 2147483648), "f32le": ("<f4", 1.0)}


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
    block_bytes = max(1, round(BLOCK_S * rate)) * frame_bytes
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
