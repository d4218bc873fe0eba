"""What speaks against figures: pure functions of the results, each a warning with the numbers and a remedy."""

from __future__ import annotations

import dataclasses

from .schema import TIMES, Bench, Row
from .stats import ratio_of
from .values import SLOWER, BenchWarning, TimeSummary

FEW_CALLS = 100
SHORT_S = 1.0  # that timed calls should last together
FEW_ROUNDS = 3
OTHER_LOAD_CORES = 0.2
FUNCTIONAL_ENGINES = ("micro",)  # whose times on a desk mean nothing
WIDE_SPREAD = 0.10  # interquartile range over median
SLOW_FIRST_CALL = 10.0  # first call over median
LOW_AGREEMENT = 0.95
QUANTISED = ("dynamic", "int8")


def findings(row: Row, bench: Bench) -> tuple[BenchWarning, ...]:
    """All warnings of one row, in the light of the whole bench; none of a row without times."""
    if row.main_ms is None:
        return ()
    found = {
        **_of_times(row, row.main_ms),
        **_of_quantising(row, bench),
        **_of_labels(row, bench),
        **_of_machine(row, bench),
    }
    return tuple(BenchWarning(kind, text) for kind, text in found.items())


def _of_times(row: Row, times: TimeSummary) -> dict[str, str]:
    found: dict[str, str] = {}
    seconds = sum(sum(timed.raw) for kind in TIMES if (timed := row.times(kind))) / 1000
    if times.n < FEW_CALLS:
        found["few-calls"] = f"{times.n} timed calls; p90 and p99 need at least {FEW_CALLS}: use --calls {FEW_CALLS}"
    elif seconds < SHORT_S:
        found["few-calls"] = (
            f"the timed calls last {seconds:.2f} s together, which a moment's disturbance fills: use --seconds "
            f"{SHORT_S:g}"
        )
    if (rounds := len(times.round_p50)) < FEW_ROUNDS:
        found["few-rounds"] = (
            f"measured in {rounds} process{'es' if rounds > 1 else ''}; one differs from the next, and intervals need "
            f"at least {FEW_ROUNDS}: use --rounds {FEW_ROUNDS}"
        )
    if (spread := times.iqr / times.p50) > WIDE_SPREAD:
        found["spread"] = (
            f"the middle half of the calls spreads over {spread:.0%} of the median (at most {WIDE_SPREAD:.0%} is "
            "steady): close other programs and measure again with more --calls"
        )
    low, high = min(times.round_p50), max(times.round_p50)
    if high / low > 1 + WIDE_SPREAD:
        found["rounds-differ"] = (
            f"the medians of the rounds go from {low:.3g} to {high:.3g} ms: the machine or its load "
            "changed meanwhile; trust ratios of one bench more than times, and measure again with more --rounds"
        )
    if row.first_call_ms is not None and row.first_call_ms / times.p50 > SLOW_FIRST_CALL:
        found["first-call"] = (
            f"the first call took {row.first_call_ms:.1f} ms, {row.first_call_ms / times.p50:.0f} times the median: "
            "classify one silent clip at start-up, before audio comes in"
        )
    return found


def _of_quantising(row: Row, bench: Bench) -> dict[str, str]:
    floating = _float_twin(row, bench) if row.precision in QUANTISED else None
    if floating is None:
        return {}
    kind = "model_ms" if row.model_ms else "clip_ms"  # of a program there are no times of its model
    ours, its = row.times(kind), floating.times(kind)
    if ours is None or its is None:
        return {}
    ratio = ratio_of(ours, its, paired=True)
    if ratio.verdict != SLOWER:
        return {}
    return {
        "quantised-slower": (
            f"{row.precision} takes {ratio.ratio:.2f} times as long as {floating.file} on this machine "
            f"({ours.p50:.3f} against {its.p50:.3f} ms; 95 % interval of the ratio "
            f"{ratio.low:.2f} to {ratio.high:.2f}): measure on the device, and ship the float file where memory allows"
        )
    }


def _float_twin(row: Row, bench: Bench) -> Row | None:
    """The float32 row of the same model, format, input, engine and threads."""
    kind = dataclasses.replace(row, precision="float32").kind
    for other in bench.results:
        if other.kind == kind and other.clip_ms:
            return other
    return None


def _of_labels(row: Row, bench: Bench) -> dict[str, str]:
    found: dict[str, str] = {}
    count = bench.clips.count
    if row.agreement is not None and row.agreement < LOW_AGREEMENT:
        found["low-agreement"] = (
            f"{round((1 - row.agreement) * count)} of {count} clips get another label than from Keras "
            f"({row.agreement:.1%} agree): ship float16, or calibrate on more of the training audio"
        )
    if row.parity_reasons:
        reasons = "; ".join(row.parity_reasons)
        found["too-few-windows"] = f"agreement marked ? is not proven: as it was exported, {reasons}"
    if row.accuracy is None:
        return found
    if row.agreement is None:
        missing = f"no model.keras of {row.model} was given; keep the run folder of `genrekit train` beside the models"
        found["no-reference"] = f"no agreement with Keras: {row.reference_error or missing}"
    if bench.clips.tracks_in_training:
        found["tracks-in-training"] = (
            f"clips of these tracks were used in training (split: {bench.clips.split}), so the accuracy is "
            "flattered: train and bench with --split track"
        )
    if bench.clips.demo or row.trained_on_demo:
        found["demo-corpus"] = (
            "the demo corpus is synthetic: accuracy and agreement on it say nothing about music; train and bench with "
            "--data on a corpus of real tracks"
        )
    return found


def _of_machine(row: Row, bench: Bench) -> dict[str, str]:
    found: dict[str, str] = {}
    machine, load = bench.machine, row.other_load_cores
    if row.cold_start_error:
        found["cold-start"] = f"the cold start was not measured: {row.cold_start_error}"
    if load is not None and load > OTHER_LOAD_CORES:
        found["other-load"] = (
            f"other programs kept {load:.1f} of {machine.cores} cores busy meanwhile (at most "
            f"{OTHER_LOAD_CORES} is quiet): close them and measure again"
        )
    if machine.governor not in (None, "performance"):
        found["governor"] = (
            f"the frequency governor is {machine.governor}, so the clock rate changes while measuring: "
            "run `sudo cpupower frequency-set -g performance` first"
        )
    if machine.throttling:
        found["throttling"] = (
            f"the machine slowed itself down ({', '.join(machine.throttling)}): give it a stronger power supply or "
            "better cooling, let it rest, and measure again"
        )
    if row.engine in FUNCTIONAL_ENGINES:
        found["functional-engine"] = (
            "tflite-micro's reference kernels on a desk: labels and accuracy hold for a microcontroller, times do not; "
            "measure those on the board"
        )
    return found
