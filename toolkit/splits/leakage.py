"""Leakage: where a model is measured on what it was trained on, or on nearly that.

All that the toolkit knows of it: segments of one track in several subsets, copies of a track in several subsets, and
models whose training divided the corpus in another way than the measurement does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ...runtime import ModelDescription
from ..corpus.segments import Segments
from .assign import SUBSETS, subsets_digest

LEAK = "segments of one track stand on both sides, which flatters the result"
UNNAMED = ""  # the subset of what a split leaves out


def leaks(split: str) -> bool:
    """Whether segments of one track may stand in two subsets of `split`."""
    return split == "segment"


def caveat(split: str | None) -> str:
    """What stands behind an accuracy wherever one is shown: nothing unless `split` leaks."""
    return " (segments of one track on both sides: flattered)" if split and leaks(split) else ""


def segments_leak(tracks: np.ndarray, subsets: np.ndarray) -> bool:
    """Whether a track with segments in training has others in validation or test; both [shape=(segments,)]."""
    held_out = tracks[np.isin(subsets, ("validation", "test"))]
    return bool(np.isin(held_out, tracks[subsets == "train"]).any())


def duplicates_apart(segments: Segments, subsets: np.ndarray) -> list[tuple[str, str]]:
    """Names of tracks with the same audio, sample by sample, that stand in different subsets."""
    used, first = np.unique(segments.tracks, return_index=True)
    seen: dict[bytes, int] = {}
    found = []
    for track, row in zip(used, first, strict=True):
        content = hashlib.sha256(segments.features[segments.tracks == track].tobytes()).digest()
        other = seen.setdefault(content, row)
        if UNNAMED not in (subsets[row], subsets[other]) and subsets[row] != subsets[other]:
            found.append((_name(segments, other), _name(segments, row)))
    return found


def _name(segments: Segments, segment: int) -> str:
    return segments.corpus.tracks[int(segments.tracks[segment])].name


def merged_duplicates(runs: Iterable[Sequence[tuple[str, str]]]) -> tuple[tuple[str, str], ...]:
    """The `duplicates_apart` of several runs, each pair once."""
    return tuple(sorted({pair for pairs in runs for pair in pairs}))


def duplicate_caveat(pair: tuple[str, str]) -> str:
    """What stands beside an accuracy for a pair of `duplicates_apart`."""
    first, second = pair
    return f"{first} and {second} hold the same audio but stand on two sides of the split, which flatters the result"


def split_notes(segments: Segments, subsets: np.ndarray, split: str) -> Iterator[str]:
    """Sentences on a split: genres that a part lacks, what flatters the result, how many tracks it leaves out."""
    for subset in SUBSETS:
        if missing := sorted(set(segments.corpus.labels) - _genres(segments, subsets == subset)):
            yield f"the {subset} part holds no {', '.join(missing)}, of which its figures say nothing"
    if leaks(split):
        yield f"split by segment: {LEAK}"
        return
    if left_out := len(np.unique(segments.tracks[subsets == UNNAMED])):
        yield f"{left_out} of {len(np.unique(segments.tracks))} tracks stand in no part: {split} does not name them"
    for pair in duplicates_apart(segments, subsets):
        yield f"{duplicate_caveat(pair)}: remove one of them; genrekit corpus check finds near duplicates too"


def _genres(segments: Segments, chosen: np.ndarray) -> set[str]:
    return {segments.corpus.labels[label] for label in np.unique(segments.labels[chosen])}


def overlap_note(description: ModelDescription, segments: Segments, subsets: np.ndarray) -> str | None:
    """A sentence where the model's training may have held segments of any subset that is measured; else None."""
    if not _same_corpus(description, segments):
        return (
            f"trained on {description.corpus.name or 'an unknown corpus'}, measured on another corpus: none of "
            "the parts below was its training part, unless both hold the same tracks"
        )
    if _same_subsets(description, subsets):
        return None
    return (
        f"trained with split {description.split}, seed {description.seed or 0}: other parts than here, so that tracks "
        "of every part below may have been in training, which flatters the result"
    )


def overlaps_training(description: ModelDescription, segments: Segments, subsets: np.ndarray, split: str) -> bool:
    """Whether tracks of the test subset may have been in the training of the described model."""
    return _same_corpus(description, segments) and (leaks(split) or not _same_subsets(description, subsets))


def _same_corpus(description: ModelDescription, segments: Segments) -> bool:
    return description.corpus.fingerprint == segments.corpus.fingerprint


def _same_subsets(description: ModelDescription, subsets: np.ndarray) -> bool:
    """Whether the model's training divided the corpus into these, however the split was named."""
    return description.corpus.parts == subsets_digest(subsets)
