"""Corpora: what is found, what is left out and why, and what segments hold."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.audio import read_file
from genrekit.runtime.errors import CorpusError, MissingFileError
from genrekit.toolkit.compute import Processes
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract


@pytest.fixture
def damaged_folder(corpus_folder, tmp_path):
    """A copy of the corpus with a text file, an empty file, a short track and a repeat among the tracks."""
    folder = tmp_path / "damaged"
    shutil.copytree(corpus_folder, folder)
    (folder / "bells" / "text.wav").write_text("this is no audio")
    (folder / "bells" / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "bells" / "short.wav", np.zeros(22050), 22050)
    shutil.copy(folder / "drones" / "drones.00000.wav", folder / "flutes" / "again.wav")
    return folder


def test_scan_lists_tracks_by_genre_and_name(corpus_folder):
    found = corpus.scan(corpus_folder)
    assert found.labels == ("bells", "drones", "flutes")
    assert [track.name for track in found.tracks[:2]] == ["bells.00000", "bells.00001"]
    assert len(found.tracks) == 15
    assert not found.demo


def test_scan_passes_over_hidden_and_other_files(corpus_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(corpus_folder, folder)
    (folder / "bells" / "cover.jpg").write_bytes(b"picture")
    (folder / "bells" / "._bells.00000.wav").write_bytes(b"resource fork")
    (folder / ".cache").mkdir()
    (folder / "notes.txt").write_text("notes")
    assert corpus.scan(folder).fingerprint == corpus.scan(corpus_folder).fingerprint


def test_fingerprint_follows_contents(corpus_folder, damaged_folder):
    assert corpus.scan(corpus_folder).fingerprint != corpus.scan(damaged_folder).fingerprint


def test_a_name_that_is_no_utf8_is_a_track_like_others(genrekit, corpus_folder, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(corpus_folder, folder)
    odd = os.fsencode(folder / "bells") + b"/caf\xe9.wav"
    os.rename(folder / "bells" / "bells.00001.wav", odd)
    found = corpus.scan(folder)
    assert found.fingerprint != corpus.scan(corpus_folder).fingerprint
    place = [os.fsencode(track.path) for track in found.tracks].index(odd)
    assert np.count_nonzero(extract(found).tracks == place) == 3
    assert genrekit("corpus", "check", folder).returncode == 0
    os.truncate(odd, 0)
    assert "caf\\udce9.wav" in genrekit("corpus", "check", folder, "--json").stdout


def test_a_genre_whose_name_is_no_text_is_refused(corpus_folder, tmp_path):
    shutil.copytree(corpus_folder, tmp_path / "copy")
    os.rename(tmp_path / "copy" / "bells", os.fsencode(tmp_path / "copy") + b"/caf\xe9")
    with pytest.raises(CorpusError, match="printable text; rename it"):
        corpus.scan(tmp_path / "copy")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        corpus.scan(tmp_path / "nowhere")


@pytest.mark.parametrize("genres", [[], ["bells"]])
def test_fewer_than_two_genres_are_refused(corpus_folder, tmp_path, genres):
    for genre in genres:
        shutil.copytree(corpus_folder / genre, tmp_path / genre)
    with pytest.raises(CorpusError, match="at least two"):
        corpus.scan(tmp_path)


@pytest.fixture(scope="module")
def segments(corpus_folder, each_front_end):
    return extract(corpus.scan(corpus_folder))


def test_segments_are_windows_one_after_the_other(segments):
    assert segments.features.shape == (45, 130, 13)
    assert segments.features.dtype == np.float32
    assert np.bincount(segments.labels).tolist() == [15, 15, 15]
    samples = read_file(segments.corpus.tracks[0].path, 22050)
    np.testing.assert_allclose(segments.features[1], mfcc(samples[66150 : 2 * 66150]), atol=1e-4)


def test_samples_of_chosen_segments_give_their_features(segments):
    chosen = np.array([44, 0, 7])
    audio = segments.samples(chosen)
    for row, index in zip(audio, chosen, strict=True):
        np.testing.assert_allclose(mfcc(row), segments.features[index], atol=1e-4)


def test_processes_and_one_process_give_the_same(segments):
    parallel = extract(segments.corpus, executor=Processes(2))
    np.testing.assert_array_equal(parallel.features, segments.features)
    np.testing.assert_array_equal(parallel.tracks, segments.tracks)


def test_unusable_files_are_left_out_with_their_reasons(damaged_folder):
    found = extract(corpus.scan(damaged_folder))
    reasons = {item.file: item.reason for item in found.unusable}
    assert set(reasons) == {"bells/text.wav", "bells/empty.wav", "bells/short.wav"}
    assert "shorter than half of one window" in reasons["bells/short.wav"]
    assert len(found.features) == 48


def test_a_genre_without_usable_tracks_is_named(corpus_folder, tmp_path):
    shutil.copytree(corpus_folder, tmp_path / "corpus")
    shutil.rmtree(tmp_path / "corpus" / "bells")
    (tmp_path / "corpus" / "bells").mkdir()
    (tmp_path / "corpus" / "bells" / "a.wav").write_text("no audio")
    with pytest.raises(CorpusError, match="found none in bells"):
        extract(corpus.scan(tmp_path / "corpus"))


def test_a_config_changes_the_segments(corpus_folder):
    found = extract(corpus.scan(corpus_folder), MfccConfig(window_s=1.0, n_mfcc=20))
    assert found.features.shape == (15 * 9, 44, 20)
