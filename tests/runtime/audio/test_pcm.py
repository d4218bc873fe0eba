"""Pipes: raw PCM and WAV, in whatever pieces they come."""

import io

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime.audio import open_pcm
from genrekit.runtime.errors import AudioError, ParameterError

from .signals import Pipe, as_pcm, chords


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
    source = open_pcm(io.BytesIO(b""), 22050, 1, "s16le", 22050)
    with pytest.raises(AudioError, match="ended at once"):
        list(source)


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "message"),
    [
        (0, 1, "s16le", "source_rate=0: expected 1 to 768000 Hz"),
        (-1, 1, "s16le", "source_rate=-1"),
        (44100, 0, "s16le", "channels=0: expected 1 to 64"),
        (44100, 65, "s16le", "channels=65"),
        (44100, 1, "u8", "sample_format=u8: expected one of s16le, s32le, f32le"),
    ],
)
def test_impossible_pcm_is_refused(rate, channels, sample_format, message):
    with pytest.raises(ParameterError, match=message):
        open_pcm(io.BytesIO(), rate, channels, sample_format, 22050)
