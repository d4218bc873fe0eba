"""Doubts about figures: pure functions of the results, each a warning with the numbers and a remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

FEW_RUNS = 100
WIDE_SPREAD = 0.10  # interquartile range over median
SLOW_FIRST_CALL = 10.0  # first call over median
LOW_AGREEMENT = 0.95
SLOWER = 1.05  # quantised over float, by median
QUANTISED = ("dynamic", "int8")


@dataclasses.dataclass(frozen=True)
class Finding:
    """A reason not to trust a figure.

    Attributes:
        kind: a word for programs.
        text: for people: the numbers, and what to do.
    """

    kind: str
    text: str


def findings(row: dict[str, Any], bench: dict[str, Any]) -> list[Finding]:
    """All doubts about one row of the results, in the light of the whole bench JSON."""
    if row.get("error"):
        return []
    return [finding for check in CHECKS for finding in check(row, bench)]


def _timing(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that checks of times look at: the clip's, or the front end's where it is alone."""
    return row["clip_ms"] or row["front_end_ms"]


def _few_runs(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if (n := _timing(row)["n"]) < FEW_RUNS:
        yield Finding("few-runs", f"{n} timed calls; p90 and p99 need at least {FEW_RUNS}: use --runs {FEW_RUNS}")


def _spread(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    spread = _timing(row)["iqr"] / _timing(row)["p50"]
    if spread > WIDE_SPREAD:
        yield Finding(
            "spread",
            f"the middle half of the calls spreads over {spread:.0%} of the median (at most {WIDE_SPREAD:.0%} is "
            "steady): close other programs and measure again with more --runs",
        )


def _first_call(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    ratio = row["first_call_ms"] / _timing(row)["p50"]
    if ratio > SLOW_FIRST_CALL:
        yield Finding(
            "first-call",
            f"the first call took {row['first_call_ms']:.1f} ms, {ratio:.0f} times the median: classify one silent "
            "clip at start-up, before audio comes in",
        )


def _cold_start(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if "cold_start_error" in row:
        yield Finding("cold-start", f"the cold start was not measured: {row['cold_start_error']}")


def _governor(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    governor = bench["machine"]["governor"]
    if governor not in (None, "performance"):
        yield Finding(
            "governor",
            f"the frequency governor is {governor}, so the clock rate changes while measuring: "
            "run `sudo cpupower frequency-set -g performance` first",
        )


def _demo_corpus(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if row["accuracy"] is not None and (bench["clips"]["demo"] or row["trained_on_demo"]):
        yield Finding(
            "demo-corpus",
            "the demo corpus is synthetic: accuracy and agreement on it say nothing about music; train and bench with "
            "--data on a corpus of real tracks",
        )


def _tracks_in_training(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if row["accuracy"] is not None and bench["clips"]["tracks_in_training"]:
        yield Finding(
            "tracks-in-training",
            f"clips of these tracks were used in training (split: {bench['clips']['split']}), so the accuracy is "
            "flattered: train and bench with --split track",
        )


def _no_reference(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if row["accuracy"] is None or row["agreement"] is not None:
        return
    if "reference_error" in row:
        yield Finding("no-reference", f"no agreement with Keras: {row['reference_error']}")
    else:
        yield Finding(
            "no-reference",
            f"no agreement with Keras: no model.keras of {row['model']} was given; keep the run folder of "
            "`genrekit train` beside the models",
        )


def _low_agreement(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if row["agreement"] is not None and row["agreement"] < LOW_AGREEMENT:
        count = bench["clips"]["count"]
        different = round((1 - row["agreement"]) * count)
        yield Finding(
            "low-agreement",
            f"{different} of {count} clips get another label than from Keras ({row['agreement']:.1%} agree): ship "
            "float16, or calibrate on more of the training audio",
        )


def _quantised_slower(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    floating = _float_twin(row, bench) if row["precision"] in QUANTISED else None
    if floating is None:
        return
    ratio = row["model_ms"]["p50"] / floating["model_ms"]["p50"]
    if ratio > SLOWER:
        yield Finding(
            "quantised-slower",
            f"{row['precision']} takes {ratio:.1f} times as long as {floating['file']} on this machine "
            f"({row['model_ms']['p50']:.3f} against {floating['model_ms']['p50']:.3f} ms): measure on the device, and "
            "ship the float file where memory allows",
        )


def _float_twin(row: dict[str, Any], bench: dict[str, Any]) -> dict[str, Any] | None:
    """The float32 row of the same model, format, engine and threads."""
    same = ("model", "format", "engine", "threads")
    for other in bench["results"]:
        if other["precision"] == "float32" and other["model_ms"] and all(other[key] == row[key] for key in same):
            return other
    return None


CHECKS = (
    _few_runs,
    _spread,
    _first_call,
    _quantised_slower,
    _low_agreement,
    _no_reference,
    _cold_start,
    _governor,
    _tracks_in_training,
    _demo_corpus,
)
