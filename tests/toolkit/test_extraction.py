"""Features of a corpus: the same by every way, windows that begin later, and what an interruption leaves."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.audio import read_file
from genrekit.runtime.errors import FrontEndWarning, ParameterError
from genrekit.toolkit.cli import steps as work
from genrekit.toolkit.compute import Processes
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import Wanted, extract, track_features
from genrekit.toolkit.corpus.feature_cache import FeatureCache

pytestmark = pytest.mark.usefixtures("each_front_end")

# Extracts corpus argv[1] with cache argv[2], prints the features' checksum; after argv[3] tracks it waits to be killed.
PROGRAM = """
import hashlib, sys, time
from pathlib import Path
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache

def progress(done, total):
    if done == int(sys.argv[3]):
        print("waiting", flush=True)
        time.sleep(600)

found = extract(scan(sys.argv[1]), progress=progress, shifts=2, cache=FeatureCache(Path(sys.argv[2])))
print(hashlib.sha256(found.features.tobytes() + found.shifted.tobytes()).hexdigest())
"""


def start(folder, cache, tracks=-1):
    command = [sys.executable, "-c", PROGRAM, str(folder), str(cache.folder), str(tracks)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def checksum(found):
    shifted = b"" if found.shifted is None else found.shifted.tobytes()
    return hashlib.sha256(found.features.tobytes() + shifted).hexdigest()


def entries(cache):
    return {path: path.stat().st_mtime_ns for path in cache.folder.rglob("*") if path.is_file()}


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture(scope="module")
def segments(corpus_folder, each_front_end):
    """Of this form of the front end, whose bits are its own."""
    return extract(corpus.scan(corpus_folder))


@pytest.fixture(scope="module")
def shifted(corpus_folder, each_front_end):
    """Segments and windows half a window later, computed plainly."""
    return extract(corpus.scan(corpus_folder), shifts=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_cold_and_warm_caches_give_the_same_bits(corpus_folder, segments, cache, jobs):
    for _ in range(2):
        found = extract(corpus.scan(corpus_folder), executor=Processes(jobs), cache=cache)
        assert found.features.tobytes() == segments.features.tobytes()
        for name in ("labels", "tracks", "positions"):
            np.testing.assert_array_equal(getattr(found, name), getattr(segments, name))
        assert found.shifted is None
    assert cache.size()[0] == 15


def test_a_warm_cache_decodes_nothing(corpus_folder, cache, segments, monkeypatch):
    extract(corpus.scan(corpus_folder), cache=cache)
    monkeypatch.setattr("genrekit.toolkit.corpus.extraction.open_file", None)
    assert extract(corpus.scan(corpus_folder), cache=cache).features.tobytes() == segments.features.tobytes()


def test_shifted_windows_begin_later_and_stay_in_the_track(segments):
    found = extract(segments.corpus, shifts=3)
    np.testing.assert_array_equal(found.features, segments.features)
    assert found.shifted.shape == (45, 2, 130, 13)
    assert found.shifted.dtype == np.float32
    samples = read_file(segments.corpus.tracks[0].path, 22050)  # 9.5 s: room for half a second after the third window
    for segment, shift, begin in ((0, 0, 22050), (0, 1, 44100), (1, 0, 88200), (2, 0, 143325), (2, 1, 143325)):
        expected = mfcc(samples[begin : begin + 66150])
        np.testing.assert_array_equal(found.shifted[segment, shift], expected)
    assert len(samples) == 143325 + 66150


@pytest.mark.parametrize("shifts", [0, -1, 66151])
def test_impossible_shifts_are_refused(segments, shifts):
    with pytest.raises(ParameterError, match=f"shifts={shifts}"):
        extract(segments.corpus, shifts=shifts)


@pytest.mark.parametrize("each_front_end", ["native"], indirect=True)
def test_of_a_length_that_c_cannot_have_this_process_warns_once(corpus_folder):
    with pytest.warns(FrontEndWarning, match="n_fft=2038") as found:
        extract(corpus.scan(corpus_folder), MfccConfig(n_fft=2038), Processes(2))
    assert len(found) == 1


def test_a_front_end_that_there_is_not_makes_no_track_unusable(corpus_folder, monkeypatch):
    monkeypatch.setenv("GENREKIT_FRONT_END", "fortran")
    with pytest.raises(ParameterError, match="GENREKIT_FRONT_END=fortran"):
        extract(corpus.scan(corpus_folder))


def test_a_damaged_entry_is_made_anew(corpus_folder, segments, cache):
    extract(corpus.scan(corpus_folder), cache=cache)
    before = entries(cache)
    first, second = sorted(before)[:2]
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    second.write_text("something else")
    found = extract(corpus.scan(corpus_folder), cache=cache)
    assert found.features.tobytes() == segments.features.tobytes()
    assert not found.unusable
    assert {path for path, time in entries(cache).items() if time != before[path]} == {first, second}


@pytest.mark.parametrize(("first", "second", "written"), [(4, 1, 0), (4, 2, 0), (1, 4, 15), (4, 3, 15)])
def test_what_another_recipe_extracted_is_not_extracted_again(corpus_folder, cache, first, second, written):
    found = corpus.scan(corpus_folder)
    extract(found, shifts=first, cache=cache)
    before = entries(cache)
    again = extract(found, shifts=second, cache=cache)
    assert checksum(again) == checksum(extract(found, shifts=second))
    now = entries(cache)
    assert now.keys() == before.keys()
    assert sum(now[path] != before[path] for path in now) == written


def test_a_changed_file_is_read_again(corpus_folder, tmp_path, cache):
    folder = tmp_path / "corpus"
    shutil.copytree(corpus_folder, folder)
    extract(corpus.scan(folder), cache=cache)
    track = folder / "bells" / "bells.00000.wav"
    os.utime(shutil.copy(folder / "drones" / "drones.00000.wav", track), ns=(0, 0))
    found = extract(corpus.scan(folder), cache=cache)
    np.testing.assert_array_equal(found.features[:3], extract(corpus.scan(folder)).features[:3])
    np.testing.assert_array_equal(found.features[:3], found.features[15:18])


def test_after_a_kill_only_what_is_missing_is_computed(corpus_folder, shifted, cache):
    process = start(corpus_folder, cache, tracks=6)
    assert process.stdout.readline() == "waiting\n"
    process.kill()
    process.communicate()
    kept = entries(cache)
    assert 6 <= len(kept) < 15
    found = extract(corpus.scan(corpus_folder), shifts=2, cache=cache)
    assert checksum(found) == checksum(shifted)
    now = entries(cache)
    assert len(now) == 15
    assert kept.items() <= now.items()  # none of them was written again


def test_two_processes_fill_one_cache(corpus_folder, shifted, cache):
    processes = [start(corpus_folder, cache) for _ in range(2)]
    answers = [process.communicate()[0].strip() for process in processes]
    assert answers == [checksum(shifted)] * 2
    assert cache.size()[0] == len(entries(cache)) == 15  # and no half-written file beside them


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
def test_audio_that_is_not_finite_is_unusable(tmp_path, value):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 80_000).astype(np.float32)
    samples[[70, 70_000]] = value
    soundfile.write(tmp_path / "wrong.wav", samples, 22050, subtype="FLOAT")
    assert "received 2 that are not" in track_features(tmp_path / "wrong.wav", Wanted(MfccConfig()))


def test_unusable_files_are_neither_kept_nor_trained_on(corpus_folder, tmp_path, cache):
    folder = tmp_path / "corpus"
    shutil.copytree(corpus_folder, folder)
    soundfile.write(folder / "bells" / "wrong.wav", np.full(90_000, np.nan), 22050, subtype="FLOAT")
    (folder / "flutes" / "gone.wav").symlink_to(tmp_path / "nowhere")
    for _ in range(2):
        found = extract(corpus.scan(folder), cache=cache)
        assert [item.file for item in found.unusable] == ["bells/wrong.wav", "flutes/gone.wav"]
        assert len(found.features) == 45
    assert cache.size()[0] == 15
    assert len(found.corpus.fingerprint) == 64


def test_a_cache_that_cannot_be_written_is_done_without(corpus_folder, segments, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    found = work.read_segments(corpus_folder, 1, cache=work.open_cache(tmp_path / "file" / "cache", no_cache=False))
    assert found.features.tobytes() == segments.features.tobytes()
    told = capsys.readouterr().err
    assert told.count("features are not kept") == 1
    assert str(tmp_path / "file") in told


def test_no_cache_and_a_cache_exclude_each_other(genrekit, corpus_folder, tmp_path):
    options = ("--out", tmp_path / "runs", "--cache", tmp_path, "--no-cache")
    process = genrekit("train", "mlp", "--data", corpus_folder, *options)
    assert process.returncode == 2
    assert f"cache={tmp_path}" in process.stderr


def test_samples_fill_what_is_given(segments, tmp_path):
    chosen = np.array([44, 0, 7])
    file = np.lib.format.open_memmap(tmp_path / "samples.npy", "w+", np.float32, (3, 66150))
    assert segments.samples(chosen, file) is file
    file.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "samples.npy"), segments.samples(chosen))


@pytest.mark.parametrize("out", [np.empty((2, 66150), np.float32), np.empty((3, 66150))])
def test_samples_refuse_what_does_not_fit(segments, out):
    with pytest.raises(ParameterError, match="expected float32"):
        segments.samples(np.array([44, 0, 7]), out)
