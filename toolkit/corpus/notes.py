"""What is to be said of a corpus' segments before anything is learnt from them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from .front_ends import OPTIONS, as_options
from .segments import Segments, too_short
from .suggestion import headers, longest_window, suggest

# By how much a class must stand apart from the others in its fraction of padded tracks to be named.
APART = 0.1
DEVIATIONS = 3.0  # standard errors of the difference, which chance reaches once in 370 times


def segment_notes(segments: Segments) -> Iterator[str]:
    """Sentences on files that are shorter than a window, and on those whose rate is below the front end's."""
    yield from _lengths(segments)
    yield from _low_rates(segments)


def _lengths(segments: Segments) -> Iterator[str]:
    config, tracks, reason = segments.config, segments.corpus.tracks, too_short(segments.config)
    short, padded = sum(item.reason == reason for item in segments.unusable), int(segments.padded.sum())
    if short:
        yield f"{short} of {len(tracks)} files were left out: {reason}"
    if padded:
        yield f"{padded} of {len(segments.padded)} segments were padded with silence"
    if short or padded:
        fitting = suggest(list(headers(track.path for track in tracks)))
        if fitting.window_s < config.window_s:
            yield f"a window of {config.window_s:g} s is longer than many files; train with {as_options(fitting)}"
    if apart := padded_apart(segments):
        fractions = ", ".join(f"{fraction:.0%} of {label}" for label, fraction in apart.items())
        used = list(headers(tracks[index].path for index in np.unique(segments.tracks)))
        yield (
            f"padded tracks: {fractions}, so that the length may tell the class; train with a window that all of them "
            f"hold, such as {OPTIONS['window_s']} {longest_window(used, 1.0):g}"
        )


def padded_apart(segments: Segments) -> dict[str, float]:
    """The fraction of padded tracks, in [0, 1], of each class that stands clearly apart from the others in it."""
    _, first = np.unique(segments.tracks, return_index=True)
    padded, labels = segments.padded[first], segments.labels[first]
    deviation = np.sqrt(padded.mean() * (1 - padded.mean()))
    found = {}
    for index, label in enumerate(segments.corpus.labels):
        own, others = padded[labels == index], padded[labels != index]
        error = deviation * np.sqrt(1 / len(own) + 1 / len(others))
        if abs(own.mean() - others.mean()) > max(APART, DEVIATIONS * error):
            found[label] = float(own.mean())
    return found


def _low_rates(segments: Segments) -> Iterator[str]:
    rate, lower = segments.config.sample_rate, segments.rates[segments.rates < segments.config.sample_rate].tolist()
    if lower:
        usual = statistics.mode(lower)
        most = 2 * len(lower) > len(segments.rates)
        remedy = f"train with {OPTIONS['sample_rate']} {usual}" if most else "make sure that it does not tell the class"
        yield (
            f"sample_rate={rate}: {len(lower)} of {len(segments.rates)} files have a lower rate (most of them {usual} "
            f"Hz), above half of which they hold nothing; {remedy}"
        )
