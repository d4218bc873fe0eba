"""Warnings about audio: what each kind is said of, and of what not."""

import dataclasses
import math

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.runtime import Answering, AudioFaults, MfccConfig, Prediction, StreamWarnings, load
from genrekit.runtime.audio.meter import Meter
from genrekit.runtime.audio_warnings import WindowTotals, audio_warnings
from genrekit.runtime.file_classifier import classify_file

RATE = 22050
CONFIG = MfccConfig()


def music(seconds=6.0, rate=RATE):
    """Chords of many partials in noise, at -20 dBFS, with energy up to half the rate."""
    generator = np.random.default_rng(4)
    time = np.arange(round(seconds * rate)) / rate
    tones = sum(np.sin(math.tau * 110 * partial * time) / partial for partial in range(1, 40))
    samples = tones * (1 + 0.5 * np.sin(math.tau * 2 * time)) + generator.normal(0, 0.3, len(time))
    return (samples * 0.1 / samples.std()).astype(np.float32)


def below(samples, hertz, rate=RATE):
    """`samples` with nothing above so many Hz."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > hertz] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def metered(samples, rate=RATE, blocks=7):
    meter = Meter(rate)
    for block in np.array_split(samples, blocks):
        meter.add(block)
    return meter


def kinds(samples, rate=RATE, config=CONFIG, windows=()):
    answering = Answering()
    totals = WindowTotals(answering, windows)
    return [one.kind for one in audio_warnings(metered(samples, rate), AudioFaults(), totals, answering, config)]


def window(time_s=3.0, **fields):
    return Prediction(time_s, "rock", 1.0, {"rock": 1.0, "jazz": 0.0}, answer="rock", level_dbfs=-20.0, **fields)


@pytest.mark.parametrize("gain_db", [-40, -20, -6, 0, 6])
def test_of_music_there_is_nothing_to_say(gain_db):
    assert kinds(music() * 10 ** (gain_db / 20)) == []


def test_a_constant_beside_the_music_is_no_matter():
    assert kinds(music() + 0.3) == []


@pytest.mark.parametrize(("fraction", "warned"), [(0.0005, False), (0.002, True), (0.5, True)])
def test_clipping_is_told_with_its_fraction(fraction, warned):
    samples = music()
    full = round(fraction * len(samples))
    samples[1000 : 1000 + full] = 1.0
    assert metered(samples).clipped_fraction == pytest.approx(fraction, rel=0.1)
    assert kinds(samples) == ["clipping"] * warned


def test_single_peaks_at_full_scale_are_no_clipping():
    samples = music()
    samples[::50] = 1.0
    assert metered(samples).clipped_fraction == 0


@pytest.mark.parametrize(
    ("right", "cancelled_db"),
    [(1.0, 0.0), (0.0, 3.01), (-0.5, 10.0), (-0.95, 31.8), (-1.0, math.inf)],
)
def test_channels_that_cancel_are_told_of_beyond_20_db(right, cancelled_db):
    stereo = np.stack((music(), right * music()), axis=1)
    assert metered(stereo).cancelled_db == pytest.approx(cancelled_db, abs=0.1)
    assert kinds(stereo) == ["out-of-phase"] * (cancelled_db > 20)


def test_independent_channels_do_not_cancel():
    generator = np.random.default_rng(2)
    assert kinds(generator.normal(0, 0.1, (4 * RATE, 8)).astype(np.float32)) == []


def test_channels_that_cancel_say_nothing_more_of_silence_or_level():
    stereo = np.stack((music(), -music()), axis=1)
    silent = [dataclasses.replace(window(), level_dbfs=-math.inf)] * 2
    assert kinds(stereo, windows=silent) == ["out-of-phase"]
    faint = [dataclasses.replace(window(), level_dbfs=-50.0)] * 2
    assert kinds(stereo, windows=faint) == ["out-of-phase"]


@pytest.mark.parametrize(("hertz", "warned"), [(3000, True), (3675, True), (5500, False), (8000, False)])
def test_nothing_above_a_third_of_the_band_is_told_of(hertz, warned):
    assert kinds(below(music(), hertz)) == ["band-limited"] * warned


@pytest.mark.parametrize(("rate", "warned"), [(7350, True), (8000, True), (16000, False), (44100, False)])
def test_the_band_of_a_file_ends_at_half_its_rate(rate, warned):
    assert kinds(music(rate=rate), rate=rate) == ["band-limited"] * warned


def test_audio_upsampled_from_telephone_is_told_of():
    upsampled = soxr.resample(music(rate=8000), 8000, 44100).astype(np.float32)
    assert kinds(upsampled, rate=44100) == ["band-limited"]


def test_a_model_of_telephone_audio_has_nothing_against_it():
    assert kinds(music(rate=8000), rate=8000, config=MfccConfig(sample_rate=8000)) == []


@pytest.mark.parametrize("blocks", [1, 50, 2000])
def test_blocks_of_any_length_measure_the_same(blocks):
    stereo = np.stack((below(music(), 3000), -0.5 * below(music(), 3000)), axis=1)
    whole, cut = metered(stereo, blocks=1), metered(stereo, blocks=blocks)
    assert cut.samples == whole.samples
    assert cut.bandwidth_hz == whole.bandwidth_hz
    assert cut.cancelled_db == pytest.approx(whole.cancelled_db, abs=0.5)


def test_merged_meters_measure_the_whole():
    samples = music()
    samples[:500] = 1.0
    first, second = metered(samples[:44100]), metered(samples[44100:])
    first.merge(second)
    assert first.samples == len(samples)
    assert first.clipped_fraction == pytest.approx(metered(samples).clipped_fraction)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([-20.0] * 10, []),
        ([-20.0] * 10 + [-90.0], []),  # the end of a song
        ([-20.0] * 5 + [-90.0] * 5, ["silence"]),
        ([-90.0, -math.inf], ["silence"]),
        ([-46.0] * 3, ["low-level"]),
        ([-44.0] * 3, []),
        ([-46.0] * 3 + [-90.0] * 3, ["silence", "low-level"]),
    ],
)
def test_silence_and_a_low_level_are_told_apart(levels, expected):
    assert kinds(music(), windows=[dataclasses.replace(window(), level_dbfs=level) for level in levels]) == expected


def test_silence_is_no_warning_of_a_source_without_windows():
    assert kinds(music(0.001)) == []


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([1.2] * 4, ["unlike-training"]),
        ([1.2, 1.2, 0.9, 0.9], ["unlike-training"]),
        ([1.2, 0.9, 0.9], []),
        ([math.nan] * 3, []),
    ],
)
def test_half_of_the_windows_unlike_the_training_are_told_of(distances, expected):
    assert kinds(music(), windows=[window(distance=distance) for distance in distances]) == expected


def test_short_audio_is_told_with_the_fraction_that_was_read():
    answering = Answering()
    totals = WindowTotals(answering, [window(audio_fraction=0.25)])
    (warning,) = audio_warnings(metered(music(0.75)), AudioFaults(), totals, answering, CONFIG)
    assert (warning.kind, "25.0%" in warning.text, "3 s" in warning.text) == ("short", True, True)


@pytest.mark.parametrize(
    ("faults", "kind", "number"),
    [
        (AudioFaults(invalid_samples=7), "invalid-samples", "7 samples"),
        (AudioFaults(dropped_bytes=3), "cut-short", "3 bytes"),
        (AudioFaults(cut_short=True), "cut-short", "as far as it goes"),
    ],
)
def test_faults_of_the_source_are_warnings(faults, kind, number):
    (warning,) = audio_warnings(metered(music()), faults, WindowTotals(Answering()), Answering(), CONFIG)
    assert (warning.kind, number in warning.text) == (kind, True)


class Stream:
    """A stream of blocks of half a second, with a decision after each."""

    def __init__(self):
        self.warnings, self.time_s = StreamWarnings(RATE, Answering(), CONFIG), 0.0

    def play(self, samples, **fields):
        """The warnings that begin, with their times."""
        begun = []
        for block in self.warnings.pass_on(np.array_split(samples, max(1, len(samples) * 2 // RATE))):
            self.time_s += len(block) / RATE
            found = self.warnings.begun(dataclasses.replace(window(self.time_s), **fields))
            begun += [(warning.kind, pytest.approx(self.time_s, abs=0.01)) for warning in found]
        return begun


def test_a_stream_tells_once_of_what_begins_and_again_after_a_pause():
    stream = Stream()
    assert stream.play(music(6.0)) == []
    loud = np.clip(music(9.0) * 30, -1, 1)
    assert stream.play(loud) == [("clipping", 9.0)]
    assert stream.play(music(12.0)) == []
    assert stream.play(loud) == []  # it was there 15 s ago
    assert stream.play(music(36.0)) == []
    assert [kind for kind, _ in stream.play(loud)] == ["clipping"]


def test_a_stream_tells_of_silence_as_it_begins():
    stream = Stream()
    assert stream.play(music(3.0)) == []
    assert stream.play(np.zeros(2 * RATE, np.float32), level_dbfs=-math.inf) == [("silence", 3.5)]
    assert stream.play(music(3.0)) == []


def test_a_single_strange_window_of_a_stream_is_no_warning():
    stream = Stream()
    assert stream.play(music(1.0), distance=1.5) == []
    assert stream.play(music(1.0), distance=1.5) == [("unlike-training", 1.5)]


def test_at_its_end_a_stream_tells_of_the_whole():
    stream = Stream()
    stream.play(np.clip(music(1.0) * 30, -1, 1))  # too short to be told of live
    assert not stream.warnings.has_begun("clipping")
    ended = stream.warnings.ended(AudioFaults(cut_short=True))
    assert [warning.kind for warning in ended] == ["clipping", "cut-short"]


def test_a_file_carries_its_warnings(tiny_models, tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.clip(30 * music(2.0, rate=8000), -1, 1), 8000)
    assert [one.kind for one in classify_file(load(tiny_models("dense", "onnx")), path).warnings] == ["clipping"]
