"""Sizes in headers that are wrong in many ways: the audio is read as far as it goes, and said to be cut short if so."""

import struct

import numpy as np
import pytest
import soundfile

from genrekit.runtime.audio import open_file

from .signals import chords

RATE = 22050
ENCODINGS = {"u8": (8, 1), "s16": (16, 1), "s24": (24, 1), "s32": (32, 1), "f32": (32, 3)}  # bits, tag of WAV
WRONG = {
    "nothing": 0,
    "the header alone": 36,
    "8": 8,
    "all ones": 0xFFFFFFFF,
    "the most with a sign": 0x7FFFFFFF,
    "as arecord": 0x7FFFF000,
    "the least with a sign": 0x80000000,
    "as sox": 0x7FFFFFFF - 36,
}


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


def read(path):
    source = open_file(path, RATE)
    return np.concatenate(list(source)), source.faults


def samples_of(channels, seconds=1):
    """Of which every value can be told apart in 8 bits, and whose first eight bytes are no chunk in any encoding."""
    return np.clip(np.round(chords(seconds, RATE, channels) * 127) / 128, -1, 127 / 128).astype(np.float32)


def mono(samples):
    return samples if samples.ndim == 1 else samples.mean(axis=1)


KINDS = {
    "RIFF": lambda *given, **sizes: wave(*given, **sizes),
    "RIFX": lambda *given, **sizes: wave(*given, **sizes, magic=b"RIFX"),
    "extensible": lambda *given, **sizes: wave(*given, **sizes, extensible=True),
    "AIFF": lambda *given, **sizes: aiff(*given, **sizes),
    "AIFF-C": lambda *given, **sizes: aiff(*given, **sizes, kind=b"AIFC"),
}


def made(kind, encoding, channels, samples, **sizes):
    order = "<" if kind in ("RIFF", "extensible") else ">"
    return KINDS[kind](encoded(samples, encoding, order), encoding, channels, **sizes)


def supported(kind, encoding):
    # libsndfile takes 8 bits of RIFX for unsigned, as WAV has them, and AIFF itself knows no floats.
    return (kind, encoding) not in {("AIFF", "f32"), ("RIFX", "u8")}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "encoding"), [(kind, encoding) for kind in KINDS for encoding in ENCODINGS if supported(kind, encoding)]
)
def test_sizes_that_were_never_written(tmp_path, kind, encoding, channels):
    samples = samples_of(channels)
    path = tmp_path / "clip"
    path.write_bytes(made(kind, encoding, channels, samples))
    received, faults = read(path)
    np.testing.assert_array_equal(received, mono(samples))
    assert not faults.cut_short
    for data in WRONG.values():
        for form in (0, 36, data, None):
            path.write_bytes(content := made(kind, encoding, channels, samples, data=data, form=form))
            received, faults = read(path)
            np.testing.assert_array_equal(received, mono(samples), err_msg=f"data={data} form={form}")
            assert faults.cut_short
            assert faults.length_unknown
            assert path.read_bytes() == content


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", WRONG.values(), ids=WRONG)
def test_a_wrong_size_of_the_whole_alone_cuts_nothing(tmp_path, kind, form):
    samples = samples_of(1)
    (tmp_path / "clip").write_bytes(made(kind, "s16", 1, samples, form=form))
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, samples)
    assert not faults.cut_short


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [2, 1000, 10**6])
def test_more_is_promised_than_there_is(tmp_path, kind, missing):
    samples = samples_of(1)
    (tmp_path / "clip").write_bytes(made(kind, "s16", 1, samples, data=2 * len(samples) + 8 + missing))
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, samples)
    assert faults.cut_short
    assert not faults.length_unknown
    assert "less audio than its header promises" in faults.sentences()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_of_long_ago(tmp_path, kind):
    """The recorder wrote the sizes now and then, and was killed later."""
    samples = samples_of(1, 5)
    (tmp_path / "clip").write_bytes(made(kind, "s16", 1, samples, data=44_100, form=44_136))
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, samples)
    assert faults.length_unknown
    assert "does not say how long it is" in faults.sentences()[0]


@pytest.mark.parametrize("frames", [0, 0xFFFFFFFF])
def test_the_frames_that_an_aiff_promises_do_not_matter(tmp_path, frames):
    samples = samples_of(2)
    (tmp_path / "clip").write_bytes(aiff(encoded(samples, "s16", ">"), "s16", 2, data=0, form=0, frames=frames))
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, mono(samples))
    assert faults.cut_short


@pytest.mark.parametrize(
    "before",
    [chunk(b"LIST", 26), chunk(b"bext", 602), chunk(b"JUNK", 5001), chunk(b"PAD ", 100_000) + chunk(b"data"[::-1], 3)],
    ids=["LIST", "bext", "JUNK", "PAD"],
)
@pytest.mark.parametrize("data", [0, 0xFFFFFFFF, None])
def test_whatever_stands_before_the_audio(tmp_path, before, data):
    samples = samples_of(1)
    form = None if data is None else data
    content = wave(encoded(samples, "s16", "<"), "s16", 1, data=data, form=form, before=before)
    (tmp_path / "clip").write_bytes(content)
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, samples)
    assert faults.cut_short is (data is not None)


TAILS = {
    "chunk": chunk(b"LIST", 4000),
    "chunk cut short": chunk(b"LIST", 4000)[:100],
    "large chunk": chunk(b"JUNK", 200_000),
    "tag": b"TAG" + bytes(125),
    "zeros": bytes(4096),
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
@pytest.mark.parametrize("form", [None, 0])
def test_what_follows_the_audio_is_none(tmp_path, tail, form):
    samples = samples_of(1)[:-1]  # of u8 an odd number
    for encoding in ("u8", "s16"):
        content = wave(encoded(samples, encoding, "<"), encoding, 1, form=form) + tail
        (tmp_path / "clip").write_bytes(content)
        received, faults = read(tmp_path / "clip")
        np.testing.assert_array_equal(received, samples)
        assert not faults.cut_short


WIDE = {
    "RF64": (lambda content: 28, "<q"),
    "W64": (lambda content: content.index(b"data") + 16, "<q"),
    "CAF": (lambda content: content.index(b"data") + 4, ">q"),
}


@pytest.mark.parametrize("file_format", WIDE)
@pytest.mark.parametrize(("size", "unknown"), [(0, True), (-1, True), (24, True), (2**40, False)])
def test_sizes_of_eight_bytes(tmp_path, file_format, size, unknown):
    samples, path = samples_of(2), tmp_path / "clip"
    soundfile.write(path, samples, RATE, format=file_format, subtype="PCM_24")
    find, number = WIDE[file_format]
    content = bytearray(path.read_bytes())
    struct.pack_into(number, content, find(content), size)
    path.write_bytes(content)
    received, faults = read(path)
    np.testing.assert_array_equal(received, mono(samples))
    assert faults.cut_short
    assert faults.length_unknown is unknown


def test_flac_that_was_written_into_a_pipe_is_whole(tmp_path):
    """Its format has a number of samples that means: not known."""
    samples, path = samples_of(1), tmp_path / "clip.flac"
    soundfile.write(path, samples, RATE)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    received, faults = read(path)
    np.testing.assert_array_equal(received, samples)
    assert not faults.cut_short


def test_a_large_file_is_not_read_into_memory(tmp_path):
    """Nor is it lost: its size does not fit into the header."""
    path = tmp_path / "long.wav"
    content = wave(encoded(samples_of(1), "s16", "<"), "s16", 1, data=0, form=0)
    with path.open("wb") as file:
        file.write(content)
        file.truncate(5 * 2**30)  # of zeros, which take no room on the disk
    source = open_file(path, RATE)
    np.testing.assert_array_equal(next(iter(source)), samples_of(1))


def test_a_killed_recorder_of_real_audio(shared_data):
    source = open_file(shared_data / "hard" / "recorder-killed.wav", 22050)
    assert sum(map(len, source)) == 132_300
    assert source.faults.cut_short
