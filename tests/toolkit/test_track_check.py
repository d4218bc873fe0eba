"""One file: format, silence, clipping, bandwidth, against signals whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.toolkit.corpus.scan import content_hash
from genrekit.toolkit.corpus_audit.track_audit import examine, long_runs

RATE = 22050


def noise(seconds, rate=RATE, level=0.1, seed=0):
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


@pytest.fixture
def wav(tmp_path):
    """Writes samples as a 16-bit WAV file."""

    def write(samples, rate=RATE):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
        soundfile.write(path, samples, rate)
        return path

    return write


@pytest.mark.parametrize(
    ("rate", "channels", "seconds"), [(22050, 1, 5.3), (44100, 2, 2), (8000, 1, 40), (48000, 6, 1)]
)
def test_the_format_is_told(wav, rate, channels, seconds):
    path = wav(np.stack([noise(seconds, rate)] * channels, axis=1), rate)
    facts = examine(path)
    assert (facts.rate, facts.channels, facts.error, facts.cut_short) == (rate, channels, None, False)
    assert facts.seconds == pytest.approx(seconds, abs=1 / rate)
    assert facts.content == content_hash(path)
    assert facts.silent_s == facts.clipped == 0
    assert facts.bandwidth_hz == rate / 2


def test_long_silence_is_measured_and_short_pauses_are_not(wav):
    quiet = noise(4, level=0.0003)  # -70 dB
    samples = np.concatenate([noise(2), np.zeros(5 * RATE), noise(1), np.zeros(2 * RATE), noise(1), quiet])
    assert examine(wav(samples)).silent_s == pytest.approx(9.0, abs=0.4)


def test_one_silent_channel_is_not_silence(wav):
    assert examine(wav(np.stack([noise(10), np.zeros(10 * RATE)], axis=1))).silent_s == 0
    assert examine(wav(np.zeros((10 * RATE, 2)))).silent_s == pytest.approx(10.0)


@pytest.mark.parametrize("flags", ["", "0", "1", "111", "0111011110", "1111", "110111"])
def test_long_runs_counts_what_a_regular_expression_counts(flags):
    import re

    expected = sum(map(len, re.findall("111+", flags)))
    assert long_runs(np.array([flag == "1" for flag in flags]), 3) == expected


def test_clipping_is_the_share_at_full_scale(wav):
    tone = np.sin(2 * np.pi * 100 * np.arange(10 * RATE) / RATE)
    clipped = np.clip(2 * tone, -1, 1)  # |sin| > 0.5: two thirds of the time
    assert examine(wav(clipped)).clipped == pytest.approx(2 / 3, abs=0.03)
    assert examine(wav(0.9 * tone)).clipped == 0
    assert examine(wav(np.stack([clipped, 0.5 * tone], axis=1))).clipped == pytest.approx(1 / 3, abs=0.02)


def test_a_peak_at_full_scale_is_no_clipping(wav):
    samples = noise(5)
    samples[::1000] = 1.0
    assert examine(wav(samples)).clipped == 0


@pytest.mark.parametrize(("low", "rate"), [(8000, 22050), (11025, 22050), (22050, 44100), (16000, 44100)])
def test_upsampled_audio_ends_where_its_first_rate_ended(wav, low, rate):
    facts = examine(wav(soxr.resample(noise(6, low), low, rate), rate))
    assert facts.bandwidth_hz == pytest.approx(low / 2, rel=0.1)


def test_a_sloping_spectrum_has_no_end(wav):
    brown = np.cumsum(noise(10, level=0.001))
    brown -= np.linspace(0, brown[-1], len(brown))
    assert examine(wav(0.5 * brown / np.abs(brown).max())).bandwidth_hz == RATE / 2


def test_a_filter_under_noise_is_no_end(wav):
    low = soxr.resample(noise(6, 8000), 8000, RATE)
    assert examine(wav(low + noise(6, level=0.004))).bandwidth_hz == RATE / 2  # 28 dB below
    assert examine(wav(low)).bandwidth_hz < RATE / 4


def test_what_lies_in_the_noise_of_16_bits_has_no_end(tmp_path):
    low = soxr.resample(noise(6, 8000), 8000, RATE)
    for level, end in ((0.1, 4000), (0.0006, RATE / 2)):
        soundfile.write(tmp_path / "quiet.wav", level * low, RATE, subtype="FLOAT")
        assert examine(tmp_path / "quiet.wav").bandwidth_hz == pytest.approx(end, rel=0.1)


@pytest.mark.parametrize("content", [b"", b"this is no audio", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_what_cannot_be_decoded_has_a_reason(tmp_path, content):
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    facts = examine(path)
    assert "expected audio" in facts.error
    assert facts.content == content_hash(path)


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_what_is_no_file_has_a_reason(tmp_path, kind):
    path = tmp_path / "x.wav"
    path.mkdir() if kind == "folder" else path.symlink_to(tmp_path / "nowhere")
    assert examine(path).error


def test_a_file_that_ends_in_the_middle_is_cut_short_but_heard(wav):
    path = wav(noise(10))
    path.write_bytes(path.read_bytes()[:200_000])
    facts = examine(path)
    assert facts.cut_short
    assert facts.seconds == pytest.approx(100_000 / RATE, abs=0.01)


def test_samples_that_are_no_numbers_are_counted(tmp_path):
    samples = noise(5)
    samples[100:103] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    assert examine(tmp_path / "nan.wav").invalid_samples == 3


def test_memory_keeps_the_first_half_minute_only(wav):
    facts = examine(wav(noise(90)))
    assert facts.seconds == pytest.approx(90)
    assert len(facts.fingerprint) == len(examine(wav(noise(30))).fingerprint)
