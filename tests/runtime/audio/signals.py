"""Audio to test with, as samples, files and pipes."""

import io
import struct

import numpy as np
import soundfile

RATE = 22050
ENCODINGS = {"u8": (8, 1), "s16": (16, 1), "s24": (24, 1), "s32": (32, 1), "f32": (32, 3)}  # bits, tag of WAV


def chords(seconds, rate, channels=1, seed=0):
    """Other tones and levels in each channel and each tenth of a second: float32 (n,) or (n, channels)."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitches, phases = generator.uniform(100, 2500, channels), generator.uniform(0, 6, channels)
    levels = np.repeat(generator.uniform(0.05, 0.8, (int(seconds * 10) + 1, channels)), rate // 10, axis=0)
    samples = levels[: len(time)] * np.sin(2 * np.pi * np.outer(time, pitches) + phases)
    return (samples[:, 0] if channels == 1 else samples).astype(np.float32)


def write(path, samples, rate, **options):
    soundfile.write(path, samples, rate, **options)
    return path


class Pipe(io.RawIOBase):
    """A pipe whose reads are short, wherever they happen to end."""

    def __init__(self, data, sizes):
        self._data, self._sizes, self._turn = data, sizes, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), self._sizes[self._turn % len(self._sizes)])
        self._turn += 1
        part, self._data = self._data[:size], self._data[size:]
        buffer[: len(part)] = part
        return len(part)


def as_pcm(samples, sample_format):
    """float32 samples as interleaved bytes."""
    if sample_format == "f32le":
        return samples.astype("<f4").tobytes()
    bits = int(sample_format[1:3])
    return np.rint(samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()


def encoded(samples, encoding, order):
    """float32 samples [-1, 1) as bytes, worked out without the product's tables."""
    if encoding == "f32":
        return samples.astype(f"{order}f4").tobytes()
    bits = ENCODINGS[encoding][0]
    integers = np.rint(samples.astype(np.float64) * 2 ** (bits - 1)).astype(np.int64)
    if encoding == "u8" and order == "<":  # AIFF has a sign in eight bits, too
        integers += 128
    wide = integers.astype(f"{order}i8").tobytes()
    size = bits // 8
    first = 0 if order == "<" else 8 - size
    return b"".join(wide[place + first : place + first + size] for place in range(0, len(wide), 8))


def wave(audio, encoding, channels, *, data=None, form=None, magic=b"RIFF", extensible=False, before=b""):
    """A WAV; `data` and `form` are what its two sizes say instead of the truth, `before` stands before the audio."""
    order = ">" if magic == b"RIFX" else "<"
    bits, tag = ENCODINGS[encoding]
    align = channels * bits // 8
    description = struct.pack(
        f"{order}HHIIHH", 0xFFFE if extensible else tag, channels, RATE, RATE * align, align, bits
    )
    if extensible:
        guid = struct.pack(f"{order}H", tag) + bytes.fromhex("000000001000800000aa00389b71")
        description += struct.pack(f"{order}HHI", 22, bits, 0) + guid
    parts = b"fmt " + struct.pack(f"{order}I", len(description)) + description + before + b"data"
    truth = 4 + len(parts) + 4 + len(audio)
    sizes = (struct.pack(f"{order}I", truth if form is None else form), len(audio) if data is None else data)
    return magic + sizes[0] + b"WAVE" + parts + struct.pack(f"{order}I", sizes[1]) + audio


def aiff(audio, encoding, channels, *, data=None, form=None, kind=b"AIFF", frames=None):
    """An AIFF or AIFF-C in the same way; `frames` is what its COMM chunk says."""
    bits = ENCODINGS[encoding][0]
    count = len(audio) // (channels * bits // 8) if frames is None else frames
    rate = struct.pack(">HQ", 16383 + 14, RATE << (63 - 14))  # an extended float
    common = struct.pack(">HIH", channels, count, bits) + rate
    if kind == b"AIFC":
        common += (b"fl32" if encoding == "f32" else b"NONE") + b"\x00\x00"
    version = b"FVER" + struct.pack(">II", 4, 0xA2805140) if kind == b"AIFC" else b""
    parts = kind + version + b"COMM" + struct.pack(">I", len(common)) + common + b"SSND"
    truth = len(parts) + 12 + len(audio)
    sizes = (truth if form is None else form, 8 + len(audio) if data is None else data)
    return b"FORM" + struct.pack(">I", sizes[0]) + parts + struct.pack(">III", sizes[1], 0, 0) + audio


def chunk(name, size):
    return name + struct.pack("<I", size) + bytes(size + size % 2)


def samples_of(channels, seconds=1):
    """Of which every value can be told apart in 8 bits, and whose first eight bytes are no chunk in any encoding."""
    return np.clip(np.round(chords(seconds, RATE, channels) * 127) / 128, -1, 127 / 128).astype(np.float32)
