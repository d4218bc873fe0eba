"""Clips a little shorter than a window: padded, counted, and told where the length may tell the class."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.audio import read_file
from genrekit.runtime.errors import CorpusError
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache
from genrekit.toolkit.corpus.notes import padded_apart, segment_notes
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.evaluation.scores import score

from .conftest import names_only
from .test_front_ends import write_clips

pytestmark = pytest.mark.usefixtures("each_front_end")

CONFIG = MfccConfig(sample_rate=8000, n_fft=256, hop_length=128, n_mels=20, n_mfcc=12, window_s=1.0, top_db=None)
LENGTHS = (0.4, 0.5, 0.9, 1.0, 1.6, 2.5)  # left out, padded, padded, one segment, one, two


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return scan(write_clips(tmp_path_factory.mktemp("padding"), LENGTHS))


@pytest.fixture(scope="module")
def segments(corpus, each_front_end):
    return extract(corpus, CONFIG, shifts=2)


def test_half_a_window_is_padded_less_is_left_out(segments):
    assert segments.tracks.tolist() == [1, 2, 3, 4, 5, 5, 7, 8, 9, 10, 11, 11]
    assert segments.padded.tolist() == [True, True, False, False, False, False] * 2
    assert [item.file for item in segments.unusable] == ["high/high.00000.wav", "low/low.00006.wav"]
    assert {item.reason for item in segments.unusable} == {"shorter than half of one window (1.0 s)"}


def test_the_silence_stands_at_the_end(segments, corpus):
    samples = read_file(corpus.tracks[2].path, 8000)
    padded = np.append(samples, np.zeros(800, np.float32))
    np.testing.assert_array_equal(segments.features[1], mfcc(padded, CONFIG))
    np.testing.assert_array_equal(segments.shifted[1, 0], segments.features[1])  # there is no room to begin later
    np.testing.assert_array_equal(segments.samples(np.array([1]))[0], padded)


def test_the_cache_remembers_padding_and_rates(segments, corpus, tmp_path):
    for _ in range(2):
        found = extract(corpus, CONFIG, shifts=2, cache=FeatureCache(tmp_path))
        np.testing.assert_array_equal(found.padded, segments.padded)
        assert found.rates.tolist() == segments.rates.tolist() == [8000] * 10


def test_scores_count_padded_segments(segments):
    subsets = np.array(["train", "validation", "test", "test", "train", "train"] * 2)
    scores = score(np.eye(2)[segments.labels], segments, subsets)
    counts = {name: getattr(scores, name).padded for name in ("train", "validation", "test")}
    assert counts == {"train": 2, "validation": 2, "test": 0}


def test_padding_alike_in_all_classes_is_only_counted(segments):
    assert list(segment_notes(segments)) == [
        "2 of 12 files were left out: shorter than half of one window (1.0 s)",
        "4 of 12 segments were padded with silence",
        "a window of 1 s is longer than many files; train with --front-end speech --sample-rate 8000 --window 0.3 "
        "--n-fft 256 --hop 128",
    ]


def test_whole_windows_need_no_word(segments_with_shifts):
    assert list(segment_notes(segments_with_shifts)) == []


def test_padding_that_tells_the_class_is_said_with_what_to_do(tmp_path):
    write_clips(tmp_path, [1.0] * 8, classes=("long", "whole"))
    write_clips(tmp_path, [0.8 + index / 1000 for index in range(8)], classes=("short",))
    found = extract(scan(tmp_path), CONFIG)
    assert padded_apart(found) == {"short": 1.0}
    assert "100% of short" in list(segment_notes(found))[-1]
    assert list(segment_notes(found))[-1].endswith("such as --window 0.75")


def test_padding_by_chance_does_not_accuse_a_class(tmp_path):
    names = [(genre, f"{genre}.{index}") for genre in ("a", "b", "c", "d") for index in range(80)]
    found = names_only(tmp_path, names)
    padded = np.random.default_rng(0).random(len(found.labels)) < 0.1
    assert padded_apart(dataclasses.replace(found, padded=padded)) == {}


def test_a_class_of_short_clips_alone_is_refused_with_what_fits_it(tmp_path):
    write_clips(tmp_path, [3.0] * 3, rate=16000, classes=("long",))
    write_clips(tmp_path, [1.0] * 3, rate=16000, classes=("short",))
    with pytest.raises(CorpusError, match=r"none in short .* shorter than half .* train with --front-end speech"):
        extract(scan(tmp_path))


@pytest.mark.parametrize(
    ("rates", "remedy"), [((8000, 8000), "train with --sample-rate 8000"), ((8000, 16000), "does not tell the class")]
)
def test_files_of_a_lower_rate_are_counted(tmp_path, rates, remedy):
    for name, rate in zip(("one", "two"), rates, strict=True):
        write_clips(tmp_path, [1.0, 1.1], rate=rate, classes=(name,))
    (sentence,) = segment_notes(extract(scan(tmp_path), dataclasses.replace(CONFIG, sample_rate=16000)))
    assert f"{2 * rates.count(8000)} of 4 files have a lower rate" in sentence
    assert sentence.endswith(remedy)


def test_one_more_kind_of_file_that_is_left_out_does_not_hide_the_others(tmp_path):
    write_clips(tmp_path, [1.0, 1.0])
    soundfile.write(tmp_path / "high" / "nan.wav", np.full(9000, np.nan), 8000, subtype="FLOAT")
    found = extract(scan(tmp_path), CONFIG)
    assert [item.file for item in found.unusable] == ["high/nan.wav"]
    assert not found.padded.any()
