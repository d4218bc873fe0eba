"""Pipes: raw PCM and WAV, in whatever pieces they come."""

import io
import struct

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime.audio import open_file, open_pcm
from genrekit.runtime.errors import AudioError, ParameterError

from .signals import Pipe, aiff, as_pcm, chords, chunk, encoded, samples_of, wave


@given(
    sample_format=st.sampled_from(["s16le", "s32le", "f32le"]),
    channels=st.sampled_from([1, 2, 6]),
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    rest=st.integers(0, 40),
)
def test_pcm_read_in_any_pieces_gives_the_samples(sample_format, channels, sizes, rest):
    samples = chords(0.1, 22050, channels)
    data = as_pcm(samples, sample_format)
    frame_bytes = len(data) // len(samples)
    rest %= frame_bytes
    source = open_pcm(Pipe(data + data[:rest], sizes), 22050, channels, sample_format, 22050)
    received = np.concatenate(list(source))
    expected = samples if channels == 1 else samples.mean(axis=1)
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-4 if sample_format == "s16le" else 1e-6)
    assert source.faults.dropped_bytes == rest


@pytest.mark.parametrize(
    ("sample_format", "data", "value"),
    [
        ("s16le", b"\x00\x80", -1.0),
        ("s16le", b"\xff\x7f", 32767 / 32768),
        ("s32le", b"\x00\x00\x00\x80", -1.0),
        ("f32le", b"\x00\x00\x80\x3f", 1.0),
    ],
)
def test_full_scale_pcm_is_one(sample_format, data, value):
    assert list(open_pcm(io.BytesIO(data), 22050, 1, sample_format, 22050)) == [np.float32([value])]


@pytest.mark.parametrize("buffered", [True, False])
def test_pcm_comes_out_as_soon_as_it_comes_in(buffered):
    """Nothing waits for a block to fill: a pipe delivers what it has."""
    data = as_pcm(chords(1, 22050), "s16le")
    pipe = Pipe(data, [600])
    source = open_pcm(io.BufferedReader(pipe, 4096) if buffered else pipe, 22050, 1, "s16le", 22050)
    assert len(next(iter(source))) == 300


def test_pcm_is_mixed_down_and_resampled():
    samples = chords(1, 48000, channels=2)
    received = np.concatenate(list(open_pcm(io.BytesIO(as_pcm(samples, "f32le")), 48000, 2, "f32le", 22050)))
    np.testing.assert_allclose(received, soxr.resample(samples.mean(axis=1), 48000, 22050), rtol=0, atol=1e-6)


def test_floats_that_are_no_numbers_are_counted_in_pcm_too():
    samples = np.array([0.5, np.nan, np.inf, -1e30, -0.5], np.float32)
    source = open_pcm(io.BytesIO(as_pcm(samples, "f32le")), 22050, 1, "f32le", 22050)
    np.testing.assert_array_equal(np.concatenate(list(source)), np.float32([0.5, 0, 0, 0, -0.5]))
    assert source.faults.invalid_samples == 3


def test_no_pcm_is_no_audio():
    with pytest.raises(AudioError, match="ended at once"):
        open_pcm(io.BytesIO(b""), 22050, 1, "s16le", 22050)


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "message"),
    [
        (999, 1, "s16le", "source_rate=999: expected 1000 to 768000 Hz"),
        (-1, 1, "s16le", "source_rate=-1"),
        (44100, 0, "s16le", "channels=0: expected 1 to 64"),
        (44100, 65, "s16le", "channels=65"),
        (44100, 1, "u8", "sample_format=u8: expected one of s16le, s32le, f32le"),
    ],
)
def test_impossible_pcm_is_refused(rate, channels, sample_format, message):
    with pytest.raises(ParameterError, match=message):
        open_pcm(io.BytesIO(), rate, channels, sample_format, 22050)


@given(
    encoding=st.sampled_from(["u8", "s16", "s24", "s32", "f32"]),
    magic=st.sampled_from([b"RIFF", b"RIFX"]),
    channels=st.sampled_from([1, 2]),
    extensible=st.booleans(),
    before=st.sampled_from([b"", chunk(b"LIST", 26), chunk(b"JUNK", 7000)]),
    data=st.sampled_from([None, 0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 10**6]),
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
)
def test_a_wave_in_any_pieces_says_itself_what_it_is(encoding, magic, channels, extensible, before, data, sizes):
    samples = samples_of(channels, 0.1)
    if magic == b"RIFX":  # chunk() makes those of RIFF
        before = b""
    audio = encoded(samples, encoding, ">" if magic == b"RIFX" and encoding != "u8" else "<")
    content = wave(audio, encoding, channels, data=data, magic=magic, extensible=extensible, before=before)
    source = open_pcm(Pipe(content, sizes), None, None, None, 22050)
    assert source.source_rate == 22050
    received = np.concatenate(list(source))
    np.testing.assert_array_equal(received, samples if channels == 1 else samples.mean(axis=1))
    assert source.faults.cut_short is (data is not None)
    assert source.faults.length_unknown is (data not in (None, 10**6))
    assert not source.faults.dropped_bytes


def test_what_follows_the_audio_of_a_wave_is_not_read():
    samples = samples_of(1, 0.1)
    content = wave(encoded(samples, "s16", "<"), "s16", 1) + chunk(b"LIST", 4000)
    source = open_pcm(io.BytesIO(content), 22050, 1, "s16le", 22050)
    np.testing.assert_array_equal(np.concatenate(list(source)), samples)
    assert not source.faults.cut_short


@pytest.mark.parametrize("file_format", ["RF64", "WAVEX", "WAV"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
def test_a_wave_from_a_pipe_equals_the_file(tmp_path, file_format, subtype):
    path = tmp_path / "clip.wav"
    soundfile.write(path, chords(0.5, 44100, 2), 44100, format=file_format, subtype=subtype)
    source = open_pcm(io.BytesIO(path.read_bytes()), None, None, None, 22050)
    expected = np.concatenate(list(open_file(path, 22050)))
    np.testing.assert_allclose(np.concatenate(list(source)), expected, rtol=0, atol=1e-6)
    assert not source.faults.cut_short


def test_a_wave_comes_out_as_soon_as_it_comes_in():
    content = wave(encoded(samples_of(1), "s16", "<"), "s16", 1, data=0xFFFFFFFF)
    source = open_pcm(Pipe(content, [44, 600]), None, None, None, 22050)
    assert len(next(iter(source))) == 300


def test_a_killed_recorder_of_real_audio_in_a_pipe(shared_data):
    with (shared_data / "hard" / "recorder-killed.wav").open("rb") as file:
        source = open_pcm(file, None, None, None, 22050)
        assert sum(map(len, source)) == 132_300
    assert source.faults.cut_short


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "message"),
    [
        (44100, None, None, "rate=44100: the WAV on standard input says 22050 itself; leave out --rate"),
        (None, 2, None, "channels=2: the WAV .* says 1 itself; leave out --channels"),
        (22050, 1, "f32le", "sample-format=f32le: the WAV .* says s16le itself; leave out --sample-format"),
    ],
)
def test_options_that_a_wave_contradicts_are_refused(rate, channels, sample_format, message):
    content = wave(encoded(samples_of(1, 0.1), "s16", "<"), "s16", 1)
    with pytest.raises(ParameterError, match=message):
        open_pcm(io.BytesIO(content), rate, channels, sample_format, 22050)


@pytest.mark.parametrize(("rate", "channels"), [(None, None), (None, 1), (22050, None)])
def test_raw_pcm_does_not_say_what_it_is(rate, channels):
    with pytest.raises(ParameterError, match=f"rate={rate}, channels={channels}: expected both .*--rate 48000"):
        open_pcm(io.BytesIO(bytes(1000)), rate, channels, None, 22050)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({20: b"\x11\x00"}, "encoding 0x0011, 16 bits; name the file, or pipe it through `ffmpeg"),
        ({20: b"\x07\x00"}, "encoding 0x0007"),
        ({22: bytes(2)}, "channels=0, rate=22050; record or convert it again"),
        ({24: bytes(4)}, "channels=1, rate=0"),
        ({12: b"oops"}, "header is damaged; record or copy it again"),
        ({8: b"AVI "}, "header is damaged"),
        ({40: struct.pack("<I", 2)}, None),
    ],
)
def test_a_wave_that_is_not_understood_is_refused(changed, message):
    content = bytearray(wave(encoded(samples_of(1, 0.1), "s16", "<"), "s16", 1))
    for place, value in changed.items():
        content[place : place + len(value)] = value
    if message is None:
        assert len(np.concatenate(list(open_pcm(io.BytesIO(content), None, None, None, 22050)))) == 1
        return
    with pytest.raises(AudioError, match=message):
        list(open_pcm(io.BytesIO(content), None, None, None, 22050))


@pytest.mark.parametrize("size", [4, 12, 30, 44])
def test_a_wave_that_ends_before_its_audio_is_refused(size):
    content = wave(encoded(samples_of(1, 0.1), "s16", "<"), "s16", 1)[:size]
    with pytest.raises(AudioError, match=r"-: expected .* WAV .*; (record or copy it again|check what is piped)"):
        list(open_pcm(io.BytesIO(content), None, None, None, 22050))


CONTAINERS = {"FLAC": "flac", "Ogg": "ogg", "MP3": "mp3", "AU": "au", "CAF": "caf", "W64": "w64", "AIFF": "aiff"}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("sizes", [[1], [4096]])
def test_other_formats_are_refused_with_what_to_do(tmp_path, name, sizes):
    path = tmp_path / f"clip.{CONTAINERS[name]}"
    soundfile.write(path, chords(1, 44100), 44100)
    for rate, channels in ((44100, 1), (None, None)):
        with pytest.raises(AudioError, match=rf"received {name}; name the file, or .*ffmpeg .* -ar 22050 -`"):
            open_pcm(Pipe(path.read_bytes(), sizes), rate, channels, None, 22050)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"ID3\x04\x00\x00\x00\x00\x00\x00", "MP3"),
        (bytes(3) + b"\x20ftypM4A ", "MP4"),
        (b"\x1a\x45\xdf\xa3", "Matroska"),
        (2 * (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)), "AAC"),
        (aiff(b"", "f32", 1, kind=b"AIFC"), "AIFF"),
    ],
)
def test_formats_are_known_by_their_first_bytes(head, name):
    with pytest.raises(AudioError, match=f"received {name};"):
        open_pcm(io.BytesIO(head + bytes(1000)), 44100, 1, None, 22050)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_of_every_rate_is_known_by_its_frames(tmp_path, rate, channels):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, chords(1, rate, channels), rate)
    content = path.read_bytes()
    assert content[0] == 0xFF  # no tag stands before
    with pytest.raises(AudioError, match="received MP3;"):
        open_pcm(io.BytesIO(content), rate, channels, None, 22050)


@given(
    head=st.sampled_from([b"\xff\xfb\x90\x00", b"\xff\xfb\x90\x64", b"\xff\xf3\x40\xc0", b"\xff\xf1\x50\x80"]),
    repeated=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_pcm_that_begins_as_a_frame_is_pcm(head, repeated, seed):
    """0xFFFB is the sample -1025 as well."""
    rest = np.random.default_rng(seed).integers(0, 256, 4000, np.uint8).tobytes()
    source = open_pcm(io.BytesIO(repeated * head + rest), 22050, 1, "s16le", 22050)
    assert sum(map(len, source)) == (4000 + 4 * repeated) / 2


@pytest.mark.parametrize("value", [-1025, -1281, -3841, -257, 0, -1])
def test_a_constant_is_pcm(value):
    data = np.full(22050, value, "<i2").tobytes()
    assert sum(map(len, open_pcm(io.BytesIO(data), 22050, 1, None, 22050))) == 22050
