"""Splits: the shares, and that no track stands on two sides where that is promised."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrekit.runtime.errors import CorpusError, MissingFileError
from genrekit.toolkit.exporting import bench_inputs as benching
from genrekit.toolkit.splits import assign as splits
from genrekit.toolkit.splits import leakage

from .conftest import names_only, write_split


def tracks_of(segments, parts):
    return {part: set(segments.tracks[parts == part]) for part in splits.SUBSETS}


@pytest.mark.parametrize("seed", range(5))
def test_no_track_stands_on_two_sides(segments, seed):
    sides = tracks_of(segments, splits.assign(segments, "track", seed))
    assert not sides["train"] & sides["test"]
    assert not sides["train"] & sides["validation"]
    assert not sides["validation"] & sides["test"]
    assert set().union(*sides.values()) == set(segments.tracks)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("method", ["track", "fault-filtered"])  # of artist, test_artists.py says it
def test_no_track_of_gtzan_stands_on_two_sides(gtzan, method, seed):
    sides = tracks_of(gtzan, splits.assign(gtzan, method, seed))
    assert sum(map(len, sides.values())) == len(set().union(*sides.values()))
    assert not leakage.leaks(method)
    assert leakage.caveat(method) == ""


def test_each_genre_is_in_each_part(segments):
    parts = splits.assign(segments, "track", 0)
    for part in splits.SUBSETS:
        assert set(segments.labels[parts == part]) == {0, 1, 2}


def test_segment_split_has_the_papers_shares(segments):
    counts = collections.Counter(splits.assign(segments, "segment", 0).tolist())
    assert counts == {"test": 9, "validation": 7, "train": 29}  # 0.2 of 45, 0.2 of the other 36, the rest


def test_segment_split_leaks_and_says_so(segments):
    sides = tracks_of(segments, splits.assign(segments, "segment", 0))
    assert sides["train"] & sides["test"]
    assert leakage.leaks("segment")
    assert "both sides" in leakage.caveat("segment")


@pytest.mark.parametrize("method", ["segment", "track"])
def test_the_seed_decides(segments, method):
    first, again, other = (splits.assign(segments, method, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def fault_filtered(gtzan):
    """The names of the tracks in each part."""
    sides = tracks_of(gtzan, splits.assign(gtzan, "fault-filtered", 0))
    return {part: {gtzan.corpus.tracks[track].name for track in tracks} for part, tracks in sides.items()}


def test_fault_filtered_lists_have_the_published_sizes(gtzan):
    sizes = {part: len(names) for part, names in fault_filtered(gtzan).items()}
    assert sizes == {"train": 443, "validation": 197, "test": 290}


def test_fault_filtered_lists_are_the_published_ones(shared_data, gtzan):
    for part, name in (("train", "train"), ("validation", "valid"), ("test", "test")):
        published = (shared_data / "splits" / f"{name}_filtered.txt").read_text().split()
        expected = {line.rpartition("/")[2].removesuffix(".wav") for line in published}
        assert fault_filtered(gtzan)[part] == expected


def test_a_file_decides_track_by_track(segments, tmp_path):
    parts = splits.assign(segments, write_split(tmp_path / "mine.csv", segments), 0)
    sides = tracks_of(segments, parts)
    assert (sides["test"], sides["validation"]) == ({0}, {6})
    assert not sides["train"] & {0, 6}


@pytest.mark.parametrize("named", ["{0.name}", "{0.path.name}", "{0.genre}/{0.name}", "genres/{0.genre}/{0.path.name}"])
def test_a_file_may_name_tracks_by_file_and_genre(segments, tmp_path, named):
    path = tmp_path / "mine.csv"
    expected = splits.assign(segments, write_split(path, segments), 0)
    for track in segments.corpus.tracks:
        path.write_text(path.read_text().replace(f"\n{track.name},", f"\n{named.format(track)},"))
    np.testing.assert_array_equal(splits.assign(segments, str(path), 0), expected)


def test_the_genre_tells_tracks_of_one_name_apart(tmp_path):
    segments = names_only(tmp_path, [(genre, f"0{number}") for genre in "ab" for number in range(4)])
    path = tmp_path / "mine.csv"
    path.write_text("track,part\n00,train\n01,train\n02,validation\n03,test\na/03.wav,validation\n")
    parts = splits.assign(segments, str(path), 0)
    last = {segments.corpus.tracks[track].genre: parts[segments.tracks == track] for track in (3, 7)}
    assert (set(last["a"]), set(last["b"])) == ({"validation"}, {"test"})


def test_tracks_that_a_file_leaves_out_stay_out(segments, tmp_path):
    path = tmp_path / "mine.csv"
    write_split(path, segments)
    path.write_text(path.read_text().replace("flutes.00004,train\n", ""))
    parts = splits.assign(segments, str(path), 0)
    assert set(parts[segments.tracks == 14]) == {""}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,where\na,train\n", "expected track,part"),
        ("track,part\nbells.00000,exam\n", "part=exam"),
        ("track,part\nbells.00000,train\nbells.00000,test\n", "one part only"),
        ("track,part\nbells.00000,train\n", "no drones, flutes in training"),
        ("track,part\nbells 0,train\n", "such as bells.00000, found others, such as bells 0"),
        ("track,part\n", "such as bells.00000, found none"),
        ("", "expected track,part"),
    ],
)
def test_a_file_that_cannot_serve_is_refused(segments, tmp_path, text, complaint):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(CorpusError, match=complaint):
        splits.assign(segments, str(path), 0)


def test_an_unknown_split_names_the_known_ones(segments):
    with pytest.raises(MissingFileError, match="fault-filtered"):
        splits.assign(segments, "by-artist", 0)


def test_a_genre_with_too_few_tracks_is_named(segments):
    kept = (segments.labels != 0) | (segments.tracks < 1)
    fewer = dataclasses.replace(
        segments,
        features=segments.features[kept],
        labels=segments.labels[kept],
        tracks=segments.tracks[kept],
        positions=segments.positions[kept],
    )
    with pytest.raises(CorpusError, match=r"bells: expected at least 3 usable tracks.*found 1"):
        splits.assign(fewer, "track", 0)


@pytest.mark.parametrize(
    ("method", "complaint"),
    [("fault-filtered", "such as a 0, found others, such as blues"), ("artist", "artists are known")],
)
def test_what_a_corpus_cannot_give_is_refused_before_audio_is_read(tmp_path, method, complaint):
    names = names_only(tmp_path, [(genre, f"{genre} {number}") for genre in "ab" for number in range(9)])
    with pytest.raises(CorpusError, match=complaint):
        splits.require_possible(names.corpus, method, 0)
    splits.require_possible(names.corpus, "track", 0)
    splits.require_possible(names.corpus, "segment", 0)


def test_a_file_may_begin_with_a_byte_order_mark_and_hold_comments(segments, tmp_path):
    path = tmp_path / "mine.csv"
    text = (tmp_path / write_split(path, segments)).read_text()
    path.write_text(f"# by hand\n{text}", "utf-8-sig")
    assert set(splits.assign(segments, str(path), 0)) == set(splits.SUBSETS)


def test_copies_on_two_sides_are_told(segments, tmp_path):
    parts = splits.assign(segments, write_split(tmp_path / "mine.csv", segments), 0)
    assert leakage.duplicates_apart(segments, parts) == []
    features = segments.features.copy()
    features[segments.tracks == 3] = features[segments.tracks == 0]  # of which 0 is in the test
    features[segments.tracks == 4] = features[segments.tracks == 2]  # both in training
    copied = dataclasses.replace(segments, features=features)
    assert leakage.duplicates_apart(copied, parts) == [("bells.00000", "bells.00003")]


def test_clips_of_a_leaking_split_say_so_wherever_the_bench_shows_them(segments, tmp_path):
    for method, flattered in (("segment", True), ("track", False)):
        clips = benching.save_clips(tmp_path, segments, splits.assign(segments, method, 0), method, [])
        assert ("both sides: flattered" in clips.split) is flattered
        assert clips.split.startswith(f"{method}, test part")
