"""What `genrekit corpus check` says on a terminal: of each kind of fault the number, and what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any


@dataclasses.dataclass(frozen=True)
class Finding:
    """One kind of fault.

    Attributes:
        key: in the JSON; its value is a list, empty where all is well.
        title: what the files have, after their number.
        advice: what to do about it.
        line: an entry of the list -> a line of text.
    """

    key: str
    title: str
    advice: str
    line: Callable[[Any], str]


FINDINGS = (
    Finding(
        "unusable",
        "unusable",
        "training leaves them out; repair, replace or remove them",
        "{file}: {reason}".format_map,
    ),
    Finding(
        "damaged",
        "damaged but readable",
        "they train as far as they can be read; better replace them",
        "{file}: {reason}".format_map,
    ),
    Finding(
        "duplicates",
        "groups of files with the same content",
        "keep one of each, else a split by track may put copies on two sides",
        ", ".join,
    ),
    Finding(
        "near_duplicates",
        "pairs of the same recording",
        "listen to them and keep one, or keep both on one side of the split",
        "{files[0]} = {files[1]}: similarity {similarity}, {apart_s} s apart".format_map,
    ),
    Finding(
        "silent",
        "with long silence",
        "cut it out or remove them, for silence has no genre",
        "{file}: {silent_s} of {seconds} s".format_map,
    ),
    Finding(
        "clipped",
        "clipped",
        "find a better copy, or record at a lower level",
        lambda row: f"{row['file']}: {row['fraction']:.2%} of the samples",
    ),
    Finding(
        "rates",
        "of another sample rate than most",
        "genrekit resamples them; make sure that the rate does not follow the genre",
        "{file}: {rate} Hz, most have {usual} Hz".format_map,
    ),
    Finding(
        "narrow",
        "whose spectrum ends far below half their rate",
        "they were upsampled or heavily compressed; find the originals, or treat all genres alike",
        "{file}: nothing above {bandwidth_hz} Hz at {rate} Hz".format_map,
    ),
    Finding(
        "channels",
        "of another channel count than most",
        "genrekit mixes them down; make sure that the count does not follow the genre",
        "{file}: {channels}, most have {usual}".format_map,
    ),
    Finding(
        "lengths",
        "of unusual length",
        "a track counts by its length in training; cut long ones",
        "{file}: {seconds} s, the median is {usual} s".format_map,
    ),
    Finding(
        "unbalanced",
        "genres of unusual size",
        "add tracks to small ones, or leave tracks of large ones out",
        "{genre}: {tracks} tracks, the median is {usual}".format_map,
    ),
    Finding(
        "too_small",
        "genres with too few usable tracks for a split by track",
        "add tracks, or leave the genre out",
        "{genre}: {usable}, at least {needed} needed".format_map,
    ),
)


def report(result: dict[str, Any], longest: int = 10) -> Iterator[str]:
    """Lines for a terminal: counts, then each kind of fault with its number, what to do, and its first entries.

    Args:
        result: from `check`.
        longest: entries shown of each kind.
    """
    yield f"{result['tracks']} tracks, {result['seconds'] / 60:.1f} minutes"
    yield from (f"  {genre}: {count}" for genre, count in result["genres"].items())
    for finding in FINDINGS:
        rows = _entries(result, finding.key)
        if rows:
            yield f"{len(rows)} {finding.title}: {finding.advice}"
            yield from (f"  {finding.line(row)}" for row in rows[:longest])
            if len(rows) > longest:
                yield f"  and {len(rows) - longest} more, all with --json"
    if not any(result[finding.key] for finding in FINDINGS):
        yield "nothing found that speaks against training on it"


def _entries(result: dict[str, Any], key: str) -> list[Any]:
    if key != "near_duplicates":
        entries: list[Any] = result[key]
        return entries
    pairs = zip(result[key], result["near_duplicate_matches"], strict=True)
    return [{"files": files, "apart_s": abs(match["shift_s"]), **match} for files, match in pairs]
