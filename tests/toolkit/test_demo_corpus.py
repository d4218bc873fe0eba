"""The demo corpus: what it composes, how it fills a folder, and how hard it is to learn."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import soundfile

from genrekit.runtime import mfcc
from genrekit.runtime.errors import OutputError, ParameterError
from genrekit.toolkit.corpus.scan import is_demo_corpus
from genrekit.toolkit.demo_corpus import GENRES, compose, make_demo_corpus
from genrekit.toolkit.demo_corpus.composer import is_crossover
from genrekit.toolkit.demo_corpus.performance import Performance, nearest_tone, parse_pattern, swung
from genrekit.toolkit.demo_corpus.plan import Chord, parse_chords, plan_track
from genrekit.toolkit.demo_corpus.synthesis import SAMPLE_RATE, Timbre, midi_to_hz, render_chord

MARKER = "DEMO-CORPUS.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A corpus of two tracks a genre, and the paths that making it returned."""
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    return folder, make_demo_corpus(folder, tracks_per_genre=2, seconds=1)


def contents(paths):
    return [path.read_bytes() for path in paths]


# Tracks


def test_the_genres_are_those_of_gtzan():
    assert GENRES == ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


def test_a_track_is_the_same_each_time():
    np.testing.assert_array_equal(compose("jazz", 3, 2.0, 5), compose("jazz", 3, 2.0, 5))


@pytest.mark.parametrize("other", [("jazz", 4, 5), ("blues", 3, 5), ("jazz", 3, 6)])
def test_another_number_genre_or_seed_gives_another_track(other):
    genre, index, seed = other
    track, another = compose("jazz", 3, 2.0, 5), compose(genre, index, 2.0, seed)
    assert abs(np.corrcoef(track, another)[0, 1]) < 0.5


@pytest.mark.parametrize("genre", GENRES)
def test_a_track_is_loud_enough_and_never_clips(genre):
    track = compose(genre, 0, 6.5, 0)
    assert track.dtype == np.float32
    assert track.shape == (round(6.5 * SAMPLE_RATE),)
    assert 0.4 < np.abs(track).max() < 1
    seconds = track[: 6 * SAMPLE_RATE].reshape(6, -1)
    assert np.sqrt(np.mean(seconds**2, axis=1)).min() > 0.005


def test_tracks_of_a_genre_differ_in_tempo_key_and_sound():
    plans = [plan_track("rock", False, np.random.default_rng(seed)) for seed in range(8)]
    assert len({plan.beat_s for plan in plans}) == 8
    assert len({plan.transposition for plan in plans}) == 8
    assert len({plan.mix for plan in plans}) == 8


def test_crossovers_borrow_nearly_everything_and_others_hardly_anything():
    drummed = [
        sum(bool(plan_track("classical", crossover, np.random.default_rng(seed)).groove) for seed in range(200))
        for crossover in (False, True)
    ]
    assert 0 < drummed[0] < 20
    assert 150 < drummed[1] < 200


def test_one_track_in_sixteen_is_a_crossover_and_at_another_place_in_each_genre():
    places = [[index for index in range(32) if is_crossover(genre, index)] for genre in GENRES]
    assert all(second - first == 16 for first, second in places)
    assert len({first for first, _ in places}) == len(GENRES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"genre": "polka"}, "genre=polka"),
        ({"seconds": 0.5}, "seconds=0.5"),
        ({"seconds": 601}, "seconds=601"),
        ({"seconds": math.nan}, "seconds=nan"),
        ({"index": -1}, "index=-1"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_impossible_tracks_are_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        compose(**{"genre": "jazz", "index": 0, "seconds": 1.0, "seed": 0, **wrong})


# How tracks are played


def test_a_pattern_holds_notes_over_dashes_and_ends_them_at_dots():
    assert parse_pattern("x-.X") == ((0, 0.5, "x"), (0.75, 0.25, "X"))


def test_swing_delays_the_off_beats_alone():
    assert [swung(beat, 1 / 6, 1) for beat in (0, 0.5, 1, 1.5)] == pytest.approx([0, 2 / 3, 1, 5 / 3])
    assert [swung(beat, 0.1, 0.5) for beat in (0, 0.25, 0.5)] == pytest.approx([0, 0.3, 0.5])


def test_chords_are_read_by_name():
    assert parse_chords("Am7 C#5") == (Chord(9, (0, 3, 7, 10)), Chord(1, (0, 7, 12)))


def test_a_melody_finds_the_nearest_note_of_the_chord():
    c_major = Chord(0, (0, 4, 7))
    assert [nearest_tone(pitch, c_major) for pitch in (60, 61, 65, 71)] == [60, 60, 64, 72]


@pytest.mark.parametrize("pitch", [33, 57, 81])
def test_a_note_sounds_at_its_pitch(pitch):
    note = render_chord(Timbre(1.0, sustain=1.0), (pitch,), SAMPLE_RATE, np.random.default_rng(0))
    peak_hz = np.abs(np.fft.rfft(note)).argmax()  # one second, so that bins are 1 Hz wide
    assert peak_hz == pytest.approx(midi_to_hz(pitch), abs=1)


def test_reggae_strikes_its_chords_off_the_beat():
    """Over several tracks, the chord layer rises at the middle of the beats and not at their beginning."""
    rises = {0.0: 0.0, 0.5: 0.0}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        performance = Performance(plan_track("reggae", False, rng), 8 * SAMPLE_RATE, rng)
        level = np.abs(performance.play()["chords"])
        beat_s = performance.plan.beat_s
        first = math.ceil(performance.start_s / beat_s) + 1
        for beat in range(first, first + 4):
            for part in rises:
                strike = int(((beat + part) * beat_s - performance.start_s) * SAMPLE_RATE)
                rises[part] += level[strike : strike + 2000].mean() - level[strike - 2000 : strike].mean()
    assert rises[0.5] > 0
    assert rises[0.0] < rises[0.5] / 4


# The folder


def test_the_layout_is_gtzans(finished):
    folder, paths = finished
    assert paths == [folder / genre / f"{genre}.{index:05d}.wav" for genre in GENRES for index in range(2)]
    information = soundfile.info(paths[0])
    assert (information.samplerate, information.channels, information.subtype) == (22050, 1, "PCM_16")
    assert information.frames == 22050


def test_the_files_hold_the_composed_tracks(finished):
    folder, _ = finished
    samples, _ = soundfile.read(folder / "pop" / "pop.00001.wav", dtype="float32")
    np.testing.assert_allclose(samples, compose("pop", 1, 1, 0), atol=1 / 32768)


def test_no_two_files_are_alike(finished):
    assert len(set(contents(finished[1]))) == 20


def test_the_folder_says_that_it_is_synthetic(finished, tmp_path):
    folder, _ = finished
    marker = json.loads((folder / MARKER).read_text())
    assert "Synthetic" in marker["about"]
    assert {name: marker[name] for name in ("seed", "seconds", "tracks_per_genre", "generator")} == {
        "seed": 0, "seconds": 1, "tracks_per_genre": 2, "generator": 1,
    }  # fmt: skip
    assert is_demo_corpus(folder)
    assert not is_demo_corpus(tmp_path)
    assert not is_demo_corpus(tmp_path / "missing")


def test_processes_change_nothing(finished, tmp_path):
    assert contents(make_demo_corpus(tmp_path, 2, 1, jobs=2)) == contents(finished[1])


def test_a_second_call_finishes_what_is_missing_or_cut_off(tmp_path):
    paths = make_demo_corpus(tmp_path, 1, 1)
    expected = contents(paths)
    kept = paths[0].stat().st_mtime_ns
    paths[3].unlink()
    paths[5].write_bytes(paths[5].read_bytes()[:1000])
    calls = []
    assert make_demo_corpus(tmp_path, 1, 1, progress=lambda *counts: calls.append(counts)) == paths
    assert contents(paths) == expected
    assert paths[0].stat().st_mtime_ns == kept
    assert calls == [(9, 10), (10, 10)]


def test_a_corpus_grows(finished, tmp_path):
    first = make_demo_corpus(tmp_path, 1, 1)
    kept = [path.stat().st_mtime_ns for path in first]
    assert contents(make_demo_corpus(tmp_path, 2, 1)) == contents(finished[1])
    assert [path.stat().st_mtime_ns for path in first] == kept
    assert json.loads((tmp_path / MARKER).read_text())["tracks_per_genre"] == 2


def test_hidden_files_are_no_hindrance(tmp_path):
    (tmp_path / ".directory").touch()
    paths = make_demo_corpus(tmp_path, 1, 1)
    (paths[0].parent / ".blues.00000-left-behind.wav").touch()
    assert make_demo_corpus(tmp_path, 1, 1) == paths


@pytest.mark.parametrize("foreign", ["notes.txt", "blues/blues.00000.wav", "holidays/photo.jpg"])
def test_a_folder_with_other_files_is_refused_and_left_as_it_was(foreign, tmp_path):
    (tmp_path / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / foreign).write_text("mine")
    with pytest.raises(OutputError, match=f"it holds {foreign.split('/')[0]}.*choose another folder"):
        make_demo_corpus(tmp_path, 1, 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / foreign]


def test_other_files_among_the_tracks_are_refused(tmp_path):
    make_demo_corpus(tmp_path, 2, 1)
    with pytest.raises(OutputError, match=r"blues\.00001\.wav"):
        make_demo_corpus(tmp_path, 1, 1)


@pytest.mark.parametrize("other", [{"seed": 1}, {"seconds": 2}])
def test_a_demo_corpus_of_other_settings_is_refused(other, finished):
    with pytest.raises(OutputError, match=r"seed=0, seconds=1\.0, expected"):
        make_demo_corpus(finished[0], **{"tracks_per_genre": 2, "seconds": 1, **other})


@pytest.mark.parametrize("text", ["{", "[]"])
def test_an_unreadable_marker_is_refused(text, tmp_path):
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(OutputError, match="expected the settings of a demo corpus"):
        make_demo_corpus(tmp_path, 1, 1)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "corpus").touch()
    with pytest.raises(OutputError, match="found a file"):
        make_demo_corpus(tmp_path / "corpus", 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"tracks_per_genre": 0}, {"seconds": 0.1}, {"seconds": math.inf}, {"seed": -1}, {"jobs": 0}],
)
def test_impossible_corpora_are_refused_before_anything_is_written(wrong, tmp_path):
    (name, value), *_ = wrong.items()
    with pytest.raises(ParameterError, match=f"{name}={value}"):
        make_demo_corpus(tmp_path / "corpus", **wrong)
    assert not (tmp_path / "corpus").exists()


# Difficulty


def test_genres_can_be_learnt_but_not_wholly():
    """Linear discriminants of MFCC means and deviations, learnt from five tracks a genre, told on three unseen ones."""
    features = np.stack([[_statistics(compose(genre, index, 6, 0)) for index in range(8)] for genre in GENRES])
    learnt, unseen = features[:, :5], features[:, 5:]
    means = learnt.mean(axis=1)
    within = np.cov((learnt - means[:, None]).reshape(-1, features.shape[-1]).T)
    whitening = np.linalg.cholesky(np.linalg.inv(within + 0.1 * np.diag(np.diag(within))))
    distances = np.linalg.norm((unseen[:, :, None] - means) @ whitening, axis=-1)
    accuracy = np.mean(distances.argmin(axis=-1) == np.arange(10)[:, None])
    assert 0.5 < accuracy < 0.98


def _statistics(samples):
    coefficients = mfcc(samples)
    return np.concatenate([coefficients.mean(axis=0), coefficients.std(axis=0)])
