"""Which segments train, which validate, which test.

Segments of one track on two sides flatter the result: the model has heard the song. Only ``segment`` allows it,
because the paper did so. Songs of one artist on two sides flatter it less; only ``artist`` rules that out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...runtime import MfccConfig
from ...runtime.errors import CorpusError, MissingFileError, ParameterError
from ..corpus.scan import Corpus
from ..corpus.segments import Segments
from . import artists
from .group_split import deal_groups, totals
from .track_lists import Row, file_rows, of_track, packaged_rows

PARTS = ("train", "validation", "test")
RANDOM = ("segment", "track", "artist")  # which follow from a seed
METHODS = (*RANDOM, "fault-filtered")
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2  # of what is not test
SHARES = np.array([(1 - TEST_SHARE) * (1 - VALIDATION_SHARE), (1 - TEST_SHARE) * VALIDATION_SHARE, TEST_SHARE])
COLUMNS = ("track", "part")
LEAK = "segments of one track stand on both sides, which flatters the result"


def leaks(split: str) -> bool:
    """Whether segments of one track may stand on two sides of `split`."""
    return split == "segment"


def caveat(split: str | None) -> str:
    """What stands behind an accuracy wherever one is shown: nothing unless `split` leaks."""
    return " (segments of one track on both sides: flattered)" if split and leaks(split) else ""


def require_known(split: str | None) -> None:
    """Raises MissingFileError where `split` is neither a method's name nor a file; None stands for a default."""
    if split is not None and split not in METHODS and not Path(split).is_file():
        raise MissingFileError(
            f"split={split}: expected one of {', '.join(METHODS)}, or a CSV file with a header track,part; found none"
        )


def require_seed(seed: int | None) -> None:
    """Raises ParameterError outside of what Keras takes, 0 to 2^32 - 1; None stands for a default."""
    if seed is not None and not 0 <= seed < 2**32:
        raise ParameterError(f"seed={seed}: expected 0 to {2**32 - 1}; choose another number")


def assign(segments: Segments, split: str, seed: int) -> np.ndarray:
    """The part of each segment: str [shape=(segments,)], one of `PARTS`, or "" where the split leaves it out.

    Args:
        segments: what is to be divided.
        split: ``segment`` (the paper's: 80 (80, 20) / 20 at random), ``track`` (the same by track, in each genre),
            ``artist`` (as near to that as possible with all tracks of an artist on one side; see `artists`),
            ``fault-filtered`` (Kereliuk and Sturm's lists of GTZAN tracks), or a CSV file with a header
            ``track,part``.
        seed: of the random ones.

    Raises:
        MissingFileError, CorpusError: no such file, or a part or a genre would be left without tracks.
    """
    if split == "segment":
        parts = _by_segment(len(segments.labels), seed)
    elif split == "track":
        parts = _by_track(segments, seed)
    elif split == "artist":
        parts = _by_artist(segments, seed)
    else:
        listed = _fault_filtered() if split == "fault-filtered" else _read_file(Path(split))
        parts = _by_list(segments, listed, split)
    _require_parts(segments, parts, split)
    return parts


def fingerprint(parts: np.ndarray) -> str:
    """SHA-256 over the part of each segment, in hexadecimal; `parts` from `assign`."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def require_possible(corpus: Corpus, split: str, seed: int) -> None:
    """Raises what `assign` would raise even if every track could be used: to be asked before audio is read."""
    if split != "segment":  # of which a track gives several, nobody knows how many
        assign(outline(corpus), split, seed)


def outline(corpus: Corpus) -> Segments:
    """One segment without features for each track: what splits need to know of a corpus."""
    config, count = MfccConfig(), len(corpus.tracks)
    labels = np.array([corpus.labels.index(track.genre) for track in corpus.tracks])
    features = np.empty((count, 0, config.n_mfcc), np.float32)
    return Segments(corpus, config, features, labels, np.arange(count), np.zeros(count, np.int64), ())


def repeats_apart(segments: Segments, parts: np.ndarray) -> list[tuple[str, str]]:
    """Names of tracks with the same audio, sample by sample, of which each stands in another of `parts`."""
    used, first = np.unique(segments.tracks, return_index=True)
    seen: dict[bytes, int] = {}
    found = []
    for track, row in zip(used, first, strict=True):
        content = hashlib.sha256(segments.features[segments.tracks == track].tobytes()).digest()
        other = seen.setdefault(content, row)
        if "" not in (parts[row], parts[other]) and parts[row] != parts[other]:
            found.append(tuple(segments.corpus.tracks[segments.tracks[index]].name for index in (other, row)))
    return found


def repeat_caveat(repeat: tuple[str, str]) -> str:
    """What stands beside an accuracy for a pair of `repeats_apart`."""
    first, second = repeat
    return f"{first} and {second} hold the same audio but stand on two sides of the split, which flatters the result"


def _deal(count: int, generator: np.random.Generator) -> np.ndarray:
    """A random part for each of `count` things: at least one test and one validation."""
    test = max(1, round(TEST_SHARE * count))
    validation = max(1, round(VALIDATION_SHARE * (count - test)))
    parts = np.array(["test"] * test + ["validation"] * validation + ["train"] * max(0, count - test - validation))
    return generator.permutation(parts)


def _by_segment(count: int, seed: int) -> np.ndarray:
    return _deal(count, np.random.default_rng(seed))


def _by_track(segments: Segments, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    part_of_track = {}
    for label, genre in enumerate(segments.corpus.labels):
        tracks = np.unique(segments.tracks[segments.labels == label])
        if len(tracks) < len(PARTS):
            raise CorpusError(
                f"{segments.corpus.folder / genre}: expected at least {len(PARTS)} usable tracks to split by track, "
                f"found {len(tracks)}; add tracks, or leave the genre out"
            )
        part_of_track.update(zip(tracks, _deal(len(tracks), generator), strict=True))
    return np.array([part_of_track[track] for track in segments.tracks])


def _by_artist(segments: Segments, seed: int) -> np.ndarray:
    used, first = np.unique(segments.tracks, return_index=True)
    labels = segments.labels[first]
    all_known = artists.artists_of(segments.corpus)
    known = [all_known[track] for track in used]
    groups = artists.groups(known)
    counts = np.zeros((groups.max() + 1, len(segments.corpus.labels)), np.int64)
    np.add.at(counts, (groups, labels), 1)
    for label in np.flatnonzero(np.count_nonzero(counts, axis=0) < len(PARTS)):
        names = sorted({name for track in np.flatnonzero(labels == label) for name in known[track]})
        raise _too_few_artists(segments.corpus, label, f"only {', '.join(names) or 'tracks whose artists are unknown'}")
    parts = deal_groups(counts, SHARES, seed)
    for label in np.flatnonzero((totals(counts, parts, len(PARTS)) == 0).any(axis=0)):
        raise _too_few_artists(segments.corpus, label, "some that also play in other genres")
    return np.array(PARTS)[parts[groups[np.searchsorted(used, segments.tracks)]]]


def _too_few_artists(corpus: Corpus, label: int, found: str) -> CorpusError:
    return CorpusError(
        f"{corpus.folder / corpus.labels[label]}: expected at least {len(PARTS)} artists without a common track to "
        f"split by artist, found {found}; add tracks by others, leave the genre out, or take --split track"
    )


def _by_list(segments: Segments, listed: dict[str, str], split: str) -> np.ndarray:
    tracks = segments.corpus.tracks
    parts = [of_track(listed, track) or "" for track in tracks]
    if tracks and not any(parts):
        raise CorpusError(
            f"split={split}: expected tracks of {segments.corpus.folder}, such as {tracks[0].name}, found "
            + (f"others, such as {next(iter(listed))}" if listed else "none")
            + "; name them in the list as their files, or take another split"
        )
    return np.array([parts[track] for track in segments.tracks])


def _fault_filtered() -> dict[str, str]:
    return _parts(packaged_rows("fault_filtered.csv", COLUMNS), "fault-filtered")


def _read_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise MissingFileError(
            f"split={path}: expected one of {', '.join(METHODS)}, or a CSV file with a header track,part; found neither"
        )
    return _parts(file_rows(path, COLUMNS), str(path))


def _parts(rows: Iterable[Row], source: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for line, row in rows:
        if row["part"] not in PARTS:
            raise CorpusError(f"{source}, line {line}: part={row['part']}: expected {', '.join(PARTS)}")
        if parts.setdefault(row["track"], row["part"]) != row["part"]:
            raise CorpusError(f"{source}, line {line}: track={row['track']}: expected in one part only")
    return parts


def _require_parts(segments: Segments, parts: np.ndarray, split: str) -> None:
    counts = {part: int((parts == part).sum()) for part in PARTS}
    trained = {segments.corpus.labels[label] for label in segments.labels[parts == "train"]}
    missing = sorted(set(segments.corpus.labels) - trained)
    if missing or not all(counts.values()):
        raise CorpusError(
            f"split={split}: expected segments in each part and each genre in training; {segments.corpus.folder} gives "
            + ", ".join(f"{count} {part}" for part, count in counts.items())
            + (f", and no {', '.join(missing)} in training" if missing else "")
            + "; take another split or a larger corpus"
        )
