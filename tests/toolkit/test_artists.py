"""Splits by artist: on all names of GTZAN, without audio, no artist stands on two sides."""

from __future__ import annotations

import collections
import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrekit.runtime.errors import CorpusError
from genrekit.toolkit.splits import artists
from genrekit.toolkit.splits import assign as splits
from genrekit.toolkit.splits import group_split as dealing

from ..fixtures.make_artists_csv import artists_csv
from .conftest import GTZAN_GENRES, names_only

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "toolkit" / "splits" / "lists" / "artists.csv"
# Artists on two sides of the fault-filtered lists, by the index as corrected until 2024.
FAULT_FILTERED_APART = {
    "Anthrax", "Bob Marley", "Boney M.", "Burning Spear", "Danzig", "Dark Tranquillity", "Donna Summer",
    "Earth, Wind & Fire", "KC and the Sunshine Band", "Metallica", "Peter Tosh", "Shania Twain", "Slayer",
}  # fmt: skip


@pytest.fixture(scope="module")
def index():
    """Artist -> names of his tracks, read without the code under test."""
    found = collections.defaultdict(set)
    for track, artist in csv.reader(INDEX.read_text("utf-8").splitlines()[2:]):
        found[artist].add(track)
    return found


def sides(segments, parts):
    """Track name -> the parts that its segments stand in."""
    found = collections.defaultdict(set)
    for track, part in zip(segments.tracks, parts, strict=True):
        found[segments.corpus.tracks[track].name].add(part)
    return found


def artists_apart(index, where):
    apart = {artist: set().union(*(where[track] for track in tracks)) - {""} for artist, tracks in index.items()}
    return {artist for artist, parts in apart.items() if artist and len(parts) > 1}


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_no_artist_stands_on_two_sides_and_each_genre_keeps_about_its_shares(gtzan, index, seed):
    parts = splits.assign(gtzan, "artist", seed)
    where = sides(gtzan, parts)
    assert all(len(found) == 1 for found in where.values())
    assert not artists_apart(index, where)
    assert set(parts) == set(splits.SUBSETS)
    for label in range(10):
        share = {part: np.mean(parts[gtzan.labels == label] == part) for part in splits.SUBSETS}
        assert 0.15 <= share["test"] <= 0.27
        assert 0.10 <= share["validation"] <= 0.22


def test_the_seed_decides(gtzan):
    first, again, other = (splits.assign(gtzan, "artist", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.1


def test_the_track_split_puts_artists_on_two_sides(gtzan, index):
    where = sides(gtzan, splits.assign(gtzan, "track", 0))
    assert len(artists_apart(index, where)) > 50


def test_the_fault_filtered_lists_hold_these_artists_on_two_sides(gtzan, index):
    where = sides(gtzan, splits.assign(gtzan, "fault-filtered", 0))
    assert artists_apart(index, where) == FAULT_FILTERED_APART
    assert all(len(parts) == 1 for parts in where.values())


def test_the_index_says_what_its_source_says(shared_data):
    source = (shared_data / "splits" / "artists-index.txt").read_text("utf-8")
    assert artists_csv(source) == INDEX.read_text("utf-8")
    assert source.count(".wav :::") == 1000


def test_the_index_knows_every_track_and_the_artists_of_all_but_17(gtzan):
    known = artists.artists_of(gtzan.corpus)
    assert sum(not names for names in known) == 17
    by_name = {track.name: names for track, names in zip(gtzan.corpus.tracks, known, strict=True)}
    assert by_name["disco.00047"] == ("Barbra Streisand", "Donna Summer")


def test_tracks_of_unknown_artists_are_groups_of_their_own(gtzan):
    known = artists.artists_of(gtzan.corpus)
    groups = artists.groups(known)
    for track in (track for track, names in enumerate(known) if not names):
        assert (groups == groups[track]).sum() == 1


def test_an_artist_in_two_genres_is_one_group(gtzan):
    known = artists.artists_of(gtzan.corpus)
    queen = artists.groups(known)[[track for track, names in enumerate(known) if "Queen" in names]]
    assert len(queen) == 14
    assert len(set(queen)) == 1


def test_a_song_of_two_artists_joins_their_songs():
    assert artists.groups([("A",), ("B",), (), ("C", "A"), ("D",), ("C",), ()]).tolist() == [0, 1, 2, 0, 3, 0, 4]
    assert artists.groups([("A",), ("B",), ("B", "A")]).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "other"),
    [("The Beatles", "beatles"), ("Motörhead", "MOTORHEAD"), ("Guns N' Roses", "Guns N’Roses"), ("AC/DC", "ACDC")],
)
def test_spellings_of_one_artist_are_one(name, other):
    assert artists.groups([(name,), (other,)]).tolist() == [0, 0]


@pytest.mark.parametrize(("name", "other"), [("Queen", "Queen Latifah"), ("!!!", "???"), ("Sting", "The Police")])
def test_other_artists_are_others(name, other):
    assert artists.groups([(name,), (other,)]).tolist() == [0, 1]


def test_a_genre_of_one_artist_is_refused_by_name(tmp_path):
    segments = names_only(tmp_path, [(genre, f"{genre}.{number:05d}") for genre in GTZAN_GENRES for number in range(9)])
    with pytest.raises(CorpusError, match=r"blues: .*3 artists.*John Lee Hooker"):
        splits.assign(segments, "artist", 0)


@pytest.mark.parametrize(("track", "demo"), [("{}-{}", False), ("{}.{:05d}", True)], ids=["unknown names", "demo"])
def test_a_corpus_that_the_index_does_not_know_is_refused(tmp_path, track, demo):
    segments = names_only(tmp_path, [(genre, track.format(genre, n)) for genre in GTZAN_GENRES for n in range(9)], demo)
    with pytest.raises(CorpusError, match=r"found none.*artists\.csv with a header track,artist"):
        splits.assign(segments, "artist", 0)


def write_artists(folder, rows, header="track,artist"):
    (folder / "artists.csv").write_text("\n".join(["# mine", header, *rows]) + "\n", "utf-8-sig")


def test_a_file_in_the_corpus_folder_serves_any_corpus(tmp_path):
    names = [(genre, f"{genre} {number}") for genre in ("Müsik", "R & B") for number in range(12)]
    segments = names_only(tmp_path, names)
    # Four artists a genre with three tracks each; the first plays in both. One name is decomposed, as on macOS.
    rows = [f"{name},{'Ann' if n < 3 else f'{genre[0]}{n // 3}'}" for genre, name in names for n in [int(name[-2:])]]
    write_artists(tmp_path, [row.replace("\u00fc", "u\u0308") for row in rows])
    where = sides(segments, splits.assign(segments, "artist", 5))
    owner = dict(row.split(",") for row in rows)
    for artist in set(owner.values()):
        assert len(set().union(*(where[track] for track in owner if owner[track] == artist))) == 1
    assert set().union(*where.values()) == set(splits.SUBSETS)


def test_tracks_that_the_file_leaves_out_are_alone(tmp_path):
    segments = names_only(tmp_path, [(genre, f"{genre}{n}") for genre in "ab" for n in range(6)])
    write_artists(tmp_path, ["a0,X", "a1,X", "b0,"])
    assert artists.groups(artists.artists_of(segments.corpus)).tolist() == [0, 0, *range(1, 11)]


@pytest.mark.parametrize(
    ("rows", "header", "complaint"),
    [
        (["a0,X"], "track,band", "expected track,artist"),
        (["a0"], "track,artist", "line 3: expected track,artist, found no artist"),
        (["z0,X"], "track,artist", r"found none in artists\.csv"),
    ],
)
def test_a_file_that_cannot_serve_is_refused(tmp_path, rows, header, complaint):
    segments = names_only(tmp_path, [(genre, f"{genre}{n}") for genre in "ab" for n in range(6)])
    write_artists(tmp_path, rows, header)
    with pytest.raises(CorpusError, match=complaint):
        splits.assign(segments, "artist", 0)


def test_artists_bound_across_genres_are_refused_where_no_side_is_left(tmp_path):
    # In a, Z has the side that X and Y leave; in b so has W. Then c has Z and W on one side, and no third artist.
    segments = names_only(tmp_path, [(genre, f"{genre}{n}") for genre in "abc" for n in range(3)])
    rows = ["a0,X", "a1,Y", "a2,Z", "b0,X", "b1,Y", "b2,W", "c0,Z", "c1,W", "c2,X"]
    write_artists(tmp_path, rows)
    with pytest.raises(CorpusError, match=r"expected at least 3 artists.*also play in other genres"):
        splits.assign(segments, "artist", 0)


def test_dealing_comes_near_the_best_that_groups_allow():
    counts = np.array([12, 17, 10, 11, 12, 12, 13, 11, 2])[:, None]  # GTZAN's blues: nine artists
    everything = np.array(list(itertools.product(range(3), repeat=len(counts))))
    tracks = np.stack([np.where(everything == part, counts[:, 0], 0).sum(axis=1) for part in range(3)], axis=1)
    distance = np.square(tracks / counts.sum() - splits.FRACTIONS).sum(axis=1)[(tracks > 0).all(axis=1)]
    for seed in range(5):
        assigned = dealing.totals(counts, dealing.assign_groups(counts, splits.FRACTIONS, seed), 3)[:, 0]
        assert np.square(assigned / counts.sum() - splits.FRACTIONS).sum() <= distance.min() + 0.002


def test_three_groups_stand_on_three_sides_whatever_that_costs():
    counts = np.array([[34, 0], [33, 0], [33, 0], [0, 90], [0, 5], [0, 5]])
    for seed in range(5):
        parts = dealing.assign_groups(counts, splits.FRACTIONS, seed)
        assert set(parts[:3]) == set(parts[3:]) == {0, 1, 2}
        assert parts[3] == 0
