"""Kept features: whole or not at all, never those of something else."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from genrekit.runtime import MfccConfig, front_end
from genrekit.toolkit.corpus.feature_cache import FeatureCache, default_folder
from genrekit.toolkit.corpus.segments import TrackFeatures

CONTENT = bytes(range(32))


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def features():
    return with_shifts(2)


def with_shifts(shifts):
    generator = np.random.default_rng(0)
    windows, heard = (generator.normal(size=(3, count, 130, 13)).astype(np.float32) for count in (shifts, 2))
    return TrackFeatures(windows, True, 48_000, heard)


@pytest.fixture
def entry(cache, features):
    """An entry's key and file."""
    key = cache.key(CONTENT, MfccConfig())
    cache.put(key, features)
    (path,) = cache.folder.glob("??/*")
    return key, path


def test_what_was_put_comes_back_bit_for_bit(cache, features, entry):
    found = cache.get(entry[0], 2, 2)
    assert found.windows.dtype == np.float32
    assert found.windows.tobytes() == features.windows.tobytes()
    assert found.heard.tobytes() == features.heard.tobytes()
    assert (found.padded, found.rate) == (True, 48_000)


@pytest.mark.parametrize(("shifts", "found"), [(1, [0]), (2, [0, 2]), (3, None), (4, [0, 1, 2, 3]), (8, None)])
def test_an_entry_serves_fewer_shifts_that_are_among_its_own(cache, shifts, found):
    features = with_shifts(4)
    key = cache.key(CONTENT, MfccConfig())
    cache.put(key, features)
    if found is None:
        assert cache.get(key, shifts) is None
    else:
        np.testing.assert_array_equal(cache.get(key, shifts).windows, features.windows[:, found])


@pytest.mark.parametrize("rooms", [0, 1, 2, 3])
def test_an_entry_serves_fewer_rooms(cache, entry, features, rooms):
    found = cache.get(entry[0], 2, rooms)
    if rooms > 2:
        assert found is None
    else:
        np.testing.assert_array_equal(found.heard, features.heard[:, :rooms])


def test_what_is_heard_for_evaluation_has_another_key(cache):
    assert cache.key(CONTENT, MfccConfig()) != cache.key(CONTENT, MfccConfig(), as_heard=True)


def changed(config, name):
    other = {"center": False, "top_db": None}.get(name, getattr(config, name) + 1)
    return dataclasses.replace(config, **{name: other})


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(MfccConfig)])
def test_every_field_of_the_config_makes_another_key(cache, name):
    config = MfccConfig()
    assert cache.key(CONTENT, changed(config, name)) != cache.key(CONTENT, config)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("compute.software", "FEATURES_VERSION", 2),
        ("compute.software", "SEGMENTS_VERSION", 4),
        ("compute.software", "front_end", lambda: "another"),
        ("corpus.feature_cache", "software", lambda: "numpy 3"),
    ],
)
def test_content_and_maths_make_another_key(cache, monkeypatch, module, name, value):
    keys = {cache.key(CONTENT, MfccConfig()), cache.key(CONTENT[::-1], MfccConfig())}
    monkeypatch.setattr(f"genrekit.toolkit.{module}.{name}", value)
    keys.add(cache.key(CONTENT, MfccConfig()))
    assert len(keys) == 3


@pytest.mark.skipif(front_end() == "numpy", reason="the front end in C was not built")
def test_each_form_of_the_front_end_makes_another_key(cache, monkeypatch):
    native = cache.key(CONTENT, MfccConfig())
    monkeypatch.setenv("GENREKIT_FRONT_END", "numpy")
    assert cache.key(CONTENT, MfccConfig()) != native


@pytest.mark.parametrize("length", [0, 10, 32, 100, -1])
def test_a_truncated_entry_is_none(cache, entry, length):
    key, path = entry
    path.write_bytes(path.read_bytes()[:length])
    assert cache.get(key, 2) is None


def test_one_wrong_bit_is_noticed(cache, entry):
    key, path = entry
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert cache.get(key, 2) is None


def test_an_entry_under_another_name_is_none(cache, entry):
    key, path = entry
    other = cache.key(CONTENT[::-1], MfccConfig())
    target = cache.folder / other[:2] / path.name.replace(key, other)
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    assert cache.get(other, 2) is None


def test_features_that_are_not_finite_do_not_come_back(cache, features):
    features.windows[1, 1, 7, 3] = np.nan
    cache.put("ab" * 32, features)
    assert cache.get("ab" * 32, 2) is None


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, features):
    (tmp_path / "file").write_text("")
    cache = FeatureCache(tmp_path / "file" / "cache")
    assert cache.problem is None
    cache.put("ab" * 32, features)
    assert str(tmp_path / "file") in cache.problem
    assert cache.get("ab" * 32, 2) is None


def test_clear_removes_entries_and_nothing_else(cache, entry):
    _, path = entry
    left_by_a_kill = path.with_name(f".genrekit-0123abcd-{path.name}")
    left_by_a_kill.write_bytes(b"half")
    mine = [cache.folder / "notes.txt", path.parent / "song.wav"]
    for file in mine:
        file.write_text("mine")
    assert cache.size() == (1, path.stat().st_size)
    cache.clear()
    assert cache.size() == (0, 0)
    assert sorted(file for file in cache.folder.rglob("*") if file.is_file()) == sorted(mine)


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GENREKIT_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("GENREKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_folder() == tmp_path / "xdg" / "genrekit"


def test_the_command_shows_and_clears(genrekit, cache, entry):
    shown = genrekit("cache", "show", "--cache", cache.folder)
    assert str(cache.folder) in shown.stdout
    assert "1 tracks" in shown.stdout
    found = json.loads(genrekit("cache", "show", "--cache", cache.folder, "--json").stdout)
    assert found == {"folder": str(cache.folder), "entries": 1, "bytes": cache.size()[1]}
    found = json.loads(genrekit("cache", "clear", "--cache", cache.folder, "--json").stdout)
    assert found == {"folder": str(cache.folder), "entries": 0, "bytes": 0}
    assert cache.size() == (0, 0)


def test_keeping_features_does_not_wait_for_the_disk(cache, features, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: pytest.fail("waited for the disk"))
    cache.put(cache.key(CONTENT, MfccConfig()), features)
    assert cache.size()[0] == 1
