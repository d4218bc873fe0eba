"""A WAV that comes through a pipe: its header, read from front to back, and how it keeps its samples."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..errors import AudioError
from .chunks import Source, chunks, layout_of
from .sizes import is_placeholder
from .source import MAX_CHANNELS, MAX_RATE, MIN_RATE

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
DAMAGED = "-: expected a WAV on standard input, received one whose header is damaged; record or copy it again"


@dataclasses.dataclass(frozen=True)
class Encoding:
    """How samples are kept: unsigned, signed or floating, and how wide.

    Attributes:
        name: as --sample-format has it; s24le and u8 come in WAV only.
    """

    kind: str
    bits: int
    byteorder: str = "le"

    @property
    def name(self) -> str:
        """Such as s16le."""
        return f"{self.kind}{self.bits}{self.byteorder if self.bits > 8 else ''}"

    @property
    def sample_bytes(self) -> int:
        """Of a sample."""
        return self.bits // 8

    def decode(self, data: bytes) -> np.ndarray:
        """Whole samples -> float32 [shape=(n,)], full scale at 1."""
        order = "<" if self.byteorder == "le" else ">"
        if self.bits == 24:  # as the upper three bytes of four
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return dataclasses.replace(self, bits=32).decode(wide.tobytes())
        samples = np.frombuffer(data, f"{order}{self.kind.replace('s', 'i')}{self.sample_bytes}")
        if self.kind == "f":
            return samples.astype(np.float32)
        full_scale = np.float32(2 ** (self.bits - 1))
        return (samples.astype(np.float32) - (full_scale if self.kind == "u" else 0)) / full_scale


ENCODINGS = (Encoding("u", 8), *(Encoding(*one) for one in (("s", 16), ("s", 24), ("s", 32), ("f", 32), ("f", 64))))


@dataclasses.dataclass(frozen=True)
class WaveHeader:
    """What a WAV says of itself.

    Attributes:
        rate: Hz.
        channels: 1 to `MAX_CHANNELS`.
        encoding: of the samples.
        audio_bytes: how much audio follows; None where that is not known.
    """

    rate: int
    channels: int
    encoding: Encoding
    audio_bytes: int | None


def read_wave_header(source: Source, head: bytes, remedy: str) -> WaveHeader:
    """Read up to the first sample; `head` are the first 12 bytes, which `source` gives as well.

    Raises AudioError, with `remedy`, where it is damaged or of an encoding that is not read from pipes.
    """
    layout = layout_of(head)
    if not layout:
        raise AudioError(DAMAGED)
    form, size = b"", None
    for chunk in chunks(source, layout):
        if chunk.id == b"fmt ":
            form = source.read(min(chunk.size, 40))
        elif chunk.id == b"ds64":
            size = int.from_bytes(source.read(16)[8:], "little")
        elif chunk.id == b"data" and (chunk.size != 0xFFFFFFFF or size is None):
            size = chunk.size
    if len(form) < 16 or size is None:
        raise AudioError(DAMAGED)

    def number(offset: int, width: int = 2) -> int:
        return int.from_bytes(form[offset : offset + width], layout.byteorder)

    tag, channels, rate, block = number(0), number(2), number(4, 4), number(12)
    if tag == EXTENSIBLE and len(form) >= 26:
        tag = number(24)
    if not (1 <= channels <= MAX_CHANNELS and MIN_RATE <= rate <= MAX_RATE):
        raise AudioError(
            f"-: expected a WAV of 1 to {MAX_CHANNELS} channels at {MIN_RATE} to {MAX_RATE} Hz on standard input, "
            f"received channels={channels}, rate={rate}; record or convert it again"
        )
    bits = 8 * (block // channels)  # not those that count: 20 stand at the upper end of 24
    kind = {PCM: "u" if bits == 8 else "s", FLOAT: "f"}.get(tag)
    found = next((one for one in ENCODINGS if (one.kind, one.bits) == (kind, bits)), None)
    if not found:
        raise AudioError(
            f"-: expected a WAV of PCM of 8 to 32 bits or of floats on standard input, received one of encoding "
            f"0x{tag:04x}, {number(14)} bits; {remedy}"
        )
    encoding = dataclasses.replace(found, byteorder="be" if layout.byteorder == "big" else "le")
    return WaveHeader(rate, channels, encoding, None if is_placeholder(size) else size)
