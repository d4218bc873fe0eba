"""What a model was trained on follows from how the corpus was divided, not from what the split was called."""

import dataclasses

import numpy as np

from genrekit.runtime import ModelDescription
from genrekit.runtime.modelfile.description import TrainingCorpus
from genrekit.toolkit.exporting.bench_inputs import save_clips
from genrekit.toolkit.splits.assign import assign, subsets_digest
from genrekit.toolkit.splits.leakage import overlap_note, overlaps_training, split_notes

from .conftest import write_split


def trained(segments, subsets, **changes):
    """The description of a model that was trained on these subsets."""
    corpus = TrainingCorpus(fingerprint=segments.corpus.fingerprint, parts=subsets_digest(subsets))
    corpus = dataclasses.replace(corpus, **changes)
    return ModelDescription(model="mlp", labels=segments.corpus.labels, corpus=corpus)


def test_another_seed_divides_in_another_way(segments, tmp_path):
    first, other = (assign(segments, "track", seed) for seed in (0, 1))
    assert overlap_note(trained(segments, first), segments, first) is None
    assert "may have been in training" in overlap_note(trained(segments, first), segments, other)
    assert not overlaps_training(trained(segments, first), segments, first, "track")
    assert overlaps_training(trained(segments, first), segments, other, "track")
    assert save_clips(tmp_path, segments, other, "track", [trained(segments, first)]).tracks_in_training


def test_a_split_file_counts_by_what_it_says(segments, tmp_path, monkeypatch):
    before = assign(segments, write_split(tmp_path / "parts.csv", segments), 0)
    monkeypatch.chdir(tmp_path)
    assert overlap_note(trained(segments, before), segments, assign(segments, "./parts.csv", 5)) is None
    edited = assign(segments, write_split(tmp_path / "parts.csv", segments, test=("bells.00001",)), 0)
    assert "may have been in training" in overlap_note(trained(segments, before), segments, edited)
    assert overlaps_training(trained(segments, before), segments, edited, "parts.csv")


def test_another_corpus_is_reported(segments):
    subsets = assign(segments, "track", 0)
    assert "another corpus" in overlap_note(trained(segments, subsets, fingerprint="other"), segments, subsets)


def test_a_part_that_lacks_genres_is_named_with_them(segments, tmp_path):
    whole = assign(segments, "track", 0)
    assert not list(split_notes(segments, whole, "track"))
    bells, drones = (segments.labels == segments.corpus.labels.index(genre) for genre in ("bells", "drones"))
    lacking = np.where((bells | drones) & (whole == "validation"), "train", whole)
    lacking = np.where(bells & (whole == "test"), "train", lacking)
    validation, test = split_notes(segments, lacking, "mine.csv")
    assert "the validation part holds no bells, drones" in validation
    assert "the test part holds no bells" in test
    assert "drones" not in test
