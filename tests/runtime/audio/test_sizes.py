"""Sizes in headers that are wrong in many ways: the audio is read as far as it goes, and said to be cut short if so."""

import struct

import numpy as np
import pytest
import soundfile

from genrekit.runtime.audio import open_file

from .signals import ENCODINGS, RATE, aiff, chunk, encoded, samples_of, wave

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


def read(path):
    source = open_file(path, RATE)
    return np.concatenate(list(source)), source.faults


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
    order = "<" if kind in ("RIFF", "extensible") or (kind, encoding) == ("RIFX", "u8") else ">"
    return KINDS[kind](encoded(samples, encoding, order), encoding, channels, **sizes)


def supported(kind, encoding):
    return (kind, encoding) != ("AIFF", "f32")  # AIFF-C has floats


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


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_of_long_ago(tmp_path, kind):
    """The recorder wrote the sizes now and then, and was killed later."""
    samples = samples_of(1, 5)
    (tmp_path / "clip").write_bytes(made(kind, "s16", 1, samples, data=44_100, form=44_136))
    received, faults = read(tmp_path / "clip")
    np.testing.assert_array_equal(received, samples)
    assert faults.length_unknown


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
    samples = samples_of(1)[:-1]  # of u8 an odd number, after which some leave out a byte that makes it even
    for encoding, pad in (("u8", b""), ("u8", b"\x00"), ("s16", b"")):
        content = wave(encoded(samples, encoding, "<"), encoding, 1, form=form) + pad + tail
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
