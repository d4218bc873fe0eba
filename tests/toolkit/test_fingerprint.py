"""Near duplicates: copies that are found, different tracks that are not, against a comparison pair by pair."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import soxr

from genrekit.runtime.audio import read_file
from genrekit.toolkit.corpus_audit import near_duplicates as fingerprint
from genrekit.toolkit.corpus_audit.near_duplicates import FRONT_END, STEP_S, Match, near_duplicates
from genrekit.toolkit.demo_corpus import make_demo_corpus

RATE = 22050


def prints(*tracks):
    """Fingerprints of samples at 22050 Hz."""
    return [
        fingerprint.fingerprint(soxr.resample(np.asarray(track, np.float32), RATE, FRONT_END.sample_rate))
        for track in tracks
    ]


def encoded(samples, file_format, rate=RATE, **options):
    """`samples` through an encoder and back, at 22050 Hz."""
    file = io.BytesIO()
    samples = np.clip(soxr.resample(samples, RATE, rate), -1, 1)
    with soundfile.SoundFile(file, "w", rate, 1, format=file_format, **options) as encoder:
        for start in range(0, len(samples), rate):  # libsndfile crashes on a long Vorbis write
            encoder.write(samples[start : start + rate])
    file.seek(0)
    return soxr.resample(soundfile.read(file, dtype="float32")[0], rate, RATE)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two composed tracks of 10 s of each of the ten styles."""
    paths = make_demo_corpus(tmp_path_factory.mktemp("music") / "demo", 2, 10.0, seed=3, jobs=2)
    return [read_file(path, RATE) for path in paths]


COPIES = {
    "the same": (lambda samples: samples, 0.0),
    "mp3": (lambda samples: encoded(samples, "MP3"), 0.0),
    "mp3, 32 kbit/s": (lambda samples: encoded(samples, "MP3", 16000, compression_level=0.99), 0.0),
    "ogg": (lambda samples: encoded(samples, "OGG", subtype="VORBIS"), 0.0),
    "ogg, worst": (lambda samples: encoded(samples, "OGG", subtype="VORBIS", compression_level=0.99), 0.0),
    "-20 dB": (lambda samples: 0.1 * samples, 0.0),
    "+9 dB, clipped": (lambda samples: np.clip(2.8 * samples, -1, 1), 0.0),
    "37 samples later": (lambda samples: samples[37:], 0.0),
    "1.37 s later": (lambda samples: samples[round(1.37 * RATE) :], -1.37),
    "2 s earlier": (lambda samples: np.concatenate([np.zeros(2 * RATE, np.float32), samples]), 2.0),
    "2.6 s later, ogg, -6 dB": (lambda samples: encoded(0.5 * samples[round(2.6 * RATE) :], "OGG"), -2.6),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_found_with_its_shift(music, name):
    copy, shift_s = COPIES[name]
    for samples in music[::7]:
        (match,) = near_duplicates(prints(samples, copy(samples)))
        assert (match.first, match.second) == (0, 1)
        assert match.similarity > fingerprint.LEAST_SIMILARITY + 0.15
        assert abs(match.shift_s - shift_s) <= 0.75 * STEP_S


def test_different_tracks_of_one_style_are_not_copies(music):
    assert near_duplicates(prints(*music)) == []


def test_real_tracks_of_one_artist_are_not_copies_and_their_encodings_are(shared_data):
    blues = sorted((shared_data / "gtzan-mini" / "genres_original" / "blues").glob("*.wav"))  # all John Lee Hooker
    tracks = [read_file(path, RATE) for path in blues]
    copy = encoded(0.3 * tracks[4][2 * RATE :], "MP3")
    (match,) = near_duplicates(prints(*tracks, copy))
    assert (match.first, match.second) == (4, 9)
    assert abs(match.shift_s + 2.0) <= STEP_S


def test_excerpts_that_the_index_calls_one_song_are_told_apart(shared_data):
    """Britney Spears' and Christina Aguilera's songs that are in GTZAN in several recordings or remixes."""
    pop = shared_data / "gtzan-pair" / "genres_original" / "pop"
    names = ("pop.00016", "pop.00017", "pop.00088", "pop.00089", "pop.00093", "pop.00094", "pop.00075", "pop.00082")
    assert near_duplicates(prints(*(read_file(pop / f"{name}.ogg", RATE) for name in names))) == []


def slowly(signs):
    """Best similarity of each pair and its shift in frames, by loops."""
    found = {}
    for first in range(len(signs)):
        for second in range(first + 1, len(signs)):
            for shift in range(-39, 40):
                a = signs[first][max(0, -shift) :]
                b = signs[second][max(0, shift) :]
                common = min(len(a), len(b))
                if common >= fingerprint.LEAST_FRAMES:
                    similarity = float(np.mean(a[:common].astype(int) * b[:common]))
                    least = max(fingerprint.LEAST_SIMILARITY, fingerprint.CHANCE / common**0.5)
                    if similarity >= max(least, found.get((first, second), (0, 0))[0] + 1e-6):
                        found[first, second] = similarity, shift
    return found


def test_blocks_and_products_find_what_loops_find(monkeypatch):
    monkeypatch.setattr(fingerprint, "BLOCK", 3)
    generator = np.random.default_rng(0)
    noise = generator.choice(np.array([-1, 1], np.int8), (9, 90, fingerprint.BITS))
    signs = [*noise[:5, :60], noise[0, 7:80], noise[1, 30:90], noise[2, :20], noise[3, 11:90], np.sign(noise[4] - 1)]
    expected = slowly(signs)
    assert len(expected) >= 5
    matches = near_duplicates(signs)
    assert {(match.first, match.second) for match in matches} == set(expected)
    for match in matches:
        similarity, shift = expected[match.first, match.second]
        assert match.similarity == pytest.approx(similarity, abs=1e-5)
        assert match.shift_s == pytest.approx(shift * STEP_S)


@pytest.mark.parametrize("seconds", [0, 0.3, 1])
def test_too_little_audio_matches_nothing(seconds):
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE))
    assert near_duplicates(prints(samples, samples)) == []


def test_silence_is_no_copy_of_silence():
    assert near_duplicates(prints(np.zeros(12 * RATE), np.zeros(12 * RATE))) == []


def test_clips_of_three_seconds_are_compared(music):
    clips = [samples[: 3 * RATE] for samples in music[::5]]
    copy = encoded(clips[2], "OGG")
    (match,) = near_duplicates(prints(*clips, copy))
    assert match == Match(2, len(clips), match.similarity, 0.0)


def test_nothing_is_compared_without_tracks():
    assert near_duplicates([]) == []


@pytest.mark.parametrize(("flipped", "matches"), [(0.36, 0), (0.29, 1)], ids=["similarity 0.28", "similarity 0.42"])
def test_matches_begin_at_the_least_similarity(flipped, matches):
    generator = np.random.default_rng(0)
    signs = generator.choice(np.array([-1, 1], np.int8), (230, fingerprint.BITS))
    other = np.where(generator.random(signs.shape) < flipped, -signs, signs)
    assert len(near_duplicates([signs, other])) == matches
