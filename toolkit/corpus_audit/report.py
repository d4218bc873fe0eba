"""What `genrekit corpus check` says on a terminal: of each kind of fault the number, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...runtime import MfccConfig
from ..corpus.front_ends import as_options

# Of each kind of fault, by its key in the JSON: what the files have and what to do about it; a line for each.
FINDINGS = {
    "unusable": ("unusable: training leaves them out; repair, replace or remove them", "{file}: {reason}"),
    "padded": (
        "shorter than a window: training pads them with silence; make sure that the length does not tell the genre",
        "{file}: {seconds} s, a window is {window_s} s",
    ),
    "damaged": ("damaged but readable: they train as far as they can be read; better replace them", "{file}: {reason}"),
    "duplicates": (
        "groups of files with the same content: keep one of each, else a split by track may put copies on two sides",
        "{files}",
    ),
    "near_duplicates": (
        "pairs of the same recording: listen to them and keep one, or keep both on one side of the split",
        "{files[0]} = {files[1]}: similarity {similarity}, {apart_s} s apart",
    ),
    "silent": (
        "with long silence: cut it out or remove them, for silence has no genre",
        "{file}: {silent_s} of {seconds} s",
    ),
    "clipped": ("clipped: find a better copy, or record at a lower level", "{file}: {fraction:.2%} of the samples"),
    "rates": (
        "of another sample rate than most: genrekit resamples them; make sure that the rate does not follow the genre",
        "{file}: {rate} Hz, most have {usual} Hz",
    ),
    "narrow": (
        "whose spectrum ends far below half their rate: they were upsampled or heavily compressed; "
        "find the originals, or treat all genres alike",
        "{file}: nothing above {bandwidth_hz} Hz at {rate} Hz",
    ),
    "channels": (
        "of another channel count than most: genrekit mixes them down; "
        "make sure that the count does not follow the genre",
        "{file}: {channels}, most have {usual}",
    ),
    "lengths": (
        "of unusual length: a track counts by its length in training; cut long ones",
        "{file}: {seconds} s, the median is {usual} s",
    ),
    "unbalanced": (
        "genres of unusual size: add tracks to small ones, or leave tracks of large ones out",
        "{genre}: {tracks} tracks, the median is {usual}",
    ),
    "too_small": (
        "genres with too few usable tracks for a split by track: add tracks, or leave the genre out",
        "{genre}: {usable}, at least {needed} needed",
    ),
}


def report(result: dict[str, Any], longest: int = 10) -> Iterator[str]:
    """Lines for a terminal: counts, then each kind of fault with its number, what to do, and its first entries."""
    yield f"{result['tracks']} tracks, {result['seconds'] / 60:.1f} minutes"
    yield from (f"  {genre}: {count}" for genre, count in result["genres"].items())
    yield f"train with {as_options(MfccConfig(**result['suggested_front_end']))}, which fits their lengths and rates"
    found = {key: _entries(result, key) for key in FINDINGS}
    for key, (sentence, line) in FINDINGS.items():
        if rows := found[key]:
            yield f"{len(rows)} {sentence}"
            yield from (f"  {line.format_map(row)}" for row in rows[:longest])
            if len(rows) > longest:
                yield f"  and {len(rows) - longest} more, all with --json"
    if not any(found.values()):
        yield "nothing found that speaks against training on it"


def _entries(result: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The values that stand in a line of each."""
    rows: list[Any] = result[key]
    if key == "duplicates":
        return [{"files": ", ".join(files)} for files in rows]
    if key != "near_duplicates":
        return rows
    pairs = zip(rows, result["near_duplicate_matches"], strict=True)
    return [{"files": files, "apart_s": abs(match["shift_s"]), **match} for files, match in pairs]
