"""What is wrong with a corpus, in numbers; report.py says it in words."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...runtime import MfccConfig
from ...runtime.audio import CUT_SHORT
from ...runtime.audio_warnings import CLIPPED_FRACTION
from ..compute import Executor, Processes, in_order
from ..corpus.extraction import LOST, why_unusable
from ..corpus.front_ends import differences
from ..corpus.scan import Corpus
from ..corpus.suggestion import Clip, suggest
from ..splits.assign import SUBSETS
from .near_duplicates import near_duplicates
from .track_audit import TrackFacts, examine

NARROW = 0.7  # of half the rate, below which a spectrum that ends in a cliff speaks of upsampling; MP3 ends at 0.73
UNUSUAL_RATIO = 2.0  # of a track's length, or a genre's tracks, to the median

Rows = list[dict[str, Any]]
AuditedTracks = Sequence[tuple[str, TrackFacts]]


def check(
    corpus: Corpus,
    executor: Executor = Processes(),  # noqa: B008 (frozen)
    progress: Callable[..., None] | None = None,
) -> dict[str, Any]:
    """What `genrekit corpus check --json` prints.

    `progress` is called with (files read, files), then with (comparisons done, comparisons, what is done).
    """

    def lost(path: Path) -> TrackFacts:
        return TrackFacts(error=f"{path}: {LOST}")

    names = [corpus.relative(track.path) for track in corpus.tracks]
    facts: list[TrackFacts] = []
    for fact in in_order(executor.results(examine, [track.path for track in corpus.tracks], lost)):
        facts.append(fact)
        if progress:
            progress(len(facts), len(names))
    everything = list(zip(names, facts, strict=True))
    readable = [(name, fact) for name, fact in everything if fact.error is None]
    genres = collections.Counter(track.genre for track in corpus.tracks)
    clips = [Clip(fact.seconds, fact.rate) for _, fact in readable if fact.seconds]
    config = suggest(clips)
    unusable = _unusable(everything, config)
    by_content: dict[bytes, list[str]] = {}
    for name, fact in everything:
        if fact.content:
            by_content.setdefault(fact.content, []).append(name)
    return {
        "tracks": len(corpus.tracks),
        "genres": {label: genres[label] for label in corpus.labels},
        "seconds": round(sum(fact.seconds for _, fact in readable), 3),
        "unusable": unusable,
        "duplicates": [files for files in by_content.values() if len(files) > 1],
        "suggested_front_end": differences(config),
        **_near_duplicates(readable, progress),
        "padded": _padded(readable, config),
        **_levels(readable),
        **_formats(readable),
        "unbalanced": _unusual([{"genre": genre, "tracks": genres[genre]} for genre in corpus.labels], "tracks"),
        "too_small": _too_small(corpus, {row["file"] for row in unusable}),
        "demo": corpus.demo,
    }


def _too_small(corpus: Corpus, unusable: set[str]) -> Rows:
    """The genres that cannot stand in each part of a split by track."""
    usable = collections.Counter(track.genre for track in corpus.tracks if corpus.relative(track.path) not in unusable)
    return [
        {"genre": genre, "usable": usable[genre], "needed": len(SUBSETS)}
        for genre in corpus.labels
        if usable[genre] < len(SUBSETS)
    ]


def _unusable(everything: AuditedTracks, config: MfccConfig) -> Rows:
    """What training with this front end would leave out."""
    found = []
    for name, fact in everything:
        if reason := fact.error or why_unusable(fact.invalid_samples, _samples(fact, config), config):
            found.append({"file": name, "reason": reason})
    return found


def _padded(readable: AuditedTracks, config: MfccConfig) -> Rows:
    """What training with this front end would pad with silence."""
    return [
        {"file": name, "seconds": round(fact.seconds, 3), "window_s": config.window_s}
        for name, fact in readable
        if not why_unusable(fact.invalid_samples, _samples(fact, config), config)
        and _samples(fact, config) < config.window_samples
    ]


def _samples(fact: TrackFacts, config: MfccConfig) -> int:
    return round(fact.seconds * config.sample_rate)


def _near_duplicates(readable: AuditedTracks, progress: Callable[..., None] | None) -> dict[str, list[Any]]:
    """Pairs of files, and in the same order what they have in common; of exact duplicates the first is compared."""
    different = list({fact.content: (name, fact) for name, fact in reversed(readable)}.values())[::-1]
    names = [name for name, _ in different]
    matches = near_duplicates(
        [fact.fingerprint for _, fact in different],
        progress and (lambda done, total: progress(done, total, "comparing")),
    )
    return {
        "near_duplicates": [[names[match.first], names[match.second]] for match in matches],
        "near_duplicate_matches": [
            {"similarity": round(match.similarity, 3), "shift_s": round(match.shift_s, 2)} for match in matches
        ],
    }


def _levels(readable: AuditedTracks) -> dict[str, Rows]:
    return {
        "damaged": [{"file": name, "reason": CUT_SHORT} for name, fact in readable if fact.cut_short],
        "silent": [
            {"file": name, "silent_s": round(fact.silent_s, 1), "seconds": round(fact.seconds, 1)}
            for name, fact in readable
            if fact.silent_s
        ],
        "clipped": [
            {"file": name, "fraction": round(fact.clipped, 5)}
            for name, fact in readable
            if fact.clipped >= CLIPPED_FRACTION
        ],
    }


def _formats(readable: AuditedTracks) -> dict[str, Rows]:
    return {
        "rates": _uncommon([{"file": name, "rate": fact.rate} for name, fact in readable], "rate"),
        "narrow": [
            {"file": name, "rate": fact.rate, "bandwidth_hz": round(fact.bandwidth_hz)}
            for name, fact in readable
            if fact.bandwidth_hz < NARROW * fact.rate / 2
        ],
        "channels": _uncommon([{"file": name, "channels": fact.channels} for name, fact in readable], "channels"),
        "lengths": _unusual([{"file": name, "seconds": round(fact.seconds, 1)} for name, fact in readable], "seconds"),
    }


def _uncommon(rows: Rows, what: str) -> Rows:
    """The rows whose value is not the most common one."""
    if not rows:
        return []
    usual = statistics.mode(row[what] for row in rows)
    return [{**row, "usual": usual} for row in rows if row[what] != usual]


def _unusual(rows: Rows, what: str) -> Rows:
    """The rows whose value is less than half of the median, or more than twice that."""
    if not rows:
        return []
    usual = statistics.median_high(row[what] for row in rows)
    return [
        {**row, "usual": usual}
        for row in rows
        if row[what] * UNUSUAL_RATIO < usual or row[what] > usual * UNUSUAL_RATIO
    ]
