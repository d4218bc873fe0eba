"""Which segments train, which validate, which test.

Segments of one track in two subsets flatter the result: the model knows the song. Only ``segment`` allows it, because
the paper did so (see `leakage`). Songs of one artist in two subsets flatter it less; only ``artist`` rules that out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...runtime import MfccConfig
from ...runtime.errors import CorpusError, MissingFileError, ParameterError
from ...runtime.util.regular import not_a_file
from ..corpus.scan import Corpus
from ..corpus.segments import Segments
from ..corpus.tables import Row
from . import artists
from .group_split import assign_groups, totals
from .track_lists import file_rows, of_track, packaged_rows

SUBSETS = ("train", "validation", "test")
RANDOM = ("segment", "track", "artist")  # which follow from a seed
METHODS = (*RANDOM, "fault-filtered")
TEST_FRACTION = 0.2
VALIDATION_FRACTION = 0.2  # of what is not test
TRAIN_FRACTION = (1 - TEST_FRACTION) * (1 - VALIDATION_FRACTION)
FRACTIONS = np.array([TRAIN_FRACTION, (1 - TEST_FRACTION) * VALIDATION_FRACTION, TEST_FRACTION])  # of `SUBSETS`
COLUMNS = ("track", "part")


def require_known(split: str | None) -> None:
    """Raises MissingFileError where `split` is neither a method's name nor a file; None stands for a default."""
    if split is not None and split not in METHODS and (found := not_a_file(split)):
        raise MissingFileError(
            f"split={split}: expected one of {', '.join(METHODS)}, or a CSV file with a header track,part; found "
            f"{found}"
        )


def require_seed(seed: int | None) -> None:
    """Raises ParameterError outside of what Keras takes, 0 to 2^32 - 1; None stands for a default."""
    if seed is not None and not 0 <= seed < 2**32:
        raise ParameterError(f"seed={seed}: expected 0 to {2**32 - 1}; choose another number")


def assign(segments: Segments, split: str, seed: int) -> np.ndarray:
    """The subset of each segment: str [shape=(segments,)], one of `SUBSETS`, or "" where the split leaves it out.

    Args:
        segments: what is to be divided.
        split: ``segment`` (the paper's: 80 (80, 20) / 20 at random), ``track`` (the same by track, in each genre),
            ``artist`` (as near to that as possible with all tracks of an artist on one side; see `artists`),
            ``fault-filtered`` (Kereliuk and Sturm's lists of GTZAN tracks), or a CSV file with a header
            ``track,part``.
        seed: of the random ones.

    Raises:
        MissingFileError, CorpusError: no such file, or a subset or a genre would be left without tracks.
    """
    require_known(split)
    if split == "segment":
        subsets = _at_random(len(segments.labels), np.random.default_rng(seed))
    elif split == "track":
        subsets = _by_track(segments, seed)
    elif split == "artist":
        subsets = _by_artist(segments, seed)
    else:
        packaged = split == "fault-filtered"
        rows = packaged_rows("fault_filtered.csv", COLUMNS) if packaged else file_rows(Path(split), COLUMNS)
        subsets = _by_list(segments, _subset_by_track(rows, split), split)
    _require_subsets(segments, subsets, split)
    return subsets


def subsets_digest(subsets: np.ndarray) -> str:
    """SHA-256 over the subset of each segment, in hexadecimal; `subsets` from `assign`."""
    return hashlib.sha256("\n".join(subsets).encode()).hexdigest()


def require_possible(corpus: Corpus, split: str, seed: int) -> None:
    """Raises what `assign` would raise even if every track could be used: to be asked before audio is read."""
    if split != "segment":  # of which a track gives several, nobody knows how many
        assign(outline(corpus), split, seed)


def outline(corpus: Corpus) -> Segments:
    """One segment without features for each track: what splits need to know of a corpus."""
    config, count = MfccConfig(), len(corpus.tracks)
    labels = np.array([corpus.labels.index(track.genre) for track in corpus.tracks])
    features = np.empty((count, 0, config.n_mfcc), np.float32)
    once, whole = np.zeros(count, np.int64), np.zeros(count, bool)
    return Segments(corpus, config, features, labels, np.arange(count), once, whole, ())


def _at_random(count: int, generator: np.random.Generator) -> np.ndarray:
    """A random subset for each of `count` segments or tracks: at least one test and one validation."""
    test = max(1, round(TEST_FRACTION * count))
    validation = max(1, round(VALIDATION_FRACTION * (count - test)))
    subsets = np.array(["test"] * test + ["validation"] * validation + ["train"] * max(0, count - test - validation))
    return generator.permutation(subsets)


def _by_track(segments: Segments, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    subset_of_track: dict[int, str] = {}
    for label, genre in enumerate(segments.corpus.labels):
        tracks = np.unique(segments.tracks[segments.labels == label])
        if len(tracks) < len(SUBSETS):
            raise CorpusError(
                f"{segments.corpus.folder / genre}: expected at least {len(SUBSETS)} usable tracks to split by track, "
                f"found {len(tracks)}; add tracks, or leave the genre out"
            )
        subset_of_track.update(zip(tracks, _at_random(len(tracks), generator), strict=True))
    return np.array([subset_of_track[track] for track in segments.tracks])


def _by_artist(segments: Segments, seed: int) -> np.ndarray:
    used, first = np.unique(segments.tracks, return_index=True)
    labels = segments.labels[first]
    artists_of_track = artists.artists_of(segments.corpus)
    names_of = [artists_of_track[track] for track in used]
    groups = artists.groups(names_of)
    counts = np.zeros((groups.max() + 1, len(segments.corpus.labels)), np.int64)
    np.add.at(counts, (groups, labels), 1)
    for label in np.flatnonzero(np.count_nonzero(counts, axis=0) < len(SUBSETS)).tolist():
        names = sorted({name for track in np.flatnonzero(labels == label) for name in names_of[track]})
        raise _too_few_artists(segments.corpus, label, f"only {', '.join(names) or 'tracks whose artists are unknown'}")
    subsets = assign_groups(counts, FRACTIONS, seed)
    for label in np.flatnonzero((totals(counts, subsets, len(SUBSETS)) == 0).any(axis=0)).tolist():
        raise _too_few_artists(segments.corpus, label, "some that also play in other genres")
    of_segment: np.ndarray = np.array(SUBSETS)[subsets[groups[np.searchsorted(used, segments.tracks)]]]
    return of_segment


def _too_few_artists(corpus: Corpus, label: int, found: str) -> CorpusError:
    return CorpusError(
        f"{corpus.folder / corpus.labels[label]}: expected at least {len(SUBSETS)} artists without a common track to "
        f"split by artist, found {found}; add tracks by others, leave the genre out, or take --split track"
    )


def _by_list(segments: Segments, listed: dict[str, str], split: str) -> np.ndarray:
    tracks = segments.corpus.tracks
    subsets = [of_track(listed, track) or "" for track in tracks]
    if tracks and not any(subsets):
        raise CorpusError(
            f"split={split}: expected tracks of {segments.corpus.folder}, such as {tracks[0].name}, found "
            + (f"others, such as {next(iter(listed))}" if listed else "none")
            + "; name them in the list as their files, or take another split"
        )
    return np.array([subsets[track] for track in segments.tracks])


def _subset_by_track(rows: Iterable[Row], source: str) -> dict[str, str]:
    subsets: dict[str, str] = {}
    for line, row in rows:
        if row["part"] not in SUBSETS:
            raise CorpusError(f"{source}, line {line}: part={row['part']}: expected {', '.join(SUBSETS)}")
        if subsets.setdefault(row["track"], row["part"]) != row["part"]:
            raise CorpusError(f"{source}, line {line}: track={row['track']}: expected in one part only")
    return subsets


def _require_subsets(segments: Segments, subsets: np.ndarray, split: str) -> None:
    counts = {subset: int((subsets == subset).sum()) for subset in SUBSETS}
    trained = {segments.corpus.labels[label] for label in segments.labels[subsets == "train"]}
    missing = sorted(set(segments.corpus.labels) - trained)
    if missing or not all(counts.values()):
        raise CorpusError(
            f"split={split}: expected segments in each part and each genre in training; {segments.corpus.folder} gives "
            + ", ".join(f"{count} {subset}" for subset, count in counts.items())
            + (f", and no {', '.join(missing)} in training" if missing else "")
            + "; take another split or a larger corpus"
        )
