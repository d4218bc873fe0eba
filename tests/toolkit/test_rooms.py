"""Audio as it is heard in rooms: decay, band, noise, level and clipping, measured on the result."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import soundfile
from scipy import signal

from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.errors import ParameterError
from genrekit.toolkit.corpus import rooms
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache
from genrekit.toolkit.corpus.scan import scan

RATE = 22050
# Nothing but a wire; each test spoils one thing.
WIRE = rooms.Room(
    decay_s=0.1, delay_s=0.002, direct_db=90, low_hz=1e-3, high_hz=1e9, order=4, noise_db=120, noise_slope=0, gain_db=0,
    clipped=1,
)  # fmt: skip
SMALL = MfccConfig(sample_rate=8000, n_fft=256, hop_length=128, n_mels=20, n_mfcc=5, window_s=0.5)


def through(samples, seed=0, **changes):
    return rooms.heard(samples, RATE, dataclasses.replace(WIRE, **changes), np.random.default_rng(seed))


def rms(samples):
    return np.sqrt(np.mean(np.square(samples, dtype=np.float64)))


@pytest.fixture
def noise():
    return (0.1 * np.random.default_rng(1).standard_normal(3 * RATE)).astype(np.float32)


def test_a_wire_changes_nothing(noise):
    received = through(noise)
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, noise, atol=1e-4)


@pytest.mark.parametrize("decay_s", [0.1, 0.3, 0.6])
def test_reverberation_falls_by_60_db_in_the_decay_time(decay_s):
    room = dataclasses.replace(WIRE, decay_s=decay_s, direct_db=0, delay_s=0.01)
    energy = np.mean(
        [rooms.impulse_response(RATE, room, np.random.default_rng(seed)) ** 2 for seed in range(200)], axis=0
    )
    assert energy[0] == pytest.approx(1, rel=0.05)
    assert energy[1 : round(0.009 * RATE)].max() < 1e-9
    assert energy[1:].sum() == pytest.approx(1, rel=0.05)  # as much as the direct sound
    times = np.arange(len(energy)) / RATE
    tail = (times > 0.015) & (times < 0.01 + 0.9 * decay_s)
    slope = np.polyfit(times[tail], 10 * np.log10(energy[tail]), 1)[0]
    assert slope == pytest.approx(-60 / decay_s, rel=0.05)


def test_a_band_is_let_through_as_butterworth_does(noise):
    received = through(noise, low_hz=300, high_hz=4000, order=4)
    frequencies, before = signal.welch(noise, RATE, nperseg=4096)
    after = signal.welch(received, RATE, nperseg=4096)[1]
    expected = np.ones_like(frequencies)
    for edge, kind in ((300, "highpass"), (4000, "lowpass")):
        b, a = signal.butter(4, 2 * np.pi * edge, kind, analog=True)
        expected *= np.abs(signal.freqs(b, a, 2 * np.pi * frequencies)[1]) ** 2
    chosen = (frequencies > 100) & (frequencies < 9000)
    found, expected = (after / before)[chosen], expected[chosen]
    np.testing.assert_allclose(10 * np.log10(found / found.mean()), 10 * np.log10(expected / expected.mean()), atol=1.5)


@pytest.mark.parametrize("slope", [0, -3, -6])
def test_noise_is_as_loud_and_as_coloured_as_it_should_be(slope):
    tone = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE)
    received = through(tone.astype(np.float32), noise_db=10, noise_slope=slope)
    frequencies, power = signal.welch(received, RATE, nperseg=4096, window="blackmanharris")
    beside = np.abs(frequencies - 1000) > 50
    of_noise = power[beside].sum() / power[~beside].sum()
    assert 10 * np.log10(of_noise) == pytest.approx(-10, abs=1.5)
    octaves = beside & (frequencies > 100) & (frequencies < 8000)
    assert np.polyfit(np.log2(frequencies[octaves]), 10 * np.log10(power[octaves]), 1)[0] == pytest.approx(
        slope, abs=0.3
    )


def test_level_and_clipping(noise):
    assert rms(through(noise, gain_db=-12)) == pytest.approx(rms(noise) * 10 ** (-12 / 20), rel=1e-3)
    clipped = through(noise, clipped=0.5)
    largest = np.abs(noise).max()
    assert np.abs(clipped).max() == pytest.approx(largest / 2, rel=1e-2)
    quiet = np.abs(noise) < 0.49 * largest
    np.testing.assert_allclose(clipped[quiet], noise[quiet], atol=1e-3)
    assert np.abs(through(20 * noise)).max() == 1  # full scale ends there


def test_silence_stays_silence():
    for silent in (np.zeros(1000, np.float32), np.zeros(0, np.float32)):
        np.testing.assert_array_equal(through(silent, noise_db=0), silent)


def test_what_came_before_reverberates_in_a_window():
    samples = np.zeros(RATE, np.float32)
    samples[RATE // 2 - 500] = 1
    window = rooms.heard_window(samples, RATE // 2, RATE // 4, RATE, np.random.default_rng(3))
    assert len(window) == RATE // 4
    assert rms(window[: RATE // 50]) > 3 * rms(window[-RATE // 50 :])


def test_rooms_are_drawn_between_the_bounds_of_the_rule():
    drawn = [dataclasses.asdict(rooms.draw_room(np.random.default_rng(seed))) for seed in range(500)]
    assert min(room["decay_s"] for room in drawn) >= 0.1
    assert max(room["decay_s"] for room in drawn) <= 0.6
    assert max(room["decay_s"] for room in drawn) > 0.55
    assert all(room["high_hz"] > 4 * room["low_hz"] for room in drawn)
    assert 0.3 < np.mean([room["clipped"] < 1 for room in drawn]) < 0.7


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Two genres of two tracks of 1.3 s at 8 kHz; the second of each has the audio of the first."""
    folder = tmp_path_factory.mktemp("tracks")
    for genre in ("low", "high"):
        (folder / genre).mkdir()
        samples = np.random.default_rng(len(genre)).uniform(-0.3, 0.3, 10_400)
        for number in range(2):
            soundfile.write(folder / genre / f"{genre}.0000{number}.wav", samples, 8000)
    return folder


def test_segments_are_heard_in_as_many_rooms_beside_what_they_are(tracks, tmp_path):
    plain, cache = extract(scan(tracks), SMALL, shifts=2), FeatureCache(tmp_path)
    found = extract(scan(tracks), SMALL, shifts=2, rooms=3, cache=cache)
    np.testing.assert_array_equal(found.features, plain.features)
    np.testing.assert_array_equal(found.shifted, plain.shifted)
    assert plain.heard is None
    assert found.heard.shape == (8, 3, SMALL.window_frames, SMALL.n_mfcc)
    every = np.concatenate([found.features[:, None], found.heard], axis=1)[:2].reshape(8, -1)
    assert len(np.unique(every.round(2), axis=0)) == 8  # each is heard in a room of its own
    fewer = extract(scan(tracks), SMALL, rooms=2, cache=cache)
    np.testing.assert_array_equal(fewer.heard, found.heard[:, :2])


def test_the_same_file_is_heard_in_the_same_rooms(tracks):
    found = extract(scan(tracks), SMALL, rooms=1)
    np.testing.assert_array_equal(found.heard[0:2], found.heard[2:4])


def test_for_evaluation_segments_are_heard_in_rooms_that_no_training_knows(tracks, tmp_path):
    cache = FeatureCache(tmp_path)
    trained = extract(scan(tracks), SMALL, rooms=3, cache=cache)
    heard = extract(scan(tracks), SMALL, as_heard=True, cache=cache)
    again = extract(scan(tracks), SMALL, as_heard=True, cache=cache)
    assert heard.features.shape == trained.features.shape
    np.testing.assert_array_equal(heard.features, again.features)
    others = np.concatenate([trained.features[:, None], trained.heard], axis=1)
    assert np.abs(others - heard.features[:, None]).max(axis=(2, 3)).min() > 1
    content = hashlib.sha256((tracks / "high" / "high.00000.wav").read_bytes()).digest()
    samples = soundfile.read(tracks / "high" / "high.00000.wav", dtype="float32")[0]
    generator = rooms.room_generator(rooms.EVALUATION, content, 1, 0)
    expected = mfcc(rooms.heard_window(samples, 4000, 4000, 8000, generator), SMALL)
    np.testing.assert_array_equal(heard.features[1], expected)


@pytest.mark.parametrize("options", [{"rooms": -1}, {"as_heard": True, "rooms": 1}, {"as_heard": True, "shifts": 2}])
def test_rooms_that_cannot_be_are_refused(tracks, options):
    with pytest.raises(ParameterError, match="rooms="):
        extract(scan(tracks), SMALL, **options)
