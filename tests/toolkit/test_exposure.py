"""What a model heard in training is told by how the corpus was divided, not by what the split was called."""

from genrekit.runtime import ModelDescription
from genrekit.runtime.modelfile.description import TrainingCorpus
from genrekit.toolkit.cli.steps import overlap
from genrekit.toolkit.exporting import bench_inputs as benching
from genrekit.toolkit.splits import assign as splits

from .conftest import write_split


def trained(segments, parts, **changes):
    """The description of a model that was trained on these parts."""
    corpus = {"fingerprint": segments.corpus.fingerprint, "parts": splits.fingerprint(parts), **changes}
    return ModelDescription(model="mlp", labels=segments.corpus.labels, corpus=TrainingCorpus(**corpus))


def in_training(segments, description, parts, split, folder):
    return benching.save_clips(folder, segments, parts, split, [description]).tracks_in_training


def test_another_seed_divides_in_another_way(segments, tmp_path):
    first, other = (splits.assign(segments, "track", seed) for seed in (0, 1))
    assert overlap(trained(segments, first), segments, first) is None
    assert "may have been in training" in overlap(trained(segments, first), segments, other)
    assert not in_training(segments, trained(segments, first), first, "track", tmp_path)
    assert in_training(segments, trained(segments, first), other, "track", tmp_path)


def test_a_split_file_counts_by_what_it_says(segments, tmp_path, monkeypatch):
    before = splits.assign(segments, write_split(tmp_path / "parts.csv", segments), 0)
    monkeypatch.chdir(tmp_path)
    assert overlap(trained(segments, before), segments, splits.assign(segments, "./parts.csv", 5)) is None
    edited = splits.assign(segments, write_split(tmp_path / "parts.csv", segments, test=("bells.00001",)), 0)
    assert "may have been in training" in overlap(trained(segments, before), segments, edited)
    assert in_training(segments, trained(segments, before), edited, "parts.csv", tmp_path)


def test_another_corpus_is_told(segments):
    parts = splits.assign(segments, "track", 0)
    assert "another corpus" in overlap(trained(segments, parts, fingerprint="other"), segments, parts)
