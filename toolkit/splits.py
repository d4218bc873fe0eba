"""Which segments train, which validate, which test.

Segments of one track on two sides flatter the result: the model has heard the song. Only ``segment`` allows it,
because the paper did so.
"""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import numpy as np

from ..runtime.errors import CorpusError, MissingFileError, ParameterError
from .corpus import Segments

PARTS = ("train", "validation", "test")
METHODS = ("segment", "track", "fault-filtered")
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2  # of what is not test


def leaks(split: str) -> bool:
    """Whether segments of one track may stand on two sides of `split`."""
    return split == "segment"


def require_known(split: str | None) -> None:
    """Raises MissingFileError where `split` is neither a method's name nor a file; None stands for a default."""
    if split is not None and split not in METHODS and not Path(split).is_file():
        raise MissingFileError(
            f"split={split}: expected one of {', '.join(METHODS)}, or a CSV file with a header track,part; found none"
        )


def require_seed(seed: int | None) -> None:
    """Raises ParameterError below 0; None stands for a default."""
    if seed is not None and seed < 0:
        raise ParameterError(f"seed={seed}: expected 0 or more; choose another number")


def assign(segments: Segments, split: str, seed: int) -> np.ndarray:
    """The part of each segment: str [shape=(segments,)], one of `PARTS`, or "" where the split leaves it out.

    Args:
        segments: what is to be divided.
        split: ``segment`` (the paper's: 80 (80, 20) / 20 at random), ``track`` (the same by track, in each genre),
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
    else:
        parts = _by_list(segments, _fault_filtered() if split == "fault-filtered" else _read_file(Path(split)))
    _require_parts(segments, parts, split)
    return parts


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


def _by_list(segments: Segments, part_of_name: dict[str, str]) -> np.ndarray:
    names = [track.name for track in segments.corpus.tracks]
    return np.array([part_of_name.get(names[track], "") for track in segments.tracks])


def _fault_filtered() -> dict[str, str]:
    lists = resources.files(__package__) / "split_lists" / "fault_filtered.csv"
    return _parse(lists.read_text(), "fault-filtered")


def _read_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise MissingFileError(
            f"split={path}: expected one of {', '.join(METHODS)}, or a CSV file with a header track,part; found neither"
        )
    try:
        return _parse(path.read_text(), str(path))
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: expected a CSV text file with a header track,part") from error


def _parse(text: str, source: str) -> dict[str, str]:
    reader = csv.DictReader(text.splitlines())
    if not {"track", "part"} <= set(reader.fieldnames or ()):
        raise CorpusError(f"{source}: header={reader.fieldnames}: expected track,part")
    parts: dict[str, str] = {}
    for row in reader:
        if row["part"] not in PARTS:
            raise CorpusError(f"{source}, line {reader.line_num}: part={row['part']}: expected {', '.join(PARTS)}")
        if parts.setdefault(row["track"], row["part"]) != row["part"]:
            raise CorpusError(f"{source}, line {reader.line_num}: track={row['track']}: expected in one part only")
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
