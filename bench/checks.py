"""Doubts about figures: pure functions of the results, each a warning with the numbers and a remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from .ratios import SLOWER, ratio_of
from .stats import modes
from .store import TIMES

FEW_RUNS = 100
SHORT_S = 1.0  # that timed calls should last together
FEW_ROUNDS = 3
OTHER_LOAD_CORES = 0.2
FUNCTIONAL_ENGINES = ("micro",)  # whose times on a desk mean nothing
WIDE_SPREAD = 0.10  # interquartile range over median
SLOW_FIRST_CALL = 10.0  # first call over median
LOW_AGREEMENT = 0.95
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
    if not _timing(row):
        return []
    return [finding for check in CHECKS for finding in check(row, bench)]


def _timing(row: dict[str, Any]) -> dict[str, Any] | None:
    """The figures that checks of times look at: the clip's, or the front end's where it is alone."""
    return row["clip_ms"] or row["front_end_ms"]


def _few_runs(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if (n := _timing(row)["n"]) < FEW_RUNS:
        yield Finding("few-runs", f"{n} timed calls; p90 and p99 need at least {FEW_RUNS}: use --runs {FEW_RUNS}")
    elif (seconds := _timed_seconds(row)) < SHORT_S:
        yield Finding(
            "few-runs",
            f"the timed calls last {seconds:.2f} s together, which a moment's disturbance fills: use --seconds "
            f"{SHORT_S:g}",
        )


def _timed_seconds(row: dict[str, Any]) -> float:
    return sum(sum(row[name]["raw"]) for name in TIMES if row.get(name)) / 1000


def _few_rounds(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if (rounds := len(_timing(row).get("round_p50", [0]))) < FEW_ROUNDS:
        yield Finding(
            "few-rounds",
            f"measured in {rounds} process{'es' if rounds > 1 else ''}; one differs from the next, and intervals need "
            f"at least {FEW_ROUNDS}: use --rounds {FEW_ROUNDS}",
        )


def _spread(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    spread = _timing(row)["iqr"] / _timing(row)["p50"]
    if spread > WIDE_SPREAD:
        yield Finding(
            "spread",
            f"the middle half of the calls spreads over {spread:.0%} of the median (at most {WIDE_SPREAD:.0%} is "
            "steady): close other programs and measure again with more --runs",
        )


def _bimodal(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    times = _timing(row)
    found = modes(times["raw"]) if times["n"] >= FEW_RUNS else None
    if found and found[1] / found[0] > 1 + WIDE_SPREAD:
        yield Finding(
            "bimodal",
            f"the calls fall into two groups, around {found[0]:.3g} and {found[1]:.3g} ms, so that a median between "
            "them means nothing: look for a changing clock rate or a program that runs now and then, and keep the "
            "process on one core (taskset -c 1)",
        )


def _rounds_differ(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    medians = _timing(row).get("round_p50", [])
    if len(medians) > 1 and max(medians) / min(medians) > 1 + WIDE_SPREAD:
        yield Finding(
            "rounds-differ",
            f"the medians of the rounds go from {min(medians):.3g} to {max(medians):.3g} ms: the machine or its load "
            "changed meanwhile; trust ratios of one bench more than times, and measure again with more --rounds",
        )


def _other_load(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    load = row.get("other_load_cores")
    if load is not None and load > OTHER_LOAD_CORES:
        yield Finding(
            "other-load",
            f"other programs kept {load:.1f} of {bench['machine']['cores']} cores busy meanwhile (at most "
            f"{OTHER_LOAD_CORES} is quiet): close them and measure again",
        )


def _throttling(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if seen := bench["machine"].get("throttling"):
        yield Finding(
            "throttling",
            f"the machine slowed itself down ({', '.join(seen)}): give it a stronger power supply or better cooling, "
            "let it rest, and measure again",
        )


def _functional_engine(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    if row["engine"] in FUNCTIONAL_ENGINES:
        yield Finding(
            "functional-engine",
            "tflite-micro's reference kernels on a desk: labels and accuracy hold for a microcontroller, times do not; "
            "measure those on the board",
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


def _too_few_windows(row: dict[str, Any], bench: dict[str, Any]) -> Iterator[Finding]:
    for reason in row.get("parity_reasons", ()):
        yield Finding("too-few-windows", f"agreement marked ? is not proven: as it was exported, {reason}")


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
    ratio = ratio_of(row["model_ms"], floating["model_ms"], paired=True)
    if ratio["verdict"] == SLOWER:
        yield Finding(
            "quantised-slower",
            f"{row['precision']} takes {ratio['ratio']:.2f} times as long as {floating['file']} on this machine "
            f"({row['model_ms']['p50']:.3f} against {floating['model_ms']['p50']:.3f} ms; 95 % interval of the ratio "
            f"{ratio['low']:.2f} to {ratio['high']:.2f}): measure on the device, and ship the float file where memory "
            "allows",
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
    _few_rounds,
    _spread,
    _bimodal,
    _rounds_differ,
    _first_call,
    _quantised_slower,
    _low_agreement,
    _too_few_windows,
    _no_reference,
    _cold_start,
    _other_load,
    _governor,
    _throttling,
    _functional_engine,
    _tracks_in_training,
    _demo_corpus,
)
